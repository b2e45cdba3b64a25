"""Vectors are stored as asked, found again, and indexed when the table is filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from psycopg import sql

import pgazure.pipeline as pl
from fix_pipeline import add_notes, column, make_notes, notes, until, value
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.storage import indexes
from pgazure.search import search

if TYPE_CHECKING:
    import psycopg

    from pgazure.client import AsyncClient
    from pgazure.emulator import Emulator

TYPE = (
    "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'embedding'"
)
INDEX = "SELECT indexrelid FROM pg_index WHERE indexrelid = to_regclass('notes_embeddings_hnsw') AND indisvalid"
TEXTS = ["The garden is wide and green.", "The bill was wrong twice.", "A quiet room above the river."]


@pytest.fixture(autouse=True)
def enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two vectors are worth an index here."""
    monkeypatch.setattr(indexes, "_ENOUGH", 2)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, "vector(1536)"),
        ({"storage": "halfvec"}, "halfvec(1536)"),
        ({"dimensions": 2000}, "vector(2000)"),
        ({"dimensions": 2001}, "halfvec(2001)"),
        ({"dimensions": 2001, "storage": "vector"}, "vector(2001)"),
        ({"dimensions": 4001}, "halfvec(4001)"),
    ],
)
async def test_vectors_too_long_for_an_index_are_kept_in_half_precision(
    engine: pl.Engine, db: psycopg.Connection, client: AsyncClient, options: dict, kind: str
) -> None:
    make_notes(db, *TEXTS)
    model = "text-embedding-3-small" if "dimensions" not in options else "text-embedding-3-large"
    if options.get("dimensions", 0) > 3072:
        model = "long-vectors"
    await engine.apply(notes(pl.embed(model, **options)))
    assert value(db, TYPE, "notes_embeddings") == kind
    indexed = kind not in {"vector(2001)", "halfvec(4001)"}
    if model == "long-vectors":
        return
    assert (await engine.run("notes")).complete
    asked = await client.azure_openai.create_embeddings(model, TEXTS[0], dimensions=options.get("dimensions"))
    stored = value(db, "SELECT embedding::text FROM notes_embeddings WHERE id = 1")
    np.testing.assert_allclose(
        np.array(stored.strip("[]").split(","), float), asked, atol=1e-3 if "half" in kind else 1e-7
    )
    assert bool(column(db, INDEX)) == indexed
    assert (await search(engine, client, "notes", TEXTS[1], limit=1))[0].key == {"id": "2"}


async def test_a_search_goes_through_the_index(engine: pl.Engine, db: psycopg.Connection, client: AsyncClient) -> None:
    make_notes(db, *TEXTS)
    for storage in ("vector", "halfvec"):
        await engine.apply(notes(pl.embed("text-embedding-3-small", storage=storage, table=f"notes_{storage}")))
        await engine.run("notes")
        scans = f"SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'notes_{storage}_hnsw'"
        before = value(db, scans)
        # Of three rows only a planner that is forbidden everything else goes through an index.
        for setting in ("enable_seqscan", "enable_sort"):
            db.execute(
                sql.SQL("ALTER DATABASE {} SET {} = off").format(sql.Identifier(db.info.dbname), sql.SQL(setting))
            )
        await engine.pool.drain()
        await search(engine, client, "notes", TEXTS[0])
        await engine.pool.drain()
        await until(lambda scans=scans, before=before: value(db, scans) > before)


async def test_an_index_must_fit_the_vectors() -> None:
    with pytest.raises(InvalidSpecError, match=r"takes a vector of up to 2,000 dimensions: write index = 'none'"):
        pl.embed("text-embedding-3-large", storage="vector", index="hnsw")
    with pytest.raises(InvalidSpecError, match=r"takes a halfvec of up to 4,000 dimensions"):
        pl.embed("own", dimensions=5000, index="hnsw")


async def test_no_index_is_made_where_none_is_wanted_or_another_serves(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, *TEXTS)
    await engine.apply(notes(pl.embed("text-embedding-3-small", index="none")))
    await engine.run("notes")
    assert column(db, INDEX) == []
    db.execute("CREATE INDEX mine ON notes_embeddings USING hnsw (embedding vector_cosine_ops)")
    await engine.apply(notes(pl.embed("text-embedding-3-small")))
    await engine.run("notes")
    assert column(db, INDEX) == []


async def test_an_index_is_there_after_the_run_that_fills_and_stays_in_steady_work(
    engine: pl.Engine, db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "_BACKFILL", 4)
    make_notes(db, *TEXTS)
    await engine.apply(notes(pl.embed("text-embedding-3-small", dimensions=8)))
    assert column(db, INDEX) == []
    await engine.run("notes")
    (first,) = column(db, INDEX)
    add_notes(db, "Another one.")
    await engine.run("notes")
    assert column(db, INDEX) == [first]
    # More rows than stand in the table: they are written without it.
    add_notes(db, *[f"Note {n}." for n in range(9)])
    await engine.run("notes")
    (second,) = column(db, INDEX)
    assert second != first


async def test_a_small_table_is_searched_without_an_index(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "The only one.")
    await engine.apply(notes(pl.embed("text-embedding-3-small", dimensions=8)))
    await engine.run("notes")
    assert column(db, INDEX) == []
    add_notes(db, "The second one.")
    await engine.run("notes")
    assert len(column(db, INDEX)) == 1


async def test_an_index_that_was_not_finished_is_made_anew(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, *TEXTS)
    await engine.apply(notes(pl.embed("text-embedding-3-small", dimensions=8)))
    await engine.run("notes")
    db.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'notes_embeddings_hnsw'::regclass")
    assert column(db, INDEX) == []
    await engine.run("notes")
    assert len(column(db, INDEX)) == 1


async def test_rounded_vectors_are_never_taken_for_whole_ones(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, *TEXTS)
    await engine.apply(notes(pl.embed("text-embedding-3-small", dimensions=8, storage="halfvec")))
    await engine.run("notes")
    emulator.reset()
    await engine.apply(notes(pl.embed("text-embedding-3-small", dimensions=8, table="notes_whole")))
    await engine.run("notes")
    assert emulator.stats()["requests"] == 1


async def test_vectors_of_another_pipeline_are_copied_bit_by_bit(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, *TEXTS)
    await engine.apply(notes(pl.embed("text-embedding-3-small")))
    await engine.run("notes")
    emulator.reset()
    copy = pl.Pipeline("copy", source=pl.table_source("notes", text="body"), steps=[pl.embed("text-embedding-3-small")])
    await engine.apply(copy)
    assert (await engine.run("copy")).complete
    assert emulator.stats()["requests"] == 0
    differ = (
        "SELECT count(*) FROM notes_embeddings a JOIN copy_embeddings b USING (id) WHERE a.embedding <> b.embedding"
    )
    assert value(db, differ) == 0
