"""The functions called in all the ways that SQL has: ``shapes.sql`` holds them, with what each gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from shapes import Shape, check, read_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator import Emulator

SHAPES = Path(__file__).with_name("shapes.sql")
REVIEWS = [
    (1, "The staff were wonderful and I love the view.", "en"),
    (2, "An awful room, terrible food, I hate it.", "en"),
    (3, "Call Mary on 555-0100 before noon.", "en"),
    (4, "Bonjour, la gare se trouve au bout de la rue.", "fr"),
    (5, None, None),
]
DOCUMENTS = [("banana", "Bananas are yellow."), ("shoe", "The red shoe is on sale."), ("sock", "A sock.")]
ALL = read_shapes(SHAPES)


def prepare(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE reviews (id integer PRIMARY KEY, body text, language text)")
    connection.execute("CREATE TABLE documents (key uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, body text)")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO reviews VALUES (%s, %s, %s)", REVIEWS)
        cursor.executemany("INSERT INTO documents (name, body) VALUES (%s, %s)", DOCUMENTS)


@pytest.fixture
def session(surface: str, emulator: Emulator) -> Iterator[psycopg.Connection]:
    """A new session in a transaction that is rolled back, with reviews in it; and an emulator that counts from zero."""
    with psycopg.connect(surface) as connection:
        prepare(connection)
        emulator.reset()
        yield connection
        connection.rollback()


@pytest.mark.parametrize("shape", ALL, ids=lambda shape: shape.says)
def test_a_call_gives_what_it_should(shape: Shape, session: psycopg.Connection, emulator: Emulator) -> None:
    if "MERGE" in shape.sql and session.info.server_version < 150000:
        pytest.skip("MERGE came with PostgreSQL 15")
    check(shape, session, emulator)


def test_the_shapes_are_many_and_no_function_is_left_out() -> None:
    """An overload that nobody calls here is one that may be broken."""
    assert len(ALL) >= 100
    written = SHAPES.read_text(encoding="utf-8")
    called = set(re.findall(r"\b(azure_(?:ai|cognitive|ml|openai)\.\w+)\(", written))
    assert called == {
        *(f"azure_ai.{name}" for name in ("extract", "generate", "is_true", "rank")),
        *(f"azure_cognitive.{name}" for name in ("analyze_sentiment", "detect_language", "extract_key_phrases")),
        *(f"azure_cognitive.{name}" for name in ("linked_entities", "recognize_entities", "recognize_pii_entities")),
        *(f"azure_cognitive.{name}" for name in ("summarize_abstractive", "summarize_extractive", "translate")),
        *(f"azure_ml.{name}" for name in ("inference", "invoke")),
        "azure_openai.create_embeddings",
    }


def test_a_drivers_parameters_need_no_types(session: psycopg.Connection) -> None:
    one = session.execute(
        "SELECT (azure_cognitive.analyze_sentiment(%s, %s)).sentiment", ["I love it.", "en"]
    ).fetchone()
    assert one == ("positive",)
    many = session.execute(
        "SELECT sentiment FROM azure_cognitive.analyze_sentiment(%s::text[], %s)", [["I love it.", "I hate it."], "en"]
    ).fetchall()
    assert many == [("positive",), ("negative",)]
    vector = session.execute(
        "SELECT cardinality(azure_openai.create_embeddings(%s, %s, %s))", ["text-embedding-3-small", "a view", 8]
    ).fetchone()
    assert vector == (8,)


def test_an_index_scan_orders_by_the_vector_of_a_question(session: psycopg.Connection, emulator: Emulator) -> None:
    """And the question is sent once, not once for each row."""
    session.execute(
        "CREATE TABLE places (id integer, body text, embedding vector(256) GENERATED ALWAYS AS"
        " (azure_openai.create_embeddings('text-embedding-3-small', body, 256)::vector) STORED)"
    )
    session.execute(
        "INSERT INTO places (id, body) SELECT place, 'place ' || md5(place::text) FROM generate_series(1, 40) AS place"
    )
    session.execute("CREATE INDEX ON places USING hnsw (embedding vector_cosine_ops)")
    session.execute("SET LOCAL enable_seqscan = off")
    emulator.reset()
    nearest = (
        "SELECT id FROM places ORDER BY embedding <=>"
        " azure_openai.create_embeddings('text-embedding-3-small', 'place ' || md5('7'), 256)::vector LIMIT 1"
    )
    plan = "\n".join(line for (line,) in session.execute("EXPLAIN (COSTS off) " + nearest))  # type: ignore[arg-type]
    print(f"\n{plan}")
    assert "Index Scan using places_embedding_idx" in plan
    assert session.execute(nearest).fetchall() == [(7,)]
    assert emulator.stats()["items"] == 1


def test_a_question_of_a_prepared_statement_is_looked_up_in_the_index(session: psycopg.Connection) -> None:
    session.execute("CREATE TABLE places (id integer, embedding vector(256))")
    session.execute(
        "INSERT INTO places SELECT place, azure_openai.create_embeddings('text-embedding-3-small', 'place ' || md5(place::text), 256)"
        " FROM generate_series(1, 20) AS place"
    )
    session.execute("CREATE INDEX ON places USING hnsw (embedding vector_cosine_ops)")
    session.execute("SET LOCAL enable_seqscan = off")
    session.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    session.execute(
        "PREPARE nearest AS SELECT id FROM places ORDER BY embedding <=>"
        " azure_openai.create_embeddings('text-embedding-3-small', 'place ' || md5($1), 256)::vector LIMIT 1"
    )
    plan = "\n".join(line for (line,) in session.execute("EXPLAIN (COSTS off) EXECUTE nearest ('3')"))
    assert "Index Scan using places_embedding_idx" in plan
    assert session.execute("EXECUTE nearest ('3')").fetchall() == [(3,)]


def test_a_vector_is_assigned_to_a_column_without_a_cast(session: psycopg.Connection) -> None:
    session.execute("CREATE TABLE places (id integer, embedding vector(8))")
    session.execute(
        "INSERT INTO places SELECT id, azure_openai.create_embeddings('text-embedding-3-small', body, 8) FROM reviews"
    )
    session.execute(
        "UPDATE places SET embedding = azure_openai.create_embeddings('text-embedding-3-small', 'a view', 8)"
    )
    assert session.execute("SELECT count(*), count(DISTINCT embedding::text) FROM places").fetchone() == (5, 1)


def test_a_procedure_commits_between_its_calls(surface: str) -> None:
    with psycopg.connect(surface, autocommit=True) as connection:
        try:
            connection.execute("CREATE TABLE committed (place integer, label text)")
            connection.execute(
                "CREATE PROCEDURE judge_all(texts text[]) LANGUAGE plpgsql AS $$"
                " BEGIN FOR place IN 1 .. cardinality(texts) LOOP"
                "   INSERT INTO committed VALUES (place, (azure_cognitive.analyze_sentiment(texts[place], 'en')).sentiment);"
                "   COMMIT;"
                "   IF place = 2 THEN RAISE 'stopped after the second'; END IF;"
                " END LOOP; END $$"
            )
            with pytest.raises(psycopg.errors.RaiseException, match="stopped after the second"):
                connection.execute("CALL judge_all(ARRAY['I love it.', 'I hate it.', 'never asked'])")
            rows = connection.execute("SELECT place, label FROM committed ORDER BY place").fetchall()
            assert rows == [(1, "positive"), (2, "negative")]
        finally:
            connection.execute("DROP TABLE IF EXISTS committed")
            connection.execute("DROP PROCEDURE IF EXISTS judge_all")


def test_a_call_in_a_transaction_that_is_rolled_back_leaves_the_session_usable(session: psycopg.Connection) -> None:
    with pytest.raises(psycopg.Error), session.transaction():
        session.execute("SELECT azure_cognitive.analyze_sentiment('a', 'xx')")
    found = session.execute("SELECT (azure_cognitive.analyze_sentiment('I love it.', 'en')).sentiment").fetchone()
    assert found == ("positive",)
