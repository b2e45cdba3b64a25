"""Commands over pipelines: init, apply, plan, run, errors, retry."""

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
    MetricsAddress,
    MetricsPort,
    Name,
    Names,
    OptionalName,
    Step,
    Yes,
    confirm,
    open_engine,
    read_pairs,
    watched,
)
from pgazure.cli.output import complain, duration, money, print_json, print_table, show_progress
from pgazure.errors import InvalidSpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.pipeline import Changes, Engine, Plan, RowError, RunReport

_INCOMPLETE = 1
_REFUSED = 4
_OVER_BUDGET = 5


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


def apply(
    names: Names = None,
    dsn: Dsn = None,
    file: File = DEFAULT_FILE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Replace another model's vectors row by row, without a generation.")
    ] = False,
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", metavar="TABLE", help="Drop this result table, which no step writes to any more."),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make the database match the file: queue, triggers, result tables and view of the pipelines it describes.

    Nothing is sent to a service, and no table is dropped but those that are named with --drop.
    """
    from pgazure.pipeline import read_file  # noqa: PLC0415

    described = {spec.name: spec for spec in read_file(file).pipelines}
    if unknown := [name for name in names or () if name not in described]:
        msg = f"{file} describes no pipeline {', '.join(unknown)}; it describes: {', '.join(described)}"
        raise InvalidSpecError(msg)

    async def work() -> list[Changes]:
        async with open_engine(dsn, file) as engine:
            if dry_run:
                return [await engine.compare(described[name]) for name in names or described]
            done = [await engine.apply(described[name], in_place=in_place) for name in names or described]
            if drop:
                await engine.drop_results(drop)
            return done

    if drop and not dry_run:
        confirm(f"drop {', '.join(drop)} with all results in it", yes=yes)
    done = asyncio.run(work())
    if as_json:
        print_json(done)
        return
    for changes in done:
        print_changes(changes, dry_run=dry_run)
    for table in drop or ():
        print(f"{'would drop' if dry_run else 'dropped'} {table}")


def print_changes(changes: Changes, *, dry_run: bool) -> None:
    """Print what an apply changed, or would change."""
    queued = f"{changes.queued} rows queued"
    if dry_run:
        queued = "every row would be queued" if changes.requeues else "no row would be queued"
    print(f"{changes.pipeline}: {'nothing to change' if changes.nothing else f'view {changes.view}'}, {queued}")
    for what, items in (
        ("renamed", changes.renamed),
        ("new step", changes.added),
        ("changed step", changes.changed),
        ("changed", changes.settings),
        ("removed step", changes.removed),
        ("table that stays (--drop takes it away)", changes.kept),
        ("new table", changes.created),
        ("refused without --in-place", changes.refused),
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
        f"at least {duration(plan.seconds)} at the services' default quotas"
    )
    for budget in plan.crossed:
        print(f"more than the budget of {budget}: a run stops before it would be crossed")
    print()


def run(
    names: Names = None,
    dsn: Dsn = None,
    file: File = DEFAULT_FILE,
    watch: Annotated[bool, typer.Option("--watch", help="Keep running, as pgazure worker does.")] = False,
    batch_rows: Annotated[int, typer.Option(min=1, max=10_000, help="Most rows claimed at once.")] = 256,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Batches worked on side by side.")] = 16,
    metrics_port: MetricsPort = None,
    metrics_address: MetricsAddress = "127.0.0.1",
    as_json: Json = False,
) -> None:
    """Enrich every row that is queued. SIGTERM or Ctrl-C finishes the batches in hand; a second one stops at once."""

    async def work() -> list[RunReport]:
        from pgazure.client import AsyncClient  # noqa: PLC0415
        from pgazure.pipeline import Worker  # noqa: PLC0415

        stop = asyncio.Event()
        async with (
            AsyncClient() as client,
            open_engine(dsn, file, client) as engine,
            watched(engine, metrics_port, metrics_address),
        ):
            with stopped_by_signals(stop), show_progress(quiet=as_json) as show:
                if watch:
                    worker = Worker(
                        engine,
                        names or (),
                        batch_rows=batch_rows,
                        concurrency=concurrency,
                        on_progress=show,
                        on_trouble=complain,
                    )
                    await worker.serve(stop)
                    return list(worker.reports.values())
                for order in await engine.carry_out_orders():
                    if order.message is not None:
                        complain(f"order {order.number} of pipeline {order.pipeline} is refused: {order.message}")
                return [
                    await engine.run(name, batch_rows=batch_rows, concurrency=concurrency, on_progress=show, stop=stop)
                    for name in await _choose(engine, names)
                    if not stop.is_set()
                ]

    reports = asyncio.run(work())
    if as_json:
        print_json(reports)
    else:
        for report in reports:
            print_report(report)
    raise typer.Exit(exit_code(reports))


async def _choose(engine: Engine, names: list[str] | None) -> list[str]:
    known = [pipeline.name for pipeline in await engine.pipelines()]
    if unknown := set(names or ()) - set(known):
        msg = f"there is no pipeline {', '.join(sorted(unknown))}: run pgazure apply"
        raise InvalidSpecError(msg)
    return [name for name in known if not names or name in names]


@contextmanager
def stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set ``stop`` on the first SIGTERM or Ctrl-C, and end the current task on the second."""
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
    if report.paused:
        complain(f"{report.pipeline} is paused: pgazure resume {report.pipeline} lets it go on")


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
    wanted = read_pairs("--key", key, "COLUMN=VALUE") if key else None

    async def work() -> int:
        async with open_engine(dsn) as engine:
            return await engine.retry(name, step=step, error_class=error_class, code=code, key=wanted)

    rows = asyncio.run(work())
    if as_json:
        print_json({"pipeline": name, "rows": rows})
    else:
        print(f"{rows} rows queued again")
