"""Letting requests through at the pace that the service allows."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pgazure.flow.rate import RateControl

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


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

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[float]:
        """Wait for a turn and hold it; gives the time it began."""
        # The lock hands itself on in order of arrival: whoever has it is the head of the queue.
        async with self._queue:
            await self._wait()
            self._control.start(_now())
        try:
            yield _now()
        finally:
            self._control.finish(_now())
            self._changed.set()

    async def _wait(self) -> None:
        while (delay := self._control.delay(_now())) > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(None if delay == float("inf") else delay):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def succeed(self, started_at: float, pause: float | None) -> None:
        """Learn from an answer."""
        self._control.succeed(started_at, _now(), pause)

    def refuse(self, started_at: float, retry_after: float | None) -> None:
        """Learn from a 429."""
        self._control.refuse(started_at, _now(), random.random(), retry_after)  # noqa: S311  jitter


def _now() -> float:
    return asyncio.get_running_loop().time()
