"""Commands over the functions in a database: functions install, uninstall, serve, status."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer

from pgazure.cli.options import Dsn, Json, choose_conninfo
from pgazure.cli.output import duration, print_json, print_table
from pgazure.errors import ConfigurationError

functions = typer.Typer(
    help="Install the functions of the azure_ai extension in any Postgres, and answer them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@functions.command()
def install(
    edition: Annotated[
        str | None,
        typer.Option(help="Whose signatures: flexible or horizondb. Without it what is installed, else flexible."),
    ] = None,
    loopback: Annotated[
        str | None,
        typer.Option(
            envvar="PGAZURE_LOOPBACK",
            help="How the database connects to itself: libpq connection string without dbname, or a foreign server. "
            "Without it a role is created for that.",
        ),
    ] = None,
    dsn: Dsn = None,
    as_json: Json = False,
) -> None:
    """Install or renew the functions in a database."""
    from pgazure.bridge import EDITIONS, install_functions  # noqa: PLC0415

    chosen = EDITIONS[EDITIONS.index(edition)] if edition in EDITIONS else None
    if edition is not None and chosen is None:
        msg = f"--edition is one of {', '.join(EDITIONS)}"
        raise ConfigurationError(msg)
    done = asyncio.run(install_functions(choose_conninfo(dsn), edition=chosen, loopback=loopback))
    if as_json:
        print_json(done)
        return
    what = "installed" if done.is_new else "up to date"
    print(f"functions of azure_ai {what} (edition {done.edition}, pgazure {done.version})")
    print("answer them with: pgazure functions serve")
    for caution in done.cautions:
        print(f"caution: {caution}")


@functions.command()
def uninstall(
    cascade: Annotated[
        bool, typer.Option("--cascade", help="Drop columns, views and functions that use them, too.")
    ] = False,
    dsn: Dsn = None,
) -> None:
    """Remove the functions, their types and settings from a database."""
    from pgazure.bridge import uninstall_functions  # noqa: PLC0415

    done = asyncio.run(uninstall_functions(choose_conninfo(dsn), cascade=cascade))
    print("functions removed" if done else "there are no functions of pgazure in this database")


@functions.command()
def serve(
    max_concurrency: Annotated[
        int, typer.Option(min=1, help="Most requests under way for one endpoint, deployment and operation.")
    ] = 32,
    dsn: Dsn = None,
) -> None:
    """Answer the functions of a database, until SIGTERM or Ctrl-C; any number may run side by side."""
    from pgazure.bridge import Server  # noqa: PLC0415
    from pgazure.bridge.log import write_log  # noqa: PLC0415

    async def work() -> None:
        server = Server(
            choose_conninfo(dsn),
            max_concurrency=max_concurrency,
            on_ready=lambda: print("answering the functions of azure_ai", flush=True),
        )
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None

        def end(number: signal.Signals) -> None:
            # What is in hand is finished, unless asked twice.
            loop.remove_signal_handler(number)
            server.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end, number)
        await server.run()

    write_log()
    asyncio.run(work())


@functions.command()
def status(dsn: Dsn = None, as_json: Json = False) -> None:
    """Show what is installed, which servers live, and the calls under way."""
    from pgazure.bridge import read_status  # noqa: PLC0415

    found = asyncio.run(read_status(choose_conninfo(dsn)))
    if as_json:
        print_json(found)
        return
    oldest = "" if found.oldest_seconds is None else f", the oldest for {duration(found.oldest_seconds)}"
    print(f"functions of azure_ai: edition {found.edition}, pgazure {found.version}")
    print(f"calls: {found.waiting} waiting, {found.in_hand} in hand{oldest}; answers kept: {found.kept}")
    if not found.is_served:
        print("no server: run pgazure functions serve")
    elif found.servers:
        print_table(
            "",
            ("host", "process", "version", "since", "in hand", "answered", "failed"),
            [
                (s.host, s.process_id, s.version, f"{s.started_at:%Y-%m-%d %H:%M}", s.in_hand, s.settled, s.failed)
                for s in found.servers
            ],
            right=(1, 4, 5, 6),
        )
