"""Answering calls: those of many sessions that ask the same of the service share a request."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pgazure.bridge.answers import (
    describe_document_error,
    describe_error,
    refuse_unwritable,
    write_answer,
    write_problems,
)
from pgazure.errors import BatchError
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgazure.bridge.catalog import Question
    from pgazure.bridge.services import Services

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call.

    Attributes:
        answer: Its result as JSON; ``None`` where it failed.
        problems: Warnings and error as JSON, where there are any.
        results: Its results, one for each text.
        failed: Whether it is an error for the session.
    """

    answer: str | None
    problems: str | None
    results: list[Any] = field(repr=False)
    failed: bool = False


@dataclass(slots=True)
class _Member:
    """A call among those that share a request."""

    question: Question
    settled: Callable[[Outcome], None]


@dataclass(slots=True, eq=False)
class _Parcel:
    """Calls that are made as one."""

    kind: str | None
    members: list[_Member] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        return sum(len(member.question.texts) for member in self.members)


class Packer:
    """Makes the calls of the facade.

    The first call of a kind goes out at once. Those that come while it is under
    way wait for each other a few milliseconds, or until a request is full.

    Args:
        services: Gives the clients.
        window: Seconds that a call waits for company while an earlier one of its kind is under way.
        codec: Encoding of the database, under Python's name.
    """

    def __init__(self, services: Services, window: float, codec: str = "utf-8") -> None:
        self._services = services
        self._window = window
        self._codec = codec
        self._filling: dict[str, _Parcel] = {}
        self._under_way: dict[str, int] = {}
        self._places: dict[int, _Parcel] = {}

    def take(self, number: int, question: Question, settled: Callable[[Outcome], None]) -> None:
        """Make a call; ``settled`` is called with its outcome, unless it is given up before."""

        def settle(outcome: Outcome) -> None:
            self._places.pop(number, None)
            settled(outcome)

        member, kind = _Member(question, settle), question.kind
        if kind is None or not self._under_way.get(kind):
            parcel = _Parcel(kind, [member])
            self._places[number] = parcel
            self._send(parcel)
            return
        parcel = self._filling.get(kind) or _Parcel(kind)
        if parcel.members and parcel.count + len(question.texts) > question.function.most:
            self._close(parcel)
            parcel = _Parcel(kind)
        if not parcel.members:
            self._filling[kind] = parcel
            asyncio.get_running_loop().call_later(self._window, self._close, parcel)
        parcel.members.append(member)
        self._places[number] = parcel
        if parcel.count >= question.function.most:
            self._close(parcel)

    def _close(self, parcel: _Parcel) -> None:
        if parcel.kind is not None and self._filling.get(parcel.kind) is parcel:
            del self._filling[parcel.kind]
            if parcel.members:
                self._send(parcel)

    def _send(self, parcel: _Parcel) -> None:
        if parcel.kind is not None:
            self._under_way[parcel.kind] = self._under_way.get(parcel.kind, 0) + 1
        parcel.task = asyncio.create_task(self._deliver(parcel))

    def give_up(self, number: int) -> None:
        """Stop a call that nobody waits for; its request is broken off when no other call shares it."""
        parcel = self._places.pop(number, None)
        if parcel is None:
            return
        if any(other is parcel for other in self._places.values()):
            return
        parcel.members.clear()
        if parcel.task is not None:
            parcel.task.cancel()
        elif parcel.kind is not None and self._filling.get(parcel.kind) is parcel:
            del self._filling[parcel.kind]

    @property
    def numbers(self) -> list[int]:
        """The calls in hand."""
        return list(self._places)

    async def _deliver(self, parcel: _Parcel) -> None:
        members = list(parcel.members)
        try:
            for member, outcome in zip(members, await self._answer(members), strict=True):
                member.settled(outcome)
        finally:
            if parcel.kind is not None:
                self._under_way[parcel.kind] -= 1
                if not self._under_way[parcel.kind]:
                    del self._under_way[parcel.kind]

    async def _answer(self, members: Sequence[_Member]) -> list[Outcome]:
        first = members[0].question
        together = first
        if len(members) > 1:
            together = replace(first, subject=[text for member in members for text in member.question.texts])
        try:
            results = deque(await self._ask(together))
            if first.function.name == "azure_ai.rank":
                return [Outcome(write_answer(first, list(results)), None, list(results))]
            return [
                self._conclude(member.question, [results.popleft() for _ in member.question.texts])
                for member in members
            ]
        except Exception as error:  # noqa: BLE001  whatever it is, each session must be told
            return [_fail(member.question, error) for member in members]

    async def _ask(self, question: Question) -> list[Any]:
        method = question.function.bind(self._services.find(question))
        arguments = {question.function.subject: question.subject, **question.options}
        if question.function.name == "azure_ai.rank":
            ranked: list[Any] = await method(**arguments)
            return ranked
        if question.function.schema != "azure_ml":
            arguments[question.function.subject] = question.texts
        found = await method(**arguments, throw_on_error=False)
        return [found] if question.function.schema == "azure_ml" else list(found)

    def _conclude(self, question: Question, results: list[Any]) -> Outcome:
        if not question.gives_vectors:
            results = refuse_unwritable(results, self._codec)
        name = question.function.name
        faults = [describe_document_error(name, fault) for fault in results if isinstance(fault, DocumentError)]
        if faults and question.throws:
            if len(results) > 1:
                faults[0]["detail"] += f" {len(faults)} of {len(results)} texts failed."
            return Outcome(None, write_problems([], faults[0]), results, failed=True)
        return Outcome(write_answer(question, results), write_problems(faults, None), results)

    async def close(self) -> None:
        """Break off what is under way."""
        tasks = {parcel.task for parcel in self._places.values() if parcel.task is not None}
        self._places.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _fail(question: Question, error: Exception) -> Outcome:
    described = describe_error(question.function.name, error)
    if described["sqlstate"] == "ZA500" and not isinstance(error, BatchError):
        _log.error("call failed", exc_info=error)
    if question.throws:
        return Outcome(None, write_problems([], described), [], failed=True)
    missing = [None for _ in question.texts]
    return Outcome(write_answer(question, missing), write_problems([described], None), [])
