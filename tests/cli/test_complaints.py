"""A user's mistake is answered in one line that says what to do, never with a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import make_conninfo

from fix_pipeline import environment, make_notes

if TYPE_CHECKING:
    import psycopg

    from fix_pipeline import Cli
    from pgazure.emulator import Emulator

FILE = """
[pipelines.notes]
source = { table = "notes", text = "body" }
[[pipelines.notes.steps]]
analyze_sentiment = {}
"""


@pytest.fixture
def installed(cli: Cli, conninfo: str, db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    monkeypatch.setenv("PGAZURE_DSN", conninfo)
    (tmp_path / "pgazure.toml").write_text(FILE, encoding="utf-8")
    assert cli("init").code == 0
    return cli


def complained(cli: Cli, *arguments: str) -> tuple[int, str]:
    outcome = cli(*arguments)
    assert outcome.code != 0, outcome
    assert "Traceback" not in outcome.out + outcome.err
    assert any(line.startswith(("pgazure: ", "Usage: ")) for line in outcome.err.splitlines()), outcome
    return outcome.code, outcome.err


@pytest.mark.parametrize("command", ["apply", "plan", "run", "status", "errors", "retry notes", "search notes x"])
def test_a_database_without_the_schema_ends_with_three_and_is_sent_to_init(
    cli: Cli, conninfo: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.setenv("PGAZURE_DSN", conninfo)
    (tmp_path / "pgazure.toml").write_text(FILE, encoding="utf-8")
    code, err = complained(cli, *command.split())
    assert code == 3
    assert "run pgazure init" in err


@pytest.mark.parametrize(
    "command", ["init", "apply", "plan", "run", "status", "errors", "retry notes", "search notes x"]
)
def test_a_server_that_is_not_there_ends_with_two_and_shows_no_password(cli: Cli, tmp_path: Path, command: str) -> None:
    (tmp_path / "pgazure.toml").write_text(FILE, encoding="utf-8")
    code, err = complained(cli, *command.split(), "--dsn", "postgresql://me:s3cret@127.0.0.1:1/db")
    assert code == 2
    assert "cannot connect to the database" in err
    assert "s3cret" not in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("dsn", ["postgresql://me:s3cret@[broken/db", "host=x password=s3cret nonsense", "s3cret"])
def test_a_connection_string_that_cannot_be_read_is_not_repeated(cli: Cli, dsn: str) -> None:
    code, err = complained(cli, "init", "--dsn", dsn)
    assert code == 2
    assert "connection string of the database cannot be read" in err
    assert "s3cret" not in err
    assert "s3cret" not in cli("doctor", "--dsn", dsn).out


def test_a_refused_password_is_not_repeated(cli: Cli, conninfo: str) -> None:
    wrong = make_conninfo(conninfo, user="nobody_of_this_name", password="s3cret", host="127.0.0.1")
    _, err = complained(cli, "init", "--dsn", wrong)
    assert "s3cret" not in err


@pytest.mark.parametrize(
    ("text", "command", "complaint"),
    [
        (None, "apply", "cannot read pgazure.toml: No such file"),
        ("[pipelines.notes", "apply", "pgazure.toml is not valid TOML"),
        ("[pipelines.notes", "plan", "pgazure.toml is not valid TOML"),
        ("", "apply", "describes no pipeline"),
        ("[pipelines.notes]\nsource = 3\nsteps = []", "apply", "pipeline notes: source"),
        (FILE.replace("analyze_sentiment", "analyse_sentiment"), "apply", "there is no operation 'analyse_sentiment'"),
        (FILE, "apply others", "describes no pipeline others; it describes: notes"),
        (FILE, "apply", "there is no table public.notes"),
        (FILE + "\n[prices.language]\nsing = 1", "plan", "there is no operation sing"),
        (FILE, "plan nobody", "there is no pipeline nobody"),
        (FILE, "run nobody", "there is no pipeline nobody"),
        (FILE, "status nobody", "there is no pipeline nobody"),
        (FILE, "retry nobody", "there is no pipeline nobody"),
        (FILE, "search nobody x", "there is no pipeline nobody"),
        (FILE, "run --batch-rows 0", "batch-rows"),
        (FILE, "run --concurrency many", "concurrency"),
        (FILE, "errors --class sad", "there is no class sad of errors"),
        (FILE, "nonsense", "No such command"),
        (FILE, "apply --file nowhere.toml", "cannot read nowhere.toml"),
    ],
)
def test_wrong_usage_and_wrong_files_end_with_two(
    installed: Cli, tmp_path: Path, text: str | None, command: str, complaint: str
) -> None:
    file = tmp_path / "pgazure.toml"
    file.write_text(text, encoding="utf-8") if text is not None else file.unlink()
    code, err = complained(installed, *command.split())
    assert code == 2, err
    assert complaint in err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["retry", "notes", "--key", "2"], "write COLUMN=VALUE"),
        (["retry", "notes", "--key", "code=2"], "the key of public.notes is id"),
        (["retry", "notes", "--step", "sentiment"], "has no step sentiment; it has: analyze_sentiment"),
        (["search", "notes", "garden"], "pipeline notes has no embed step"),
        (["search", "notes", "  "], "the phrase is empty"),
    ],
)
def test_what_a_pipeline_does_not_have_ends_with_two(
    installed: Cli, db: psycopg.Connection, arguments: list[str], complaint: str
) -> None:
    make_notes(db, "One.")
    assert installed("apply").code == 0
    code, err = complained(installed, *arguments)
    assert code == 2, err
    assert complaint in err


def test_a_result_table_that_is_gone_ends_with_three(
    installed: Cli, db: psycopg.Connection, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, each in environment(emulator.endpoint).items():
        monkeypatch.setenv(name, each)
    make_notes(db, "One.")
    installed("apply")
    db.execute("DROP TABLE notes_sentiment CASCADE")
    code, err = complained(installed, "run")
    assert code == 3
    assert 'the database refuses: relation "public.notes_sentiment" does not exist' in err


def test_a_run_without_any_setting_says_what_to_set(installed: Cli, db: psycopg.Connection) -> None:
    make_notes(db, "One.")
    installed("apply")
    code, err = complained(installed, "run")
    assert code == 4
    assert "set AZURE_LANGUAGE_ENDPOINT" in err


def test_settings_that_cannot_be_used_end_with_two_or_four_and_show_no_key(
    installed: Cli, db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_notes(db, "One.")
    installed("apply")
    monkeypatch.setenv("AZURE_LANGUAGE_ENDPOINT", "http://elsewhere.example.com")
    monkeypatch.setenv("AZURE_LANGUAGE_KEY", "k3y-nobody-may-see")
    code, err = complained(installed, "run")
    assert code == 4
    assert "must start with https://" in err
    assert "k3y-nobody-may-see" not in err


def test_the_doctor_tells_what_is_missing_from_what_is_optional(
    installed: Cli, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = installed("doctor")
    assert outcome.code == 0, outcome
    assert "optional" in outcome.out
    monkeypatch.setenv("AZURE_LANGUAGE_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("AZURE_LANGUAGE_KEY", "k3y-nobody-may-see")
    outcome = installed("doctor", "--dsn", "postgresql://me:s3cret@127.0.0.1:1/db")
    assert outcome.code == 1
    assert "cannot be reached" in outcome.out
    assert "s3cret" not in outcome.out
    assert "k3y-nobody-may-see" not in outcome.out


def pgazure(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("pgazure")
    kept = {name: each for name, each in os.environ.items() if not name.startswith(("AZURE_", "PG"))}
    return subprocess.run(
        [command, *arguments], capture_output=True, text=True, env=kept | more, timeout=60, check=False
    )


def test_the_installed_command_ends_with_the_same_codes(conninfo: str, tmp_path: Path) -> None:
    file = tmp_path / "pgazure.toml"
    file.write_text(FILE, encoding="utf-8")
    for arguments, code in (
        (["--version"], 0),
        ([], 2),
        (["status", "--dsn", conninfo], 3),
        (["init", "--dsn", conninfo], 0),
        (["apply", "--dsn", conninfo, "--file", str(file)], 2),
    ):
        done = pgazure(*arguments)
        assert done.returncode == code, done
        assert "Traceback" not in done.stderr


def test_the_emulator_command_says_where_it_listens_and_ends_quietly(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("pgazure")
    process = subprocess.Popen(
        [command, "emulator", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("Azure AI emulator at http://127.0.0.1:")
        exports = [process.stdout.readline() for _ in range(3)]
        endpoint = first.split()[-1]
        assert exports[0] == f"export AZURE_LANGUAGE_ENDPOINT={endpoint}\n"
        taken = pgazure("emulator", "--port", endpoint.rpartition(":")[2])
        assert taken.returncode == 2
        assert "in use" in taken.stderr
        assert pgazure("emulator", "--host", "0.0.0.0").returncode == 2
        assert pgazure("emulator", "--latency", "soon").returncode == 2
        process.terminate()
        _, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, "")
    finally:
        process.kill()
        process.communicate()
