"""Removal: pipelines and result tables go only when they are named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from pgazure.errors import InvalidSpecError, SchemaError
from pgazure.pipeline.storage.database import fetch_all
from pgazure.pipeline.storage.statements import identifier, statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of the result tables of a pipeline that was dropped.

    Attributes:
        pipeline: Its name.
        dropped: Tables that were named and are gone.
        kept: Tables that stay, with what is in them.
    """

    pipeline: str
    dropped: tuple[str, ...]
    kept: tuple[str, ...]


async def drop_pipeline(connection: AsyncConnection[Any], name: str, tables: Sequence[str]) -> Removal:
    """Drop a pipeline, and of its result tables those that are named.

    Raises:
        InvalidSpecError: It is at work, or a name is not that of one of its result tables.
        SchemaError: Something depends on what has to go, or the role does not own it.
    """
    try:
        async with connection.transaction():
            rows = await fetch_all(connection, statement("pipeline_drop"), {"name": name, "tables": list(tables)})
    except (psycopg.errors.ObjectInUse, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedObject) as error:
        hint = f": {error.diag.message_hint}" if error.diag.message_hint else ""
        msg = f"{error.diag.message_primary}{hint}"
        raise InvalidSpecError(msg) from None
    except (psycopg.errors.DependentObjectsStillExist, psycopg.errors.InsufficientPrivilege) as error:
        raise SchemaError(_explain(f"pipeline {name}", error)) from None
    return Removal(
        name,
        tuple(row.result_table for row in rows if row.dropped),
        tuple(row.result_table for row in rows if not row.dropped),
    )


async def drop_results(connection: AsyncConnection[Any], tables: Sequence[str]) -> list[str]:
    """Drop result tables that no step writes to any more; all of them or none.

    Raises:
        InvalidSpecError: A name is not that of a result table, or a step still writes to it.
        SchemaError: Something depends on one, or the role does not own it.
    """
    dropped = []
    async with connection.transaction():
        for name in tables:
            found = await fetch_all(connection, statement("results_left"), {"table": name})
            if len(found) != 1:
                reason = "in several schemas: write schema.table" if found else "not known as a result table"
                msg = f"{name} is {reason}"
                raise InvalidSpecError(msg)
            (row,) = found
            if row.step is not None:
                msg = f"step {row.step} of pipeline {row.pipeline} writes to {name}: take the step out and apply first"
                raise InvalidSpecError(msg)
            table = identifier(row.schema, row.table)
            try:
                await connection.execute(statement("results_drop", table=table), {})
            except (psycopg.errors.DependentObjectsStillExist, psycopg.errors.InsufficientPrivilege) as error:
                raise SchemaError(_explain(name, error)) from None
            await connection.execute(statement("result_unregister"), {"schema": row.schema, "table": row.table})
            dropped.append(f"{row.schema}.{row.table}")
    return dropped


def _explain(what: str, error: psycopg.Error) -> str:
    detail = f" ({error.diag.message_detail})" if error.diag.message_detail else ""
    return f"{what} cannot be dropped: {error.diag.message_primary}{detail}"
