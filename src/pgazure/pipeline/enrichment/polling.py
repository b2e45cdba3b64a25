"""Polling: what no trigger tells of a source is found by looking at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.pipeline.storage.capture import follow_partitions
from pgazure.pipeline.storage.database import fetch_one
from pgazure.pipeline.storage.filling import fill_queue
from pgazure.pipeline.storage.statements import Statements, conjunction, literal, trusted

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from pgazure.pipeline.specification.spec import PipelineSpec
    from pgazure.pipeline.storage.layout import Layout


async def look_at_source(
    connection: AsyncConnection[Any], pipeline_id: int, pipeline: PipelineSpec, layout: Layout
) -> None:
    """Queue what no trigger has left a key of: partitions that came or went, rows that apply left, rows polled for.

    Args:
        connection: Outside of a transaction.
        pipeline_id: Number of the pipeline.
        pipeline: The pipeline.
        layout: Its source.

    Raises:
        SchemaError: The role may not put triggers on a new partition.
    """
    await follow_partitions(connection, pipeline_id, layout, replicated=pipeline.source.replicated)
    await fill_queue(connection, pipeline_id, layout)
    await poll(connection, pipeline_id, layout)


async def poll(connection: AsyncConnection[Any], pipeline_id: int, layout: Layout, *, enqueue: bool = True) -> int:
    """Queue the rows of a polled source that have come since the last look; return how many.

    Rows with the last value seen are queued again where their number has changed: equal values may come
    one after the other. A row that is queued and has not changed costs a look and nothing else.

    Args:
        connection: Outside of a transaction, or inside the one that applies the pipeline.
        pipeline_id: Number of the pipeline.
        layout: Its source; nothing is done for one that triggers watch.
        enqueue: Whether rows are queued, or only the place is remembered.
    """
    if layout.polled is None:
        return 0
    queries = Statements(
        pipeline=literal(layout.pipeline),
        queue=layout.queue,
        source=layout.source,
        keys=layout.keys,
        source_keys=layout.keys_of("s"),
        column=layout.polled.of("s"),
        type=layout.polled.cast,
        condition=conjunction(layout.holds("s") or [trusted("true")]),
    )
    async with connection.transaction():
        await connection.execute(queries["gather_lock"], {})
        last = await fetch_one(connection, queries["watermark_read"], {"pipeline_id": pipeline_id})
        now = await fetch_one(connection, queries["watermark_look"])
        if now is None or (last.watermark, last.watermark_rows) == (now.watermark, now.rows):
            return 0
        queued = 0
        if enqueue:
            queued = (await connection.execute(queries["poll"], {"watermark": last.watermark})).rowcount
        seen = {"pipeline_id": pipeline_id, "watermark": now.watermark, "rows": now.rows}
        await connection.execute(queries["watermark_save"], seen)
    return queued
