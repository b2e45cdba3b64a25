"""No text is paid for twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgazure.pipeline as pl
from fix_faults import Status, serve_faults
from fix_pipeline import add_notes, column, make_notes, notes, value

if TYPE_CHECKING:
    import psycopg

    from fix_emulator import MakeEmulator
    from fix_pipeline import OpenEngine
    from pgazure.emulator import Emulator


def steps() -> list:
    return [
        pl.detect_language(),
        pl.analyze_sentiment(),
        pl.translate(["de", "fr"]),
        pl.summarize_extractive(),
        pl.chunk(),
        pl.embed("text-embedding-3-small"),
    ]


async def test_rows_of_equal_text_share_one_request_in_every_step(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, *[f"A fine day by the sea, number {n % 7}." for n in range(50)])
    await engine.apply(notes(*steps()))
    assert (await engine.run("notes")).complete
    stats = emulator.stats()
    assert stats["repeats"] == 0
    # Five operations over seven texts; a translation counts once per target.
    assert stats["by_operation"]["SentimentAnalysis"]["items"] == 7
    assert stats["by_operation"]["Embeddings"]["items"] == 7
    for table, rows in (("sentiment", 50), ("translations", 100), ("extractive_summary", 50), ("embeddings", 50)):
        assert value(db, f"SELECT count(*) FROM notes_{table}") == rows


async def test_batches_side_by_side_do_not_send_what_another_has_in_flight(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine
) -> None:
    slow = make_emulator(latency=0.05)
    make_notes(db, *[f"The same {n % 5} words in every batch." for n in range(60)])
    async with open_engine(slow.endpoint) as engine:
        await engine.apply(notes(*steps()))
        report = await engine.run("notes", batch_rows=5, concurrency=8)
    assert report.complete
    stats = slow.stats()
    assert stats["repeats"] == 0
    assert stats["by_operation"]["SentimentAnalysis"]["items"] == 5
    assert value(db, "SELECT count(*) FROM notes_embeddings") == 60


async def test_a_text_that_was_enriched_in_an_earlier_run_is_not_sent_again(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, "Once.", "Twice.")
    await engine.apply(notes(*steps()))
    await engine.run("notes")
    add_notes(db, "Twice.", "Once.", "Thrice.")
    emulator.reset()
    assert (await engine.run("notes")).complete
    assert {name: each["items"] for name, each in emulator.stats()["by_operation"].items()} == {
        "LanguageDetection": 1,
        "SentimentAnalysis": 1,
        "Translate": 2,
        "ExtractiveSummarization": 1,
        "Embeddings": 1,
    }
    assert value(db, "SELECT count(DISTINCT sentiment || positive_score) FROM notes_sentiment WHERE id IN (1, 4)") == 1
    assert value(db, "SELECT count(*) FROM notes_embeddings") == 5


async def test_two_pipelines_over_two_tables_pay_for_a_text_once(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    texts = [f"Common knowledge, part {n}." for n in range(10)]
    make_notes(db, *texts)
    db.execute("CREATE TABLE letters (code uuid PRIMARY KEY DEFAULT gen_random_uuid(), body text)")
    db.execute("INSERT INTO letters (body) SELECT unnest(%s::text[])", [texts])
    await engine.apply(notes(*steps()))
    await engine.apply(pl.Pipeline("letters", source=pl.table_source("letters", text="{body}"), steps=steps()))
    await engine.run("notes")
    emulator_before = emulator.stats()["items"]
    report = await engine.run("letters")
    assert report.complete
    assert report.requests == 0
    assert emulator.stats()["items"] == emulator_before
    assert value(db, "SELECT count(*) FROM letters_embeddings") == 10


async def test_a_step_that_is_added_is_all_that_is_sent(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, "One.", "Two.")
    await engine.apply(notes(*steps()))
    await engine.run("notes")
    before = column(db, "SELECT enriched_at FROM notes_sentiment ORDER BY id")
    changes = await engine.apply(notes(*steps(), pl.extract_key_phrases()))
    assert (changes.added, changes.changed, changes.queued) == (["extract_key_phrases"], [], 2)
    emulator.reset()
    assert (await engine.run("notes")).complete
    assert list(emulator.stats()["by_operation"]) == ["KeyPhraseExtraction"]
    assert value(db, "SELECT count(*) FROM notes_key_phrases") == 2
    assert column(db, "SELECT enriched_at FROM notes_sentiment ORDER BY id") == before


async def test_a_target_language_that_is_added_is_all_that_is_translated(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, "One.", "Two.")
    await engine.apply(notes(pl.translate(["de", "fr"])))
    await engine.run("notes")
    await engine.apply(notes(pl.translate(["it", "fr"])))
    emulator.reset()
    assert (await engine.run("notes")).complete
    assert emulator.stats()["characters"] == len("One.") + len("Two.")
    assert db.execute("SELECT id, target_language, text FROM notes_translations ORDER BY 1, 2").fetchall() == [
        (1, "fr", "[fr] One."),
        (1, "it", "[it] One."),
        (2, "fr", "[fr] Two."),
        (2, "it", "[it] Two."),
    ]


async def test_a_step_that_changes_makes_its_results_anew(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, "The garden was full of roses. The kitchen was clean and large. Our host lent us two bicycles.")
    await engine.apply(notes(pl.summarize_extractive(sentence_count=1), pl.analyze_sentiment()))
    await engine.run("notes")
    changes = await engine.apply(notes(pl.summarize_extractive(sentence_count=2), pl.analyze_sentiment()))
    assert changes.changed == ["summarize_extractive"]
    emulator.reset()
    assert (await engine.run("notes")).complete
    assert list(emulator.stats()["by_operation"]) == ["ExtractiveSummarization"]
    assert value(db, "SELECT cardinality(sentences) FROM notes_extractive_summary") == 2


async def test_applying_again_changes_nothing_and_queues_nothing(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, "One.")
    spec = notes(*steps())
    first = await engine.apply(spec)
    assert first.queued == 1
    assert len(first.created) == len(steps())
    await engine.run("notes")
    emulator.reset()
    again = await engine.apply(spec)
    assert (again.created, again.added, again.changed, again.removed, again.queued) == ([], [], [], [], 0)
    assert (await engine.run("notes")).rows == 0
    assert emulator.stats()["requests"] == 0


async def test_parts_of_a_row_that_are_paid_for_are_kept_until_the_others_are_done(
    db: psycopg.Connection, open_engine: OpenEngine
) -> None:
    days = [f"On day {n} of our journey we walked along the river until it was dark." for n in range(12)]
    make_notes(db, " ".join(days))
    filtered = Status(400, body={"error": {"code": "content_filter", "message": "filtered"}})
    async with serve_faults() as faults, open_engine(faults.endpoint) as engine:
        await engine.apply(notes(pl.chunk(method="sentence", chunk_size=24, overlap=0), pl.embed("m", dimensions=4)))
        faults.refuse = lambda texts: filtered if any("day 7" in text for text in texts) else None
        await engine.run("notes")
        (error,) = await engine.errors()
        assert error.parked
        assert value(db, "SELECT count(*) FROM notes_embeddings") == 0, "half a row is not shown"
        assert value(db, 'SELECT count(*) FROM pgazure."past_notes$embed"') == 11
        faults.refuse = lambda _: None
        faults.received.clear()
        await engine.retry("notes")
        assert (await engine.run("notes")).complete
        assert [request.body["input"] for request in faults.sent] == [[days[7]]]
    assert column(db, "SELECT chunk_text FROM notes_embeddings ORDER BY chunk_index") == days
    db.execute("DELETE FROM notes")
    assert value(db, 'SELECT count(*) FROM pgazure."past_notes$embed"') == 0
