"""The command that stays: it serves pipelines until it is told to stop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from pgazure.cli.options import DEFAULT_FILE, Dsn, File, MetricsAddress, MetricsPort, Names, open_engine, watched
from pgazure.cli.output import complain, duration, money
from pgazure.cli.pipelines import stopped_by_signals

if TYPE_CHECKING:
    from pgazure.pipeline import RunReport


def worker(
    names: Names = None,
    dsn: Dsn = None,
    file: File = DEFAULT_FILE,
    batch_rows: Annotated[int, typer.Option(min=1, max=10_000, help="Most rows claimed at once.")] = 256,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Batches of a pipeline worked on side by side.")] = 6,
    metrics_port: MetricsPort = None,
    metrics_address: MetricsAddress = "127.0.0.1",
) -> None:
    """Keep tables enriched: serve the pipelines whose trigger is on_change or a timetable.

    Any number of workers, on any machines, share the work. SIGTERM or Ctrl-C finishes the batches in hand;
    a second one stops at once.
    """

    async def work() -> None:
        from pgazure.client import AsyncClient  # noqa: PLC0415
        from pgazure.pipeline import Worker  # noqa: PLC0415

        stop = asyncio.Event()
        async with AsyncClient() as client, open_engine(dsn, file, client) as engine:
            served = Worker(
                engine,
                names or (),
                batch_rows=batch_rows,
                concurrency=concurrency,
                on_report=_print_run,
                on_trouble=complain,
            )
            with stopped_by_signals(stop):
                async with watched(engine, metrics_port, metrics_address):
                    await served.serve(stop)

    asyncio.run(work())


def _print_run(report: RunReport) -> None:
    print(
        f"{report.pipeline}: {report.rows} rows done in {duration(report.seconds)}, {report.requests} requests, "
        f"{money(report.price)}; {report.left} rows left, {report.parked} errors parked",
        flush=True,
    )
    for step, halt in report.halts.items():
        complain(f"{report.pipeline}: step {step} stands still ({halt.code}): {halt.message}")
    if report.stopped:
        complain(f"{report.pipeline}: {report.stopped}")
