"""A service that is too slow for everybody halts its step; a text that never has an answer is found."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import pgazure.pipeline as pl
from fix_faults import FaultServer, Hang, serve_faults
from fix_pipeline import column, make_notes, notes, until, value
from pgazure.flow.observe import RequestRecord
from pgazure.flow.sharing import Failure
from pgazure.pipeline.enrichment.circuit import Circuit
from pgazure.pipeline.enrichment.timeouts import weigh_timeouts
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import psycopg

    from fix_pipeline import OpenEngine

LATE = DocumentError("Timeout", "not in time", retryable=True)


def sent(items: int, error: str | None) -> RequestRecord:
    now = datetime.now(UTC) - timedelta(seconds=5)
    status = 200 if error is None else None
    return RequestRecord("language", "f", "http://x", None, items, 9, 1, 1, None, status, None, now, 1.0, 1, error)


async def test_texts_that_have_only_waited_for_their_turn_are_throttled() -> None:
    results = await weigh_timeouts([("good",), LATE, LATE, LATE], [sent(1, None), sent(2, "CancelledError")])
    assert results[0] == ("good",)
    assert [result.status_code for result in results[1:]] == [429] * 3


async def test_texts_that_were_sent_while_others_were_answered_are_to_blame() -> None:
    given = [("good",), LATE]
    assert await weigh_timeouts(given, [sent(1, None), sent(1, "CancelledError")]) == given


def test_a_failure_that_took_long_is_compared_with_the_answers_before_it() -> None:
    def late(seconds: float) -> Failure:
        return Failure(seconds, permanent=False, certain=False, code="Timeout", message="late")

    circuit = Circuit().fail(late(600.0), 1000.0)
    assert circuit.failure is not None
    circuit = circuit.succeed(1010.0)
    assert circuit.failure is None
    assert circuit.fail(late(600.0), 1620.0).failure is None, "others have been answered since the failure before"
    assert circuit.fail(late(600.0), 3000.0).failure is not None, "nobody has, for a long time"


@pytest.fixture
async def faults() -> AsyncIterator[FaultServer]:
    async with serve_faults() as server:
        yield server


class Stuck:
    """Never answers a request that holds this text."""

    def __init__(self, faults: FaultServer, text: str) -> None:
        self._text = text
        self._answer = faults._misbehave
        faults._misbehave = self.answer  # type: ignore[method-assign]

    async def answer(self, request: Any, body: Any, fault: Any) -> Any:
        held = self._text in [one["text"] for one in body["analysisInput"]["documents"]]
        return await self._answer(request, body, Hang() if held else fault)


async def test_a_service_that_answers_nobody_halts_its_step_and_no_row_has_an_error(
    db: psycopg.Connection, faults: FaultServer, open_engine: OpenEngine
) -> None:
    make_notes(db, *[f"Letter {n}." for n in range(12)])
    faults.posts.extend(Hang() for _ in range(20))
    async with open_engine(faults.endpoint, timeout_ms=300) as engine:
        await engine.apply(notes(pl.extract_key_phrases()))
        report = await asyncio.wait_for(engine.run("notes"), 60)
        assert report.halts["extract_key_phrases"].code == "Timeout"
        assert report.halts["extract_key_phrases"].error_class == "pipeline_temporary"
        assert await engine.errors() == []
        assert report.left == 12
        faults.posts.clear()
        assert (await engine.run("notes")).complete
    assert value(db, "SELECT count(*) FROM notes_key_phrases") == 12


async def test_a_text_that_never_has_an_answer_is_found_and_the_others_pass(
    db: psycopg.Connection, faults: FaultServer, open_engine: OpenEngine
) -> None:
    make_notes(db, *[f"Letter {n}." for n in range(6)])
    Stuck(faults, "Letter 3.")
    async with open_engine(faults.endpoint, timeout_ms=300) as engine:
        await engine.apply(notes(pl.extract_key_phrases()))
        run = asyncio.create_task(engine.run("notes"))
        await until(lambda: value(db, 'SELECT count(*) FROM pgazure.error WHERE key = \'{"id": "4"}\'') == 1)
        db.execute("UPDATE pgazure.error SET attempts = 4")
        report = await asyncio.wait_for(run, 60)
        assert (report.rows, report.left, report.parked) == (6, 0, 1)
        (error,) = await engine.errors()
    assert (error.key, error.code, error.parked) == ({"id": "4"}, "Timeout", True)
    assert column(db, "SELECT id FROM notes_key_phrases ORDER BY id") == [1, 2, 3, 5, 6]
