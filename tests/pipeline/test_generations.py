"""A changed model fills a generation beside the old one; readers see the old until they are switched."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import column, make_notes, notes, until, value
from pgazure.errors import InvalidSpecError, SchemaError
from pgazure.search import search

if TYPE_CHECKING:
    import psycopg

    from fix_emulator import MakeEmulator
    from fix_pipeline import Cli, OpenEngine
    from pgazure.client import AsyncClient
    from pgazure.emulator import Emulator
    from pgazure.pipeline.revision.generations import StepGeneration

TEXTS = [f"{what} number {n} was {how}." for n in range(6) for what, how in (("Room", "loud"), ("Garden", "lovely"))]
EMBED = pl.embed("text-embedding-3-small")
DIMENSIONS = "SELECT DISTINCT vector_dims(embedding) FROM {}"


async def begin(engine: pl.Engine, **changes: object) -> StepGeneration:
    async with engine.generations("notes") as generations:
        return await generations.open("embed", changes or {"dimensions": 256})


async def switch(engine: pl.Engine, number: int | None = None, *, incomplete: bool = False) -> pl.Switch:
    async with engine.generations("notes") as generations:
        return await generations.switch("embed", number, incomplete=incomplete)


async def start(engine: pl.Engine, db: psycopg.Connection, *steps: object) -> None:
    make_notes(db, *TEXTS)
    await engine.apply(notes(*(steps or (EMBED,))))
    await engine.run("notes")


async def test_a_run_under_way_leaves_the_rows_to_one_that_knows_the_new_generation(
    open_engine: OpenEngine, make_emulator: MakeEmulator, db: psycopg.Connection
) -> None:
    slow = make_emulator(latency=0.1)
    async with open_engine(slow.endpoint) as engine:
        make_notes(db, *TEXTS)
        await engine.apply(notes(EMBED))
        running = asyncio.create_task(engine.run("notes", batch_rows=3, concurrency=1))
        await until(lambda: slow.stats()["requests"] > 0)
        await begin(engine)
        assert (await running).cut_short
        assert (await engine.run("notes")).complete
        assert value(db, "SELECT count(*) FROM notes_embeddings_g2") == len(TEXTS)


async def test_a_generation_is_filled_by_a_run_while_readers_see_the_old(
    engine: pl.Engine, db: psycopg.Connection, client: AsyncClient, emulator: Emulator
) -> None:
    await start(engine, db, EMBED, pl.analyze_sentiment())
    emulator.reset()
    made = await begin(engine)
    assert (made.generation, made.state, made.table, made.rows) == (2, "new", "public.notes_embeddings_g2", 0)
    plan = {step.step: step for step in (await engine.plan("notes")).steps}
    report = await engine.run("notes")
    assert report.complete
    assert [(step.step, step.items, step.charge.units) for step in report.steps] == [
        ("embed_g2", len(TEXTS), plan["embed_g2"].units)
    ]
    assert list(emulator.stats()["by_operation"]) == ["Embeddings"]
    assert column(db, DIMENSIONS.format("notes_embeddings")) == [1536]
    assert column(db, DIMENSIONS.format("notes_embeddings_g2")) == [256]
    assert len(await search(engine, client, "notes", "a lovely garden")) == 10
    assert len(await search(engine, client, "notes", "a lovely garden", step="embed_g2")) == 10
    # What changes meanwhile reaches both.
    db.execute("UPDATE notes SET body = 'Another text.' WHERE id = 1")
    await engine.run("notes")
    for table in ("notes_embeddings", "notes_embeddings_g2"):
        assert value(db, f"SELECT chunk_text FROM {table} WHERE id = 1") == "Another text."


async def test_readers_are_switched_at_once_and_back(
    engine: pl.Engine, db: psycopg.Connection, client: AsyncClient, emulator: Emulator
) -> None:
    await start(engine, db)
    db.execute("CREATE ROLE generation_reader")
    try:
        db.execute("GRANT SELECT ON notes_embeddings TO generation_reader")
        await begin(engine)
        await engine.run("notes")
        done = await switch(engine)
        assert (done.generation.generation, done.generation.state, done.previous, done.queued) == (2, "current", 1, 0)
        assert column(db, DIMENSIONS.format("notes_embeddings")) == [256]
        assert column(db, DIMENSIONS.format("notes_embeddings_g1")) == [1536]
        assert value(db, "SELECT has_table_privilege('generation_reader', 'notes_embeddings', 'SELECT')") is True
        assert value(db, "SELECT min(embedding_count) FROM notes_enriched") == 1
        assert [step.to_json()["embed"]["dimensions"] for step in (await engine.pipelines())[0].steps] == [256]
        # Nothing is left to do, and what comes goes into the new generation alone.
        emulator.reset()
        assert (await engine.run("notes")).requests == 0
        db.execute("UPDATE notes SET body = 'Another text.' WHERE id = 1")
        report = await engine.run("notes")
        assert [(step.step, step.items) for step in report.steps] == [("embed", 1)]
        assert len(await search(engine, client, "notes", "a lovely garden")) == 10
        # The way back: at once, and then made whole.
        back = await switch(engine, 1)
        assert (back.generation.generation, back.previous, back.queued) == (1, 2, len(TEXTS))
        assert column(db, DIMENSIONS.format("notes_embeddings")) == [1536]
        report = await engine.run("notes")
        assert [(step.step, step.items) for step in report.steps] == [("embed", 1)]
        assert value(db, "SELECT chunk_text FROM notes_embeddings WHERE id = 1") == "Another text."
        names = "SELECT indexname FROM pg_indexes WHERE tablename = 'notes_embeddings' ORDER BY 1"
        assert column(db, names) == ["notes_embeddings_input_hash", "notes_embeddings_pkey"]
    finally:
        db.execute("DROP OWNED BY generation_reader; DROP ROLE generation_reader")


async def test_a_reader_never_sees_anything_but_one_whole_generation(engine: pl.Engine, db: psycopg.Connection) -> None:
    await start(engine, db)
    await begin(engine)
    await engine.run("notes")
    seen: list[tuple[int, list[int]]] = []
    watching, done = asyncio.Event(), asyncio.Event()

    async def watch() -> None:
        async with engine.pool.connection() as connection:
            while not done.is_set():
                rows = await (
                    await connection.execute("SELECT vector_dims(embedding) AS dims FROM notes_embeddings")
                ).fetchall()
                seen.append((len(rows), sorted({row.dims for row in rows})))
                watching.set()

    reader = asyncio.create_task(watch())
    await watching.wait()
    await switch(engine)
    await until(lambda: seen[-1][1] == [256])
    done.set()
    await reader
    assert {(count, *dims) for count, dims in seen} == {(len(TEXTS), 1536), (len(TEXTS), 256)}


async def test_a_generation_that_lacks_results_is_not_switched_to_by_mistake(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    await start(engine, db)
    await begin(engine)
    with pytest.raises(InvalidSpecError, match=r"has results for 0 of 12 rows, and 12 rows wait: run the pipeline"):
        await switch(engine)
    assert column(db, DIMENSIONS.format("notes_embeddings")) == [1536]
    await switch(engine, incomplete=True)
    assert value(db, "SELECT count(*) FROM notes_embeddings") == 0
    assert (await engine.run("notes")).complete
    assert value(db, "SELECT count(*) FROM notes_embeddings") == len(TEXTS)


async def test_nothing_is_switched_under_a_run_that_is_at_work(
    db: psycopg.Connection, open_engine: OpenEngine, make_emulator: MakeEmulator
) -> None:
    slow = make_emulator(latency=1.0)
    async with open_engine(slow.endpoint) as engine:
        await start(engine, db)
        await begin(engine)
        run = asyncio.create_task(engine.run("notes"))
        await until(
            lambda: value(
                db,
                "SELECT count(*) FROM notes_embeddings_g2 FULL JOIN pgazure.queue_notes USING (id)"
                " WHERE lease IS NOT NULL",
            )
        )
        db.execute("UPDATE pgazure.run SET started_at = started_at - interval '1 hour'")
        with pytest.raises(InvalidSpecError, match="a run of pipeline notes is at work"):
            await switch(engine, incomplete=True)
        await run
        await switch(engine)


async def test_apply_leaves_a_generation_alone(engine: pl.Engine, db: psycopg.Connection) -> None:
    await start(engine, db)
    await begin(engine)
    await engine.run("notes")
    await engine.apply(notes(EMBED, pl.analyze_sentiment()))
    assert (await engine.run("notes")).complete
    assert value(db, "SELECT count(*) FROM notes_embeddings_g2") == len(TEXTS)
    async with engine.generations("notes") as generations:
        assert [(each.generation, each.state, each.rows) for each in await generations.describe()] == [
            (1, "current", len(TEXTS)),
            (2, "new", len(TEXTS)),
        ]


async def test_a_row_that_is_deleted_goes_from_every_generation(engine: pl.Engine, db: psycopg.Connection) -> None:
    await start(engine, db)
    await begin(engine)
    await engine.run("notes")
    db.execute("DELETE FROM notes WHERE id = 1")
    assert value(db, "SELECT count(*) FROM notes_embeddings_g2 WHERE id = 1") == 0
    await engine.run("notes")
    await switch(engine)
    db.execute("DELETE FROM notes WHERE id = 2")
    assert value(db, "SELECT count(*) FROM notes_embeddings_g1 WHERE id = 2") == 0


async def test_a_generation_is_dropped_only_where_nobody_sees_it(engine: pl.Engine, db: psycopg.Connection) -> None:
    await start(engine, db)
    await begin(engine)
    async with engine.generations("notes") as generations:
        with pytest.raises(InvalidSpecError, match="generation 1 of step embed is what readers see"):
            await generations.drop("embed", 1)
        with pytest.raises(InvalidSpecError, match="generation 7 of step embed is not there"):
            await generations.drop("embed", 7)
        assert await generations.drop("embed", 2) == "public.notes_embeddings_g2"
    assert value(db, "SELECT count(*) FROM pgazure.generation") == 0
    assert value(db, "SELECT to_regclass('notes_embeddings_g2') IS NULL") is True
    assert (await engine.run("notes")).complete
    assert [step.step for step in (await engine.status("notes"))[0].steps] == ["embed"]


async def test_what_cannot_be_a_generation_is_refused(engine: pl.Engine, db: psycopg.Connection) -> None:
    steps = (
        pl.detect_language(),
        pl.recognize_pii_entities(),
        pl.embed("text-embedding-3-small", input="redacted_text"),
    )
    await start(engine, db, *steps)
    for step, changes, reason in (
        ("embed", {}, "has these parameters already"),
        ("embed", {"table": "other"}, "a generation keeps table of its step"),
        ("embed", {"dimensions": "many"}, "step embed: dimensions"),
        ("nothing", {"model": "other"}, "pipeline notes has no step nothing; it has"),
        ("recognize_pii_entities", {"domain": "phi"}, "since step embed reads what it gives"),
    ):
        async with engine.generations("notes") as generations:
            with pytest.raises(InvalidSpecError, match=reason):
                await generations.open(step, changes)
    await begin(engine)
    with pytest.raises(InvalidSpecError, match="has a new generation already"):
        await begin(engine)


async def test_row_security_is_not_lost_on_the_way(engine: pl.Engine, db: psycopg.Connection) -> None:
    await start(engine, db)
    db.execute("ALTER TABLE notes_embeddings ENABLE ROW LEVEL SECURITY")
    await begin(engine)
    with pytest.raises(SchemaError, match=r"has row level security and public\.notes_embeddings_g2 has not"):
        await switch(engine, incomplete=True)


async def test_vectors_are_compared_by_their_neighbours_and_labels_by_kappa(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    await start(engine, db, EMBED, pl.analyze_sentiment(), pl.extract_key_phrases())
    await begin(engine)
    async with engine.generations("notes") as generations:
        await generations.open("analyze_sentiment", {"language": "de"})
    await engine.run("notes")

    async def likeness(step: str) -> pl.Likeness:
        async with engine.generations("notes") as generations:
            return await generations.compare(step)

    vectors = await likeness("embed")
    assert (vectors.rows, vectors.measure) == (len(TEXTS), "overlap@10")
    assert vectors.value is not None
    assert 0 < vectors.value < 1
    db.execute("UPDATE notes_sentiment SET sentiment = 'positive'")
    db.execute("UPDATE notes_sentiment_g2 SET sentiment = CASE WHEN id <= 3 THEN 'negative' ELSE 'positive' END")
    db.execute("UPDATE notes_sentiment SET sentiment = 'negative' WHERE id <= 6")
    labels = await likeness("analyze_sentiment")
    # Nine of twelve agree; chance alone would give six: (0.75 - 0.5) / (1 - 0.5).
    assert (labels.rows, labels.measure, labels.value, labels.kappa) == (12, "equal labels", 0.75, 0.5)
    assert labels.confusion == (("positive", "positive", 6), ("negative", "negative", 3), ("negative", "positive", 3))


async def test_the_commands_take_a_model_from_new_to_switched(
    engine: pl.Engine, db: psycopg.Connection, cli: Cli, conninfo: str
) -> None:
    await start(engine, db)
    db.execute("CREATE VIEW mine AS SELECT id FROM notes_embeddings")

    async def call(*arguments: str) -> str:
        done = await asyncio.to_thread(cli, "generation", *arguments, "--dsn", conninfo)
        assert done.code == 0, done.err
        return done.out + done.err

    assert "notes_embeddings_g2" in await call("new", "notes", "embed", "--set", "dimensions=128")
    await engine.run("notes")
    assert (await call("compare", "notes", "embed")).startswith("overlap@10: 0.")
    shown = await call("switch", "notes", "embed")
    assert '"dimensions": 128' in shown
    assert "view public.mine still reads generation 1" in shown
    listed = json.loads(await call("list", "notes", "--json"))
    assert [(each["generation"], each["state"]) for each in listed] == [(1, "old"), (2, "current")]
    db.execute("DROP VIEW mine")
    assert await call("drop", "notes", "embed", "1", "--yes") == "dropped public.notes_embeddings_g1\n"
    refused = await asyncio.to_thread(cli, "generation", "new", "notes", "embed", "--set", "model", "--dsn", conninfo)
    assert (refused.code, "write PARAMETER=VALUE" in refused.err) == (2, True)


async def test_another_models_vectors_are_not_mixed_into_a_table_by_apply(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    await start(engine, db)
    other = notes(pl.embed("text-embedding-ada-002"))
    (foreseen,) = (await engine.compare(other)).refused
    assert "pgazure generation new notes embed --set model=text-embedding-ada-002" in foreseen
    with pytest.raises(InvalidSpecError, match="pgazure generation new notes embed --set model=text-embedding-ada-002"):
        await engine.apply(other)
    done = await engine.apply(other, in_place=True)
    assert (done.changed, done.refused) == (["embed"], [])
    assert (await engine.run("notes")).complete
    assert column(db, "SELECT DISTINCT model FROM notes_embeddings") == ["text-embedding-ada-002"]


async def test_a_generation_that_does_not_fit_is_refused_before_anything_is_made(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    await start(engine, db, pl.recognize_pii_entities(), pl.embed("text-embedding-3-small", input="redacted_text"))
    await begin(engine)
    with pytest.raises(InvalidSpecError, match="step embed_g2 reads redacted_text: the pipeline needs exactly one"):
        await engine.apply(notes(EMBED))
    taken = pl.embed("text-embedding-3-small", name="embed_g2", table="notes_taken")
    with pytest.raises(InvalidSpecError, match="two steps are named embed_g2"):
        await engine.apply(notes(pl.recognize_pii_entities(), EMBED, taken))
    assert (await engine.run("notes")).complete
