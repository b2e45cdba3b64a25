"""Generations: a changed model fills a table beside the old one; readers see the old until they are switched.

A new generation is one more step of its pipeline, named ``<step>_g2``, so that
runs fill it, count its errors and pay for it as for any other. To switch means
to exchange the names of two tables in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb
from pydantic import ValidationError

from pgazure.errors import InvalidSpecError, SchemaError
from pgazure.pipeline.enrichment.operations import OPERATIONS, operation_of
from pgazure.pipeline.enrichment.runner import LEASE
from pgazure.pipeline.revision import apply as applying
from pgazure.pipeline.revision.generation_steps import name_generation, read_step, shadow_step
from pgazure.pipeline.revision.likeness import SAMPLE, Likeness, compare_generations
from pgazure.pipeline.specification.spec import STEPS, explain
from pgazure.pipeline.storage.database import fetch_all, fetch_one
from pgazure.pipeline.storage.filling import enqueue_all
from pgazure.pipeline.storage.past import SCHEMA, name_past
from pgazure.pipeline.storage.queue import Queue
from pgazure.pipeline.storage.statements import identifier, statement, trusted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg import AsyncConnection

    from pgazure.pipeline.specification.spec import PipelineSpec, Step
    from pgazure.pipeline.storage.layout import Layout

# PostgreSQL cuts longer names, and two might become one.
_LONGEST_NAME = 63
_LONGEST_TABLE = _LONGEST_NAME - len("_input_hash")

# What may be granted on a table.
_PRIVILEGES = {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"}


@dataclass(frozen=True, slots=True)
class StepGeneration:
    """One generation of a step.

    Attributes:
        pipeline: Name of the pipeline.
        step: Name of the step.
        generation: Its number, 1 for what was there first.
        state: ``new`` while runs fill it, ``current`` for what readers see, ``old`` for what they saw.
        parameters: What it is made by.
        table: Its result table, with the schema.
        rows: Rows of the source with a result.
        created_at: When it was begun.
        switched_at: When readers were last switched to it.
    """

    pipeline: str
    step: str
    generation: int
    state: str
    parameters: Mapping[str, Any]
    table: str
    rows: int
    created_at: datetime | None
    switched_at: datetime | None


@dataclass(frozen=True, slots=True)
class Switch:
    """What a switch did.

    Attributes:
        generation: What readers see from now on.
        previous: Number of what they saw before.
        views: Views of the user's own that still read the previous generation, as they follow a table by number.
        queued: Rows that were queued, for what has changed since readers last saw this generation.
    """

    generation: StepGeneration
    previous: int
    views: tuple[str, ...]
    queued: int


class Generations:
    """The generations of a pipeline, in the transaction that :meth:`pgazure.pipeline.Engine.generations` opens."""

    def __init__(
        self,
        connection: AsyncConnection[Any],
        pipeline_id: int,
        pipeline: PipelineSpec,
        layout: Layout,
        rows: list[Any],
    ) -> None:
        self._connection = connection
        self._pipeline_id = pipeline_id
        self._pipeline = pipeline
        self._layout = layout
        self._rows = rows

    @classmethod
    async def read(cls, connection: AsyncConnection[Any], name: str) -> Generations:
        """Read the generations of a pipeline.

        Raises:
            InvalidSpecError: There is no such pipeline.
        """
        await connection.execute(statement("pipeline_lock"), {"name": name})
        pipeline_id, pipeline, layout = await applying.read_pipeline(connection, name, generations=False)
        rows = await fetch_all(connection, statement("generation_list"), {"pipeline_id": pipeline_id})
        return cls(connection, pipeline_id, pipeline, layout, rows)

    async def describe(self) -> list[StepGeneration]:
        """List the generations of every step that has more than one."""
        return [await self._describe(row) for row in self._rows]

    async def open(self, step_name: str, changes: Mapping[str, Any]) -> StepGeneration:
        """Begin a generation with other parameters; the next runs fill it, and one under way ends early.

        Raises:
            InvalidSpecError: The step cannot have one, or the parameters are wrong or no others.
        """
        step = self._find(step_name)
        if any(row.step == step_name and row.state == "new" for row in self._rows):
            msg = f"step {step_name} has a new generation already: switch to it or drop it first"
            raise InvalidSpecError(msg)
        self._require_last(step)
        changed = _change(step, changes)
        mine = [row for row in self._rows if row.step == step_name]
        number = max((row.generation for row in mine), default=1) + 1
        table = f"{self._pipeline.result_table(step)}_g{number}"
        shadow = shadow_step(changed, step.title, table, number)
        if len(table) > _LONGEST_TABLE:
            msg = f"step {step_name}: the name of table {table} is too long; set a shorter table = … on the step"
            raise InvalidSpecError(msg)
        pipeline = self._pipeline.with_steps([*self._pipeline.steps, shadow])
        if not mine:
            await self._save(1, step, self._pipeline.result_table(step), "current")
        await self._save(number, changed, table, "new")
        await applying.make_results(self._connection, pipeline, self._layout, self._pipeline_id, shadow)
        await enqueue_all(self._connection, self._pipeline_id, self._layout)
        await self._execute("generation_tell")
        return await self._again(step_name, number)

    async def switch(self, step_name: str, number: int | None = None, *, incomplete: bool = False) -> Switch:
        """Let readers see another generation; what they saw stays, for the way back.

        Args:
            step_name: The step.
            number: The generation; the new one where none is given.
            incomplete: Whether to switch even though it lacks results.

        Raises:
            InvalidSpecError: There is no such generation, it lacks results, or a run is at work.
            SchemaError: The tables differ in their row security.
        """
        step = self._find(step_name)
        row, current = self._choose(step_name, number)
        await self._connection.execute(statement("generation_hold_runs"), {})
        running = await fetch_one(self._connection, statement("generation_running"), {"pipeline_id": self._pipeline_id})
        if running.runs:
            msg = f"a run of pipeline {self._pipeline.name} is at work: switch when it has ended"
            raise InvalidSpecError(msg)
        if row.state == "new" and not incomplete:
            await self._require_complete(row, current)
        queued = 0
        if row.state == "old":
            # First, since readers wait from the moment the tables change names.
            queued = await enqueue_all(self._connection, self._pipeline_id, self._layout)
        before, after = self._pipeline.result_table(step), row.result_table
        views = await self._hand_over(before, after)
        kept = f"{before}_g{current.generation}"
        shadow = name_generation(step_name, row.generation)
        retired = name_generation(step_name, current.generation)
        await self._rename(self._layout.schema, before, kept, retired)
        await self._rename(self._layout.schema, after, before, step_name)
        past = [name_past(self._pipeline.name, title) for title in (step_name, retired, shadow)]
        await self._rename(SCHEMA, past[0], past[1], retired)
        await self._rename(SCHEMA, past[2], past[0], step_name)
        await self._exchange(step, row, kept, before)
        return Switch(await self._again(step_name, row.generation), current.generation, tuple(views), queued)

    async def drop(self, step_name: str, number: int) -> str:
        """Drop a generation that readers do not see, with its results; return the name of its table.

        Raises:
            InvalidSpecError: There is no such generation, or it is the current one.
        """
        row = next((r for r in self._rows if (r.step, r.generation) == (step_name, number)), None)
        if row is None or row.state == "current":
            what = "what readers see" if row else "not there"
            msg = f"generation {number} of step {step_name} is {what}; see pgazure generation list"
            raise InvalidSpecError(msg)
        title = name_generation(step_name, number)
        for schema, table in (
            (self._layout.schema, row.result_table),
            (SCHEMA, name_past(self._pipeline.name, title)),
        ):
            await self._connection.execute(statement("generation_table_drop", table=identifier(schema, table)), {})
            await self._execute("result_forget", schema=schema, table=table)
        await self._execute("step_forget", step=title)
        await self._execute("generation_forget", step=step_name, generation=number)
        if sum(other.step == step_name for other in self._rows) == 2:  # noqa: PLR2004 - the one that is left is no generation
            left = next(r for r in self._rows if r.step == step_name and r.generation != number)
            await self._execute("generation_forget", step=step_name, generation=left.generation)
        return f"{self._layout.schema}.{row.result_table}"

    async def compare(self, step_name: str, number: int | None = None, *, sample: int = SAMPLE) -> Likeness:
        """Say how far a generation agrees with what readers see: labels on all rows, everything else on a sample.

        Args:
            step_name: The step.
            number: The generation; the new one where none is given.
            sample: Most results to compare.

        Raises:
            InvalidSpecError: There is no such generation.
        """
        step = self._find(step_name)
        row, current = self._choose(step_name, number)
        tables = (current.result_table, row.result_table)
        steps, places = (step, read_step(row)), operation_of(self._pipeline, step).places
        return await compare_generations(self._connection, self._layout, steps, tables, places, sample=sample)

    def _find(self, title: str) -> Step:
        step = next((each for each in self._pipeline.steps if each.title == title), None)
        if step is None:
            titles = ", ".join(each.title for each in self._pipeline.steps)
            msg = f"pipeline {self._pipeline.name} has no step {title}; it has: {titles}"
            raise InvalidSpecError(msg)
        return step

    def _require_last(self, step: Step) -> None:
        readers = [title for title, waits in self._pipeline.dependencies.items() if step.title in waits]
        if readers or step.operation in {"detect_language", "chunk"}:
            reader = f"step {readers[0]} reads" if readers else "other steps may read"
            msg = f"step {step.title} cannot have generations, since {reader} what it gives: apply the change in place"
            raise InvalidSpecError(msg)

    def _choose(self, step_name: str, number: int | None) -> tuple[Any, Any]:
        mine = [row for row in self._rows if row.step == step_name]
        current = next((row for row in mine if row.state == "current"), None)
        chosen = [row for row in mine if (row.state == "new" if number is None else row.generation == number)]
        if current is None or not chosen:
            there = ", ".join(f"{row.generation} ({row.state})" for row in mine) or "none; see pgazure generation new"
            what = "new generation" if number is None else f"generation {number}"
            msg = f"step {step_name} has no {what}; there is: {there}"
            raise InvalidSpecError(msg)
        if chosen[0] is current:
            msg = f"generation {number} of step {step_name} is what readers see already"
            raise InvalidSpecError(msg)
        return chosen[0], current

    async def _require_complete(self, row: Any, current: Any) -> None:
        pending = await Queue(self._layout, LEASE).pending(self._connection)
        have, want = await self._count(row.result_table), await self._count(current.result_table)
        if pending or have < want:
            msg = (
                f"generation {row.generation} of step {row.step} has results for {have} of {want} rows, and {pending} "
                "rows wait: run the pipeline first, or switch with --incomplete"
            )
            raise InvalidSpecError(msg)

    async def _hand_over(self, before: str, after: str) -> list[str]:
        """Let whoever may read the one table read the other; return the views that will not follow."""
        schema = self._layout.schema
        one, other = [
            await fetch_one(
                self._connection,
                statement("table_state"),
                {"schema": schema, "table": table, "view": f"{self._pipeline.name}_enriched"},
            )
            for table in (before, after)
        ]
        if one.secured and not other.secured:
            msg = (
                f"table {schema}.{before} has row level security and {schema}.{after} has not: give it the same "
                "policies first, or the switch would uncover rows"
            )
            raise SchemaError(msg)
        for grant in await fetch_all(self._connection, statement("table_grants"), {"schema": schema, "table": before}):
            if grant.privilege in _PRIVILEGES:
                query = statement(
                    "table_grant",
                    privilege=trusted(grant.privilege),
                    table=identifier(schema, after),
                    role=trusted("PUBLIC") if grant.role is None else identifier(grant.role),
                    option=trusted("WITH GRANT OPTION" if grant.grantable else ""),
                )
                await self._connection.execute(query, {})
        return list(one.views)

    async def _rename(self, schema: str, table: str, name: str, step: str) -> None:
        state = await fetch_one(
            self._connection, statement("table_state"), {"schema": schema, "table": table, "view": ""}
        )
        if state is None:
            return
        rename = statement("table_rename", table=identifier(schema, table), name=identifier(name))
        await self._connection.execute(rename, {})
        for index in state.indexes:
            if index.startswith(table):
                new = (name + index.removeprefix(table))[:_LONGEST_NAME]
                query = statement("index_rename", index=identifier(schema, index), name=identifier(new))
                await self._connection.execute(query, {})
        await self._execute("result_rename", schema=schema, table=table, name=name, step=step)

    async def _exchange(self, step: Step, row: Any, kept: str, name: str) -> None:
        """Write down who is who from now on, and make the view over the new table."""
        shadow = name_generation(step.title, row.generation)
        promoted = read_step(row).model_copy(update={"name": step.name, "table": step.table})
        steps = [promoted if each.title == step.title else each for each in self._pipeline.steps]
        pipeline = self._pipeline.with_steps(steps)
        await self._execute("generation_retire", step=step.title, spec=Jsonb(step.to_json()), table=kept)
        await self._execute("generation_promote", step=step.title, generation=row.generation, table=name)
        await self._execute("step_errors_forget", step=step.title)
        await self._execute("step_errors_rename", step=shadow, name=step.title)
        await self._execute("step_forget", step=shadow)
        await applying.exchange_step(self._connection, pipeline, self._layout, self._pipeline_id, promoted)
        self._pipeline = pipeline

    async def _save(self, number: int, step: Step, table: str, state: str) -> None:
        spelled = Jsonb(step.to_json())
        await self._execute(
            "generation_save", step=step.title, generation=number, spec=spelled, table=table, state=state
        )

    async def _again(self, step_name: str, number: int) -> StepGeneration:
        rows = await fetch_all(self._connection, statement("generation_list"), {"pipeline_id": self._pipeline_id})
        return await self._describe(next(r for r in rows if (r.step, r.generation) == (step_name, number)))

    async def _describe(self, row: Any) -> StepGeneration:
        current = row.state == "current" and any(step.title == row.step for step in self._pipeline.steps)
        spelled = self._find(row.step).to_json() if current else row.spec
        (parameters,) = spelled.values()
        return StepGeneration(
            self._pipeline.name,
            row.step,
            row.generation,
            row.state,
            {k: v for k, v in parameters.items() if k not in {"name", "table"}},
            f"{self._layout.schema}.{row.result_table}",
            await self._count(row.result_table),
            row.created_at,
            row.switched_at,
        )

    async def _count(self, table: str) -> int:
        query = statement("generation_rows", row=self._layout.keys, table=identifier(self._layout.schema, table))
        return int((await fetch_one(self._connection, query)).rows)

    async def _execute(self, query: str, /, **parameters: Any) -> None:
        await self._connection.execute(statement(query), parameters | {"pipeline_id": self._pipeline_id})


def _change(step: Step, changes: Mapping[str, Any]) -> Step:
    ((operation, parameters),) = step.to_json().items()
    if fixed := sorted(set(changes) & {"name", "table", "input"}):
        msg = f"a generation keeps {', '.join(fixed)} of its step"
        raise InvalidSpecError(msg)
    try:
        changed = STEPS[operation].model_validate(parameters | dict(changes))
    except ValidationError as error:
        msg = f"step {step.title}: {explain(error)}"
        raise InvalidSpecError(msg) from None
    if changed.to_json() == step.to_json():
        msg = f"step {step.title} has these parameters already: name what is to change, such as model"
        raise InvalidSpecError(msg)
    if not OPERATIONS[operation].billed:
        msg = f"step {step.title} calls no service, so it has no generations: apply the change in place"
        raise InvalidSpecError(msg)
    return changed
