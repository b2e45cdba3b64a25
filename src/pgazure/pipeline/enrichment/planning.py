"""The plan: what a run would do and cost, without calling a service."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from psycopg.rows import tuple_row

from pgazure.pipeline.enrichment.operations import OPERATIONS
from pgazure.pipeline.specification import spec
from pgazure.pipeline.storage.database import fetch_one
from pgazure.pipeline.storage.statements import conjunction, statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from psycopg import AsyncConnection

    from pgazure.pipeline.enrichment.prices import PriceList
    from pgazure.pipeline.specification.budget import Budget
    from pgazure.pipeline.specification.spec import PipelineSpec, Step
    from pgazure.pipeline.storage.layout import Layout
    from pgazure.pipeline.storage.results import ResultTable

    # The text of a row, and the columns that the pipeline reads.
    _Row = tuple[str | None, Sequence[str | None]]

_PAGE = 1_000
# So many hashes are kept of a step's texts, some 100 MB. From there on each text that is new stands for 2, 4, 8 …
REMEMBERED = 500_000

# What the services allow by default: requests a minute of a Language operation, characters an hour of
# Translator S1, tokens a minute of an embedding deployment.
_LANGUAGE_REQUESTS_PER_MINUTE = 1_000
_TRANSLATOR_CHARACTERS_PER_HOUR = 40_000_000
_EMBEDDING_TOKENS_PER_MINUTE = 350_000

_ANSWERED = (spec.Generate, spec.Extract, spec.IsTrue, spec.Rank)

_DOCUMENTS_PER_REQUEST = {
    "detect_language": 1000,
    "analyze_sentiment": 10,
    "extract_key_phrases": 10,
    "recognize_entities": 5,
    "recognize_pii_entities": 5,
    "summarize_extractive": 25,
    "summarize_abstractive": 25,
    "linked_entities": 5,
    "analyze_opinions": 10,
    "recognize_healthcare_entities": 25,
    "recognize_custom_entities": 25,
    "classify_single_label": 25,
    "classify_multi_label": 25,
}


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What one step would do.

    Attributes:
        step: Its name.
        texts: Texts it would work on: one per row, per row and target language, or per chunk.
        distinct: How many of them differ.
        known: How many of those have a result already.
        unit: What the service bills by; empty for local work.
        units: How many would be billed.
        price: USD at list price.
        seconds: Least time at the services' default quotas.
        exact: Whether all of it is known beforehand. Where the step reads what another step gives, the
            source's text stands in for it, and nothing is taken for known. From half a million distinct texts
            on, all but ``texts`` is reckoned from a part of the others, to about 0.2 %.
    """

    step: str
    texts: int
    distinct: int
    known: int
    unit: str
    units: int
    price: Decimal
    seconds: float
    exact: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do.

    Attributes:
        pipeline: Its name.
        rows: Rows in the queue.
        empty: How many of them have no text.
        source_rows: Rows of the source.
        steps: The steps in order.
        prices_as_of: Date of the price list.
        budgets: What the pipeline may cost.
    """

    pipeline: str
    rows: int
    empty: int
    source_rows: int
    steps: tuple[StepPlan, ...]
    prices_as_of: str
    budgets: tuple[Budget, ...] = ()

    @property
    def crossed(self) -> tuple[Budget, ...]:
        """The budgets that the price is above, whatever was spent before: a run stops before it crosses one."""
        return tuple(budget for budget in self.budgets if self.price > budget.amount)

    @property
    def price(self) -> Decimal:
        """USD at list price."""
        return sum((step.price for step in self.steps), Decimal(0))

    @property
    def seconds(self) -> float:
        """Least time: the services work side by side, so the slowest step decides."""
        return max((step.seconds for step in self.steps), default=0.0)


async def make_plan(
    connection: AsyncConnection[Any],
    pipeline: PipelineSpec,
    layout: Layout,
    tables: Mapping[str, ResultTable],
    prices: PriceList,
) -> Plan:
    """Count what a run of the queued rows would do; memory does not grow with them beyond half a million texts."""
    tallies = [_Tally(step, pipeline, tables[step.title]) for stage in pipeline.stages for step in stage]
    rows = empty = 0
    async with connection.transaction():
        async for page in _read_rows(connection, pipeline, layout):
            rows += len(page)
            empty += sum(text is None for text, _ in page)
            for tally in tallies:
                await tally.count(connection, page, prices)
        source_rows = (await fetch_one(connection, statement("source_count", source=layout.source))).rows
    steps = tuple(tally.result(prices) for tally in tallies)
    return Plan(pipeline.name, rows, empty, source_rows, steps, prices.as_of, pipeline.budget)


async def _read_rows(
    connection: AsyncConnection[Any], pipeline: PipelineSpec, layout: Layout
) -> AsyncIterator[Sequence[_Row]]:
    query = statement(
        "source_texts",
        key_texts=layout.key_texts("q"),
        watched_texts=layout.watched_texts("s"),
        pending=layout.pending,
        source=layout.source,
        source_is_queued=conjunction([layout.match("s", "q"), *layout.holds("s")]),
    )

    width = len(layout.key)
    async with connection.cursor("pgazure_plan", row_factory=tuple_row) as cursor:
        await cursor.execute(query, {})
        while page := await cursor.fetchmany(_PAGE):
            yield [(pipeline.render(row[width:]), row[width:]) for row in page]


class _Tally:
    """Counts one step over pages of texts."""

    def __init__(self, step: Step, pipeline: PipelineSpec, table: ResultTable) -> None:
        self._step = step
        self._pipeline = pipeline
        self._table = table
        self._chunk = next((s for s in pipeline.steps if isinstance(s, spec.Chunk)), None)
        self._splits = pipeline.reads_chunks(step)
        self._exact = not (
            pipeline.dependencies[step.title] - ({self._chunk.title} if self._chunk else set())
        ) and not (self._splits and self._chunk is not None and pipeline.input_of(self._chunk) != "text")
        self._seen: set[bytes] = set()
        # How many distinct texts one that is looked at stands for: those whose hash is divisible by it are looked at.
        self._weight = 1
        self._texts = self._distinct = self._known = self._units = 0
        self._unit = ""
        self._price = Decimal(0)

    async def count(self, connection: AsyncConnection[Any], rows: Sequence[_Row], prices: PriceList) -> None:
        """Add a page."""
        operation = self._table.operation
        fresh: dict[bytes, str] = {}
        for text, values in rows:
            inputs = {} if text is None else {0: text}
            if self._splits and self._chunk is not None:
                inputs = {unit.place[0]: unit.text for unit in OPERATIONS["chunk"].units(self._chunk, inputs, None)}
            inputs = self._pipeline.compose(self._step, inputs, values)
            for unit in operation.units(self._step, inputs, getattr(self._step, "language", None)):
                self._texts += 1
                if unit.digest not in self._seen and self._is_looked_at(unit.digest):
                    self._seen.add(unit.digest)
                    fresh[unit.digest] = unit.text
        self._distinct += len(fresh) * self._weight
        if self._exact and operation.billed:
            known = await self._table.read_equal(connection, fresh)
            self._known += len(known) * self._weight
            fresh = {digest: text for digest, text in fresh.items() if digest not in known}
        charge = prices.estimate(self._step, fresh.values())
        self._unit = charge.unit
        self._units += charge.units * self._weight
        self._price += charge.price * self._weight
        while len(self._seen) > REMEMBERED:
            self._weight *= 2
            self._seen = {digest for digest in self._seen if self._is_looked_at(digest)}

    def _is_looked_at(self, digest: bytes) -> bool:
        return self._weight == 1 or int.from_bytes(digest[:8]) % self._weight == 0

    def result(self, prices: PriceList) -> StepPlan:
        """What was counted."""
        return StepPlan(
            self._step.title,
            self._texts,
            self._distinct,
            self._known,
            self._unit or prices.estimate(self._step, ()).unit,
            self._units,
            self._price,
            self._seconds(self._distinct - self._known),
            # How long a model's answers are is known when it has given them.
            self._exact and self._weight == 1 and not isinstance(self._step, _ANSWERED),
        )

    def _seconds(self, texts: int) -> float:
        match self._unit:
            case "character":
                return self._units / _TRANSLATOR_CHARACTERS_PER_HOUR * 3600
            case "token":
                return self._units / _EMBEDDING_TOKENS_PER_MINUTE * 60
            case "text record":
                requests = -(-texts // _DOCUMENTS_PER_REQUEST[self._step.operation])
                return requests / _LANGUAGE_REQUESTS_PER_MINUTE * 60
            case _:
                return 0.0
