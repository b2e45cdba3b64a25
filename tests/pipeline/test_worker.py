"""A worker takes up what changes, what is applied and what the timetable says, and outlives what goes wrong."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

import pgazure.pipeline as pl
from fix_faults import Hang, serve_faults
from fix_pipeline import add_notes, column, make_notes, notes, until, value
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.enrichment import worker as room

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fix_pg import Databases
    from fix_pipeline import OpenEngine
    from pgazure.emulator import Emulator

DONE = "SELECT count(*) FROM notes_sentiment"
RUNS = "SELECT count(*) FROM pgazure.run WHERE finished_at IS NOT NULL"


@asynccontextmanager
async def working(engine: pl.Engine, *names: str, **options: Any) -> AsyncIterator[pl.Worker]:
    """A worker that is told to stop at the end of the block, and does."""
    worker, stop = pl.Worker(engine, names, **options), asyncio.Event()
    task = asyncio.create_task(worker.serve(stop))
    try:
        yield worker
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def test_a_change_wakes_the_worker(
    engine: pl.Engine, db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LOOK_EVERY", 600.0)
    make_notes(db, "The first note.")
    await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
    async with working(engine):
        await until(lambda: value(db, RUNS) == 1)
        add_notes(db, "The second note.")
        await until(lambda: value(db, DONE) == 2)
        db.execute("UPDATE notes SET body = 'I hate this awful place.' WHERE id = 1")
        await until(lambda: value(db, "SELECT sentiment FROM notes_sentiment WHERE id = 1") == "negative")


async def test_nobody_is_notified_where_nobody_listens(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db)
    await engine.apply(notes(pl.chunk(), trigger="on_change"))
    db.execute("LISTEN pgazure")
    add_notes(db, "one")
    assert list(db.notifies(timeout=0)) == []
    db.execute("INSERT INTO pgazure.worker VALUES (gen_random_uuid(), 'here', 1, 1)")
    add_notes(db, "two")
    assert [notify.payload for notify in db.notifies(timeout=5, stop_after=1)] == ["notes"]


async def test_what_no_notification_tells_is_found_by_looking(
    engine: pl.Engine, db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LOOK_EVERY", 0.05)
    make_notes(db, "one")
    await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
    async with working(engine):
        await until(lambda: value(db, RUNS) == 1)
        db.execute("DELETE FROM notes_sentiment")
        db.execute("INSERT INTO pgazure.queue_notes (id) VALUES (1)")
        await until(lambda: value(db, DONE) == 1)


async def test_workers_are_known_while_they_are_there(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db)
    await engine.apply(notes(pl.chunk(), trigger="on_change"))
    db.execute("INSERT INTO pgazure.worker VALUES (gen_random_uuid(), 'gone', 1, 1)")
    async with working(engine), working(engine):
        await until(lambda: value(db, "SELECT count(*) FROM pgazure.worker WHERE host <> 'gone'") == 2)
        await until(lambda: value(db, "SELECT count(*) FROM pgazure.worker") == 2)
    assert value(db, "SELECT count(*) FROM pgazure.worker") == 0


async def test_a_tick_starts_one_run_however_many_workers_there_are(
    engine: pl.Engine, db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LOOK_EVERY", 0.05)
    make_notes(db, "one")
    await engine.apply(notes(pl.analyze_sentiment(), trigger="0 0 1 1 *"))
    await engine.apply(
        pl.Pipeline("beside", source=pl.table_source("notes", text="body"), steps=[pl.chunk()], trigger="on_change")
    )
    async with working(engine), working(engine), working(engine):
        # All of them have looked: each has run the pipeline beside.
        await until(lambda: value(db, RUNS) == 3)
        assert value(db, DONE) == 0, "the pipeline was made after the tick"
        db.execute("UPDATE pgazure.pipeline SET created_at = '2020-01-01'")
        await until(lambda: value(db, "SELECT count(*) FROM pgazure.tick WHERE finished_at IS NOT NULL") == 1)
        add_notes(db, "two")
        await until(lambda: value(db, "SELECT count(*) FROM beside_chunks") == 2)
    runs = "SELECT count(*) FROM pgazure.run JOIN pgazure.pipeline USING (pipeline_id) WHERE name = 'notes'"
    assert (value(db, runs), value(db, DONE)) == (1, 1)


async def test_a_pipeline_that_is_applied_anew_is_taken_up_without_a_restart(
    db: psycopg.Connection, open_engine: OpenEngine
) -> None:
    make_notes(db, *[f"note {n}" for n in range(6)])
    async with serve_faults() as faults, open_engine(faults.endpoint) as engine:
        await engine.apply(notes(pl.extract_key_phrases(), trigger="on_change"))
        faults.posts.append(hang := Hang())
        async with working(engine, batch_rows=2, concurrency=1):
            await until(hang.arrived.is_set)
            # In the middle of a run, which ends after the batch in hand.
            await engine.apply(notes(pl.extract_key_phrases(), pl.analyze_sentiment(), trigger="on_change"))
            hang.release.set()
            await until(lambda: value(db, DONE) == 6)
            await until(lambda: value(db, "SELECT count(*) FROM notes_key_phrases") == 6)
    assert "stopped" in column(db, "SELECT outcome FROM pgazure.run")


async def test_a_paused_pipeline_is_left_after_the_batch_in_hand_and_taken_up_again(
    db: psycopg.Connection, open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LOOK_EVERY", 0.05)
    make_notes(db, *[f"note {n}" for n in range(6)])
    async with serve_faults() as faults, open_engine(faults.endpoint) as engine:
        await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
        faults.posts.append(hang := Hang())
        async with working(engine, batch_rows=2, concurrency=1):
            await until(hang.arrived.is_set)
            db.execute("UPDATE pgazure.pipeline SET paused_at = now()")
            hang.release.set()
            await until(lambda: value(db, RUNS) == 1)
            assert value(db, DONE) == 2
            db.execute("UPDATE pgazure.pipeline SET paused_at = NULL")
            await until(lambda: value(db, DONE) == 6)


async def test_a_tick_is_done_when_its_rows_are_whatever_comes_in_between(
    db: psycopg.Connection, open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LOOK_EVERY", 0.05)
    make_notes(db, *[f"note {n}" for n in range(6)])
    async with serve_faults() as faults, open_engine(faults.endpoint) as engine:
        await engine.apply(notes(pl.analyze_sentiment(), trigger="0 0 1 1 *"))
        db.execute("UPDATE pgazure.pipeline SET created_at = '2020-01-01'")
        faults.posts.append(hang := Hang())
        async with working(engine, batch_rows=2, concurrency=1):
            await until(hang.arrived.is_set)
            db.execute("UPDATE pgazure.pipeline SET paused_at = now()")
            hang.release.set()
            await until(lambda: value(db, RUNS) == 1)
            assert column(db, "SELECT finished_at FROM pgazure.tick") == [None]
            db.execute("UPDATE pgazure.pipeline SET paused_at = NULL")
            await until(lambda: value(db, DONE) == 6)
            await until(lambda: column(db, "SELECT finished_at FROM pgazure.tick") != [None])


async def test_a_pipeline_that_is_dropped_while_the_worker_looks_does_not_end_it(
    engine: pl.Engine, db: psycopg.Connection, conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LOOK_EVERY", 0.05)
    make_notes(db, "one")
    await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
    trouble: list[str] = []
    async with working(engine, on_trouble=trouble.append):
        await until(lambda: value(db, RUNS) == 1)
        with psycopg.connect(conninfo) as other:
            await until(lambda: not value(db, "SELECT pgazure.is_running(pipeline_id) FROM pgazure.pipeline"))
            other.execute("SELECT pgazure.drop_pipeline('notes')")
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            await until(lambda: value(db, waiting) > 0)
        await until(lambda: trouble)
        await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
        await until(lambda: value(db, "SELECT count(*) FROM pgazure.run WHERE outcome = 'finished'") == 1)
    assert "notes: " in trouble[0]


async def test_a_pipeline_that_cannot_run_does_not_stop_the_others(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "one")
    db.execute("CREATE TABLE lost (id int PRIMARY KEY, body text)")
    lost = pl.table_source("lost", text="body")
    await engine.apply(pl.Pipeline("a_lost", source=lost, steps=[pl.chunk()], trigger="on_change"))
    await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
    db.execute("DROP TABLE lost CASCADE")
    said: list[str] = []
    async with working(engine, on_trouble=said.append):
        await until(lambda: value(db, DONE) == 1)
        await until(lambda: said)
        add_notes(db, "two")
        await until(lambda: value(db, DONE) == 2)
    assert "a_lost: " in said[0]
    assert "tried again in 5 s" in said[0]


async def test_a_database_that_is_away_is_waited_for(
    engine: pl.Engine, db: psycopg.Connection, pg_databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LOOK_EVERY", 0.1)
    make_notes(db, "one")
    await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
    closed = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    name = sql.Identifier(db.info.dbname)
    said: list[str] = []
    async with working(engine, on_trouble=said.append):
        await until(lambda: value(db, DONE) == 1)
        # As in a restart: every session ends, and no new one is let in for a while.
        pg_databases.admin.execute(closed.format(name, sql.SQL("false")))
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await until(lambda: len(said) >= 2)
        pg_databases.admin.execute(closed.format(name, sql.SQL("true")))
        add_notes(db, "two")
        await until(lambda: value(db, DONE) == 2)
    assert all("the database is away" in each for each in said), said
    assert value(db, "SELECT count(*) FROM pgazure.worker") == 0


async def test_a_worker_that_is_told_to_stop_finishes_the_batch_in_hand_and_no_more(
    db: psycopg.Connection, open_engine: OpenEngine
) -> None:
    make_notes(db, *[f"note {n}" for n in range(6)])
    async with serve_faults() as faults, open_engine(faults.endpoint) as engine:
        await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
        faults.posts.append(hang := Hang())
        worker, stop = pl.Worker(engine, batch_rows=2, concurrency=1), asyncio.Event()
        task = asyncio.create_task(worker.serve(stop))
        await until(hang.arrived.is_set)
        stop.set()
        hang.release.set()
        await asyncio.wait_for(task, 30)
        assert value(db, DONE) == 2
        assert worker.reports["notes"].left == 4
        assert value(db, "SELECT count(*) FROM pgazure.queue_notes WHERE lease IS NOT NULL") == 0


async def test_a_worker_serves_those_that_it_is_told_to(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, "one")
    await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
    other = pl.table_source("notes", text="body")
    await engine.apply(pl.Pipeline("other", source=other, steps=[pl.chunk()], trigger="on_change"))
    async with working(engine, "other"):
        await until(lambda: value(db, "SELECT count(*) FROM other_chunks") == 1)
    assert emulator.stats()["requests"] == 0
    with pytest.raises(InvalidSpecError, match="there is no pipeline nobody: run pgazure apply"):
        await pl.Worker(engine, ["nobody"]).serve(asyncio.Event())
