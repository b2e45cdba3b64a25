"""Printing: tables and a progress bar for people, plain lines elsewhere, JSON for machines."""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
import time
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pgazure.cli.log import log_line, logs_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pgazure.pipeline import Progress

# Without a terminal a line is printed at most so often (seconds).
_LINE_EVERY = 2.0
_WIDTH = 140
_MINUTE = 60
_HOUR = 3600


def complain(message: str) -> None:
    """Print an error for the user."""
    if logs_json():
        log_line(message, logging.ERROR)
        return
    print(f"pgazure: {message}", file=sys.stderr)


def tell(message: str) -> None:
    """Say something on standard error that is no error."""
    if logs_json():
        log_line(message)
    else:
        print(message, file=sys.stderr)


def print_json(value: Any) -> None:
    """Print a result as JSON."""
    print(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, right: Sequence[int] = ()
) -> None:
    """Print rows under headings; the columns whose numbers stand in ``right`` are set flush right."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        # As Text, because brackets in a review are no markup.
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    if title:
        console.print(Text(title, style="bold"), soft_wrap=True)
    console.print(table)
    console.print()


def money(price: Decimal) -> str:
    """Write an amount of USD."""
    return f"{price:,.4f} USD"


def duration(seconds: float) -> str:
    """Write a time."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.1f} min"
    return f"{seconds / _HOUR:.1f} h"


@contextmanager
def show_progress(*, quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """Show how far a run has come, on standard error: a bar on a terminal, a line now and then elsewhere."""
    if quiet:
        yield lambda _: None
    elif logs_json():
        yield _now_and_then(_log)
    elif sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _now_and_then(_print)


def _log(progress: Progress) -> None:
    log_line(
        "progress",
        pipeline=progress.pipeline,
        rows=progress.done,
        total=progress.total,
        rate=round(progress.rate, 1),
        eta_seconds=None if progress.remaining is None else round(progress.remaining, 1),
        requests=progress.requests,
        price_usd=float(progress.price),
    )


def _print(progress: Progress) -> None:
    print(
        f"{progress.pipeline}: {progress.done}/{progress.total} rows, {progress.rate:.0f} rows/s, "
        f"{progress.requests} requests, {money(progress.price)}",
        file=sys.stderr,
    )


def _now_and_then(tell: Callable[[Progress], None]) -> Callable[[Progress], None]:
    told = 0.0

    def show(progress: Progress) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _LINE_EVERY or progress.done >= progress.total:
            told = now
            tell(progress)

    return show


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich import progress as bars  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    bar = bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TextColumn("{task.fields[rate]:.0f} rows/s"),
        bars.TextColumn("ETA {task.fields[eta]}"),
        bars.TextColumn("{task.fields[spend]}"),
        console=Console(stderr=True),
    )
    with bar:
        tasks: dict[str, bars.TaskID] = {}

        def show(progress: Progress) -> None:
            left = progress.remaining
            if progress.pipeline not in tasks:
                tasks[progress.pipeline] = bar.add_task(progress.pipeline, rate=0.0, eta="?", spend="")
            bar.update(
                tasks[progress.pipeline],
                completed=progress.done,
                total=progress.total,
                rate=progress.rate,
                eta="?" if left is None else duration(left),
                spend=money(progress.price),
            )

        yield show
