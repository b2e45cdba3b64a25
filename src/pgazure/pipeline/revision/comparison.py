"""Comparison: what an apply would change, found without changing anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgazure.errors import InvalidSpecError
from pgazure.pipeline.specification.spec import Embed, PipelineSpec, read_spec
from pgazure.pipeline.storage.catalog import read_columns
from pgazure.pipeline.storage.database import fetch_all, fetch_one
from pgazure.pipeline.storage.statements import identifier, statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

    from pgazure.pipeline.specification.spec import Step
    from pgazure.pipeline.storage.layout import Layout


@dataclass(frozen=True)
class Changes:
    """What an apply did, or would do.

    Attributes:
        pipeline: Name of the pipeline.
        new: Whether it was not there before.
        created: Result tables that are made.
        added: Steps that were not there before.
        changed: Steps whose parameters or model differ from before; their results are made anew.
        removed: Steps that are no longer named.
        kept: Result tables that no step writes to any more: they stay, with what is in them.
        renamed: What has another name in the source than before, as ``old → new``.
        refused: Why an apply would refuse, unless it is told to replace vectors in place.
        settings: What else differs, as ``name: old → new``; also the parameters of changed steps.
        requeues: Whether every row of the source is queued; rows whose work is done cost nothing.
        queued: Rows of the source that were queued.
        view: Name of the joined view.
    """

    pipeline: str
    new: bool = False
    created: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    requeues: bool = False
    queued: int = 0
    view: str = ""

    @property
    def nothing(self) -> bool:
        """Whether the database matches the specification already."""
        return not (
            self.new
            or self.created
            or self.added
            or self.changed
            or self.removed
            or self.renamed
            or self.settings
            or self.requeues
        )


@dataclass(frozen=True)
class Comparison:
    """A specification beside what the database holds.

    Attributes:
        changes: The difference.
        keys: Key columns of the source that have new names: old and new one.
    """

    changes: Changes
    keys: tuple[tuple[str, str], ...] = ()


async def compare(connection: AsyncConnection[Any], spec: PipelineSpec, layout: Layout) -> Comparison:
    """Find what has to change for the database to match a specification.

    Raises:
        InvalidSpecError: The pipeline enriches another source.
    """
    changes = Changes(spec.name, view=f"{layout.schema}.{spec.name}_enriched")
    for step in spec.steps:
        name = spec.result_table(step)
        if await read_columns(connection, layout.schema, name) is None:
            changes.created.append(f"{layout.schema}.{name}")
    row = await fetch_one(connection, statement("pipeline_before", source_oid=layout.source_oid), {"name": spec.name})
    if row is None:
        changes.added.extend(step.title for step in spec.steps)
        return Comparison(Changes(**{**changes.__dict__, "new": True, "requeues": True}))
    if row.source_schema != layout.schema or (row.source_table != layout.table and not row.same):
        msg = (
            f"pipeline {spec.name} enriches {row.source_schema}.{row.source_table}: its results are kept "
            "under that table's key; give a pipeline over another table another name"
        )
        raise InvalidSpecError(msg)
    if row.source_table != layout.table:
        changes.renamed.append(f"{row.source_schema}.{row.source_table} → {layout.schema}.{layout.table}")
    keys = tuple((old, new) for old, new in row.renamed or () if new in {column.name for column in layout.key})
    changes.renamed.extend(f"{old} → {new}" for old, new in row.renamed or ())
    before = read_spec(spec.name, row.spec)
    _compare_steps(before, spec, changes)
    changes.refused.extend([refusal async for refusal in _find_mixed_vectors(connection, spec, layout, changes)])
    tables = await fetch_all(connection, statement("step_results"), {"pipeline_id": row.pipeline_id})
    written = {(step.title, spec.result_table(step)) for step in spec.steps}
    changes.kept.extend(table.name for table in tables if (table.step, table.table) not in written)
    requeues = bool(changes.created or changes.added or changes.changed or before.source != spec.source)
    return Comparison(Changes(**{**changes.__dict__, "requeues": requeues}), keys)


async def _find_mixed_vectors(
    connection: AsyncConnection[Any], spec: PipelineSpec, layout: Layout, changes: Changes
) -> AsyncIterator[str]:
    """Find tables in which vectors of two models, which cannot be compared, would stand together."""
    for step in spec.steps:
        name = spec.result_table(step)
        table = f"{layout.schema}.{name}"
        if not isinstance(step, Embed) or step.title not in changes.changed or table in changes.created:
            continue
        query = statement("results_of_others", table=identifier(layout.schema, name))
        if (await fetch_one(connection, query, {"model": step.model_name})).present:
            yield (
                f"step {step.title}: {table} holds the vectors of another model, which cannot be compared with "
                f"those of {step.model}: pgazure generation new {spec.name} {step.title} --set "
                f"model={step.model} fills a table beside it, to be switched to; --in-place replaces them "
                "row by row"
            )


def _compare_steps(before: PipelineSpec, spec: PipelineSpec, changes: Changes) -> None:
    old_steps = {step.title: step for step in before.steps}
    for step in spec.steps:
        old = old_steps.get(step.title)
        if old is None:
            changes.added.append(step.title)
        elif old.to_json() != step.to_json():
            changes.changed.append(step.title)
            lines = _differences(_parameters(old), _parameters(step))
            changes.settings.extend(f"{step.title}.{line}" for line in lines)
    changes.removed.extend(title for title in old_steps if title not in {step.title for step in spec.steps})
    changes.settings.extend(_differences(_flat(before.to_json()), _flat(spec.to_json())))


def _parameters(step: Step) -> dict[str, Any]:
    return {"operation": step.operation} | step.model_dump(mode="json")


def _flat(spelled: dict[str, Any]) -> dict[str, Any]:
    source = {f"source.{name}": value for name, value in spelled["source"].items()}
    return source | {name: value for name, value in spelled.items() if name not in {"source", "steps"}}


def _differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    names = dict.fromkeys([*old, *new])
    return [
        f"{name}: {_show(old.get(name))} → {_show(new.get(name))}" for name in names if old.get(name) != new.get(name)
    ]


def _show(value: Any) -> str:
    return "none" if value is None else str(value)
