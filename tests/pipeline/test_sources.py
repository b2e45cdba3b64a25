"""Sources, roles and servers that do not have what a pipeline needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

import pgazure.pipeline as pl
from fix_pipeline import column, make_notes, notes, services, value
from pgazure.client import AsyncClient
from pgazure.errors import ConfigurationError, InvalidSpecError, PgAzureError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator import Emulator


def over(table: str, text: str = "body", *steps) -> pl.PipelineSpec:
    return pl.Pipeline("p", source=pl.table_source(table, text=text), steps=list(steps) or [pl.analyze_sentiment()])


@pytest.mark.parametrize(
    ("definition", "table", "text", "complaint"),
    [
        ("CREATE TABLE notes (id int, body text)", "notes", "body", r"public\.notes has no primary key.*ADD PRIMARY KEY"),
        ("CREATE TABLE notes (id int UNIQUE NOT NULL, body text)", "notes", "body", "has no primary key"),
        ("CREATE VIEW notes AS SELECT 1 AS id, 'a' AS body", "notes", "body", r"public\.notes is not a table"),
        ("CREATE MATERIALIZED VIEW notes AS SELECT 1 AS id, 'a' AS body", "notes", "body", "is not a table"),
        ("CREATE SCHEMA shop CREATE TABLE notes (id int PRIMARY KEY)", "notes", "body", r"there is no table public\.notes; there are: shop\.notes"),
        ("CREATE TABLE note (id int PRIMARY KEY)", "public.notes", "body", r"there is no table public\.notes; there are: public\.note"),
        ("CREATE TABLE notes (id int PRIMARY KEY, title text)", "notes", "{title} {body}", r"has no column body; it has: id, title"),
        ("CREATE TABLE notes (id int PRIMARY KEY, body text)", "nowhere.notes", "body", r"no table nowhere\.notes; there are: public\.notes"),
    ],
)  # fmt: skip
async def test_a_source_that_will_not_do_is_refused_with_what_to_do(
    engine: pl.Engine, db: psycopg.Connection, definition: str, table: str, text: str, complaint: str
) -> None:
    db.execute(definition)
    with pytest.raises(InvalidSpecError, match=complaint):
        await engine.apply(over(table, text))
    assert await engine.pipelines() == []
    assert column(db, "SELECT relname FROM pg_class WHERE relname LIKE 'queue%%'") == []


async def test_a_table_in_the_way_of_results_is_not_touched(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "One.")
    db.execute("CREATE TABLE notes_sentiment (id bigint, mine text)")
    db.execute("INSERT INTO notes_sentiment VALUES (1, 'mine')")
    with pytest.raises(InvalidSpecError, match=r"notes_sentiment is there and differs .*set table = "):
        await engine.apply(notes(pl.analyze_sentiment()))
    assert db.execute("SELECT * FROM notes_sentiment").fetchall() == [(1, "mine")]
    await engine.apply(notes(pl.analyze_sentiment(table="notes_mood")))
    assert (await engine.run("notes")).complete
    assert value(db, "SELECT count(*) FROM notes_mood") == 1


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
async def test_something_in_the_way_of_the_view_is_not_touched(
    engine: pl.Engine, db: psycopg.Connection, kind: str
) -> None:
    make_notes(db, "One.")
    db.execute(f"CREATE {kind} notes_enriched AS SELECT 'mine' AS mine")
    with pytest.raises(InvalidSpecError, match=r"view public\.notes_enriched cannot be made, the name is taken"):
        await engine.apply(notes(pl.analyze_sentiment()))
    assert value(db, "SELECT mine FROM notes_enriched") == "mine"


async def test_two_pipelines_do_not_share_a_result_table(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "One.")
    await engine.apply(notes(pl.analyze_sentiment()))
    with pytest.raises(InvalidSpecError, match="holds the results of step analyze_sentiment of pipeline notes"):
        await engine.apply(over("notes", "body", pl.analyze_sentiment(table="notes_sentiment")))


async def test_a_pipeline_stays_with_its_table(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "One.")
    db.execute("CREATE TABLE others (id int PRIMARY KEY, body text)")
    await engine.apply(over("notes"))
    with pytest.raises(InvalidSpecError, match=r"pipeline p enriches public\.notes.*another name"):
        await engine.apply(over("others"))


async def test_vectors_of_another_length_want_another_table(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "One.")
    await engine.apply(notes(pl.embed("text-embedding-3-small", dimensions=8)))
    with pytest.raises(InvalidSpecError, match=r"embedding is vector\(8\), not vector\(16\).*set table"):
        await engine.apply(notes(pl.embed("text-embedding-3-small", dimensions=16)))
    await engine.apply(notes(pl.embed("text-embedding-3-small", dimensions=16, table="notes_wider")))
    assert (await engine.run("notes")).complete


async def test_grants_on_the_view_and_what_is_built_on_it_outlast_apply(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, "One.")
    await engine.apply(notes(pl.analyze_sentiment()))
    db.execute("GRANT SELECT ON notes_enriched TO PUBLIC")
    db.execute("CREATE VIEW moods AS SELECT id, sentiment FROM notes_enriched")
    await engine.apply(notes(pl.analyze_sentiment()))
    await engine.apply(notes(pl.analyze_sentiment(), pl.chunk()))
    await engine.run("notes")
    assert value(db, "SELECT relacl::text LIKE '%%=r/%%' FROM pg_class WHERE relname = 'notes_enriched'")
    assert db.execute("SELECT id, sentiment IS NOT NULL FROM moods").fetchall() == [(1, True)]
    with pytest.raises(SchemaError, match=r"other objects use it.*view moods.*drop those"):
        await engine.apply(notes(pl.chunk()))
    db.execute("DROP VIEW moods")
    assert (await engine.apply(notes(pl.chunk()))).removed == ["analyze_sentiment"]


async def test_a_result_table_that_was_dropped_is_made_and_filled_again(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, "One.", "Two.")
    await engine.apply(notes(pl.analyze_sentiment(), pl.chunk()))
    await engine.run("notes")
    db.execute("DROP TABLE notes_sentiment CASCADE")
    changes = await engine.apply(notes(pl.analyze_sentiment(), pl.chunk()))
    assert (changes.created, changes.queued) == (["public.notes_sentiment"], 2)
    assert (await engine.run("notes")).complete
    assert value(db, "SELECT count(sentiment) FROM notes_enriched") == 2


async def test_without_vector_everything_but_embed_works(bare_conninfo: str, client: AsyncClient) -> None:
    with psycopg.connect(bare_conninfo, autocommit=True) as db:
        make_notes(db, "A wonderful house.")
        async with pl.Engine(bare_conninfo, client=client) as engine:
            await engine.init()
            await engine.apply(notes(pl.detect_language(), pl.analyze_sentiment(), pl.translate("de"), pl.chunk()))
            assert (await engine.run("notes")).complete
        assert value(db, "SELECT count(*) FROM pg_extension WHERE extname = 'vector'") == 0
        assert value(db, "SELECT sentiment FROM notes_enriched") == "positive"


@pytest.fixture
def ordinary(db: psycopg.Connection, conninfo: str) -> Iterator[tuple[str, str]]:
    """An ordinary role that may log in, and its connection string."""
    role = f"ordinary_{db.info.dbname}"
    name = sql.Identifier(role)
    db.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'ordinary'").format(name))
    yield role, make_conninfo(conninfo, user=role, password="ordinary")
    db.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(name))
    db.execute(sql.SQL("DROP OWNED BY {}").format(name))
    db.execute(sql.SQL("DROP ROLE {}").format(name))


@pytest.fixture
def settings(emulator: Emulator) -> dict[str, Any]:
    return services(emulator.endpoint)


async def test_an_ordinary_role_that_owns_its_schemas_needs_nothing_else(
    db: psycopg.Connection, ordinary: tuple[str, str], settings: dict[str, Any]
) -> None:
    role, conninfo = ordinary
    for schema in ("shop", "pgazure"):
        db.execute(sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(sql.Identifier(schema), sql.Identifier(role)))
    with psycopg.connect(conninfo, autocommit=True) as owner:
        owner.execute("CREATE TABLE shop.notes (id int PRIMARY KEY, body text)")
        owner.execute("INSERT INTO shop.notes VALUES (1, 'A wonderful house.')")
        async with AsyncClient(**settings) as client, pl.Engine(conninfo, client=client) as engine:
            assert len(await engine.init()) > 0
            steps = [pl.detect_language(), pl.analyze_sentiment(), pl.embed("text-embedding-3-small")]
            await engine.apply(over("shop.notes", "body", *steps))
            assert (await engine.plan("p")).rows == 1
            assert (await engine.run("p")).complete
            assert (await engine.status())[0].pending == 0
        assert value(owner, "SELECT sentiment FROM shop.p_enriched") == "positive"


async def test_a_role_that_may_not_create_a_schema_is_told_the_statement(ordinary: tuple[str, str]) -> None:
    role, conninfo = ordinary
    async with pl.Engine(conninfo) as engine:
        with pytest.raises(SchemaError, match=f'CREATE SCHEMA pgazure AUTHORIZATION "{role}"'):
            await engine.init()


async def test_a_role_that_may_not_read_the_schema_is_told_so(
    engine: pl.Engine, db: psycopg.Connection, ordinary: tuple[str, str]
) -> None:
    role, conninfo = ordinary
    async with pl.Engine(conninfo) as other:
        with pytest.raises(SchemaError, match="may not create in schema pgazure: have its owner run pgazure init"):
            await other.init()
        for call in (other.pipelines, other.status, other.errors):
            with pytest.raises(SchemaError, match=f'role "{role}" may not read schema pgazure'):
                await call()


async def test_a_role_that_lacks_rights_on_the_source_is_told_which(
    db: psycopg.Connection, ordinary: tuple[str, str]
) -> None:
    role, conninfo = ordinary
    make_notes(db, "One.")
    db.execute(sql.SQL("CREATE SCHEMA pgazure AUTHORIZATION {}").format(sql.Identifier(role)))
    async with pl.Engine(conninfo) as engine:
        await engine.init()
        with pytest.raises(SchemaError, match=r"GRANT SELECT, UPDATE, TRIGGER ON public\.notes"):
            await engine.apply(notes(pl.chunk()))
        db.execute(sql.SQL("GRANT SELECT, UPDATE, TRIGGER ON notes TO {}").format(sql.Identifier(role)))
        db.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        with pytest.raises(SchemaError, match="permission denied for schema public"):
            await engine.apply(notes(pl.chunk()))
        assert await engine.pipelines() == []


async def test_a_role_that_may_not_create_vector_is_told_who_may(
    bare_conninfo: str, client: AsyncClient, emulator: Emulator
) -> None:
    with psycopg.connect(bare_conninfo, autocommit=True) as admin:
        role = f"plain_{admin.info.dbname}"
        name = sql.Identifier(role)
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'plain'").format(name))
        try:
            admin.execute(sql.SQL("CREATE SCHEMA pgazure AUTHORIZATION {}").format(name))
            admin.execute(sql.SQL("CREATE SCHEMA shop AUTHORIZATION {}").format(name))
            conninfo = make_conninfo(bare_conninfo, user=role, password="plain")
            async with pl.Engine(conninfo) as engine:
                await engine.init()
                async with engine.pool.connection() as connection:
                    await connection.execute("CREATE TABLE shop.notes (id int PRIMARY KEY, body text)")
                with pytest.raises(SchemaError, match="have a superuser run CREATE EXTENSION vector"):
                    await engine.apply(over("shop.notes", "body", pl.embed("text-embedding-3-small")))
                await engine.apply(over("shop.notes"))
        finally:
            admin.execute(sql.SQL("DROP OWNED BY {}").format(name))
            admin.execute(sql.SQL("DROP ROLE {}").format(name))


async def test_a_database_that_cannot_be_reached_is_named_without_its_password() -> None:
    engine = pl.Engine("postgresql://someone:s3cret@127.0.0.1:1/nothing")
    with pytest.raises(ConfigurationError, match=r"cannot connect to the database.*PGAZURE_DSN") as caught:
        await engine.__aenter__()
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(engine)


async def test_an_engine_that_is_not_open_says_how_to_open_it(conninfo: str) -> None:
    with pytest.raises(PgAzureError, match="async with Engine"):
        await pl.Engine(conninfo).init()


async def test_a_run_without_services_says_what_is_missing(conninfo: str) -> None:
    async with pl.Engine(conninfo) as engine:
        await engine.init()
        with pytest.raises(PgAzureError, match="has no client: pass Engine"):
            await engine.run("notes")


async def test_row_security_that_hides_rows_from_the_worker_is_refused_and_nothing_is_taken_for_deleted(
    db: psycopg.Connection, ordinary: tuple[str, str], settings: dict[str, Any]
) -> None:
    role, conninfo = ordinary
    name = sql.Identifier(role)
    make_notes(db, "One.", "Two.")
    db.execute(sql.SQL("CREATE SCHEMA pgazure AUTHORIZATION {}").format(name))
    db.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(name))
    db.execute(sql.SQL("GRANT ALL ON notes TO {}").format(name))
    db.execute("CREATE POLICY none ON notes USING (false)")
    async with AsyncClient(**settings) as client, pl.Engine(conninfo, client=client) as engine:
        await engine.init()
        await engine.apply(notes(pl.chunk()))
        assert (await engine.run("notes")).complete
        db.execute("ALTER TABLE notes ENABLE ROW LEVEL SECURITY")
        db.execute("UPDATE notes SET body = 'Changed.' WHERE id = 1")
        for call in (engine.run("notes"), engine.apply(notes(pl.chunk()))):
            with pytest.raises(
                SchemaError, match=f'row-level security on public.notes applies to role "{role}".*BYPASSRLS'
            ):
                await call
        assert value(db, "SELECT count(*) FROM notes_chunks") == 2
        db.execute(sql.SQL("ALTER ROLE {} BYPASSRLS").format(name))
        assert (await engine.run("notes")).complete
    assert value(db, "SELECT chunk_text FROM notes_chunks WHERE id = 1") == "Changed."


async def test_writers_whom_row_security_holds_back_are_watched_all_the_same(
    engine: pl.Engine, db: psycopg.Connection, ordinary: tuple[str, str]
) -> None:
    role, _ = ordinary
    name = sql.Identifier(role)
    make_notes(db, "One.", "Two.")
    db.execute("ALTER TABLE notes ENABLE ROW LEVEL SECURITY")
    db.execute("CREATE POLICY own ON notes USING (id = 2)")
    db.execute(sql.SQL("GRANT ALL ON notes TO {}").format(name))
    await engine.apply(notes(pl.chunk()))
    await engine.run("notes")
    db.execute(sql.SQL("SET ROLE {}").format(name))
    db.execute("UPDATE notes SET body = body || '!'")
    db.execute("RESET ROLE")
    assert column(db, "SELECT id FROM pgazure.pending_notes") == [2]
    assert (await engine.run("notes")).complete
    assert column(db, "SELECT chunk_text FROM notes_chunks ORDER BY id") == ["One.", "Two.!"]
