"""Writes to the source queue what they change, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

import pgazure.pipeline as pl
from fix_pipeline import column, make_notes, notes, value
from pgazure.pipeline.enrichment.runner import LEASE
from pgazure.pipeline.revision.apply import read_pipeline
from pgazure.pipeline.storage.queue import Queue

if TYPE_CHECKING:
    from pgazure.emulator import Emulator

QUEUED = "SELECT id FROM pgazure.pending_notes ORDER BY id"


@pytest.fixture
async def settled(engine: pl.Engine, db: psycopg.Connection) -> pl.Engine:
    """A table of three rows, enriched, with an empty queue."""
    make_notes(db, "I love it.", "I hate it.", "It is there.")
    await engine.apply(notes(pl.analyze_sentiment(), pl.chunk()))
    assert (await engine.run("notes")).complete
    assert column(db, QUEUED) == []
    return engine


async def test_an_insert_queues_its_rows(settled: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("INSERT INTO notes VALUES (7, 'new'), (8, 'newer')")
    assert column(db, QUEUED) == [7, 8]


async def test_a_copy_queues_its_rows(settled: pl.Engine, db: psycopg.Connection) -> None:
    with db.cursor().copy("COPY notes (id, body) FROM STDIN") as copy:
        for number in range(10, 13):
            copy.write_row((number, f"row {number}"))
    assert column(db, QUEUED) == [10, 11, 12]


async def test_an_update_of_the_text_queues_the_rows_that_really_changed(
    settled: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute("UPDATE notes SET body = CASE id WHEN 2 THEN 'better now' ELSE body END")
    assert column(db, QUEUED) == [2]
    await settled.run("notes")
    assert value(db, "SELECT chunk_text FROM notes_chunks WHERE id = 2") == "better now"


async def test_an_update_of_another_column_queues_nothing(settled: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("UPDATE notes SET stars = 5")
    assert column(db, QUEUED) == []


async def test_on_conflict_queues_what_it_inserts_and_what_it_changes(
    settled: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute(
        "INSERT INTO notes VALUES (1, 'I love it.'), (2, 'changed'), (9, 'new')"
        " ON CONFLICT (id) DO UPDATE SET body = excluded.body"
    )
    assert column(db, QUEUED) == [2, 9]
    db.execute("INSERT INTO notes VALUES (3, 'ignored') ON CONFLICT DO NOTHING")
    assert column(db, QUEUED) == [2, 9]


async def test_a_delete_takes_the_results_along_and_the_next_run_forgets_the_row(
    settled: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    emulator.reset()
    db.execute("DELETE FROM notes WHERE id = 2")
    assert column(db, "SELECT id FROM notes_sentiment ORDER BY id") == [1, 3]
    assert (await settled.run("notes")).complete
    assert column(db, QUEUED) == []
    assert emulator.stats()["requests"] == 0


@pytest.mark.parametrize("statement", ["TRUNCATE notes", "TRUNCATE notes CASCADE", "DELETE FROM notes"])
async def test_what_empties_the_table_leaves_no_result_behind(
    settled: pl.Engine, db: psycopg.Connection, statement: str
) -> None:
    db.execute("INSERT INTO notes VALUES (7, 'waiting')")
    db.execute(statement)
    for table in ("notes_sentiment", "notes_chunks"):
        assert value(db, f"SELECT count(*) FROM {table}") == 0, table
    assert (await settled.run("notes")).complete
    for table in ("pgazure.pending_notes", "pgazure.error"):
        assert value(db, f"SELECT count(*) FROM {table}") == 0, table


async def test_a_row_keeps_its_results_under_a_new_key_and_none_is_paid_for_again(
    settled: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    emulator.reset()
    before = db.execute("SELECT id + 100, sentiment, positive_score FROM notes_sentiment ORDER BY id").fetchall()
    db.execute("UPDATE notes SET id = id + 100")
    assert (await settled.run("notes", batch_rows=1, concurrency=1)).complete
    assert emulator.stats()["requests"] == 0
    after = db.execute("SELECT id, sentiment, positive_score FROM notes_sentiment ORDER BY id").fetchall()
    assert after == before


async def test_results_of_a_step_that_was_removed_go_with_their_row(settled: pl.Engine, db: psycopg.Connection) -> None:
    await settled.apply(notes(pl.chunk()))
    db.execute("DELETE FROM notes WHERE id = 1")
    assert column(db, "SELECT id FROM notes_sentiment ORDER BY id") == [2, 3]
    db.execute("SET session_replication_role = replica")
    db.execute("DELETE FROM notes WHERE id = 2")
    db.execute("RESET session_replication_role")
    db.execute("UPDATE notes SET id = 4 WHERE id = 3")
    await settled.run("notes")
    assert column(db, "SELECT id FROM notes_sentiment ORDER BY id") == [2]


async def test_results_that_lost_their_row_unnoticed_are_found_by_the_next_change_of_the_steps(
    settled: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute("SET session_replication_role = replica")
    db.execute("DELETE FROM notes WHERE id = 2")
    db.execute("RESET session_replication_role")
    assert column(db, "SELECT id FROM notes_sentiment ORDER BY id") == [1, 2, 3]
    await settled.apply(notes(pl.analyze_sentiment(), pl.chunk(chunk_size=64, overlap=0)))
    assert (await settled.run("notes")).complete
    assert column(db, "SELECT id FROM notes_sentiment ORDER BY id") == [1, 3]


async def test_keys_that_change_places_keep_each_its_own_result(settled: pl.Engine, db: psycopg.Connection) -> None:
    before = dict(db.execute("SELECT id, body FROM notes").fetchall())
    with db.transaction():
        db.execute("UPDATE notes SET id = -1 WHERE id = 1")
        db.execute("UPDATE notes SET id = 1 WHERE id = 2")
        db.execute("UPDATE notes SET id = 2 WHERE id = -1")
    assert (await settled.run("notes")).complete
    assert dict(db.execute("SELECT id, chunk_text FROM notes_chunks").fetchall()) == {
        1: before[2],
        2: before[1],
        3: before[3],
    }


async def test_what_is_rolled_back_queues_nothing(settled: pl.Engine, db: psycopg.Connection) -> None:
    with db.transaction(force_rollback=True):
        db.execute("UPDATE notes SET body = 'never'")
        db.execute("INSERT INTO notes VALUES (50, 'never')")
        assert len(column(db, QUEUED)) == 4
    assert column(db, QUEUED) == []


async def test_results_go_when_the_text_goes_and_come_back_with_it(settled: pl.Engine, db: psycopg.Connection) -> None:
    texts = "SELECT count(*) FROM notes_sentiment WHERE id = 1"
    for gone in (None, "", "  \n\t "):
        db.execute("UPDATE notes SET body = %s WHERE id = 1", [gone])
        assert (await settled.run("notes")).complete
        assert value(db, texts) == 0, repr(gone)
        assert value(db, "SELECT count(*) FROM notes_chunks WHERE id = 1") == 0
        db.execute("UPDATE notes SET body = 'back again' WHERE id = 1")
        assert (await settled.run("notes")).complete
        assert value(db, texts) == 1, repr(gone)


async def test_a_writer_without_any_right_on_pgazure_can_write(settled: pl.Engine, db: psycopg.Connection) -> None:
    role = f"writer_{db.info.dbname}"
    db.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    try:
        db.execute(sql.SQL("GRANT INSERT, UPDATE, DELETE, SELECT ON notes TO {}").format(sql.Identifier(role)))
        db.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute(QUEUED)
        db.execute("INSERT INTO notes VALUES (4, 'theirs')")
        db.execute("UPDATE notes SET body = 'theirs too' WHERE id = 1")
        db.execute("DELETE FROM notes WHERE id = 2")
        db.execute("RESET ROLE")
        assert column(db, QUEUED) == [1, 2, 4]
    finally:
        db.execute("RESET ROLE")
        db.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
        db.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@pytest.mark.parametrize(
    ("kind", "first", "other"),
    [
        ("json", '{"a": 1}', '{"a":  1}'),
        ("xml", "<a>1</a>", "<a>2</a>"),
        ("point", "(1,2)", "(1,3)"),
        ("text[]", "{a,b}", "{a,c}"),
        ("jsonb", '{"a": 1}', '{"a": 2}'),
    ],
)
async def test_columns_without_an_equality_operator_can_be_watched(
    engine: pl.Engine, db: psycopg.Connection, kind: str, first: str, other: str
) -> None:
    db.execute(f"CREATE TABLE notes (id int PRIMARY KEY, body {kind}, stars int)")
    try:
        db.execute(f"INSERT INTO notes VALUES (1, %s::{kind})", [first])
    except psycopg.errors.FeatureNotSupported:
        pytest.skip(f"this server was built without {kind}")
    await engine.apply(notes(pl.chunk()))
    assert (await engine.run("notes")).complete
    db.execute("UPDATE notes SET stars = 1")
    assert column(db, QUEUED) == []
    db.execute(f"UPDATE notes SET body = %s::{kind}", [other])
    assert column(db, QUEUED) == [1]
    assert (await engine.run("notes")).complete
    assert value(db, "SELECT chunk_text FROM notes_chunks") == value(db, "SELECT body::text FROM notes")


async def test_a_change_of_case_is_seen_where_the_collation_does_not_tell_cases_apart(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    try:
        db.execute("CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("this server was built without ICU")
    db.execute("CREATE TABLE notes (id int PRIMARY KEY, body text COLLATE blind)")
    db.execute("INSERT INTO notes VALUES (1, 'quiet')")
    await engine.apply(notes(pl.chunk()))
    await engine.run("notes")
    db.execute("UPDATE notes SET body = 'QUIET'")
    await engine.run("notes")
    assert value(db, "SELECT chunk_text FROM notes_chunks") == "QUIET"


async def test_partitions_are_watched_through_their_table(engine: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("CREATE TABLE notes (id int PRIMARY KEY, body text) PARTITION BY RANGE (id)")
    db.execute("CREATE TABLE low PARTITION OF notes FOR VALUES FROM (0) TO (10)")
    db.execute("CREATE TABLE high PARTITION OF notes FOR VALUES FROM (10) TO (20)")
    db.execute("INSERT INTO notes VALUES (1, 'one'), (11, 'eleven')")
    await engine.apply(notes(pl.chunk()))
    assert (await engine.run("notes")).rows == 2
    db.execute("UPDATE notes SET body = body || '!', id = id + 5")
    assert (await engine.run("notes")).complete
    assert db.execute("SELECT id, chunk_text FROM notes_chunks ORDER BY id").fetchall() == [
        (6, "one!"),
        (16, "eleven!"),
    ]


async def test_pipelines_over_one_table_each_see_its_changes(settled: pl.Engine, db: psycopg.Connection) -> None:
    other = pl.Pipeline("others", source=pl.table_source("notes", text="{stars}"), steps=[pl.chunk()])
    await settled.apply(other)
    await settled.run("others")
    db.execute("UPDATE notes SET stars = 4 WHERE id = 1")
    assert column(db, QUEUED) == []
    assert column(db, "SELECT id FROM pgazure.pending_others") == [1]


async def test_a_column_that_was_renamed_does_not_stop_the_writers_of_the_table(
    settled: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute("ALTER TABLE notes RENAME COLUMN body TO remark")
    db.execute("UPDATE notes SET remark = 'written under the new name' WHERE id = 1")
    assert column(db, QUEUED) == [1]
    db.execute("ALTER TABLE notes RENAME COLUMN remark TO body")
    db.execute("UPDATE notes SET id = id")
    assert column(db, QUEUED) == [1]
    assert (await settled.run("notes")).complete


RENAMED = {
    "the table": "CREATE TABLE notes (id int PRIMARY KEY, body text)",
    "a partition whose columns stand in another order": """
        CREATE TABLE notes (gone int, id int PRIMARY KEY, body text) PARTITION BY RANGE (id);
        ALTER TABLE notes DROP COLUMN gone;
        CREATE TABLE part (body text, id int NOT NULL);
        ALTER TABLE notes ATTACH PARTITION part FOR VALUES FROM (0) TO (1000)""",
}


@pytest.mark.parametrize("replicated", [False, True])
@pytest.mark.parametrize("what", RENAMED)
async def test_writers_go_on_where_the_key_was_renamed_and_nothing_is_lost(
    engine: pl.Engine, db: psycopg.Connection, what: str, replicated: bool
) -> None:
    db.execute(RENAMED[what])
    db.execute("INSERT INTO notes (id, body) SELECT n, 'Note ' || n FROM generate_series(1, 5) AS n")
    source = pl.table_source("notes", text="body", replicated=replicated)
    spec = pl.Pipeline("notes", source=source, steps=[pl.chunk()])
    await engine.apply(spec)
    assert (await engine.run("notes")).complete
    table = "part" if what.startswith("a partition") else "notes"
    db.execute("ALTER TABLE notes RENAME COLUMN id TO number")
    db.execute(f"INSERT INTO {table} (number, body) VALUES (6, 'Note 6')")
    db.execute(f"UPDATE {table} SET body = 'Note two' WHERE number = 2")
    db.execute(f"UPDATE {table} SET number = 30 WHERE number = 3")
    db.execute(f"DELETE FROM {table} WHERE number = 4")
    assert column(db, "SELECT DISTINCT id FROM pgazure.changes_notes ORDER BY id") == [2, 3, 4, 6, 30]
    assert column(db, "SELECT id FROM notes_chunks ORDER BY id") == [1, 2, 3, 5]
    assert (await engine.apply(spec)).renamed == ["id → number"]
    assert (await engine.run("notes")).complete
    assert db.execute("SELECT number, chunk_text FROM notes_chunks ORDER BY number").fetchall() == [
        (1, "Note 1"),
        (2, "Note two"),
        (5, "Note 5"),
        (6, "Note 6"),
        (30, "Note 3"),
    ]


async def test_a_writer_is_told_what_to_do_where_the_key_is_gone(settled: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("ALTER TABLE notes DROP COLUMN id CASCADE")
    warnings = []
    db.add_notice_handler(lambda d: warnings.append((d.severity, d.message_primary, d.message_hint)))
    db.execute("UPDATE notes SET body = 'written all the same' WHERE body = 'I love it.'")
    ((severity, message, hint),) = warnings
    assert severity == "WARNING"
    assert "public.notes has not the key any more" in (message or "")
    assert "pgazure apply" in (hint or "")


async def test_a_write_takes_one_transaction_number_however_many_statements_it_has(
    settled: pl.Engine, db: psycopg.Connection
) -> None:
    number = "SELECT pg_current_xact_id()::text::bigint"
    with db.transaction():
        first = value(db, number)
        for turn in range(5):
            db.execute("INSERT INTO notes VALUES (%s, 'new')", [turn + 10])
            db.execute("UPDATE notes SET body = body || '!'")
            db.execute("DELETE FROM notes WHERE id = %s", [turn + 10])
    assert value(db, number) == first + 1


async def test_every_key_of_a_large_write_is_queued_once(engine: pl.Engine, db: psycopg.Connection) -> None:
    db.execute('CREATE TABLE notes (shop text, "no. %" int, body text, PRIMARY KEY (shop, "no. %"))')
    await engine.apply(notes(pl.chunk()))
    written = "SELECT 'shop ' || n %% 7, n, 'A note.' FROM generate_series(%s::int, %s::int) AS n"
    # More than go one by one, as slices of one array, and as arrays of their own.
    for first, last in ((1, 999), (1000, 2000), (2001, 5000), (5001, 118_000)):
        db.execute(f"INSERT INTO notes {written}", [first, last])
    missing = 'SELECT count(*) FROM (SELECT shop, "no. %%" FROM notes EXCEPT ALL SELECT shop, "no. %%" FROM {}) AS m'
    assert value(db, "SELECT count(*) FROM pgazure.pending_notes") == 118_000
    assert value(db, missing.format("pgazure.pending_notes")) == 0
    assert value(db, "SELECT max(bundle_size) FROM pgazure.bundles_notes") == 10_000
    assert await engine.has_due("notes")
    db.execute("DELETE FROM pgazure.changes_notes")
    assert await engine.has_due("notes"), "bundles alone are something to do"
    left = value(db, "SELECT sum(bundle_size) FROM pgazure.bundles_notes")
    async with engine.pool.connection() as connection:
        _, _, layout = await read_pipeline(connection, "notes")
        assert await Queue(layout, LEASE).gather(connection) == left
    assert value(db, "SELECT count(*) FROM pgazure.queue_notes") == left
    assert value(db, "SELECT count(*) FROM pgazure.bundles_notes") == 0
    db.execute('DELETE FROM notes WHERE "no. %%" > 2000', [])
    assert value(db, "SELECT sum(bundle_size) FROM pgazure.bundles_notes") == 115_000
    db.execute("TRUNCATE notes")
    assert value(db, "SELECT count(*) FROM pgazure.pending_notes") == 0


async def test_a_key_that_is_an_array_is_kept_whole_in_a_large_write(engine: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("CREATE DOMAIN pair AS int[]")
    db.execute("CREATE TABLE notes (id pair PRIMARY KEY, body text)")
    await engine.apply(notes(pl.chunk()))
    db.execute("INSERT INTO notes SELECT ARRAY[n, n + 1], 'A note.' FROM generate_series(1, 1500) AS n")
    db.execute("INSERT INTO notes VALUES ('{1,2,3}', 'Another.')")
    assert (await engine.run("notes")).rows == 1501
    assert value(db, "SELECT count(*) FROM notes n JOIN notes_chunks c ON c.id = n.id AND chunk_text = body") == 1501


async def test_a_large_update_after_a_small_one_in_the_same_session_takes_no_longer(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute("CREATE TABLE notes (id int PRIMARY KEY, body text, stars int)")
    await engine.apply(notes(pl.chunk()))
    db.execute("INSERT INTO notes SELECT n, 'A note.', 1 FROM generate_series(1, 30000) AS n")
    db.execute("DELETE FROM pgazure.bundles_notes")
    db.execute("DELETE FROM pgazure.changes_notes")
    db.execute("UPDATE notes SET stars = 2 WHERE id = 1")
    # Each row beside each would take more than a minute; each beside its own takes a fraction of a second.
    db.execute("SET statement_timeout = '20s'")
    db.execute("UPDATE notes SET body = CASE WHEN id % 1000 = 0 THEN 'Changed.' ELSE body END")
    assert column(db, QUEUED) == list(range(1000, 30001, 1000))


async def test_a_key_whose_equality_no_join_can_use_is_watched(engine: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("CREATE TYPE plain")
    for made in (
        "plain_in(cstring) RETURNS plain LANGUAGE internal IMMUTABLE STRICT AS 'int4in'",
        "plain_out(plain) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out'",
    ):
        db.execute(f"CREATE FUNCTION {made}")
    db.execute("CREATE TYPE plain (INPUT = plain_in, OUTPUT = plain_out, LIKE = int4)")
    for name, function in (("<", "int4lt"), ("<=", "int4le"), ("=", "int4eq"), (">=", "int4ge"), (">", "int4gt")):
        db.execute(
            f"CREATE FUNCTION plain_{function}(plain, plain) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT"
            f" AS '{function}'"
        )
        db.execute(f"CREATE OPERATOR {name} (FUNCTION = plain_{function}, LEFTARG = plain, RIGHTARG = plain)")
    db.execute("CREATE FUNCTION plain_cmp(plain, plain) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'btint4cmp'")
    db.execute(
        "CREATE OPERATOR CLASS plain_ops DEFAULT FOR TYPE plain USING btree AS OPERATOR 1 <, OPERATOR 2 <=,"
        " OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 plain_cmp(plain, plain)"
    )
    db.execute("CREATE TABLE notes (id plain PRIMARY KEY, body text)")
    await engine.apply(notes(pl.chunk()))
    db.execute("INSERT INTO notes VALUES ('1', 'One.'), ('2', 'Two.')")
    db.execute("TRUNCATE pgazure.changes_notes")
    db.execute("UPDATE notes SET body = CASE id::text WHEN '2' THEN 'Two!' ELSE body END")
    assert column(db, "SELECT id::text FROM pgazure.pending_notes") == ["2"]
