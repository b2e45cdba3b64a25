"""Search finds the rows that lie nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import make_notes, notes
from pgazure.errors import AuthenticationError, InvalidSpecError
from pgazure.search import search

if TYPE_CHECKING:
    import psycopg

    from fix_pipeline import OpenEngine
    from pgazure.client import AsyncClient
    from pgazure.emulator import Emulator

GARDEN = "A large garden with old apple trees behind the house."
PARKING = "Parking was difficult, and the street was loud at night."
BEDS = "The beds were soft and the sheets were clean."


async def test_the_nearest_row_comes_first_with_its_key_text_and_similarity(
    engine: pl.Engine, db: psycopg.Connection, client: AsyncClient, emulator: Emulator
) -> None:
    make_notes(db, PARKING, GARDEN, BEDS, None)
    await engine.apply(notes(pl.embed("text-embedding-3-small")))
    await engine.run("notes")
    emulator.reset()
    hits = await search(engine, client, "notes", GARDEN)
    # The phrase is the text of a row, whose vector is there.
    assert emulator.stats()["requests"] == 0
    assert next(hit.key["id"] for hit in hits) == "2"
    assert len(hits) == 3
    assert hits[0].columns == {"body": GARDEN}
    assert (hits[0].chunk_index, hits[0].chunk_text) == (0, GARDEN)
    assert hits[0].similarity == pytest.approx(1, abs=1e-5)
    assert [hit.similarity for hit in hits] == sorted((hit.similarity for hit in hits), reverse=True)
    assert (await search(engine, client, "notes", "apple trees", limit=1))[0].key == {"id": "2"}


async def test_a_row_is_found_once_by_the_best_of_its_chunks(
    engine: pl.Engine, db: psycopg.Connection, client: AsyncClient
) -> None:
    filler = " ".join(f"Nothing else happened on day number {n}, and nobody came to see us." for n in range(12))
    make_notes(db, f"{filler} {GARDEN}", BEDS)
    await engine.apply(notes(pl.chunk(chunk_size=32, overlap=0), pl.embed("text-embedding-3-small")))
    await engine.run("notes")
    hits = await search(engine, client, "notes", "apple trees in a large garden")
    assert sorted(hit.key["id"] for hit in hits) == ["1", "2"]
    assert hits[0].key == {"id": "1"}
    assert "apple trees" in hits[0].chunk_text
    assert hits[0].chunk_index > 0


async def test_the_step_is_named_where_there_are_several(
    engine: pl.Engine, db: psycopg.Connection, client: AsyncClient
) -> None:
    make_notes(db, GARDEN)
    steps = [pl.embed("text-embedding-3-small"), pl.embed("other", dimensions=8, name="short", table="notes_short")]
    await engine.apply(notes(*steps))
    await engine.run("notes")
    with pytest.raises(InvalidSpecError, match=r"several embed steps \(embed, short\): say which"):
        await search(engine, client, "notes", "garden")
    with pytest.raises(InvalidSpecError, match="has no embed step long; it has"):
        await search(engine, client, "notes", "garden", step="long")
    assert len(await search(engine, client, "notes", "garden", step="short")) == 1


async def test_a_service_that_refuses_is_reported_as_it_is(
    engine: pl.Engine, db: psycopg.Connection, open_engine: OpenEngine, emulator: Emulator
) -> None:
    from fix_pipeline import services
    from pgazure.client import AsyncClient

    make_notes(db, GARDEN)
    await engine.apply(notes(pl.embed("text-embedding-3-small")))
    async with AsyncClient(**services(emulator.endpoint, "wrong")) as wrong:
        with pytest.raises(AuthenticationError, match="AZURE_OPENAI_API_KEY"):
            await search(engine, wrong, "notes", "garden")
