"""Letting requests through at the pace that the service allows."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pgazure.errors import (
    AuthenticationError,
    CircuitOpenError,
    DeploymentNotFoundError,
    RateLimitError,
    ServiceError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceUnavailableError,
)
from pgazure.flow.rate import RateControl
from pgazure.flow.retry import TOO_LONG, WRONG_DIMENSIONS, is_retryable
from pgazure.flow.sharing import Answered, Failure, Permit, Report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pgazure.flow.sharing import Closure

# Seconds after which a turn that was not used is not used any more.
_STALE = 1.0

_PERMANENT = (AuthenticationError, DeploymentNotFoundError, RateLimitError)
_TEMPORARY = (ServiceUnavailableError, ServiceResponseError, ServiceRequestError)


class Lane(NamedTuple):
    """What has a quota of its own.

    Attributes:
        endpoint: Base URL of the service.
        deployment: Name of the model deployment; empty where there is none.
        operation: The facade's name of the operation.
    """

    endpoint: str
    deployment: str
    operation: str


class Office(Protocol):
    """Where the workers of a database agree on what they send to a service."""

    async def ask(self, lane: Lane, report: Report) -> Permit | None:
        """Hand in a report and say what may be sent; ``None`` while nobody is there to be asked."""


_OFFICE: ContextVar[Office | None] = ContextVar("pgazure_office", default=None)


@contextmanager
def pace_by(office: Office) -> Iterator[None]:
    """Send the requests of this context as ``office`` permits, together with those of other processes."""
    token = _OFFICE.set(office)
    try:
        yield
    finally:
        _OFFICE.reset(token)


def current_office() -> Office | None:
    """Give the office of the current context."""
    return _OFFICE.get()


class Gate:
    """The queue before one endpoint, deployment and operation; first come, first served.

    Args:
        ceiling: Most requests under way.
        careful: Whether to begin with few of them.
    """

    def __init__(self, ceiling: int, *, careful: bool) -> None:
        self._control = RateControl(ceiling, careful)
        self._queue = asyncio.Lock()
        self._changed = asyncio.Event()
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[float]:
        """Wait for a turn and hold it; gives the time it began.

        Raises:
            CircuitOpenError: Nothing is sent to this service for now.
        """
        self._waiting += 1
        try:
            # The lock hands itself on in order of arrival: whoever has it is the head of the queue.
            async with self._queue:
                await self._wait()
                self._control.start(_now())
        finally:
            self._waiting -= 1
        try:
            yield _now()
        finally:
            self._control.finish(_now())
            self._changed.set()

    async def _wait(self) -> None:
        while (delay := self._control.delay(_now())) > 0:
            await self._pause(delay)

    async def _pause(self, seconds: float) -> None:
        """Wait until something has changed, at most so many seconds."""
        self._changed.clear()
        try:
            async with asyncio.timeout(None if seconds == float("inf") else seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def succeed(self, started_at: float, pause: float | None, left: int | None = None) -> None:
        """Learn from an answer; ``left`` is how many more requests the quota has, where the service says so."""
        self._control.succeed(started_at, _now(), pause, left)

    def refuse(self, started_at: float, retry_after: float | None) -> None:
        """Learn from a 429."""
        self._control.refuse(started_at, _now(), random.random(), retry_after)  # noqa: S311  jitter

    async def give_up(self, started_at: float, error: ServiceError) -> None:
        """Learn that a request is not tried again.

        Args:
            started_at: When its first attempt began.
            error: What its last one met.

        Raises:
            CircuitOpenError: The service refuses or fails, whoever asks.
        """


class SharedGate(Gate):
    """A gate before a service that other processes use too.

    The ceiling is its own; the pace, and whether anything is sent at all, is
    what the office says. While nobody is there to be asked, it paces itself.
    """

    def __init__(self, ceiling: int, *, careful: bool, office: Office, lane: Lane) -> None:
        super().__init__(ceiling, careful=careful)
        self._office = office
        self._lane = lane
        self._answers: list[tuple[float, float, bool, float | None]] = []
        self._turns: deque[float] = deque()
        self._free = False
        self._alone = False
        self._trying = False
        self._ask_at = float("-inf")

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[float]:
        """Wait for a turn and hold it; gives the time it began."""
        started = _now()
        try:
            async with super().turn() as started:
                yield started
        except ServiceError as error:
            if self._trying:
                # A trial is tried once: the service is given time between two of them.
                self._trying = False
                await self.give_up(started, error)
            raise
        except BaseException:
            self._trying = False
            raise
        if self._trying:
            # The other workers wait to hear what came of it.
            await self._ask()

    async def _wait(self) -> None:
        while True:
            await super()._wait()
            now = _now()
            while self._turns and self._turns[0] < now - _STALE:
                self._turns.popleft()
            if self._turns and self._turns[0] <= now:
                self._turns.popleft()
                return
            if self._trying:
                await self._pause(_STALE)
                continue
            if now >= self._ask_at:
                permit = await self._ask()
                if permit.closure is not None:
                    # Not remembered: the next one to ask may be the one that tries.
                    self._ask_at = float("-inf")
                    raise describe_closure(permit.closure, self._lane)
                if permit.trial:
                    return
                continue
            if self._free:
                return
            await self._pause(min(self._turns[0] if self._turns else self._ask_at, self._ask_at) - now)

    async def _ask(self, failure: Failure | None = None) -> Permit:
        now = _now()
        answers, self._answers = self._answers, []
        report = Report(
            [Answered(now - started, now - ended, refused, pause) for started, ended, refused, pause in answers],
            self._control.under_way + len(self._turns),
            max(0, self._waiting - len(self._turns)),
            failure,
        )
        permit = await self._office.ask(self._lane, report)
        now = _now()
        if self._alone and permit is not None:
            # What it has learned by itself is a part of what all have learned together.
            self._control.rate, self._control.refusals, self._control.opens_at = float("inf"), 0, float("-inf")
        self._alone = permit is None
        if permit is None:
            permit = Permit(free=True, again=_STALE)
        self._free, self._trying = permit.free, permit.trial
        self._turns.extend(now + seconds for seconds in permit.turns)
        self._ask_at = now + permit.again
        self._changed.set()
        return permit

    def succeed(self, started_at: float, pause: float | None, left: int | None = None) -> None:
        """Learn from an answer."""
        super().succeed(started_at, pause if self._alone else None, left)
        self._answers.append((started_at, _now(), False, pause))

    def refuse(self, started_at: float, retry_after: float | None) -> None:
        """Learn from a 429: the turns in hand are void."""
        if self._alone:
            super().refuse(started_at, retry_after)
        self._answers.append((started_at, _now(), True, retry_after))
        self._turns.clear()
        self._free, self._ask_at = False, float("-inf")

    async def give_up(self, started_at: float, error: ServiceError) -> None:
        """Tell the office, which knows whether others are answered."""
        if not isinstance(error, _PERMANENT + _TEMPORARY) or error.code in {WRONG_DIMENSIONS, TOO_LONG}:
            return
        if isinstance(error, RateLimitError) and is_retryable(error):
            return  # The attempts have not outlasted a quota that opens again.
        failure = Failure(
            _now() - started_at,
            isinstance(error, _PERMANENT),
            isinstance(error, RateLimitError),
            error.code or type(error).__name__,
            str(error),
            error.status_code,
            error.retry_after,
        )
        permit = await self._ask(failure)
        self._ask_at = float("-inf")
        if permit.closure is not None:
            raise describe_closure(permit.closure, self._lane) from error


def describe_closure(closure: Closure, lane: Lane) -> CircuitOpenError:
    """Make the error for a request that is not sent."""
    failure = closure.failure
    return CircuitOpenError(
        failure.message,
        operation=lane.operation,
        status_code=failure.status_code,
        code=failure.code,
        retry_after=closure.seconds,
        permanent=failure.permanent,
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
