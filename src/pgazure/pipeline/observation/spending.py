"""What pipelines have cost: the ledger, summed up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from pgazure.errors import InvalidSpecError
from pgazure.pipeline.storage.database import fetch_all
from pgazure.pipeline.storage.statements import commas, identifier, statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    from psycopg import AsyncConnection

GROUPINGS = ("day", "pipeline", "step", "service", "operation", "model")


@dataclass(frozen=True, slots=True)
class Spend:
    """What one group of requests has cost.

    Attributes:
        group: What the requests have in common, by grouping: ``day`` a UTC date, the others names;
            ``pipeline`` is ``None`` for requests of pipelines that were dropped.
        requests: Requests sent.
        refused: How many of them were answered with an error, or not at all.
        items: Texts in them.
        units: Billed units by name, such as ``{"text record": 120}``.
        price: USD at list price.
    """

    group: dict[str, date | str | None]
    requests: int
    refused: int
    items: int
    units: dict[str, int]
    price: Decimal


async def read_spend(
    connection: AsyncConnection[Any],
    by: Sequence[str],
    *,
    pipeline: str | None = None,
    since: date | None = None,
) -> list[Spend]:
    """Sum up the ledger by ``by``, in the order of the groups.

    Raises:
        InvalidSpecError: ``by`` names something else than the groupings, or nothing.
    """
    unknown = [each for each in by if each not in GROUPINGS]
    if unknown or not by:
        wrong = f"{', '.join(unknown)} is none of them" if unknown else "none is given"
        msg = f"spend is summed up by {', '.join(GROUPINGS)}; {wrong}"
        raise InvalidSpecError(msg)
    groups = [identifier(each) for each in dict.fromkeys(by)]
    query = statement(
        "spend",
        groups=commas(groups),
        order=commas(sql.SQL("{} NULLS LAST").format(group) for group in groups),
    )
    rows = await fetch_all(connection, query, {"pipeline": pipeline, "since": since})
    return [
        Spend(
            {each: getattr(row, each) for each in by},
            row.requests,
            row.refused,
            int(row.items),
            row.units,
            row.price,
        )
        for row in rows
    ]
