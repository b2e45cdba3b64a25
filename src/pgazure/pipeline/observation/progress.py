"""Progress of a run as the database shows it while it is at work."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg

from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.pipeline.observation.telemetry import Telemetry

WRITE_EVERY = 1.0

# The pace is that of the last minute: a run of days does not remember its first hours.
_WINDOW = 60.0


class Pace:
    """How many rows a second a run settles, lately.

    Args:
        now: The time at its beginning, in seconds of any clock.
    """

    def __init__(self, now: float) -> None:
        self._marks: deque[tuple[float, int]] = deque([(now, 0)])

    def mark(self, now: float, rows: int) -> float:
        """Take down how many rows are settled by now; return the pace."""
        self._marks.append((now, rows))
        while len(self._marks) > 2 and self._marks[1][0] <= now - _WINDOW:  # noqa: PLR2004 - a stretch has two ends
            self._marks.popleft()
        since, before = self._marks[0]
        return (rows - before) / (now - since) if now > since else 0.0


@asynccontextmanager
async def keep_progress(
    pool: AsyncConnectionPool[AsyncConnection[Any]], run_id: int, telemetry: Telemetry, count: Callable[[], int]
) -> AsyncIterator[None]:
    """Write once a second how many rows a run has settled, and how fast it is."""
    pace, told = Pace(time.monotonic()), 0

    def tell() -> None:
        nonlocal told
        if (rows := count()) > told:
            telemetry.settled(rows - told)
            told = rows

    async def keep() -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY)
            tell()
            parameters = {"run_id": run_id, "rows": count(), "rate": pace.mark(time.monotonic(), count())}
            # The work itself will say what is wrong with the database.
            with suppress(psycopg.Error):
                async with pool.connection() as connection:
                    await connection.execute(statement("run_progress"), parameters)

    task = asyncio.create_task(keep())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        tell()
