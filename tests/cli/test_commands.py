"""Every command: what it prints for people, what for machines, and how it ends."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from fix_pipeline import add_notes, environment, make_notes, value
from pgazure.pipeline.storage.schema import migrations

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from fix_pipeline import Cli
    from pgazure.emulator import Emulator

MIGRATIONS = [f"{each.version:04d}_{each.name}" for each in migrations()]
GOOD = "The house was wonderful and the garden was large."
DUTCH = "Het huis was erg mooi en de tuin was groot. We komen volgend jaar zeker terug met de kinderen."
FILE = """
[pipelines.notes]
source = { table = "notes", text = "body" }
budget = "5 USD/day"

[[pipelines.notes.steps]]
detect_language = {}

[[pipelines.notes.steps]]
recognize_pii_entities = {}

[[pipelines.notes.steps]]
embed = { model = "text-embedding-3-small", dimensions = 16, input = "redacted_text" }
"""


@pytest.fixture
def ready(
    cli: Cli, conninfo: str, db: psycopg.Connection, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Cli:
    """A folder with a file, a database with a table, services in the environment."""
    monkeypatch.setenv("PGAZURE_DSN", conninfo)
    for name, each in environment(emulator.endpoint).items():
        monkeypatch.setenv(name, each)
    make_notes(db, GOOD, DUTCH, None)
    (tmp_path / "pgazure.toml").write_text(FILE, encoding="utf-8")
    return cli


@pytest.fixture
def applied(ready: Cli) -> Cli:
    assert ready("init").code == 0
    assert ready("apply").code == 0
    return ready


def parsed(cli: Cli, *arguments: str, code: int = 0) -> Any:
    outcome = cli(*arguments, "--json")
    assert outcome.code == code, outcome
    assert outcome.err == ""
    return json.loads(outcome.out)


def test_the_whole_way_for_people(ready: Cli, db: psycopg.Connection) -> None:
    init = ready("init")
    assert (init.code, init.out) == (0, f"schema pgazure is up to date ({', '.join(MIGRATIONS)})\n")
    assert ready("init").out == "schema pgazure is up to date (nothing to do)\n"
    apply = ready("apply")
    assert apply.code == 0
    assert "notes: view public.notes_enriched, 3 rows queued" in apply.out
    assert "  new step: embed\n" in apply.out
    assert "  new table: public.notes_pii\n" in apply.out
    plan = ready("plan")
    assert plan.code == 0
    assert "notes: 3 rows to do (1 without text) of 3" in plan.out
    assert "USD at list prices of 20" in plan.out
    run = ready("run")
    assert run.code == 1, "one row has an error"
    assert "notes: 3 rows done in" in run.out
    assert "0 rows left, 1 errors parked" in run.out
    assert "notes: 3/3 rows" in run.err
    status = ready("status")
    assert status.code == 0
    assert "notes: 3 rows in public.notes, 0 waiting (manual)" in status.out
    errors = ready("errors")
    assert errors.code == 0
    assert "UnsupportedLanguageCode" in errors.out
    assert "id=2" in errors.out
    assert "1 errors" in errors.out
    retry = ready("retry", "notes", "--key", "id=2", "--step", "recognize_pii_entities")
    assert (retry.code, retry.out) == (0, "1 rows queued again\n")
    db.execute("UPDATE notes SET body = %s WHERE id = 2", [GOOD])
    assert ready("run", "notes").code == 0
    search = ready("search", "notes", "a large garden", "--limit", "1")
    assert search.code == 0
    assert GOOD in search.out
    for outcome in (init, apply, plan, run, status, errors, retry, search):
        assert "\x1b" not in outcome.out + outcome.err, "no colours where there is no terminal"


def test_the_whole_way_for_machines(ready: Cli) -> None:
    assert parsed(ready, "init") == {"migrations": MIGRATIONS}
    (changes,) = parsed(ready, "apply")
    assert (changes["pipeline"], changes["queued"]) == ("notes", 3)
    (plan,) = parsed(ready, "plan", "notes")
    assert (plan["rows"], [step["step"] for step in plan["steps"]]) == (
        3,
        ["detect_language", "recognize_pii_entities", "embed"],
    )
    (report,) = parsed(ready, "run", code=1)
    assert (report["rows"], report["left"], report["parked"], report["stopped"], report["halts"]) == (3, 0, 1, None, {})
    assert report["price"] > 0
    (status,) = parsed(ready, "status", "notes")
    assert (status["pending"], status["last_outcome"]) == (0, "finished")
    (error,) = parsed(ready, "errors", "notes", "--class", "record_permanent", "--code", "UnsupportedLanguageCode")
    assert error["key"] == {"id": "2"}
    assert parsed(ready, "errors", "--code", "Other") == []
    assert parsed(ready, "retry", "notes", "--code", "UnsupportedLanguageCode") == {"pipeline": "notes", "rows": 1}
    (hit,) = parsed(ready, "search", "notes", "garden")
    assert (hit["key"], hit["columns"]) == ({"id": "1"}, {"body": GOOD})
    assert -1 <= hit["similarity"] <= 1
    findings = {each["what"]: each["state"] for each in parsed(ready, "doctor")}
    assert findings["schema pgazure"] == findings["service language"] == findings["database"] == "ok"


def test_a_run_with_nothing_to_do_is_done(applied: Cli, db: psycopg.Connection) -> None:
    db.execute("TRUNCATE notes CASCADE")
    assert applied("run").code == 0
    assert parsed(applied, "run")[0]["rows"] == 0


def test_the_version_is_that_of_the_package(cli: Cli) -> None:
    assert cli("--version").out == f"pgazure {version('pgazure')}\n"


def test_help_tells_the_exit_codes(cli: Cli) -> None:
    outcome = cli("--help")
    assert outcome.code == 0
    for number in ("0 done", "1 done, but", "2 wrong usage", "3 the database", "4 a service", "5 the budget", "130"):
        assert number in " ".join(outcome.out.split()), number


def test_a_refused_key_ends_with_four_and_says_which_setting(
    applied: Cli, db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_LANGUAGE_KEY", "k3y-nobody-may-see")
    outcome = applied("run")
    assert outcome.code == 4
    assert "step detect_language stands still (401)" in outcome.err
    assert "AZURE_LANGUAGE_KEY" in outcome.err
    assert "k3y-nobody-may-see" not in outcome.out + outcome.err
    status = applied("status")
    assert "step detect_language stands still (401)" in status.err
    assert value(db, "SELECT count(*) FROM pgazure.error") == 0
    monkeypatch.setenv("AZURE_LANGUAGE_KEY", "emulator")
    assert applied("run").code == 1, "done, with the one row that has an error"


def test_a_missing_endpoint_ends_with_four_and_names_it(applied: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT")
    outcome = applied("run")
    assert outcome.code == 4
    assert "step embed stands still" in outcome.err
    assert "set AZURE_OPENAI_ENDPOINT" in outcome.err


def test_a_budget_that_is_used_up_ends_with_five(applied: Cli, tmp_path: Path) -> None:
    (tmp_path / "pgazure.toml").write_text(FILE.replace("5 USD/day", "0.001 USD/day"), encoding="utf-8")
    assert "more than the budget" not in applied("plan").out
    assert applied("apply").code == 0
    assert "more than the budget of 0.001 USD/day: a run stops before it would be crossed" in applied("plan").out
    outcome = applied("run")
    assert outcome.code == 5
    assert "budget of 0.001 USD/day" in outcome.err


def test_prices_of_the_file_are_those_of_the_plan(applied: Cli, tmp_path: Path) -> None:
    free = "\n[prices.language]\ndetect_language = 0\nrecognize_pii_entities = 0\n[prices.openai]\ndefault = 0\ntext-embedding-3-small = 0\n"
    (tmp_path / "mine.toml").write_text(FILE + free, encoding="utf-8")
    assert sum(step["price"] for step in parsed(applied, "plan", "--file", "mine.toml")[0]["steps"]) == 0
    assert sum(step["price"] for step in parsed(applied, "plan")[0]["steps"]) > 0


def test_only_the_pipelines_that_are_named_are_applied(ready: Cli, tmp_path: Path) -> None:
    more = FILE.replace("notes.steps", "more.steps").replace("[pipelines.notes]", "[pipelines.more]")
    (tmp_path / "pgazure.toml").write_text(FILE + more, encoding="utf-8")
    ready("init")
    assert [changes["pipeline"] for changes in parsed(ready, "apply", "more")] == ["more"]
    assert [each["pipeline"] for each in parsed(ready, "status")] == ["more"]


def test_rows_in_the_view_of_the_database_are_what_the_status_counts(applied: Cli, db: psycopg.Connection) -> None:
    applied("run")
    add_notes(db, GOOD)
    (status,) = parsed(applied, "status")
    assert (status["source_rows"], status["pending"]) == (4, 1)


@pytest.mark.parametrize(
    ("given", "endings"),
    [
        (["--dsn"], ["ok"]),
        (["PGAZURE_DSN"], ["ok"]),
        (["PG*"], ["ok"]),
        (["--dsn", "PGAZURE_DSN=wrong"], ["ok"]),
        (["PGAZURE_DSN", "PGHOST=wrong"], ["ok"]),
    ],
)
def test_the_database_is_found_by_option_then_variable_then_libpq(
    cli: Cli, conninfo: str, monkeypatch: pytest.MonkeyPatch, given: list[str], endings: list[str]
) -> None:
    from psycopg.conninfo import conninfo_to_dict

    arguments = ["init"]
    for each in given:
        match each:
            case "--dsn":
                arguments += ["--dsn", conninfo]
            case "PGAZURE_DSN":
                monkeypatch.setenv("PGAZURE_DSN", conninfo)
            case "PG*":
                for name, setting in conninfo_to_dict(conninfo).items():
                    names = {
                        "host": "PGHOST",
                        "port": "PGPORT",
                        "dbname": "PGDATABASE",
                        "user": "PGUSER",
                        "password": "PGPASSWORD",
                    }
                    monkeypatch.setenv(names[name], str(setting))
            case "PGAZURE_DSN=wrong":
                monkeypatch.setenv("PGAZURE_DSN", "host=127.0.0.1 port=1 connect_timeout=1")
            case "PGHOST=wrong":
                monkeypatch.setenv("PGPORT", "1")
                monkeypatch.setenv("PGDATABASE", "nowhere")
    outcome = cli(*arguments)
    assert outcome.code == 0, outcome
