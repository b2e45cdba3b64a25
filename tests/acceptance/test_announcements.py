"""Runs side by side pay for a text once, and one that is killed keeps nobody waiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pgazure.pipeline as pl
from fix_pipeline import make_notes, notes, services, until, value
from pgazure.client import AsyncClient
from pgazure.search import search

if TYPE_CHECKING:
    import psycopg

    from fix_emulator import MakeEmulator
    from fix_pipeline import OpenEngine, Start

BATCH = 5
# The rows of a claim are followed by two claims of the same texts.
TEXTS = 20
BODIES = [
    f"Letter {text}: the garden is in bloom. We were at the river this morning. And all of us are well, as we hope you are."
    for first in range(0, TEXTS, BATCH)
    for _ in range(3)
    for text in range(first, first + BATCH)
]
ARGUMENTS = ("run", "notes", "--batch-rows", str(BATCH), "--concurrency", "2", "--json")


def steps() -> list:
    return [
        pl.analyze_sentiment(),
        pl.translate(["de", "fr"]),
        pl.chunk(chunk_size=16, overlap=0),
        pl.embed("text-embedding-3-small", dimensions=8),
    ]


async def test_two_processes_that_meet_the_same_texts_at_the_same_time_send_each_once(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine, start: Start
) -> None:
    # So slow that the one has not finished when the other one has started.
    slow = make_emulator(latency=0.5)
    make_notes(db, *BODIES)
    async with open_engine(slow.endpoint) as engine:
        await engine.apply(notes(*steps()))
    async with start(slow.endpoint, *ARGUMENTS) as one, start(slow.endpoint, *ARGUMENTS) as other:
        await asyncio.gather(one.communicate(), other.communicate())
    # Each may end while the other one still has rows in hand.
    assert value(db, "SELECT array_agg(outcome) FROM pgazure.run") == ["finished"] * 2
    assert value(db, "SELECT count(*) FROM pgazure.queue_notes") == 0
    for run in (1, 2):
        assert value(db, "SELECT count(*) FROM pgazure.ledger WHERE run_id = %s", run) > 0
    assert slow.stats()["repeats"] == 0
    assert slow.stats()["by_operation"]["SentimentAnalysis"]["items"] == TEXTS
    assert slow.stats()["by_operation"]["Translate"]["items"] == TEXTS * 2
    assert value(db, "SELECT count(*) FROM notes_sentiment") == len(BODIES)
    assert value(db, "SELECT count(*) FROM notes_translations") == 2 * len(BODIES)
    assert value(db, "SELECT count(DISTINCT id) FROM notes_embeddings") == len(BODIES)
    assert value(db, "SELECT count(*) FROM pgazure.announcement") == 0


async def test_two_pipelines_over_a_table_that_run_at_once_pay_for_its_texts_once(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine
) -> None:
    slow = make_emulator(latency=0.05)
    make_notes(db, *dict.fromkeys(BODIES))
    async with open_engine(slow.endpoint) as one, open_engine(slow.endpoint) as other:
        await one.apply(notes(*steps()))
        source = pl.table_source("public.notes", text="body")
        await one.apply(pl.Pipeline("again", source=source, steps=steps()))
        reports = await asyncio.gather(
            one.run("notes", batch_rows=BATCH, concurrency=2), other.run("again", batch_rows=BATCH, concurrency=2)
        )
    assert all(report.complete for report in reports)
    assert all(report.requests for report in reports), "both have sent something"
    assert slow.stats()["repeats"] == 0
    for table in ("notes_sentiment", "again_sentiment"):
        assert value(db, f"SELECT count(*) FROM {table}") == TEXTS
    for table in ("notes_embeddings", "again_embeddings"):
        assert value(db, f"SELECT count(DISTINCT id) FROM {table}") == TEXTS


async def test_what_a_run_has_in_hand_is_waited_for_until_the_run_is_killed(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine, start: Start
) -> None:
    frozen, quick = make_emulator(latency=60.0), make_emulator()
    make_notes(db, *BODIES[: 3 * BATCH])
    async with open_engine(quick.endpoint) as engine:
        await engine.apply(notes(pl.analyze_sentiment()))
        arguments = ("run", "notes", "--batch-rows", str(BATCH), "--concurrency", "1")
        async with start(frozen.endpoint, *arguments) as process:
            await until(lambda: value(db, "SELECT count(*) FROM pgazure.announcement") == 1)
            run = asyncio.create_task(engine.run("notes"))
            # The other rows have been claimed and put back, for their texts are the same.
            await until(lambda: value(db, "SELECT max(run_id) FROM pgazure.queue_notes WHERE lease IS NULL") == 2)
            assert quick.stats()["items"] == 0
            assert await engine.errors() == []
            process.kill()
            await process.wait()
            report = await run
    assert (report.rows, report.complete) == (3 * BATCH, True)
    assert quick.stats()["items"] == BATCH
    assert value(db, "SELECT count(*) FROM notes_sentiment") == 3 * BATCH
    assert value(db, "SELECT count(*) FROM pgazure.announcement") == 0


async def test_searches_for_one_phrase_at_the_same_instant_pay_for_it_once(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine
) -> None:
    slow = make_emulator(latency=0.2)
    make_notes(db, "A quiet garden.", "A loud street.")
    async with (
        open_engine(slow.endpoint) as one,
        open_engine(slow.endpoint) as other,
        AsyncClient(**services(slow.endpoint)) as client,
    ):
        await one.apply(notes(pl.embed("text-embedding-3-small", dimensions=8)))
        await one.run("notes")
        slow.reset()
        phrases = ["where it is calm", "where it is calm", "where cars pass"]
        found = await asyncio.gather(*(search(each, client, "notes", p) for each in (one, other) for p in phrases))
    assert all(len(hits) == 2 for hits in found)
    assert slow.stats()["items"] == 2
    held = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    # A session that was closed a moment ago may still be going.
    await until(lambda: value(db, held) == 0)


async def test_what_a_run_left_behind_is_cleared_by_the_next(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "One.")
    await engine.apply(notes(pl.analyze_sentiment()))
    db.execute(
        "INSERT INTO pgazure.announcement SELECT 999, n, ARRAY[int8send(n)], 'infinity' FROM generate_series(1, 100) AS n"
    )
    assert (await engine.run("notes")).complete
    assert value(db, "SELECT count(*) FROM pgazure.announcement") == 0
