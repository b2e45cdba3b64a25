"""Capture: triggers that leave the keys of changed rows for the queue, on a source and on its partitions."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from pgazure.errors import SchemaError
from pgazure.pipeline.storage.database import fetch_all, fetch_one
from pgazure.pipeline.storage.filling import enqueue_orphans, hold_queue
from pgazure.pipeline.storage.statements import Statements, commas, identifier, literal, statement, trusted

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
    function = _compose_function(pipeline_id, layout, replicated=replicated)
    events = ("rows", "truncate") if replicated else _EVENTS
    digest = sha256(f"{function.as_string()}{events}".encode()).hexdigest()
    named = {"function": f"{layout.capture_function.as_string()}()"}
    state = await fetch_one(connection, statement("capture_state"), named)
    triggers = len(events) + len(_partition_events(replicated=replicated)) * len(partitions)
    if state is not None and (state.digest, state.triggers) == (digest, triggers):
        return
    await make_pending(connection, layout)
    await connection.execute(drop, {})
    await connection.execute(function, {})
    note = statement("capture_note", function=layout.capture_function, digest=literal(digest))
    await connection.execute(note, {})
    await _watch(connection, layout, layout.source, events, always=replicated)
    await _watch_partitions(connection, pipeline_id, layout, partitions, replicated=replicated)


async def follow_partitions(
    connection: AsyncConnection[Any], pipeline_id: int, layout: Layout, *, replicated: bool
) -> None:
    """Watch the partitions that were attached, and queue the keys of those that were detached.

    No trigger fires for either, so it is found out by looking: before each run. The rows of those attached are
    queued by :func:`~pgazure.pipeline.storage.filling.fill_queue`.

    Raises:
        SchemaError: The role may not put triggers on a new partition.
    """
    if not layout.partitioned:
        return
    if all(each.present == each.watched for each in await _read_partitions(connection, pipeline_id, layout)):
        return
    try:
        async with connection.transaction():
            await hold_queue(connection, layout)
            await connection.execute(statement("waiting_limit"), {})
            changed = [e for e in await _read_partitions(connection, pipeline_id, layout) if e.present != e.watched]
            new, gone = [e for e in changed if e.present], [e.partition for e in changed if not e.present]
            await _watch_partitions(connection, pipeline_id, layout, new, replicated=replicated)
            if gone:
                await connection.execute(
                    statement("partition_forget"), {"pipeline_id": pipeline_id, "partitions": gone}
                )
                await enqueue_orphans(connection, pipeline_id, layout)
    except psycopg.errors.LockNotAvailable:
        msg = (
            f"pipeline {layout.pipeline}: {layout.schema}.{layout.table} has new partitions that a transaction holds "
            "which does not end, and whoever writes to them would have to wait with us: run again when it has ended "
            "(pg_stat_activity and pg_locks show it), or set lock_timeout to wait longer"
        )
        raise SchemaError(msg) from None
    except psycopg.errors.InsufficientPrivilege as error:
        msg = (
            f"pipeline {layout.pipeline}: {layout.schema}.{layout.table} has new partitions that cannot be watched: "
            f"{str(error).splitlines()[0]}; have their owner grant TRIGGER and SELECT on them to role "
            f'"{connection.info.user}"'
        )
        raise SchemaError(msg) from None


async def make_changes(connection: AsyncConnection[Any], layout: Layout) -> None:
    """Make the tables in which triggers leave keys, and the view of what waits."""
    queries = Statements(
        changes=layout.changes,
        bundles=layout.bundles,
        key_columns=commas(column.definition for column in layout.key),
        bundle_columns=layout.bundle_columns,
        storage=commas(sql.SQL("ALTER {} SET STORAGE EXTERNAL").format(column.identifier) for column in layout.key),
    )
    for name in ("changes_create", "bundles_create", "bundles_storage"):
        await connection.execute(queries[name], {})
    await make_pending(connection, layout)


async def make_pending(connection: AsyncConnection[Any], layout: Layout) -> None:
    """Make the view of what waits, or bring it up to date."""
    query = statement(
        "pending_create",
        pending=layout.pending,
        queue=layout.queue,
        changes=layout.changes,
        bundles=layout.bundles,
        keys=layout.keys,
        queue_keys=layout.keys_of("q"),
        changes_keys=layout.keys_of("c"),
        bundle_keys=commas(layout.item_key("u")),
        bundle_items=layout.bundle_items("b", "u"),
        queue_is_change=layout.match("q", "c"),
    )
    await connection.execute(query, {})


def _compose_function(pipeline_id: int, layout: Layout, *, replicated: bool) -> sql.Composed:
    first = layout.key[0]
    before, after = layout.numbered("o"), layout.numbered("n")
    fragments: dict[str, sql.Composable] = {
        "pipeline_id": literal(pipeline_id),
        "source": layout.source,
        "queue": layout.queue,
        "changes": layout.changes,
        "bundles": layout.bundles,
        "keys": layout.keys,
        "new_keys": layout.keys_of("n"),
        "old_keys": layout.keys_of("o"),
        "new_first": first.of("n"),
        "old_first": first.of("o"),
        "new_watched": layout.watched_texts("n"),
        "old_watched": layout.watched_texts("o"),
        "paired": layout.pair("o", "n"),
        "before_names": commas(map(identifier, before)),
        "after_names": commas(map(identifier, after)),
        "before": commas(identifier("c", name) for name in before),
        "after": commas(identifier("c", name) for name in after),
        "after_first": identifier("c", after[0]),
        "new_record_keys": layout.keys_of("new"),
        "old_record_keys": layout.keys_of("old"),
        "new_record_watched": layout.watched_texts("new"),
        "old_record_watched": layout.watched_texts("old"),
        "same_record_key": layout.match("new", "old"),
        "key_names": commas(literal(column.name) for column in layout.key),
        "result_is_old": layout.match("r", "o"),
        "result_is_record": layout.match_numbered("r"),
        "source_is_result": layout.match("s", "r"),
        "result_tables": statement("capture_results", pipeline_id=literal(pipeline_id)),
    }

    def text(name: str) -> sql.Composable:
        # A piece of a statement that the function puts together and executes.
        return sql.Literal(f" {statement(name, **fragments).as_string()} ")

    def leave(rows: str, alias: str) -> sql.Composed:
        return _compose_leave(layout, sql.SQL("{} {}").format(identifier(rows), identifier(alias)), alias)

    fragments |= {
        "of_rows": text("capture_of_rows"),
        "of_record": text("capture_of_record"),
        "of_nothing": text("capture_of_nothing"),
        "of_renamed": text("of_renamed"),
        "into_changes": text("into_changes"),
        "into_changes_later": text("into_changes_later"),
        "from_new": sql.Literal(" FROM (SELECT ($1).*) AS n" if replicated else " FROM new_rows"),
        "from_old": sql.Literal(" FROM (SELECT ($2).*) AS o" if replicated else " FROM old_rows"),
        "leave_new": leave("new_rows", "n"),
        "leave_old": leave("old_rows", "o"),
    }
    what = "record" if replicated else "rows"
    return statement(
        "capture_function",
        function=layout.capture_function,
        pipeline=literal(layout.pipeline),
        look=statement("look_at_record" if replicated else "look_at_rows", **fragments),
        leave=statement(f"leave_{what}", **fragments),
        leave_renamed=statement("leave_renamed", **fragments),
        new_names=statement("capture_new_names", **fragments),
        lost=literal(
            f"pipeline {layout.pipeline} cannot notice this write: {layout.schema}.{layout.table} has not the key any "
            "more that the pipeline was applied with"
        ),
        lost_hint=literal("Run pgazure apply, then pgazure backfill; or pgazure drop, to take the triggers off."),
        **fragments,
    )


def _compose_leave(layout: Layout, rows: sql.Composable, alias: str) -> sql.Composed:
    """Leave the keys of a transition table."""
    names = layout.numbered("k")
    return statement(
        "leave_bundled" if layout.bundled else "leave_singly",
        changes=layout.changes,
        bundles=layout.bundles,
        keys=layout.keys,
        rows=rows,
        row_keys=layout.keys_of(alias),
        names=commas(map(identifier, names)),
        arrays=commas(sql.SQL("array_agg({})").format(identifier("k", name)) for name in names),
        slices=commas(sql.SQL("{}[s.at:s.at + 9999]").format(identifier("a", name)) for name in names),
    )


async def _read_partitions(connection: AsyncConnection[Any], pipeline_id: int, layout: Layout) -> list[Any]:
    query = statement("partitions", source_oid=layout.source_oid)
    return await fetch_all(connection, query, {"pipeline_id": pipeline_id})


async def _watch_partitions(
    connection: AsyncConnection[Any],
    pipeline_id: int,
    layout: Layout,
    partitions: Sequence[Any],
    *,
    replicated: bool,
) -> None:
    for each in partitions:
        table = identifier(each.schema, each.name)
        events = _partition_events(replicated=replicated)
        await _watch(connection, layout, table, events, argument="partition", always=replicated)
        watched = {"pipeline_id": pipeline_id, "partition": each.partition}
        await connection.execute(statement("partition_watch"), watched)


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
