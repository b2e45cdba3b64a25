"""Rows that logical replication brings are noticed where the source says so."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import pgazure.pipeline as pl
from fix_pg import own_server
from fix_pipeline import column, make_notes, until, value

if TYPE_CHECKING:
    from collections.abc import Iterator

QUEUED = "SELECT DISTINCT id FROM pgazure.pending_notes ORDER BY id"


def spec() -> pl.PipelineSpec:
    source = pl.table_source("notes", text="body", replicated=True)
    return pl.Pipeline("notes", source=source, steps=[pl.analyze_sentiment(), pl.chunk()])


async def test_every_write_under_the_role_of_replication_is_seen(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "one", "two", "three")
    await engine.apply(spec())
    assert (await engine.run("notes")).complete
    db.execute("SET session_replication_role = replica")
    db.execute("INSERT INTO notes VALUES (4, 'four')")
    assert column(db, QUEUED) == [4]
    db.execute("UPDATE notes SET stars = 5")
    assert column(db, QUEUED) == [4]
    db.execute("UPDATE notes SET body = 'two!' WHERE id = 2")
    db.execute("DELETE FROM notes WHERE id = 3")
    assert column(db, QUEUED) == [2, 3, 4]
    assert column(db, "SELECT id FROM notes_sentiment ORDER BY id") == [1, 2]
    db.execute("UPDATE notes SET id = 10 WHERE id = 1")
    assert (await engine.run("notes")).complete
    assert db.execute("SELECT id, chunk_text FROM notes_chunks ORDER BY id").fetchall() == [
        (2, "two!"),
        (4, "four"),
        (10, "one"),
    ]
    db.execute("TRUNCATE notes")
    assert value(db, "SELECT count(*) FROM notes_chunks") == 0


async def test_ordinary_writes_are_seen_as_well(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "one")
    await engine.apply(spec())
    db.execute("INSERT INTO notes VALUES (2, 'two') ON CONFLICT (id) DO UPDATE SET body = excluded.body")
    db.execute("INSERT INTO notes VALUES (2, 'two') ON CONFLICT (id) DO UPDATE SET body = excluded.body")
    assert column(db, "SELECT id FROM pgazure.changes_notes") == [2]


@pytest.fixture
def publisher() -> Iterator[str]:
    """A server that can publish, with a second database for the subscriber."""
    settings = {"wal_level": "logical"}
    with own_server(settings=settings) as server:
        with psycopg.connect(server.conninfo, autocommit=True) as admin:
            admin.execute("CREATE DATABASE subscriber")
        yield server.conninfo


@pytest.mark.slow
async def test_a_subscription_feeds_a_pipeline(publisher: str) -> None:
    subscriber = make_conninfo(publisher, dbname="subscriber")
    with psycopg.connect(publisher, autocommit=True) as there, psycopg.connect(subscriber, autocommit=True) as here:
        for db in (there, here):
            make_notes(db)
        there.execute("CREATE PUBLICATION notes FOR TABLE notes")
        # Within one server the slot has to be made first: a subscription would wait for its own transaction.
        there.execute("SELECT pg_create_logical_replication_slot('notes', 'pgoutput')")
        async with pl.Engine(subscriber) as engine:
            await engine.init()
            await engine.apply(spec())
        here.execute(
            psycopg.sql.SQL(
                "CREATE SUBSCRIPTION notes CONNECTION {} PUBLICATION notes WITH (create_slot = false, copy_data = false)"
            ).format(psycopg.sql.Literal(publisher))
        )
        started = time.monotonic()
        there.execute("INSERT INTO notes VALUES (1, 'one'), (2, 'two')")
        await until(lambda: column(here, QUEUED) == [1, 2])
        there.execute("DELETE FROM notes WHERE id = 1")
        there.execute("TRUNCATE notes")
        await until(lambda: value(here, "SELECT count(*) FROM notes") == 0)
        assert column(here, QUEUED) == []
        assert time.monotonic() - started < 30
        here.execute("DROP SUBSCRIPTION notes")
