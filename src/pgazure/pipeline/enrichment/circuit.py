"""Circuits: what all workers of a database agree on about a service, by endpoint, deployment and operation.

A circuit is *closed* while the service answers. A wrong key, a missing
deployment, a spent quota or an outage *opens* it: nothing is sent then, by
any worker, until the time comes to *try*. One request of one worker tries,
and closes the circuit or opens it for longer.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

from pgazure.flow.sharing import Closure, Failure, Permit, RateBook
from pgazure.pipeline.storage.database import fetch_one
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.client.gate import Lane
    from pgazure.flow.sharing import Report

# Seconds until an open circuit tries, at first and at most: after an outage, and where it takes a change.
_PAUSES = {False: (2.0, 60.0), True: (30.0, 300.0)}
# A quota that is spent for days is tried as often, in case somebody has raised it.
_LONGEST_PAUSE = 3600.0
# A trial that is not heard of again was a worker's that ended.
_TRIAL = 30.0
# A failure is remembered so long: an answer since then shows that the service works.
_REMEMBERED = 600.0
# Seconds between two questions of a worker that waits for a circuit to close.
_ASK_AGAIN = 1.0


class CircuitState(StrEnum):
    """Where a circuit stands."""

    CLOSED = "closed"
    OPEN = "open"
    TRYING = "trying"


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of a service; times are in seconds since the epoch.

    Attributes:
        failure: Why it is open; ``None`` where it is closed.
        failures: Trials that failed, the failure that opened it included.
        opened_at: Since when it is open.
        probe_at: When a request may try.
        failed_at: When a request failed last.
        succeeded_at: When one was answered last.
    """

    failure: Failure | None = None
    failures: int = 0
    opened_at: float | None = None
    probe_at: float = 0.0
    failed_at: float | None = None
    succeeded_at: float | None = None

    def state(self, now: float) -> CircuitState:
        """Say where it stands."""
        if self.failure is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self.probe_at else CircuitState.TRYING

    def succeed(self, at: float) -> Circuit:
        """Take an answer down: it closes the circuit."""
        if self.opened_at is not None and at > self.opened_at:
            return Circuit(failed_at=self.failed_at, succeeded_at=at)
        return replace(self, succeeded_at=max(at, self.succeeded_at or at))

    def fail(self, failure: Failure, now: float) -> Circuit:
        """Take a failure down: it opens the circuit, unless others were answered since the failure before.

        Then the service works, and what was sent is to blame, or who sent it.
        """
        began = now - failure.started
        if self.failed_at is not None and began - self.failed_at < _REMEMBERED:
            began = min(began, self.failed_at)
        answered = self.succeeded_at is not None and self.succeeded_at > began
        if self.failure is None and answered and not failure.certain:
            return replace(self, failed_at=now)
        failures = self.failures + 1
        first, longest = _PAUSES[failure.permanent]
        pause = min(first * 2.0 ** min(failures - 1, 16), longest)
        if failure.retry_after is not None:
            pause = max(pause, min(failure.retry_after, _LONGEST_PAUSE))
        opened_at = now if self.opened_at is None else self.opened_at
        return replace(
            self, failure=failure, failures=failures, opened_at=opened_at, probe_at=now + pause, failed_at=now
        )

    def enter(self, now: float, *, wanted: bool) -> tuple[Circuit, Permit | None]:
        """Give what a worker may do that asks; no permit where the circuit is closed."""
        if self.failure is None:
            return self, None
        if self.state(now) is CircuitState.TRYING and wanted:
            return replace(self, probe_at=now + _TRIAL), Permit(trial=True, again=_ASK_AGAIN)
        closure = Closure(self.failure, max(self.probe_at - now, 0.0))
        return self, Permit(closure=closure, again=_ASK_AGAIN)


class CircuitOffice:
    """Lets the workers of a database agree, through one row for each service; see :class:`pgazure.client.gate.Office`.

    Args:
        pool: Connections.
    """

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]]) -> None:
        self._pool = pool
        self._worker = uuid4().hex

    async def ask(self, lane: Lane, report: Report) -> Permit | None:
        """Hand in a report and say what may be sent; ``None`` while the database is away."""
        try:
            async with self._pool.connection() as connection, connection.transaction():
                return await self._exchange(connection, lane, report)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            return None

    async def fail(self, lane: Lane, failure: Failure) -> Closure | None:
        """Take a failure down that no request has reported; say why nothing is to be sent, if it opens the circuit."""
        try:
            async with self._pool.connection() as connection, connection.transaction():
                row = await self._enter(connection, lane)
                circuit = _read(row).fail(failure, row.now)
                await self._leave(connection, lane, circuit, RateBook.from_json(row.sharing))
        except (psycopg.OperationalError, psycopg.InterfaceError):
            return None
        return None if circuit.failure is None else Closure(circuit.failure, max(circuit.probe_at - row.now, 0.0))

    async def _enter(self, connection: AsyncConnection[Any], lane: Lane) -> Any:
        """Lock the row of a service, and make it where there is none."""
        key = lane._asdict()
        await connection.execute(statement("circuit_patience"), {})
        row = await fetch_one(connection, statement("circuit_enter"), key)
        if row is None:
            await connection.execute(statement("circuit_create"), key)
            row = await fetch_one(connection, statement("circuit_enter"), key)
        return row

    async def _leave(self, connection: AsyncConnection[Any], lane: Lane, circuit: Circuit, book: RateBook) -> None:
        rate = None if book.rate == float("inf") else book.rate
        values = lane._asdict() | _write(circuit) | {"rate": rate, "sharing": Jsonb(book.to_json())}
        await connection.execute(statement("circuit_leave"), values)

    async def _exchange(self, connection: AsyncConnection[Any], lane: Lane, report: Report) -> Permit:
        row = await self._enter(connection, lane)
        now: float = row.now
        book, circuit = RateBook.from_json(row.sharing), _read(row)
        answered = [now - answer.ended for answer in report.answers if not answer.refused]
        if answered:
            circuit = circuit.succeed(max(answered))
        if report.failure is not None:
            circuit = circuit.fail(report.failure, now)
        circuit, permit = circuit.enter(now, wanted=report.wanted > 0 and report.failure is None)
        paced = book.exchange(self._worker, report, now, random.random())  # noqa: S311  jitter
        await self._leave(connection, lane, circuit, book)
        return permit or paced


def _read(row: Any) -> Circuit:
    failure = None
    if row.opened_at is not None:
        permanent = row.error_class == "pipeline_permanent"
        failure = Failure(
            0.0, permanent, certain=False, code=row.code, message=row.message, status_code=row.status_code
        )
    return Circuit(failure, row.failures, row.opened_at, row.probe_at or 0.0, row.failed_at, row.succeeded_at)


def _write(circuit: Circuit) -> dict[str, Any]:
    failure = circuit.failure
    return {
        "class": None if failure is None else "pipeline_permanent" if failure.permanent else "pipeline_temporary",
        "code": failure and failure.code,
        "message": failure and failure.message,
        "status_code": failure and failure.status_code,
        "failures": circuit.failures,
        "opened_at": circuit.opened_at,
        "probe_at": circuit.probe_at if failure else None,
        "failed_at": circuit.failed_at,
        "succeeded_at": circuit.succeeded_at,
    }
