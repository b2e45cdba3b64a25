"""Halts: steps that stand still because no row can pass, and what it takes until they are tried again."""

from __future__ import annotations

from logging import WARNING
from typing import TYPE_CHECKING, Any

from pgazure.pipeline.enrichment.states import AFTER_HALT, Halt
from pgazure.pipeline.storage.database import fetch_all
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.pipeline.observation.telemetry import Telemetry


class Halts:
    """The steps of one run that stand still; the database shows them to everybody.

    Args:
        pool: Connections.
        pipeline_id: The pipeline.
        telemetry: Who watches.

    Attributes:
        by_step: Why, by title.
        standing: Titles of steps that stood still before, and have given nothing since.
    """

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]], pipeline_id: int, telemetry: Telemetry) -> None:
        self._pool = pool
        self._pipeline_id = pipeline_id
        self._telemetry = telemetry
        self.by_step: dict[str, Halt] = {}
        self.standing: set[str] = set()

    async def read(self, connection: AsyncConnection[Any]) -> None:
        """Read which steps stood still before the run."""
        halted = await fetch_all(connection, statement("steps_halted"), {"pipeline_id": self._pipeline_id})
        self.standing.update(row.name for row in halted)

    async def wake(self, connection: AsyncConnection[Any]) -> None:
        """Wait for no pause: let every circuit be tried, and the steps that stood still before the run."""
        await connection.execute(statement("circuits_try"), {})
        for title in self.standing:
            await self._resume(connection, title)

    async def halt(self, title: str, error: Exception) -> None:
        """Let a step stand still."""
        if title in self.by_step:
            return
        halt = self.by_step[title] = Halt.of(error)
        parameters = {
            "pipeline_id": self._pipeline_id,
            "step": title,
            "class": halt.error_class,
            "code": halt.code,
            "message": halt.message,
        }
        async with self._pool.connection() as connection:
            await connection.execute(statement("step_halt"), parameters)
        self._telemetry.tell("step halted", level=WARNING, step=title, code=halt.code, reason=halt.message)

    async def resume(self, connection: AsyncConnection[Any], title: str) -> None:
        """Take down that a step has given something which stood still before."""
        self.standing.discard(title)
        await self._resume(connection, title)

    async def _resume(self, connection: AsyncConnection[Any], title: str) -> None:
        parameters = {"pipeline_id": self._pipeline_id, "step": title}
        await connection.execute(statement("step_resume"), parameters)

    def delay(self, title: str) -> float:
        """Seconds until rows are tried again that a step has not taken."""
        halt = self.by_step.get(title)
        return halt.seconds if halt else AFTER_HALT

    @property
    def pause(self) -> float | None:
        """Seconds until all of them can be tried again; ``None`` where one has to wait for somebody to act."""
        if any(halt.permanent for halt in self.by_step.values()):
            return None
        return max(halt.seconds for halt in self.by_step.values())

    def lift(self) -> None:
        """Let the steps be tried again."""
        self.standing.update(self.by_step)
        self.by_step.clear()
