"""The queue: rows are claimed under a lease, written only while it holds, and settled or released."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg

from pgazure.pipeline.database import fetch_one, fetch_tuples
from pgazure.pipeline.statements import statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from psycopg import AsyncConnection, sql

    from pgazure.pipeline.layout import Key, Layout

# After so many claims that ended with their worker, a row is claimed alone.
_SUSPECT_CLAIMS = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One claimed row.

    Attributes:
        key: Its key.
        attempts: How often it has been claimed without being settled, this time included.
        present: Whether the source still holds it.
        digest: The database's own hash of its watched columns.
        values: The watched columns as texts.
    """

    key: Key
    attempts: int
    present: bool
    digest: int
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
        self._common = {
            "queue": layout.queue,
            "keys": layout.keys,
            "items": layout.items,
            "queue_is_item": layout.match_item("q"),
        }

    async def claim(self, connection: AsyncConnection[Any], limit: int) -> Claim:
        """Claim at most ``limit`` rows that are due, the longest due first; fewer or none where there are no more."""
        layout, lease, width = self._layout, uuid4(), len(self._layout.key)
        query = statement(
            "claim",
            **self._only("queue", "keys"),
            queue_is_due=layout.match("q", "due"),
            leased_keys=layout.keys_of("q"),
            key_texts=layout.key_texts("l"),
            digest=layout.digest("s"),
            watched_texts=layout.watched_texts("s"),
            source=layout.source,
            source_is_leased=layout.match("s", "l"),
        )
        parameters = {
            "limit": limit,
            "lease": lease,
            "duration": self._lease,
            "run_id": self._run_id,
            "suspect": _SUSPECT_CLAIMS,
        }
        rows = await fetch_tuples(connection, query, parameters)
        return Claim(
            lease,
            tuple(Item(row[:width], row[width], row[width + 1], row[width + 2], row[width + 3 :]) for row in rows),
        )

    async def heartbeat(self, connection: AsyncConnection[Any], lease: UUID, keys: Sequence[Key]) -> None:
        """Hold the lease on rows for another period."""
        query = statement("heartbeat", **self._only("queue", "items", "queue_is_item"))
        await connection.execute(query, self._layout.parameters(keys, lease=lease, duration=self._lease))

    async def fence(self, connection: AsyncConnection[Any], lease: UUID, items: Sequence[Item]) -> set[Key]:
        """Lock and return the rows that are still ours and unchanged; call it inside the writing transaction."""
        return await self._read_ours("fence", connection, lease, items)

    async def still_ours(self, connection: AsyncConnection[Any], lease: UUID, items: Sequence[Item]) -> set[Key]:
        """Return the same rows, those included that somebody has locked."""
        return await self._read_ours("still_ours", connection, lease, items)

    async def _read_ours(
        self, name: str, connection: AsyncConnection[Any], lease: UUID, items: Sequence[Item]
    ) -> set[Key]:
        layout = self._layout
        query = statement(
            name,
            **self._only("queue", "items", "queue_is_item"),
            key_texts=layout.key_texts("q"),
            source=layout.source,
            source_is_item=layout.match_item("s"),
            digest=layout.digest("s"),
        )
        parameters = layout.parameters([i.key for i in items], [i.digest for i in items], lease)
        return set(await fetch_tuples(connection, query, parameters))

    async def settle(self, connection: AsyncConnection[Any], lease: UUID, keys: Sequence[Key]) -> None:
        """Take finished rows off the queue; rows that changed meanwhile stay."""
        await connection.execute(statement("settle", **self._locked()), self._layout.parameters(keys, lease=lease))

    async def release(
        self, connection: AsyncConnection[Any], lease: UUID, keys: Sequence[Key], *, delay: float
    ) -> None:
        """Give rows back, due again after ``delay`` seconds."""
        parameters = self._layout.parameters(keys, lease=lease, delay=timedelta(seconds=delay))
        await connection.execute(statement("release", **self._locked()), parameters)

    async def enqueue(self, connection: AsyncConnection[Any], keys: Sequence[Key]) -> None:
        """Queue rows by key."""
        query = statement("enqueue_keys", **self._only("queue", "keys", "items"), item_keys=self._layout.item_keys)
        await connection.execute(query, self._layout.parameters(keys))

    async def rescue(self, connection: AsyncConnection[Any]) -> None:
        """Make the rows that ended runs still hold due now."""
        await connection.execute(statement("rescue", queue=self._layout.queue), {"run_id": self._run_id})

    async def wake(self, connection: AsyncConnection[Any]) -> None:
        """Make the rows that wait for a pause to end due now."""
        await connection.execute(statement("wake", queue=self._layout.queue), {})

    async def pending(self, connection: AsyncConnection[Any]) -> int:
        """Count the rows."""
        return int((await fetch_one(connection, statement("pending", queue=self._layout.queue))).rows)

    async def has_due(self, connection: AsyncConnection[Any]) -> bool:
        """Tell whether any row is due."""
        return bool((await fetch_one(connection, statement("has_due", queue=self._layout.queue))).due)

    async def next_due(self, connection: AsyncConnection[Any]) -> float | None:
        """Seconds until the first row that nobody holds is due; ``None`` where there is none."""
        row = await fetch_one(connection, statement("next_due", queue=self._layout.queue))
        return None if row.seconds is None else float(row.seconds)

    def _only(self, *names: str) -> dict[str, sql.Composable]:
        return {name: self._common[name] for name in names}

    def _locked(self) -> dict[str, sql.Composable]:
        return self._only("queue", "items", "queue_is_item") | {
            "q_keys": self._layout.keys_of("q"),
            "queue_is_locked": self._layout.match("q", "l"),
        }


@asynccontextmanager
async def show_life(conninfo: str, run_id: int) -> AsyncIterator[None]:
    """Hold a session open as the sign that a run lives: its rows are rescued as soon as the session is gone.

    A worker that is killed closes it at once; one whose machine is lost keeps its rows until their lease
    runs out, and so does one behind a pooler that hides the end of a session.
    """
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute(statement("run_lock"), {"run_id": run_id})
        yield
