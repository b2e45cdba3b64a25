"""The command lineage."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from pgazure.cli.options import Dsn, Json, Name, open_engine, read_pairs
from pgazure.cli.output import print_json, print_table

if TYPE_CHECKING:
    from pgazure.pipeline.observation.lineage import Passage

_SHOWN_HASH = 12


def lineage(
    name: Name,
    key: Annotated[list[str], typer.Option("--key", help="The row: COLUMN=VALUE, once per key column.")],
    dsn: Dsn = None,
    as_json: Json = False,
) -> None:
    """Say which text of a row, known by its hash, went to which endpoint and when."""
    row = read_pairs("--key", key, "COLUMN=VALUE")

    async def work() -> list[Passage]:
        async with open_engine(dsn) as engine:
            return await engine.lineage(name, row)

    found = asyncio.run(work())
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each.step,
            (each.input_hash or "")[:_SHOWN_HASH],
            each.error or ("stands" if each.stands else "replaced"),
            each.endpoint or "(here)",
            each.operation or "",
            each.model,
            "" if each.sent_at is None else f"{each.sent_at:%Y-%m-%d %H:%M:%S}",
            each.requests,
        )
        for each in found
    ]
    print_table("", ("step", "text", "result", "endpoint", "operation", "model", "sent", "requests"), rows, right=(7,))
    print(f"{len(found)} texts")
