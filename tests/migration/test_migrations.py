"""The schema is installed once, checked always, and never guessed at."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import column, value
from pgazure.errors import SchemaError
from pgazure.pipeline.storage.schema import migrations

if TYPE_CHECKING:
    import psycopg

CATALOG = (
    "SELECT c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a ON a.attrelid = c.oid"
    " WHERE n.nspname = 'pgazure' AND coalesce(a.attnum > 0, true) ORDER BY 1, a.attnum"
)


async def test_init_installs_every_migration_and_again_does_nothing(conninfo: str, db: psycopg.Connection) -> None:
    async with pl.Engine(conninfo) as engine:
        done = await engine.init()
        assert [each.version for each in done] == [each.version for each in migrations()] != []
        before = db.execute(CATALOG).fetchall()
        assert await engine.init() == []
    assert db.execute(CATALOG).fetchall() == before
    assert column(db, "SELECT version FROM pgazure.migration ORDER BY 1") == [each.version for each in done]


async def test_two_inits_at_once_install_once(conninfo: str, db: psycopg.Connection) -> None:
    async with pl.Engine(conninfo) as one, pl.Engine(conninfo) as other:
        done = await asyncio.gather(one.init(), other.init(), one.init(), other.init())
    assert sorted(map(len, done)) == [0, 0, 0, len(migrations())]
    assert value(db, "SELECT count(*) FROM pgazure.migration") == len(migrations())


async def test_the_engine_of_the_first_init_knows_the_types_it_made(engine: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("CREATE TABLE notes (id int PRIMARY KEY, body text)")
    db.execute("INSERT INTO notes VALUES (1, 'Maria Lopez lives in Seattle.')")
    await engine.apply(pl.Pipeline("n", source=pl.table_source("notes", text="body"), steps=[pl.recognize_entities()]))
    assert (await engine.run("n")).complete
    assert value(db, "SELECT cardinality(entities) FROM n_entities") >= 1


async def test_a_database_without_the_schema_is_sent_to_init(conninfo: str) -> None:
    async with pl.Engine(conninfo) as engine:
        for call in (engine.pipelines, engine.status, engine.errors):
            with pytest.raises(SchemaError, match="no schema pgazure yet: run pgazure init"):
                await call()


async def test_a_schema_of_someone_else_is_taken_over_only_by_init(conninfo: str, db: psycopg.Connection) -> None:
    db.execute("CREATE SCHEMA pgazure")
    async with pl.Engine(conninfo) as engine:
        with pytest.raises(SchemaError, match="run pgazure init"):
            await engine.pipelines()
        await engine.init()
        assert await engine.pipelines() == []


async def test_a_migration_that_is_not_what_was_applied_is_found(engine: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("UPDATE pgazure.migration SET sha256 = 'other' WHERE version = 1")
    for call in (engine.pipelines, engine.init):
        with pytest.raises(SchemaError, match=r"migration 1 \(pipelines\) differs from the one that was applied"):
            await call()


async def test_a_newer_schema_is_left_alone(engine: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("INSERT INTO pgazure.migration (version, name, sha256) VALUES (9999, 'future', 'x')")
    for call in (engine.pipelines, engine.init):
        with pytest.raises(SchemaError, match="has migration 9999, which this pgazure does not know: upgrade pgazure"):
            await call()


async def test_an_older_schema_is_sent_to_init(engine: pl.Engine, db: psycopg.Connection) -> None:
    latest = migrations()[-1].version
    db.execute("DELETE FROM pgazure.migration WHERE version = %s", [latest])
    with pytest.raises(SchemaError, match=rf"outdated \(migration {latest} is not applied\): run pgazure init"):
        await engine.pipelines()


async def test_a_migration_that_fails_leaves_nothing_behind(conninfo: str, db: psycopg.Connection) -> None:
    db.execute("CREATE SCHEMA pgazure")
    # The last table of the migration is in the way, so all of it has to be taken back.
    db.execute("CREATE TABLE pgazure.ledger (mine int)")
    async with pl.Engine(conninfo) as engine:
        with pytest.raises(Exception, match='"ledger" already exists'):
            await engine.init()
        assert column(db, "SELECT relname FROM pg_class WHERE relnamespace = 'pgazure'::regnamespace") == ["ledger"]
        db.execute("DROP TABLE pgazure.ledger")
        assert len(await engine.init()) == len(migrations())


def test_migrations_are_numbered_without_gaps_and_each_says_what_it_is() -> None:
    found = migrations()
    assert [each.version for each in found] == list(range(1, len(found) + 1))
    assert all(each.name and each.text.startswith("--") for each in found)
