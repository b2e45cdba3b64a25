"""A worker: serves pipelines until it is told to stop, beside any number of others on the same database."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg

from pgazure.errors import InvalidSpecError, PgAzureError
from pgazure.flow.retry import back_off
from pgazure.pipeline.enrichment.runner import BATCH_ROWS, CONCURRENCY
from pgazure.pipeline.specification.schedule import NOT_SCHEDULED, Schedule, finish_tick, take_tick
from pgazure.pipeline.storage.database import fetch_all
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

    from pgazure.pipeline.engine import Engine
    from pgazure.pipeline.enrichment.run import RunReport
    from pgazure.pipeline.enrichment.runner import Progress

LOOK_EVERY = 2.0
"""Seconds between two looks at the queues, for what no notification tells: pauses that end, workers that died."""

# The errors that say that the database is away, and not what is wrong with a statement.
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)

# Seconds until a pipeline is tried again that came no further: at first, and at most.
_FIRST_REST = 5.0
_LONGEST_REST = 60.0


@dataclass
class _Run:
    """A run under way."""

    version: datetime
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


@dataclass
class _Rest:
    """A pipeline that came no further the last time."""

    times: int
    until: float
    version: datetime


class Worker:
    """Serves the pipelines of a database: those that follow changes, and those with a timetable.

    Changes are told by the database and looked for besides. A pipeline that is
    applied anew is taken up with its new specification; one that is paused or
    dropped is left after the batches in hand. While the database is away the
    worker waits for it.

    Args:
        engine: An open engine with a client.
        names: Only these pipelines; all of them where none is given.
        batch_rows: Most rows claimed at once.
        concurrency: Batches of a pipeline worked on side by side.
        on_progress: Called after every batch.
        on_report: Called after every run that did something.
        on_trouble: Called with what went wrong and is tried again.

    Attributes:
        reports: The latest report of each pipeline that was served.
    """

    def __init__(
        self,
        engine: Engine,
        names: Sequence[str] = (),
        *,
        batch_rows: int = BATCH_ROWS,
        concurrency: int = CONCURRENCY,
        on_progress: Callable[[Progress], None] | None = None,
        on_report: Callable[[RunReport], None] | None = None,
        on_trouble: Callable[[str], None] | None = None,
    ) -> None:
        self._engine = engine
        self._names = frozenset(names)
        self._batch_rows = batch_rows
        self._concurrency = concurrency
        self._on_progress = on_progress
        self._on_report = on_report
        self._on_trouble = on_trouble
        self._id = uuid4()
        self._runs: dict[str, _Run] = {}
        self._rests: dict[str, _Rest] = {}
        self._begun: set[str] = set()
        self._ticks: dict[int, datetime] = {}
        self._bell = asyncio.Event()
        self.reports: dict[str, RunReport] = {}

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set, then finish the batches in hand.

        Raises:
            InvalidSpecError: A pipeline was named that there is not.
            SchemaError: The schema is not that of this pgazure.
        """
        await self._check_names()
        watcher = asyncio.create_task(self._ring_when(stop))
        lost = 0
        try:
            while not stop.is_set():
                try:
                    async with self._join() as listener:
                        lost = 0
                        await self._serve(listener, stop)
                except _AWAY as error:
                    lost += 1
                    self._complain(f"the database is away ({' '.join(str(error).split())}); waiting for it")
                    await self._end_runs()
                    await _wait(stop, back_off(lost, 0.5, 0))
        finally:
            watcher.cancel()
            await self._end_runs()

    async def _serve(self, listener: asyncio.Task[None], stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._bell.clear()
            if listener.done():
                listener.result()
            await self._look()
            await _wait(self._bell, LOOK_EVERY)
        for run in self._runs.values():
            run.stop.set()
        await asyncio.gather(*(run.task for run in self._runs.values() if run.task))

    async def _look(self) -> None:
        """Begin the runs that there is something to do for, and end those of pipelines that have changed."""
        for order in await self._engine.carry_out_orders():
            if order.message is not None:
                self._complain(f"order {order.number} of pipeline {order.pipeline} is refused: {order.message}")
        served = await self._read_served()
        for name, run in list(self._runs.items()):
            if run.task and run.task.done():
                del self._runs[name]
                run.task.result()
            elif name not in served or served[name].paused or served[name].updated_at != run.version:
                run.stop.set()
        for name, row in served.items():
            if name in self._runs or row.paused or self._rests_still(row):
                continue
            try:
                await self._look_at(row)
            except _AWAY:
                raise
            except (PgAzureError, psycopg.Error) as error:
                # A source that does not fit any more, say, or a pipeline that was dropped while we looked.
                self._rest(row, str(error))

    async def _look_at(self, row: Any) -> None:
        """Begin a run of one pipeline, if there is something to do for it."""
        tick = None if row.trigger in NOT_SCHEDULED else await self._take_tick(row)
        if row.ordered or tick or (row.trigger == "on_change" and await self._has_due(row)):
            self._begin(row, tick)

    async def _read_served(self) -> dict[str, Any]:
        async with self._engine.pool.connection() as connection:
            rows = await fetch_all(connection, statement("fleet_pipelines"))
        return {row.name: row for row in rows if not self._names or row.name in self._names}

    async def _take_tick(self, row: Any) -> datetime | None:
        # One that was taken and not finished, because its pipeline was paused meanwhile, is still ours to do.
        if row.pipeline_id not in self._ticks:
            async with self._engine.pool.connection() as connection:
                tick = await take_tick(connection, row.pipeline_id, Schedule(row.trigger), self._id)
            if tick is not None:
                self._ticks[row.pipeline_id] = tick
        return self._ticks.get(row.pipeline_id)

    async def _has_due(self, row: Any) -> bool:
        return row.name not in self._begun or await self._engine.has_due(row.name)

    def _begin(self, row: Any, tick: datetime | None) -> None:
        run = self._runs[row.name] = _Run(row.updated_at)
        run.task = asyncio.create_task(self._work(row, run, tick))
        run.task.add_done_callback(lambda _: self._bell.set())

    async def _work(self, row: Any, run: _Run, tick: datetime | None) -> None:
        # Whoever starts a worker has perhaps put right what stood in the way, so the first run waits for no pause.
        wake = tick is not None or row.ordered or row.name not in self._begun
        try:
            report = await self._engine.run(
                row.name,
                batch_rows=self._batch_rows,
                concurrency=self._concurrency,
                wake=wake,
                on_progress=self._on_progress,
                stop=run.stop,
            )
            if tick is not None and not run.stop.is_set() and not report.cut_short:
                async with self._engine.pool.connection() as connection:
                    await finish_tick(connection, row.pipeline_id, tick)
                del self._ticks[row.pipeline_id]
        except _AWAY:
            raise
        except (PgAzureError, psycopg.Error) as error:
            self._rest(row, str(error))
            return
        self._begun.add(row.name)
        self.reports[row.name] = report
        if report.rows == 0 and (report.halts or report.stopped):
            self._rest(row)
        else:
            self._rests.pop(row.name, None)
        if self._on_report and (report.rows or report.requests or wake):
            self._on_report(report)

    def _rest(self, row: Any, reason: str | None = None) -> None:
        """Leave a pipeline alone for a while, or until it is applied anew."""
        times = self._rests[row.name].times + 1 if row.name in self._rests else 1
        seconds = min(back_off(times, _FIRST_REST, 0), _LONGEST_REST)
        self._rests[row.name] = _Rest(times, asyncio.get_running_loop().time() + seconds, row.updated_at)
        if reason is not None:
            self._complain(f"{row.name}: {' '.join(reason.split())}; tried again in {seconds:.0f} s")

    def _rests_still(self, row: Any) -> bool:
        rest = self._rests.get(row.name)
        return rest is not None and rest.version == row.updated_at and asyncio.get_running_loop().time() < rest.until

    @asynccontextmanager
    async def _join(self) -> AsyncIterator[asyncio.Task[None]]:
        """Be one of the workers of the database, and hear of changes."""
        async with await psycopg.AsyncConnection.connect(self._engine.conninfo, autocommit=True) as connection:
            about = {"worker_id": self._id, "host": socket.gethostname(), "process_id": os.getpid()}
            await connection.execute(statement("fleet_join"), about)
            await connection.execute(statement("fleet_forget"), {"worker_id": self._id})
            await connection.execute(statement("fleet_listen"), {})
            # What is left of sessions from before the database was away is of no use.
            await self._engine.pool.check()
            listener = asyncio.create_task(self._listen(connection))
            try:
                yield listener
            finally:
                listener.cancel()
                await asyncio.gather(listener, return_exceptions=True)
            await connection.execute(statement("fleet_leave"), {"worker_id": self._id})

    async def _listen(self, connection: AsyncConnection[Any]) -> None:
        try:
            async for _ in connection.notifies():
                self._bell.set()
        finally:
            self._bell.set()

    async def _ring_when(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._bell.set()

    async def _check_names(self) -> None:
        known = {spec.name for spec in await self._engine.pipelines()}
        if unknown := sorted(self._names - known):
            msg = f"there is no pipeline {', '.join(unknown)}: run pgazure apply"
            raise InvalidSpecError(msg)

    async def _end_runs(self) -> None:
        """End what is under way at once: it is due again when the database is back."""
        tasks = [run.task for run in self._runs.values() if run.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._runs.clear()

    def _complain(self, reason: str) -> None:
        if self._on_trouble:
            self._on_trouble(reason)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
