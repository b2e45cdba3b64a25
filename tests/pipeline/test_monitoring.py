"""How a pipeline stands is told in SQL, in Python and on the command line."""

from __future__ import annotations

import asyncio
import os
from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import pgazure.pipeline as pl
from fix_pipeline import add_notes, make_notes, notes, until, value
from pgazure.pipeline.enrichment.runner import LEASE
from pgazure.pipeline.enrichment.states import Halt
from pgazure.pipeline.observation.progress import Pace
from pgazure.pipeline.revision.apply import read_pipeline
from pgazure.pipeline.storage.queue import Queue

if TYPE_CHECKING:
    from fix_emulator import MakeEmulator
    from fix_pipeline import OpenEngine


def read(db: psycopg.Connection, query: str) -> dict[str, object]:
    cursor = db.execute(query)
    assert cursor.description
    (row,) = cursor.fetchall()
    return dict(zip([each.name for each in cursor.description], row, strict=True))


async def test_status_tells_what_is_done_what_waits_and_what_has_gone_stale(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, "One.", "Two.", "Three.", "Four.")
    await engine.apply(notes(pl.analyze_sentiment(), pl.chunk()))
    before = read(db, "SELECT * FROM pgazure.status WHERE pipeline = 'notes'")
    assert (before["source_rows"], before["pending"], before["stale"], before["coverage"]) == (4, 4, 0, 0.0)
    await engine.run("notes")
    done = read(db, "SELECT * FROM pgazure.status")
    assert (done["state"], done["pending"], done["coverage"], done["lag"]) == ("idle", 0, 1.0, None)
    assert done["counted"]
    assert done["spent"] == done["spent_today"] == value(db, "SELECT sum(price) FROM pgazure.ledger")
    db.execute("UPDATE notes SET body = 'Five.' WHERE id = 1")
    add_notes(db, "Six.")
    after = read(db, "SELECT * FROM pgazure.status")
    assert (after["pending"], after["stale"], after["coverage"]) == (2, 1, pytest.approx(0.6))
    assert after["lag"] is not None
    steps = db.execute("SELECT step, rows, results, failed, counted FROM pgazure.step_status ORDER BY step").fetchall()
    assert steps == [("analyze_sentiment", 4, 4, 0, True), ("chunk", 4, 4, 0, True)]


async def test_a_large_table_is_estimated_unless_it_is_to_be_counted(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db)
    db.execute("INSERT INTO notes (id) SELECT generate_series(1, 12000)")
    db.execute("ANALYZE notes")
    await engine.apply(notes(pl.analyze_sentiment()))
    (status,) = await engine.status()
    assert not status.counted
    assert status.source_rows == pytest.approx(12000, rel=0.1)
    assert status.pending == pytest.approx(12000, rel=0.3)
    (status,) = await engine.status(exact=True)
    assert (status.counted, status.source_rows, status.pending, status.stale) == (True, 12000, 12000, 0)
    db.execute("UPDATE notes SET body = 'One.'")
    db.execute("ANALYZE pgazure.changes_notes")
    (status,) = await engine.status()
    assert not status.counted
    assert status.pending == pytest.approx(24000, rel=0.3), "changes are not told apart from what is queued"
    (status,) = await engine.status(exact=True)
    assert status.pending == 12000


async def test_rows_that_do_not_meet_the_conditions_count_for_nothing(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, *[f"Note {n}." for n in range(8)])
    db.execute("UPDATE notes SET stars = id % 4")
    where = [("stars", "in", [1, 2]), ("body", "like", "Note%"), ("id", "<", 100), ("body", "is not null")]
    source = pl.table_source("notes", text="body", where=where)
    await engine.apply(pl.Pipeline("notes", source=source, steps=[pl.chunk()]))
    assert (await engine.run("notes")).complete
    db.execute("UPDATE notes SET body = 'Note of another kind.' WHERE id = 1")
    (status,) = await engine.status(exact=True)
    assert (status.source_rows, status.pending, status.coverage) == (4, 1, 0.75)
    db.execute("INSERT INTO notes SELECT n, 'Note.', 0 FROM generate_series(10, 20000) AS n")
    db.execute("ANALYZE notes")
    (status,) = await engine.status()
    assert not status.counted
    assert status.source_rows < 100, "an estimate of those that meet the conditions"


async def test_many_rows_that_wait_are_not_counted_one_by_one(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "One.")
    await engine.apply(notes(pl.chunk()))
    db.execute("INSERT INTO notes (id) SELECT generate_series(2, 15001)")
    waiting = "SELECT rows_pending FROM pgazure.status('notes')"
    assert value(db, waiting) == pytest.approx(15001, rel=0.05)
    db.execute("UPDATE pgazure.bundles_notes SET changed_at = now() - interval '1 hour'")
    (status,) = await engine.status()
    assert (status.counted, status.lag) == (False, pytest.approx(3600, abs=60))
    db.execute("UPDATE notes SET body = 'Two.'")
    db.execute("ANALYZE pgazure.changes_notes")
    assert value(db, waiting) == pytest.approx(30002, rel=0.05), "those that were written twice are not told apart"
    assert (await engine.status(exact=True))[0].pending == 15001


async def test_the_lag_is_that_of_the_first_change_whatever_came_later(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, "One.", "Two.")
    await engine.apply(notes(pl.analyze_sentiment()))
    await engine.run("notes")
    assert (await engine.status())[0].lag is None
    db.execute("UPDATE notes SET body = 'Three.' WHERE id = 1")
    db.execute("UPDATE pgazure.changes_notes SET changed_at = now() - interval '1 hour'")
    assert (await engine.status())[0].lag == pytest.approx(3600, abs=60)
    async with engine.pool.connection() as connection:
        _, _, layout = await read_pipeline(connection, "notes")
        queue = Queue(layout, LEASE)
        await queue.gather(connection)
        db.execute("UPDATE notes SET body = 'Four.' WHERE id = 1")
        await queue.gather(connection)
        # A lease moves due_at.
        assert await queue.claim(connection, 10)
        assert value(db, "SELECT due_at > now() FROM pgazure.queue_notes")
    assert (await engine.status())[0].lag == pytest.approx(3600, abs=60)


async def test_a_run_shows_how_far_it_is_while_it_is_at_work(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine
) -> None:
    slow = make_emulator(latency=0.15)
    make_notes(db, *[f"The garden of house {n} was lovely." for n in range(60)])
    async with open_engine(slow.endpoint) as engine:
        await engine.apply(notes(pl.analyze_sentiment()))
        run = asyncio.create_task(engine.run("notes", batch_rows=3, concurrency=1))
        await until(lambda: value(db, "SELECT coalesce(max(rate), 0) FROM pgazure.run") > 0)
        (status,) = await engine.status()
        assert (status.state, status.runs) == ("running", 1)
        assert status.rate is not None
        assert 0 < status.rate < 60
        assert status.eta == pytest.approx(status.pending / status.rate, rel=0.1)
        assert 0 < value(db, "SELECT rows FROM pgazure.run") < 60
        assert 0 < value(db, "SELECT price FROM pgazure.run") < Decimal("0.06")
        assert (await run).complete
        (status,) = await engine.status()
        assert (status.runs, status.rate, status.eta) == (0, None, 0)
        assert value(db, "SELECT price FROM pgazure.run") == status.spent == Decimal("0.06")


async def test_a_reader_of_the_figures_needs_no_right_on_the_texts(
    engine: pl.Engine, db: psycopg.Connection, conninfo: str
) -> None:
    make_notes(db, "One.", None)
    await engine.apply(notes(pl.analyze_sentiment()))
    await engine.run("notes")
    role = f"watcher_{os.getpid()}"
    db.execute(f"CREATE ROLE {role} LOGIN")
    try:
        db.execute(f"GRANT USAGE ON SCHEMA pgazure TO {role}")
        db.execute(
            "GRANT SELECT ON pgazure.status, pgazure.step_status, pgazure.failed, pgazure.spend, pgazure.pipeline,"
            f" pgazure.migration TO {role}"
        )
        with psycopg.connect(conninfo, autocommit=True) as reader:
            reader.execute(f"SET SESSION AUTHORIZATION {role}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("SELECT * FROM pgazure.read_status('notes')")
        db.execute(f"GRANT EXECUTE ON FUNCTION pgazure.read_status, pgazure.read_steps TO {role}")
        async with pl.Engine(make_conninfo(conninfo, user=role)) as watcher:
            assert [status.coverage for status in await watcher.status()] == [1.0]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await watcher.retry("notes")
        with psycopg.connect(conninfo, autocommit=True) as reader:
            reader.execute(f"SET SESSION AUTHORIZATION {role}")
            assert reader.execute("SELECT source_rows, coverage FROM pgazure.status").fetchall() == [(2, 1.0)]
            assert reader.execute("SELECT rows FROM pgazure.step_status").fetchall() == [(1,)]
            assert reader.execute("SELECT count(*) FROM pgazure.failed").fetchall() == [(0,)]
            for secret in ("SELECT body FROM notes", "SELECT * FROM notes_sentiment", "SELECT * FROM pgazure.ledger"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(secret)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("SELECT * FROM pgazure.retry_failed('notes')")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("SELECT pgazure.count_rows('notes', true)")
    finally:
        db.execute(f"DROP OWNED BY {role}")
        db.execute(f"DROP ROLE {role}")


def status_of(**more: Any) -> pl.PipelineStatus:
    facts: dict[str, Any] = dict.fromkeys([each.name for each in fields(pl.PipelineStatus)], 0)
    return pl.PipelineStatus(**facts | {"pipeline": "notes", "steps": (), "lag": None, "pending": 3} | more)


def test_problems_are_what_crosses_a_limit_and_every_step_that_stands_still() -> None:
    halt = Halt("pipeline_permanent", "401", "the key is wrong")
    step = pl.StepStatus("embed", "public.notes_embeddings", 0, 0, 0, 0, None, halt, counted=True)
    states = [status_of(lag=901.0, parked=2), status_of(pipeline="more", steps=(step,))]
    found = pl.find_problems(states, max_lag=900, max_failed=1)
    assert [(each.pipeline, each.what) for each in found] == [("notes", "lag"), ("notes", "failed"), ("more", "halted")]
    assert "waits for 901 s, more than 900 s" in found[0].message
    assert "(401): the key is wrong" in found[2].message
    assert [each.what for each in pl.find_problems(states)] == ["halted"]
    assert pl.find_problems(states[:1], max_lag=901, max_failed=2) == []


def test_the_pace_is_that_of_the_last_minute() -> None:
    pace = Pace(0.0)
    assert pace.mark(0.0, 0) == 0.0
    for second in range(1, 121):
        lately = pace.mark(float(second), 100 * second if second <= 60 else 6000 + 10 * (second - 60))
        assert second > 60 or lately == pytest.approx(100)
    assert lately == pytest.approx(10)
