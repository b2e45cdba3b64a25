"""It can be said which text of a row went to which endpoint, and when."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import add_notes, column, make_notes, notes, value
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.enrichment.hashing import hash_input
from pgazure.pipeline.enrichment.origin import mark_origin

if TYPE_CHECKING:
    import psycopg

    from fix_pipeline import Cli
    from pgazure.client import AsyncClient
    from pgazure.emulator import Emulator

FIRST = "Maria Lopez lives in Seattle."
SECOND = "The kitchen was clean and large."
DUTCH = "Het huis was erg mooi en de tuin was groot. We komen volgend jaar zeker terug met de kinderen."
STEPS = (pl.analyze_sentiment(), pl.embed("text-embedding-3-small"))
ROW = {"id": "1"}


async def test_each_text_is_followed_to_its_endpoint_with_the_time_and_the_requests(
    engine: pl.Engine, db: psycopg.Connection, client: AsyncClient, emulator: Emulator
) -> None:
    make_notes(db, FIRST, SECOND)
    await engine.apply(notes(*STEPS))
    began = datetime.now(UTC)
    await engine.run("notes")
    passages = {each.step: each for each in await engine.lineage("notes", ROW)}
    assert set(passages) == {"analyze_sentiment", "embed"}
    embed = mark_origin(notes(*STEPS), client).steps[1]
    found = passages["embed"]
    assert found.input_hash == hash_input(embed, FIRST).hex()
    assert (found.service, found.operation, found.endpoint) == ("openai", "create_embeddings", emulator.endpoint)
    assert (found.model, found.stands, found.requests, found.error) == ("text-embedding-3-small", True, 1, None)
    assert found.sent_at is not None
    assert began <= found.sent_at <= datetime.now(UTC)
    ids = column(db, "SELECT request_id FROM pgazure.ledger WHERE step = 'embed'")
    assert list(found.request_ids) == ids
    assert passages["analyze_sentiment"].service == "language"


async def test_a_text_that_was_replaced_is_still_followed_until_its_row_goes(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, FIRST)
    await engine.apply(notes(*STEPS))
    await engine.run("notes")
    (before,) = [each.input_hash for each in await engine.lineage("notes", ROW) if each.step == "embed"]
    db.execute("UPDATE notes SET body = %s", [SECOND])
    await engine.run("notes")
    found = [
        (each.input_hash == before, each.stands) for each in await engine.lineage("notes", ROW) if each.step == "embed"
    ]
    assert sorted(found) == [(False, True), (True, False)]
    db.execute("DELETE FROM notes")
    assert await engine.lineage("notes", ROW) == []


async def test_a_copied_result_names_the_call_that_its_text_was_sent_with(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, FIRST)
    await engine.apply(notes(*STEPS))
    await engine.run("notes")
    sent = await engine.lineage("notes", ROW)
    add_notes(db, FIRST)
    assert (await engine.run("notes")).requests == 0
    # The row that the text was sent for goes; the one that holds it too does not lose its lineage.
    db.execute("DELETE FROM notes WHERE id = 1")
    await engine.run("notes")
    assert await engine.lineage("notes", {"id": "2"}) == sent


async def test_a_text_that_came_to_nothing_is_followed_as_well(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, DUTCH)
    await engine.apply(notes(pl.detect_language(), pl.recognize_pii_entities()))
    await engine.run("notes")
    found = {each.step: each for each in await engine.lineage("notes", ROW)}
    assert found["detect_language"].stands
    refused = found["recognize_pii_entities"]
    assert (refused.error, refused.stands, refused.service) == ("UnsupportedLanguageCode", False, "language")


async def test_work_that_is_done_here_goes_nowhere(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, FIRST)
    await engine.apply(notes(pl.chunk(), pl.embed("text-embedding-3-small")))
    await engine.run("notes")
    found = {each.step: each for each in await engine.lineage("notes", ROW)}
    assert (found["chunk"].endpoint, found["chunk"].requests) == (None, 0)
    assert found["embed"].endpoint is not None


async def test_the_command_shows_hashes_and_no_text(
    engine: pl.Engine, db: psycopg.Connection, cli: Cli, conninfo: str
) -> None:
    make_notes(db, FIRST)
    await engine.apply(notes(*STEPS))
    await engine.run("notes")
    shown = await asyncio.to_thread(cli, "lineage", "notes", "--key", "id=1", "--dsn", conninfo)
    assert shown.code == 0, shown.err
    assert "Lopez" not in shown.out
    assert shown.out.rstrip().endswith("2 texts")
    spelled = await asyncio.to_thread(cli, "lineage", "notes", "--key", "id=1", "--dsn", conninfo, "--json")
    hashes = {each["input_hash"] for each in json.loads(spelled.out)}
    assert value(db, "SELECT encode(input_hash, 'hex') FROM notes_embeddings") in hashes
    wrong = await asyncio.to_thread(cli, "lineage", "notes", "--key", "name=1", "--dsn", conninfo)
    assert (wrong.code, "the key of public.notes is id" in wrong.err) == (2, True)


async def test_a_pipeline_that_is_not_there_has_no_lineage(engine: pl.Engine) -> None:
    with pytest.raises(InvalidSpecError, match="no pipeline nothing"):
        await engine.lineage("nothing", ROW)
