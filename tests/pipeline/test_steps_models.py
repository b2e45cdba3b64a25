"""Steps that ask a model of the user's choice: their results are what the model said, paid for once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import own_functions
import pgazure.pipeline as pl
from fix_pipeline import column, make_notes, notes, value
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.storage import row_errors

if TYPE_CHECKING:
    import psycopg

    from pgazure.emulator import Emulator

CALM = "The room was quiet and the bed was soft."
ANGRY = "The toaster broke after a day. I want my money back."


async def test_every_step_that_asks_a_model_fills_its_table(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, CALM, ANGRY, None)
    db.execute("UPDATE notes SET stars = 6 - id")
    schema = {"name": "reply", "schema": {"type": "object", "properties": {"reply": {"type": "string"}}}}
    steps = [
        pl.generate("Answer this guest who gave {stars} stars:\n{input}"),
        pl.generate("{input}", json_schema=schema, name="reply", table="notes_reply"),
        pl.extract(["product", "stars: integer - how many"]),
        pl.is_true("The writer is content: {input}"),
        pl.rank("quiet room"),
        pl.invoke({"input_data": ["{input}", "{stars}"]}),
        pl.call(own_functions.shout, returns={"loud": "text"}),
    ]
    await engine.apply(notes(*steps))
    plan = {each.step: each for each in (await engine.plan("notes")).steps}
    assert not any(plan[name].exact for name in ("generate", "extract", "is_true", "rank"))
    assert plan["generate"].price > 0
    report = await engine.run("notes")
    assert report.complete
    assert column(db, "SELECT count(*) FROM notes_generated WHERE generated_text > ''") == [2]
    assert column(db, "SELECT generated ? 'reply' FROM notes_reply") == [True, True]
    assert column(db, "SELECT extracted ?& ARRAY['product', 'stars'] FROM notes_extracted") == [True, True]
    assert column(db, "SELECT pg_typeof(is_true)::text FROM notes_is_true") == ["boolean"] * 2
    assert column(db, "SELECT id FROM notes_rank ORDER BY rank_score DESC") == [1, 2]
    assert column(db, "SELECT result FROM notes_invoked ORDER BY id") == [[len(CALM), 1], [len(ANGRY), 1]]
    assert column(db, "SELECT loud FROM notes_called ORDER BY id") == [CALM.upper(), ANGRY.upper()]
    view = db.execute("SELECT generated_text, extracted, is_true, rank_score, invoked, loud FROM notes_enriched")
    assert sum(row[0] is not None for row in view) == 2
    # Equal work is found again, in another pipeline too, whatever columns the tables there have.
    before = emulator.stats()["requests"]
    again = pl.Pipeline("again", source=pl.table_source("notes", text="body"), steps=steps_for_again(schema))
    await engine.apply(again)
    assert (await engine.run("again")).complete
    assert emulator.stats()["requests"] == before
    assert column(db, "SELECT extracted FROM again_extracted ORDER BY id") == column(
        db, "SELECT extracted FROM notes_extracted ORDER BY id"
    )


def steps_for_again(schema: dict[str, object]) -> list[object]:
    return [
        pl.generate("Answer this guest who gave {stars} stars:\n{input}"),
        pl.generate("{input}", json_schema=schema, name="reply", table="again_reply"),
        pl.extract(["product", "stars: integer - how many"]),
        pl.is_true("The writer is content: {input}"),
        pl.rank("quiet room"),
        pl.invoke({"input_data": ["{input}", "{stars}"]}),
    ]


async def test_a_column_of_a_prompt_counts_as_a_change_and_no_other_does(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, CALM)
    db.execute("ALTER TABLE notes ADD COLUMN seen integer")
    await engine.apply(notes(pl.generate("{stars}: {input}"), pl.analyze_sentiment()))
    await engine.run("notes")
    before = emulator.stats()["by_operation"]
    db.execute("UPDATE notes SET seen = 1")
    assert (await engine.run("notes")).rows == 0
    db.execute("UPDATE notes SET stars = 1")
    assert (await engine.run("notes")).rows == 1
    after = emulator.stats()["by_operation"]
    assert after["SentimentAnalysis"] == before["SentimentAnalysis"]
    assert after["ChatCompletions"]["requests"] == before["ChatCompletions"]["requests"] + 1


async def test_the_rest_of_the_language_steps_fill_their_tables(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "Anna Berger flew from Seattle to Paris. The food was great but the service was slow.")
    await engine.apply(
        notes(
            pl.linked_entities(),
            pl.analyze_opinions(language="en"),
            pl.recognize_healthcare_entities(language="en"),
            pl.recognize_custom_entities("project", "production"),
            pl.classify_single_label("project", "production"),
            pl.classify_multi_label("project", "production"),
            pl.transliterate("ru", "Cyrl", "Latn"),
        )
    )
    report = await engine.run("notes")
    assert (report.parked, report.halts, report.left) == (0, {}, 0)
    names = value(db, "SELECT array_agg(l.name) FROM notes_linked_entities, unnest(linked_entities) AS l")
    assert "Seattle" in names
    assert value(db, "SELECT (linked_entities[1]).matches[1].confidence_score > 0 FROM notes_linked_entities")
    targets = "SELECT jsonb_path_query_array(sentences, '$[*].targets[*].text') FROM notes_opinions"
    assert set(value(db, targets)) >= {"food", "service"}
    for table in ("healthcare", "custom_entities", "class", "classes", "transliterations"):
        assert value(db, f"SELECT count(*) FROM notes_{table}") == 1
    # Copied from the table to another, composite types within composite types included.
    copy = pl.Pipeline("copy", source=pl.table_source("notes", text="body"), steps=[pl.linked_entities()])
    await engine.apply(copy)
    assert (await engine.run("copy")).requests == 0
    assert column(db, "SELECT linked_entities::text FROM copy_linked_entities") == column(
        db, "SELECT linked_entities::text FROM notes_linked_entities"
    )


async def test_a_function_of_your_own_is_given_each_text_once(engine: pl.Engine, db: psycopg.Connection) -> None:
    own_functions.SEEN.clear()
    make_notes(db, CALM, CALM, "Where?", "")
    returns = {"length": "integer", "asks": "boolean", "words": "text[]"}
    await engine.apply(notes(pl.call("own_functions:measure", returns=returns)))
    assert (await engine.run("notes")).complete
    assert sorted(own_functions.SEEN) == sorted([CALM, "Where?"])
    rows = db.execute("SELECT length, asks, words FROM notes_called ORDER BY id").fetchall()
    assert rows == [(len(CALM), False, CALM.split())] * 2 + [(6, True, ["Where?"])]
    # Another version is other work.
    await engine.apply(notes(pl.call("own_functions:measure", returns=returns, version="2")))
    assert (await engine.run("notes")).complete
    assert len(own_functions.SEEN) == 4


async def test_what_a_function_raises_is_an_error_of_its_row_and_does_not_tell_the_text(
    engine: pl.Engine, db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_errors, "_LONGEST_BACKOFF", 0.01)
    make_notes(db, CALM, "a secret")
    await engine.apply(
        notes(
            pl.call(own_functions.shout, returns={"loud": "text"}),
            pl.call(own_functions.lie, returns={"number": "integer"}, name="lie", table="notes_lie"),
        )
    )
    await engine.run("notes")
    assert column(db, "SELECT id FROM notes_called") == [1]
    kept = {(e.step, e.key["id"]): e for e in await engine.errors("notes")}
    assert set(kept) == {("call", "2"), ("lie", "1"), ("lie", "2")}
    assert kept["call", "2"].message == "own_functions:shout raised ValueError"
    assert (kept["call", "2"].code, kept["call", "2"].error_class) == ("ValueError", "record_temporary")
    assert "column number takes integer, and it returned a str" in kept["lie", "1"].message
    assert kept["lie", "1"].parked


async def test_a_function_that_cannot_be_imported_halts_its_step_and_marks_no_row(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, CALM)
    await engine.apply(notes(pl.call("no_such_module:f", returns={"x": "text"}), pl.analyze_sentiment()))
    report = await engine.run("notes")
    assert "cannot import no_such_module:f (ModuleNotFoundError)" in report.halts["call"].message
    assert await engine.errors("notes") == []
    assert value(db, "SELECT count(*) FROM notes_sentiment") == 1


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: pl.generate("Summarise this."), "prompt says the same of every row"),
        (lambda: pl.is_true("This is good."), "statement says the same of every row"),
        (lambda: pl.invoke({"input_data": ["x"]}), "it is the same for every row"),
        (lambda: pl.extract(["a: color"]), "the type of the label 'a' must be one of"),
        (lambda: pl.generate("{input}", json_schema={"type": "object"}), "json_schema must be a dict that holds"),
        (lambda: pl.call(lambda text: text, returns={"x": "text"}), "it must be an async function"),
        (lambda: pl.call(own_functions.wait, returns={"x": "text"}), "it must be an async function"),
        (lambda: pl.call("nothing", returns={"x": "text"}), "write 'module:function'"),
        (lambda: pl.call("m:f", returns={"x": "text; DROP TABLE notes"}), "there is no type 'text; DROP TABLE notes'"),
        (lambda: pl.call("m:f", returns={"X y": "text"}), "result column 'X y'"),
        (lambda: pl.call("m:f", returns={"model": "text"}), "every result table has one of that name"),
        (lambda: notes(pl.generate("{stars}", input="chunk_text"), pl.chunk()), "put {input} where the chunk is"),
    ],
)  # fmt: skip
def test_a_step_that_cannot_work_is_refused_before_anything_is_sent(build, complaint: str) -> None:
    with pytest.raises(InvalidSpecError, match=complaint):
        build()


async def test_a_template_that_names_no_column_says_which_there_are(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, CALM)
    with pytest.raises(InvalidSpecError, match=r"has no column stras; it has: id, body, stars"):
        await engine.apply(notes(pl.generate("{stras}: {input}")))
