"""Pipelines that were applied before there were bundles get theirs with the migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgazure.pipeline as pl
from fix_pipeline import value
from pgazure.pipeline.storage.schema import migrations

if TYPE_CHECKING:
    import psycopg

COLUMNS = (
    "SELECT attname, format_type(atttypid, atttypmod), attnotnull, attstorage::text FROM pg_attribute"
    " WHERE attrelid = 'pgazure.bundles_notes'::regclass AND attnum > 0 ORDER BY attnum"
)


async def test_a_pipeline_of_before_gets_the_table_that_a_new_one_has(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute("CREATE DOMAIN pair AS int[]")
    db.execute(
        'CREATE TABLE notes (id pair, "no. %" char(8), at timestamptz(3), body text, PRIMARY KEY (id, at, "no. %"))'
    )
    await engine.apply(pl.Pipeline("notes", source=pl.table_source("notes", text="body"), steps=[pl.chunk()]))
    before = db.execute(COLUMNS).fetchall()
    db.execute("DROP TABLE pgazure.bundles_notes CASCADE")
    db.execute(
        'CREATE VIEW pgazure.pending_notes AS SELECT id, at, "no. %", due_at, lease, run_id, attempts FROM'
        ' pgazure.queue_notes UNION ALL SELECT id, at, "no. %", min(changed_at), NULL, NULL, 0 FROM pgazure.changes_notes'
        ' GROUP BY id, at, "no. %"'
    )
    (bundles,) = [each for each in migrations() if each.name == "bundles"]
    db.execute("DELETE FROM pgazure.migration WHERE version = %s", [bundles.version])
    assert await engine.init() == [bundles]
    assert db.execute(COLUMNS).fetchall() == before
    # The triggers of before work on; the next change to them brings the view along.
    db.execute("INSERT INTO notes VALUES ('{1,2}', 'a', now(), 'A note.')")
    db.execute("COMMENT ON FUNCTION pgazure.capture_notes() IS 'of before'")
    assert (await engine.run("notes")).rows == 1
    await engine.apply(pl.Pipeline("notes", source=pl.table_source("notes", text="body"), steps=[pl.chunk()]))
    assert value(db, "SELECT count(*) FROM pgazure.pending_notes") == 0
