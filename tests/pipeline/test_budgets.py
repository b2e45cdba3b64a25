"""Budgets of a run, a day and a pipeline hold for all the runs that share them."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import add_notes, make_notes, notes, until, value
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.enrichment import planning

if TYPE_CHECKING:
    import psycopg

    from fix_emulator import MakeEmulator
    from fix_pipeline import OpenEngine, Start
    from pgazure.emulator import Emulator

SPENT = "SELECT coalesce(sum(price), 0) FROM pgazure.ledger"


def texts(count: int, about: str = "day") -> list[str]:
    return [f"On {about} {n} of the journey the sun was shining and all of us were happy." for n in range(count)]


async def test_runs_at_the_same_time_share_the_budget_of_the_day(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine
) -> None:
    slow = make_emulator(latency=0.03)
    make_notes(db, *texts(120))
    async with (
        open_engine(slow.endpoint) as one,
        open_engine(slow.endpoint) as two,
        open_engine(slow.endpoint) as three,
    ):
        # A row costs 0.001 USD in each of the two steps.
        await one.apply(notes(pl.analyze_sentiment(), pl.extract_key_phrases(), budget="0.06 USD/day"))
        reports = await asyncio.gather(*(each.run("notes", batch_rows=4, concurrency=4) for each in (one, two, three)))
    assert all(report.stopped for report in reports)
    assert Decimal("0.05") < value(db, SPENT) <= Decimal("0.06")
    assert (
        sum(report.price for report in reports) == value(db, SPENT) == value(db, "SELECT price FROM pgazure.spending")
    )
    assert slow.stats()["items"] <= 60
    assert value(db, "SELECT count(*) FROM pgazure.reservation") == 0


async def test_what_a_killed_worker_had_reserved_comes_back_with_its_end(
    engine: pl.Engine, db: psycopg.Connection, make_emulator: MakeEmulator, start: Start
) -> None:
    make_notes(db, *texts(30))
    await engine.apply(notes(pl.analyze_sentiment(), budget="0.03 USD/day"))
    frozen = make_emulator(latency=60.0)
    async with start(frozen.endpoint, "run", "notes") as process:
        await until(lambda: value(db, "SELECT coalesce(sum(price), 0) FROM pgazure.reservation") == Decimal("0.03"))
        add_notes(db, *texts(1, "night"))
        report = await engine.run("notes")
        assert report.stopped is not None, "all of the budget is reserved by the other run"
        assert report.requests == 0
        process.kill()
        await process.wait()
    report = await engine.run("notes", batch_rows=5)
    assert Decimal("0.02") < report.price <= Decimal("0.03")
    assert value(db, "SELECT count(*) FROM pgazure.reservation") == 0


async def test_the_budget_of_a_pipeline_is_for_all_its_days(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, *texts(20))
    await engine.apply(notes(pl.analyze_sentiment(), budget="0.02 USD/day, 0.03 USD/pipeline"))
    assert (await engine.run("notes", batch_rows=5)).complete
    add_notes(db, *texts(20, "night"))
    report = await engine.run("notes", batch_rows=5)
    assert "budget of 0.02 USD/day" in (report.stopped or "")
    db.execute("UPDATE pgazure.spending SET day = day - 1")
    report = await engine.run("notes", batch_rows=5, concurrency=1)
    assert "budget of 0.03 USD/pipeline" in (report.stopped or "")
    assert value(db, SPENT) == Decimal("0.03")


async def test_a_budget_counts_on_when_the_ledger_is_pruned(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, *texts(20))
    await engine.apply(notes(pl.analyze_sentiment(), budget="0.02 USD/pipeline"))
    assert (await engine.run("notes")).complete
    db.execute("DELETE FROM pgazure.ledger")
    add_notes(db, "One more.")
    assert (await engine.run("notes")).stopped is not None


@pytest.mark.parametrize(
    "budget", ["5 USD", "5 EUR/day", "5 USD/day, 3 USD/day", "5 USD/day,", "-1 USD/run", "5 USD/day; 3 USD/run"]
)
def test_a_budget_that_cannot_be_read_is_refused(budget: str) -> None:
    with pytest.raises(InvalidSpecError, match="budget"):
        notes(pl.chunk(), budget=budget)


def test_budgets_are_spelled_as_they_were_written() -> None:
    spelled = notes(pl.chunk(), budget="1 USD/run, 5 USD/day, 300 USD/pipeline").to_json()["budget"]
    assert spelled == "1 USD/run, 5 USD/day, 300 USD/pipeline"
    assert "budget" not in notes(pl.chunk()).to_json()


LONG = "The valley was quiet in the morning, and the river ran slowly past the mill. "


async def test_a_plan_of_more_texts_than_it_remembers_looks_at_a_part_of_them(
    engine: pl.Engine, db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_notes(db)
    # Each text stands twice, far apart: the first is forgotten by then, unless it stands for others.
    db.execute("INSERT INTO notes SELECT n, 'Note number ' || n % 4000 || '.' FROM generate_series(1, 8000) AS n")
    await engine.apply(notes(pl.analyze_sentiment(language="en")))
    [exact] = (await engine.plan("notes")).steps
    assert (exact.exact, exact.texts, exact.distinct, exact.units) == (True, 8000, 4000, 4000)
    monkeypatch.setattr(planning, "REMEMBERED", 500)
    [about] = (await engine.plan("notes")).steps
    assert (about.exact, about.texts) == (False, 8000)
    assert about.distinct == about.units == pytest.approx(4000, rel=0.1)
    assert about.price == pytest.approx(exact.price, rel=Decimal("0.1"))


@pytest.mark.parametrize("step", ["record", "character", "token", "chunked token"])
async def test_a_plan_is_within_one_percent_of_the_ledger(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator, step: str
) -> None:
    bodies = [*texts(30), *texts(10), LONG * 20, LONG * 90, LONG * 700, "Ünïcödé " * 300, "🙂" * 1500]
    make_notes(db, *(bodies if step != "token" else bodies[:42]))
    embed = pl.embed("text-embedding-3-small", dimensions=8)
    steps = {
        "record": [pl.recognize_entities(), pl.summarize_abstractive()],
        "character": [pl.translate(["de", "fr"])],
        "token": [embed],
        "chunked token": [pl.chunk(chunk_size=64, overlap=16), embed],
    }[step]
    await engine.apply(notes(*steps))
    plan = await engine.plan("notes")
    assert all(each.exact for each in plan.steps)
    assert plan.price > 0
    report = await engine.run("notes")
    assert report.complete
    assert abs(plan.price - report.price) <= report.price / 100
    assert value(db, "SELECT price FROM pgazure.spending") == report.price == value(db, SPENT)
