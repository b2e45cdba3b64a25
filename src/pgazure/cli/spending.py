"""Commands about money: spend, prices."""

from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from pgazure.cli.options import DEFAULT_FILE, Dsn, File, Json, OptionalName, open_engine, read_prices
from pgazure.cli.output import money, print_json, print_table

if TYPE_CHECKING:
    from pgazure.pipeline import Spend

_DEFAULT = ["day", "pipeline", "operation"]


def spend(
    name: OptionalName = None,
    dsn: Dsn = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Sum up by day, pipeline, step, service, operation or model; may be repeated."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only this day (UTC) and later ones.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what requests have cost at list price, by day, pipeline and operation."""

    async def work() -> list[Spend]:
        async with open_engine(dsn) as engine:
            return await engine.spend(name, by=by or _DEFAULT, since=since.date() if since else None)

    spent = asyncio.run(work())
    if as_json:
        print_json(spent)
        return
    rows = [
        (
            *("(dropped)" if value is None else value for value in each.group.values()),
            each.requests,
            each.refused,
            each.items,
            ", ".join(f"{units:,} {unit}s" for unit, units in each.units.items() if units),
            f"{each.price:,.4f}",
        )
        for each in spent
    ]
    if rows:
        groups = list(spent[0].group)
        headings = (*groups, "requests", "refused", "texts", "billed", "USD")
        print_table("", headings, rows, right=range(len(groups), len(headings)))
    print(f"{money(sum((each.price for each in spent), Decimal(0)))} at list prices")


def prices(file: File = DEFAULT_FILE, as_json: Json = False) -> None:
    """List the prices that plans and budgets reckon with: the list prices, and your own over them."""
    from pgazure.pipeline.enrichment.prices import PriceList  # noqa: PLC0415

    described = read_prices(file)
    listed = PriceList(described.prices if described else None)
    if as_json:
        print_json({"as_of": listed.as_of, "prices": listed.entries()})
        return
    rows = [
        (each.service, each.name, f"{each.price:,.4f}", f"{each.per:,} {each.unit}s", "your own" if each.own else "")
        for each in listed.entries()
    ]
    print_table(f"list prices of {listed.as_of} in USD", ("service", "name", "USD", "per", ""), rows, right=(2, 3))
