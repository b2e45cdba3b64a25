"""The past: results that were replaced, kept for a while in case their texts come back.

They lie under the key of the row that had the text, in a table like that of the
results, and so go with the row. The texts themselves are not kept.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import errors

from pgazure.pipeline.storage.catalog import read_columns
from pgazure.pipeline.storage.database import fetch_all, fetch_one
from pgazure.pipeline.storage.statements import Statements, commas, identifier, statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime, timedelta

    from psycopg import AsyncConnection

    from pgazure.pipeline.storage.layout import Column
    from pgazure.pipeline.storage.results import ResultTable

SCHEMA = "pgazure"

# What a role that may only read is refused.
_REFUSED = (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept for a text that may come back.

    Attributes:
        pipeline: Name of the pipeline; ``None`` for phrases that were searched for.
        step: Name of the step; ``None`` for phrases.
        results: How many results.
        bytes: Disk space, indexes included.
        oldest: When the oldest was replaced, or the phrase last used; ``None`` where there is none.
    """

    pipeline: str | None
    step: str | None
    results: int
    bytes: int
    oldest: datetime | None


def name_past(pipeline: str, step: str) -> str:
    """Name the table with the past of a step; a ``$``, which no name of ours holds, keeps the two apart."""
    return f"past_{pipeline}${step}"


async def make_past(connection: AsyncConnection[Any], table: ResultTable, pipeline_id: int) -> None:
    """Make the table for what a step's results will have been; a past of another shape is given up.

    Call it inside the transaction that applies the pipeline.
    """
    if not table.operation.billed:
        return
    layout, name = table.layout, name_past(table.layout.pipeline, table.step.title)
    past = identifier(SCHEMA, name)
    queries = Statements(
        past=past,
        keys=layout.keys,
        key_columns=commas(column.definition for column in layout.key),
        columns=commas(column.definition for column in table.kept),
    )
    existing = await read_columns(connection, SCHEMA, name)
    if existing is None or any(not _fits(existing.get(c.name), c) for c in (*layout.key, *table.kept)):
        for query in ("past_drop", "past_create", "past_index_hash", "past_index_age"):
            await connection.execute(queries[query], {})
    parameters = {
        "pipeline_id": pipeline_id,
        "schema": SCHEMA,
        "table": name,
        "step": table.step.title,
        "operation": table.step.operation,
        "dimensions": getattr(table.step, "width", None),
        "past": True,
    }
    await connection.execute(statement("result_register"), parameters)


def _fits(found: str | None, column: Column) -> bool:
    return found is not None and found.rpartition(".")[2] == column.type.rpartition(".")[2]


async def read_kept(connection: AsyncConnection[Any], pipeline: str | None = None) -> list[Kept]:
    """Say what is kept of one pipeline, or of all of them and of searches."""
    found = []
    for row in await fetch_all(connection, statement("past_tables"), {"pipeline": pipeline}):
        table = identifier(row.schema, row.table)
        state = await fetch_one(
            connection, statement("past_state", past=table), {"table": f'"{row.schema}"."{row.table}"'}
        )
        found.append(Kept(row.pipeline, row.step, state.results, state.bytes, state.oldest))
    if pipeline is None:
        state = await fetch_one(connection, statement("phrase_state"))
        found.append(Kept(None, None, state.results, state.bytes, state.oldest))
    return found


async def forget(
    connection: AsyncConnection[Any], age: timedelta, pipeline: str | None = None, *, phrases: bool = True
) -> int:
    """Forget what was replaced, and which phrases were last searched for, at least ``age`` ago; return how many.

    Args:
        connection: Not inside a transaction, so that each table is done with by itself.
        age: How long ago.
        pipeline: Only the past of this pipeline; else that of all.
        phrases: Whether phrases are forgotten too.
    """
    forgotten = 0
    for row in await fetch_all(connection, statement("past_tables"), {"pipeline": pipeline}):
        query = statement("past_forget", past=identifier(row.schema, row.table))
        forgotten += (await connection.execute(query, {"age": age})).rowcount
    if phrases:
        forgotten += (await connection.execute(statement("phrase_forget"), {"age": age})).rowcount
    return forgotten


async def find_phrase(connection: AsyncConnection[Any], digest: bytes) -> list[float] | None:
    """Find the vector of a phrase that was searched for before, as far as the role may."""
    with suppress(*_REFUSED):
        async with connection.transaction():
            row = await fetch_one(connection, statement("phrase_find"), {"hash": digest})
            return None if row is None else list(row.embedding)
    return None


@asynccontextmanager
async def hold_phrase(connection: AsyncConnection[Any], digest: bytes) -> AsyncIterator[None]:
    """Keep others from having the phrase embedded meanwhile; waits for whoever is at it. Takes no transaction."""
    lock = {"key": int.from_bytes(digest[:8], signed=True)}
    await connection.execute(statement("phrase_lock"), lock)
    try:
        yield
    finally:
        await connection.execute(statement("phrase_unlock"), lock)


async def keep_phrase(connection: AsyncConnection[Any], digest: bytes, vector: list[float]) -> None:
    """Keep the vector of a phrase for the next search, as far as the role may."""
    with suppress(*_REFUSED):
        async with connection.transaction():
            await connection.execute(statement("phrase_keep"), {"hash": digest, "embedding": vector})
