"""Schedules: the moments of a timetable, each of which starts one run however many workers there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cronsim import CronSim, CronSimError

from pgazure.pipeline.storage.database import fetch_one
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import AsyncConnection

NOT_SCHEDULED = ("manual", "on_change")
"""The triggers that are no timetable."""

_FIELDS = 5


class Schedule:
    """A timetable in cron's five fields, in UTC: ``*/15 * * * *``.

    Args:
        line: Minute, hour, day of the month, month, day of the week.

    Raises:
        ValueError: It is none, or no moment ever matches it.
    """

    def __init__(self, line: str) -> None:
        if len(line.split()) != _FIELDS:
            msg = f"trigger {line!r}: write 'manual', 'on_change', or a timetable in five fields such as '*/15 * * * *'"
            raise ValueError(msg)
        self._line = line
        try:
            next(CronSim(line, datetime.now(UTC)))
        except (CronSimError, StopIteration) as error:
            reason = str(error) or "no moment ever matches it"
            msg = (
                f"trigger {line!r} is no timetable ({reason}): "
                "write minute, hour, day of the month, month and day of the week"
            )
            raise ValueError(msg) from None

    def next_after(self, moment: datetime) -> datetime:
        """Give the first tick after a moment."""
        return next(CronSim(self._line, moment.astimezone(UTC)))

    def latest_at(self, moment: datetime) -> datetime:
        """Give the latest tick that is not after a moment."""
        # Going back from a moment does not give that moment itself.
        minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
        return next(CronSim(self._line, minute + timedelta(minutes=1), reverse=True))


async def take_tick(
    connection: AsyncConnection[Any], pipeline_id: int, schedule: Schedule, worker_id: UUID
) -> datetime | None:
    """Take the latest tick of a pipeline; ``None`` where it is done, or another worker has it.

    A tick that came while no worker was there is made up for once; one whose
    worker has ended before it was done is taken over. The clock is the database's.
    """
    times = await fetch_one(connection, statement("tick_times"), {"pipeline_id": pipeline_id})
    if times is None:
        return None
    tick = schedule.latest_at(times.now)
    # A pipeline that was made after the tick did not know of it.
    if tick <= times.since:
        return None
    parameters = {"pipeline_id": pipeline_id, "tick_at": tick, "worker_id": worker_id}
    taken = await fetch_one(connection, statement("tick_take"), parameters)
    return tick if taken else None


async def finish_tick(connection: AsyncConnection[Any], pipeline_id: int, tick: datetime) -> None:
    """Say that the run of a tick is done."""
    await connection.execute(statement("tick_finish"), {"pipeline_id": pipeline_id, "tick_at": tick})
