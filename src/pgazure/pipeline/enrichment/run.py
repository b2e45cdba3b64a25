"""A run from its row in the database to its report: begun once, seen through, and closed however it ended."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgazure.client.gate import pace_by
from pgazure.pipeline.enrichment.halts import Halts
from pgazure.pipeline.enrichment.ledger import Ledger
from pgazure.pipeline.enrichment.origin import mark_origin
from pgazure.pipeline.enrichment.prices import Charge
from pgazure.pipeline.enrichment.runner import LEASE
from pgazure.pipeline.enrichment.workshop import Workshop
from pgazure.pipeline.observation.progress import keep_progress
from pgazure.pipeline.observation.telemetry import Telemetry
from pgazure.pipeline.revision.apply import read_pipeline
from pgazure.pipeline.storage.database import fetch_all, fetch_one
from pgazure.pipeline.storage.queue import Queue, show_life
from pgazure.pipeline.storage.results import open_tables
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from decimal import Decimal

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.client import AsyncClient
    from pgazure.pipeline.enrichment.circuit import CircuitOffice
    from pgazure.pipeline.enrichment.prices import PriceList
    from pgazure.pipeline.enrichment.runner import Runner
    from pgazure.pipeline.enrichment.states import Halt


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


async def begin_run(
    connection: AsyncConnection[Any],
    name: str,
    *,
    pool: AsyncConnectionPool[AsyncConnection[Any]],
    client: AsyncClient,
    prices: PriceList,
    wake: bool,
) -> Workshop:
    """Give a run its row, and what its batches will share.

    Args:
        connection: Outside of a transaction.
        name: Name of the pipeline.
        pool: Connections of the batches.
        client: The services.
        prices: What requests cost.
        wake: Whether circuits and steps that stand still are tried at once.

    Raises:
        InvalidSpecError: There is no such pipeline.
    """
    async with connection.transaction():
        await connection.execute(statement("pipeline_lock"), {"name": name})
        pipeline_id, spec, layout = await read_pipeline(connection, name)
        run_id = (await fetch_one(connection, statement("run_start"), {"pipeline_id": pipeline_id})).run_id
    # Again, since generations may have been switched until the run was there to be seen.
    pipeline_id, spec, layout = await read_pipeline(connection, name)
    spec = mark_origin(spec, client)
    telemetry = Telemetry(name, run_id)
    ledger = Ledger(pool, run_id, pipeline_id, prices, budgets=spec.budget, telemetry=telemetry)
    halts = Halts(pool, pipeline_id, telemetry)
    await halts.read(connection)
    if wake:
        await halts.wake(connection)
    queue, tables = Queue(layout, LEASE, run_id), open_tables(layout, spec)
    return Workshop(spec, pipeline_id, layout, queue, tables, pool, client, ledger, telemetry, halts)


async def see_through(
    shop: Workshop, runner: Runner, *, conninfo: str, office: CircuitOffice, stop: asyncio.Event | None = None
) -> RunReport:
    """Let a run that was begun come to its end, and say how it ended.

    Args:
        shop: What its batches share.
        runner: The run.
        conninfo: The database, for the session that shows that the run lives.
        office: What all workers know of the services.
        stop: Set it to end the run after the batches in hand.
    """
    run_id, telemetry, ledger = shop.ledger.run_id, shop.telemetry, shop.ledger
    started = asyncio.get_running_loop().time()
    outcome = "failed"
    async with _stopped_by(stop, runner):
        try:
            telemetry.tell("run began")
            async with (
                show_life(conninfo, run_id),
                keep_progress(shop.pool, run_id, telemetry, lambda: runner.rows),
            ):
                with telemetry.span("run"), pace_by(office):
                    await runner.run()
            outcome = "stopped" if runner.stopping else "halted" if shop.halts.by_step else "finished"
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            finish = {"run_id": run_id, "rows": runner.rows, "outcome": outcome}
            async with shop.pool.connection() as connection:
                await ledger.close(connection)
                await connection.execute(statement("run_finish"), finish)
                if outcome in {"finished", "halted"}:
                    await connection.execute(statement("orders_met"), {"run_id": run_id, "outcome": outcome})
            telemetry.tell(
                "run ended", outcome=outcome, rows=runner.rows, requests=ledger.requests, price_usd=float(ledger.price)
            )
    return await _report(shop, runner, asyncio.get_running_loop().time() - started)


@asynccontextmanager
async def _stopped_by(stop: asyncio.Event | None, runner: Runner) -> AsyncIterator[None]:
    """End a run after the batches in hand once ``stop`` is set."""

    async def watch(stop: asyncio.Event) -> None:
        await stop.wait()
        runner.stop()

    watcher = asyncio.create_task(watch(stop)) if stop is not None else None
    try:
        yield
    finally:
        if watcher is not None:
            watcher.cancel()


async def _report(shop: Workshop, runner: Runner, seconds: float) -> RunReport:
    async with shop.pool.connection() as connection:
        left = await shop.queue.pending(connection)
        spent = await fetch_all(connection, statement("spent_in_run"), {"run_id": shop.ledger.run_id})
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
        dict(shop.halts.by_step),
        sum(row.parked for row in counts),
        str(runner.stopped_by) if runner.stopped_by else None,
        paused,
        runner.cut_short,
    )
