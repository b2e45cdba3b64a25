"""The demonstration, on the sample rows and on anybody's own."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import psycopg
import pytest

from fix_pipeline import column

if TYPE_CHECKING:
    from pathlib import Path

    from fix_pipeline import Cli

ROWS = "\n".join(f'{n},Oslo,"The flat no. {n} was lovely, and Anna was a good host."' for n in range(1, 7))


def write(tmp_path: Path, content: str | bytes) -> str:
    file = tmp_path / "My Guests (2).csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


def test_the_demonstration_tells_its_whole_story(cli: Cli) -> None:
    outcome = cli("demo")
    assert outcome.code == 0, outcome.err
    for title in (
        "rows to do",
        "Ten enriched rows",
        "Sentiment by listing_id",
        "Most frequent key phrases",
        "Personal data, redacted",
        "Translations",
        "Summary of row",
        "Search for “quiet place to work remotely”, words that stand in no row",
        "What stands in the database",
        "The second run worked on 3 rows and paid for them alone",
        "0 texts came twice",
    ):
        assert title in outcome.out, title
    assert "Traceback" not in outcome.err


def test_ones_own_rows_are_kept_and_can_be_opened_again(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pgazure.embedded import EmbeddedPostgres

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    file = write(tmp_path, f"number,town,opinion\n{ROWS}\n")
    outcome = cli(
        "demo", "--csv", file, "--text", "opinion", "--key", "number", "--search", "nice rooms", "--keep", "--json"
    )
    assert outcome.code == 0, outcome
    told = json.loads(outcome.out)
    story = told["demonstration"]
    assert story["table"] == "my_guests_2"
    assert (story["run"]["rows"], story["second_run"]["rows"]) == (6, 4)
    assert (story["changed"], story["deleted"]) == (["1", "2", "3"], ["6"])
    assert told["received"]["repeats"] == 0
    assert len(story["findings"]["hits"]) == 5
    try:
        with EmbeddedPostgres(told["kept"]) as server, psycopg.connect(server.conninfo) as kept:
            assert column(kept, "SELECT number FROM my_guests_2_enriched ORDER BY 1") == [1, 2, 3, 4, 5]
    finally:
        shutil.rmtree(told["kept"])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("id,text\n1,a\n", "there is no column comments; there are: id, text"),
        ("number,comments\n1,a\n", "there is no column id; there are: number, comments"),
        ("id,comments\n1,a\n1,b\n", "column id cannot be the key: its values must be distinct"),
        ("id,comments\n1,a\n,b\n", "column id cannot be the key: its values must be distinct and not empty"),
        ("id,comments\n", "has no rows"),
        ("", "is not a CSV file"),
        ("id,comments\n1,a,b\n", "record 2 has 3 cells, the line of headings has 2"),
        ("id,comments\n1\n", "record 2 has 1 cells"),
        ("id,comments\n1,a\0b\n", "record 2 holds a NUL character"),
        ("id,id\n1,a\n", "two columns named id"),
        ('id,comments\n1,"a', "is not a CSV file in UTF-8"),
        ("id,comments\n1,caf\xe9\n".encode("latin-1"), "is not a CSV file in UTF-8"),
    ],
)
def test_rows_that_cannot_be_loaded_are_refused_with_where_and_why(
    cli: Cli, tmp_path: Path, content: str | bytes, complaint: str
) -> None:
    outcome = cli("demo", "--csv", write(tmp_path, content))
    assert outcome.code == 2, outcome
    assert complaint in outcome.err
    assert "Traceback" not in outcome.err


def test_a_file_that_is_not_there_is_named(cli: Cli) -> None:
    outcome = cli("demo", "--csv", "nowhere.csv")
    assert outcome.code == 2
    assert "cannot read nowhere.csv" in outcome.err
