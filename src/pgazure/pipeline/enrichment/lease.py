"""A lease: rows that were claimed together, until they are settled or given back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgazure.pipeline.storage.results import read_result_tables
from pgazure.pipeline.storage.row_errors import WHOLE_ROW
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import AsyncConnection

    from pgazure.pipeline.enrichment.workshop import Workshop
    from pgazure.pipeline.storage.layout import Key
    from pgazure.pipeline.storage.queue import Claim, Item

# A row that was claimed so often and never given back takes its worker down with it.
_DEADLY_CLAIMS = 10


@dataclass
class Row:
    """A claimed row on its way through the steps.

    Attributes:
        item: What was claimed.
        given: What the steps so far have given, by what it is called and, where it is of chunks, by their number;
            ``text`` is the source's own.
        stale: Steps under which results of another text still stand.
        failed: Steps without a result, and in how many seconds to try again (``None``: not by itself).
    """

    item: Item
    given: dict[str, dict[int, str]]
    stale: set[str] = field(default_factory=set)
    failed: dict[str, float | None] = field(default_factory=dict)

    @property
    def delay(self) -> float | None:
        """Seconds until the row is worth another try; ``None`` where it is finished."""
        return max((delay for delay in self.failed.values() if delay is not None), default=None)


class Lease:
    """The rows of one claim.

    Args:
        shop: What the batches of the run share.
        claim: What was claimed.

    Attributes:
        rows: Those that the source holds, by key.
        settled: Keys of those that are off the queue.
    """

    def __init__(self, shop: Workshop, claim: Claim) -> None:
        self._shop = shop
        self._lease = claim.lease
        self._gone: list[Item] = []
        self.rows: dict[Key, Row] = {}
        self.settled: set[Key] = set()
        for item in claim.items:
            if item.present:
                text = shop.spec.render(item.values)
                self.rows[item.key] = Row(item, {"text": {} if text is None else {0: text}})
            else:
                self._gone.append(item)

    async def park_deadly(self) -> None:
        """Park rows that no worker has survived."""
        shop = self._shop
        deadly = [key for key, row in self.rows.items() if row.item.attempts > _DEADLY_CLAIMS]
        if not deadly:
            return
        lost = DocumentError(
            "WorkerLost", f"{_DEADLY_CLAIMS} workers have ended while they held this row; retry it by its key"
        )
        async with shop.pool.connection() as connection, connection.transaction():
            for key in deadly:
                await shop.errors.record(connection, WHOLE_ROW, key, lost)
            await shop.queue.settle(connection, self._lease, deadly)
        for key in deadly:
            del self.rows[key]
        self.settled.update(deadly)

    async def fence(self, connection: AsyncConnection[Any], items: Sequence[Item]) -> set[Key]:
        """Lock the rows that are still ours and unchanged."""
        return await self._shop.queue.fence(connection, self._lease, items) if items else set()

    async def finish(self, connection: AsyncConnection[Any], items: Sequence[Item]) -> set[Key]:
        """Take the rows off the queue that are still ours and unchanged: their last results are about to be written."""
        if not items:
            return set()
        finished = await self._shop.queue.settle_unchanged(connection, self._lease, items)
        await self._forget_errors(connection, finished)
        return finished

    async def find_locked(self, connection: AsyncConnection[Any], items: Sequence[Item]) -> set[Key]:
        """Find the rows that could not be fenced only because somebody has locked them."""
        return await self._shop.queue.still_ours(connection, self._lease, items) if items else set()

    async def settle(self) -> None:
        """Take what is finished and still there off the queue, and give the others back for later."""
        shop = self._shop
        rows = {key: row for key, row in self.rows.items() if key not in self.settled}
        if not rows and not self._gone:
            return
        finished = [key for key, row in rows.items() if row.delay is None]
        later: dict[float, list[Key]] = defaultdict(list)
        for key, row in rows.items():
            if row.delay is not None:
                later[row.delay].append(key)
        async with shop.pool.connection() as connection, connection.transaction():
            forgotten = await self._forget_gone(connection) if self._gone else []
            await self._forget_errors(connection, [key for key in finished if not rows[key].failed])
            for key, row in rows.items():
                if row.failed:
                    await shop.errors.clear(connection, key, row.failed)
            await shop.queue.settle(connection, self._lease, finished)
            for delay, keys in later.items():
                await shop.queue.release(connection, self._lease, keys, delay=delay)
        self.settled.update(finished, forgotten)

    async def _forget_errors(self, connection: AsyncConnection[Any], keys: Iterable[Key]) -> None:
        """Forget the errors of rows that have all their results."""
        if failed := [key for key in keys if self.rows[key].item.failed]:
            await self._shop.errors.forget(connection, failed)

    async def _forget_gone(self, connection: AsyncConnection[Any]) -> list[Key]:
        """Remove what is kept of rows that the source does not hold any more.

        Done last: a row whose key was changed finds its results under the old key until then.
        """
        shop = self._shop
        gone = await shop.queue.fence_gone(connection, self._lease, self._gone)
        for table in await read_result_tables(connection, shop.pipeline_id, shop.layout):
            await table.clear(connection, gone)
        await shop.errors.forget(connection, gone)
        await shop.queue.settle(connection, self._lease, gone)
        return gone
