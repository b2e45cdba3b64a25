"""Apply: make the database match a specification."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from pgazure.errors import InvalidSpecError, SchemaError
from pgazure.pipeline.catalog import read_columns, read_layout
from pgazure.pipeline.database import fetch_all, fetch_one
from pgazure.pipeline.layout import Column, Layout
from pgazure.pipeline.operations import OPERATIONS
from pgazure.pipeline.schema import require_vector
from pgazure.pipeline.spec import PipelineSpec, Step, read_spec
from pgazure.pipeline.statements import commas, identifier, literal, statement, trusted

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_SECURITY_INVOKER_SINCE = 150000
_QUEUE_COLUMNS = ("due_at", "lease", "run_id", "attempts")
_PROVENANCE = ("model", "input_hash", "enriched_at")


@dataclass(frozen=True)
class Changes:
    """What an apply did.

    Attributes:
        pipeline: Name of the pipeline.
        created: Result tables that were made.
        added: Steps that were not there before.
        changed: Steps whose parameters or model differ from before; their results are made anew.
        removed: Steps that are no longer named; their tables stay, with what is in them.
        queued: Rows of the source that were queued.
        view: Name of the joined view.
    """

    pipeline: str
    created: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    queued: int = 0
    view: str = ""


async def apply(connection: AsyncConnection[Any], spec: PipelineSpec) -> Changes:
    """Make queue, triggers, result tables and view of a pipeline, or bring them up to date.

    All of it happens in one transaction. Nothing is sent to a service, and no
    result is dropped.

    Raises:
        InvalidSpecError: The source does not fit, or a table is in the way.
        SchemaError: A privilege or the extension ``vector`` is missing.
    """
    if any(step.operation == "embed" for step in spec.steps):
        await require_vector(connection)
    try:
        async with connection.transaction():
            await connection.execute(statement("pipeline_lock"), {"name": spec.name})
            return await _Applier(connection, spec, await read_layout(connection, spec)).apply()
    except psycopg.errors.InsufficientPrivilege as error:
        msg = f"pipeline {spec.name}: {str(error).splitlines()[0]}; have the owner of the schema grant it"
        raise SchemaError(msg) from None
    except psycopg.errors.DependentObjectsStillExist as error:
        msg = (
            f"pipeline {spec.name}: the view {spec.name}_enriched must be made anew, and other objects use it "
            f"({error.diag.message_detail}): drop those, apply, and make them again"
        )
        raise SchemaError(msg) from None


@dataclass
class _Applier:
    connection: AsyncConnection[Any]
    spec: PipelineSpec
    layout: Layout

    async def apply(self) -> Changes:
        """Do it, inside a transaction."""
        spec, layout = self.spec, self.layout
        before = await self._read_before()
        pipeline_id: int = (
            await fetch_one(
                self.connection,
                statement("pipeline_save"),
                {"name": spec.name, "schema": layout.schema, "table": layout.table, "spec": Jsonb(spec.to_json())},
            )
        ).pipeline_id
        changes = Changes(spec.name, view=f"{layout.schema}.{spec.name}_enriched")
        before_steps = {step.title: step for step in before.steps} if before else {}
        for step in spec.steps:
            old = before_steps.get(step.title)
            if old is None:
                changes.added.append(step.title)
            elif old.to_json() != step.to_json():
                changes.changed.append(step.title)
        changes.removed.extend(title for title in before_steps if title not in {s.title for s in spec.steps})
        for query in ("steps_clear", "steps_clear_errors"):
            await self._execute(query, pipeline_id=pipeline_id, names=[s.title for s in spec.steps])
        await self._make_queue(pipeline_id, anew=before is None)
        for step in spec.steps:
            await self._make_results(step, pipeline_id, changes)
        await self._make_view(anew=before is None)
        if before is None or changes.added or changes.changed or changes.created or before.source != spec.source:
            cursor = await self.connection.execute(
                statement("enqueue_all", queue=layout.queue, keys=layout.keys, source=layout.source), {}
            )
            return Changes(**{**changes.__dict__, "queued": cursor.rowcount})
        return changes

    async def _read_before(self) -> PipelineSpec | None:
        row = await fetch_one(self.connection, statement("pipeline_find"), {"name": self.spec.name})
        if row is None:
            return None
        if (row.source_schema, row.source_table) != (self.layout.schema, self.layout.table):
            msg = (
                f"pipeline {self.spec.name} enriches {row.source_schema}.{row.source_table}: its results are kept "
                "under that table's key; give a pipeline over another table another name"
            )
            raise InvalidSpecError(msg)
        return read_spec(self.spec.name, row.spec)

    async def _execute(self, name: str, /, **parameters: Any) -> None:
        await self.connection.execute(statement(name), parameters)

    async def _make_queue(self, pipeline_id: int, *, anew: bool) -> None:
        layout = self.layout
        if clash := sorted({column.name for column in layout.key} & set(_QUEUE_COLUMNS)):
            msg = (
                f"pipeline {self.spec.name}: a key column of {layout.schema}.{layout.table} is named "
                f"{', '.join(clash)}, as a column of the queue is; rename the key column"
            )
            raise InvalidSpecError(msg)
        if anew:
            key_columns = commas(column.definition for column in layout.key)
            create = statement("queue_create", queue=layout.queue, key_columns=key_columns, keys=layout.keys)
            await self.connection.execute(create, {})
            await self.connection.execute(statement("queue_index", queue=layout.queue), {})
        else:
            await self.connection.execute(statement("capture_drop", function=layout.capture_function), {})
        await self.connection.execute(
            statement(
                "capture_function",
                function=layout.capture_function,
                queue=layout.queue,
                keys=layout.keys,
                new_keys=layout.keys_of("n"),
                old_keys=layout.keys_of("o"),
                same_key=layout.match_as_text("n", "o"),
                new_watched=layout.watched_texts("n"),
                old_watched=layout.watched_texts("o"),
                pipeline_id=literal(pipeline_id),
            ),
            {},
        )
        for event in ("insert", "update", "delete", "truncate"):
            await self.connection.execute(
                statement(
                    f"capture_{event}",
                    trigger=identifier(f"pgazure_{self.spec.name}_{event}"),
                    source=layout.source,
                    function=layout.capture_function,
                ),
                {},
            )

    async def _make_results(self, step: Step, pipeline_id: int, changes: Changes) -> None:
        layout, operation, name = self.layout, OPERATIONS[step.operation], self.spec.result_table(step)
        table = identifier(layout.schema, name)
        columns = (*layout.key, *operation.places, *operation.value_columns(step))
        names = [column.name for column in columns]
        if clash := sorted({n for n in names if names.count(n) > 1} | (set(names) & set(_PROVENANCE))):
            msg = (
                f"step {step.title}: a key column of {layout.schema}.{layout.table} is named {', '.join(clash)}, "
                "as a column of the result table would be; rename the key column"
            )
            raise InvalidSpecError(msg)
        owner = await fetch_one(
            self.connection,
            statement("result_owner"),
            {"schema": layout.schema, "table": name, "pipeline": self.spec.name, "step": step.title},
        )
        if owner is not None:
            msg = f"table {name} holds the results of step {owner.step} of pipeline {owner.pipeline}: set table = …"
            raise InvalidSpecError(msg)
        existing = await read_columns(self.connection, layout.schema, name)
        if existing is None:
            await self._create_results(step, table)
            changes.created.append(f"{layout.schema}.{name}")
        elif wrong := [c for c in columns if not _same_type(existing.get(c.name), c.type)]:
            difference = ", ".join(f"{c.name} is {existing.get(c.name, 'missing')}, not {c.type}" for c in wrong)
            msg = (
                f"step {step.title}: table {layout.schema}.{name} is there and differs ({difference}); "
                "set table = … to write elsewhere, or drop the old table yourself"
            )
            raise InvalidSpecError(msg)
        await self._execute(
            "step_save",
            pipeline_id=pipeline_id,
            name=step.title,
            operation=step.operation,
            dimensions=getattr(step, "width", None),
            schema=layout.schema,
            table=name,
        )

    async def _create_results(self, step: Step, table: sql.Identifier) -> None:
        layout, operation, name = self.layout, OPERATIONS[step.operation], self.spec.result_table(step)
        row_key = commas(column.identifier for column in (*layout.key, *operation.places))
        not_null = [sql.SQL("{} NOT NULL").format(c.definition) for c in (*layout.key, *operation.places)]
        values = [column.definition for column in operation.value_columns(step)]
        create = statement(
            "result_create",
            table=table,
            columns=commas([*not_null, *values]),
            row_key=row_key,
            keys=layout.keys,
            source=layout.source,
        )
        await self.connection.execute(create, {})
        index = statement("result_index", index=identifier(f"{name}_input_hash"), table=table)
        await self.connection.execute(index, {})
        comment = (
            f"Results of step {step.title} of pgazure pipeline {self.spec.name} over {layout.schema}.{layout.table}"
        )
        await self.connection.execute(statement("result_comment", table=table, comment=literal(comment)), {})

    async def _make_view(self, *, anew: bool) -> None:
        layout, name = self.layout, f"{self.spec.name}_enriched"
        if anew and await read_columns(self.connection, layout.schema, name) is not None:
            msg = f"pipeline {self.spec.name}: its view {layout.schema}.{name} cannot be made, the name is taken"
            raise InvalidSpecError(msg)
        view = identifier(layout.schema, name)
        source = await read_columns(self.connection, layout.schema, layout.table) or {}
        taken = set(source)
        columns: list[sql.Composable] = [Column(column, "").of("s") for column in source]
        joins: list[sql.Composable] = []
        for position, step in enumerate(self.spec.steps):
            alias = f"r{position}"
            join, shown = _join_of(step, layout, identifier(layout.schema, self.spec.result_table(step)), alias)
            joins.append(join)
            for column, expression in shown:
                label = column if column not in taken else f"{step.title}_{column}"
                taken.add(label)
                columns.append(sql.SQL("{} AS {}").format(expression, identifier(label)))
        # With the reader's own rights, so that row security on the source holds for the view as well.
        modern = self.connection.info.server_version >= _SECURITY_INVOKER_SINCE
        options = trusted("WITH (security_invoker = true)" if modern else "")
        create = statement(
            "view_create",
            view=view,
            options=options,
            columns=commas(columns),
            source=layout.source,
            joins=sql.SQL(" ").join(joins),
        )
        try:
            # In its place, so that grants on the view and what is built upon it stay.
            async with self.connection.transaction():
                await self.connection.execute(create, {})
        except psycopg.errors.InvalidTableDefinition:
            await self.connection.execute(statement("view_drop", view=view), {})
            await self.connection.execute(create, {})


_SHOWN: dict[str, tuple[tuple[str, str], ...]] = {
    "detect_language": (
        ("language", "iso6391_name"),
        ("language_name", "name"),
        ("language_score", "confidence_score"),
    ),
    "analyze_sentiment": tuple((c, c) for c in ("sentiment", "positive_score", "neutral_score", "negative_score")),
    "extract_key_phrases": (("key_phrases", "key_phrases"),),
    "recognize_entities": (("entities", "entities"),),
    "recognize_pii_entities": (("redacted_text", "redacted_text"), ("pii_entities", "entities")),
    "summarize_extractive": (("extractive_summary", "sentences"),),
    "summarize_abstractive": (("abstractive_summary", "summaries"),),
}

_GATHERED = {
    "translate": ("translations", "jsonb_object_agg(r.target_language, r.text ORDER BY r.target_language)"),
    "chunk": ("chunk_count", "count(*)"),
    "embed": ("embedding_count", "count(*)"),
}


def _join_of(
    step: Step, layout: Layout, table: sql.Identifier, alias: str
) -> tuple[sql.Composable, list[tuple[str, sql.Composable]]]:
    """Join a step's results to the source ``s``: as they are, or gathered into one value where a row has several."""
    if shown := _SHOWN.get(step.operation):
        join = sql.SQL("LEFT JOIN {} {} ON {}").format(table, identifier(alias), layout.match("s", alias))
        return join, [(label, Column(column, "").of(alias)) for label, column in shown]
    label, aggregate = _GATHERED[step.operation]
    join = sql.SQL("LEFT JOIN LATERAL (SELECT {} AS gathered FROM {} r WHERE {}) {} ON true").format(
        trusted(aggregate), table, layout.match("r", "s"), identifier(alias)
    )
    return join, [(label, identifier(alias, "gathered"))]


def _same_type(found: str | None, wanted: str) -> bool:
    return found is not None and found.rpartition(".")[2] == wanted.rpartition(".")[2]


async def read_pipelines(connection: AsyncConnection[Any]) -> list[tuple[int, PipelineSpec]]:
    """Read every pipeline of the database."""
    rows = await fetch_all(connection, statement("pipeline_list"))
    return [(row.pipeline_id, read_spec(row.name, row.spec)) for row in rows]


async def read_pipeline(connection: AsyncConnection[Any], name: str) -> tuple[int, PipelineSpec, Layout]:
    """Read one pipeline by name, with its source as it is now.

    Raises:
        InvalidSpecError: There is none of that name.
    """
    row = await fetch_one(connection, statement("pipeline_find"), {"name": name})
    if row is None:
        known = [r.name for r in await fetch_all(connection, statement("pipeline_list"))]
        hint = f"there are: {', '.join(known)}" if known else "none is applied yet: run pgazure apply"
        msg = f"there is no pipeline {name}; {hint}"
        raise InvalidSpecError(msg)
    spec = read_spec(row.name, row.spec)
    return row.pipeline_id, spec, await read_layout(connection, spec)
