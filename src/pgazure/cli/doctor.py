"""The command doctor."""

from __future__ import annotations

import asyncio

import typer

from pgazure.cli.options import Dsn, Json, choose_conninfo
from pgazure.cli.output import print_json, print_table


def doctor(dsn: Dsn = None, as_json: Json = False) -> None:
    """Check what pgazure needs: packages, database, services. Nothing is sent that costs money."""
    from pgazure.diagnosis import examine  # noqa: PLC0415

    findings = asyncio.run(examine(choose_conninfo(dsn)))
    if as_json:
        print_json(findings)
    else:
        print_table("", ("", "what", "found"), [(f.state, f.what, f.found) for f in findings])
    raise typer.Exit(0 if all(f.state != "missing" for f in findings) else 1)
