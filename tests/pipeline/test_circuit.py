"""A service that refuses or fails is left alone by all workers, no row pays for it, and it is found when it is back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_faults import FaultServer, Status, serve_faults
from fix_pipeline import add_notes, column, make_notes, notes, until, value
from pgazure.flow.sharing import Failure
from pgazure.pipeline.enrichment.circuit import Circuit, CircuitState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import psycopg

    from fix_pipeline import OpenEngine

REFUSED = Status(401, body={"error": {"code": "401", "message": "Access denied"}})
OUTAGE = Status(503, body={"error": {"code": "Busy", "message": "later"}})
SPENT = Status(
    403, {"Retry-After": str(15 * 86_400)}, {"error": {"code": "403", "message": "Out of call volume quota"}}
)

OPEN = "SELECT count(*) FROM pgazure.circuit WHERE opened_at IS NOT NULL"
DUE = "UPDATE pgazure.circuit SET probe_at = now()"
# What the worker waits for, without the waiting.
AWAKE = "UPDATE pgazure.queue_notes SET due_at = now() WHERE lease IS NULL"


def failure(started: float = 1.0, *, permanent: bool = False, certain: bool = False, retry_after: float | None = None):
    return Failure(started, permanent, certain, "Busy", "later", 503, retry_after)


def test_a_failure_opens_a_circuit_and_each_trial_that_fails_keeps_it_open_for_longer() -> None:
    circuit, now, pauses = Circuit(), 100.0, []
    for _ in range(7):
        circuit = circuit.fail(failure(), now)
        pauses.append(circuit.probe_at - now)
        now = circuit.probe_at
        circuit, permit = circuit.enter(now, wanted=True)
        assert permit is not None
        assert permit.trial
    assert pauses == [2, 4, 8, 16, 32, 60, 60]


def test_one_trial_is_under_way_at_a_time_and_one_that_is_not_heard_of_is_repeated() -> None:
    circuit, permit = Circuit().fail(failure(), 100.0).enter(102.0, wanted=True)
    assert permit is not None
    assert permit.trial
    _, other = circuit.enter(103.0, wanted=True)
    assert other is not None
    assert other.closure is not None
    assert not other.trial
    assert circuit.enter(133.0, wanted=True)[1] is not None


def test_an_answer_closes_a_circuit() -> None:
    circuit = Circuit().fail(failure(), 100.0)
    assert circuit.succeed(99.0).state(101.0) is CircuitState.OPEN, "the answer is from before"
    closed = circuit.succeed(101.0)
    assert closed.state(101.0) is CircuitState.CLOSED
    assert (closed.failures, closed.enter(101.0, wanted=True)[1]) == (0, None)


def test_a_failure_while_others_are_answered_opens_nothing() -> None:
    circuit = Circuit().succeed(99.5)
    assert circuit.fail(failure(started=1.0), 100.0).state(100.0) is CircuitState.CLOSED
    assert circuit.fail(failure(started=0.1), 100.0).state(100.0) is CircuitState.OPEN
    assert circuit.fail(failure(started=1.0, certain=True), 100.0).state(100.0) is CircuitState.OPEN


def test_a_failure_after_an_answer_that_followed_a_failure_is_the_texts_own() -> None:
    circuit = Circuit().fail(failure(0.1), 100.0).succeed(102.0)
    again = circuit.fail(failure(0.1), 110.0)
    assert again.state(110.0) is CircuitState.CLOSED
    assert again.fail(failure(0.1), 111.0).state(111.0) is CircuitState.OPEN, "nobody was answered since"


def test_a_quota_spent_for_days_is_tried_every_hour() -> None:
    circuit = Circuit().fail(failure(permanent=True, certain=True, retry_after=15 * 86_400), 100.0)
    assert circuit.probe_at == 3700.0


@pytest.fixture
async def faults() -> AsyncIterator[FaultServer]:
    async with serve_faults() as server:
        yield server


@pytest.fixture
async def engine(db: psycopg.Connection, open_engine: OpenEngine, faults: FaultServer) -> AsyncIterator[pl.Engine]:
    """An engine before a service that refuses what it is told to refuse."""
    make_notes(db, *[f"note {n}" for n in range(30)])
    async with open_engine(faults.endpoint, max_attempts=1) as engine:
        await engine.apply(notes(pl.analyze_sentiment()))
        yield engine


async def test_an_open_circuit_is_open_for_every_worker_and_pipeline(
    engine: pl.Engine, open_engine: OpenEngine, faults: FaultServer, db: psycopg.Connection
) -> None:
    faults.refuse = lambda _: REFUSED
    assert (await engine.run("notes")).left == 30
    sent = len(faults.sent)
    source = pl.table_source("notes", text="body")
    async with open_engine(faults.endpoint) as other:
        await other.apply(pl.Pipeline("others", source=source, steps=[pl.analyze_sentiment()]))
        db.execute("UPDATE pgazure.circuit SET probe_at = now() + interval '1 min'")
        report = await other.run("others", wake=False)
    assert len(faults.sent) == sent
    halt = report.halts["analyze_sentiment"]
    assert (halt.error_class, halt.code, report.left) == ("pipeline_permanent", "401", 30)
    assert "AZURE_LANGUAGE_KEY" in halt.message


async def test_a_circuit_says_what_is_wrong_in_the_status_until_it_works_again(
    engine: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    faults.refuse = lambda _: REFUSED
    await engine.run("notes")
    for _ in range(2):
        (status,) = await engine.status()
        assert status.steps[0].halt is not None
        assert (status.steps[0].halt.code, status.pending) == ("401", 30)
        db.execute(AWAKE)
        await engine.run("notes", wake=False)
    assert await engine.errors() == []
    faults.refuse = lambda _: None
    db.execute(DUE)
    db.execute(AWAKE)
    assert (await engine.run("notes", wake=False)).complete
    (status,) = await engine.status()
    assert status.steps[0].halt is None
    assert value(db, OPEN) == 0


async def test_one_row_tries_while_a_circuit_is_open(
    engine: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    faults.refuse = lambda _: REFUSED
    await engine.run("notes", batch_rows=10, concurrency=1)
    faults.received.clear()
    db.execute(DUE)
    db.execute(AWAKE)
    await engine.run("notes", batch_rows=10, concurrency=4, wake=False)
    (request,) = faults.sent
    assert len(request.body["analysisInput"]["documents"]) == 1
    assert value(db, "SELECT failures FROM pgazure.circuit") == 2
    db.execute(AWAKE)
    await engine.run("notes", wake=False)
    assert len(faults.sent) == 1, "it is not time to try again"


async def test_a_run_that_somebody_starts_and_an_apply_try_at_once(
    engine: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    faults.refuse = lambda _: REFUSED
    await engine.run("notes")
    assert value(db, "SELECT probe_at > now() + interval '10 s' FROM pgazure.circuit")
    await engine.apply(notes(pl.analyze_sentiment()))
    assert value(db, "SELECT probe_at <= now() FROM pgazure.circuit")
    await engine.run("notes")
    assert value(db, "SELECT probe_at > now() + interval '10 s' FROM pgazure.circuit")
    faults.refuse = lambda _: None
    assert (await engine.run("notes")).complete


async def test_a_worker_with_a_wrong_key_does_not_stop_those_with_the_right_one(
    engine: pl.Engine, open_engine: OpenEngine, faults: FaultServer, db: psycopg.Connection
) -> None:
    wrong = "the-wrong-key"
    async with open_engine(faults.endpoint, key=wrong) as misconfigured:
        faults.refuse = lambda _: (
            REFUSED if wrong in str(faults.received[-1].headers) else None  # Before one request at a time.
        )
        await engine.run("notes", batch_rows=20, stop=(stop := asyncio.Event()), on_progress=lambda _: stop.set())
        # What others are answered is known until the end of this request.
        db.execute("UPDATE pgazure.circuit SET failed_at = now() - interval '1 s', succeeded_at = now()")
        add_notes(db, "one more")
        report = await misconfigured.run("notes")
        assert list(report.halts) == ["analyze_sentiment"]
        assert value(db, OPEN) == 0
        assert (await engine.run("notes")).complete


async def test_an_outage_parks_no_row_however_long_it_lasts(
    engine: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    faults.refuse = lambda _: OUTAGE
    for _ in range(8):
        db.execute(DUE)
        db.execute(AWAKE)
        db.execute("UPDATE pgazure.circuit SET failures = 9")  # A pause so long that no run waits for its end.
        report = await engine.run("notes", wake=False)
    halts = column(db, "SELECT halted_class::text FROM pgazure.step")
    assert halts == ["pipeline_temporary"]
    assert (report.left, await engine.errors()) == (30, [])
    faults.refuse = lambda _: None
    assert (await engine.run("notes")).complete


async def test_a_run_that_meets_an_outage_goes_on_when_it_is_over(
    engine: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    faults.refuse = lambda _: OUTAGE
    run = asyncio.create_task(engine.run("notes"))
    await until(lambda: column(db, "SELECT halted_class::text FROM pgazure.step") == ["pipeline_temporary"])
    faults.refuse = lambda _: None
    report = await run
    assert (report.complete, report.rows) == (True, 30)


async def test_a_quota_spent_for_days_marks_no_row_and_is_left_alone(
    engine: pl.Engine, faults: FaultServer, db: psycopg.Connection
) -> None:
    faults.refuse = lambda _: SPENT
    report = await engine.run("notes")
    assert report.halts["analyze_sentiment"].error_class == "pipeline_permanent"
    assert "the quota is used up (403)" in report.halts["analyze_sentiment"].message
    assert (report.left, report.parked, await engine.errors()) == (30, 0, [])
    assert value(db, "SELECT probe_at - now() BETWEEN '59 min' AND '1 hour' FROM pgazure.circuit")


async def test_a_text_that_makes_the_service_fail_is_found_and_its_neighbours_pass(
    db: psycopg.Connection, open_engine: OpenEngine, faults: FaultServer
) -> None:
    make_notes(db, *["poison" if n == 5 else f"note {n}" for n in range(12)])
    async with open_engine(faults.endpoint, max_attempts=1) as engine:
        # All of them fit into one request.
        await engine.apply(notes(pl.embed("small", dimensions=4)))
        faults.refuse = lambda texts: OUTAGE if "poison" in texts else None
        stop = asyncio.Event()
        done = "SELECT count(*) FROM notes_embeddings"
        report = await engine.run(
            "notes", stop=stop, on_progress=lambda _: stop.set() if value(db, done) == 11 else None
        )
    assert (report.rows, report.left) == (11, 1)
    assert set(column(db, "SELECT key ->> 'id' FROM pgazure.error")) == {"6"}
    assert value(db, "SELECT class::text FROM pgazure.error") == "record_temporary"
