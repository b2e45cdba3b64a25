"""The engine: install, apply, plan, run, status, errors, retry, on one database."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from pgazure.errors import PgAzureError
from pgazure.pipeline.enrichment.circuit import CircuitOffice
from pgazure.pipeline.enrichment.origin import mark_origin
from pgazure.pipeline.enrichment.planning import Plan, make_plan
from pgazure.pipeline.enrichment.polling import look_at_source
from pgazure.pipeline.enrichment.prices import PriceList
from pgazure.pipeline.enrichment.run import RunReport, begin_run, see_through
from pgazure.pipeline.enrichment.runner import BATCH_ROWS, CONCURRENCY, LEASE, Progress, Runner
from pgazure.pipeline.observation.lineage import Passage, read_lineage
from pgazure.pipeline.observation.monitoring import PipelineStatus, read_statuses
from pgazure.pipeline.observation.spending import Spend, read_spend
from pgazure.pipeline.revision import apply as applying
from pgazure.pipeline.revision.comparison import compare
from pgazure.pipeline.revision.generations import Generations
from pgazure.pipeline.revision.orders import Order, carry_out_orders
from pgazure.pipeline.revision.removal import Removal, drop_pipeline, drop_results
from pgazure.pipeline.storage import schema
from pgazure.pipeline.storage.catalog import read_layout
from pgazure.pipeline.storage.database import fetch_one, open_pool
from pgazure.pipeline.storage.past import Kept, forget, read_kept
from pgazure.pipeline.storage.queue import Queue
from pgazure.pipeline.storage.results import open_tables
from pgazure.pipeline.storage.row_errors import RowError, list_errors, retry_errors
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import date, timedelta

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.client import AsyncClient
    from pgazure.pipeline.revision.comparison import Changes
    from pgazure.pipeline.specification.spec import PipelineSpec
    from pgazure.pipeline.storage.schema import Migration


@dataclass
class _Opened:
    pool: AsyncConnectionPool[AsyncConnection[Any]]
    office: CircuitOffice
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)


class Engine:
    """Pipelines on one database; an async context manager.

    Args:
        conninfo: A libpq connection string or URI; empty for libpq's own variables.
        client: The services; needed by :meth:`run` only.
        prices: Prices laid over the list prices, as in the ``[prices]`` table of ``pgazure.toml``.
        connections: Most database connections at once.

    Raises:
        ConfigurationError: On entering, where the database cannot be reached.
    """

    def __init__(
        self,
        conninfo: str = "",
        *,
        client: AsyncClient | None = None,
        prices: Mapping[str, Any] | None = None,
        connections: int = 8,
    ) -> None:
        self._conninfo = conninfo
        self._client = client
        self._prices = PriceList(prices)
        self._connections = connections
        self._opened: _Opened | None = None

    async def __aenter__(self) -> Self:
        stack = AsyncExitStack()
        pool = await stack.enter_async_context(open_pool(self._conninfo, size=self._connections))
        self._opened = _Opened(pool, CircuitOffice(pool), stack)
        return self

    async def __aexit__(self, *_: object) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.stack.aclose()

    @property
    def pool(self) -> AsyncConnectionPool[AsyncConnection[Any]]:
        """The engine's connections: autocommit, with vectors and composite types registered.

        Raises:
            PgAzureError: The engine is not open.
        """
        return self._open.pool

    @property
    def _open(self) -> _Opened:
        if self._opened is None:
            msg = "the engine is not open: use it as `async with Engine(...) as engine`"
            raise PgAzureError(msg)
        return self._opened

    @property
    def conninfo(self) -> str:
        """The connection string, for sessions beside the pool; a password may stand in it."""
        return self._conninfo

    async def init(self) -> list[Migration]:
        """Install or upgrade the schema ``pgazure``; return the migrations this took.

        Raises:
            SchemaError: The role may not create it.
        """
        async with self.pool.connection() as connection:
            done = await schema.install(connection)
        # Connections opened before did not know the new types.
        await self.pool.drain()
        return done

    async def apply(self, pipeline: PipelineSpec, *, in_place: bool = False) -> Changes:
        """Make the database match a specification; see :func:`pgazure.pipeline.revision.apply.apply`."""
        async with self._checked() as connection:
            changes = await applying.apply(connection, pipeline, in_place=in_place)
            await connection.execute(statement("circuits_try"), {})
        await self.pool.drain()
        return changes

    async def compare(self, pipeline: PipelineSpec) -> Changes:
        """Say what :meth:`apply` would change; nothing is changed and nothing is locked.

        Raises:
            InvalidSpecError: The source does not fit.
            SchemaError: A privilege is missing.
        """
        async with self._checked() as connection:
            layout = await read_layout(connection, pipeline)
            return (await compare(connection, pipeline, layout)).changes

    async def drop(self, name: str, *, tables: Sequence[str] = ()) -> Removal:
        """Drop a pipeline: triggers, queue, view and errors.

        Args:
            name: Name of the pipeline.
            tables: Result tables that go with it; the others stay, with what is in them.
        """
        async with self._checked() as connection:
            await applying.read_stored(connection, name)
            return await drop_pipeline(connection, name, tables)

    async def drop_results(self, tables: Sequence[str]) -> list[str]:
        """Drop result tables that no step writes to any more; all of them or none."""
        async with self._checked() as connection:
            return await drop_results(connection, tables)

    async def pause(self, name: str) -> bool:
        """Let no more rows be claimed; batches in hand are finished. ``False`` where it was paused."""
        return bool((await self._steer("pipeline_pause", name)).done)

    async def resume(self, name: str) -> bool:
        """Let rows be claimed again. ``False`` where it was not paused."""
        return bool((await self._steer("pipeline_resume", name)).done)

    async def backfill(self, name: str) -> int:
        """Queue every row again, and keys that have results without a row; return how many."""
        return int((await self._steer("pipeline_backfill", name)).rows)

    @asynccontextmanager
    async def _checked(self) -> AsyncIterator[AsyncConnection[Any]]:
        """Lend a connection to a database whose schema is that of this version."""
        async with self.pool.connection() as connection:
            await schema.check(connection)
            yield connection

    async def _steer(self, query: str, name: str) -> Any:
        async with self._checked() as connection:
            await applying.read_stored(connection, name)
            return await fetch_one(connection, statement(query), {"name": name})

    async def carry_out_orders(self) -> list[Order]:
        """Apply the pipelines that were ordered in SQL, in order; one that cannot be is refused with the reason."""
        async with self._checked() as connection:
            orders = await carry_out_orders(connection)
        if any(order.outcome == "applied" for order in orders):
            await self.pool.drain()
        return orders

    async def pipelines(self) -> list[PipelineSpec]:
        """Read the pipelines that are applied, by name."""
        async with self._checked() as connection:
            return [spec for _, spec in await applying.read_pipelines(connection)]

    async def plan(self, name: str) -> Plan:
        """Count what a run would do and cost; nothing is sent."""
        async with self._checked() as connection:
            pipeline_id, spec, layout = await applying.read_pipeline(connection, name)
            await look_at_source(connection, pipeline_id, spec, layout)
            spec = mark_origin(spec, self._client)
            return await make_plan(connection, spec, layout, open_tables(layout, spec), self._prices)

    async def run(
        self,
        name: str,
        *,
        batch_rows: int = BATCH_ROWS,
        concurrency: int = CONCURRENCY,
        wake: bool = True,
        on_progress: Callable[[Progress], None] | None = None,
        stop: asyncio.Event | None = None,
    ) -> RunReport:
        """Enrich every row that is queued.

        Args:
            name: Name of the pipeline.
            batch_rows: Most rows claimed at once; fewer where texts are large.
            concurrency: Batches worked on side by side.
            wake: Whether rows that wait for a pause to end (after an outage, say) are taken up at once.
            on_progress: Called after every batch.
            stop: Set it to end the run after the batches in hand.

        Raises:
            InvalidSpecError: There is no such pipeline.
            PgAzureError: The engine has no client.
        """
        if self._client is None:
            msg = "this engine has no client: pass Engine(..., client=AsyncClient(...))"
            raise PgAzureError(msg)
        opened = self._open
        async with self._checked() as connection:
            shop = await begin_run(
                connection, name, pool=opened.pool, client=self._client, prices=self._prices, wake=wake
            )
        runner = Runner(shop, batch_rows=batch_rows, concurrency=concurrency, wake=wake, on_progress=on_progress)
        return await see_through(shop, runner, conninfo=self._conninfo, office=opened.office, stop=stop)

    async def has_due(self, name: str) -> bool:
        """Tell whether a run would find a row to work on now, those included that an ended run still holds.

        Raises:
            InvalidSpecError: There is no such pipeline.
        """
        async with self._checked() as connection:
            pipeline_id, spec, layout = await applying.read_pipeline(connection, name)
            await look_at_source(connection, pipeline_id, spec, layout)
            queue = Queue(layout, LEASE)
            await queue.rescue(connection)
            return await queue.has_due(connection)

    async def status(self, name: str | None = None, *, exact: bool = False) -> list[PipelineStatus]:
        """Say how one pipeline stands, or all of them by name; it takes no right on the source.

        Args:
            name: Only this pipeline.
            exact: Count the rows of large tables too, which takes as long as reading them.

        Raises:
            InvalidSpecError: There is no such pipeline.
        """
        async with self._checked() as connection:
            return await read_statuses(connection, name, exact=exact)

    async def errors(
        self,
        name: str | None = None,
        *,
        step: str | None = None,
        error_class: str | None = None,
        code: str | None = None,
        limit: int = 1000,
    ) -> list[RowError]:
        """List errors beside rows, the latest first; filters that are ``None`` match everything."""
        async with self._checked() as connection:
            spec = (await applying.read_pipeline(connection, name))[1] if name is not None else None
            return await list_errors(connection, spec, step=step, error_class=error_class, code=code, limit=limit)

    async def spend(
        self,
        name: str | None = None,
        *,
        by: Sequence[str] = ("day", "pipeline", "operation"),
        since: date | None = None,
    ) -> list[Spend]:
        """Sum up what requests have cost, in the order of the groups.

        Args:
            name: Only this pipeline.
            by: What to sum up by: ``day`` (UTC), ``pipeline``, ``step``, ``service``, ``operation``, ``model``.
            since: Only this UTC day and later ones.

        Raises:
            InvalidSpecError: There is no such pipeline or grouping.
        """
        async with self._checked() as connection:
            if name is not None:
                await applying.read_pipeline(connection, name)
            return await read_spend(connection, by, pipeline=name, since=since)

    @asynccontextmanager
    async def generations(self, name: str) -> AsyncIterator[Generations]:
        """Work on the generations of a pipeline, in one transaction.

        Raises:
            InvalidSpecError: There is no such pipeline.
        """
        async with self._checked() as connection, connection.transaction():
            yield await Generations.read(connection, name)

    async def lineage(self, name: str, key: Mapping[str, str]) -> list[Passage]:
        """Follow the texts of one row, those that were replaced included, to the services they went to.

        Raises:
            InvalidSpecError: There is no such pipeline, or ``key`` does not name its key columns.
        """
        async with self._checked() as connection:
            pipeline_id, _, layout = await applying.read_pipeline(connection, name)
            return await read_lineage(connection, pipeline_id, layout, key)

    async def kept(self, name: str | None = None) -> list[Kept]:
        """Say what is kept of texts that were replaced, in one pipeline or in all of them and of searches.

        Raises:
            InvalidSpecError: There is no such pipeline.
        """
        async with self._checked() as connection:
            if name is not None:
                await applying.read_pipeline(connection, name)
            return await read_kept(connection, name)

    async def forget(self, name: str | None, age: timedelta) -> int:
        """Forget what was replaced at least ``age`` ago, in one pipeline or in all of them and of searches.

        Args:
            name: Name of the pipeline; ``None`` for all of them, and for phrases last searched for so long ago.
            age: How long ago.

        Returns:
            How many results and phrases.

        Raises:
            InvalidSpecError: There is no such pipeline.
        """
        async with self._checked() as connection:
            if name is not None:
                await applying.read_pipeline(connection, name)
            return await forget(connection, age, name, phrases=name is None)

    async def retry(
        self,
        name: str,
        *,
        step: str | None = None,
        error_class: str | None = None,
        code: str | None = None,
        key: Mapping[str, str] | None = None,
    ) -> int:
        """Queue rows with errors again; return how many rows.

        Args:
            name: Name of the pipeline.
            step: Only errors of this step.
            error_class: Only errors of this class.
            code: Only errors with this code.
            key: Only this row, by key column.

        Raises:
            InvalidSpecError: There is no such pipeline, or ``key`` does not name its key columns.
        """
        async with self._checked() as connection:
            _, spec, layout = await applying.read_pipeline(connection, name)
            return await retry_errors(connection, spec, layout, step=step, error_class=error_class, code=code, key=key)
