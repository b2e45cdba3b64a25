"""Plans, the ledger and budgets."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import add_notes, make_notes, notes, services, value
from pgazure.client import AsyncClient

if TYPE_CHECKING:
    import psycopg

    from fix_emulator import MakeEmulator
    from fix_pipeline import OpenEngine
    from pgazure.emulator import Emulator

SPENT = "SELECT coalesce(sum(price), 0) FROM pgazure.ledger"


def texts(count: int) -> list[str]:
    return [f"On day {n} of the journey the sun was shining and all of us were happy." for n in range(count)]


async def test_a_plan_sends_nothing_and_writes_nothing(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, *texts(5))
    await engine.apply(notes(pl.analyze_sentiment(), pl.chunk(), pl.embed("text-embedding-3-small")))
    emulator.reset()
    await engine.plan("notes")
    assert emulator.stats()["requests"] == 0
    assert value(db, "SELECT count(*) FROM pgazure.run") == 0
    assert value(db, "SELECT count(*) FROM pgazure.queue_notes WHERE attempts > 0 OR lease IS NOT NULL") == 0


async def test_a_plan_counts_rows_texts_and_what_is_known(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "One.", "One.", "Two.", None, "  ")
    await engine.apply(notes(pl.analyze_sentiment(), pl.translate(["de", "fr"])))
    plan = await engine.plan("notes")
    assert (plan.rows, plan.empty, plan.source_rows) == (5, 2, 5)
    counts = {step.step: (step.texts, step.distinct, step.known, step.units, step.exact) for step in plan.steps}
    assert counts == {"analyze_sentiment": (3, 2, 0, 2, True), "translate": (6, 4, 0, 16, True)}
    await engine.run("notes")
    add_notes(db, "One.", "Three.")
    plan = await engine.plan("notes")
    assert (plan.rows, plan.empty, plan.source_rows) == (2, 0, 7)
    counts = {step.step: (step.texts, step.distinct, step.known, step.units, step.exact) for step in plan.steps}
    assert counts == {"analyze_sentiment": (2, 2, 1, 1, True), "translate": (4, 4, 2, 12, True)}


LONG = "The valley was quiet in the morning, and the river ran slowly past the mill. "


async def test_an_exact_plan_is_what_the_ledger_says_afterwards(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    bodies = [*texts(40), *texts(10), LONG * 5, LONG * 20, LONG * 90, LONG * 700, "Ünïcödé " * 300, "🙂" * 1500]
    make_notes(db, *bodies)
    steps = [
        pl.analyze_sentiment(),
        pl.extract_key_phrases(),
        pl.translate(["de", "fr", "it"]),
        pl.summarize_extractive(),
        pl.chunk(),
        pl.embed("text-embedding-3-small", dimensions=8),
    ]
    await engine.apply(notes(*steps))
    plan = await engine.plan("notes")
    report = await engine.run("notes")
    assert report.complete
    planned = {step.step: (step.units, step.price) for step in plan.steps if step.unit}
    assert all(step.exact for step in plan.steps)
    assert planned == {step.step: (step.charge.units, step.charge.price) for step in report.steps}
    assert plan.price == report.price == value(db, SPENT)
    assert report.requests == emulator.stats()["requests"] - emulator.stats()["by_operation"].get("jobs", {}).get(
        "requests", 0
    )


async def test_a_plan_says_where_it_cannot_know(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, *texts(3))
    await engine.apply(
        notes(pl.recognize_pii_entities(), pl.chunk(), pl.embed("text-embedding-3-small", input="redacted_text"))
    )
    exact = {step.step: step.exact for step in (await engine.plan("notes")).steps}
    assert exact == {"recognize_pii_entities": True, "chunk": False, "embed": False}


async def test_every_request_is_in_the_ledger(engine: pl.Engine, db: psycopg.Connection, emulator: Emulator) -> None:
    make_notes(db, *texts(25))
    await engine.apply(notes(pl.analyze_sentiment(), pl.translate("de"), pl.embed("text-embedding-3-small")))
    report = await engine.run("notes")
    assert value(db, "SELECT count(*) FROM pgazure.ledger") == emulator.stats()["requests"] == report.requests
    rows = db.execute(
        "SELECT step, service, operation, model, sum(items), sum(characters), unit, sum(units), min(status_code),"
        " bool_and(request_id <> ''), bool_and(endpoint = %s), bool_and(duration_ms >= 0), bool_and(started_at <= now())"
        " FROM pgazure.ledger GROUP BY 1, 2, 3, 4, 7 ORDER BY 1",
        [emulator.endpoint],
    ).fetchall()
    characters = sum(map(len, texts(25)))
    good = (200, True, True, True, True)
    tokens = emulator.stats()["by_operation"]["Embeddings"]["tokens"]
    assert rows == [
        (
            "analyze_sentiment",
            "language",
            "analyze_sentiment",
            "azure-ai-language",
            25,
            characters,
            "text record",
            25,
            *good,
        ),
        ("embed", "openai", "create_embeddings", "text-embedding-3-small", 25, characters, "token", tokens, *good),
        ("translate", "translator", "translate", "azure-ai-translator", 25, characters, "character", characters, *good),
    ]


async def test_a_request_that_fails_is_in_the_ledger_and_costs_nothing(
    conninfo: str, db: psycopg.Connection, engine: pl.Engine, emulator: Emulator
) -> None:
    make_notes(db, "One.")
    await engine.apply(notes(pl.analyze_sentiment()))
    async with (
        AsyncClient(**services(emulator.endpoint, "wrong")) as client,
        pl.Engine(conninfo, client=client) as other,
    ):
        report = await other.run("notes")
    assert db.execute("SELECT status_code, error_code, units, price FROM pgazure.ledger").fetchall() == [
        (401, "401", 0, 0)
    ]
    assert (report.requests, report.price) == (1, 0)


@pytest.mark.parametrize("concurrency", [1, 6])
async def test_a_run_ends_before_its_budget_is_crossed(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine, concurrency: int
) -> None:
    slow = make_emulator(latency=0.02)
    make_notes(db, *texts(60))
    async with open_engine(slow.endpoint) as engine:
        # A row costs 0.001 USD in each of the two steps.
        await engine.apply(notes(pl.analyze_sentiment(), pl.extract_key_phrases(), budget="0.05 USD/run"))
        report = await engine.run("notes", batch_rows=5, concurrency=concurrency)
        assert report.stopped is not None
        assert "budget of 0.05 USD/run" in report.stopped
        assert report.left > 0
        assert not report.complete
        assert Decimal("0.03") < report.price <= Decimal("0.05")
        assert value(db, SPENT) == report.price
        # What was paid for is written, not thrown away with the batch that came too late.
        results = value(db, "SELECT (SELECT count(*) FROM notes_sentiment) + (SELECT count(*) FROM notes_key_phrases)")
        assert results == slow.stats()["items"]
        assert results * Decimal("0.001") == report.price
        assert (await engine.status())[0].last_outcome == "stopped"
        assert await engine.errors() == []
        for _ in range(3):
            report = await engine.run("notes", batch_rows=5, concurrency=concurrency)
        assert report.complete, "a budget for each run lets the runs finish together"
        assert slow.stats()["repeats"] == 0


async def test_a_budget_of_a_day_counts_what_earlier_runs_spent(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, *texts(30))
    await engine.apply(notes(pl.analyze_sentiment(), budget="0.04 USD/day"))
    assert (await engine.run("notes")).complete
    add_notes(db, *[f"More of day {n}, which was as fine as the first." for n in range(30)])
    report = await engine.run("notes", batch_rows=5, concurrency=1)
    assert report.stopped is not None
    assert value(db, SPENT) == Decimal("0.04")
    emulator.reset()
    assert (await engine.run("notes", batch_rows=5)).stopped is not None
    assert emulator.stats()["requests"] == 0
    db.execute("UPDATE pgazure.spending SET day = day - 1")
    assert (await engine.run("notes", batch_rows=5)).complete, "a new day"
    # A budget that is raised takes effect with apply.
    add_notes(db, *[f"And then, on day {n}, it rained." for n in range(30)])
    assert (await engine.run("notes", batch_rows=5)).stopped is not None
    await engine.apply(notes(pl.analyze_sentiment(), budget="1 USD/day"))
    assert (await engine.run("notes")).complete


async def test_what_costs_nothing_goes_on_over_budget(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "One.")
    await engine.apply(notes(pl.chunk(), pl.analyze_sentiment(), budget="0 USD/run"))
    report = await engine.run("notes")
    assert report.stopped is not None
    assert (report.requests, report.left) == (0, 1)
    assert value(db, "SELECT count(*) FROM notes_chunks") == 1


async def test_a_price_of_ones_own_is_what_is_reckoned_with(
    conninfo: str, db: psycopg.Connection, client: AsyncClient
) -> None:
    make_notes(db, *texts(10))
    prices = {"language": {"analyze_sentiment": 25}, "openai": {"mine": 1000.0}}
    async with pl.Engine(conninfo, client=client, prices=prices) as engine:
        await engine.init()
        await engine.apply(notes(pl.analyze_sentiment(), pl.embed("mine", dimensions=4)))
        plan = await engine.plan("notes")
        report = await engine.run("notes")
    assert {step.step: step.charge.price for step in report.steps} == {
        "analyze_sentiment": Decimal("0.25"),
        "embed": Decimal(report.steps[1].charge.units) / 1000,
    }
    assert plan.price == report.price
