"""Options that several commands share."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgazure.cli.output import tell
from pgazure.errors import InvalidSpecError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pgazure.client import AsyncClient
    from pgazure.pipeline import Engine, SpecFile

Dsn = Annotated[
    str | None,
    typer.Option("--dsn", help="libpq connection string or URI; else PGAZURE_DSN, else libpq's PG* variables."),
]
File = Annotated[Path, typer.Option("--file", "-f", help="File that describes the pipelines.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Names = Annotated[list[str] | None, typer.Argument(help="Names of pipelines; all of them where none is given.")]
Name = Annotated[str, typer.Argument(help="Name of the pipeline.")]
OptionalName = Annotated[str | None, typer.Argument(help="Name of the pipeline; all of them where none is given.")]
Step = Annotated[str | None, typer.Option("--step", help="Only this step.")]
ErrorClass = Annotated[str | None, typer.Option("--class", help="Only errors of this class, e.g. record_permanent.")]
Code = Annotated[str | None, typer.Option("--code", help="Only errors with this code, e.g. InvalidDocument.")]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

MetricsPort = Annotated[
    int | None, typer.Option(min=0, max=65_535, help="Serve metrics to Prometheus on this port; 0 takes a free one.")
]
MetricsAddress = Annotated[str, typer.Option(help="Address to serve them on; 0.0.0.0 for every network.")]

DEFAULT_FILE = Path("pgazure.toml")


def confirm(what: str, *, yes: bool) -> None:
    """Ask on the terminal whether to go on.

    Raises:
        InvalidSpecError: Nobody is there to be asked.
        typer.Abort: The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        msg = f"this would {what}: add --yes to confirm it"
        raise InvalidSpecError(msg)
    typer.confirm(f"{what[0].upper()}{what[1:]}?", abort=True)


def read_pairs(option: str, given: list[str], form: str) -> dict[str, str]:
    """Read what was given to an option that is repeated as names with a value each.

    Args:
        option: The option.
        given: What was given, each time.
        form: How it is written, e.g. ``COLUMN=VALUE``.

    Raises:
        InvalidSpecError: One is written otherwise.
    """
    pairs = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            msg = f"{option} {each!r}: write {form}"
            raise InvalidSpecError(msg)
        pairs[name] = value
    return pairs


def choose_conninfo(dsn: str | None) -> str:
    """Return the connection string of ``--dsn``, else of the environment; empty for libpq's own variables."""
    from pgazure.config import load_settings  # noqa: PLC0415

    settings = load_settings(conninfo=dsn)
    return settings.conninfo.get_secret_value() if settings.conninfo else ""


def read_prices(file: Path) -> SpecFile | None:
    """Read the file where there is one; commands that work from the database need none."""
    from pgazure.pipeline import read_file  # noqa: PLC0415

    return read_file(file) if file.exists() else None


@asynccontextmanager
async def watched(engine: Engine, port: int | None, address: str) -> AsyncIterator[None]:
    """Serve the metrics of this process where a port is given."""
    if port is None:
        yield
        return
    from pgazure.pipeline.observation.metrics import serve_metrics  # noqa: PLC0415

    async with serve_metrics(engine.status, port, address) as found:
        tell(f"metrics on http://{address}:{found}/metrics")
        yield


def open_engine(dsn: str | None, file: Path = DEFAULT_FILE, client: AsyncClient | None = None) -> Engine:
    """Make the engine that a command works with, with the prices of the file."""
    from pgazure.pipeline import Engine  # noqa: PLC0415

    described = read_prices(file)
    return Engine(choose_conninfo(dsn), client=client, prices=described.prices if described else None)
