"""Commands over pipelines: init, apply, plan, run, status, errors, retry."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from pgazure.cli.options import (
    DEFAULT_FILE,
    Code,
    Dsn,
    ErrorClass,
    File,
    Json,
    Name,
    Names,
    OptionalName,
    Step,
    open_engine,
)
from pgazure.cli.output import complain, duration, money, print_json, print_table, show_progress
from pgazure.errors import InvalidSpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.pipeline import Changes, Engine, PipelineStatus, Plan, RowError, RunReport

_INCOMPLETE = 1
_REFUSED = 4
_OVER_BUDGET = 5
_WATCH_EVERY = 2.0


def init(dsn: Dsn = None, as_json: Json = False) -> None:
    """Install or upgrade the schema pgazure in the database."""

    async def work() -> list[str]:
        async with open_engine(dsn) as engine:
            return [f"{done.version:04d}_{done.name}" for done in await engine.init()]

    done = asyncio.run(work())
    if as_json:
        print_json({"migrations": done})
    else:
        print(f"schema pgazure is up to date ({', '.join(done) or 'nothing to do'})")


def apply(names: Names = None, dsn: Dsn = None, file: File = DEFAULT_FILE, as_json: Json = False) -> None:
    """Make queue, triggers, result tables and view of the pipelines that the file describes."""
    from pgazure.pipeline import read_file  # noqa: PLC0415

    described = {spec.name: spec for spec in read_file(file).pipelines}
    if unknown := [name for name in names or () if name not in described]:
        msg = f"{file} describes no pipeline {', '.join(unknown)}; it describes: {', '.join(described)}"
        raise InvalidSpecError(msg)

    async def work() -> list[Changes]:
        async with open_engine(dsn, file) as engine:
            return [await engine.apply(described[name]) for name in names or described]

    done = asyncio.run(work())
    if as_json:
        print_json(done)
        return
    for changes in done:
        print(f"{changes.pipeline}: view {changes.view}, {changes.queued} rows queued")
        for what, items in (
            ("new step", changes.added),
            ("changed step", changes.changed),
            ("removed step (its table stays)", changes.removed),
            ("new table", changes.created),
        ):
            for item in items:
                print(f"  {what}: {item}")


def plan(names: Names = None, dsn: Dsn = None, file: File = DEFAULT_FILE, as_json: Json = False) -> None:
    """Say what a run would do, cost and take, without calling a service."""

    async def work() -> list[Plan]:
        async with open_engine(dsn, file) as engine:
            return [await engine.plan(name) for name in names or [spec.name for spec in await engine.pipelines()]]

    plans = asyncio.run(work())
    if as_json:
        print_json(plans)
        return
    for each in plans:
        print_plan(each)


def print_plan(plan: Plan) -> None:
    """Print one plan as a table."""
    rows = [
        (
            step.step,
            step.texts,
            step.distinct,
            step.known,
            f"{'' if step.exact or not step.unit else 'about '}{step.units:,} {step.unit}s" if step.unit else "local",
            f"{step.price:,.4f}",
            duration(step.seconds),
        )
        for step in plan.steps
    ]
    print_table(
        f"{plan.pipeline}: {plan.rows} rows to do ({plan.empty} without text) of {plan.source_rows}",
        ("step", "texts", "distinct", "known", "units", "USD", "at least"),
        rows,
        right=(1, 2, 3, 4, 5, 6),
    )
    print(
        f"{money(plan.price)} at list prices of {plan.prices_as_of}, "
        f"at least {duration(plan.seconds)} at the services' default quotas\n"
    )


def run(
    names: Names = None,
    dsn: Dsn = None,
    file: File = DEFAULT_FILE,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep running: take up changes of the pipelines with trigger on_change.")
    ] = False,
    batch_rows: Annotated[int, typer.Option(min=1, max=10_000, help="Most rows claimed at once.")] = 200,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Batches worked on side by side.")] = 4,
    as_json: Json = False,
) -> None:
    """Enrich every row that is queued. SIGTERM or Ctrl-C finishes the batches in hand; a second one stops at once."""

    async def work() -> list[RunReport]:
        from pgazure.client import AsyncClient  # noqa: PLC0415

        stop = asyncio.Event()
        async with AsyncClient() as client, open_engine(dsn, file, client) as engine:
            with _stopped_by_signals(stop), show_progress(quiet=as_json) as show:

                async def drain(*, again: bool = False) -> list[RunReport]:
                    chosen = await _choose(engine, names, watch=watch)
                    return [
                        await engine.run(
                            name,
                            batch_rows=batch_rows,
                            concurrency=concurrency,
                            wake=not again,
                            on_progress=show,
                            stop=stop,
                        )
                        for name in chosen
                        if not stop.is_set() and (not again or await engine.has_due(name))
                    ]

                reports = await drain()
                while watch and not await _waited(stop):
                    reports = await drain(again=True) or reports
                return reports

    reports = asyncio.run(work())
    if as_json:
        print_json(reports)
    else:
        for report in reports:
            print_report(report)
    raise typer.Exit(exit_code(reports))


async def _choose(engine: Engine, names: list[str] | None, *, watch: bool) -> list[str]:
    pipelines = await engine.pipelines()
    if unknown := set(names or ()) - {pipeline.name for pipeline in pipelines}:
        msg = f"there is no pipeline {', '.join(sorted(unknown))}: run pgazure apply"
        raise InvalidSpecError(msg)
    return [
        pipeline.name
        for pipeline in pipelines
        if (not names or pipeline.name in names) and (not watch or pipeline.trigger == "on_change")
    ]


async def _waited(stop: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), _WATCH_EVERY)
    except TimeoutError:
        return False
    return True


@contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    def end() -> None:
        if stop.is_set():
            task.cancel()
        else:
            complain("finishing the batches in hand; again to stop at once")
            stop.set()

    handled = (signal.SIGINT, signal.SIGTERM)
    for number in handled:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


def exit_code(reports: list[RunReport]) -> int:
    """Say with a number how runs have ended."""
    if any(report.stopped for report in reports):
        return _OVER_BUDGET
    if any(report.halts for report in reports):
        return _REFUSED
    return 0 if all(report.complete for report in reports) else _INCOMPLETE


def print_report(report: RunReport) -> None:
    """Print how one run ended."""
    rows = [
        (s.step, s.requests, s.items, f"{s.charge.units:,} {s.charge.unit}s", f"{s.charge.price:,.4f}")
        for s in report.steps
    ]
    if rows:
        print_table("", ("step", "requests", "texts", "billed", "USD"), rows, right=(1, 2, 3, 4))
    print(
        f"{report.pipeline}: {report.rows} rows done in {duration(report.seconds)}, {report.requests} requests, "
        f"{money(report.price)}; {report.left} rows left, {report.parked} errors parked"
    )
    for step, halt in report.halts.items():
        complain(f"step {step} stands still ({halt.code}): {halt.message}")
    if report.stopped:
        complain(report.stopped)


def status(name: OptionalName = None, dsn: Dsn = None, as_json: Json = False) -> None:
    """Say how pipelines stand: rows with results, rows waiting, errors."""

    async def work() -> list[PipelineStatus]:
        async with open_engine(dsn) as engine:
            return await engine.status(name)

    states = asyncio.run(work())
    if as_json:
        print_json(states)
        return
    for state in states:
        rows = [(s.step, s.table, s.rows, s.results, s.errors, s.parked) for s in state.steps]
        print_table(
            f"{state.pipeline}: {state.source_rows} rows in {state.source}, {state.pending} waiting ({state.trigger})",
            ("step", "table", "rows", "results", "errors", "parked"),
            rows,
            right=(2, 3, 4, 5),
        )
        for step in state.steps:
            if step.halt:
                complain(f"step {step.step} stands still ({step.halt.code}): {step.halt.message}")


def errors(
    name: OptionalName = None,
    dsn: Dsn = None,
    step: Step = None,
    error_class: ErrorClass = None,
    code: Code = None,
    limit: Annotated[int, typer.Option(min=1, help="Most errors to list.")] = 100,
    as_json: Json = False,
) -> None:
    """List the errors beside rows, the latest first."""

    async def work() -> list[RowError]:
        async with open_engine(dsn) as engine:
            return await engine.errors(name, step=step, error_class=error_class, code=code, limit=limit)

    found = asyncio.run(work())
    if as_json:
        print_json(found)
        return
    rows = [
        (
            e.pipeline,
            ", ".join(f"{column}={value}" for column, value in e.key.items()),
            e.step,
            e.error_class,
            e.code,
            e.message,
            e.attempts,
            "parked" if e.parked else "",
        )
        for e in found
    ]
    print_table("", ("pipeline", "key", "step", "class", "code", "message", "attempts", ""), rows, right=(6,))
    print(f"{len(found)} errors")


def retry(
    name: Name,
    dsn: Dsn = None,
    step: Step = None,
    error_class: ErrorClass = None,
    code: Code = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="Only this row: COLUMN=VALUE, once per key column.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Queue rows with errors again; pgazure run takes them up."""
    wanted = dict(_split_key(each) for each in key) if key else None

    async def work() -> int:
        async with open_engine(dsn) as engine:
            return await engine.retry(name, step=step, error_class=error_class, code=code, key=wanted)

    rows = asyncio.run(work())
    if as_json:
        print_json({"pipeline": name, "rows": rows})
    else:
        print(f"{rows} rows queued again")


def _split_key(text: str) -> tuple[str, str]:
    column, equals, value = text.partition("=")
    if not equals or not column:
        msg = f"--key {text!r}: write COLUMN=VALUE"
        raise InvalidSpecError(msg)
    return column, value
