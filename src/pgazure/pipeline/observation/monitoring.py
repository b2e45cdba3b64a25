"""Monitoring: how pipelines stand, and what about it somebody should look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgazure.errors import InvalidSpecError
from pgazure.pipeline.enrichment.states import Halt
from pgazure.pipeline.specification.spec import read_spec
from pgazure.pipeline.storage.database import fetch_all
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta
    from decimal import Decimal

    from psycopg import AsyncConnection


@dataclass(frozen=True, slots=True)
class StepStatus:
    """How one step stands.

    Attributes:
        step: Its name.
        table: Its result table, with the schema.
        rows: Rows of the source with a result.
        results: Rows of the result table.
        errors: Errors beside rows.
        parked: How many of them are not tried again by themselves.
        latest: When the latest result was written; ``None`` where there is none, or too many to look.
        halt: Why the step stands still, if it does.
        counted: Whether ``rows`` and ``results`` were counted; else they are estimates.
    """

    step: str
    table: str
    rows: int
    results: int
    errors: int
    parked: int
    latest: datetime | None
    halt: Halt | None
    counted: bool


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """How a pipeline stands.

    Attributes:
        pipeline: Its name.
        source: Its source table, with the schema.
        state: ``paused``, ``halted`` (a step stands still), ``running``, ``waiting`` (for a run) or ``idle``.
        source_rows: Rows of the source.
        pending: Rows that wait or are worked on.
        waiting_since: Since when the oldest of them waits; ``None`` where none does.
        lag: The same in seconds.
        stale: How many of them have results, of an earlier text or specification.
        failed: Rows with an error.
        parked: Rows with an error that is not tried again by itself.
        coverage: Share of the source's rows that neither wait nor are parked, 0 to 1.
        runs: Runs at work.
        rate: Rows they settle a second; ``None`` before it is known.
        eta: Seconds until nothing waits at that rate; ``None`` where nobody works.
        spent_today: What this UTC day has cost, in USD at list price.
        spent: What all of it has cost.
        steps: Its steps.
        trigger: When it runs.
        last_run: When its latest run began.
        last_outcome: How that run ended; ``None`` while it runs, or where it was killed.
        counted: Whether numbers of rows were counted; else those over 10,000 are estimates.
    """

    pipeline: str
    source: str
    state: str
    source_rows: int
    pending: int
    waiting_since: datetime | None
    lag: float | None
    stale: int
    failed: int
    parked: int
    coverage: float
    runs: int
    rate: float | None
    eta: float | None
    spent_today: Decimal
    spent: Decimal
    steps: tuple[StepStatus, ...]
    trigger: str
    last_run: datetime | None
    last_outcome: str | None
    counted: bool

    @property
    def halted(self) -> tuple[str, ...]:
        """Names of the steps that stand still."""
        return tuple(step.step for step in self.steps if step.halt)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a pipeline that somebody should look at.

    Attributes:
        pipeline: Its name.
        what: ``lag``, ``failed`` or ``halted``.
        message: What it is, in a line.
    """

    pipeline: str
    what: str
    message: str


async def read_statuses(
    connection: AsyncConnection[Any], name: str | None = None, *, exact: bool = False
) -> list[PipelineStatus]:
    """Read how one pipeline stands, or all of them by name.

    It takes no right on the source and reads no text.

    Args:
        connection: Where the pipelines are.
        name: Only this one.
        exact: Count the rows of large tables too, which takes as long as reading them.

    Raises:
        InvalidSpecError: There is no such pipeline.
    """
    parameters = {"name": name, "exact": exact}
    found = await fetch_all(connection, statement("status_read"), parameters)
    if name is not None and not found:
        known = [row.name for row in await fetch_all(connection, statement("pipeline_list"))]
        hint = f"there are: {', '.join(known)}" if known else "none is applied yet: run pgazure apply"
        msg = f"there is no pipeline {name}; {hint}"
        raise InvalidSpecError(msg)
    steps = await fetch_all(connection, statement("status_steps"), parameters)
    return [_describe(row, {step.step: step for step in steps if step.name == row.name}) for row in found]


def _describe(row: Any, steps: dict[str, Any]) -> PipelineStatus:
    spec = read_spec(row.name, row.spec)
    return PipelineStatus(
        row.name,
        row.source,
        row.state,
        row.source_rows,
        row.pending,
        row.waiting_since,
        _seconds(row.lag),
        row.stale,
        row.failed,
        row.parked,
        row.coverage,
        row.runs,
        row.rate,
        _seconds(row.eta),
        row.spent_today,
        row.spent,
        tuple(_describe_step(steps[step.title]) for step in spec.steps if step.title in steps),
        str(spec.trigger),
        row.last_run,
        row.last_outcome,
        row.counted,
    )


def _describe_step(row: Any) -> StepStatus:
    halt = Halt(row.halted_class, row.halted_code, row.halted_message) if row.halted_at else None
    return StepStatus(
        row.step, row.result_table, row.rows, row.results, row.failed, row.parked, row.latest, halt, row.counted
    )


def _seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()


def find_problems(
    statuses: Iterable[PipelineStatus], *, max_lag: float | None = None, max_failed: int | None = None
) -> list[Problem]:
    """Name what somebody should look at: a step that stands still, and what crosses the limits that are given.

    Args:
        statuses: How the pipelines stand.
        max_lag: Most seconds that a row may wait.
        max_failed: Most rows whose error is not tried again by itself.
    """
    found = []
    for status in statuses:
        found += [
            Problem(status.pipeline, "halted", f"step {step.step} stands still ({step.halt.code}): {step.halt.message}")
            for step in status.steps
            if step.halt
        ]
        if max_lag is not None and status.lag is not None and status.lag > max_lag:
            message = f"the oldest of {status.pending} rows waits for {status.lag:.0f} s, more than {max_lag:.0f} s"
            found.append(Problem(status.pipeline, "lag", message))
        if max_failed is not None and status.parked > max_failed:
            message = f"{status.parked} rows have failed, more than {max_failed}"
            found.append(Problem(status.pipeline, "failed", message))
    return found
