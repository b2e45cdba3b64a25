"""Pipelines described and steered in SQL: one validated model, whatever spells it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

import pgazure.pipeline as pl
from fix_pipeline import column, make_notes, notes, until, value
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.revision.orders import read_order
from pgazure.pipeline.specification.spec import STEPS

if TYPE_CHECKING:
    from pgazure.emulator import Emulator

FINE, POOR = "A fine room with a view of the sea.", "A poor room, and a poor breakfast."


@pytest.fixture
async def ready(engine: pl.Engine, db: psycopg.Connection) -> pl.Engine:
    make_notes(db, FINE, POOR)
    return engine


def spelled(db: psycopg.Connection, steps: str, **more: str) -> pl.PipelineSpec:
    """What SQL orders, read by the validator, and nothing of it left."""
    rest = "".join(f", {name} => {text}" for name, text in more.items())
    source = "" if "source" in more else "source => pgazure.table_source('notes'), "
    with db.transaction(force_rollback=True):
        number = value(db, f"SELECT pgazure.create_pipeline('notes', {source}steps => {steps}{rest})")
        ((name, spec),) = db.execute(
            "SELECT pipeline, spec FROM pgazure.order WHERE order_id = %s", [number]
        ).fetchall()
    return read_order(name, spec)


async def test_the_builders_of_sql_mean_what_those_of_python_do(ready: pl.Engine, db: psycopg.Connection) -> None:
    source = pl.table_source("public.notes", text="{body}")

    def same(steps: list[object], **more: object) -> pl.PipelineSpec:
        return pl.Pipeline("notes", source=source, steps=steps, **more)

    assert spelled(
        db, "ARRAY[pgazure.chunk('body', 'sentence', 256, 32), pgazure.embed('chunk_text', 'text-embedding-3-large')]"
    ) == same(
        [
            pl.chunk(method="sentence", chunk_size=256, overlap=32),
            pl.embed("text-embedding-3-large", input="chunk_text"),
        ]
    )
    assert spelled(
        db,
        "ARRAY[pgazure.extract('body', ARRAY['product']), pgazure.generate('body', 'Be kind.'), pgazure.rank('body', 'sea')]",
    ) == same([pl.extract(["product"]), pl.generate(system_prompt="Be kind."), pl.rank("sea")])
    assert spelled(
        db,
        "ARRAY[pgazure.detect_language(), pgazure.analyze_sentiment(language => 'en'), pgazure.extract_key_phrases(),"
        " pgazure.recognize_entities(), pgazure.linked_entities(), pgazure.recognize_pii_entities(domain => 'phi'),"
        " pgazure.translate(ARRAY['de', 'fr'], 'redacted_text'), pgazure.summarize_extractive(sentence_count => 2),"
        " pgazure.summarize_abstractive('body')]",
        trigger="'on_change'",
        options="""'{"budget": "5 USD/day"}'""",
    ) == same(
        [
            pl.detect_language(), pl.analyze_sentiment(language="en"), pl.extract_key_phrases(), pl.recognize_entities(),
            pl.linked_entities(), pl.recognize_pii_entities(domain="phi"),
            pl.translate(["de", "fr"], input="redacted_text"), pl.summarize_extractive(sentence_count=2),
            pl.summarize_abstractive(),
        ],
        trigger="on_change",
        budget="5 USD/day",
    )  # fmt: skip
    assert spelled(
        db,
        """ARRAY[pgazure.is_true('Good: {input}'), pgazure.invoke('{"data": ["{input}"]}'),
        pgazure.generate('stars', prompt => 'Rate {input}', json_schema => '{"name": "a", "schema": {"type": "object"}}'),
        pgazure.step('analyze_opinions', '{"language": "en"}')]""",
        source="pgazure.table_source('notes', template => '{body} {stars}', conditions => '[[\"stars\", \">\", 1]]')",
        sink="pgazure.table_sink('opinions')",
    ) == pl.Pipeline(
        "notes",
        source=pl.table_source("public.notes", text="{body} {stars}", where=("stars", ">", 1)),
        steps=[
            pl.is_true("Good: {input}"),
            pl.invoke({"data": ["{input}"]}),
            pl.generate("Rate {stars}", json_schema={"name": "a", "schema": {"type": "object"}}),
            pl.analyze_opinions(language="en", table="opinions"),
        ],
    )


async def test_every_step_can_be_spelled_in_sql_but_one_that_imports_code(
    ready: pl.Engine, db: psycopg.Connection
) -> None:
    built = column(
        db,
        "SELECT proname FROM pg_proc WHERE pronamespace = 'pgazure'::regnamespace AND prorettype = 'jsonb'::regtype",
    )
    assert set(STEPS) - set(built) == {
        "call", "transliterate", "analyze_opinions", "recognize_healthcare_entities", "recognize_custom_entities",
        "classify_single_label", "classify_multi_label",
    }  # fmt: skip
    with pytest.raises(InvalidSpecError, match="a function of your own is described in"):
        spelled(db, """ARRAY[pgazure.step('call', '{"function": "os:system", "returns": {"a": "text"}}')]""")


async def test_an_ordered_pipeline_is_made_and_run(ready: pl.Engine, db: psycopg.Connection) -> None:
    number = value(
        db,
        "SELECT ai.create_pipeline('notes', source => ai.table_source('notes'), trigger => 'manual',"
        " steps => ARRAY[ai.chunk('body'), ai.embed('chunk_text'), ai.analyze_sentiment()],"
        " sink => ai.table_sink('notes_mood'))",
    )
    with pytest.raises(psycopg.errors.UndefinedObject) as caught:
        db.execute("SELECT * FROM ai.explain('notes')")
    assert caught.value.diag.message_hint == "It is ordered: start pgazure run or pgazure worker to have it made."
    (order,) = await ready.carry_out_orders()
    assert (order.number, order.outcome, order.message) == (number, "applied", None)
    assert await ready.carry_out_orders() == []
    rows = db.execute("SELECT step, reads, result_table FROM ai.explain('notes')").fetchall()
    assert rows == [
        ("chunk", "text", "public.notes_chunks"),
        ("embed", "chunk_text", "public.notes_embeddings"),
        ("analyze_sentiment", "text", "public.notes_mood"),
    ]
    assert db.execute("SELECT state, rows_pending, last_run_status FROM ai.status('notes')").fetchall() == [
        ("idle", 2, None)
    ]
    db.execute("SELECT ai.run('notes')")
    assert (await ready.run("notes")).complete
    assert value(db, "SELECT count(*) FROM notes_mood") == 2
    assert db.execute("SELECT outcome FROM pgazure.order ORDER BY order_id").fetchall() == [("applied",), ("finished",)]
    assert db.execute("SELECT last_run_status, total_processed FROM pgazure.status('notes')").fetchall() == [
        ("finished", 2)
    ]
    assert db.execute("SELECT name, source, trigger, state FROM ai.list_pipelines()").fetchall() == [
        ("notes", "public.notes", "manual", "idle")
    ]


async def test_an_order_that_is_wrong_is_refused_with_the_reason_and_the_next_is_carried_out(
    ready: pl.Engine, db: psycopg.Connection
) -> None:
    for steps in ("ARRAY[pgazure.chunk('body', chunk_size => 1)]", "ARRAY[pgazure.detect_language('body')]"):
        db.execute(f"SELECT pgazure.create_pipeline('notes', pgazure.table_source('notes'), {steps})")
    refused, applied = await ready.carry_out_orders()
    assert (refused.outcome, applied.outcome) == ("refused", "applied")
    assert refused.message is not None
    assert "chunk_size: Input should be greater than or equal to 16" in refused.message
    kept = db.execute("SELECT outcome, message FROM pgazure.order ORDER BY order_id").fetchall()
    assert kept == [("refused", refused.message), ("applied", None)]


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        ("create_pipeline('Notes', pgazure.table_source('notes'), ARRAY[pgazure.chunk()])", "begins with a lower-case"),
        ("create_pipeline('n', pgazure.table_source('nots'), ARRAY[pgazure.chunk()])", "there is no table public.nots"),
        ("create_pipeline('n', '{}', ARRAY[pgazure.chunk()])", "source must name a table"),
        ("create_pipeline('n', pgazure.table_source('notes'), '{}')", "a pipeline has one step at least"),
        ("create_pipeline('n', pgazure.table_source('notes'), ARRAY['3'::jsonb])", "a step is an object with one"),
        ("run('nothing')", "there is no pipeline nothing"),
        ("pause('nothing')", "there is no pipeline nothing"),
        ("backfill('nothing')", "there is no pipeline nothing"),
        ("drop_pipeline('nothing')", "there is no pipeline nothing"),
        ("status('nothing')", "there is no pipeline nothing"),
    ],
)  # fmt: skip
async def test_what_can_be_told_at_once_is_told_at_once(
    ready: pl.Engine, db: psycopg.Connection, call: str, complaint: str
) -> None:
    with pytest.raises(psycopg.Error, match=complaint):
        db.execute(f"SELECT pgazure.{call}")
    assert value(db, "SELECT count(*) FROM pgazure.order") == 0


async def test_sql_steers_what_python_applied(ready: pl.Engine, db: psycopg.Connection, emulator: Emulator) -> None:
    await ready.apply(notes(pl.analyze_sentiment(), pl.detect_language()))
    assert value(db, "SELECT pgazure.pause('notes')") is True
    assert (await ready.run("notes")).rows == 0
    assert value(db, "SELECT state FROM pgazure.status('notes')") == "paused"
    assert value(db, "SELECT pgazure.resume('notes')") is True
    assert (await ready.run("notes")).rows == 2
    sent = emulator.stats()["requests"]
    assert value(db, "SELECT pgazure.backfill('notes')") == 2
    assert (await ready.run("notes")).rows == 2
    assert emulator.stats()["requests"] == sent
    with pytest.raises(psycopg.errors.UndefinedTable, match="has no results in notes") as caught:
        db.execute("SELECT pgazure.drop_pipeline('notes', ARRAY['notes'])")
    assert caught.value.diag.message_hint == "They are in notes_language, notes_sentiment."
    dropped = db.execute("SELECT * FROM pgazure.drop_pipeline('notes', ARRAY['notes_language'])").fetchall()
    assert dropped == [("public.notes_language", True), ("public.notes_sentiment", False)]
    assert value(db, "SELECT count(*) FROM notes_sentiment") == 2
    assert await ready.pipelines() == []


async def test_a_schema_ai_of_somebody_else_is_left_alone(conninfo: str, db: psycopg.Connection) -> None:
    db.execute("CREATE SCHEMA ai")
    async with pl.Engine(conninfo) as engine:
        await engine.init()
    assert column(db, "SELECT proname FROM pg_proc WHERE pronamespace = 'ai'::regnamespace") == []
    assert value(db, "SELECT pgazure.chunk('body') -> 'chunk' ->> 'input'") == "body"


async def test_a_worker_makes_and_runs_what_sql_orders(ready: pl.Engine, db: psycopg.Connection) -> None:
    stop, troubles = asyncio.Event(), []
    worker = asyncio.create_task(pl.Worker(ready, on_trouble=troubles.append).serve(stop))
    try:
        steps = "ARRAY[pgazure.detect_language('body')]"
        db.execute(f"SELECT pgazure.create_pipeline('notes', pgazure.table_source('notes'), {steps})")
        db.execute("SELECT pgazure.run('notes')")
        db.execute("SELECT pgazure.create_pipeline('bad', pgazure.table_source('notes'), ARRAY[pgazure.chunk()])")
        done = "SELECT count(*) FROM pgazure.order WHERE finished_at IS NULL"
        await until(lambda: value(db, done) == 0)
        assert column(db, "SELECT outcome FROM pgazure.order ORDER BY order_id") == ["applied", "finished", "refused"]
        assert value(db, "SELECT count(*) FROM notes_language") == 2
        assert len(troubles) == 1
        assert "order 3 of pipeline bad is refused: pipeline bad: say what is read of a row" in troubles[0]
    finally:
        stop.set()
        await worker
