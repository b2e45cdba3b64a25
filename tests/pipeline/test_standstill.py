"""What concerns a whole step stops that step, blames no row, and says what to do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pgazure.pipeline as pl
from fix_faults import Status, serve_faults
from fix_pipeline import make_notes, notes, services, value
from pgazure.client import AsyncClient

if TYPE_CHECKING:
    import psycopg
    import pytest

    from fix_emulator import MakeEmulator
    from fix_pipeline import OpenEngine
    from pgazure.emulator import Emulator


def steps() -> list:
    return [pl.analyze_sentiment(), pl.translate("de"), pl.embed("text-embedding-3-small", dimensions=8)]


async def test_a_refused_key_stops_its_step_while_the_others_go_on(
    conninfo: str, db: psycopg.Connection, emulator: Emulator, engine: pl.Engine
) -> None:
    make_notes(db, *[f"Note {n}." for n in range(30)])
    await engine.apply(notes(*steps()))
    settings = services(emulator.endpoint) | {"language_key": "not-the-key"}
    async with AsyncClient(**settings) as client, pl.Engine(conninfo, client=client) as wrong:
        report = await wrong.run("notes", batch_rows=5, concurrency=2)
    halt = report.halts["analyze_sentiment"]
    assert list(report.halts) == ["analyze_sentiment"]
    assert (halt.error_class, halt.code) == ("pipeline_permanent", "401")
    assert "AZURE_LANGUAGE_KEY" in halt.message
    assert "not-the-key" not in str(report)
    assert (report.left, report.parked, report.complete) == (30, 0, False)
    assert await engine.errors() == []
    assert value(db, "SELECT count(*) FROM notes_sentiment") == 0
    assert value(db, "SELECT count(*) FROM notes_embeddings") == 30
    # At once: the batches that were already on their way at most.
    assert emulator.stats()["by_operation"]["SentimentAnalysis"]["refused"] <= 2
    (status,) = await engine.status()
    stands = {step.step: step.halt for step in status.steps}
    assert stands == {"analyze_sentiment": halt, "translate": None, "embed": None}
    assert status.last_outcome == "halted"
    emulator.reset()
    mended = await engine.run("notes")
    assert mended.complete
    assert list(emulator.stats()["by_operation"]) == ["SentimentAnalysis"]
    (status,) = await engine.status()
    assert all(step.halt is None for step in status.steps)


async def test_a_missing_endpoint_names_the_setting(
    conninfo: str, db: psycopg.Connection, emulator: Emulator, engine: pl.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_LANGUAGE_ENDPOINT", raising=False)
    make_notes(db, "One.")
    await engine.apply(notes(*steps()))
    settings = {name: each for name, each in services(emulator.endpoint).items() if not name.startswith("language")}
    async with AsyncClient(**settings) as client, pl.Engine(conninfo, client=client) as wrong:
        report = await wrong.run("notes")
    assert list(report.halts) == ["analyze_sentiment"]
    assert "set AZURE_LANGUAGE_ENDPOINT" in report.halts["analyze_sentiment"].message
    assert (await engine.run("notes")).complete


async def test_a_service_that_is_down_stands_still_for_now(
    db: psycopg.Connection, engine: pl.Engine, open_engine: OpenEngine
) -> None:
    make_notes(db, "One.", "Two.")
    await engine.apply(notes(*steps()))
    async with serve_faults() as faults:
        gone = faults.endpoint
    async with open_engine(gone, max_attempts=2) as cut_off:
        report = await cut_off.run("notes")
    assert set(report.halts) == {"analyze_sentiment", "translate", "embed"}
    assert {(halt.error_class, halt.code) for halt in report.halts.values()} == {("pipeline_temporary", "NotSent")}
    assert report.left == 2
    assert await engine.errors() == []
    assert (await engine.run("notes")).complete


async def test_a_deployment_that_answers_with_other_vectors_stands_still(
    db: psycopg.Connection, open_engine: OpenEngine, engine: pl.Engine
) -> None:
    make_notes(db, "One.", "Two.")
    await engine.apply(notes(pl.embed("text-embedding-3-small"), pl.analyze_sentiment()))
    async with serve_faults() as faults, open_engine(faults.endpoint) as other:
        # It answers with four dimensions where none are asked for.
        report = await other.run("notes")
    assert list(report.halts) == ["embed"]
    assert "vectors of 4 dimensions" in report.halts["embed"].message
    assert "1536" in report.halts["embed"].message
    assert await engine.errors() == []
    assert value(db, "SELECT count(*) FROM notes_sentiment") == 2


async def test_steps_that_wait_for_one_that_stands_still_wait_with_it(
    conninfo: str, db: psycopg.Connection, emulator: Emulator, engine: pl.Engine
) -> None:
    make_notes(db, "Call 206-555-0143 today, or write to me.")
    await engine.apply(notes(pl.recognize_pii_entities(), pl.embed("text-embedding-3-small", input="redacted_text")))
    settings = services(emulator.endpoint) | {"language_key": "wrong"}
    async with AsyncClient(**settings) as client, pl.Engine(conninfo, client=client) as wrong:
        report = await wrong.run("notes")
    assert list(report.halts) == ["recognize_pii_entities"]
    assert report.left == 1
    assert value(db, "SELECT count(*) FROM notes_embeddings") == 0, "nothing of the text itself"
    assert (await engine.run("notes")).complete
    assert "206" not in value(db, "SELECT chunk_text FROM notes_embeddings")


async def test_a_quota_slows_a_run_down_and_fails_no_row(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine
) -> None:
    tight = make_emulator(rpm=240, tpm=24_000)
    make_notes(db, *[f"A short note about day number {n} of the journey." for n in range(150)])
    async with open_engine(tight.endpoint) as engine:
        await engine.apply(notes(pl.analyze_sentiment(), pl.embed("text-embedding-3-small", dimensions=8)))
        report = await engine.run("notes", batch_rows=25)
        assert report.complete, report
        assert await engine.errors() == []
    assert tight.stats()["throttled"] > 0, "the quota was never met"
    assert tight.stats()["repeats"] == 0
    assert value(db, "SELECT count(*) FROM notes_sentiment") == 150
    assert value(db, "SELECT count(*) FROM notes_embeddings") == 150


async def test_a_row_that_is_throttled_to_the_end_is_neither_blamed_nor_lost(
    db: psycopg.Connection, open_engine: OpenEngine
) -> None:
    make_notes(db, "One.")
    async with serve_faults() as faults, open_engine(faults.endpoint, max_attempts=1) as engine:
        await engine.apply(notes(pl.analyze_sentiment()))
        faults.posts.append(Status(429))
        stop = asyncio.Event()
        report = await engine.run("notes", stop=stop, on_progress=lambda seen: stop.set() if seen.requests else None)
        assert (report.requests, report.left, report.parked, dict(report.halts)) == (1, 1, 0, {})
        assert await engine.errors() == []
        assert (await engine.run("notes")).complete
