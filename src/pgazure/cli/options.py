"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
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

DEFAULT_FILE = Path("pgazure.toml")


def choose_conninfo(dsn: str | None) -> str:
    """Return the connection string of ``--dsn``, else of the environment; empty for libpq's own variables."""
    from pgazure.config import load_settings  # noqa: PLC0415

    settings = load_settings(conninfo=dsn)
    return settings.conninfo.get_secret_value() if settings.conninfo else ""


def read_prices(file: Path) -> SpecFile | None:
    """Read the file where there is one; commands that work from the database need none."""
    from pgazure.pipeline import read_file  # noqa: PLC0415

    return read_file(file) if file.exists() else None


def open_engine(dsn: str | None, file: Path = DEFAULT_FILE, client: AsyncClient | None = None) -> Engine:
    """Make the engine that a command works with, with the prices of the file."""
    from pgazure.pipeline import Engine  # noqa: PLC0415

    described = read_prices(file)
    return Engine(choose_conninfo(dsn), client=client, prices=described.prices if described else None)
