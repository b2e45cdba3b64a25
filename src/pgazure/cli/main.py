"""``pgazure``: the command, its options and its exit codes."""

from __future__ import annotations

import gc
import os
import sys
from asyncio import CancelledError
from typing import Annotated

import typer

from pgazure.cli import (
    cache,
    demo,
    doctor,
    emulator,
    functions,
    generation,
    lineage,
    monitoring,
    pipelines,
    search,
    spending,
    steering,
    worker,
)
from pgazure.cli.log import LogFormat, start_log
from pgazure.cli.output import complain
from pgazure.errors import (
    BudgetExceededError,
    ConfigurationError,
    InvalidSpecError,
    PgAzureError,
    SchemaError,
    ServiceError,
)

# What a script can rely on; 1 is for work that was done and left something undone.
EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (BudgetExceededError, 5),
    (InvalidSpecError, 2),
    (ConfigurationError, 2),
    (SchemaError, 3),
    (ServiceError, 4),
    (PgAzureError, 2),
)
_DATABASE_REFUSED = 3
_INTERRUPTED = 130

app = typer.Typer(
    name="pgazure",
    help="""Azure AI for any Postgres: tables kept enriched, row by row.

    Exit codes: 0 done; 1 done, but some rows have errors or are left; 2 wrong usage, settings or specification;
    3 the database cannot be used; 4 a service refuses or cannot be reached; 5 the budget is used up; 130 interrupted.
    """,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(demo.demo)
app.command()(emulator.emulator)
app.command()(pipelines.init)
app.command()(pipelines.apply)
app.command()(pipelines.plan)
app.command()(pipelines.run)
app.command()(worker.worker)
app.command()(monitoring.status)
app.command()(monitoring.check)
app.command()(pipelines.errors)
app.command()(pipelines.retry)
app.command()(steering.pause)
app.command()(steering.resume)
app.command()(steering.backfill)
app.command()(steering.drop)
app.command()(spending.spend)
app.command()(spending.prices)
app.command()(search.search)
app.command()(lineage.lineage)
app.command()(doctor.doctor)
app.add_typer(functions.functions, name="functions")
app.add_typer(cache.cache, name="cache")
app.add_typer(generation.generation, name="generation")


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415

        print(f"pgazure {version('pgazure')}")
        raise typer.Exit


@app.callback()
def pgazure(
    version: Annotated[  # noqa: ARG001 - its callback acts
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    log_format: Annotated[
        LogFormat,
        typer.Option(help="json: what happens is written to standard error as one JSON object a line."),
    ] = "text",
) -> None:
    """Take the options that stand before a command."""
    start_log(log_format)


def run() -> None:
    """Run the command line; the entry point."""
    # Modules and rows make hundreds of thousands of objects, which a collection looks at in vain: by default
    # that takes a fifth of the CPU time of a run.
    gc.set_threshold(200_000, 20, 100)
    try:
        app()
    except PgAzureError as error:
        complain(str(error))
        sys.exit(next(code for kind, code in EXIT_CODES if isinstance(error, kind)))
    except BrokenPipeError:
        # Whoever read our output has enough of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (KeyboardInterrupt, CancelledError):
        complain("interrupted")
        sys.exit(_INTERRUPTED)
    except Exception as error:
        from psycopg import Error  # noqa: PLC0415

        if not isinstance(error, Error):
            raise
        complain(f"the database refuses: {error.diag.message_primary or ' '.join(str(error).split())}")
        sys.exit(_DATABASE_REFUSED)
