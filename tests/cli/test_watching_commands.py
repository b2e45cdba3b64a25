"""The commands for those who watch: status, check, prices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import add_notes, make_notes, notes

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from fix_pipeline import Cli


@pytest.fixture
async def ran(engine: pl.Engine, db: psycopg.Connection) -> None:
    """A pipeline that has run, with one row parked."""
    make_notes(db, "The house was lovely.")
    await engine.apply(notes(pl.analyze_sentiment(language="xx"), pl.chunk()))
    await engine.run("notes")


def test_check_ends_with_one_and_a_line_for_each_problem(
    cli: Cli, conninfo: str, ran: None, db: psycopg.Connection
) -> None:
    assert cli("check", "--dsn", conninfo) == type(cli("check", "--dsn", conninfo))(0, "ok: 1 pipeline\n", "")
    failed = cli("check", "notes", "--dsn", conninfo, "--max-lag", "15m", "--max-failed", "0")
    assert (failed.code, failed.out) == (1, "notes: 1 rows have failed, more than 0\n")
    add_notes(db, "Later.")
    db.execute("UPDATE pgazure.changes_notes SET changed_at = now() - interval '16 min'")
    late = cli("check", "--dsn", conninfo, "--max-lag", "15m", "--json")
    assert late.code == 1
    (problem,) = json.loads(late.out)
    assert (problem["pipeline"], problem["what"]) == ("notes", "lag")
    assert cli("check", "--dsn", conninfo, "--max-lag", "1h", "--max-failed", "1").code == 0
    wrong = cli("check", "--dsn", conninfo, "--max-lag", "15")
    assert (wrong.code, "such as 15m" in wrong.err) == (2, True)
    assert cli("check", "nope", "--dsn", conninfo).code == 2


def test_status_says_what_is_covered_and_what_it_cost(
    cli: Cli, conninfo: str, ran: None, db: psycopg.Connection
) -> None:
    add_notes(db, "Later.")
    shown = cli("status", "--dsn", conninfo).out
    assert "waiting, coverage 0.0%, the oldest waits for" in shown
    assert "USD today" in shown
    (state,) = json.loads(cli("status", "--dsn", conninfo, "--exact", "--json").out)
    assert (state["coverage"], state["parked"], state["pending"], state["counted"]) == (0.0, 1, 1, True)


def test_prices_are_listed_with_their_date_and_ones_own_are_marked(cli: Cli, tmp_path: Path) -> None:
    listed = json.loads(cli("prices", "--json").out)
    assert listed["as_of"] == "2026-11-22"
    assert {
        "service": "language",
        "name": "analyze_sentiment",
        "unit": "text record",
        "per": 1000,
        "price": 1.0,
        "own": False,
    } in listed["prices"]
    (tmp_path / "pgazure.toml").write_text(
        "[pipelines.notes]\nsource = { table = 'notes', text = 'body' }\nsteps = [{ chunk = {} }]\n"
        "[prices.openai]\nmine = 0.5\n",
        encoding="utf-8",
    )
    shown = cli("prices")
    assert "list prices of 2026-11-22 in USD" in shown.out
    (line,) = [line for line in shown.out.splitlines() if "mine" in line]
    assert line.split() == ["openai", "mine", "0.5000", "1,000,000", "tokens", "your", "own"]
