"""The catalog: what a source looks like in the database, and whether it can be enriched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.errors import InvalidSpecError, SchemaError
from pgazure.pipeline.storage.database import fetch_all, fetch_one
from pgazure.pipeline.storage.layout import Column, Layout
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

    from pgazure.pipeline.specification.spec import PipelineSpec

# Kinds of relations: tables, partitioned ones; polled ones may also be views, materialized views, foreign tables.
_WATCHED_KINDS = {"r", "p"}
_POLLED_KINDS = {"r", "p", "v", "m", "f"}


def split_name(name: str) -> tuple[str | None, str]:
    """Split a table name as SQL reads it: ``shop."Guest reviews"`` → ``("shop", "Guest reviews")``.

    Raises:
        InvalidSpecError: It has more than two parts, or its quotes do not match.
    """
    parts: list[str] = []
    rest = name.strip()
    while rest:
        if rest.startswith('"'):
            end = 1
            while (end := rest.find('"', end)) != -1 and rest[end : end + 2] == '""':
                end += 2
            if end < 1:
                break
            part, rest = rest[1:end].replace('""', '"'), rest[end + 1 :]
        else:
            # Folded to lower case, as PostgreSQL does with a name that is not quoted.
            bare, dot, after = rest.partition(".")
            part, rest = bare.strip().lower(), dot + after
        parts.append(part)
        if not rest:
            match parts:
                case [table] if table:
                    return None, table
                case [schema, table] if schema and table:
                    return schema, table
            break
        if not rest.startswith("."):
            break
        rest = rest[1:]
    msg = f"source table {name!r}: write table or schema.table, in double quotes where a part needs them"
    raise InvalidSpecError(msg)


async def read_layout(connection: AsyncConnection[Any], spec: PipelineSpec) -> Layout:
    """Find the source of a pipeline and the columns it needs.

    Raises:
        InvalidSpecError: The table or a column does not exist, or the table has no primary key.
        SchemaError: The role lacks a privilege on it.
    """
    schema, table = split_name(spec.source.table)
    if schema is None:
        schema = (await fetch_one(connection, statement("default_schema"), {"table": table})).name
    found = await fetch_one(connection, statement("source_relation"), {"schema": schema, "table": table})
    full = f"{schema}.{table}"
    if found is None:
        near = await fetch_all(connection, statement("similar_tables"), {"schema": schema, "table": table})
        called = {"name": spec.name, "schema": schema, "table": table}
        now = await fetch_one(connection, statement("source_now"), called)
        hint = f"; there are: {', '.join(row.name for row in near)}" if near else ""
        hint = f"; it is now called {now.name}: write that instead" if now else hint
        msg = f"pipeline {spec.name}: there is no table {full}{hint}"
        raise InvalidSpecError(msg)
    polled = spec.source.incremental_column
    if found.kind not in (_POLLED_KINDS if polled else _WATCHED_KINDS):
        hint = (
            "a source is a table, or a view with the columns key and incremental_column"
            if found.kind in _POLLED_KINDS
            else "a source must be a table or a view"
        )
        msg = f"pipeline {spec.name}: {full} is not a table; {hint}"
        raise InvalidSpecError(msg)
    if missing := [each for each in found.missing if each == "SELECT" or not polled]:
        msg = (
            f"the current role lacks privileges on {full}: as its owner, run "
            f"GRANT {', '.join(missing)} ON {full} TO the role"
        )
        raise SchemaError(msg)
    columns = {
        row.name: Column(row.name, row.type, is_array=row.is_array)
        for row in await fetch_all(connection, statement("source_columns"), {"relation": found.oid})
    }
    read = [*spec.columns, *spec.source.key, *([polled] if polled else [])]
    if unknown := [name for name in dict.fromkeys(read) if name not in columns]:
        hint = await _find_new_names(connection, spec, found.oid, unknown)
        msg = f"pipeline {spec.name}: {full} has no column {', '.join(unknown)}; {hint}it has: {', '.join(columns)}"
        raise InvalidSpecError(msg)
    key = tuple(columns[name] for name in spec.source.key) or tuple(
        Column(row.name, row.type, row.equality, joinable=row.joinable, is_array=row.is_array)
        for row in await fetch_all(connection, statement("source_key"), {"relation": found.oid})
    )
    if not key:
        hint = (
            "name the columns that tell its rows apart with key = …"
            if polled
            else f"results are kept under it: ALTER TABLE {full} ADD PRIMARY KEY (…)"
        )
        msg = f"pipeline {spec.name}: {full} has no primary key; {hint}"
        raise InvalidSpecError(msg)
    return Layout(
        spec.name,
        schema,
        table,
        key,
        tuple(columns[name] for name in spec.columns),
        partitioned=found.kind == "p" and not polled,
        conditions=tuple((columns[condition.column], condition) for condition in spec.source.where),
        polled=columns[polled] if polled else None,
    )


async def _find_new_names(
    connection: AsyncConnection[Any], spec: PipelineSpec, relation: int, names: Sequence[str]
) -> str:
    """Say what columns are called now that had these names when the pipeline was applied."""
    found = await fetch_all(
        connection, statement("columns_renamed"), {"name": spec.name, "relation": relation, "columns": list(names)}
    )
    return "".join(f"{row.old} is now called {row.new}: write that instead; " for row in found)


async def require_all_rows(connection: AsyncConnection[Any], layout: Layout) -> None:
    """Make sure that row security does not hide rows of a source: they would pass for deleted ones.

    Raises:
        SchemaError: It applies to the current role; the message says what to do.
    """
    query = statement("row_security", source_oid=layout.source_oid)
    if (await fetch_one(connection, query)).active:
        role = connection.info.user
        msg = (
            f'row-level security on {layout.schema}.{layout.table} applies to role "{role}", which must see all '
            f'rows: work as the table\'s owner, or have a superuser run ALTER ROLE "{role}" BYPASSRLS'
        )
        raise SchemaError(msg)


async def read_columns(connection: AsyncConnection[Any], schema: str, table: str) -> dict[str, str] | None:
    """Read the columns of a table with their types; ``None`` where there is no such table."""
    found = await fetch_one(connection, statement("source_relation"), {"schema": schema, "table": table})
    if found is None:
        return None
    rows = await fetch_all(connection, statement("source_columns"), {"relation": found.oid})
    return {row.name: row.type for row in rows}
