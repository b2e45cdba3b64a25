"""Commands that steer pipelines: pause, resume, backfill, drop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from pgazure.cli.options import Dsn, Json, Name, Yes, confirm, open_engine
from pgazure.cli.output import print_json

if TYPE_CHECKING:
    from pgazure.pipeline import Removal


def pause(name: Name, dsn: Dsn = None, as_json: Json = False) -> None:
    """Let no more rows of a pipeline be claimed, by any run or worker. Changes are still noticed."""

    async def work() -> bool:
        async with open_engine(dsn) as engine:
            return await engine.pause(name)

    done = asyncio.run(work())
    if as_json:
        print_json({"pipeline": name, "paused": True, "changed": done})
    else:
        print(f"{name} is paused" if done else f"{name} was paused already")


def resume(name: Name, dsn: Dsn = None, as_json: Json = False) -> None:
    """Let rows of a paused pipeline be claimed again."""

    async def work() -> bool:
        async with open_engine(dsn) as engine:
            return await engine.resume(name)

    done = asyncio.run(work())
    if as_json:
        print_json({"pipeline": name, "paused": False, "changed": done})
    else:
        print(f"{name} goes on" if done else f"{name} was not paused")


def backfill(name: Name, dsn: Dsn = None, as_json: Json = False) -> None:
    """Queue every row of a pipeline again. What has its results already is found so and costs nothing."""

    async def work() -> int:
        async with open_engine(dsn) as engine:
            return await engine.backfill(name)

    rows = asyncio.run(work())
    if as_json:
        print_json({"pipeline": name, "rows": rows})
    else:
        print(f"{rows} rows queued")


def drop(
    name: Name,
    dsn: Dsn = None,
    table: Annotated[
        list[str] | None, typer.Option("--table", metavar="TABLE", help="Drop this result table too; once for each.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Drop a pipeline: triggers, queue, view and errors. Its result tables stay but for those named with --table."""
    also = f" and {', '.join(table)} with all results in it" if table else ""

    async def work() -> Removal:
        async with open_engine(dsn) as engine:
            return await engine.drop(name, tables=table or ())

    confirm(f"drop pipeline {name}{also}", yes=yes)
    done = asyncio.run(work())
    if as_json:
        print_json(done)
        return
    print(f"{name} is dropped")
    for each in done.dropped:
        print(f"  dropped: {each}")
    for each in done.kept:
        print(f"  stays: {each}")
