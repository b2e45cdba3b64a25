"""Partitions: whichever way rows come and go, the results follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

import pgazure.pipeline as pl
from fix_pipeline import column, notes, value
from pgazure.errors import SchemaError

if TYPE_CHECKING:
    from pgazure.client import AsyncClient
    from pgazure.emulator import Emulator

CHUNKS = "SELECT id, chunk_text FROM notes_chunks ORDER BY id"
PENDING = "SELECT id FROM pgazure.pending_notes ORDER BY id"


@pytest.fixture
async def parted(engine: pl.Engine, db: psycopg.Connection) -> pl.Engine:
    """A table of two partitions, one of them divided further, enriched, with an empty queue."""
    db.execute("CREATE TABLE notes (id int PRIMARY KEY, body text) PARTITION BY RANGE (id)")
    db.execute("CREATE TABLE low PARTITION OF notes FOR VALUES FROM (0) TO (10)")
    db.execute("CREATE TABLE high PARTITION OF notes FOR VALUES FROM (10) TO (30) PARTITION BY RANGE (id)")
    db.execute("CREATE TABLE higher PARTITION OF high FOR VALUES FROM (10) TO (30)")
    db.execute("INSERT INTO notes VALUES (1, 'one'), (2, 'two'), (11, 'eleven')")
    await engine.apply(notes(pl.chunk()))
    assert (await engine.run("notes")).rows == 3
    return engine


async def test_writes_to_a_partition_itself_are_seen(parted: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("INSERT INTO low VALUES (3, 'three')")
    with db.cursor().copy("COPY higher (id, body) FROM STDIN") as copy:
        copy.write_row((12, "twelve"))
    db.execute("UPDATE high SET body = 'eleven!' WHERE id = 11")
    db.execute("DELETE FROM low WHERE id = 1")
    assert column(db, PENDING) == [1, 3, 11, 12]
    assert (await parted.run("notes")).complete
    assert db.execute(CHUNKS).fetchall() == [(2, "two"), (3, "three"), (11, "eleven!"), (12, "twelve")]


async def test_a_write_through_the_table_is_seen_once(parted: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("INSERT INTO notes VALUES (4, 'four'), (14, 'fourteen')")
    assert column(db, "SELECT id FROM pgazure.changes_notes ORDER BY id") == [4, 14]


async def test_a_row_that_moves_to_another_partition_takes_its_results_along(
    parted: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute("UPDATE notes SET id = id + 10 WHERE id = 2")
    assert (await parted.run("notes")).complete
    assert db.execute(CHUNKS).fetchall() == [(1, "one"), (11, "eleven"), (12, "two")]


async def test_the_rows_of_a_partition_that_is_attached_are_enriched_and_watched(
    parted: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute("CREATE TABLE huge (id int PRIMARY KEY, body text)")
    db.execute("INSERT INTO huge VALUES (31, 'thirty-one')")
    db.execute("ALTER TABLE notes ATTACH PARTITION huge FOR VALUES FROM (30) TO (40)")
    db.execute("INSERT INTO huge VALUES (32, 'thirty-two')")
    assert await parted.has_due("notes")
    report = await parted.run("notes")
    assert (report.rows, report.complete) == (2, True)
    db.execute("INSERT INTO huge VALUES (33, 'thirty-three')")
    assert column(db, PENDING) == [33]
    assert (await parted.run("notes")).rows == 1
    assert column(db, "SELECT id FROM notes_chunks ORDER BY id") == [1, 2, 11, 31, 32, 33]


async def test_a_plan_counts_the_rows_that_a_run_would_find_in_a_new_partition(
    parted: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute("CREATE TABLE huge PARTITION OF notes FOR VALUES FROM (30) TO (40)")
    db.execute("INSERT INTO huge VALUES (31, 'thirty-one'), (32, 'thirty-two')")
    assert (await parted.plan("notes")).rows == 2
    assert (await parted.run("notes")).rows == 2


@pytest.mark.parametrize("more", [{}, {"trigger": "on_change"}])
async def test_the_rows_of_a_partition_that_an_apply_finds_are_enriched_whatever_else_it_changes(
    parted: pl.Engine, db: psycopg.Connection, more: dict[str, str]
) -> None:
    db.execute("CREATE TABLE huge (id int PRIMARY KEY, body text)")
    db.execute("INSERT INTO huge VALUES (31, 'thirty-one')")
    db.execute("ALTER TABLE notes ATTACH PARTITION huge FOR VALUES FROM (30) TO (40)")
    assert (await parted.apply(notes(pl.chunk(), **more))).queued == 1
    assert (await parted.run("notes")).rows == 1
    assert column(db, "SELECT id FROM notes_chunks ORDER BY id") == [1, 2, 11, 31]


async def test_a_partition_that_somebody_holds_is_not_waited_for_for_ever(
    parted: pl.Engine, db: psycopg.Connection, conninfo: str, client: AsyncClient
) -> None:
    db.execute("CREATE TABLE huge PARTITION OF notes FOR VALUES FROM (30) TO (40)")
    hasty = pl.Engine(make_conninfo(conninfo, options="-c lock_timeout=100ms"), client=client)
    with psycopg.connect(conninfo) as other:
        other.execute("INSERT INTO huge VALUES (31, 'thirty-one')")
        async with hasty:
            with pytest.raises(SchemaError, match="new partitions that a transaction holds"):
                await hasty.run("notes")
    assert (await parted.run("notes")).rows == 1


async def test_the_results_of_a_partition_that_is_detached_or_dropped_go(
    parted: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute("ALTER TABLE notes DETACH PARTITION low")
    assert (await parted.run("notes")).complete
    assert column(db, "SELECT id FROM notes_chunks") == [11]
    db.execute("INSERT INTO low VALUES (3, 'nobody looks')")
    db.execute("DROP TABLE higher")
    assert (await parted.run("notes")).complete
    assert column(db, "SELECT id FROM notes_chunks") == []


async def test_a_partition_that_is_truncated_leaves_the_others_their_results(
    parted: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute("TRUNCATE low")
    assert column(db, "SELECT id FROM notes_chunks") == [11]
    db.execute("TRUNCATE notes")
    assert value(db, "SELECT count(*) FROM notes_chunks") == 0


@pytest.mark.parametrize("replicated", [False, True])
async def test_partitions_are_watched_for_replication_as_for_anybody(
    engine: pl.Engine, db: psycopg.Connection, replicated: bool
) -> None:
    db.execute("CREATE TABLE notes (id int PRIMARY KEY, body text) PARTITION BY RANGE (id)")
    db.execute("CREATE TABLE low PARTITION OF notes FOR VALUES FROM (0) TO (10)")
    source = pl.table_source("notes", text="body", replicated=replicated)
    await engine.apply(pl.Pipeline("notes", source=source, steps=[pl.chunk()]))
    # As the process that applies what replication brings does.
    db.execute("SET session_replication_role = replica")
    db.execute("INSERT INTO low VALUES (1, 'one')")
    db.execute("INSERT INTO notes VALUES (2, 'two')")
    assert column(db, PENDING) == ([1, 2] if replicated else [])


async def test_a_role_that_may_not_watch_a_new_partition_is_told_so(
    db: psycopg.Connection, conninfo: str, emulator: Emulator
) -> None:
    role = f"plain_{db.info.dbname}"
    name = sql.Identifier(role)
    db.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'plain'").format(name))
    try:
        db.execute(sql.SQL("CREATE SCHEMA pgazure AUTHORIZATION {}").format(name))
        db.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(name))
        db.execute("CREATE TABLE notes (id int PRIMARY KEY, body text) PARTITION BY RANGE (id)")
        db.execute(sql.SQL("GRANT ALL ON notes TO {}").format(name))
        from fix_pipeline import services
        from pgazure.client import AsyncClient

        plain = make_conninfo(conninfo, user=role, password="plain")
        async with AsyncClient(**services(emulator.endpoint)) as client, pl.Engine(plain, client=client) as engine:
            await engine.init()
            await engine.apply(notes(pl.chunk()))
            db.execute("CREATE TABLE low PARTITION OF notes FOR VALUES FROM (0) TO (10)")
            with pytest.raises(SchemaError, match=r"new partitions that cannot be watched.*grant TRIGGER and SELECT"):
                await engine.run("notes")
            db.execute(sql.SQL("GRANT TRIGGER, SELECT ON low TO {}").format(name))
            db.execute("INSERT INTO low VALUES (1, 'one')")
            assert (await engine.run("notes")).rows == 1
    finally:
        db.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(name))
        db.execute(sql.SQL("DROP ROLE {}").format(name))
