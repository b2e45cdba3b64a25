"""A run: batches side by side until the queue holds nothing that is due."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg

from pgazure.pipeline.enrichment.batch import Batch
from pgazure.pipeline.enrichment.polling import look_at_source
from pgazure.pipeline.storage.catalog import require_all_rows
from pgazure.pipeline.storage.indexes import make_indexes, make_way
from pgazure.pipeline.storage.past import forget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from decimal import Decimal

    from psycopg import AsyncConnection

    from pgazure.errors import BudgetExceededError
    from pgazure.pipeline.enrichment.workshop import Workshop
    from pgazure.pipeline.storage.queue import Claim

LEASE = timedelta(minutes=5)

# What a run takes on unless it is told otherwise: with so many requests under way the service's answering
# time is covered by work on the others, and the texts and vectors in hand take some 40 MB.
BATCH_ROWS = 256
CONCURRENCY = 16

# A pause longer than this is not waited for: the run ends and says what is left.
_LONGEST_PAUSE = 60.0

# So often a run waits until what stands still for a time is tried again, some seconds in all.
_TRIALS = 2

# Changes that come in while a run is at work are gathered so many seconds apart.
_GATHER_EVERY = 1.0

# Characters in memory at once, in all batches: after large texts the next claim takes fewer rows.
_CHARACTERS_IN_HAND = 8_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Attributes:
        pipeline: Its name.
        done: Rows settled so far.
        total: Rows that were queued when it began, or settled since, whichever is more.
        requests: Requests sent.
        price: USD spent at list price.
        seconds: Since it began.
    """

    pipeline: str
    done: int
    total: int
    requests: int
    price: Decimal
    seconds: float

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds left at this rate; ``None`` where there is no rate yet."""
        return (self.total - self.done) / self.rate if self.rate else None


class Runner:
    """One run of one pipeline.

    Args:
        workshop: What its batches share.
        batch_rows: Most rows of a claim.
        concurrency: Batches worked on side by side.
        wake: Whether rows that wait for a pause to end are taken up at once.
        on_progress: Called after every batch.
    """

    def __init__(
        self,
        workshop: Workshop,
        *,
        batch_rows: int,
        concurrency: int,
        wake: bool = True,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._shop = workshop
        self._batch_rows = batch_rows
        self._limit = batch_rows
        self._concurrency = concurrency
        self._wake = wake
        self._on_progress = on_progress
        self._stopping = asyncio.Event()
        self._gathered = 0.0
        self._trials = _TRIALS
        self.rows = 0
        self.cut_short = False

    def stop(self) -> None:
        """Finish the batches in hand and claim no more."""
        self._stopping.set()

    @property
    def stopped_by(self) -> BudgetExceededError | None:
        """The budget that ended the run, if one did."""
        return self._shop.overspent

    @property
    def stopping(self) -> bool:
        """Whether the run was told to end before the queue was empty."""
        return self._stopping.is_set()

    async def run(self) -> None:
        """Claim and work until nothing is due."""
        started = time.monotonic()
        shop = self._shop
        async with shop.pool.connection() as connection:
            await require_all_rows(connection, shop.layout)
            await look_at_source(connection, shop.pipeline_id, shop.spec, shop.layout)
            await shop.queue.rescue(connection)
            await shop.announcements.rescue(connection)
            await self._gather(connection)
            if self._wake:
                await shop.queue.wake(connection)
            total = await shop.queue.pending(connection)
            await make_way(connection, shop.tables.values(), total)
        self._report(started, total)
        if shop.halts.standing:
            await self._try_one()
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                claim = await self._claim() if len(running) < self._concurrency else None
                if claim is not None:
                    running.add(asyncio.create_task(self._work(claim)))
                    continue
                if not running:
                    if self._stopping.is_set() or not await self._wait_for_due():
                        break
                    continue
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                self._report(started, total)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if not self._stopping.is_set() and not shop.halts.by_step:
            async with shop.pool.connection() as connection:
                await make_indexes(connection, shop.tables.values())
        # However the run ended: what is to be forgotten does not wait for a service that refuses.
        async with shop.pool.connection() as connection:
            await forget(connection, timedelta(days=shop.spec.retention_days), shop.spec.name, phrases=False)

    async def _try_one(self) -> None:
        """Find out with one row whether a step that stood still gets on; the next time it is another one's turn."""
        self._limit = 1
        if claim := await self._claim():
            await self._work(claim)
        self._limit = self._batch_rows

    async def _claim(self) -> Claim | None:
        if self._stopping.is_set() or self._shop.idle:
            return None
        queue = self._shop.queue
        async with self._shop.pool.connection() as connection:
            if time.monotonic() - self._gathered > _GATHER_EVERY:
                await self._gather(connection)
            claim = await queue.claim(connection, self._limit)
            if not claim.items and await self._gather(connection):
                claim = await queue.claim(connection, self._limit)
        if not claim.items:
            return None
        characters = sum(len(value or "") for item in claim.items for value in item.values)
        mean = max(characters / len(claim.items), 1.0)
        self._limit = max(1, min(self._batch_rows, int(_CHARACTERS_IN_HAND / self._concurrency / mean)))
        return claim

    async def _gather(self, connection: AsyncConnection[Any]) -> int:
        self._gathered = time.monotonic()
        return await self._shop.queue.gather(connection)

    async def _wait_for_due(self) -> bool:
        """Wait until a row is due again; ``False`` where none will be soon."""
        if self._shop.halts.by_step:
            return await self._wait_for_trial()
        async with self._shop.pool.connection() as connection:
            await self._shop.queue.rescue(connection)
            self.cut_short, seconds = await self._shop.queue.next_due(connection)
        if seconds is None or seconds > _LONGEST_PAUSE:
            return False
        return await self._rest(seconds)

    async def _wait_for_trial(self) -> bool:
        """Wait until steps that stand still for a time are tried again; ``False`` where this run does not."""
        seconds = self._shop.halts.pause
        if seconds is None or self._trials == 0 or seconds >= _LONGEST_PAUSE:
            return False
        self._trials -= 1
        if not await self._rest(seconds):
            return False
        self._shop.halts.lift()
        await self._try_one()
        return True

    async def _rest(self, seconds: float) -> bool:
        """Wait; ``False`` where the run is to end meanwhile."""
        try:
            await asyncio.wait_for(self._stopping.wait(), max(seconds, 0.05))
        except TimeoutError:
            return True
        return False

    async def _work(self, claim: Claim) -> None:
        async with self._heartbeat(claim):
            # Not `self.rows += await …`, which would read the number before the other batches add to it.
            with self._shop.telemetry.span("batch", rows=len(claim.items)):
                settled = await Batch(self._shop, claim).work()
            self.rows += settled
        if self._shop.overspent:
            self.stop()

    @asynccontextmanager
    async def _heartbeat(self, claim: Claim) -> AsyncIterator[None]:
        async def beat() -> None:
            keys = [item.key for item in claim.items]
            while True:
                await asyncio.sleep(LEASE.total_seconds() / 3)
                # A database that is away for a moment must not end the heartbeat: it may be back before the lease ends.
                with suppress(psycopg.OperationalError):
                    async with self._shop.pool.connection() as connection:
                        await self._shop.queue.heartbeat(connection, claim.lease, keys)
                        await self._shop.announcements.renew(connection)

        task = asyncio.create_task(beat())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _report(self, started: float, total: int) -> None:
        if self._on_progress is not None:
            shop = self._shop
            self._on_progress(
                Progress(
                    shop.spec.name,
                    self.rows,
                    max(total, self.rows),
                    shop.ledger.requests,
                    shop.ledger.price,
                    time.monotonic() - started,
                )
            )
