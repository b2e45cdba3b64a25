"""The queue: rows are claimed under a lease, written only while it holds, and settled or released.

Writes to the source leave keys in a table of changes, which costs them little. They are *gathered* into
the queue, where each row stands once, when rows are claimed.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

import psycopg

from pgazure.pipeline.storage.database import fetch_one, fetch_tuples
from pgazure.pipeline.storage.statements import Statements, commas, conjunction, literal, statement, trusted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from psycopg import AsyncConnection

    from pgazure.pipeline.storage.layout import Key, Layout

# After so many claims that ended with their worker, a row is claimed alone.
_SUSPECT_CLAIMS = 3

# Changes gathered in one transaction, and bundles of them: no more, so that others need not wait for long.
_GATHERED_AT_ONCE = 50_000
_BUNDLES_AT_ONCE = 5


class Item(NamedTuple):
    """One claimed row.

    Attributes:
        key: Its key.
        attempts: How often it has been claimed without being settled, this time included.
        present: Whether the source still holds it.
        digest: The database's own hash of its watched columns.
        failed: Whether errors are kept of it.
        values: The watched columns as texts.
    """

    key: Key
    attempts: int
    present: bool
    digest: int
    failed: bool
    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows claimed together under one lease."""

    lease: UUID
    items: tuple[Item, ...]


class Queue:
    """The queue of one pipeline.

    Args:
        layout: Its source.
        lease: How long a claim holds without a heartbeat.
        run_id: The run that claims; see :func:`show_life`.
    """

    def __init__(self, layout: Layout, lease: timedelta, run_id: int | None = None) -> None:
        self._layout = layout
        self._lease = lease
        self._run_id = run_id
        self._queries = Statements(
            pipeline=literal(layout.pipeline),
            queue=layout.queue,
            changes=layout.changes,
            bundles=layout.bundles,
            bundle_keys=commas(layout.item_key("u")),
            bundle_items=layout.bundle_items("b", "u"),
            pending=layout.pending,
            source=layout.source,
            source_oid=layout.source_oid,
            keys=layout.keys,
            key_texts=layout.key_texts("l"),
            key_json=layout.key_json("l"),
            q_keys=layout.keys_of("q"),
            q_key_texts=layout.key_texts("q"),
            items=layout.items,
            item_keys=commas(layout.item_key("i")),
            digest=layout.digest("s"),
            watched_texts=layout.watched_texts("s"),
            queue_is_due=layout.match("q", "due"),
            queue_is_item=layout.match_item("q"),
            queue_is_locked=layout.match("q", "l"),
            # A row that is not to be enriched is as good as none.
            source_is_item=conjunction([layout.match_item("s"), *layout.holds("s")]),
            source_is_leased=conjunction([layout.match("s", "l"), *layout.holds("s")]),
            present=layout.key[0].of("s"),
            # Rows of a view cannot be locked; what changes meanwhile is found by the next look.
            source_lock=trusted("" if layout.polled else "FOR KEY SHARE OF s SKIP LOCKED"),
        )

    async def gather(self, connection: AsyncConnection[Any]) -> int:
        """Queue the rows whose keys writes to the source have left; return how many changes there were."""
        gathered = 0
        while True:
            async with connection.transaction():
                await connection.execute(self._queries["gather_lock"], {})
                limits = {"limit": _GATHERED_AT_ONCE, "bundles": _BUNDLES_AT_ONCE}
                row = await fetch_one(connection, self._queries["gather"], limits)
            gathered += int(row.rows)
            if not row.more:
                return gathered

    async def claim(self, connection: AsyncConnection[Any], limit: int) -> Claim:
        """Claim at most ``limit`` rows that are due, the longest due first; fewer or none where there are no more."""
        lease, width = uuid4(), len(self._layout.key)
        parameters = {
            "limit": limit,
            "lease": lease,
            "duration": self._lease,
            "run_id": self._run_id,
            "suspect": _SUSPECT_CLAIMS,
        }
        rows = await fetch_tuples(connection, self._queries["claim"], parameters)
        items = []
        for row in rows:
            attempts, present, digest, failed = row[width : width + 4]
            items.append(Item(row[:width], attempts, present, digest, bool(failed), row[width + 4 :]))
        return Claim(lease, tuple(items))

    async def heartbeat(self, connection: AsyncConnection[Any], lease: UUID, keys: Sequence[Key]) -> None:
        """Hold the lease on rows for another period."""
        parameters = self._layout.parameters(keys, lease=lease, duration=self._lease)
        await connection.execute(self._queries["heartbeat"], parameters)

    async def fence(self, connection: AsyncConnection[Any], lease: UUID, items: Sequence[Item]) -> set[Key]:
        """Lock and return the rows that are still ours and unchanged; call it inside the writing transaction."""
        return await self._read_ours("fence", connection, lease, items)

    async def settle_unchanged(self, connection: AsyncConnection[Any], lease: UUID, items: Sequence[Item]) -> set[Key]:
        """Fence rows and take them off the queue, before their last results are written in the same transaction."""
        return await self._read_ours("settle_unchanged", connection, lease, items)

    async def still_ours(self, connection: AsyncConnection[Any], lease: UUID, items: Sequence[Item]) -> set[Key]:
        """Return the same rows, those included that somebody has locked."""
        return await self._read_ours("still_ours", connection, lease, items)

    async def fence_gone(self, connection: AsyncConnection[Any], lease: UUID, items: Sequence[Item]) -> list[Key]:
        """Lock and return the rows that are still ours and still missing from the source."""
        parameters = self._layout.parameters([item.key for item in items], lease=lease)
        return await fetch_tuples(connection, self._queries["fence_gone"], parameters)

    async def _read_ours(
        self, name: str, connection: AsyncConnection[Any], lease: UUID, items: Sequence[Item]
    ) -> set[Key]:
        parameters = self._layout.parameters([i.key for i in items], [i.digest for i in items], lease)
        return set(await fetch_tuples(connection, self._queries[name], parameters))

    async def settle(self, connection: AsyncConnection[Any], lease: UUID, keys: Sequence[Key]) -> None:
        """Take finished rows off the queue; rows that changed meanwhile stay."""
        await connection.execute(self._queries["settle"], self._layout.parameters(keys, lease=lease))

    async def release(
        self, connection: AsyncConnection[Any], lease: UUID, keys: Sequence[Key], *, delay: float
    ) -> None:
        """Give rows back, due again after ``delay`` seconds."""
        parameters = self._layout.parameters(keys, lease=lease, delay=timedelta(seconds=delay))
        await connection.execute(self._queries["release"], parameters)

    async def rescue(self, connection: AsyncConnection[Any]) -> None:
        """Make the rows that ended runs still hold due now."""
        await connection.execute(self._queries["rescue"], {"run_id": self._run_id})

    async def wake(self, connection: AsyncConnection[Any]) -> None:
        """Make the rows that wait for a pause to end due now."""
        await connection.execute(self._queries["wake"], {})

    async def pending(self, connection: AsyncConnection[Any]) -> int:
        """Count the rows."""
        return int((await fetch_one(connection, self._queries["pending"])).rows)

    async def has_due(self, connection: AsyncConnection[Any]) -> bool:
        """Tell whether any row is due."""
        return bool((await fetch_one(connection, self._queries["has_due"])).due)

    async def next_due(self, connection: AsyncConnection[Any]) -> tuple[bool, float | None]:
        """Whether no more rows may be claimed, and seconds until the first that nobody holds is due, if one is."""
        row = await fetch_one(connection, self._queries["next_due"], {"run_id": self._run_id})
        if row is None:
            return True, None
        return row.is_over, None if row.seconds is None else float(row.seconds)


@asynccontextmanager
async def show_life(conninfo: str, run_id: int) -> AsyncIterator[None]:
    """Hold a session open as the sign that a run lives: its rows are rescued as soon as the session is gone.

    A worker that is killed closes it at once; one whose machine is lost keeps its rows until their lease
    runs out, and so does one behind a pooler that hides the end of a session.
    """
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute(statement("run_lock"), {"run_id": run_id})
        yield
