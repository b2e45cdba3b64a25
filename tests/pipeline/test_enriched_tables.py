"""What a run leaves in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import pgazure.pipeline as pl
from fix_pipeline import add_notes, column, make_notes, notes, value

if TYPE_CHECKING:
    import psycopg

    from pgazure.client import AsyncClient
    from pgazure.emulator import Emulator

GOOD = "The room was wonderful and the host, Maria Lopez, was kind. We would come back to Seattle at once."
BAD = "The heating was broken, the bath was dirty, and nobody answered. Call 206-555-0143 to complain."
SPANISH = "La habitación era muy bonita y la comida estaba buena. Volveremos el año que viene con los niños."


def every_step() -> list:
    return [
        pl.detect_language(),
        pl.analyze_sentiment(),
        pl.extract_key_phrases(),
        pl.recognize_entities(),
        pl.recognize_pii_entities(),
        pl.translate(["de", "fr"]),
        pl.summarize_extractive(sentence_count=1),
        pl.summarize_abstractive(sentence_count=1),
        pl.chunk(chunk_size=64, overlap=8),
        pl.embed("text-embedding-3-small", dimensions=256, input="redacted_text"),
    ]


@pytest.fixture
async def enriched(engine: pl.Engine, db: psycopg.Connection) -> pl.RunReport:
    make_notes(db, GOOD, BAD, SPANISH, None, "  ")
    await engine.apply(notes(*every_step()))
    return await engine.run("notes")


async def test_every_step_writes_its_result_of_every_row_with_a_text(
    enriched: pl.RunReport, db: psycopg.Connection
) -> None:
    assert enriched.complete, enriched
    assert enriched.rows == 5
    for what in (
        "language",
        "sentiment",
        "key_phrases",
        "entities",
        "pii",
        "extractive_summary",
        "abstractive_summary",
    ):
        assert column(db, f"SELECT id FROM notes_{what} ORDER BY id") == [1, 2, 3], what
    assert column(db, "SELECT DISTINCT id FROM notes_embeddings ORDER BY id") == [1, 2, 3]
    places = db.execute("SELECT id, target_language FROM notes_translations ORDER BY 1, 2").fetchall()
    assert places == [(id_, target) for id_ in (1, 2, 3) for target in ("de", "fr")]


async def test_result_tables_have_typed_columns_under_the_key_of_the_source(
    enriched: pl.RunReport, db: psycopg.Connection
) -> None:
    provenance = {
        "call_id": "uuid",
        "model": "text",
        "input_hash": "bytea",
        "enriched_at": "timestamp with time zone",
    }
    wanted = {
        "notes_language": {"name": "text", "iso6391_name": "text", "confidence_score": "double precision"},
        "notes_sentiment": {
            "sentiment": "text",
            "positive_score": "double precision",
            "neutral_score": "double precision",
            "negative_score": "double precision",
        },
        "notes_key_phrases": {"key_phrases": "text[]"},
        "notes_entities": {"entities": "pgazure.entity[]"},
        "notes_pii": {"redacted_text": "text", "entities": "pgazure.entity[]"},
        "notes_translations": {"target_language": "text", "text": "text", "source_language": "text"},
        "notes_extractive_summary": {"sentences": "pgazure.sentence[]"},
        "notes_abstractive_summary": {"summaries": "text[]"},
        "notes_chunks": {"chunk_index": "integer", "chunk_text": "text"},
        "notes_embeddings": {"chunk_index": "integer", "chunk_text": "text", "embedding": "vector(256)"},
    }
    places = {
        "notes_translations": ["target_language"],
        "notes_chunks": ["chunk_index"],
        "notes_embeddings": ["chunk_index"],
    }
    for table, columns in wanted.items():
        found = dict(
            db.execute(
                "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                [table],
            ).fetchall()
        )
        assert found == {"id": "bigint"} | columns | provenance, table
        keys = column(
            db,
            "SELECT a.attname FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY k (n, place)"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n"
            " WHERE i.indrelid = %s::regclass AND i.indisprimary ORDER BY k.place",
            table,
        )
        assert keys == ["id", *places.get(table, [])], table
        # The source stays free: nothing refers to it, so it can be truncated and its partitions detached.
        assert (
            value(db, "SELECT count(*) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'", table) == 0
        )
        assert value(db, "SELECT obj_description(%s::regclass)", table).startswith("Results of step")


async def test_every_result_says_which_model_made_it_of_what_and_when(
    enriched: pl.RunReport, db: psycopg.Connection
) -> None:
    for table, model in (
        ("notes_sentiment", "azure-ai-language"),
        ("notes_translations", "azure-ai-translator"),
        ("notes_chunks", "cl100k_base"),
        ("notes_embeddings", "text-embedding-3-small"),
    ):
        rows = db.execute(
            f"SELECT DISTINCT model, length(input_hash), now() - enriched_at < interval '1 minute' FROM {table}"
        ).fetchall()
        assert rows == [(model, 16, True)], table
    assert value(db, "SELECT count(DISTINCT input_hash) FROM notes_sentiment") == 3


async def test_results_are_what_the_services_answer_when_asked_directly(
    enriched: pl.RunReport, db: psycopg.Connection, client: AsyncClient
) -> None:
    cognitive = client.azure_cognitive
    one = {"throw_on_error": True}
    found = db.execute(
        "SELECT sentiment, positive_score, neutral_score, negative_score FROM notes_sentiment ORDER BY id"
    )
    direct = await cognitive.analyze_sentiment([GOOD, BAD, SPANISH], ["en", "en", "es"], **one)
    assert found.fetchall() == [(r.sentiment, r.positive_score, r.neutral_score, r.negative_score) for r in direct]
    assert [r.sentiment for r in direct][:2] == ["positive", "negative"]
    phrases = await cognitive.extract_key_phrases(GOOD, "en")
    assert value(db, "SELECT key_phrases FROM notes_key_phrases WHERE id = 1") == list(phrases)
    assert phrases
    entities = await cognitive.recognize_entities(GOOD, "en")
    stored = db.execute(
        "SELECT e.text, e.category, e.subcategory, e.confidence_score FROM notes_entities, unnest(entities) AS e WHERE id = 1"
    ).fetchall()
    assert stored == [(e.text, e.category, e.subcategory, e.confidence_score) for e in entities]
    assert "Maria Lopez" in {e.text for e in entities}
    redacted = value(db, "SELECT redacted_text FROM notes_pii WHERE id = 2")
    assert redacted == (await cognitive.recognize_pii_entities(BAD, "en")).redacted_text
    assert "206-555-0143" not in redacted
    translated = await cognitive.translate(SPANISH, ["de"])
    assert db.execute(
        "SELECT text, source_language FROM notes_translations WHERE id = 3 AND target_language = 'de'"
    ).fetchone() == (translated.translations[0].text, "es")
    sentences = await cognitive.summarize_extractive(GOOD, "en", sentence_count=1)
    stored = db.execute(
        "SELECT s.text, s.rank_score FROM notes_extractive_summary, unnest(sentences) AS s WHERE id = 1"
    ).fetchall()
    assert stored == [(s.text, s.rank_score) for s in sentences]
    vector = await client.azure_openai.create_embeddings("text-embedding-3-small", redacted, dimensions=256)
    stored_text, stored_vector = db.execute(
        "SELECT chunk_text, embedding::text FROM notes_embeddings WHERE id = 2"
    ).fetchone() or ("", "")
    assert stored_text == redacted
    assert np.array_equal(np.fromstring(stored_vector[1:-1], sep=",", dtype=np.float32), vector)


async def test_the_view_joins_every_result_to_its_row_and_keeps_rows_without_any(
    enriched: pl.RunReport, db: psycopg.Connection
) -> None:
    rows = db.execute(
        "SELECT id, body IS NULL, language, sentiment, cardinality(key_phrases) > 0, redacted_text IS NOT NULL,"
        " (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(translations) k), chunk_count, embedding_count"
        " FROM notes_enriched ORDER BY id"
    ).fetchall()
    assert rows[0] == (1, False, "en", "positive", True, True, ["de", "fr"], 1, 1)
    assert rows[2][:3] == (3, False, "es")
    assert rows[3] == (4, True, None, None, None, False, None, 0, 0)


async def test_the_view_shows_a_column_of_the_source_before_a_result_of_the_same_name(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute("CREATE TABLE notes (id int PRIMARY KEY, body text, sentiment text)")
    db.execute("INSERT INTO notes VALUES (1, %s, 'mine')", [GOOD])
    await engine.apply(notes(pl.analyze_sentiment(), pl.analyze_sentiment(name="again", table="again", language="es")))
    await engine.run("notes")
    shown = db.execute("SELECT sentiment, analyze_sentiment_sentiment, again_sentiment FROM notes_enriched").fetchone()
    assert shown == ("mine", "positive", value(db, "SELECT sentiment FROM again"))


async def test_a_row_may_be_made_of_several_columns(engine: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("CREATE TABLE notes (id int PRIMARY KEY, title text, body text)")
    db.execute("INSERT INTO notes VALUES (1, 'A day', 'at the sea'), (2, NULL, 'alone'), (3, ' ', NULL)")
    spec = pl.Pipeline(
        "notes", source=pl.table_source("notes", text="{{{title}}}: {body}"), steps=[pl.chunk(chunk_size=100)]
    )
    await engine.apply(spec)
    assert (await engine.run("notes")).complete
    chunks = db.execute("SELECT id, chunk_text FROM notes_chunks ORDER BY id").fetchall()
    assert chunks == [(1, "{A day}: at the sea"), (2, "{}: alone")]


async def test_the_language_that_one_step_finds_is_what_the_others_work_in(
    engine: pl.Engine, db: psycopg.Connection, client: AsyncClient
) -> None:
    make_notes(db, SPANISH)
    await engine.apply(notes(pl.extract_key_phrases(), pl.detect_language()))
    await engine.run("notes")
    spanish, english = [await client.azure_cognitive.extract_key_phrases(SPANISH, code) for code in ("es", "en")]
    assert spanish != english, "the text cannot tell the languages apart"
    assert value(db, "SELECT key_phrases FROM notes_key_phrases") == list(spanish)


async def test_a_language_written_on_a_step_wins_over_the_one_that_was_found(
    engine: pl.Engine, db: psycopg.Connection, client: AsyncClient
) -> None:
    make_notes(db, SPANISH)
    await engine.apply(notes(pl.detect_language(), pl.extract_key_phrases(language="en")))
    await engine.run("notes")
    english = await client.azure_cognitive.extract_key_phrases(SPANISH, "en")
    assert value(db, "SELECT key_phrases FROM notes_key_phrases") == list(english)


async def test_redacted_text_goes_into_chunks_and_chunks_into_embeddings(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, " ".join([f"{BAD} Part {n} of the story goes on." for n in range(12)]))
    steps = [pl.embed("text-embedding-3-small", input="redacted_text"), pl.chunk(chunk_size=64, overlap=0)]
    await engine.apply(notes(*steps, pl.recognize_pii_entities()))
    assert (await engine.run("notes")).complete
    redacted = value(db, "SELECT redacted_text FROM notes_pii")
    chunks = column(db, "SELECT chunk_text FROM notes_chunks ORDER BY chunk_index")
    assert len(chunks) > 3
    assert "".join("".join(chunks).split()) == "".join(redacted.split())
    assert column(db, "SELECT chunk_text FROM notes_embeddings ORDER BY chunk_index") == chunks
    assert emulator.stats()["by_operation"]["Embeddings"]["items"] == len(chunks)


async def test_a_summary_can_be_translated(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, f"{GOOD} {BAD}")
    await engine.apply(notes(pl.translate("de", input="extractive_summary"), pl.summarize_extractive(sentence_count=1)))
    await engine.run("notes")
    summary = value(
        db, "SELECT array_to_string(ARRAY(SELECT s.text FROM unnest(sentences) s), ' ') FROM notes_extractive_summary"
    )
    assert value(db, "SELECT text FROM notes_translations") == f"[de] {summary}"


async def test_a_row_that_is_added_later_is_all_that_the_next_run_works_on(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, GOOD)
    await engine.apply(notes(pl.analyze_sentiment()))
    await engine.run("notes")
    add_notes(db, BAD)
    emulator.reset()
    report = await engine.run("notes")
    assert (report.rows, report.requests) == (1, 1)
    assert emulator.stats()["items"] == 1


async def test_a_run_counts_the_rows_of_all_its_batches(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, *[f"note number {n}" for n in range(40)])
    await engine.apply(notes(pl.detect_language()))
    report = await engine.run("notes", batch_rows=5, concurrency=8)
    assert (report.rows, report.left) == (40, 0)
