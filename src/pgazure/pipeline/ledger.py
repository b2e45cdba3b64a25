"""The ledger: every request is a row with its price, and a budget stops a run before it is crossed."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pgazure.errors import BudgetExceededError
from pgazure.flow.observe import observe_requests
from pgazure.pipeline.database import fetch_one
from pgazure.pipeline.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import AsyncConnection

    from pgazure.flow.observe import RequestRecord
    from pgazure.pipeline.operations import Unit
    from pgazure.pipeline.prices import PriceList
    from pgazure.pipeline.spec import Budget, Step


class Ledger:
    """The requests of one run.

    Attributes:
        requests: How many were sent.
        price: What they cost at list price, in USD.
    """

    def __init__(self, run_id: int, pipeline_id: int, prices: PriceList, budget: Budget | None) -> None:
        self._run_id = run_id
        self._pipeline_id = pipeline_id
        self._prices = prices
        self._budget = budget
        self._spent_before = Decimal(0)
        self._reserved = Decimal(0)
        self._unwritten: list[dict[str, Any]] = []
        self.requests = 0
        self.price = Decimal(0)

    async def read_spent(self, connection: AsyncConnection[Any]) -> None:
        """Count what earlier runs of the budget's period have cost."""
        if self._budget is not None and self._budget.period == "day":
            since = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            row = await fetch_one(connection, statement("spent"), {"pipeline_id": self._pipeline_id, "since": since})
            self._spent_before = row.price

    @contextmanager
    def account(self, step: Step, units: Sequence[Unit]) -> Iterator[None]:
        """Reserve what the units will cost and take down the requests sent meanwhile.

        Raises:
            BudgetExceededError: The budget would be crossed; nothing is sent.
        """
        estimate = Decimal(0)
        if self._budget is not None:
            estimate = self._prices.estimate(step, (unit.text for unit in units)).price
            planned = self._spent_before + self.price + self._reserved + estimate
            if planned > self._budget.amount:
                msg = (
                    f"budget of {self._budget}: {self._spent_before + self.price:.4f} USD are spent and "
                    f"step {step.title} needs {estimate:.4f} more; raise the budget, apply and run again"
                )
                raise BudgetExceededError(msg)
        self._reserved += estimate
        try:
            with observe_requests(lambda record: self._take_down(step, record)):
                yield
        finally:
            self._reserved -= estimate

    def _take_down(self, step: Step, record: RequestRecord) -> None:
        charge = self._prices.bill(record)
        self.requests += 1
        self.price += charge.price
        self._unwritten.append(
            {
                "run_id": self._run_id,
                "pipeline_id": self._pipeline_id,
                "step": step.title,
                "service": record.service,
                "operation": record.operation,
                "endpoint": record.endpoint,
                "model": record.deployment or step.model_name,
                "items": record.items,
                "characters": record.characters,
                "unit": charge.unit,
                "units": charge.units,
                "price": charge.price,
                "status_code": record.status_code,
                "error_code": record.error_code,
                "request_id": record.request_id,
                "started_at": record.started_at,
                "duration_ms": round(record.duration_ms),
            }
        )

    async def write(self, connection: AsyncConnection[Any]) -> None:
        """Write what was taken down since the last time."""
        rows, self._unwritten = self._unwritten, []
        if not rows:
            return
        try:
            async with connection.cursor() as cursor:
                await cursor.executemany(statement("ledger_record"), rows)
        except BaseException:
            self._unwritten[:0] = rows
            raise
