"""One way to run every operation: check, cut, pack, send side by side, retry, bisect, put back in order."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from pgazure.client.gate import Gate, Lane, SharedGate, current_office
from pgazure.client.inputs import check_count, find_fault, read_choice, read_texts
from pgazure.errors import (
    AuthenticationError,
    BatchError,
    CircuitOpenError,
    DeploymentNotFoundError,
    InvalidRequestError,
    RateLimitError,
    ServiceError,
    ServiceTimeoutError,
)
from pgazure.flow.observe import RequestRecord, report_request
from pgazure.flow.packing import Capacity, pack
from pgazure.flow.retry import RetryPolicy, back_off, blames_a_text, is_retryable
from pgazure.services.exchange import Document
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from pgazure.flow.packing import Weight
    from pgazure.flow.splitting import Part
    from pgazure.services.exchange import Answer

R = TypeVar("R")

_RECORD_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Operation(Generic[R]):
    """What the executor must know of an operation.

    Attributes:
        service: Name of the service.
        name: The facade's name of the operation.
        endpoint: Base URL.
        send: Sends one request.
        capacity: What one request holds.
        weigh: What a document adds to a request.
        cut: Gives the parts of a text that is too long, or why it cannot be sent; ``None`` for one that fits.
        merge: Makes one result of those of the parts.
        deployment: Name of the model deployment.
        targets: Languages translated into.
        careful: Whether the service says nothing of its quota before it is used up, so that few requests go
            side by side at first.
    """

    service: str
    name: str
    endpoint: str
    send: Callable[[Sequence[Document]], Awaitable[Answer[R]]]
    capacity: Capacity
    weigh: Callable[[Document], Weight]
    cut: Callable[[str], list[Part] | DocumentError | None]
    merge: Callable[[Sequence[Part], Sequence[R]], R] | None = None
    deployment: str | None = None
    targets: int = 1
    careful: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments that every method of the facade shares.

    Raises:
        TypeError: One is no whole number.
        ConfigurationError: One is out of range.
    """

    batch_size: int
    timeout_ms: int | None
    throw_on_error: bool
    max_attempts: int | None
    retry_delay_ms: int | None

    def __post_init__(self) -> None:
        check_count(self.batch_size, "batch_size")
        for name, least in (("timeout_ms", 1), ("max_attempts", 1), ("retry_delay_ms", 0)):
            if getattr(self, name) is not None:
                check_count(getattr(self, name), name, least=least)

    def policy(self, default: RetryPolicy) -> RetryPolicy:
        """Give the client's policy with what this call says otherwise."""
        return RetryPolicy(
            max_attempts=default.max_attempts if self.max_attempts is None else self.max_attempts,
            retry_delay_ms=default.retry_delay_ms if self.retry_delay_ms is None else self.retry_delay_ms,
            timeout_ms=default.timeout_ms if self.timeout_ms is None else self.timeout_ms,
        )


@dataclass(frozen=True, slots=True)
class _Unit:
    """A document with the place of its text, and of itself among the parts of that text."""

    place: int
    part: int
    document: Document


_MISSING: Any = object()


@dataclass(slots=True)
class _Board(Generic[R]):
    """The outcomes by place: a result, a document error, the error of the whole request, or still missing."""

    outcomes: list[R | DocumentError | ServiceError | None]
    merge: Callable[[Sequence[Part], Sequence[R]], R] | None
    parts: dict[int, tuple[list[Part], list[Any]]] = field(default_factory=dict)
    exhausted: ServiceError | None = None

    def put(self, unit: _Unit, outcome: R | DocumentError | ServiceError) -> None:
        """Settle a text, or one part of it; the text is settled with its last part."""
        if unit.place not in self.parts:
            self.outcomes[unit.place] = outcome
            return
        parts, found = self.parts[unit.place]
        found[unit.part] = outcome
        if any(result is _MISSING for result in found):
            return
        del self.parts[unit.place]
        fault = next((result for result in found if isinstance(result, DocumentError | ServiceError)), None)
        assert self.merge is not None
        self.outcomes[unit.place] = fault if fault is not None else self.merge(parts, found)

    def fill(self, error: ServiceError) -> None:
        """Settle with ``error`` whatever is still missing."""
        self.outcomes = [error if outcome is _MISSING else outcome for outcome in self.outcomes]


class Executor:
    """Runs operations for one client.

    Args:
        policy: Retries and time allowed where a call does not say otherwise.
        max_concurrency: Most requests under way for one endpoint, deployment and operation.
        careful: Whether an operation whose service says nothing of its quota begins with few of them.
    """

    def __init__(self, policy: RetryPolicy, max_concurrency: int, *, careful: bool = True) -> None:
        self.policy = policy
        self.max_concurrency = max_concurrency
        self._careful = careful
        self._gates: dict[tuple[object, Lane], Gate] = {}

    def renew(self) -> Executor:
        """Make one like it that has learned nothing yet, for another event loop."""
        return Executor(self.policy, self.max_concurrency, careful=self._careful)

    async def run(
        self,
        operation: Operation[R],
        text: Any,
        language: Any,
        call: Call,
        *,
        names: tuple[str, str] = ("text", "language"),
    ) -> Any:
        """Run ``operation`` for one text or many.

        Returns:
            One result, or a list with one entry per text in input order.

        Raises:
            TypeError: A text or a language is none.
            BatchError: Some of many texts failed and ``call`` says to throw.
            ServiceError: The one text failed and ``call`` says to throw, or no text at all can pass.
        """
        texts, single = read_texts(text, names[0])
        languages = read_choice(language, len(texts), names[1])
        policy = call.policy(self.policy)
        board: _Board[R] = _Board([None if text is None else _MISSING for text in texts], operation.merge)
        deadline = asyncio.timeout(policy.timeout_ms / 1000)
        try:
            async with deadline:
                units = _prepare(operation, texts, languages, board)
                batches = pack(units, _limit(operation, call), lambda unit: operation.weigh(unit.document))
                await self._run_all(operation, batches, policy, board)
        except TimeoutError:
            if not deadline.expired():
                raise
            error = describe_timeout(operation, policy)
            if call.throw_on_error:
                raise error from None
            board.fill(error)
        return conclude(operation, board.outcomes, single=single, throw=call.throw_on_error)

    async def ask(self, operation: Operation[R], call: Call) -> R:
        """Run ``operation``, which is about no text.

        Raises:
            ServiceError: The service refused, or has not answered in time.
        """
        policy = call.policy(self.policy)
        deadline = asyncio.timeout(policy.timeout_ms / 1000)
        try:
            async with deadline:
                answer = await self._send(operation, (), policy)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise describe_timeout(operation, policy) from None
        (result,) = answer.results
        assert not isinstance(result, DocumentError)
        return result

    async def _run_all(
        self,
        operation: Operation[R],
        batches: Iterator[Sequence[_Unit]],
        policy: RetryPolicy,
        board: _Board[R],
    ) -> None:
        first = list(islice(batches, 2))
        if len(first) > 1:
            await self._run_many(operation, chain(first, batches), policy, board)
        elif first:
            await self._deliver(operation, first[0], policy, board)
        if board.exhausted is not None:
            board.fill(board.exhausted)

    async def _run_many(
        self,
        operation: Operation[R],
        batches: Iterable[Sequence[_Unit]],
        policy: RetryPolicy,
        board: _Board[R],
    ) -> None:
        # Requests are made as they can be sent, so that a million texts need no million of them in memory.
        room = asyncio.Semaphore(self.max_concurrency)
        try:
            async with asyncio.TaskGroup() as group:
                for batch in batches:
                    await room.acquire()
                    if board.exhausted is not None:
                        break
                    group.create_task(self._deliver(operation, batch, policy, board)).add_done_callback(
                        lambda _: room.release()
                    )
        except BaseExceptionGroup as failed:
            raise first_error(failed) from None

    async def _deliver(
        self, operation: Operation[R], units: Sequence[_Unit], policy: RetryPolicy, board: _Board[R]
    ) -> None:
        waiting = deque([units])
        while waiting:
            batch = waiting.popleft()
            try:
                answer = await self._send(operation, [unit.document for unit in batch], policy)
            except (AuthenticationError, DeploymentNotFoundError, CircuitOpenError):
                raise  # No text can pass.
            except ServiceError as error:
                if len(batch) > 1 and blames_a_text(error):
                    half = len(batch) // 2
                    waiting.extend((batch[:half], batch[half:]))
                    continue
                if isinstance(error, RateLimitError) and not is_retryable(error):
                    board.exhausted = error
                for unit in batch:
                    board.put(unit, error)
            else:
                for unit, result in zip(batch, answer.results, strict=True):
                    board.put(unit, result)

    async def _send(self, operation: Operation[R], documents: Sequence[Document], policy: RetryPolicy) -> Answer[R]:
        gate = self.gate(operation)
        attempt = 0
        begun = None
        while True:
            attempt += 1
            try:
                async with gate.turn() as started:
                    begun = started if begun is None else begun
                    return await self._attempt(operation, documents, attempt, gate, started)
            except CircuitOpenError:
                raise
            except ServiceError as error:
                error.attempts = attempt
                if attempt >= policy.max_attempts or not is_retryable(error):
                    assert begun is not None
                    await gate.give_up(begun, error)
                    raise
                # After a 429 the gate makes everybody wait, this request included.
                if not isinstance(error, RateLimitError):
                    chance = random.random()  # noqa: S311  jitter
                    await asyncio.sleep(back_off(attempt, policy.retry_delay_ms / 1000, chance, error.retry_after))

    async def _attempt(
        self, operation: Operation[R], documents: Sequence[Document], attempt: int, gate: Gate, started: float
    ) -> Answer[R]:
        with Measurement(operation, documents, attempt) as measurement:
            try:
                answer = measurement.answer = await operation.send(documents)
            except RateLimitError as error:
                if is_retryable(error):
                    gate.refuse(started, error.retry_after)
                raise
        gate.succeed(started, answer.pause, answer.left)
        return answer

    def gate(self, operation: Operation[Any]) -> Gate:
        """Give the queue before the operation's endpoint and deployment."""
        lane = Lane(operation.endpoint, operation.deployment or "", operation.name)
        office = current_office()
        if (office, lane) not in self._gates:
            ceiling, careful = self.max_concurrency, self._careful and operation.careful
            self._gates[office, lane] = (
                Gate(ceiling, careful=careful)
                if office is None
                else SharedGate(ceiling, careful=careful, office=office, lane=lane)
            )
        return self._gates[office, lane]


class Measurement:
    """Reports one request, however it ends."""

    def __init__(self, operation: Operation[Any], documents: Sequence[Document], attempt: int) -> None:
        self._operation = operation
        self._documents = documents
        self._attempt = attempt
        self.answer: Answer[Any] | None = None

    def __enter__(self) -> Self:
        self._started_at = datetime.now(UTC)
        self._clock = time.perf_counter()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        about = error if isinstance(error, ServiceError) else self.answer
        report_request(
            RequestRecord(
                service=self._operation.service,
                operation=self._operation.name,
                endpoint=self._operation.endpoint,
                deployment=self._operation.deployment,
                items=len(self._documents),
                characters=sum(len(document.text) for document in self._documents),
                text_records=sum(-(-len(document.text) // _RECORD_CHARACTERS) for document in self._documents),
                targets=self._operation.targets,
                tokens=self.answer.tokens if self.answer is not None else None,
                status_code=about.status_code if about is not None else None,
                request_id=about.request_id if about is not None else None,
                started_at=self._started_at,
                duration_ms=(time.perf_counter() - self._clock) * 1000,
                attempt=self._attempt,
                error_code=_name_error(error),
                answer_tokens=self.answer.answer_tokens if self.answer is not None else None,
            )
        )


def _name_error(error: BaseException | None) -> str | None:
    if error is None:
        return None
    return (error.code if isinstance(error, ServiceError) else None) or type(error).__name__


def _prepare(
    operation: Operation[R], texts: Sequence[str | None], languages: Sequence[str | None], board: _Board[R]
) -> Iterator[_Unit]:
    for place, (text, language) in enumerate(zip(texts, languages, strict=True)):
        if text is None:
            continue
        cut = find_fault(text) or operation.cut(text)
        if cut is None:
            yield _Unit(place, 0, Document(text, language))
        elif isinstance(cut, DocumentError):
            board.outcomes[place] = cut
        elif not cut:
            board.outcomes[place] = DocumentError("InvalidDocument", "the text is nothing but white space")
        else:
            board.parts[place] = (cut, [_MISSING] * len(cut))
            for number, part in enumerate(cut):
                yield _Unit(place, number, Document(part.text, language))


def _limit(operation: Operation[Any], call: Call) -> Capacity:
    return replace(operation.capacity, items=min(call.batch_size, operation.capacity.items))


def first_error(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    """Give the first of the errors of tasks side by side."""
    first = failed.exceptions[0]
    return first_error(first) if isinstance(first, BaseExceptionGroup) else first


def describe_timeout(operation: Operation[Any], policy: RetryPolicy) -> ServiceTimeoutError:
    """Make the error for a call whose time is up."""
    msg = (
        f"{operation.service} {operation.name}: not finished within timeout_ms={policy.timeout_ms:g}, "
        "retries and waiting included. Allow more time or send fewer texts."
    )
    return ServiceTimeoutError(msg, service=operation.service, operation=operation.name, code="Timeout")


def conclude(operation: Operation[Any], outcomes: Sequence[Any], *, single: bool, throw: bool) -> Any:
    """Give the outcomes as a call returns them.

    Raises:
        ServiceError: The one text failed and the call says to throw.
        BatchError: Some of many texts failed and the call says to throw.
    """
    if single and throw and isinstance(outcomes[0], ServiceError):
        raise outcomes[0]
    results = [_as_document_error(o) if isinstance(o, ServiceError) else o for o in outcomes]
    faults = [(place, result) for place, result in enumerate(results) if isinstance(result, DocumentError)]
    if throw and faults:
        place, fault = faults[0]
        if single:
            msg = f"{operation.service} {operation.name}: {fault.code}: {fault.message}"
            raise InvalidRequestError(
                msg,
                service=operation.service,
                operation=operation.name,
                code=fault.code,
                request_id=fault.request_id,
                status_code=fault.status_code,
            )
        msg = (
            f"{operation.service} {operation.name}: {len(faults)} of {len(results)} texts failed, the first at "
            f"index {place} with {fault.code}: {fault.message} All results are in the error's .results; "
            "throw_on_error=False returns them instead."
        )
        raise BatchError(msg, results)
    return results[0] if single else results


def _as_document_error(error: ServiceError) -> DocumentError:
    return DocumentError(
        code=error.code or type(error).__name__,
        message=str(error),
        request_id=error.request_id,
        status_code=error.status_code,
        retryable=is_retryable(error) or isinstance(error, RateLimitError | ServiceTimeoutError),
    )
