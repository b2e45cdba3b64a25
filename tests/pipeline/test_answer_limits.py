"""What a chat model writes is limited, reserved for at most, and settled at what it was."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import pgazure.pipeline as pl
from fix_chat import ChatServer, chat
from fix_pipeline import column, make_notes, notes, value
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.enrichment.prices import PriceList

if TYPE_CHECKING:
    import psycopg

    from fix_chat import Received
    from fix_emulator import MakeEmulator
    from fix_pipeline import OpenEngine

__all__ = ["chat"]

SPENT = "SELECT coalesce(sum(price), 0) FROM pgazure.ledger"
LISTED = PriceList()


def texts(count: int) -> list[str]:
    return [f"Letter {n}: the room was quiet, and the staff were kind to all of us." for n in range(count)]


def exhaustive(request: Received) -> Any:
    """What a model says that writes as much as it may."""
    written = request.body["max_completion_tokens"]
    message = {"role": "assistant", "content": "yes"}
    usage = {"prompt_tokens": 30, "completion_tokens": written, "total_tokens": 30 + written}
    return {"id": "c", "choices": [{"index": 0, "finish_reason": "stop", "message": message}], "usage": usage}


def cut(request: Received) -> Any:
    answer = exhaustive(request)
    answer["choices"][0]["finish_reason"] = "length"
    return answer


async def test_the_limit_of_a_step_is_what_the_model_is_told(
    db: psycopg.Connection, chat: ChatServer, open_engine: OpenEngine
) -> None:
    make_notes(db, "A quiet room.")
    chat.answer = exhaustive
    async with open_engine(chat.endpoint) as engine:
        await engine.apply(
            notes(
                pl.generate(), pl.generate(max_tokens=77, system_prompt="Be brief.", name="brief", table="notes_brief")
            )
        )
        assert (await engine.run("notes")).complete
    assert sorted(request.body["max_completion_tokens"] for request in chat.received) == [77, 1024]
    assert all("max_tokens" not in request.body for request in chat.received)


async def test_another_limit_makes_no_other_results(
    db: psycopg.Connection, chat: ChatServer, open_engine: OpenEngine
) -> None:
    make_notes(db, "A quiet room.")
    async with open_engine(chat.endpoint) as engine:
        await engine.apply(notes(pl.generate()))
        await engine.run("notes")
        await engine.apply(notes(pl.generate(max_tokens=2000)))
        report = await engine.run("notes")
        assert (report.complete, report.requests) == (True, 0)


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_budget_holds_where_every_answer_is_as_long_as_it_may_be(
    db: psycopg.Connection, chat: ChatServer, open_engine: OpenEngine, concurrency: int
) -> None:
    make_notes(db, *texts(60))
    chat.answer = exhaustive
    async with open_engine(chat.endpoint) as engine:
        step = pl.generate(max_tokens=500)
        await engine.apply(notes(step, budget="0.05 USD/run"))
        report = await engine.run("notes", batch_rows=10, concurrency=concurrency)
    assert report.stopped is not None
    most = LISTED.bound(step, texts(1)).price
    assert Decimal("0.05") - most < report.price <= Decimal("0.05")
    assert value(db, SPENT) == report.price
    assert value(db, "SELECT count(*) FROM notes_generated") == len(chat.received), "what was paid for is written"
    assert value(db, "SELECT count(*) FROM pgazure.reservation") == 0


async def test_what_answers_did_not_use_of_a_budget_is_used_by_others(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine
) -> None:
    slow = make_emulator(latency=0.02)
    make_notes(db, *texts(60))
    async with open_engine(slow.endpoint) as engine:
        step = pl.is_true("The room was quiet: {input}", max_tokens=2000)
        # It holds the bound of one request, and the true price of them all.
        bound, budget = LISTED.bound(step, texts(1)).price, Decimal("0.03")
        assert bound * 2 > budget
        await engine.apply(notes(step, budget="0.03 USD/run"))
        report = await engine.run("notes", batch_rows=20, concurrency=2)
        assert budget - bound < report.price <= budget
        assert report.rows > 20
        for _ in range(5):
            if not report.complete:
                report = await engine.run("notes", batch_rows=20, concurrency=2)
        assert report.complete
        assert slow.stats()["repeats"] == 0


async def test_runs_that_share_a_budget_hold_it_together(
    db: psycopg.Connection, chat: ChatServer, open_engine: OpenEngine
) -> None:
    make_notes(db, *texts(60))
    chat.answer = exhaustive
    async with open_engine(chat.endpoint) as one, open_engine(chat.endpoint) as other:
        await one.apply(notes(pl.generate(max_tokens=500), budget="0.05 USD/day"))
        await asyncio.gather(*(each.run("notes", batch_rows=5, concurrency=2) for each in (one, other)))
    assert Decimal("0.03") < value(db, SPENT) <= Decimal("0.05")
    assert value(db, "SELECT count(*) FROM notes_generated") == len(chat.received)


async def test_an_answer_that_is_cut_off_is_an_error_of_its_row_and_paid_for(
    db: psycopg.Connection, chat: ChatServer, open_engine: OpenEngine
) -> None:
    make_notes(db, "Long.", "Short.")
    chat.answer = lambda request: cut(request) if "Long." in request.prompt else exhaustive(request)
    async with open_engine(chat.endpoint) as engine:
        await engine.apply(notes(pl.generate(max_tokens=100)))
        report = await engine.run("notes")
        (error,) = await engine.errors()
        assert (report.left, report.parked, len(chat.received)) == (0, 1, 2), "asking again would cost as much"
        assert (error.key, error.error_class, error.code) == ({"id": "1"}, "record_permanent", "AnswerTooLong")
        assert "max_tokens=100" in error.message
        assert "Long." not in error.message
        assert column(db, "SELECT id FROM notes_generated") == [2]
        assert column(db, "SELECT units FROM pgazure.ledger") == [130, 130]
        chat.answer = exhaustive
        await engine.apply(notes(pl.generate(max_tokens=200)))
        assert await engine.retry("notes", code="AnswerTooLong") == 1
        assert (await engine.run("notes")).complete
    assert chat.received[-1].body["max_completion_tokens"] == 200


def test_the_bound_of_a_request_holds_all_that_is_said_in_it() -> None:
    told = "Answer as a host would. " * 40
    plain, schema = pl.generate(system_prompt=told), {"name": "a", "schema": {"type": "object", "properties": {}}}
    schema["schema"] |= {"additionalProperties": False, "description": "What the guest will read. " * 40}
    formed = pl.generate(system_prompt=told, json_schema=schema)
    assert LISTED.bound(plain, ["x"]).units > 1024 + 40 * 5
    assert LISTED.bound(formed, ["x"]).units > LISTED.bound(plain, ["x"]).units + 40 * 5
    # A reranker of the same words costs what it always did.
    assert LISTED.bound(pl.rank("quiet"), ["x"] * 250) == LISTED.estimate(pl.rank("quiet"), ["x"] * 250)
    # A chat model ranks many texts with one answer.
    ranked = LISTED.bound(pl.rank("quiet", model="gpt-4.1"), ["x"] * 50)
    assert 4096 < ranked.units < 2 * 4096


@pytest.mark.parametrize("tokens", [0, 15, -1])
def test_a_limit_that_no_answer_fits_in_is_refused(tokens: int) -> None:
    with pytest.raises(InvalidSpecError, match="max_tokens"):
        pl.generate(max_tokens=tokens)
