"""The command search."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from pgazure.cli.options import Dsn, Json, Name, Step, open_engine
from pgazure.cli.output import print_json, print_table

if TYPE_CHECKING:
    from pgazure.search import Hit


def search(
    name: Name,
    phrase: Annotated[str, typer.Argument(help="What to look for, in your own words.")],
    dsn: Dsn = None,
    step: Step = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most rows to show.")] = 10,
    as_json: Json = False,
) -> None:
    """Find the rows nearest in meaning to a phrase."""

    async def work() -> list[Hit]:
        from pgazure.client import AsyncClient  # noqa: PLC0415
        from pgazure.search import search as find  # noqa: PLC0415

        async with AsyncClient() as client, open_engine(dsn) as engine:
            return await find(engine, client, name, phrase, limit=limit, step=step)

    hits = asyncio.run(work())
    if as_json:
        print_json(hits)
    else:
        print_hits(hits)


def print_hits(hits: list[Hit], title: str = "") -> None:
    """Print what was found, nearest first."""
    rows = [(", ".join(hit.key.values()), f"{hit.similarity:.3f}", hit.chunk_text) for hit in hits]
    print_table(title, ("key", "similarity", "text"), rows, right=(1,))
