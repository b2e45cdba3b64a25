"""Vector indexes: made when a table has been filled, since filling an indexed one takes a hundred times as long.

A small table has none: there, comparing every vector is quick, and exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import errors

from pgazure.pipeline.specification import spec
from pgazure.pipeline.storage.database import fetch_one
from pgazure.pipeline.storage.statements import Statements, identifier, statement, trusted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import AsyncConnection

    from pgazure.pipeline.storage.results import ResultTable

# From so many vectors on a search goes through an index.
_ENOUGH = 20_000

# With fewer rows to come than this it does not pay to make an index anew.
_BACKFILL = 10_000

# An index waits for every older transaction of the database; one that does not end is left to the next run.
_PATIENCE = "30s"


async def make_way(connection: AsyncConnection[Any], tables: Iterable[ResultTable], rows: int) -> None:
    """Drop the indexes that most rows will be missing from, where ``rows`` are to be worked on.

    Until :func:`make_indexes`, searches read the whole table.
    """
    for table in _indexed(tables):
        state = await _read_state(connection, table)
        if state.present and rows >= _BACKFILL and rows > state.rows:
            await connection.execute(_compose(table)["index_drop"], {})


async def make_indexes(connection: AsyncConnection[Any], tables: Iterable[ResultTable]) -> None:
    """Make the indexes that are missing; call it outside of a transaction, when there is nothing left to write."""
    for table in _indexed(tables):
        name = {"schema": table.layout.schema, "table": table.name}
        if not (await fetch_one(connection, statement("index_lock"), name)).ours:
            continue
        try:
            state = await _read_state(connection, table)
            if not state.valid and not state.other and await _has_enough(connection, table):
                await _make_index(connection, _compose(table))
        finally:
            await connection.execute(statement("index_unlock"), name)


async def _make_index(connection: AsyncConnection[Any], queries: Statements) -> None:
    await connection.execute(queries["index_drop"], {})
    await connection.execute(statement("index_patience"), {"patience": _PATIENCE})
    try:
        await connection.execute(queries["index_create"], {})
    except errors.LockNotAvailable:
        # What was begun would slow every write down and serve no search.
        await connection.execute(queries["index_drop"], {})
    finally:
        await connection.execute(statement("index_patience"), {"patience": "0"})


def _indexed(tables: Iterable[ResultTable]) -> list[ResultTable]:
    return [table for table in tables if isinstance(table.step, spec.Embed) and table.step.indexed]


async def _read_state(connection: AsyncConnection[Any], table: ResultTable) -> Any:
    parameters = {"schema": table.layout.schema, "table": table.name, "index": _name(table)}
    return await fetch_one(connection, statement("index_state"), parameters)


async def _has_enough(connection: AsyncConnection[Any], table: ResultTable) -> bool:
    row = await fetch_one(connection, _compose(table)["index_rows"], {"enough": _ENOUGH})
    return bool(row.rows == _ENOUGH)


def _name(table: ResultTable) -> str:
    return f"{table.name}_hnsw"


def _compose(table: ResultTable) -> Statements:
    assert isinstance(table.step, spec.Embed)
    return Statements(
        index=identifier(_name(table)),
        whole_index=identifier(table.layout.schema, _name(table)),
        table=table.table,
        operators=trusted(f"{table.step.vector_type}_cosine_ops"),
    )
