"""SQL in the forms in which it is published for the extension: the files of ``published`` hold them, with what each gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from shapes import Shape, check, read_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator import Emulator

FORMS = read_shapes(*sorted(Path(__file__).with_name("published").glob("*.sql")))
STAYS = [
    (1, "Garden Cottage", "A quiet cottage with a garden.", "cottage", "80.50"),
    (2, "Harbour Loft", "Big windows, a view of the ships.", "flat", "120"),
    (3, "Old Barn", "A barn for large families.", "house", "95"),
]
COMMENTS = [(1, 1, "I love the view."), (2, 1, "I hate the room."), (3, 2, "Call Mary on 555-0100.")]


@pytest.fixture
def session(surface: str, emulator: Emulator) -> Iterator[psycopg.Connection]:
    """A new session in a transaction that is rolled back, with places to stay and what guests say of them."""
    with psycopg.connect(surface) as connection:
        connection.execute(
            "CREATE TABLE stays (id bigint PRIMARY KEY, name text NOT NULL, description text NOT NULL,"
            " kind varchar(20), price numeric(10, 2))"
        )
        connection.execute(
            "CREATE TABLE comments (id bigint PRIMARY KEY, stay_id bigint NOT NULL REFERENCES stays (id), body text NOT NULL)"
        )
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO stays VALUES (%s, %s, %s, %s, %s)", STAYS)
            cursor.executemany("INSERT INTO comments VALUES (%s, %s, %s)", COMMENTS)
        emulator.reset()
        yield connection
        connection.rollback()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.says)
def test_published_sql_gives_what_it_should(form: Shape, session: psycopg.Connection, emulator: Emulator) -> None:
    check(form, session, emulator)


def test_rows_that_an_application_loads_are_embedded_in_its_insert(
    session: psycopg.Connection, emulator: Emulator
) -> None:
    """And found again by a question that is a parameter."""
    session.execute("CREATE TABLE policies (title text, body text, embedding vector(256))")
    with session.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO policies VALUES (%s, %s, azure_openai.create_embeddings(%s, %s, 256)::vector)",
            [(name, text, "embedding", text) for _, name, text, _, _ in STAYS],
        )
    nearest = session.execute(
        "WITH q AS (SELECT azure_openai.create_embeddings(%s, %s, %s)::vector AS wanted)"
        " SELECT title FROM policies, q ORDER BY embedding <=> q.wanted LIMIT %s",
        ["embedding", "Big windows and a view of the ships.", 256, 1],
    ).fetchall()
    assert nearest == [("Harbour Loft",)]
    assert emulator.stats()["items"] == 4


def test_an_application_asks_for_a_field_by_a_list_of_labels(session: psycopg.Connection) -> None:
    found = session.execute(
        "SELECT azure_ai.extract(document => %s, data => %s, model => %s) ->> 'stars'",
        ["Lamp, 5 stars", ["product", "stars: number - how many"], "gpt-4.1"],
    ).fetchone()
    assert found == ("5",)


def test_a_copy_out_calls_for_each_row(session: psycopg.Connection) -> None:
    with session.cursor().copy(
        "COPY (SELECT id, (azure_cognitive.analyze_sentiment(body, 'en')).sentiment FROM comments ORDER BY id LIMIT 2)"
        " TO STDOUT (FORMAT csv)"
    ) as copy:
        assert b"".join(copy).decode() == "1,positive\n2,negative\n"


def test_a_transaction_of_every_isolation_is_told_the_same(surface: str) -> None:
    for level in ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE READ ONLY DEFERRABLE"):
        with psycopg.connect(surface, autocommit=True) as connection:
            connection.execute(f"BEGIN ISOLATION LEVEL {level}")
            assert connection.execute(
                "SELECT (azure_cognitive.analyze_sentiment('I love the view.', 'en')).sentiment, count(*)"
                " FROM azure_openai.create_embeddings('embedding', ARRAY['a view', 'a room'], dimensions => 8)"
            ).fetchone() == ("positive", 2)
            connection.execute("ROLLBACK")


def test_edition_horizondb_finds_and_ranks_with_models_by_alias(surface_horizondb: str, emulator: Emulator) -> None:
    """With the address of a model as it is copied from its page: with the path of the API, and a version."""
    with psycopg.connect(surface_horizondb, autocommit=True) as connection:
        aliases = {"our-embedding": "text-embedding-3-small", "our-chat": "gpt-4.1"}
        try:
            for alias, model in aliases.items():
                connection.execute(
                    "SELECT model_registry.model_add(%s, %s, %s, %s, '2025-01-01-preview', 'subscription-key', %s)",
                    [alias, f"{emulator.endpoint}/openai/v1", model, model, emulator.key],
                )
            connection.execute(
                "CREATE TEMPORARY TABLE stays (id bigint, name text, description text, embedding vector(1536))"
            )
            with connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO stays VALUES (%s, %s, %s, azure_openai.create_embeddings('our-embedding', %s)::vector)",
                    [(number, name, text, text) for number, name, text, _, _ in STAYS],
                )
            best = connection.execute(
                "WITH candidates AS (SELECT id, name, description FROM stays"
                " ORDER BY embedding <=> azure_openai.create_embeddings('our-embedding', 'a view of ships')::vector LIMIT 20),"
                " reranked AS (SELECT * FROM azure_ai.rank('a view of ships', ARRAY(SELECT description FROM candidates),"
                " ARRAY(SELECT id::text FROM candidates), 'our-chat'))"
                " SELECT c.id, c.name, r.rank, azure_ai.generate('Praise: ' || c.name, 'our-chat', 'You are brief.') <> ''"
                " FROM candidates AS c JOIN reranked AS r ON r.document_id = c.id::text ORDER BY r.rank LIMIT 1"
            ).fetchall()
            assert best == [(2, "Harbour Loft", 1, True)]
        finally:
            for alias in aliases:
                connection.execute("SELECT model_registry.model_remove(%s)", [alias])
