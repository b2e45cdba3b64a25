"""Capture: triggers that leave the keys of changed rows for the queue, on a source and on its partitions."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from pgazure.errors import SchemaError
from pgazure.pipeline.storage.database import fetch_all, fetch_one
from pgazure.pipeline.storage.results import read_result_tables
from pgazure.pipeline.storage.statements import Statements, conjunction, identifier, literal, statement, trusted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

    from pgazure.pipeline.storage.layout import Layout

_EVENTS = ("insert", "update", "delete", "truncate")


async def make_capture(connection: AsyncConnection[Any], pipeline_id: int, layout: Layout, *, replicated: bool) -> None:
    """Watch a source; call it inside the transaction that applies its pipeline.

    What is as it should be is left alone, since to put triggers on a table is to wait for all who use it.

    Args:
        connection: The owner of the trigger function.
        pipeline_id: Number of the pipeline.
        layout: Its source.
        replicated: Whether rows come by logical replication too: the triggers fire for each row then, since
            replication fires no others, and writes cost several times as much.
    """
    drop = statement("capture_drop", function=layout.capture_function)
    if layout.polled:
        await connection.execute(drop, {})
        return
    found = await _read_partitions(connection, pipeline_id, layout) if layout.partitioned else []
    partitions = [each for each in found if each.present]
    function, events = _compose_function(pipeline_id, layout), ("rows", "truncate") if replicated else _EVENTS
    digest = sha256(f"{function.as_string()}{events}".encode()).hexdigest()
    named = {"function": f"{layout.capture_function.as_string()}()"}
    state = await fetch_one(connection, statement("capture_state"), named)
    triggers = len(events) + len(_partition_events(replicated=replicated)) * len(partitions)
    if state is not None and (state.digest, state.triggers) == (digest, triggers):
        return
    await connection.execute(drop, {})
    await connection.execute(function, {})
    note = statement("capture_note", function=layout.capture_function, digest=literal(digest))
    await connection.execute(note, {})
    await _watch(connection, layout, layout.source, events, always=replicated)
    await _watch_partitions(connection, pipeline_id, layout, partitions, replicated=replicated)


async def follow_partitions(
    connection: AsyncConnection[Any], pipeline_id: int, layout: Layout, *, replicated: bool
) -> None:
    """Queue the rows of partitions that were attached, and the keys of those that were detached.

    No trigger fires for either, so it is found out by looking: before each run.

    Raises:
        SchemaError: The role may not put triggers on a new partition.
    """
    if not layout.partitioned:
        return
    changed = [e for e in await _read_partitions(connection, pipeline_id, layout) if e.present != e.watched]
    if not changed:
        return
    new, gone = [e for e in changed if e.present], [e.partition for e in changed if not e.present]
    queries = _compose_enqueue(layout)
    try:
        async with connection.transaction():
            await connection.execute(queries["gather_lock"], {})
            await _watch_partitions(connection, pipeline_id, layout, new, replicated=replicated)
            for each in new:
                if each.leaf:
                    await connection.execute(
                        _compose_enqueue(layout, identifier(each.schema, each.name))["enqueue_all"], {}
                    )
            if gone:
                await connection.execute(
                    statement("partition_forget"), {"pipeline_id": pipeline_id, "partitions": gone}
                )
                await enqueue_orphans(connection, pipeline_id, layout)
    except psycopg.errors.InsufficientPrivilege as error:
        msg = (
            f"pipeline {layout.pipeline}: {layout.schema}.{layout.table} has new partitions that cannot be watched: "
            f"{str(error).splitlines()[0]}; have their owner grant TRIGGER and SELECT on them to role "
            f'"{connection.info.user}"'
        )
        raise SchemaError(msg) from None


async def enqueue_all(connection: AsyncConnection[Any], pipeline_id: int, layout: Layout) -> int:
    """Queue every row of a source, and every key that has results without a row; return how many rows there are."""
    queries = _compose_enqueue(layout)
    await connection.execute(queries["gather_lock"], {})
    cursor = await connection.execute(queries["enqueue_all"], {})
    await enqueue_orphans(connection, pipeline_id, layout)
    return cursor.rowcount


async def enqueue_orphans(connection: AsyncConnection[Any], pipeline_id: int, layout: Layout) -> None:
    """Queue every key that has results and no row."""
    for results in await read_result_tables(connection, pipeline_id, layout):
        await connection.execute(_compose_enqueue(layout, results.table)["enqueue_orphans"], {})


def _compose_enqueue(layout: Layout, table: sql.Composable | None = None) -> Statements:
    return Statements(
        pipeline=literal(layout.pipeline),
        queue=layout.queue,
        keys=layout.keys,
        table=table or layout.source,
        source=layout.source,
        result_keys=layout.keys_of("r"),
        source_is_result=conjunction([layout.match("s", "r"), *layout.holds("s")]),
        source_keys=layout.keys_of("s"),
        condition=conjunction(layout.holds("s") or [trusted("true")]),
    )


def _compose_function(pipeline_id: int, layout: Layout) -> sql.Composed:
    fragments = {
        "pipeline_id": literal(pipeline_id),
        "source": layout.source,
        "result_is_old": layout.match("r", "o"),
        "result_is_record": layout.match_numbered("r"),
        "source_is_result": layout.match("s", "r"),
    }

    def tail(name: str) -> sql.Composable:
        # The function puts it after the name of a table, and executes that.
        return sql.Literal(" " + statement(name, **fragments).as_string())

    return statement(
        "capture_function",
        function=layout.capture_function,
        pipeline_id=literal(pipeline_id),
        pipeline=literal(layout.pipeline),
        queue=layout.queue,
        changes=layout.changes,
        keys=layout.keys,
        new_keys=layout.keys_of("n"),
        old_keys=layout.keys_of("o"),
        same_key=layout.match("n", "o"),
        new_watched=layout.watched_texts("n"),
        old_watched=layout.watched_texts("o"),
        new_record_keys=layout.keys_of("new"),
        old_record_keys=layout.keys_of("old"),
        same_record_key=layout.match("new", "old"),
        new_record_watched=layout.watched_texts("new"),
        old_record_watched=layout.watched_texts("old"),
        result_tables=statement("capture_results", pipeline_id=literal(pipeline_id)),
        of_rows=tail("capture_of_rows"),
        of_record=tail("capture_of_record"),
        of_nothing=tail("capture_of_nothing"),
    )


async def _read_partitions(connection: AsyncConnection[Any], pipeline_id: int, layout: Layout) -> list[Any]:
    query = statement("partitions", source_oid=layout.source_oid)
    return await fetch_all(connection, query, {"pipeline_id": pipeline_id})


async def _watch_partitions(
    connection: AsyncConnection[Any], pipeline_id: int, layout: Layout, partitions: Sequence[Any], *, replicated: bool
) -> None:
    for each in partitions:
        table = identifier(each.schema, each.name)
        events = _partition_events(replicated=replicated)
        await _watch(connection, layout, table, events, argument="partition", always=replicated)
        await connection.execute(
            statement("partition_watch"), {"pipeline_id": pipeline_id, "partition": each.partition}
        )


def _partition_events(*, replicated: bool) -> Sequence[str]:
    # A write that names the partition fires its own triggers, not those of the table above it. Those for
    # each row are handed down by that table.
    return ("truncate",) if replicated else _EVENTS


async def _watch(
    connection: AsyncConnection[Any],
    layout: Layout,
    table: sql.Composable,
    events: Sequence[str],
    *,
    argument: str = "",
    always: bool = False,
) -> None:
    for event in events:
        queries = Statements(
            trigger=identifier(f"pgazure_{layout.pipeline}_{event}"),
            table=table,
            function=layout.capture_function,
            argument=literal(argument) if argument else trusted(""),
        )
        await connection.execute(queries[f"capture_{event}"], {})
        if always:
            await connection.execute(queries["capture_always"], {})
