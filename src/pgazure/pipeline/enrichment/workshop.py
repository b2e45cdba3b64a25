"""The workshop: what the batches of one run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgazure.pipeline.storage.announcements import Announcements
from pgazure.pipeline.storage.row_errors import RowErrors

if TYPE_CHECKING:
    import asyncio

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.client import AsyncClient
    from pgazure.errors import BudgetExceededError
    from pgazure.pipeline.enrichment.halts import Halts
    from pgazure.pipeline.enrichment.ledger import Ledger
    from pgazure.pipeline.enrichment.operations import Values
    from pgazure.pipeline.observation.telemetry import Telemetry
    from pgazure.pipeline.specification.spec import PipelineSpec, Step
    from pgazure.pipeline.storage.layout import Layout
    from pgazure.pipeline.storage.queue import Queue
    from pgazure.pipeline.storage.results import ResultTable
    from pgazure.types import DocumentError


@dataclass
class Workshop:
    """What the batches of one run share.

    Attributes:
        spec: The pipeline.
        pipeline_id: Its number.
        layout: Its source.
        queue: Its queue.
        tables: The result table of each step, by title.
        pool: Connections.
        client: The services.
        ledger: The run's requests.
        telemetry: Who watches.
        halts: Steps that stand still.
        overspent: The budget that ends the run, once one does.
        in_flight: Work that another batch is having done, by hash.
        announcements: The same for other runs to see.
        errors: What stands beside the rows.
    """

    spec: PipelineSpec
    pipeline_id: int
    layout: Layout
    queue: Queue
    tables: dict[str, ResultTable]
    pool: AsyncConnectionPool[AsyncConnection[Any]]
    client: AsyncClient
    ledger: Ledger
    telemetry: Telemetry
    halts: Halts
    overspent: BudgetExceededError | None = None
    in_flight: dict[bytes, asyncio.Future[Values | DocumentError]] = field(default_factory=dict)
    announcements: Announcements = field(init=False)
    errors: RowErrors = field(init=False)

    def __post_init__(self) -> None:
        self.announcements = Announcements(self.ledger.run_id)
        self.errors = RowErrors(self.pipeline_id, self.layout)

    def sends(self, step: Step) -> bool:
        """Tell whether anything is sent for a step: it does not stand still, nor is a budget used up."""
        return step.title not in self.halts.by_step and self.overspent is None

    @property
    def idle(self) -> bool:
        """Whether every step stands still that sends anything."""
        waiting = set(self.halts.by_step)
        for stage in self.spec.stages:
            waiting.update(step.title for step in stage if self.spec.dependencies[step.title] & waiting)
        return bool(waiting) and all(title in waiting for title, table in self.tables.items() if table.operation.billed)
