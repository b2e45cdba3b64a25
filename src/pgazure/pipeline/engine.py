"""The engine: install, apply, plan, run, status, errors, retry, on one database."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from psycopg.types.json import Jsonb

from pgazure.errors import InvalidSpecError, PgAzureError
from pgazure.pipeline import apply as applying
from pgazure.pipeline import schema
from pgazure.pipeline.database import fetch_all, fetch_one, open_pool
from pgazure.pipeline.ledger import Ledger
from pgazure.pipeline.planning import Plan, make_plan
from pgazure.pipeline.prices import Charge, PriceList
from pgazure.pipeline.queue import Queue, show_life
from pgazure.pipeline.results import ResultTable
from pgazure.pipeline.runner import LEASE, Progress, Runner
from pgazure.pipeline.statements import identifier, statement
from pgazure.pipeline.work import ERROR_CLASSES, WHOLE_ROW, Halt, Workshop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.client import AsyncClient
    from pgazure.pipeline.apply import Changes
    from pgazure.pipeline.layout import Key, Layout
    from pgazure.pipeline.schema import Migration
    from pgazure.pipeline.spec import PipelineSpec


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

    @property
    def complete(self) -> bool:
        """Whether every row has all its results."""
        return not (self.left or self.halts or self.parked or self.stopped)


@dataclass(frozen=True, slots=True)
class StepStatus:
    """How one step stands.

    Attributes:
        step: Its name.
        table: Its result table, with the schema.
        rows: Rows of the source with a result.
        results: Rows of the result table.
        errors: Errors beside rows.
        parked: How many of them are not tried again by themselves.
        latest: When the latest result was written.
        halt: Why the step stands still, if it does.
    """

    step: str
    table: str
    rows: int
    results: int
    errors: int
    parked: int
    latest: datetime | None
    halt: Halt | None


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """How a pipeline stands.

    Attributes:
        pipeline: Its name.
        source: Its source table, with the schema.
        source_rows: Rows of the source.
        pending: Rows in the queue.
        steps: Its steps.
        trigger: ``manual`` or ``on_change``.
        last_run: When its latest run began.
        last_outcome: How that run ended; ``None`` while it runs, or where it was killed.
    """

    pipeline: str
    source: str
    source_rows: int
    pending: int
    steps: tuple[StepStatus, ...]
    trigger: str
    last_run: datetime | None
    last_outcome: str | None


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
        self._opened = _Opened(pool, stack)
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
        if self._opened is None:
            msg = "the engine is not open: use it as `async with Engine(...) as engine`"
            raise PgAzureError(msg)
        return self._opened.pool

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

    async def apply(self, pipeline: PipelineSpec) -> Changes:
        """Make the database match a specification; see :func:`pgazure.pipeline.apply.apply`."""
        async with self.pool.connection() as connection:
            await schema.check(connection)
            changes = await applying.apply(connection, pipeline)
        await self.pool.drain()
        return changes

    async def pipelines(self) -> list[PipelineSpec]:
        """Read the pipelines that are applied, by name."""
        async with self.pool.connection() as connection:
            await schema.check(connection)
            return [spec for _, spec in await applying.read_pipelines(connection)]

    async def plan(self, name: str) -> Plan:
        """Count what a run would do and cost; nothing is sent."""
        async with self.pool.connection() as connection:
            await schema.check(connection)
            _, spec, layout = await applying.read_pipeline(connection, name)
            return await make_plan(connection, spec, layout, _tables(spec, layout), self._prices)

    async def run(
        self,
        name: str,
        *,
        batch_rows: int = 200,
        concurrency: int = 4,
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
        async with self.pool.connection() as connection:
            await schema.check(connection)
            pipeline_id, spec, layout = await applying.read_pipeline(connection, name)
            run_id = (await fetch_one(connection, statement("run_start"), {"pipeline_id": pipeline_id})).run_id
            ledger = Ledger(run_id, pipeline_id, self._prices, spec.budget)
            await ledger.read_spent(connection)
            for step in spec.steps:
                parameters = {"pipeline_id": pipeline_id, "step": step.title}
                await connection.execute(statement("step_resume"), parameters)
        queue = Queue(layout, LEASE, run_id)
        shop = Workshop(spec, pipeline_id, layout, queue, _tables(spec, layout), self.pool, self._client, ledger)
        runner = Runner(shop, batch_rows=batch_rows, concurrency=concurrency, wake=wake, on_progress=on_progress)
        watcher = asyncio.create_task(_stop_when(stop, runner)) if stop is not None else None
        started = asyncio.get_running_loop().time()
        outcome = "failed"
        try:
            async with show_life(self._conninfo, run_id):
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
                await ledger.write(connection)
                await connection.execute(statement("run_finish"), finish)
        return await self._report(shop, runner, run_id, asyncio.get_running_loop().time() - started)

    async def has_due(self, name: str) -> bool:
        """Tell whether a run would find a row to work on now, those included that an ended run still holds.

        Raises:
            InvalidSpecError: There is no such pipeline.
        """
        async with self.pool.connection() as connection:
            await schema.check(connection)
            queue = Queue((await applying.read_pipeline(connection, name))[2], LEASE)
            await queue.rescue(connection)
            return await queue.has_due(connection)

    async def _report(self, shop: Workshop, runner: Runner, run_id: int, seconds: float) -> RunReport:
        async with self.pool.connection() as connection:
            left = await shop.queue.pending(connection)
            spent = await fetch_all(connection, statement("spent_in_run"), {"run_id": run_id})
            counts = await fetch_all(connection, statement("error_counts"), {"pipeline_id": shop.pipeline_id})
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
        )

    async def status(self, name: str | None = None) -> list[PipelineStatus]:
        """Say how one pipeline stands, or all of them."""
        async with self.pool.connection() as connection:
            await schema.check(connection)
            names = [name] if name else [spec.name for _, spec in await applying.read_pipelines(connection)]
            return [await self._status(connection, each) for each in names]

    async def _status(self, connection: AsyncConnection[Any], name: str) -> PipelineStatus:
        pipeline_id, spec, layout = await applying.read_pipeline(connection, name)
        parameters = {"pipeline_id": pipeline_id}
        errors = {row.step: row for row in await fetch_all(connection, statement("error_counts"), parameters)}
        states = {row.name: row for row in await fetch_all(connection, statement("step_states"), parameters)}
        last = await fetch_one(connection, statement("run_last"), parameters)
        steps = []
        for step in spec.steps:
            state = states[step.title]
            count = await fetch_one(
                connection,
                statement("result_counts", row=layout.keys, table=identifier(state.result_schema, state.result_table)),
            )
            failed = errors.get(step.title)
            halt = Halt(state.halted_class, state.halted_code, state.halted_message) if state.halted_at else None
            steps.append(
                StepStatus(
                    step.title,
                    f"{state.result_schema}.{state.result_table}",
                    count.rows,
                    count.results,
                    failed.errors if failed else 0,
                    failed.parked if failed else 0,
                    count.latest,
                    halt,
                )
            )
        return PipelineStatus(
            name,
            f"{layout.schema}.{layout.table}",
            (await fetch_one(connection, statement("source_count", source=layout.source))).rows,
            await Queue(layout, LEASE).pending(connection),
            tuple(steps),
            spec.trigger,
            last.started_at if last else None,
            last.outcome if last else None,
        )

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
        async with self.pool.connection() as connection:
            await schema.check(connection)
            spec = (await applying.read_pipeline(connection, name))[1] if name is not None else None
            _check_filters(spec, step, error_class)
            parameters = {"pipeline": name, "step": step, "class": error_class, "code": code, "limit": limit}
            return [RowError(*row) for row in await fetch_all(connection, statement("errors_list"), parameters)]

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
        async with self.pool.connection() as connection:
            await schema.check(connection)
            pipeline_id, spec, layout = await applying.read_pipeline(connection, name)
            _check_filters(spec, step, error_class)
            columns = [column.name for column in layout.key]
            if key is not None and set(key) != set(columns):
                msg = f"the key of {layout.schema}.{layout.table} is {', '.join(columns)}; name each of its columns"
                raise InvalidSpecError(msg)
            parameters = {
                "pipeline_id": pipeline_id,
                "step": step,
                "class": error_class,
                "code": code,
                "key": None if key is None else Jsonb({column: str(key[column]) for column in columns}),
            }
            async with connection.transaction():
                rows = await fetch_all(connection, statement("errors_unpark"), parameters)
                keys: set[Key] = {tuple(row.key[column] for column in columns) for row in rows}
                if keys:
                    await Queue(layout, LEASE).enqueue(connection, sorted(keys))
            return len(keys)


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
    return {step.title: ResultTable(layout, step, spec.result_table(step)) for step in spec.steps}
