"""What was spent is told by day, pipeline and operation, in Python, on the command line and in SQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import make_notes, notes, value
from pgazure.errors import InvalidSpecError

if TYPE_CHECKING:
    import psycopg

    from fix_pipeline import Cli, OpenEngine
    from pgazure.emulator import Emulator

TODAY = datetime.now(UTC).date()


@pytest.fixture
async def spent(engine: pl.Engine, db: psycopg.Connection) -> pl.RunReport:
    """A pipeline that has run once, on two days as far as the ledger knows."""
    make_notes(db, "The house was lovely.", "Such a noisy street.", "The house was lovely.")
    await engine.apply(notes(pl.analyze_sentiment(), pl.translate(["de", "fr"])))
    report = await engine.run("notes")
    db.execute("UPDATE pgazure.ledger SET started_at = started_at - interval '1 day' WHERE step = 'analyze_sentiment'")
    assert value(db, "SELECT count(DISTINCT started_at::date) FROM pgazure.ledger") == 2
    return report


async def test_the_sum_of_all_groups_is_what_the_run_cost(engine: pl.Engine, spent: pl.RunReport) -> None:
    for by in (("day",), ("pipeline",), ("step", "model"), ("day", "pipeline", "operation")):
        groups = await engine.spend("notes", by=by)
        assert sum((each.price for each in groups), Decimal(0)) == spent.price > 0
        assert sum(each.requests for each in groups) == spent.requests
        assert all(set(each.group) == set(by) for each in groups)
    (whole,) = await engine.spend(by=["pipeline"])
    assert whole.units == {step.charge.unit: step.charge.units for step in spent.steps}
    assert (whole.items, whole.refused) == (sum(step.items for step in spent.steps), 0)


async def test_spend_since_a_day_leaves_out_the_days_before(engine: pl.Engine, spent: pl.RunReport) -> None:
    days = await engine.spend(by=["day", "step"])
    assert [(each.group["day"], each.group["step"]) for each in days] == [
        (TODAY - timedelta(days=1), "analyze_sentiment"),
        (TODAY, "translate"),
    ]
    assert [each.group["step"] for each in await engine.spend(by=["step"], since=TODAY)] == ["translate"]
    assert await engine.spend(since=TODAY + timedelta(days=1)) == []


async def test_requests_that_a_service_refused_are_counted(
    open_engine: OpenEngine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, "The house was lovely.")
    async with open_engine(emulator.endpoint, "a wrong key") as engine:
        await engine.init()
        await engine.apply(notes(pl.analyze_sentiment()))
        await engine.run("notes")
        (group,) = await engine.spend()
    assert (group.requests, group.refused, group.price) == (1, 1, 0)


async def test_spend_stays_when_its_pipeline_is_gone(
    engine: pl.Engine, db: psycopg.Connection, spent: pl.RunReport
) -> None:
    db.execute("DELETE FROM pgazure.pipeline")
    (group,) = await engine.spend(by=["pipeline"])
    assert (group.group, group.price) == ({"pipeline": None}, spent.price)


async def test_a_wrong_grouping_or_pipeline_is_named(engine: pl.Engine) -> None:
    for by in (["month"], []):
        with pytest.raises(InvalidSpecError, match="summed up by day, pipeline, step, service, operation, model"):
            await engine.spend(by=by)
    with pytest.raises(InvalidSpecError, match="there is no pipeline nope"):
        await engine.spend("nope")


def test_the_command_prints_a_table_and_json(cli: Cli, conninfo: str, spent: pl.RunReport) -> None:
    shown = cli("spend", "notes", "--dsn", conninfo, "--by", "step")
    assert shown.code == 0
    assert "analyze_sentiment" in shown.out
    assert f"{spent.price:,.4f} USD at list prices" in shown.out
    groups = json.loads(cli("spend", "--dsn", conninfo, "--json").out)
    assert sum(each["price"] for each in groups) == pytest.approx(float(spent.price))
    assert {each["group"]["pipeline"] for each in groups} == {"notes"}
    wrong = cli("spend", "--dsn", conninfo, "--by", "month")
    assert (wrong.code, "summed up by day" in wrong.err) == (2, True)


def test_the_view_shows_the_same(db: psycopg.Connection, spent: pl.RunReport) -> None:
    assert value(db, "SELECT sum(price) FROM pgazure.spend WHERE pipeline = 'notes'") == spent.price
