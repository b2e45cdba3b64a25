"""Orders: pipelines that were described in SQL, checked and applied by whoever runs pipelines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from pgazure.errors import InvalidSpecError, PgAzureError
from pgazure.pipeline.revision.apply import define, read_pipeline
from pgazure.pipeline.specification.spec import STEPS, PipelineSpec, read_spec
from pgazure.pipeline.specification.template import Template
from pgazure.pipeline.storage.catalog import split_name
from pgazure.pipeline.storage.database import fetch_all, fetch_one
from pgazure.pipeline.storage.filling import fill_queue
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from psycopg import AsyncConnection

# What the template of a step calls the column that the step is given in SQL.
_TEMPLATES = {"generate": "prompt", "is_true": "statement"}


@dataclass(frozen=True, slots=True)
class Order:
    """A pipeline that was ordered, and what came of it.

    Attributes:
        number: Its number in ``pgazure.order``.
        pipeline: Name of the pipeline.
        outcome: ``applied`` or ``refused``.
        message: Why it was refused.
    """

    number: int
    pipeline: str
    outcome: str
    message: str | None


async def carry_out_orders(connection: AsyncConnection[Any]) -> list[Order]:
    """Apply the pipelines that were ordered, in order; each is one transaction.

    An order that cannot be carried out is refused, and the reason kept beside it.
    """
    done: list[Order] = []
    while True:
        async with connection.transaction():
            row = await fetch_one(connection, statement("order_next"))
            if row is None:
                return done
            outcome, message = "applied", None
            try:
                async with connection.transaction():
                    await define(connection, read_order(row.pipeline, row.spec))
            except PgAzureError as error:
                outcome, message = "refused", str(error)
            except psycopg.errors.ProgrammingError as error:
                outcome, message = "refused", error.diag.message_primary
            await connection.execute(
                statement("order_finish"), {"order_id": row.order_id, "outcome": outcome, "message": message}
            )
            done.append(Order(row.order_id, row.pipeline, outcome, message))
        if outcome == "applied":
            pipeline_id, _, layout = await read_pipeline(connection, row.pipeline)
            await fill_queue(connection, pipeline_id, layout)


async def read_running_orders(connection: AsyncConnection[Any]) -> list[str]:
    """Read the names of the pipelines that a run was ordered of."""
    return [row.pipeline for row in await fetch_all(connection, statement("orders_to_run"))]


def read_order(name: str, spelled: dict[str, Any]) -> PipelineSpec:
    """Read a specification as ``pgazure.create_pipeline`` keeps it.

    In SQL the steps say which column they read, and the source may say nothing; the sink names the table
    of the last step.

    Raises:
        InvalidSpecError: It is wrong; the message says where.
    """
    steps = [_copy_step(name, position, step) for position, step in enumerate(spelled["steps"], 1)]
    source = dict(spelled["source"])
    gives = {kind.gives for kind in STEPS.values() if kind.gives} | {"text"}
    named = [parameters["input"] for step in steps for parameters in step.values() if "input" in parameters]
    columns = list(dict.fromkeys(given for given in named if given not in gives))
    if "text" not in source:
        if not columns:
            msg = f"pipeline {name}: say what is read of a row: template => … of table_source, or input => … of a step"
            raise InvalidSpecError(msg)
        source["text"] = f"{{{_escape(columns[0])}}}"
    template = Template.parse(source["text"])
    for step in steps:
        for operation, parameters in step.items():
            _place_input(name, operation, parameters, template, gives)
    if sink := spelled.get("sink"):
        _place_sink(name, source["table"], sink, steps[-1])
    rest = {"trigger": spelled.get("trigger") or "manual"} | (spelled.get("options") or {})
    return read_spec(name, rest | {"source": source, "steps": steps})


def _copy_step(name: str, position: int, step: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(step, dict) or len(step) != 1 or not isinstance(next(iter(step.values())), dict):
        msg = f"pipeline {name}: step {position} must be an object with one operation, as pgazure.step makes it"
        raise InvalidSpecError(msg)
    if "call" in step:
        # Whoever may order a pipeline must not choose which Python module is imported.
        msg = f"pipeline {name}: a step that calls a function of your own is described in pgazure.toml or in Python"
        raise InvalidSpecError(msg)
    return {operation: dict(parameters) for operation, parameters in step.items()}


def _place_input(name: str, operation: str, parameters: dict[str, Any], template: Template, gives: set[str]) -> None:
    """Turn a step's column into what the specification has in its place."""
    column = parameters.get("input")
    if column is None or column in gives:
        return
    del parameters["input"]
    if template.columns == (column,):
        return
    if operation in _TEMPLATES:
        field = _TEMPLATES[operation]
        parameters[field] = str(parameters.get(field, "{input}")).replace("{input}", f"{{{_escape(column)}}}")
        return
    msg = (
        f"pipeline {name}: step {operation} reads column {column}, and the text of a row is another: name both in "
        "template => … of table_source, or make a pipeline for each"
    )
    raise InvalidSpecError(msg)


def _place_sink(name: str, source: str, sink: dict[str, Any], last: dict[str, dict[str, Any]]) -> None:
    schema = split_name(source)[0] or "public"
    if sink.get("schema", schema) != schema:
        msg = f"pipeline {name}: results lie beside their source, in schema {schema}: name a sink there"
        raise InvalidSpecError(msg)
    for parameters in last.values():
        parameters.setdefault("table", sink.get("table"))


def _escape(column: str) -> str:
    return column.replace("{", "{{").replace("}", "}}")
