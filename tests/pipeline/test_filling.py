"""Rows are queued without a writer that waits, and all of them, whatever comes between."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
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


@contextmanager
def stuck_at(db: psycopg.Connection, conninfo: str, key: int) -> Iterator[None]:
    """Whoever queues the row of that key does not get on until the end of the block."""
    db.execute("""
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN IF NEW.id = TG_ARGV[0]::bigint THEN PERFORM pg_advisory_xact_lock(7); END IF; RETURN NEW; END$$
    """)
    trigger = "CREATE TRIGGER wait BEFORE INSERT ON pgazure.queue_notes FOR EACH ROW EXECUTE FUNCTION wait({})"
    db.execute(sql.SQL(trigger).format(sql.Literal(str(key))))
    with psycopg.connect(conninfo) as other:
        other.execute("SELECT pg_advisory_xact_lock(7)")
        yield


async def someone_waits(db: psycopg.Connection, what: str, times: int = 1) -> None:
    waiting = """
        SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE NOT l.granted AND l.locktype = %s AND d.datname = current_database()
    """
    await until(lambda: value(db, waiting, what) == times)


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


async def test_of_two_who_want_to_queue_the_rows_one_does(
    engine: pl.Engine, db: psycopg.Connection, conninfo: str
) -> None:
    make_notes(db, "one", "two")
    with queue_held(conninfo):
        applying = await begin(engine, db)
        await someone_waits(db, "advisory")
        looking = asyncio.create_task(engine.has_due("notes"))
        await someone_waits(db, "advisory", 2)
    assert await looking
    assert (await applying).queued in {0, 2}
    assert column(db, PENDING) == [1, 2]


async def test_an_apply_while_the_rows_of_another_one_are_queued_gets_rows_of_its_own(
    engine: pl.Engine, db: psycopg.Connection, conninfo: str
) -> None:
    make_notes(db, "one", "two", "three")
    db.execute("UPDATE notes SET stars = id")
    few, all_of_them = (
        pl.Pipeline("notes", source=pl.table_source("public.notes", text=text, where=where), steps=[pl.chunk()])
        for text, where in (("{body}", ("stars", ">", 2)), ("{stars} {body}", ()))
    )
    await engine.apply(few)
    await engine.run("notes")
    db.execute("UPDATE pgazure.pipeline SET fill_wanted = true")
    with stuck_at(db, conninfo, 3):
        filling = asyncio.create_task(engine.has_due("notes"))
        await someone_waits(db, "advisory")
        # It has triggers to make, for which it waits until nobody reads the source.
        applying = asyncio.create_task(engine.apply(all_of_them))
        await someone_waits(db, "relation")
    assert await filling
    assert (await applying).queued == 3
    await engine.run("notes")
    assert column(db, "SELECT chunk_text FROM notes_chunks ORDER BY id") == ["1 one", "2 two", "3 three"]


async def test_what_is_wanted_while_a_partition_is_queued_is_still_wanted_afterwards(
    engine: pl.Engine, db: psycopg.Connection, conninfo: str
) -> None:
    db.execute("CREATE TABLE notes (id int PRIMARY KEY, body text) PARTITION BY RANGE (id)")
    db.execute("CREATE TABLE low PARTITION OF notes FOR VALUES FROM (0) TO (10)")
    db.execute("INSERT INTO notes VALUES (1, 'one')")
    await engine.apply(notes(pl.chunk()))
    await engine.run("notes")
    db.execute("CREATE TABLE high PARTITION OF notes FOR VALUES FROM (10) TO (20)")
    with stuck_at(db, conninfo, 11):
        db.execute("ALTER TABLE high DISABLE TRIGGER ALL")
        db.execute("INSERT INTO high VALUES (11, 'eleven')")
        filling = asyncio.create_task(engine.has_due("notes"))
        await someone_waits(db, "advisory")
        applying = asyncio.create_task(engine.apply(notes(pl.chunk(name="again", table="notes_again"))))
        await until(lambda: value(db, WANTED))
    assert await filling
    assert (await applying).queued == 2
    await engine.run("notes")
    assert column(db, "SELECT id FROM notes_again ORDER BY id") == [1, 11]
