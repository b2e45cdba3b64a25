"""A run: batches side by side until the queue holds nothing that is due."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pgazure.pipeline.work import Batch, Workshop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from decimal import Decimal

    from pgazure.errors import BudgetExceededError
    from pgazure.pipeline.queue import Claim

LEASE = timedelta(minutes=5)

# A pause longer than this is not waited for: the run ends and says what is left.
_LONGEST_PAUSE = 60.0

# Texts of one claim are held in memory together: after large ones the next claim takes fewer rows.
_CLAIM_CHARACTERS = 2_000_000


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
        self.rows = 0

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
        async with self._shop.pool.connection() as connection:
            await self._shop.queue.rescue(connection)
            if self._wake:
                await self._shop.queue.wake(connection)
            total = await self._shop.queue.pending(connection)
        self._report(started, total)
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                claim = await self._claim() if len(running) < self._concurrency else None
                if claim is not None:
                    running.add(asyncio.create_task(self._work(claim)))
                    continue
                if not running:
                    if self._stopping.is_set() or not await self._wait_for_due():
                        return
                    continue
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                self._report(started, total)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _claim(self) -> Claim | None:
        if self._stopping.is_set():
            return None
        async with self._shop.pool.connection() as connection:
            claim = await self._shop.queue.claim(connection, self._limit)
        if not claim.items:
            return None
        characters = sum(len(value or "") for item in claim.items for value in item.values)
        mean = max(characters / len(claim.items), 1.0)
        self._limit = max(1, min(self._batch_rows, int(_CLAIM_CHARACTERS / mean)))
        return claim

    async def _wait_for_due(self) -> bool:
        """Wait until a row is due again; ``False`` where none will be soon."""
        async with self._shop.pool.connection() as connection:
            await self._shop.queue.rescue(connection)
            seconds = await self._shop.queue.next_due(connection)
        if seconds is None or seconds > _LONGEST_PAUSE:
            return False
        try:
            await asyncio.wait_for(self._stopping.wait(), max(seconds, 0.05))
        except TimeoutError:
            return True
        return False

    async def _work(self, claim: Claim) -> None:
        async with self._heartbeat(claim):
            # Not `self.rows += await …`, which would read the number before the other batches add to it.
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
                async with self._shop.pool.connection() as connection:
                    await self._shop.queue.heartbeat(connection, claim.lease, keys)

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
