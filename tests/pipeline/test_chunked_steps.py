"""Steps that read chunks: a result per chunk, under the number of the chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import own_functions
import pgazure.pipeline as pl
from fix_faults import Status, serve_faults
from fix_pipeline import add_notes, column, make_notes, notes, value
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.enrichment.operations import OPERATIONS
from pgazure.pipeline.revision.orders import read_order

if TYPE_CHECKING:
    import psycopg

    from fix_pipeline import OpenEngine
    from pgazure.emulator import Emulator
    from pgazure.pipeline.specification.spec import Step

PRAISE = "The room was lovely and we were very happy with the kind staff."
BLAME = "The food was awful, and the noise at night was terrible."
PRIVATE = "Call Maria Lopez at 206-555-0143 about the booking in Seattle."
CHUNK = pl.chunk(method="sentence", chunk_size=20, overlap=0)
HERE = "chunk_text"
OF_CHUNKS = "SELECT id, chunk_index FROM {} ORDER BY 1, 2"


def say(*sentences: str) -> str:
    return " ".join(sentences)


def every_step() -> list[Step]:
    """One step of each operation that sends the chunks of a text somewhere."""
    return [
        pl.analyze_sentiment(input=HERE),
        pl.extract_key_phrases(input=HERE),
        pl.recognize_entities(input=HERE),
        pl.recognize_pii_entities(input=HERE),
        pl.linked_entities(input=HERE),
        pl.translate(["de", "fr"], input=HERE),
        pl.transliterate(language="ja", from_script="Jpan", to_script="Latn", input=HERE),
        pl.summarize_extractive(input=HERE),
        pl.summarize_abstractive(input=HERE),
        pl.analyze_opinions(input=HERE),
        pl.recognize_healthcare_entities(input=HERE),
        pl.recognize_custom_entities("project", "production", input=HERE),
        pl.classify_single_label("project", "production", input=HERE),
        pl.classify_multi_label("project", "production", input=HERE),
        pl.generate("Answer in {stars} words: {input}", input=HERE),
        pl.extract(["product"], input=HERE),
        pl.is_true("The writer is content: {input}", input=HERE),
        pl.rank("quiet room", input=HERE),
        pl.invoke({"input_data": ["{input}"]}, input=HERE),
        pl.call(own_functions.shout, returns={"loud": "text"}, input=HERE),
        pl.embed("text-embedding-3-small", dimensions=8),
    ]


async def test_every_operation_has_a_result_for_each_chunk(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, say(PRAISE, BLAME, PRIVATE), PRAISE, None)
    db.execute("UPDATE notes SET stars = 5")
    spec = notes(pl.detect_language(), CHUNK, *every_step())
    assert {step.operation for step in spec.steps} == OPERATIONS.keys()
    await engine.apply(spec)
    report = await engine.run("notes")
    assert report.complete, await engine.errors()
    places = [(1, 0), (1, 1), (1, 2), (2, 0)]
    for step in every_step():
        found = db.execute(OF_CHUNKS.format(spec.result_table(step))).fetchall()
        assert found == [each for each in places for _ in range(2 if step.operation == "translate" else 1)], step
    assert column(db, "SELECT loud FROM notes_called ORDER BY id, chunk_index")[1] == BLAME.upper()
    assert column(db, "SELECT sentiment FROM notes_sentiment WHERE id = 1 ORDER BY chunk_index LIMIT 2") == [
        "positive",
        "negative",
    ]
    assert value(
        db,
        "SELECT bool_and(c.chunk_text = e.chunk_text) FROM notes_chunks c JOIN notes_embeddings e USING (id, chunk_index)",
    )
    # The language of a chunk is that of its row.
    assert value(db, "SELECT count(*) FROM notes_language") == 2
    (status,) = [each for each in await engine.status("notes") if each.pipeline == "notes"]
    assert {(each.rows, each.results) for each in status.steps if each.step == "translate"} == {(2, 8)}


async def test_the_view_has_a_list_in_the_order_of_the_chunks(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, say(PRAISE, BLAME), None)
    await engine.apply(
        notes(
            CHUNK,
            pl.analyze_sentiment(input=HERE),
            pl.extract_key_phrases(input=HERE),
            pl.recognize_pii_entities(input=HERE),
            pl.translate(["de", "fr"], input=HERE),
            pl.call(own_functions.shout, returns={"loud": "text"}),
        )
    )
    assert (await engine.run("notes")).complete
    (sentiment, scores, phrases, redacted, entities, translations, loud, count), empty = db.execute(
        "SELECT sentiment, positive_score, key_phrases, redacted_text, pii_entities, translations, loud, chunk_count"
        " FROM notes_enriched ORDER BY id"
    ).fetchall()
    assert sentiment == ["positive", "negative"]
    assert scores[0] > scores[1]
    assert [bool(each) for each in phrases] == [True, True]
    assert redacted == [PRAISE, BLAME]
    assert [type(each) for each in entities] == [list, list]
    assert [sorted(each) for each in translations] == [["de", "fr"], ["de", "fr"]]
    assert translations[1]["de"] == value(
        db, "SELECT text FROM notes_translations WHERE chunk_index = 1 AND target_language = 'de'"
    )
    assert (loud, count) == (say(PRAISE, BLAME).upper(), 2), "beside steps that read the whole text"
    assert empty == (None, None, None, None, None, None, None, 0)


async def test_the_plan_of_chunks_is_what_the_ledger_says_afterwards(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, say(PRAISE, BLAME, PRIVATE), say(BLAME, PRAISE), PRAISE)
    await engine.apply(
        notes(
            CHUNK,
            pl.analyze_sentiment(language="en", input=HERE),
            pl.translate("de", input=HERE),
            pl.summarize_extractive(input=HERE),
        )
    )
    plan = {step.step: step for step in (await engine.plan("notes")).steps}
    report = await engine.run("notes")
    assert report.complete
    assert all(step.exact for step in plan.values())
    for step in report.steps:
        planned = plan[step.step]
        assert (planned.units, planned.price) == (step.charge.units, step.charge.price)
        assert (planned.texts, planned.distinct, step.items) == (6, 3, 3), "equal chunks are one text"
    assert emulator.stats()["repeats"] == 0
    # A row's text that equals a chunk is paid for as well.
    again = pl.Pipeline(
        "again", source=pl.table_source("notes", text="body"), steps=[pl.analyze_sentiment(language="en")]
    )
    await engine.apply(again)
    (step,) = (await engine.plan("again")).steps
    assert (step.texts, step.known) == (3, 1)


async def test_a_changed_row_sends_its_new_chunks_and_leaves_none_of_the_old(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, say(PRAISE, BLAME, PRIVATE), PRAISE)
    await engine.apply(notes(CHUNK, pl.analyze_sentiment(input=HERE), pl.translate("de", input=HERE)))
    await engine.run("notes")
    emulator.reset()
    new = "Breakfast was served in the garden until noon."
    db.execute("UPDATE notes SET body = %s WHERE id = 1", [say(PRAISE, new)])
    assert (await engine.run("notes")).complete
    assert emulator.stats()["by_operation"]["SentimentAnalysis"]["items"] == 1
    assert emulator.stats()["by_operation"]["Translate"]["items"] == 1
    for table in ("notes_sentiment", "notes_translations"):
        assert db.execute(OF_CHUNKS.format(table)).fetchall() == [(1, 0), (1, 1), (2, 0)]
    emulator.reset()
    db.execute("UPDATE notes SET body = %s WHERE id = 1", [say(PRAISE, BLAME)])
    assert (await engine.run("notes")).complete
    assert emulator.stats()["requests"] == 0, "what was replaced is found as the row's past"
    db.execute("UPDATE notes SET body = NULL WHERE id = 1")
    db.execute("DELETE FROM notes WHERE id = 2")
    assert (await engine.run("notes")).complete
    assert value(db, "SELECT count(*) FROM notes_sentiment") == 0


async def test_chunks_of_another_size_replace_the_results_of_the_old_ones(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, say(PRAISE, BLAME, PRIVATE))
    sentiment = pl.analyze_sentiment(input=HERE)
    await engine.apply(notes(CHUNK, sentiment))
    await engine.run("notes")
    await engine.apply(notes(pl.chunk(method="sentence", chunk_size=64, overlap=0), sentiment))
    assert (await engine.run("notes")).complete
    assert db.execute(OF_CHUNKS.format("notes_sentiment")).fetchall() == [(1, 0)]
    assert value(db, "SELECT sentiment FROM notes_enriched") == ["mixed"]


async def test_a_bad_chunk_is_an_error_beside_its_row_and_the_good_ones_are_paid_for_once(
    db: psycopg.Connection, open_engine: OpenEngine
) -> None:
    make_notes(db, say(PRAISE, BLAME, PRIVATE), "A row without trouble.")
    refused = Status(400, body={"error": {"code": 400074, "message": "refused"}})
    async with serve_faults() as faults, open_engine(faults.endpoint) as engine:
        await engine.apply(notes(CHUNK, pl.translate("de", input=HERE)))
        faults.refuse = lambda texts: refused if BLAME in texts else None
        await engine.run("notes")
        (error,) = await engine.errors()
        assert (error.step, error.key, error.parked) == ("translate", {"id": "1"}, True)
        assert error.message.startswith("chunk 1: ")
        assert BLAME not in error.message
        assert db.execute(OF_CHUNKS.format("notes_translations")).fetchall() == [(2, 0)], "half a row is not shown"
        faults.refuse = lambda _: None
        faults.received.clear()
        await engine.retry("notes")
        assert (await engine.run("notes")).complete
        assert [[item["text"] for item in request.body["inputs"]] for request in faults.sent] == [[BLAME]]
    assert db.execute(OF_CHUNKS.format("notes_translations")).fetchall() == [(1, 0), (1, 1), (1, 2), (2, 0)]


async def test_what_is_made_of_chunks_is_read_chunk_by_chunk(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, say(PRAISE, PRIVATE), BLAME)
    spec = notes(
        CHUNK,
        pl.recognize_pii_entities(input=HERE),
        pl.redacted_only(pl.embed("text-embedding-3-small", dimensions=8, input="redacted_text")),
        pl.translate("de", input="redacted_text"),
        sees="redacted",
    )
    await engine.apply(spec)
    exact = {step.step: (step.exact, step.texts) for step in (await engine.plan("notes")).steps}
    assert exact == {
        "chunk": (True, 3),
        "recognize_pii_entities": (True, 3),
        "embed": (False, 3),
        "translate": (False, 3),
    }
    assert (await engine.run("notes")).complete
    together = db.execute(
        "SELECT id, chunk_index, e.chunk_text = p.redacted_text, p.redacted_text <> c.chunk_text, t.text IS NOT NULL"
        " FROM notes_chunks c JOIN notes_pii p USING (id, chunk_index) JOIN notes_embeddings e USING (id, chunk_index)"
        " JOIN notes_translations t USING (id, chunk_index) ORDER BY 1, 2"
    ).fetchall()
    assert together == [(1, 0, True, False, True), (1, 1, True, True, True), (2, 0, True, False, True)]
    assert "Lopez" not in str(column(db, "SELECT chunk_text FROM notes_embeddings"))
    # A step whose result is there already hands it on under the same numbers.
    await engine.apply(spec.with_steps([*spec.steps, pl.analyze_sentiment(input="redacted_text")]))
    assert (await engine.run("notes")).complete
    assert db.execute(OF_CHUNKS.format("notes_sentiment")).fetchall() == [(1, 0), (1, 1), (2, 0)]


def test_a_chunk_that_gives_nothing_leaves_the_numbers_of_the_others() -> None:
    redaction = OPERATIONS["recognize_pii_entities"].by_chunk()
    given = redaction.give([((0,), ("one", [])), ((1,), (" ", [])), ((2,), ("three", []))])
    assert given == {0: "one", 2: "three"}
    embed = pl.embed("text-embedding-3-small")
    assert [unit.place for unit in OPERATIONS["embed"].units(embed, given, None)] == [(0,), (2,)]
    assert OPERATIONS["recognize_pii_entities"].places == (), "the operation of whole rows stays as it is"


def test_a_chunk_of_unredacted_text_is_unredacted() -> None:
    pii, gated = pl.recognize_pii_entities(), pl.redacted_only(pl.translate("de", input=HERE))
    with pytest.raises(InvalidSpecError, match="text of the source → chunk → translate"):
        notes(pii, CHUNK, gated)
    notes(pii, pl.chunk(input="redacted_text"), gated)
    with pytest.raises(InvalidSpecError, match="text of the source → chunk → analyze_sentiment"):
        notes(CHUNK, pl.analyze_sentiment(input=HERE), sees="redacted")


async def test_results_of_chunks_and_of_whole_rows_do_not_share_a_table(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, PRAISE)
    whole, chunked = pl.analyze_sentiment(), pl.analyze_sentiment(input=HERE)
    await engine.apply(notes(CHUNK, whole))
    await engine.run("notes")
    with pytest.raises(InvalidSpecError, match=r"notes_sentiment is there and differs \(chunk_index is missing"):
        await engine.apply(notes(CHUNK, chunked))
    await engine.apply(notes(CHUNK, pl.analyze_sentiment(input=HERE, table="notes_moods")))
    assert (await engine.run("notes")).complete
    assert db.execute("SELECT id, sentiment FROM notes_enriched").fetchall() == [(1, ["positive"])]
    with pytest.raises(InvalidSpecError, match=r"notes_moods is there and differs \(it has chunk_index"):
        await engine.apply(notes(CHUNK, pl.analyze_sentiment(table="notes_moods")))


async def test_a_step_that_reads_chunks_has_generations(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, say(PRAISE, BLAME), PRIVATE)
    await engine.apply(notes(CHUNK, pl.is_true("Content: {input}", input=HERE)))
    await engine.run("notes")
    async with engine.generations("notes") as generations:
        await generations.open("is_true", {"model": "gpt-4.1-mini"})
    add_notes(db, BLAME)
    assert (await engine.run("notes")).complete
    async with engine.generations("notes") as generations:
        assert (await generations.compare("is_true")).rows == 4
        await generations.switch("is_true")
    assert value(db, "SELECT jsonb_array_length(is_true) FROM notes_enriched WHERE id = 1") == 2
    assert column(db, "SELECT DISTINCT model FROM notes_is_true") == ["gpt-4.1-mini"]
    db.execute("UPDATE notes SET body = %s WHERE id = 1", [PRAISE])
    assert (await engine.run("notes")).complete
    assert db.execute(OF_CHUNKS.format("notes_is_true")).fetchall() == [(1, 0), (2, 0), (3, 0)]


async def test_every_result_of_a_chunk_is_followed_to_the_call_that_made_it(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, say(PRAISE, BLAME))
    await engine.apply(notes(CHUNK, pl.analyze_sentiment(input=HERE)))
    await engine.run("notes")
    passages = [each for each in await engine.lineage("notes", {"id": "1"}) if each.step == "analyze_sentiment"]
    assert len({each.input_hash for each in passages}) == 2
    assert all(each.stands and each.requests == 1 for each in passages)


async def test_chunks_are_read_in_every_spelling(engine: pl.Engine, db: psycopg.Connection) -> None:
    await engine.init()
    make_notes(db)
    spec = notes(pl.chunk(), pl.analyze_sentiment(input=HERE), pl.translate("de", input=HERE))
    assert spec.to_json()["steps"][1] == {"analyze_sentiment": {"input": "chunk_text"}}
    with db.transaction(force_rollback=True):
        number = value(
            db,
            "SELECT pgazure.create_pipeline('notes', pgazure.table_source('notes', template => 'body'),"
            " ARRAY[pgazure.chunk(), pgazure.analyze_sentiment('chunk_text'),"
            " pgazure.translate(ARRAY['de'], 'chunk_text')])",
        )
        ordered = value(db, "SELECT spec FROM pgazure.order WHERE order_id = %s", number)
    assert read_order("notes", ordered) == spec
