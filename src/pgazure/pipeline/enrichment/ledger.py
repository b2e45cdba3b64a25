"""The ledger: every request is a row with its price, and budgets stop a run before they are crossed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from pgazure.errors import BudgetExceededError
from pgazure.flow.observe import observe_requests
from pgazure.pipeline.storage.database import fetch_one
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.flow.observe import RequestRecord
    from pgazure.pipeline.enrichment.operations import Unit
    from pgazure.pipeline.enrichment.prices import PriceList
    from pgazure.pipeline.observation.telemetry import Telemetry
    from pgazure.pipeline.specification.budget import Budget
    from pgazure.pipeline.specification.spec import Step

_NOTHING = Decimal(0)


class Ledger:
    """The requests of one run, and what is reserved of the pipeline's budgets for those under way.

    Reservations stand in the database, where the runs of a pipeline that share a budget see each other's.

    Args:
        pool: Connections.
        run_id: The run.
        pipeline_id: Its pipeline.
        prices: What requests cost.
        budgets: What they may cost.
        telemetry: Who else is told of them.

    Attributes:
        run_id: The run.
        requests: How many were sent.
        price: What they cost at list price, in USD.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[Any]],
        run_id: int,
        pipeline_id: int,
        prices: PriceList,
        *,
        budgets: Sequence[Budget],
        telemetry: Telemetry,
    ) -> None:
        self._pool = pool
        self.run_id = run_id
        self._run = {"run_id": run_id, "pipeline_id": pipeline_id}
        self._prices = prices
        self._budgets = budgets
        self._telemetry = telemetry
        self._unwritten: list[dict[str, Any]] = []
        self._turn = asyncio.Lock()
        self._settled = asyncio.Event()
        self._reserved = _NOTHING
        self.requests = 0
        self.price = Decimal(0)

    @property
    def budgeted(self) -> bool:
        """Whether what requests cost is reserved before they are sent."""
        return bool(self._budgets)

    @asynccontextmanager
    async def account(self, step: Step, units: Sequence[Unit]) -> AsyncIterator[UUID]:
        """Reserve what the units will cost, take down the requests sent meanwhile, and write them.

        Yields:
            The call that these requests make up.

        Raises:
            BudgetExceededError: A budget would be crossed; nothing is sent.
        """
        reserved = await self._reserve(step, units) if self._budgets else _NOTHING
        requests: list[dict[str, Any]] = []
        try:
            call_id = uuid4()
            with observe_requests(lambda record: requests.append(self._take_down(step, record, call_id))):
                yield call_id
        finally:
            await self._write(requests, reserved)

    async def _reserve(self, step: Step, units: Sequence[Unit]) -> Decimal:
        price = self._prices.bound(step, [unit.text for unit in units]).price
        if not price:
            return price
        # One at a time, in order: what comes later must not take what the first one waits for.
        async with self._turn:
            while True:
                self._settled.clear()
                crossed = await self._try_to_reserve(price)
                if crossed is None:
                    self._reserved += price
                    return price
                if self._settled.is_set():
                    continue
                budget = self._budgets[crossed.place]
                if self._reserved == 0 or crossed.used - self._reserved + price > budget.amount:
                    msg = (
                        f"budget of {budget}: {crossed.used:.4f} USD are spent or reserved and step {step.title} "
                        f"needs {price:.4f} more; raise the budget, apply and run again"
                    )
                    raise BudgetExceededError(msg)
                # Requests of this run that are under way may cost less than is reserved for them.
                await self._settled.wait()

    async def _try_to_reserve(self, price: Decimal) -> Any:
        """Reserve a price, or return which budget would be crossed."""
        limits = {
            "price": price,
            "periods": [budget.period for budget in self._budgets],
            "amounts": [budget.amount for budget in self._budgets],
        }
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(statement("budget_lock"), self._run)
            await connection.execute(statement("budget_rescue"), self._run)
            return await fetch_one(connection, statement("budget_reserve"), self._run | limits)

    def _take_down(self, step: Step, record: RequestRecord, call_id: UUID) -> dict[str, Any]:
        charge = self._prices.bill(record)
        self.requests += 1
        self.price += charge.price
        self._telemetry.request(step.title, record, charge)
        return {
            "step": step.title,
            "call_id": str(call_id),
            "service": record.service,
            "operation": record.operation,
            "endpoint": record.endpoint,
            "model": record.deployment or step.model_name,
            "items": record.items,
            "characters": record.characters,
            "unit": charge.unit,
            "units": charge.units,
            "price": str(charge.price),
            "status_code": record.status_code,
            "error_code": record.error_code,
            "request_id": record.request_id,
            "started_at": record.started_at.isoformat(),
            "duration_ms": round(record.duration_ms),
        }

    async def _write(self, requests: list[dict[str, Any]], released: Decimal) -> None:
        if not requests and not released:
            return
        try:
            async with self._pool.connection() as connection:
                await self._record(connection, requests, released)
        except BaseException:
            # Written when the run ends, which gives back what it has reserved.
            self._unwritten += requests
            raise
        self._reserved -= released
        self._settled.set()

    async def _record(
        self, connection: AsyncConnection[Any], requests: list[dict[str, Any]], released: Decimal
    ) -> None:
        parameters = self._run | {"requests": Jsonb(requests), "released": released}
        await connection.execute(statement("ledger_record"), parameters)

    async def close(self, connection: AsyncConnection[Any]) -> None:
        """Write what could not be written before, and give back what is reserved."""
        if self._unwritten:
            await self._record(connection, self._unwritten, _NOTHING)
            self._unwritten = []
        if self._budgets:
            await connection.execute(statement("reservation_end"), self._run)
