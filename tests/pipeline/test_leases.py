"""Rows that change, go or are locked while they are worked on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

import pgazure.pipeline as pl
from fix_faults import FaultServer, Hang, serve_faults
from fix_pipeline import column, make_notes, notes, until, value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fix_pipeline import OpenEngine
    from pgazure.emulator import Emulator


@pytest.fixture
async def faults() -> AsyncIterator[FaultServer]:
    async with serve_faults() as server:
        yield server


@pytest.fixture
async def held(db: psycopg.Connection, open_engine: OpenEngine, faults: FaultServer) -> AsyncIterator[pl.Engine]:
    """An engine before a service that answers only when it is told to."""
    make_notes(db, "first", "second")
    async with open_engine(faults.endpoint) as engine:
        # Key phrases come back as the text itself, which shows what a result belongs to.
        await engine.apply(notes(pl.extract_key_phrases()))
        yield engine


PHRASES = "SELECT id, key_phrases FROM notes_key_phrases ORDER BY id"


async def begin(engine: pl.Engine, faults: FaultServer) -> tuple[asyncio.Task[pl.RunReport], Hang]:
    faults.posts.append(hang := Hang())
    run = asyncio.create_task(engine.run("notes"))
    await asyncio.wait_for(hang.arrived.wait(), 20)
    return run, hang


async def test_no_transaction_is_open_while_a_service_works(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    run, hang = await begin(held, faults)
    open_ones = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend' AND xact_start IS NOT NULL"
    )
    # A connection that the pool is just making may be busy for a moment; one that waits for the service stays.
    await until(lambda: value(db, open_ones) == 0)
    hang.release.set()
    assert (await run).complete


async def test_a_row_that_changes_meanwhile_never_keeps_the_stale_result(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    run, hang = await begin(held, faults)
    db.execute("UPDATE notes SET body = 'changed' WHERE id = 1")
    faults.posts.append(second := Hang())
    hang.release.set()
    await asyncio.wait_for(second.arrived.wait(), 20)
    # The answer for the old text has been dropped, that of the neighbour is written.
    assert db.execute(PHRASES).fetchall() == [(2, ["second"])]
    second.release.set()
    assert (await run).complete
    assert db.execute(PHRASES).fetchall() == [(1, ["changed"]), (2, ["second"])]


async def test_a_row_that_changes_there_and_back_has_the_right_result(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    run, hang = await begin(held, faults)
    db.execute("UPDATE notes SET body = 'changed' WHERE id = 1")
    db.execute("UPDATE notes SET body = 'first' WHERE id = 1")
    hang.release.set()
    assert (await run).complete
    assert db.execute(PHRASES).fetchall() == [(1, ["first"]), (2, ["second"])]


async def test_a_row_that_is_deleted_meanwhile_leaves_nothing(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    run, hang = await begin(held, faults)
    db.execute("DELETE FROM notes WHERE id = 1")
    hang.release.set()
    assert (await run).complete
    assert db.execute(PHRASES).fetchall() == [(2, ["second"])]
    assert value(db, "SELECT count(*) FROM pgazure.queue_notes") == 0
    assert await held.errors() == []


async def test_a_row_whose_key_changes_meanwhile_is_enriched_under_the_new_one(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    run, hang = await begin(held, faults)
    db.execute("UPDATE notes SET id = 10 WHERE id = 1")
    hang.release.set()
    assert (await run).complete
    assert db.execute(PHRASES).fetchall() == [(2, ["second"]), (10, ["first"])]


async def test_another_column_that_changes_meanwhile_disturbs_nothing(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    run, hang = await begin(held, faults)
    db.execute("UPDATE notes SET stars = 5")
    hang.release.set()
    assert (await run).complete
    assert len(faults.sent) == 1


async def test_a_table_that_is_truncated_meanwhile_stays_empty(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    run, hang = await begin(held, faults)
    db.execute("TRUNCATE notes")
    hang.release.set()
    assert (await run).complete
    assert db.execute(PHRASES).fetchall() == []


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
async def test_an_open_transaction_on_a_row_neither_blocks_the_run_nor_loses_its_change(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection, conninfo: str, end: str
) -> None:
    run, hang = await begin(held, faults)
    with psycopg.connect(conninfo, autocommit=True) as user:
        user.execute("BEGIN")
        user.execute("UPDATE notes SET body = 'changed' WHERE id = 1")
        hang.release.set()
        # What the row holds for everybody else is what the result was made of.
        assert (await asyncio.wait_for(run, 20)).complete
        assert db.execute(PHRASES).fetchall() == [(1, ["first"]), (2, ["second"])]
        user.execute(end)
    assert (await held.run("notes")).complete
    assert db.execute(PHRASES).fetchall() == [(1, ["changed" if end == "COMMIT" else "first"]), (2, ["second"])]


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
async def test_a_row_that_an_open_transaction_deletes_is_not_paid_for_again_and_again(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection, conninfo: str, end: str
) -> None:
    run, hang = await begin(held, faults)
    with psycopg.connect(conninfo, autocommit=True) as user:
        user.execute("BEGIN")
        user.execute("DELETE FROM notes WHERE id = 1")
        hang.release.set()
        report = await asyncio.wait_for(run, 20)
        assert (report.left, report.requests) == (1, 1)
        user.execute(end)
    assert (await held.run("notes")).complete
    assert db.execute(PHRASES).fetchall() == ([] if end == "COMMIT" else [(1, ["first"])]) + [(2, ["second"])]


async def test_a_lock_held_for_a_moment_costs_no_second_request(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection, conninfo: str
) -> None:
    run, hang = await begin(held, faults)
    with psycopg.connect(conninfo, autocommit=True) as user:
        user.execute("BEGIN")
        user.execute("SELECT FROM notes WHERE id = 1 FOR UPDATE")
        hang.release.set()
        await until(lambda: value(db, "SELECT count(*) FROM notes_key_phrases") == 1)
        user.execute("ROLLBACK")
    assert (await run).complete
    assert len(faults.sent) == 1
    assert db.execute(PHRASES).fetchall() == [(1, ["first"]), (2, ["second"])]


async def test_writers_and_a_run_never_deadlock(engine: pl.Engine, db: psycopg.Connection, conninfo: str) -> None:
    make_notes(db, *[f"Row {n}." for n in range(60)])
    await engine.apply(notes(pl.extract_key_phrases(), pl.analyze_sentiment(), pl.chunk()))

    async def write() -> None:
        # A single writer, so that only the run could be the other half of a deadlock.
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as user:
            for number in range(30):
                async with user.transaction():
                    for key in range(1 + number % 7, 61, 7):
                        await user.execute("UPDATE notes SET body = 'Row, ' || %s || '.' WHERE id = %s", [number, key])
                    await user.execute("DELETE FROM notes WHERE id = %s", [60 - number])

    writer = asyncio.create_task(write())
    while not writer.done():
        await asyncio.wait_for(engine.run("notes", batch_rows=7, concurrency=4), 60)
    await writer
    assert (await engine.run("notes")).complete
    wrong = (
        "SELECT count(*) FROM notes n FULL JOIN notes_chunks c USING (id) WHERE c.chunk_text IS DISTINCT FROM n.body"
    )
    assert value(db, wrong) == 0
    assert value(db, "SELECT count(*) FROM notes_sentiment") == 30


async def test_rows_of_a_worker_that_is_gone_are_due_at_once(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, "one", "two")
    await engine.apply(notes(pl.analyze_sentiment()))
    db.execute(
        "UPDATE pgazure.queue_notes SET lease = gen_random_uuid(), run_id = 4711, due_at = now() + interval '5 min'"
    )
    assert await engine.has_due("notes")
    report = await engine.run("notes")
    assert (report.rows, report.complete) == (2, True)


async def test_rows_of_a_worker_that_lives_are_left_to_it(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    run, hang = await begin(held, faults)
    assert not await held.has_due("notes")
    other = await asyncio.wait_for(held.run("notes"), 20)
    assert (other.rows, other.left, other.requests) == (0, 2, 0)
    hang.release.set()
    assert (await run).complete
    assert len(faults.sent) == 1


async def test_rows_of_a_worker_that_shows_life_but_has_let_its_lease_run_out_are_due(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    run, hang = await begin(held, faults)
    db.execute("UPDATE pgazure.queue_notes SET due_at = now()")
    db.execute("UPDATE pgazure.announcement SET expires_at = now()")
    other = await asyncio.wait_for(held.run("notes"), 20)
    assert (other.rows, other.complete) == (2, True)
    written = column(db, "SELECT enriched_at FROM notes_key_phrases ORDER BY id")
    hang.release.set()
    assert (await run).rows == 0, "what was taken over is not ours any more"
    assert column(db, "SELECT enriched_at FROM notes_key_phrases ORDER BY id") == written


async def test_rows_that_several_workers_have_not_survived_are_worked_on_one_by_one(
    held: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    db.execute("UPDATE pgazure.queue_notes SET attempts = 3")
    assert (await held.run("notes")).complete
    assert [len(request.body["analysisInput"]["documents"]) for request in faults.sent] == [1, 1]


async def test_a_row_that_ends_every_worker_is_parked(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "deadly", "harmless")
    await engine.apply(notes(pl.analyze_sentiment()))
    db.execute("UPDATE pgazure.queue_notes SET attempts = 10 WHERE id = 1")
    report = await engine.run("notes")
    assert (report.rows, report.left, report.parked) == (2, 0, 1)
    (error,) = await engine.errors()
    assert (error.key, error.step, error.code) == ({"id": "1"}, "*", "WorkerLost")
    assert column(db, "SELECT id FROM notes_sentiment") == [2]
    assert await engine.retry("notes", key={"id": "1"}) == 1
    assert (await engine.run("notes")).complete
