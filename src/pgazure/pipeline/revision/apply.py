"""Apply: make the database match a specification."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from pgazure.errors import InvalidSpecError, SchemaError
from pgazure.pipeline.enrichment.operations import CHUNK_INDEX, Operation, operation_of
from pgazure.pipeline.enrichment.polling import poll
from pgazure.pipeline.revision.comparison import Changes, compare
from pgazure.pipeline.revision.generation_steps import add_generations
from pgazure.pipeline.specification.spec import Embed, PipelineSpec, Step, read_spec
from pgazure.pipeline.storage.capture import make_capture, make_changes, make_pending
from pgazure.pipeline.storage.catalog import read_columns, read_layout, require_all_rows
from pgazure.pipeline.storage.database import fetch_all, fetch_one
from pgazure.pipeline.storage.filling import fill_queue, hold_queue
from pgazure.pipeline.storage.layout import Column, Layout
from pgazure.pipeline.storage.past import make_past
from pgazure.pipeline.storage.results import ResultTable, read_result_tables
from pgazure.pipeline.storage.schema import require_vector
from pgazure.pipeline.storage.statements import Statements, commas, identifier, literal, statement, trusted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import AsyncConnection

_SECURITY_INVOKER_SINCE = 150000
_QUEUE_COLUMNS = ("due_at", "lease", "run_id", "attempts", "waiting_since", "changed_at", "bundle_size")
_PROVENANCE = ("call_id", "model", "input_hash", "enriched_at", "replaced_at")


async def apply(connection: AsyncConnection[Any], spec: PipelineSpec, *, in_place: bool = False) -> Changes:
    """Make what :func:`define` makes, and queue the rows; the arguments and errors are those of it.

    Writers to the source wait only while the triggers are made, not while the rows are queued.
    """
    changes = await define(connection, spec, in_place=in_place)
    pipeline_id, _, layout = await read_pipeline(connection, spec.name)
    return replace(changes, queued=await fill_queue(connection, pipeline_id, layout))


async def define(connection: AsyncConnection[Any], spec: PipelineSpec, *, in_place: bool = False) -> Changes:
    """Make queue, triggers, result tables and view of a pipeline, or bring them up to date.

    All of it happens in one transaction. Nothing is sent to a service, no result is dropped, and what rows are
    to be queued is only remembered.

    Args:
        connection: A connection.
        spec: The pipeline.
        in_place: Whether vectors are replaced row by row where another model is named; otherwise that takes
            a generation.

    Raises:
        InvalidSpecError: The source does not fit, a table is in the way, or it holds another model's vectors.
        SchemaError: A privilege or the extension ``vector`` is missing.
    """
    if any(step.operation == "embed" for step in spec.steps):
        await require_vector(connection)
    if any(
        isinstance(step, Embed) and step.vector_type == "halfvec" for step in spec.steps
    ) and not await psycopg.types.TypeInfo.fetch(connection, "halfvec"):
        msg = (
            "vectors of more than 2,000 dimensions, and those with storage = 'halfvec', need pgvector 0.7 or later: "
            "upgrade the extension vector, or write storage = 'vector'"
        )
        raise SchemaError(msg)
    try:
        async with connection.transaction():
            await connection.execute(statement("pipeline_lock"), {"name": spec.name})
            await connection.execute(statement("waiting_limit"), {})
            layout = await read_layout(connection, spec)
            await require_all_rows(connection, layout)
            return await _Applier(connection, spec, layout).apply(in_place=in_place)
    except psycopg.errors.LockNotAvailable:
        msg = (
            f"pipeline {spec.name}: {spec.source.table} or a table of results is held by a transaction that does not "
            "end, and whoever writes to it would have to wait with us: apply again when it has ended (pg_stat_activity "
            "and pg_locks show it), or set lock_timeout to wait longer"
        )
        raise SchemaError(msg) from None
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

    async def apply(self, *, in_place: bool) -> Changes:
        """Do it, inside a transaction."""
        spec, layout = self.spec, self.layout
        found = await compare(self.connection, spec, layout)
        changes = found.changes
        if changes.refused and not in_place:
            raise InvalidSpecError(changes.refused[0])
        changes.refused.clear()
        if layout.polled is not None:
            # In the order of those who poll: first the queue, then the pipeline.
            await hold_queue(self.connection, layout)
        pipeline_id: int = (
            await fetch_one(
                self.connection,
                statement("pipeline_save"),
                {"name": spec.name, "schema": layout.schema, "table": layout.table, "spec": Jsonb(spec.to_json())},
            )
        ).pipeline_id
        note = statement("pipeline_note_source", source_oid=layout.source_oid)
        await self.connection.execute(note, {"pipeline_id": pipeline_id})
        await self._rename_keys(pipeline_id, found.keys)
        for query in ("steps_clear", "steps_clear_errors"):
            await self._execute(query, pipeline_id=pipeline_id, names=[s.title for s in spec.steps])
        await self._make_queue(pipeline_id, anew=changes.new)
        for step in spec.steps:
            await self._make_results(step, pipeline_id)
        # A generation that does not fit any more is said here, not by the next run.
        await add_generations(self.connection, pipeline_id, spec)
        await self._make_view(anew=changes.new)
        if changes.requeues:
            # What is looked for from here on, so that a row that comes until all are queued is queued twice, not never.
            await poll(self.connection, pipeline_id, layout, enqueue=False)
            await self.connection.execute(statement("fill_want"), {"pipeline_id": pipeline_id})
        return changes

    async def _rename_keys(self, pipeline_id: int, keys: Sequence[tuple[str, str]]) -> None:
        """Call the key columns of everything that stands under them as the source calls them now."""
        if not keys:
            return
        layout = self.layout
        await self.connection.execute(statement("view_drop", view=layout.pending), {})
        await self.connection.execute(
            statement("view_drop", view=identifier(layout.schema, f"{self.spec.name}_enriched")), {}
        )
        results = await read_result_tables(self.connection, pipeline_id, layout)
        for old, new in keys:
            for table in (layout.queue, layout.changes, layout.bundles, *(result.table for result in results)):
                rename = statement("key_rename", table=table, old=identifier(old), new=identifier(new))
                await self.connection.execute(rename, {})
            await self._execute("errors_rename", pipeline_id=pipeline_id, old=old, new=new)
        await make_pending(self.connection, layout)

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
        queries = self._queue_statements
        if anew:
            await self.connection.execute(queries["queue_create"], {})
            await self.connection.execute(queries["queue_index"], {})
            await self.connection.execute(queries["queue_age"], {})
            await make_changes(self.connection, layout)
        await make_capture(self.connection, pipeline_id, layout, replicated=self.spec.source.replicated)

    @cached_property
    def _queue_statements(self) -> Statements:
        layout = self.layout
        return Statements(
            queue=layout.queue,
            keys=layout.keys,
            key_columns=commas(column.definition for column in layout.key),
        )

    async def _make_results(self, step: Step, pipeline_id: int) -> None:
        layout, operation, name = self.layout, operation_of(self.spec, step), self.spec.result_table(step)
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
        elif wrong := _find_differences(existing, columns):
            msg = (
                f"step {step.title}: table {layout.schema}.{name} is there and differs ({', '.join(wrong)}); "
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
        await self._execute(
            "result_register",
            pipeline_id=pipeline_id,
            schema=layout.schema,
            table=name,
            step=step.title,
            operation=step.operation,
            dimensions=getattr(step, "width", None),
            past=False,
        )
        await make_past(self.connection, ResultTable(layout, self.spec, step), pipeline_id)

    async def _create_results(self, step: Step, table: sql.Identifier) -> None:
        layout, operation, name = self.layout, operation_of(self.spec, step), self.spec.result_table(step)
        row_key = commas(column.identifier for column in (*layout.key, *operation.places))
        not_null = [sql.SQL("{} NOT NULL").format(c.definition) for c in (*layout.key, *operation.places)]
        values = [column.definition for column in operation.value_columns(step)]
        create = statement(
            "result_create",
            table=table,
            columns=commas([*not_null, *values]),
            row_key=row_key,
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
            table = identifier(layout.schema, self.spec.result_table(step))
            join, shown = _join_of(step, operation_of(self.spec, step), layout, table, alias)
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
    "transliterate": (("transliteration", "text"),),
    "analyze_opinions": (("opinions", "sentences"),),
    "recognize_healthcare_entities": (("healthcare_entities", "entities"), ("healthcare_relations", "relations")),
    "recognize_custom_entities": (("custom_entities", "entities"),),
    "classify_single_label": (("class", "category"), ("class_score", "confidence_score")),
    "classify_multi_label": (("classes", "categories"), ("class_scores", "confidence_scores")),
    "invoke": (("invoked", "result"),),
}

_COUNTED = {"chunk": "chunk_count", "embed": "embedding_count"}
_GATHERED = {"translate": ("translations", "jsonb_object_agg(r.target_language, r.text ORDER BY r.target_language)")}


def _join_of(
    step: Step, operation: Operation, layout: Layout, table: sql.Identifier, alias: str
) -> tuple[sql.Composable, list[tuple[str, sql.Composable]]]:
    """Join a step's results to the source ``s``: as they are, or gathered into one value where a row has several.

    What was made of chunks becomes a JSON array in their order.
    """
    if not operation.places:
        join = sql.SQL("LEFT JOIN {} {} ON {}").format(table, identifier(alias), layout.match("s", alias))
        return join, _show(step, operation, alias)
    if step.operation in _COUNTED:
        shown: list[tuple[str, sql.Composable]] = [(_COUNTED[step.operation], trusted("count(*)"))]
    elif step.operation in _GATHERED:
        label, aggregate = _GATHERED[step.operation]
        shown = [(label, trusted(aggregate))]
    else:
        shown = _show(step, operation, "r")
    rows = sql.SQL("FROM {} r WHERE {}").format(table, layout.match("r", "s"))
    if operation.chunked and step.operation not in _COUNTED:
        index, group = CHUNK_INDEX.of("r"), trusted("GROUP BY r.chunk_index" if operation.parts else "")
        rows = sql.SQL("FROM (SELECT {}, {} {} {}) c").format(index, _label(shown), rows, group)
        in_order = CHUNK_INDEX.of("c")
        shown = [
            (label, sql.SQL("jsonb_agg({} ORDER BY {})").format(identifier("c", label), in_order)) for label, _ in shown
        ]
    join = sql.SQL("LEFT JOIN LATERAL (SELECT {} {}) {} ON true").format(_label(shown), rows, identifier(alias))
    return join, [(label, identifier(alias, label)) for label, _ in shown]


def _show(step: Step, operation: Operation, alias: str) -> list[tuple[str, sql.Composable]]:
    columns = [(column.name, column.name) for column in operation.value_columns(step)]
    return [(label, identifier(alias, column)) for label, column in _SHOWN.get(step.operation, columns)]


def _label(shown: Sequence[tuple[str, sql.Composable]]) -> sql.Composed:
    return commas(sql.SQL("{} AS {}").format(expression, identifier(label)) for label, expression in shown)


def _find_differences(existing: Mapping[str, str], columns: Sequence[Column]) -> list[str]:
    """Say in which columns a table differs from what a step writes."""
    found = [
        f"{c.name} is {existing.get(c.name, 'missing')}, not {c.type}"
        for c in columns
        if not _same_type(existing.get(c.name), c.type)
    ]
    if CHUNK_INDEX.name in existing and CHUNK_INDEX.name not in {column.name for column in columns}:
        found.append(f"it has {CHUNK_INDEX.name}, for results of chunks")
    return found


def _same_type(found: str | None, wanted: str) -> bool:
    return found is not None and found.rpartition(".")[2] == wanted.rpartition(".")[2]


async def read_pipelines(connection: AsyncConnection[Any]) -> list[tuple[int, PipelineSpec]]:
    """Read every pipeline of the database."""
    rows = await fetch_all(connection, statement("pipeline_list"))
    return [(row.pipeline_id, read_spec(row.name, row.spec)) for row in rows]


async def read_pipeline(
    connection: AsyncConnection[Any], name: str, *, generations: bool = True
) -> tuple[int, PipelineSpec, Layout]:
    """Read one pipeline by name, with its source as it is now and a step for each generation that is to be filled.

    Raises:
        InvalidSpecError: There is none of that name, or its source has changed so that it does not fit any more.
    """
    pipeline_id, spec = await read_stored(connection, name)
    if generations:
        spec = await add_generations(connection, pipeline_id, spec)
    return pipeline_id, spec, await read_layout(connection, spec)


async def read_stored(connection: AsyncConnection[Any], name: str) -> tuple[int, PipelineSpec]:
    """Read one pipeline by name, as it was applied.

    Raises:
        InvalidSpecError: There is none of that name.
    """
    row = await fetch_one(connection, statement("pipeline_find"), {"name": name})
    if row is None:
        known = [r.name for r in await fetch_all(connection, statement("pipeline_list"))]
        hint = f"there are: {', '.join(known)}" if known else "none is applied yet: run pgazure apply"
        msg = f"there is no pipeline {name}; {hint}"
        raise InvalidSpecError(msg)
    return row.pipeline_id, read_spec(row.name, row.spec)


async def make_results(
    connection: AsyncConnection[Any], spec: PipelineSpec, layout: Layout, pipeline_id: int, step: Step
) -> None:
    """Make the result table of one step; call it inside a transaction."""
    await _Applier(connection, spec, layout)._make_results(step, pipeline_id)  # noqa: SLF001 - of this module


async def exchange_step(
    connection: AsyncConnection[Any], spec: PipelineSpec, layout: Layout, pipeline_id: int, step: Step
) -> None:
    """Keep a specification in which ``step`` has other parameters, and another table under the same name."""
    parameters = {"name": spec.name, "schema": layout.schema, "table": layout.table, "spec": Jsonb(spec.to_json())}
    await connection.execute(statement("pipeline_save"), parameters)
    applier = _Applier(connection, spec, layout)
    await applier._make_results(step, pipeline_id)  # noqa: SLF001 - of this module
    await applier._make_view(anew=False)  # noqa: SLF001 - of this module
