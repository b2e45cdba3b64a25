"""The commands cache show and cache prune."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from pgazure.cli.options import Dsn, Json, OptionalName, open_engine
from pgazure.cli.output import print_json, print_table
from pgazure.errors import InvalidSpecError

if TYPE_CHECKING:
    from pgazure.pipeline.storage.past import Kept

cache = typer.Typer(
    name="cache",
    help="What is kept of replaced texts and of searches, for not to be paid for again.",
    no_args_is_help=True,
)

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_MEGABYTE = 1 << 20


@cache.command()
def show(name: OptionalName = None, dsn: Dsn = None, as_json: Json = False) -> None:
    """Say how many results of replaced texts are kept, and since when."""

    async def work() -> list[Kept]:
        async with open_engine(dsn) as engine:
            return await engine.kept(name)

    kept = asyncio.run(work())
    if as_json:
        print_json(kept)
        return
    rows = [
        (
            each.pipeline or "(searches)",
            each.step or "",
            each.results,
            f"{each.bytes / _MEGABYTE:,.1f}",
            "" if each.oldest is None else f"{each.oldest:%Y-%m-%d %H:%M}",
        )
        for each in kept
    ]
    print_table("", ("pipeline", "step", "results", "MB", "oldest"), rows, right=(2, 3))


@cache.command()
def prune(
    name: OptionalName = None,
    older_than: Annotated[
        str, typer.Option(help="Age such as 30d, 12h or 0d: what was replaced that long ago.")
    ] = "30d",
    dsn: Dsn = None,
    as_json: Json = False,
) -> None:
    """Forget results of texts that were replaced, and phrases that were searched for, long ago."""
    age = _read_age(older_than)

    async def work() -> int:
        async with open_engine(dsn) as engine:
            return await engine.forget(name, age)

    forgotten = asyncio.run(work())
    if as_json:
        print_json({"forgotten": forgotten})
    else:
        print(f"{forgotten} results forgotten")


def _read_age(text: str) -> timedelta:
    if not (found := re.fullmatch(r"(\d{1,6})([mhd])", text.strip())):
        msg = f"--older-than {text!r}: write a number and m, h or d, such as 30d"
        raise InvalidSpecError(msg)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
