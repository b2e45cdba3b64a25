"""The server: answers the calls of the functions of one database."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import psycopg

from pgazure.bridge.answers import describe_document_error, describe_error, write_answer, write_problems
from pgazure.bridge.catalog import read_question
from pgazure.bridge.packing import Packer
from pgazure.bridge.queue import Settled, open_queue
from pgazure.bridge.services import Services
from pgazure.bridge.vectors import collect_vectors
from pgazure.errors import ConfigurationError, SchemaError
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pgazure.bridge.catalog import Question
    from pgazure.bridge.packing import Outcome
    from pgazure.bridge.queue import Claimed, Queue
    from pgazure.config import Settings

_log = logging.getLogger(__name__)

_KEPT_AT_ONCE = 1_000
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
# The functions were removed or replaced: on a new connection it is checked which are there now.
_REPLACED = (
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedTable,
)


class Server:
    """Answers calls until it is told to stop.

    Args:
        conninfo: The database, in libpq's form.
        settings: Ready settings in place of those of the environment.
        max_concurrency: Most requests under way for one endpoint, deployment and operation.
        window: Seconds that a call waits for others to share a request with, while one like it is under way.
        sweep_every: Seconds after which a server looks for what nobody waits for and for settings it was not told of.
        on_ready: Called when calls are answered, after a lost connection again.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        settings: Settings | None = None,
        max_concurrency: int = 16,
        window: float = 0.003,
        sweep_every: float = 5.0,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        self._conninfo = conninfo
        self._services = Services(max_concurrency, settings)
        self._window = window
        self._sweep_every = sweep_every
        self._on_ready = on_ready
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Have :meth:`run` return when the calls in hand are answered."""
        self._stopping.set()

    async def run(self) -> None:
        """Answer calls until :meth:`stop`; a lost database is waited for.

        Raises:
            ConfigurationError: The database cannot be reached in the beginning, or a setting cannot be used.
            SchemaError: The functions are not installed, or those of another version are.
        """
        pause = 0.0
        try:
            while not self._stopping.is_set():
                try:
                    async with open_queue(self._conninfo) as queue:
                        pause = _SHORTEST_PAUSE
                        packer = Packer(self._services, self._window, queue.codec)
                        shift = _Shift(queue, self._services, packer, self._stopping)
                        await shift.work(self._sweep_every, self._on_ready)
                except (psycopg.OperationalError, psycopg.InterfaceError, ConfigurationError, *_REPLACED) as error:
                    if not pause:
                        raise
                    _log.warning("database lost", extra={"reason": type(error).__name__, "pause": pause})
                    await self._wait(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
        finally:
            await self._services.close()

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


class _Shift:
    """What a server does over one pair of connections."""

    def __init__(self, queue: Queue, services: Services, packer: Packer, stopping: asyncio.Event) -> None:
        self._queue = queue
        self._services = services
        self._stopping = stopping
        self._packer = packer
        self._ready: list[Settled] = []
        self._in_hand: set[int] = set()
        self._keeping: set[asyncio.Task[None]] = set()
        self._settled = self._failed = 0
        self._outcomes = asyncio.Event()
        self._idle = asyncio.Event()

    async def work(self, sweep_every: float, on_ready: Callable[[], None] | None) -> None:
        """Answer calls until the server stops.

        Raises:
            psycopg.Error: The connection failed.
        """
        await self._renew_settings()
        await self._queue.enter(version("pgazure"))
        if on_ready is not None:
            on_ready()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(job) for job in (self._hear(), self._sweep_often(sweep_every), self._settle_all())
                ]
                await self._take(None)
                await self._stopping.wait()
                await self._queue.refuse()
                # What was announced before sessions could know.
                await self._take(None)
                await self._finish()
                for task in tasks:
                    task.cancel()
            await self._queue.leave()
        except BaseExceptionGroup as failed:
            raise _first(failed) from None
        finally:
            await self._packer.close()

    async def _hear(self) -> None:
        async for news in self._queue.hear():
            if news.settings:
                await self._renew_settings()
            if news.calls and not self._stopping.is_set():
                await self._take(news.calls)
            if news.given_up:
                await self._drop_unwanted()

    async def _take(self, numbers: Sequence[int] | None) -> None:
        for claimed in await self._queue.claim(numbers):
            self._in_hand.add(claimed.number)
            self._start(claimed)

    def _start(self, claimed: Claimed) -> None:
        try:
            question = read_question(claimed.function, json.loads(claimed.arguments))
        except (KeyError, ValueError, AttributeError):
            error = SchemaError("the server does not know this function, or not with these arguments")
            problems = write_problems([], describe_error(claimed.function, error))
            self._put(Settled(claimed.number, None, problems), failed=True)
            return
        if question.subject is None or question.texts == []:
            self._put(Settled(claimed.number, write_answer(question, [None]), None), failed=False)
            return

        def settled(outcome: Outcome) -> None:
            if claimed.retention is not None and outcome.results:
                task = asyncio.create_task(self._keep(claimed, question, outcome.results))
                self._keeping.add(task)
                task.add_done_callback(self._keeping.discard)
                return
            wanted = question.gives_vectors and not outcome.failed
            vectors = collect_vectors(outcome.results) if wanted else None
            self._put(Settled(claimed.number, outcome.answer, outcome.problems, vectors), failed=outcome.failed)

        self._packer.take(claimed.number, question, settled)

    async def _keep(self, claimed: Claimed, question: Question, results: Sequence[Any]) -> None:
        assert claimed.retention is not None
        name = claimed.function
        faults = [result for result in results if isinstance(result, DocumentError)]
        answered = [
            (text, write_answer(replace(question, subject=text, gives_vectors=False), [result]))
            for text, result in zip(question.texts, results, strict=True)
            if not isinstance(result, DocumentError)
        ]
        try:
            for start in range(0, len(answered), _KEPT_AT_ONCE):
                some = answered[start : start + _KEPT_AT_ONCE]
                await self._queue.keep(
                    name,
                    claimed.arguments,
                    question.function.subject,
                    [text for text, _ in some],
                    [answer for _, answer in some],
                    place=self._services.places[question.function.schema],
                    retention=claimed.retention,
                )
        except (psycopg.OperationalError, psycopg.InterfaceError):
            # The connection is lost, and with it every call in hand.
            return
        except psycopg.Error as error:
            problems = write_problems([], describe_error(name, error))
            self._put(Settled(claimed.number, None, problems), failed=True)
            return
        warnings = []
        if faults:
            warnings = [describe_document_error(name, faults[0])]
            warnings[0]["detail"] += f" {len(faults)} of {len(results)} texts have no answer; this is about the first."
        self._put(Settled(claimed.number, str(len(answered)), write_problems(warnings, None)), failed=False)

    def _put(self, settled: Settled, *, failed: bool) -> None:
        if settled.number in self._in_hand:
            self._ready.append(settled)
            self._settled += 1
            self._failed += failed
            self._outcomes.set()

    async def _settle_all(self) -> None:
        while True:
            await self._outcomes.wait()
            self._outcomes.clear()
            ready, self._ready = self._ready, []
            if ready:
                await self._queue.settle(ready)
                self._forget(each.number for each in ready)

    def _forget(self, numbers: Iterable[int]) -> None:
        self._in_hand.difference_update(numbers)
        if not self._in_hand:
            self._idle.set()

    async def _finish(self) -> None:
        while self._in_hand:
            self._idle.clear()
            await self._idle.wait()

    async def _drop_unwanted(self) -> None:
        numbers = self._packer.numbers
        if not numbers:
            return
        wanted = await self._queue.find_wanted(numbers)
        unwanted = [number for number in numbers if number not in wanted]
        for number in unwanted:
            self._packer.give_up(number)
        if unwanted:
            await self._queue.release(unwanted)
            self._forget(unwanted)

    async def _renew_settings(self) -> None:
        if self._services.describe(await self._queue.read_settings()):
            await self._queue.note_places(self._services.places)

    async def _sweep_often(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._queue.check()
            await self._queue.sweep()
            await self._renew_settings()
            await self._drop_unwanted()
            await self._take(None)
            await self._queue.report(in_hand=len(self._in_hand), settled=self._settled, failed=self._failed)


def _first(failed: BaseExceptionGroup[Any]) -> BaseException:
    first = failed.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
