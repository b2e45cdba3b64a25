"""The engine: install, apply, plan, run, status, errors, retry, on one database."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from psycopg.types.json import Jsonb

from pgazure.client.gate import pace_by
from pgazure.errors import InvalidSpecError, PgAzureError
from pgazure.pipeline.enrichment.circuit import CircuitOffice
from pgazure.pipeline.enrichment.ledger import Ledger
from pgazure.pipeline.enrichment.origin import mark_origin
from pgazure.pipeline.enrichment.planning import Plan, make_plan
from pgazure.pipeline.enrichment.polling import poll
from pgazure.pipeline.enrichment.prices import Charge, PriceList
from pgazure.pipeline.enrichment.runner import BATCH_ROWS, CONCURRENCY, LEASE, Progress, Runner
from pgazure.pipeline.enrichment.work import ERROR_CLASSES, WHOLE_ROW, Halt, Workshop
from pgazure.pipeline.observation.lineage import Passage, read_lineage
from pgazure.pipeline.observation.monitoring import PipelineStatus, read_statuses
from pgazure.pipeline.observation.progress import keep_progress
from pgazure.pipeline.observation.spending import Spend, read_spend
from pgazure.pipeline.observation.telemetry import Telemetry
from pgazure.pipeline.revision import apply as applying
from pgazure.pipeline.revision.comparison import compare
from pgazure.pipeline.revision.generations import Generations
from pgazure.pipeline.revision.orders import Order, carry_out_orders
from pgazure.pipeline.revision.removal import Removal, drop_pipeline, drop_results
from pgazure.pipeline.storage import schema
from pgazure.pipeline.storage.capture import follow_partitions
from pgazure.pipeline.storage.catalog import read_layout
from pgazure.pipeline.storage.database import fetch_all, fetch_one, open_pool
from pgazure.pipeline.storage.filling import fill_queue
from pgazure.pipeline.storage.past import Kept, forget, read_kept
from pgazure.pipeline.storage.queue import Queue, show_life
from pgazure.pipeline.storage.results import ResultTable
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import date, datetime, timedelta
    from decimal import Decimal

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.client import AsyncClient
    from pgazure.pipeline.revision.comparison import Changes
    from pgazure.pipeline.specification.spec import PipelineSpec
    from pgazure.pipeline.storage.layout import Layout
    from pgazure.pipeline.storage.schema import Migration


@dataclass(frozen=True, slots=True)
class StepSpend:
    """What one step of a run sent.

    Attributes:
        step: Its name.
        requests: Requests sent, failed ones included.
        items: Texts in them.
        charge: What they cost at list price.
    """

    step: str
    requests: int
    items: int
    charge: Charge


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended.

    Attributes:
        pipeline: Its name.
        rows: Rows settled.
        left: Rows still in the queue.
        requests: Requests sent.
        price: USD at list price.
        seconds: How long it took.
        steps: What each step sent.
        halts: Why a step stands still, by step.
        parked: Errors that are not tried again by themselves.
        stopped: Why the run ended before the queue was empty, if it did.
        paused: Whether the pipeline is paused, so that no more rows were claimed.
        cut_short: Whether rows were left because it was paused, applied anew or dropped meanwhile.
    """

    pipeline: str
    rows: int
    left: int
    requests: int
    price: Decimal
    seconds: float
    steps: tuple[StepSpend, ...]
    halts: Mapping[str, Halt]
    parked: int
    stopped: str | None
    paused: bool = False
    cut_short: bool = False

    @property
    def complete(self) -> bool:
        """Whether every row has all its results."""
        return not (self.left or self.halts or self.parked or self.stopped)


@dataclass(frozen=True, slots=True)
class RowError:
    """An error beside a row.

    Attributes:
        pipeline: Name of the pipeline.
        step: The step that failed; ``*`` where the row ended its workers.
        key: The row's key, by column.
        error_class: ``record_temporary``, ``record_permanent``, ``pipeline_temporary`` or ``pipeline_permanent``.
        code: The service's code.
        message: What is wrong.
        request_id: The service's id of the request.
        attempts: How often it was tried.
        parked: Whether it is not tried again by itself.
        first_at: When it first failed.
        last_at: When it last failed.
    """

    pipeline: str
    step: str
    key: Mapping[str, str]
    error_class: str
    code: str
    message: str
    request_id: str | None
    attempts: int
    parked: bool
    first_at: datetime
    last_at: datetime


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
            await fill_queue(connection, pipeline_id, layout)
            await poll(connection, pipeline_id, layout)
            spec = mark_origin(spec, self._client)
            return await make_plan(connection, spec, layout, _tables(spec, layout), self._prices)

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
            ConfigurationError: The engine has no client.
        """
        if self._client is None:
            msg = "this engine has no client: pass Engine(..., client=AsyncClient(...))"
            raise PgAzureError(msg)
        async with self._checked() as connection:
            async with connection.transaction():
                await connection.execute(statement("pipeline_lock"), {"name": name})
                pipeline_id, spec, layout = await applying.read_pipeline(connection, name)
                run_id = (await fetch_one(connection, statement("run_start"), {"pipeline_id": pipeline_id})).run_id
            # Again, since generations may have been switched until the run was there to be seen.
            pipeline_id, spec, layout = await applying.read_pipeline(connection, name)
            spec = mark_origin(spec, self._client)
            telemetry = Telemetry(name, run_id)
            ledger = Ledger(self.pool, run_id, pipeline_id, self._prices, budgets=spec.budget, telemetry=telemetry)
            halted = await fetch_all(connection, statement("steps_halted"), {"pipeline_id": pipeline_id})
            standing = {row.name for row in halted}
            if wake:
                await connection.execute(statement("circuits_try"), {})
                for title in standing:
                    parameters = {"pipeline_id": pipeline_id, "step": title}
                    await connection.execute(statement("step_resume"), parameters)
        queue = Queue(layout, LEASE, run_id)
        tables = _tables(spec, layout)
        shop = Workshop(spec, pipeline_id, layout, queue, tables, self.pool, self._client, ledger, telemetry)
        shop.standing.update(standing)
        runner = Runner(shop, batch_rows=batch_rows, concurrency=concurrency, wake=wake, on_progress=on_progress)
        watcher = asyncio.create_task(_stop_when(stop, runner)) if stop is not None else None
        started = asyncio.get_running_loop().time()
        outcome = "failed"
        try:
            telemetry.tell("run began")
            async with (
                show_life(self._conninfo, run_id),
                keep_progress(self.pool, run_id, telemetry, lambda: runner.rows),
            ):
                with telemetry.span("run"), pace_by(self._open.office):
                    await runner.run()
            outcome = "stopped" if runner.stopping else "halted" if shop.halts else "finished"
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            if watcher is not None:
                watcher.cancel()
            finish = {"run_id": run_id, "rows": runner.rows, "outcome": outcome}
            async with self.pool.connection() as connection:
                await ledger.close(connection)
                await connection.execute(statement("run_finish"), finish)
                if outcome in {"finished", "halted"}:
                    await connection.execute(statement("orders_met"), {"run_id": run_id, "outcome": outcome})
            telemetry.tell(
                "run ended", outcome=outcome, rows=runner.rows, requests=ledger.requests, price_usd=float(ledger.price)
            )
        return await self._report(shop, runner, run_id, asyncio.get_running_loop().time() - started)

    async def has_due(self, name: str) -> bool:
        """Tell whether a run would find a row to work on now, those included that an ended run still holds.

        Raises:
            InvalidSpecError: There is no such pipeline.
        """
        async with self._checked() as connection:
            pipeline_id, spec, layout = await applying.read_pipeline(connection, name)
            await follow_partitions(connection, pipeline_id, layout, replicated=spec.source.replicated)
            await fill_queue(connection, pipeline_id, layout)
            await poll(connection, pipeline_id, layout)
            queue = Queue(layout, LEASE)
            await queue.rescue(connection)
            return await queue.has_due(connection)

    async def _report(self, shop: Workshop, runner: Runner, run_id: int, seconds: float) -> RunReport:
        async with self.pool.connection() as connection:
            left = await shop.queue.pending(connection)
            spent = await fetch_all(connection, statement("spent_in_run"), {"run_id": run_id})
            counts = await fetch_all(connection, statement("error_counts"), {"pipeline_id": shop.pipeline_id})
            paused = (await fetch_one(connection, statement("pipeline_paused"), {"name": shop.spec.name})).paused
        return RunReport(
            shop.spec.name,
            runner.rows,
            left,
            shop.ledger.requests,
            shop.ledger.price,
            seconds,
            tuple(
                StepSpend(row.step, row.requests, int(row.items), Charge(row.unit, int(row.units), row.price))
                for row in spent
            ),
            dict(shop.halts),
            sum(row.parked for row in counts),
            str(runner.stopped_by) if runner.stopped_by else None,
            paused,
            runner.cut_short,
        )

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
            _check_filters(spec, step, error_class)
            parameters = {"pipeline": name, "step": step, "class": error_class, "code": code, "limit": limit}
            return [RowError(*row) for row in await fetch_all(connection, statement("errors_list"), parameters)]

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
            _check_filters(spec, step, error_class)
            columns = [column.name for column in layout.key]
            if key is not None and set(key) != set(columns):
                msg = f"the key of {layout.schema}.{layout.table} is {', '.join(columns)}; name each of its columns"
                raise InvalidSpecError(msg)
            parameters = {
                "pipeline": name,
                "step": step,
                "class": error_class,
                "code": code,
                "key": None if key is None else Jsonb({column: str(key[column]) for column in columns}),
            }
            return int((await fetch_one(connection, statement("retry_failed"), parameters)).rows)


def _check_filters(spec: PipelineSpec | None, step: str | None, error_class: str | None) -> None:
    titles = [*(each.title for each in spec.steps), WHOLE_ROW] if spec is not None else []
    if spec is not None and step is not None and step not in titles:
        msg = f"pipeline {spec.name} has no step {step}; it has: {', '.join(titles[:-1])}"
        raise InvalidSpecError(msg)
    if error_class is not None and error_class not in ERROR_CLASSES:
        msg = f"there is no class {error_class} of errors; there are: {', '.join(ERROR_CLASSES)}"
        raise InvalidSpecError(msg)


async def _stop_when(stop: asyncio.Event, runner: Runner) -> None:
    await stop.wait()
    runner.stop()


def _tables(spec: PipelineSpec, layout: Layout) -> dict[str, ResultTable]:
    return {step.title: ResultTable(layout, spec, step) for step in spec.steps}
