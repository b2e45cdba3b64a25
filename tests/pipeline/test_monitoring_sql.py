"""What people ask of a pipeline in SQL: rows again, a row now, rows by meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

import pgazure.pipeline as pl
from fix_pipeline import column, make_notes, notes, value
from pgazure.bridge import install_functions, uninstall_functions

if TYPE_CHECKING:
    from fix_functions import Serve
    from pgazure.emulator import Emulator

BAD = "xx"


@pytest.fixture
async def failed(engine: pl.Engine, db: psycopg.Connection) -> pl.Engine:
    """Three rows with an error in each of two steps, and one without."""
    make_notes(db, "One.", "Two.", "Three.", "Four.")
    await engine.apply(notes(pl.analyze_sentiment(language=BAD), pl.extract_key_phrases(language=BAD)))
    await engine.run("notes")
    db.execute('DELETE FROM pgazure.error WHERE key = \'{"id": "4"}\'')
    assert value(db, "SELECT count(*) FROM pgazure.failed") == 6
    return engine


async def test_rows_that_are_retried_in_sql_are_worked_on_again(failed: pl.Engine, db: psycopg.Connection) -> None:
    listening = db.execute("LISTEN pgazure")
    assert listening
    query = "SELECT errors, rows FROM pgazure.retry_failed('notes', key => '{\"id\": 2}')"
    assert db.execute(query).fetchall() == [(2, 1)]
    assert [note.payload for note in db.notifies(timeout=5, stop_after=1)] == ["notes"]
    assert (await failed.status())[0].pending == 1
    assert (await failed.run("notes")).rows == 1
    assert value(db, "SELECT count(*) FROM pgazure.failed") == 6, "tried, and failed again"
    query = "SELECT errors, rows FROM pgazure.retry_failed('notes', 'analyze_sentiment', 'record_permanent')"
    assert db.execute(query).fetchall() == [(3, 3)]
    assert db.execute("SELECT errors, rows FROM pgazure.retry_failed('notes', code => 'Other')").fetchall() == [(0, 0)]
    assert value(db, "SELECT count(*) FROM pgazure.failed WHERE step = 'extract_key_phrases'") == 3


def test_what_cannot_be_retried_is_named(failed: pl.Engine, db: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject, match="there is no pipeline nope"):
        db.execute("SELECT pgazure.retry_failed('nope')")
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="there is no class bad of errors"):
        db.execute("SELECT pgazure.retry_failed('notes', class => 'bad')")


async def test_a_row_that_is_wanted_now_comes_before_all_that_waits(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, *[f"Note {n}." for n in range(20)])
    await engine.apply(notes(pl.analyze_sentiment()))
    db.execute("LISTEN pgazure")
    assert value(db, "SELECT pgazure.enrich_now('notes', 15)") == 1
    assert [note.payload for note in db.notifies(timeout=5, stop_after=1)] == ["notes"]
    await engine.run("notes", batch_rows=1, concurrency=1)
    assert column(db, "SELECT id FROM notes_sentiment ORDER BY enriched_at LIMIT 1") == [15]
    # One that is done already is looked at again, and nothing is sent for it.
    assert value(db, "SELECT pgazure.enrich_now('notes', '{\"id\": 3}'::jsonb)") == 1
    report = await engine.run("notes")
    assert (report.rows, report.requests) == (1, 0)


async def test_a_row_is_wanted_by_keys_of_every_shape(engine: pl.Engine, db: psycopg.Connection) -> None:
    db.execute('CREATE TABLE "Guest notes" (shop text, "no. %" int, body text, PRIMARY KEY (shop, "no. %"))')
    db.execute("""INSERT INTO "Guest notes" VALUES ('a', 1, 'One.'), ('b', 2, 'Two.')""")
    source = pl.table_source('"Guest notes"', text="body")
    await engine.apply(pl.Pipeline("guests", source=source, steps=[pl.analyze_sentiment()]))
    await engine.run("guests")
    key = """jsonb_build_object('shop', 'b', 'no. %%', 2)"""
    assert value(db, f"""SELECT pgazure.enrich_now('"Guest notes"', {key})""") == 1
    assert db.execute("SELECT * FROM pgazure.changes_guests").fetchone()[:2] == ("b", 2)  # type: ignore[index]
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r'the key of public."Guest notes" is shop, no. %'):
        db.execute("""SELECT pgazure.enrich_now('"Guest notes"', 'b')""")
    db.execute("CREATE TABLE words (word text PRIMARY KEY, body text)")
    with pytest.raises(psycopg.errors.UndefinedObject, match=r"no pipeline enriches public\.words"):
        db.execute("SELECT pgazure.enrich_now('words', 'a')")
    await engine.apply(pl.Pipeline("words", source=pl.table_source("words", text="body"), steps=[pl.chunk()]))
    assert value(db, "SELECT pgazure.enrich_now('words', 'a')") == 1
    assert column(db, "SELECT word FROM pgazure.changes_words") == ["a"]


async def test_a_search_in_sql_finds_what_the_one_in_python_finds(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    from pgazure.search import search

    make_notes(db, "A large garden with roses.", "A noisy street at night.", "The bed was hard.", "A garden, small.")
    await engine.apply(notes(pl.chunk(), pl.embed("text-embedding-3-small", dimensions=64)))
    await engine.run("notes")
    assert engine._client is not None
    hits = await search(engine, engine._client, "notes", "roses in the garden", limit=2)
    vector = await engine._client.azure_openai.create_embeddings(
        "text-embedding-3-small", "roses in the garden", dimensions=64
    )
    rows = db.execute("SELECT * FROM pgazure.search('notes', %s::real[], 2)", [list(map(float, vector))]).fetchall()
    assert [(str(row[0]["id"]), row[1], row[2]) for row in rows] == [
        (hit.key["id"], hit.chunk_index, hit.chunk_text) for hit in hits
    ]
    assert [row[3] for row in rows] == pytest.approx([hit.similarity for hit in hits], abs=1e-5)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="have 64 dimensions, this one has 2"):
        db.execute("SELECT * FROM pgazure.search('notes', ARRAY[1, 2]::real[])")
    with pytest.raises(psycopg.errors.FeatureNotSupported, match=r"no azure_openai\.create_embeddings") as caught:
        db.execute("SELECT * FROM pgazure.search('notes', 'roses')")
    assert "pgazure functions install" in (caught.value.diag.message_hint or "")
    with pytest.raises(psycopg.errors.UndefinedObject, match="there is no pipeline notices"):
        db.execute("SELECT * FROM pgazure.search('notices', 'roses')")


async def test_a_phrase_is_embedded_by_the_functions_that_are_installed(
    engine: pl.Engine, db: psycopg.Connection, conninfo: str, emulator: Emulator, serve_functions: Serve
) -> None:
    make_notes(db, "A large garden with roses.", "A noisy street at night.", "The bed was hard.", "A garden, small.")
    await engine.apply(notes(pl.embed("text-embedding-3-small", dimensions=64)))
    await engine.run("notes")
    await install_functions(conninfo)
    try:
        with serve_functions(conninfo, emulator.endpoint):
            assert engine._client is not None
            vector = await engine._client.azure_openai.create_embeddings(
                "text-embedding-3-small", "roses in the garden", dimensions=64
            )
            by_vector = "SELECT * FROM pgazure.search('notes', %s::real[], 2)"
            rows = db.execute(by_vector, [list(map(float, vector))]).fetchall()
            found = db.execute("SELECT * FROM pgazure.search('notes', 'roses in the garden', 2)").fetchall()
            assert [row[:3] for row in found] == [row[:3] for row in rows]
            assert [row[0]["id"] for row in found] == [1, 4]
            assert [row[3] for row in found] == pytest.approx([row[3] for row in rows], abs=1e-5)
            with pytest.raises(psycopg.errors.UndefinedObject, match="pipeline notes has no embed step other"):
                db.execute("SELECT * FROM pgazure.search('notes', 'roses', step => 'other')")
    finally:
        await uninstall_functions(conninfo, cascade=True)


async def test_a_phrase_is_embedded_by_the_model_that_has_the_deployment_whatever_its_alias(
    engine: pl.Engine, db: psycopg.Connection, conninfo: str, emulator: Emulator, serve_functions: Serve
) -> None:
    make_notes(db, "A large garden with roses.", "A noisy street at night.", "The bed was hard.", "A garden, small.")
    await engine.apply(notes(pl.embed("text-embedding-3-large", dimensions=64)))
    await engine.run("notes")
    await install_functions(conninfo, edition="horizondb")

    def add(alias: str, deployment: str) -> None:
        db.execute(
            "SELECT model_registry.model_add(%s, %s, %s, %s, NULL, 'subscription-key', %s)",
            [alias, emulator.endpoint, deployment, deployment, emulator.key],
        )

    search = "SELECT (key ->> 'id')::integer, similarity FROM pgazure.search('notes', 'roses in the garden', 2)"
    try:
        with serve_functions(conninfo, emulator.endpoint):
            # An alias that is called as the deployment of another model.
            add("text-embedding-3-large", "text-embedding-3-small")
            with pytest.raises(
                psycopg.errors.UndefinedObject, match="no model has the deployment text-embedding-3-large"
            ):
                db.execute(search)
            add("ours", "text-embedding-3-large")
            (first, likeness), (second, _) = db.execute(search).fetchall()
            assert (first, second) == (1, 4)
            assert likeness > 0.5
    finally:
        await uninstall_functions(conninfo, cascade=True)


async def test_a_phrase_is_embedded_by_the_model_that_is_there_by_itself(
    engine: pl.Engine, db: psycopg.Connection, conninfo: str, emulator: Emulator, serve_functions: Serve
) -> None:
    make_notes(db, "A large garden with roses.", "A noisy street at night.")
    await engine.apply(notes(pl.embed("text-embedding-3-small", dimensions=64)))
    await engine.run("notes")
    await install_functions(conninfo, edition="horizondb")
    try:
        with serve_functions(conninfo, emulator.endpoint):
            ((likeness,),) = db.execute("SELECT similarity FROM pgazure.search('notes', 'garden roses', 1)").fetchall()
            assert likeness > 0.5
    finally:
        await uninstall_functions(conninfo, cascade=True)
