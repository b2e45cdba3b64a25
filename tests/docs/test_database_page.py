"""docs/reference/database.md describes the database that pgazure really makes."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

import pgazure.pipeline as pl
from pgazure.pipeline.specification.spec import STEPS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "database.md"
SECTION = re.compile(r"^### (?P<title>.+)\n(?P<body>(?:(?!#{1,3} ).*\n)*)", re.MULTILINE)
ROW = re.compile(r"^\| `(?P<column>\w+)` \| `(?P<type>[^`]+)` \|", re.MULTILINE)
PROVENANCE = [
    ("call_id", "uuid"),
    ("model", "text"),
    ("input_hash", "bytea"),
    ("enriched_at", "timestamp with time zone"),
]
KEY = [("Part no", "uuid"), ("id", "numeric(12,0)")]


@pytest.fixture(scope="module")
def described() -> dict[str, list[tuple[str, str]]]:
    """Columns and types by table, as the page has them."""
    sections = SECTION.finditer(PAGE.read_text(encoding="utf-8"))
    titles = {s["title"].replace("\\", "").replace("<pipeline>", "reviews"): s["body"] for s in sections}
    return {title: [(r["column"], r["type"]) for r in ROW.finditer(body)] for title, body in titles.items()}


@pytest.fixture
async def applied(conninfo):
    """A database with a pipeline of every step over a table with an unusual key."""
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        await connection.execute(
            'CREATE TABLE reviews ("Part no" uuid, id numeric(12), body text, PRIMARY KEY ("Part no", id))'
        )
    steps = [
        pl.detect_language(),
        pl.analyze_sentiment(),
        pl.extract_key_phrases(),
        pl.recognize_entities(),
        pl.recognize_pii_entities(),
        pl.translate("de"),
        pl.summarize_extractive(),
        pl.summarize_abstractive(),
        pl.chunk(),
        pl.embed("text-embedding-3-small"),
        pl.linked_entities(),
        pl.transliterate("ja", "Jpan", "Latn"),
        pl.analyze_opinions(),
        pl.recognize_healthcare_entities(),
        pl.recognize_custom_entities("p", "d"),
        pl.classify_single_label("p", "d"),
        pl.classify_multi_label("p", "d"),
        pl.generate(),
        pl.extract("product"),
        pl.is_true("Good: {input}"),
        pl.rank("sea"),
        pl.invoke(),
        pl.call("shop:tone", returns={"tone": "text"}),
    ]
    assert {step.operation for step in steps} == STEPS.keys()
    async with pl.Engine(conninfo) as engine:
        await engine.init()
        await engine.apply(pl.Pipeline("reviews", source=pl.table_source("reviews", text="body"), steps=steps))
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        yield connection


async def columns_of(connection, schema, kinds):
    cursor = await connection.execute(
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = %s::regnamespace AND c.relkind = ANY (%s) ORDER BY c.relname, a.attnum",
        (schema, kinds),
    )
    found = {}
    for table, column, kind in await cursor.fetchall():
        found.setdefault(table, []).append((column, kind))
    return found


async def test_every_table_of_the_schema_is_described_with_its_columns(applied, described):
    found = await columns_of(applied, "pgazure", ["r"])
    past = {table: found.pop(table) for table in list(found) if table.startswith("past_")}
    results = await columns_of(applied, "public", ["r"])
    (replaced,) = described["pgazure.past_reviews$<step>"]
    for columns in past.values():
        left_out = {"target_language", "chunk_index", "chunk_text"}
        assert [*(each for each in columns[:-1])] in [
            [each for each in result if each[0] not in left_out] for result in results.values()
        ]
        assert columns[-1] == replaced
    found["past_reviews$<step>"] = [replaced]
    for table, columns in found.items():
        own = (
            [column for column in columns if column not in KEY]
            if table in {"queue_reviews", "changes_reviews"}
            else [column for column in columns if column not in [(name, f"{kind}[]") for name, kind in KEY]]
        )
        assert described[f"pgazure.{table}"] == own, table
    assert {title for title in described if title.startswith("pgazure.")} == {f"pgazure.{table}" for table in found}


async def test_every_result_table_is_described_with_its_columns(applied, described):
    found = await columns_of(applied, "public", ["r"])
    del found["reviews"]
    for table, columns in found.items():
        assert columns == [*KEY, *described[table], *PROVENANCE], table
    assert {title for title in described if title.startswith("reviews_")} == found.keys()


async def test_the_view_has_the_columns_described_in_their_order(applied):
    found = await columns_of(applied, "public", ["v"])
    page = PAGE.read_text(encoding="utf-8").partition("\n## The view\n")[2]
    rows = re.findall(r"^\| `\w+` \| (.+) \|$", page, re.MULTILINE)
    shown = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert [name for name, _ in found["reviews_enriched"]] == ["Part no", "id", "body", *shown]


async def test_types_and_triggers_are_described(applied):
    page = PAGE.read_text(encoding="utf-8")
    for name in ("entity", "sentence", "linked_entity", "linked_entity_match"):
        cursor = await applied.execute(
            "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)"
            " FROM pg_attribute WHERE attrelid = %s::regclass",
            (f"pgazure.{name}",),
        )
        assert f"| `pgazure.{name}` | `({(await cursor.fetchone())[0]})` |" in page
    cursor = await applied.execute("SELECT unnest(enum_range(NULL::pgazure.error_class))::text")
    labels = ", ".join(f"`{label}`" for (label,) in await cursor.fetchall())
    assert f"| `pgazure.error_class` | {labels} |" in page
    cursor = await applied.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'reviews'::regclass AND NOT tgisinternal ORDER BY tgname"
    )
    events = [name.removeprefix("pgazure_reviews_") for (name,) in await cursor.fetchall()]
    assert sorted(events) == ["delete", "insert", "truncate", "update"]
    section = page.partition("## Triggers on the source")[2].partition("\n## ")[0]
    assert all(f"_{event}`" in section for event in events)


async def test_the_views_to_watch_have_the_columns_described_in_their_order(applied):
    found = await columns_of(applied, "pgazure", ["v"])
    page = PAGE.read_text(encoding="utf-8").partition("\n## Views to watch\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `pgazure\.(\w+)` \| .+? \| (.+) \|$", page, re.MULTILINE)
    described = {view: re.findall(r"`(\w+)`", columns) for view, columns in rows}
    assert described.keys() == {"status", "step_status", "failed", "spend"}
    for view, columns in described.items():
        assert [name for name, _ in found[view]] == columns, view
