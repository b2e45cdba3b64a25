"""What was replaced is kept for a while, without its text, and goes with its row."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import environment, make_notes, notes, value
from pgazure.errors import InvalidSpecError
from pgazure.search import search

if TYPE_CHECKING:
    import psycopg

    from fix_pipeline import Cli, OpenEngine
    from pgazure.client import AsyncClient
    from pgazure.emulator import Emulator

FIRST = "The garden was full of roses."
SECOND = "The kitchen was clean and large."
STEPS = (pl.analyze_sentiment(), pl.translate(["de"]), pl.embed("text-embedding-3-small"))


async def change(engine: pl.Engine, db: psycopg.Connection, body: str | None, id: int = 1) -> pl.RunReport:  # noqa: A002
    db.execute("UPDATE notes SET body = %s WHERE id = %s", [body, id])
    return await engine.run("notes")


async def test_a_text_that_comes_back_is_not_paid_for_again(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, FIRST)
    await engine.apply(notes(*STEPS))
    await engine.run("notes")
    before = db.execute("SELECT embedding::text, chunk_text FROM notes_embeddings").fetchall()
    await change(engine, db, SECOND)
    emulator.reset()
    report = await change(engine, db, FIRST)
    assert (report.complete, report.requests, emulator.stats()["requests"]) == (True, 0, 0)
    assert db.execute("SELECT embedding::text, chunk_text FROM notes_embeddings").fetchall() == before
    assert value(db, "SELECT text FROM notes_translations") == f"[de] {FIRST}"


async def test_another_row_with_the_replaced_text_is_not_paid_for(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, FIRST)
    await engine.apply(notes(*STEPS))
    await engine.run("notes")
    await change(engine, db, None)
    emulator.reset()
    db.execute("INSERT INTO notes (id, body) VALUES (2, %s)", [FIRST])
    plan = await engine.plan("notes")
    assert [step.known for step in plan.steps] == [1, 1, 1]
    assert (await engine.run("notes")).requests == 0


async def test_the_past_holds_no_text_and_goes_with_its_row(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, FIRST, "Another row stays.")
    await engine.apply(notes(*STEPS))
    await engine.run("notes")
    await change(engine, db, SECOND)
    await change(engine, db, "Another text for the other row.", id=2)
    kept = {each.step: each.results for each in await engine.kept("notes")}
    assert kept == {"analyze_sentiment": 2, "embed": 2, "translate": 2}
    assert "garden" not in value(db, "SELECT string_agg(p::text, ' ') FROM pgazure.\"past_notes$embed\" p")
    db.execute("DELETE FROM notes WHERE id = 1")
    assert {each.step: each.results for each in await engine.kept("notes")} == dict.fromkeys(kept, 1)
    await engine.run("notes")
    assert {each.step: each.results for each in await engine.kept("notes")} == dict.fromkeys(kept, 1)
    db.execute("TRUNCATE notes")
    assert {each.step: each.results for each in await engine.kept("notes")} == dict.fromkeys(kept, 0)


async def test_only_the_chunks_that_changed_are_sent_and_kept(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    paragraphs = [f"Paragraph {n} tells of day {n} by the sea, and of what we ate there." for n in range(12)]
    make_notes(db, "\n\n".join(paragraphs))
    await engine.apply(notes(pl.chunk(chunk_size=20, overlap=0), pl.embed("text-embedding-3-small")))
    await engine.run("notes")
    chunks = value(db, "SELECT count(*) FROM notes_embeddings")
    emulator.reset()
    paragraphs[-1] = "The last paragraph is another one now."
    await change(engine, db, "\n\n".join(paragraphs))
    assert emulator.stats()["by_operation"]["Embeddings"]["items"] == 1
    assert value(db, "SELECT count(*) FROM notes_embeddings") == chunks
    assert [each.results for each in await engine.kept("notes")] == [1]


async def test_what_is_older_than_the_retention_goes_at_the_end_of_a_run(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, FIRST)
    await engine.apply(notes(*STEPS, retention_days=7))
    await engine.run("notes")
    await change(engine, db, SECOND)
    db.execute("UPDATE pgazure.\"past_notes$embed\" SET replaced_at = now() - interval '8 days'")
    await engine.run("notes")
    kept = {each.step: each.results for each in await engine.kept("notes")}
    assert kept == {"analyze_sentiment": 1, "embed": 0, "translate": 1}


async def test_a_retention_of_no_days_keeps_nothing(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, FIRST)
    await engine.apply(notes(*STEPS, retention_days=0))
    await engine.run("notes")
    await change(engine, db, SECOND)
    assert [each.results for each in await engine.kept("notes")] == [0, 0, 0]


async def test_a_phrase_is_embedded_for_the_first_search_only(
    engine: pl.Engine, db: psycopg.Connection, client: AsyncClient, emulator: Emulator
) -> None:
    make_notes(db, FIRST, SECOND)
    await engine.apply(notes(pl.embed("text-embedding-3-small")))
    await engine.run("notes")
    emulator.reset()
    first = await search(engine, client, "notes", "roses in a garden")
    assert emulator.stats()["requests"] == 1
    assert await search(engine, client, "notes", "roses in a garden") == first
    await search(engine, client, "notes", FIRST)
    assert emulator.stats()["requests"] == 1
    assert "roses" not in value(db, "SELECT string_agg(p::text, '') FROM pgazure.phrase p")
    assert await engine.forget(None, timedelta(0)) == 1
    await search(engine, client, "notes", "roses in a garden")
    assert emulator.stats()["requests"] == 2


async def test_a_role_that_may_only_read_can_search(
    engine: pl.Engine, db: psycopg.Connection, client: AsyncClient, conninfo: str
) -> None:
    make_notes(db, FIRST)
    await engine.apply(notes(pl.embed("text-embedding-3-small")))
    await engine.run("notes")
    async with pl.Engine(f"{conninfo} options='-c default_transaction_read_only=on'") as reader:
        for _ in range(2):
            assert len(await search(reader, client, "notes", "roses")) == 1


async def test_what_a_local_service_answered_does_not_pass_for_the_answer_of_another(
    engine: pl.Engine, db: psycopg.Connection, client: AsyncClient, open_engine: OpenEngine
) -> None:
    make_notes(db, FIRST)
    await engine.apply(notes(*STEPS))
    await engine.run("notes")
    db.execute("INSERT INTO notes (id, body) VALUES (2, %s)", [FIRST])
    assert [step.known for step in (await engine.plan("notes")).steps] == [1, 1, 1]
    async with open_engine("https://somewhere.cognitiveservices.azure.com") as azure:
        assert [step.known for step in (await azure.plan("notes")).steps] == [0, 0, 0]


async def test_the_commands_show_and_prune_what_is_kept(
    engine: pl.Engine,
    db: psycopg.Connection,
    cli: Cli,
    conninfo: str,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_notes(db, FIRST)
    await engine.apply(notes(*STEPS))
    await engine.run("notes")
    await change(engine, db, SECOND)
    for name, setting in environment(emulator.endpoint).items():
        monkeypatch.setenv(name, setting)
    import asyncio

    shown = await asyncio.to_thread(cli, "cache", "show", "notes", "--dsn", conninfo, "--json")
    assert [(each["step"], each["results"]) for each in json.loads(shown.out)] == [
        ("analyze_sentiment", 1),
        ("embed", 1),
        ("translate", 1),
    ]
    kept = await asyncio.to_thread(cli, "cache", "prune", "--older-than", "1d", "--dsn", conninfo)
    assert (kept.code, kept.out) == (0, "0 results forgotten\n")
    pruned = await asyncio.to_thread(cli, "cache", "prune", "--older-than", "0d", "--dsn", conninfo)
    assert (pruned.code, pruned.out) == (0, "3 results forgotten\n")
    wrong = await asyncio.to_thread(cli, "cache", "prune", "--older-than", "soon", "--dsn", conninfo)
    assert (wrong.code, wrong.err.count("such as 30d")) == (2, 1)


async def test_a_pipeline_that_is_not_there_has_no_past(engine: pl.Engine) -> None:
    with pytest.raises(InvalidSpecError, match="no pipeline nothing"):
        await engine.kept("nothing")


async def test_what_is_to_be_forgotten_does_not_wait_for_a_service_that_refuses_us(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator, open_engine: OpenEngine
) -> None:
    make_notes(db, FIRST)
    await engine.apply(notes(*STEPS, retention_days=7))
    await engine.run("notes")
    await change(engine, db, SECOND)
    db.execute("UPDATE pgazure.\"past_notes$embed\" SET replaced_at = now() - interval '8 days'")
    async with open_engine(emulator.endpoint, "wrong") as refused:
        db.execute("UPDATE notes SET body = 'A third text.'")
        assert (await refused.run("notes")).halts
    assert value(db, 'SELECT count(*) FROM pgazure."past_notes$embed"') == 0
