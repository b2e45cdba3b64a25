"""The commands generation new, list, compare, switch and drop."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pgazure.cli.options import Dsn, Json, Name, open_engine, read_pairs
from pgazure.cli.output import complain, print_json, print_table

if TYPE_CHECKING:
    from pgazure.pipeline.revision.generations import StepGeneration, Switch
    from pgazure.pipeline.revision.likeness import Likeness

generation = typer.Typer(
    name="generation",
    help="Fill a table with the results of another model beside the old one, compare, and switch readers to it.",
    no_args_is_help=True,
)

StepName = Annotated[str, typer.Argument(help="Name of the step.")]
Number = Annotated[int | None, typer.Argument(min=1, help="Number of the generation; the new one where none is given.")]

_SHOWN_PAIRS = 12


@generation.command("new")
def begin(
    name: Name,
    step: StepName,
    settings: Annotated[
        list[str], typer.Option("--set", help="What is changed, as PARAMETER=VALUE, e.g. model=text-embedding-3-large.")
    ],
    dsn: Dsn = None,
    as_json: Json = False,
) -> None:
    """Begin a generation with another model or other parameters; pgazure run fills it."""
    given = read_pairs("--set", settings, "PARAMETER=VALUE")
    changes = {name: _read_value(value) for name, value in given.items()}

    async def work() -> StepGeneration:
        async with open_engine(dsn) as engine, engine.generations(name) as generations:
            return await generations.open(step, changes)

    made = asyncio.run(work())
    if as_json:
        print_json(made)
    else:
        print(f"generation {made.generation} of step {step} is {made.table}; pgazure plan {name} says what it costs")


@generation.command("list")
def show(name: Name, dsn: Dsn = None, as_json: Json = False) -> None:
    """List the generations of the steps that have more than one."""

    async def work() -> list[StepGeneration]:
        async with open_engine(dsn) as engine, engine.generations(name) as generations:
            return await generations.describe()

    found = asyncio.run(work())
    if as_json:
        print_json(found)
        return
    rows = [
        (each.step, each.generation, each.state, each.table, each.rows, json.dumps(each.parameters, ensure_ascii=False))
        for each in found
    ]
    print_table("", ("step", "generation", "state", "table", "rows", "parameters"), rows, right=(1, 4))


@generation.command()
def compare(
    name: Name,
    step: StepName,
    number: Number = None,
    sample: Annotated[int, typer.Option(min=2, max=10_000, help="Most results to compare.")] = 1_000,
    dsn: Dsn = None,
    as_json: Json = False,
) -> None:
    """Say how far a generation agrees with what readers see: labels, nearest neighbours, or what was found."""

    async def work() -> Likeness:
        async with open_engine(dsn) as engine, engine.generations(name) as generations:
            return await generations.compare(step, number, sample=sample)

    found = asyncio.run(work())
    if as_json:
        print_json(found)
        return
    value = "nothing to compare" if found.value is None else f"{found.value:.3f}"
    kappa = "" if found.kappa is None else f", kappa {found.kappa:.3f}"
    print(f"{found.measure}: {value}{kappa} over {found.rows} results")
    differing = [pair for pair in found.confusion if pair[0] != pair[1]][:_SHOWN_PAIRS]
    if differing:
        print_table("", ("readers see", "the other", "rows"), differing, right=(2,))


@generation.command()
def switch(
    name: Name,
    step: StepName,
    number: Number = None,
    incomplete: Annotated[bool, typer.Option("--incomplete", help="Even though it lacks results.")] = False,
    dsn: Dsn = None,
    as_json: Json = False,
) -> None:
    """Let readers see another generation, in one transaction; the way back is the same command with the old number."""

    async def work() -> Switch:
        async with open_engine(dsn) as engine, engine.generations(name) as generations:
            return await generations.switch(step, number, incomplete=incomplete)

    done = asyncio.run(work())
    if as_json:
        print_json(done)
        return
    now = done.generation
    print(f"{now.table} is generation {now.generation} now; generation {done.previous} stays for the way back")
    print(f"in the description of the pipeline write: {step} with {json.dumps(now.parameters, ensure_ascii=False)}")
    if done.queued:
        print(f"{done.queued} rows queued: what has changed meanwhile is made anew by the next run")
    for view in done.views:
        complain(f"view {view} still reads generation {done.previous}: make it anew")


@generation.command()
def drop(
    name: Name,
    step: StepName,
    number: Annotated[int, typer.Argument(min=1, help="Number of the generation.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dsn: Dsn = None,
    as_json: Json = False,
) -> None:
    """Drop a generation that readers do not see, with its results."""
    if not yes:
        typer.confirm(f"Drop generation {number} of step {step} of pipeline {name}, with its results?", abort=True)

    async def work() -> str:
        async with open_engine(dsn) as engine, engine.generations(name) as generations:
            return await generations.drop(step, number)

    table = asyncio.run(work())
    if as_json:
        print_json({"dropped": table})
    else:
        print(f"dropped {table}")


def _read_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
