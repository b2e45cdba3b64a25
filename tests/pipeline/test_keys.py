"""Sources as they are found: keys of every type, names that need quoting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg import sql

import pgazure.pipeline as pl
from pgazure.errors import InvalidSpecError

if TYPE_CHECKING:
    import psycopg

KEYS = {
    "bigint": ("id bigint", "id", ["-9223372036854775808", "9223372036854775807"]),
    "text": ("id text", "id", ['it\'s "quoted" \\ 100%', "ключ", " padded ", ""]),
    "varchar": ("id varchar(20)", "id", ["a", "b"]),
    "char": ("id char(8)", "id", ["a", "abc"]),
    "uuid": ("id uuid", "id", ["00000000-0000-0000-0000-000000000001", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    "numeric": ("id numeric", "id", ["1.10", "12345678901234567890.123456789", "NaN"]),
    "timestamptz": ("id timestamptz", "id", ["2024-03-31 02:30:00.123456+01", "infinity"]),
    "date": ("id date", "id", ["2024-02-29", "0044-03-15 BC"]),
    "interval": ("id interval", "id", ["1 mon 2 days -03:00:00", "-1 year"]),
    "float8": ("id float8", "id", ["0.1", "1e308", "-Infinity"]),
    "boolean": ("id boolean", "id", ["true", "false"]),
    "bytea": ("id bytea", "id", ["\\x00ff", "\\x"]),
    "inet": ("id inet", "id", ["10.0.0.1/8", "::1"]),
    "enum": ("id mood", "id", ["calm", "so so"]),
    "domain": ("id code", "id", ["A-1", "B-2"]),
}


@pytest.mark.parametrize("name", KEYS)
async def test_a_key_of_any_type_leads_to_the_results(engine: pl.Engine, db: psycopg.Connection, name: str) -> None:
    definition, key, values = KEYS[name]
    db.execute("CREATE TYPE mood AS ENUM ('calm', 'so so')")
    db.execute("CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]-[0-9]$')")
    db.execute(f"CREATE TABLE things ({definition} PRIMARY KEY, body text)")
    for number, each in enumerate(values):
        db.execute("INSERT INTO things VALUES (%s, %s)", [each, f"Thing {number}."])
    await engine.apply(pl.Pipeline("things", source=pl.table_source("things", text="body"), steps=[pl.chunk()]))
    report = await engine.run("things")
    assert (report.complete, report.rows) == (True, len(values)), report
    joined = f"SELECT count(*) FROM things t JOIN things_chunks c ON c.{key} = t.{key} AND c.chunk_text = t.body"
    assert db.execute(joined).fetchone() == (len(values),)
    db.execute("UPDATE things SET body = body || ' Changed.'")
    assert (await engine.run("things")).complete
    assert db.execute(joined).fetchone() == (len(values),)
    column = db.execute(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'id'",
        ["things"],
    ).fetchone()
    stored = db.execute(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'id'",
        ["things_chunks"],
    ).fetchone()
    assert stored == column


@pytest.mark.parametrize(
    "setting", ["datestyle = 'German, DMY'", "timezone = 'Asia/Kolkata'", "bytea_output = 'escape'"]
)
async def test_the_settings_of_a_database_do_not_bend_keys(
    engine: pl.Engine, db: psycopg.Connection, setting: str
) -> None:
    db.execute(sql.SQL("ALTER DATABASE {} SET {}").format(sql.Identifier(db.info.dbname), sql.SQL(setting)))
    await engine.pool.drain()
    db.execute(f"SET {setting}")
    db.execute("CREATE TABLE things (at timestamptz, raw bytea, body text, PRIMARY KEY (at, raw))")
    db.execute(
        r"INSERT INTO things VALUES ('2024-02-03 23:30:00.5Z', '\x00ff', 'Once.'), ('2024-03-02 00:00Z', '\x', 'Twice.')"
    )
    await engine.apply(pl.Pipeline("things", source=pl.table_source("things", text="body"), steps=[pl.chunk()]))
    assert (await engine.run("things")).complete
    db.execute("UPDATE things SET body = body || '!'")
    assert (await engine.run("things")).rows == 2
    assert db.execute(
        "SELECT count(*) FROM things t JOIN things_chunks c USING (at, raw) WHERE chunk_text = body"
    ).fetchone() == (2,)


async def test_a_key_of_several_columns_is_kept_whole_and_in_order(engine: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("CREATE TABLE lines (body text, word text, page int, PRIMARY KEY (page, word))")
    db.execute("INSERT INTO lines VALUES ('One.', 'a', 1), ('Two.', 'b', 1), ('Three.', 'a', 2)")
    steps = [pl.translate(["de", "fr"]), pl.analyze_sentiment()]
    await engine.apply(pl.Pipeline("lines", source=pl.table_source("lines", text="body"), steps=steps))
    assert (await engine.run("lines")).complete
    assert db.execute("SELECT page, word, target_language, text FROM lines_translations ORDER BY 1, 2, 3").fetchall()[
        :3
    ] == [
        (1, "a", "de", "[de] One."),
        (1, "a", "fr", "[fr] One."),
        (1, "b", "de", "[de] Two."),
    ]
    db.execute("UPDATE lines SET page = 7 WHERE page = 1 AND word = 'b'")
    db.execute("UPDATE lines SET body = 'Third.' WHERE page = 2")
    db.execute("DELETE FROM lines WHERE page = 1")
    assert (await engine.run("lines")).complete
    assert db.execute("SELECT page, word, translations ->> 'de' FROM lines_enriched ORDER BY 1").fetchall() == [
        (2, "a", "[de] Third."),
        (7, "b", "[de] Two."),
    ]


NAMES = [
    "Guest Reviews",
    "100%s {of} %(them)s",
    'say "hi"',
    "отзывы",
    "select",
    "naïve.dotted",
    "back\\slash",
    "semi;--",
]


@pytest.mark.parametrize("name", NAMES)
async def test_any_name_will_do_for_schema_table_and_columns(
    engine: pl.Engine, db: psycopg.Connection, name: str
) -> None:
    quoted = sql.Identifier(name)
    key, body = sql.Identifier(f"{name} key"), sql.Identifier(f"{name}[b]".replace("{", "(").replace("}", ")"))
    # Sent as simple queries: without parameters, a percent sign is a percent sign.
    db.execute(sql.SQL("CREATE SCHEMA {}").format(quoted))
    table = sql.Identifier(name, name)
    db.execute(sql.SQL("CREATE TABLE {} ({} int PRIMARY KEY, {} text, {} text)").format(table, key, body, quoted))
    db.execute(sql.SQL("INSERT INTO {} VALUES (1, 'Lovely.', 'x'), (2, 'Awful.', 'y')").format(table))
    escaped = '"' + name.replace('"', '""') + '"'
    source = pl.table_source(f"{escaped}.{escaped}", text="{" + f"{name}[b]".replace("{", "(").replace("}", ")") + "}")
    steps = [
        pl.detect_language(),
        pl.analyze_sentiment(),
        pl.translate("de"),
        pl.chunk(),
        pl.embed("text-embedding-3-small"),
    ]
    await engine.apply(pl.Pipeline("p", source=source, steps=steps))
    assert (await engine.run("p")).complete
    view = sql.Identifier(name, "p_enriched")
    rows = db.execute(
        sql.SQL("SELECT {}, sentiment, translations ->> 'de', embedding_count FROM {} ORDER BY 1").format(key, view)
    )
    assert rows.fetchall() == [(1, "positive", "[de] Lovely.", 1), (2, "negative", "[de] Awful.", 1)]
    (plan,) = [await engine.plan("p")]
    assert plan.source_rows == 2
    db.execute(sql.SQL("UPDATE {} SET {} = 'Better.'").format(table, body))
    assert (await engine.run("p")).rows == 2
    assert (await engine.apply(pl.Pipeline("p", source=source, steps=steps))).queued == 0


async def test_an_unquoted_name_is_found_as_sql_finds_it(engine: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("CREATE TABLE Reviews (id int PRIMARY KEY, body text)")
    db.execute("INSERT INTO reviews VALUES (1, 'Here.')")
    await engine.apply(pl.Pipeline("p", source=pl.table_source("REVIEWS", text="body"), steps=[pl.chunk()]))
    assert (await engine.run("p")).rows == 1


@pytest.mark.parametrize("name", ["reviews.", ".reviews", "a.b.c", '"open', 'a"b"', '""', "a..b"])
async def test_a_name_that_sql_could_not_read_is_refused(engine: pl.Engine, db: psycopg.Connection, name: str) -> None:
    spec = pl.Pipeline("p", source=pl.table_source(name, text="body"), steps=[pl.chunk()])
    with pytest.raises(InvalidSpecError, match=r"write table or schema\.table|there is no table"):
        await engine.apply(spec)


@pytest.mark.parametrize(
    "column", ["sentiment", "model", "input_hash", "enriched_at", "lease", "due_at", "attempts", "run_id"]
)
async def test_a_key_named_as_a_column_of_ours_is_refused_before_anything_is_made(
    engine: pl.Engine, db: psycopg.Connection, column: str
) -> None:
    db.execute(f"CREATE TABLE things ({column} int PRIMARY KEY, body text)")
    spec = pl.Pipeline("things", source=pl.table_source("things", text="body"), steps=[pl.analyze_sentiment()])
    with pytest.raises(InvalidSpecError, match=f"a key column of public.things is named {column}.*rename"):
        await engine.apply(spec)
    assert await engine.pipelines() == []
    assert db.execute("SELECT to_regclass('pgazure.queue_things'), to_regclass('things_sentiment')").fetchone() == (
        None,
        None,
    )


async def test_the_longest_names_do_not_run_into_each_other(engine: pl.Engine, db: psycopg.Connection) -> None:
    names = ["p" * 39 + letter for letter in "ab"]
    db.execute("CREATE TABLE things (id int PRIMARY KEY, body text)")
    db.execute("INSERT INTO things VALUES (1, 'Good.')")
    for name in names:
        steps = [pl.summarize_abstractive(), pl.summarize_extractive(), pl.analyze_sentiment()]
        await engine.apply(pl.Pipeline(name, source=pl.table_source("things", text="body"), steps=steps))
        assert (await engine.run(name)).complete
        assert db.execute(f"SELECT count(*) FROM {name}_abstractive_summary").fetchone() == (1,)
