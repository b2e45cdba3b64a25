"""Filling: every row of a source is queued, in a transaction in which no writer to the source waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.pipeline.specification.spec import read_spec
from pgazure.pipeline.storage.catalog import read_layout
from pgazure.pipeline.storage.database import fetch_one
from pgazure.pipeline.storage.results import read_result_tables
from pgazure.pipeline.storage.statements import Statements, conjunction, identifier, literal, statement, trusted

if TYPE_CHECKING:
    from psycopg import AsyncConnection, sql

    from pgazure.pipeline.storage.layout import Layout


async def fill_queue(connection: AsyncConnection[Any], pipeline_id: int, layout: Layout) -> int:
    """Queue the rows that apply and new partitions have left to be queued; return how many of the source.

    What puts triggers on a source must have been committed before: whoever writes meanwhile leaves the key
    itself, and nobody waits. Where this is interrupted, the next run does it.

    Args:
        connection: Outside of a transaction.
        pipeline_id: Number of the pipeline.
        layout: Its source.
    """
    wanted, about = statement("fill_wanted"), {"pipeline_id": pipeline_id}
    if await fetch_one(connection, wanted, about) is None:
        return 0
    async with connection.transaction():
        await hold_queue(connection, layout)
        if (found := await fetch_one(connection, wanted, about)) is None:
            return 0
        # It may have been applied while we waited, with other conditions.
        layout = await read_layout(connection, read_spec(layout.pipeline, found.spec))
        if found.whole:
            queued = await enqueue_all(connection, pipeline_id, layout)
        else:
            partitions = [identifier(*names) for names in zip(found.schemas, found.names, strict=True)]
            enqueue = [_compose(layout, partition)["enqueue_all"] for partition in partitions]
            queued = sum([(await connection.execute(query, {})).rowcount for query in enqueue])
        await connection.execute(_compose(layout)["fill_count"], {})
        done = about | {"updated_at": found.updated_at, "partitions": found.partitions}
        await connection.execute(statement("fill_done"), done)
    return queued


async def enqueue_all(connection: AsyncConnection[Any], pipeline_id: int, layout: Layout) -> int:
    """Queue every row of a source, and every key that has results without a row; return how many rows there are."""
    await hold_queue(connection, layout)
    cursor = await connection.execute(_compose(layout)["enqueue_all"], {})
    await enqueue_orphans(connection, pipeline_id, layout)
    return cursor.rowcount


async def enqueue_orphans(connection: AsyncConnection[Any], pipeline_id: int, layout: Layout) -> None:
    """Queue every key that has results and no row."""
    for results in await read_result_tables(connection, pipeline_id, layout):
        await connection.execute(_compose(layout, results.table)["enqueue_orphans"], {})


async def hold_queue(connection: AsyncConnection[Any], layout: Layout) -> None:
    """Let nobody else queue rows by key until the transaction ends."""
    await connection.execute(statement("gather_lock", pipeline=literal(layout.pipeline)), {})


def _compose(layout: Layout, table: sql.Composable | None = None) -> Statements:
    return Statements(
        queue=layout.queue,
        keys=layout.keys,
        table=table or layout.source,
        source=layout.source,
        result_keys=layout.keys_of("r"),
        source_is_result=conjunction([layout.match("s", "r"), *layout.holds("s")]),
        source_keys=layout.keys_of("s"),
        condition=conjunction(layout.holds("s") or [trusted("true")]),
    )
