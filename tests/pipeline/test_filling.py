"""Rows are queued without a writer that waits, and all of them, whatever comes between."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import pgazure.pipeline as pl
from fix_pipeline import column, make_notes, notes, until, value
from pgazure.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator

PENDING = "SELECT id FROM pgazure.pending_notes ORDER BY id"
WANTED = "SELECT fill_wanted FROM pgazure.pipeline WHERE name = 'notes'"


@contextmanager
def queue_held(conninfo: str) -> Iterator[None]:
    """Somebody else queues rows of the pipeline."""
    with psycopg.connect(conninfo) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('pgazure.queue.notes', 0))")
        yield


async def begin(engine: pl.Engine, db: psycopg.Connection) -> asyncio.Task[pl.Changes]:
    applying = asyncio.create_task(engine.apply(notes(pl.chunk())))
    await until(lambda: value(db, "SELECT to_regclass('pgazure.queue_notes') IS NOT NULL"))
    return applying


async def test_writers_go_on_while_the_rows_are_queued(
    engine: pl.Engine, db: psycopg.Connection, conninfo: str
) -> None:
    make_notes(db, "one", "two")
    db.execute("SET lock_timeout = '10s'")
    with queue_held(conninfo):
        applying = await begin(engine, db)
        db.execute("INSERT INTO notes VALUES (3, 'three')")
        db.execute("UPDATE notes SET body = 'two!' WHERE id = 2")
        db.execute("DELETE FROM notes WHERE id = 1")
        assert not applying.done()
    assert (await applying).queued == 2
    assert column(db, PENDING) == [1, 2, 3]
    assert (await engine.run("notes")).complete
    assert db.execute("SELECT id, chunk_text FROM notes_chunks ORDER BY id").fetchall() == [(2, "two!"), (3, "three")]


@pytest.mark.parametrize("by", ["run", "plan"])
async def test_rows_that_an_interrupted_apply_has_not_queued_are_queued_by_the_next_command(
    engine: pl.Engine, db: psycopg.Connection, conninfo: str, by: str
) -> None:
    make_notes(db, "one", "two")
    with queue_held(conninfo):
        applying = await begin(engine, db)
        applying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await applying
    assert value(db, WANTED)
    assert column(db, PENDING) == []
    if by == "run":
        assert (await engine.run("notes")).rows == 2
    else:
        assert (await engine.plan("notes")).rows == 2
    assert not value(db, WANTED)


async def test_a_table_that_somebody_holds_is_not_waited_for_for_ever(db: psycopg.Connection, conninfo: str) -> None:
    make_notes(db, "one")
    async with pl.Engine(make_conninfo(conninfo, options="-c lock_timeout=100ms")) as hasty:
        await hasty.init()
        with psycopg.connect(conninfo) as other:
            other.execute("UPDATE notes SET body = 'held'")
            with pytest.raises(SchemaError, match="notes or a table of results is held by a transaction"):
                await hasty.apply(notes(pl.chunk()))
        assert value(db, "SELECT count(*) FROM pgazure.pipeline") == 0
        assert (await hasty.apply(notes(pl.chunk()))).queued == 1
