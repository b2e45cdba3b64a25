"""Commands for those who watch: status, check."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Annotated

import typer

from pgazure.cli.options import Dsn, Json, OptionalName, open_engine
from pgazure.cli.output import complain, duration, money, print_json, print_table
from pgazure.errors import InvalidSpecError

if TYPE_CHECKING:
    from pgazure.pipeline import PipelineStatus

_TROUBLE = 1

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

_Exact = Annotated[
    bool, typer.Option("--exact", help="Count the rows of large tables instead of estimating them; it may take long.")
]


def status(name: OptionalName = None, dsn: Dsn = None, exact: _Exact = False, as_json: Json = False) -> None:
    """Say how pipelines stand: what is done and what waits, since when, how fast, errors, spend."""
    states = _read(name, dsn, exact=exact)
    if as_json:
        print_json(states)
        return
    for state in states:
        about = "" if state.counted else "about "
        rows = [
            (s.step, s.table, f"{'' if s.counted else 'about '}{s.rows}", s.results, s.errors, s.parked)
            for s in state.steps
        ]
        print_table(
            f"{state.pipeline}: {about}{state.source_rows} rows in {state.source}, {about}{state.pending} waiting "
            f"({state.trigger})",
            ("step", "table", "rows", "results", "errors", "parked"),
            rows,
            right=(2, 3, 4, 5),
        )
        print(f"{describe(state)}\n")
        for step in state.steps:
            if step.halt:
                complain(f"step {step.step} stands still ({step.halt.code}): {step.halt.message}")


def describe(state: PipelineStatus) -> str:
    """Say in a line how far a pipeline is, how fast it goes and what it costs."""
    parts = [state.state, f"coverage {state.coverage:.1%}"]
    if state.lag is not None:
        parts.append(f"the oldest waits for {duration(state.lag)}")
    if state.stale:
        parts.append(f"{state.stale} stale")
    if state.runs:
        parts.append(f"{state.runs} {'run' if state.runs == 1 else 'runs'} at {state.rate or 0:.0f} rows/s")
    if state.runs and state.eta is not None:
        parts.append(f"done in {duration(state.eta)}")
    parts.append(f"{money(state.spent_today)} today, {money(state.spent)} in all")
    return ", ".join(parts)


def check(
    name: OptionalName = None,
    dsn: Dsn = None,
    max_lag: Annotated[
        str | None, typer.Option(help="Longest time that a row may wait, such as 90s, 15m, 2h or 1d.")
    ] = None,
    max_failed: Annotated[
        int | None, typer.Option(min=0, help="Most rows whose error is not tried again by itself.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find out whether somebody should look: exit code 0 where all is well, 1 with a line for each problem.

    A step that stands still is a problem whatever the limits are.
    """
    from pgazure.pipeline import find_problems  # noqa: PLC0415

    lag = None if max_lag is None else _read_duration(max_lag)
    states = _read(name, dsn)
    problems = find_problems(states, max_lag=lag, max_failed=max_failed)
    if as_json:
        print_json(problems)
    elif problems:
        for problem in problems:
            print(f"{problem.pipeline}: {problem.message}")
    else:
        print(f"ok: {len(states)} {'pipeline' if len(states) == 1 else 'pipelines'}")
    raise typer.Exit(_TROUBLE if problems else 0)


def _read(name: str | None, dsn: str | None, *, exact: bool = False) -> list[PipelineStatus]:
    async def work() -> list[PipelineStatus]:
        async with open_engine(dsn) as engine:
            return await engine.status(name, exact=exact)

    return asyncio.run(work())


def _read_duration(text: str) -> float:
    found = _DURATION.fullmatch(text.strip())
    if not found:
        msg = f"--max-lag {text!r}: write a number and s, m, h or d, such as 15m"
        raise InvalidSpecError(msg)
    return float(found["number"]) * _SECONDS[found["unit"]]
