"""Documents longer than the services take at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgazure.pipeline as pl
from fix_pipeline import column, make_notes, notes, value

if TYPE_CHECKING:
    import psycopg

    from pgazure.emulator import Emulator

PARAGRAPH = (
    "Section {n}. The council shall pay Mr. Paul Weber a sum of 500 dollars a month, and he may write to"
    " office.{n}@example.org about it. Nothing in this section is to be read as a promise for another year."
)

TAKE_CLAIMS_DOWN = """
CREATE TABLE claims (claim serial, lease uuid UNIQUE, rows bigint);
CREATE FUNCTION take_down() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.claims (lease, rows) SELECT lease, count(*) FROM leased WHERE lease IS NOT NULL GROUP BY lease
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER take_down AFTER UPDATE ON pgazure.queue_notes
REFERENCING NEW TABLE AS leased FOR EACH STATEMENT EXECUTE FUNCTION take_down();
"""


def document(characters: int) -> str:
    paragraphs, length, n = [], 0, 0
    while length < characters:
        n += 1
        paragraphs.append(PARAGRAPH.format(n=n))
        length += len(paragraphs[-1]) + 2
    return "\n\n".join(paragraphs)


async def test_documents_of_any_length_are_worked_on_whole(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    sizes = [5_000, 9_000, 30_000]
    make_notes(db, *map(document, sizes))
    steps = [
        pl.detect_language(),
        pl.analyze_sentiment(),
        pl.recognize_pii_entities(),
        pl.translate(["de", "fr"]),
        pl.summarize_extractive(sentence_count=3),
        pl.chunk(chunk_size=512, overlap=32),
        pl.embed("text-embedding-3-small", dimensions=8, input="redacted_text"),
    ]
    await engine.apply(notes(*steps))
    report = await engine.run("notes")
    assert report.complete, report
    assert await engine.errors() == []
    lost = (
        "SELECT count(*) FROM notes n LEFT JOIN notes_translations t ON t.id = n.id AND t.target_language = 'de'"
        " WHERE t.text IS NULL OR length(t.text) < length(n.body)"
    )
    assert value(db, lost) == 0
    assert (
        value(
            db, "SELECT count(*) FROM notes n JOIN notes_pii p USING (id) WHERE length(redacted_text) <> length(body)"
        )
        == 0
    )
    assert value(db, "SELECT count(*) FROM notes_pii WHERE redacted_text ~ '@example'") == 0
    assert value(db, "SELECT min(cardinality(sentences)) FROM notes_extractive_summary") >= 3
    assert value(db, "SELECT min(count) FROM (SELECT count(*) FROM notes_chunks GROUP BY id) AS c") >= 2
    assert value(db, "SELECT count(*) FROM notes_embeddings") == value(db, "SELECT count(*) FROM notes_chunks")


async def test_a_book_in_one_row_holds_nobody_up(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "Short.", document(200_000), document(1_000_000), "Shorter.")
    await engine.apply(notes(pl.detect_language(), pl.chunk(), pl.embed("text-embedding-3-small", dimensions=4)))
    assert (await engine.run("notes")).complete
    assert value(db, "SELECT count(*) FROM notes_language WHERE iso6391_name = 'en'") == 4
    chunks = "SELECT count(*) FROM notes_chunks WHERE id = 3"
    assert value(db, chunks) > 300
    assert value(db, "SELECT count(*) FROM notes_embeddings") == value(db, "SELECT count(*) FROM notes_chunks")
    last = value(db, "SELECT chunk_text FROM notes_chunks WHERE id = 3 ORDER BY chunk_index DESC LIMIT 1")
    assert value(db, "SELECT body FROM notes WHERE id = 3").endswith(last)


async def test_the_rows_of_a_claim_are_fewer_where_texts_are_large(engine: pl.Engine, db: psycopg.Connection) -> None:
    # White space is read and weighed like any other text, and no work once it is known to be blank.
    make_notes(db, *[" " * 3_600_000 for _ in range(8)])
    await engine.apply(notes(pl.chunk()))
    db.execute(TAKE_CLAIMS_DOWN)
    report = await engine.run("notes", batch_rows=4, concurrency=1)
    assert report.complete
    # The first claim cannot know; then two rows fill the eight million characters in hand.
    assert column(db, "SELECT rows FROM claims ORDER BY claim") == [4, 2, 2]
