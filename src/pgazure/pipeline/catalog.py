"""The catalog: what a source looks like in the database, and whether it can be enriched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.errors import InvalidSpecError, SchemaError
from pgazure.pipeline.database import fetch_all, fetch_one
from pgazure.pipeline.layout import Column, Layout
from pgazure.pipeline.statements import statement

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from pgazure.pipeline.spec import PipelineSpec


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
        hint = f"; there are: {', '.join(row.name for row in near)}" if near else ""
        msg = f"pipeline {spec.name}: there is no table {full}{hint}"
        raise InvalidSpecError(msg)
    if found.kind not in {"r", "p"}:
        msg = f"pipeline {spec.name}: {full} is not a table; a source must be a table with a primary key"
        raise InvalidSpecError(msg)
    if found.missing:
        msg = (
            f"the current role lacks privileges on {full}: as its owner, run "
            f"GRANT {', '.join(found.missing)} ON {full} TO the role"
        )
        raise SchemaError(msg)
    columns = {
        row.name: Column(row.name, row.type)
        for row in await fetch_all(connection, statement("source_columns"), {"relation": found.oid})
    }
    if unknown := [name for name in spec.source.template.columns if name not in columns]:
        msg = f"pipeline {spec.name}: {full} has no column {', '.join(unknown)}; it has: {', '.join(columns)}"
        raise InvalidSpecError(msg)
    key = tuple(
        Column(row.name, row.type)
        for row in await fetch_all(connection, statement("source_key"), {"relation": found.oid})
    )
    if not key:
        msg = (
            f"pipeline {spec.name}: {full} has no primary key; results are kept under it: "
            f"ALTER TABLE {full} ADD PRIMARY KEY (…)"
        )
        raise InvalidSpecError(msg)
    return Layout(spec.name, schema, table, key, tuple(columns[name] for name in spec.source.template.columns))


async def read_columns(connection: AsyncConnection[Any], schema: str, table: str) -> dict[str, str] | None:
    """Read the columns of a table with their types; ``None`` where there is no such table."""
    found = await fetch_one(connection, statement("source_relation"), {"schema": schema, "table": table})
    if found is None:
        return None
    rows = await fetch_all(connection, statement("source_columns"), {"relation": found.oid})
    return {row.name: row.type for row in rows}
