"""Work on one claimed batch: step after step, each row's results written as soon as a step has them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from pgazure.client.execution import first_error
from pgazure.errors import (
    AuthenticationError,
    BudgetExceededError,
    ConfigurationError,
    DeploymentNotFoundError,
    ServiceError,
    ServiceRequestError,
)
from pgazure.pipeline import spec
from pgazure.pipeline.database import fetch_one
from pgazure.pipeline.statements import statement
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.client import AsyncClient
    from pgazure.pipeline.layout import Key, Layout
    from pgazure.pipeline.ledger import Ledger
    from pgazure.pipeline.operations import Unit, Values
    from pgazure.pipeline.queue import Claim, Item, Queue
    from pgazure.pipeline.results import ResultTable
    from pgazure.pipeline.spec import PipelineSpec, Step

MAX_ATTEMPTS = 5
ERROR_CLASSES = ("record_temporary", "record_permanent", "pipeline_temporary", "pipeline_permanent")

# The step that an error names which concerns a row as a whole.
WHOLE_ROW = "*"

_TOO_MANY_REQUESTS = 429

# The client's code for texts that never reached the service.
_NOT_SENT = "NotSent"

# Seconds until rows are tried again by themselves.
_AFTER_THROTTLING = 5.0
_AFTER_HALT = 300.0
_LONGEST_BACKOFF = 60.0

# How long to wait, time after time, for a row that somebody else has locked.
_LOCK_PAUSES = (0.02, 0.05, 0.1, 0.3, 1.0)

# A row that was claimed so often and never given back takes its worker down with it.
_DEADLY_CLAIMS = 10


@dataclass(frozen=True, slots=True)
class Halt:
    """Why a step stands still: no row can pass, and none is to blame."""

    error_class: str
    code: str
    message: str

    @classmethod
    def of(cls, error: Exception) -> Halt:
        """Describe an error that concerns the whole step."""
        permanent = isinstance(error, AuthenticationError | DeploymentNotFoundError | ConfigurationError)
        code = getattr(error, "code", None) or type(error).__name__
        return cls("pipeline_permanent" if permanent else "pipeline_temporary", str(code), str(error))


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
        halts: Steps that stand still, by title.
        overspent: The budget that ends the run, once one does.
        in_flight: Work that another batch is having done, by hash.
    """

    spec: PipelineSpec
    pipeline_id: int
    layout: Layout
    queue: Queue
    tables: dict[str, ResultTable]
    pool: AsyncConnectionPool[AsyncConnection[Any]]
    client: AsyncClient
    ledger: Ledger
    halts: dict[str, Halt] = field(default_factory=dict)
    overspent: BudgetExceededError | None = None
    in_flight: dict[bytes, asyncio.Future[Values | DocumentError]] = field(default_factory=dict)


@dataclass
class _Row:
    """A claimed row on its way through the steps.

    Attributes:
        item: What was claimed.
        given: What the steps so far have given, by what it is called; ``text`` is the source's own.
        failed: Steps without a result, and in how many seconds to try again (``None``: not by itself).
    """

    item: Item
    given: dict[str, list[str]]
    failed: dict[str, float | None] = field(default_factory=dict)

    @property
    def delay(self) -> float | None:
        """Seconds until the row is worth another try; ``None`` where it is finished."""
        return max((delay for delay in self.failed.values() if delay is not None), default=None)


class Batch:
    """One claimed batch.

    Args:
        workshop: What the batches of a run share.
        claim: The rows.
    """

    def __init__(self, workshop: Workshop, claim: Claim) -> None:
        self._shop = workshop
        self._claim = claim
        template = workshop.spec.source.template
        self._rows: dict[Key, _Row] = {}
        for item in claim.items:
            text = template.render(item.values) if item.present else None
            self._rows[item.key] = _Row(item, {"text": [] if text is None else [text]})
        self._removed = 0

    async def work(self) -> int:
        """Take every row through every step and settle it; return how many rows came off the queue."""
        await self._set_aside()
        try:
            for stage in self._shop.spec.stages:
                async with asyncio.TaskGroup() as group:
                    for step in stage:
                        group.create_task(self._take(step))
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        return await self._settle()

    async def _set_aside(self) -> None:
        """Clear what is kept of rows that are gone, and park rows that no worker has survived."""
        shop = self._shop
        gone = [key for key, row in self._rows.items() if not row.item.present]
        deadly = [key for key, row in self._rows.items() if row.item.present and row.item.attempts > _DEADLY_CLAIMS]
        if not gone and not deadly:
            return
        lost = DocumentError(
            "WorkerLost", f"{_DEADLY_CLAIMS} workers have ended while they held this row; retry it by its key"
        )
        async with shop.pool.connection() as connection, connection.transaction():
            await connection.execute(statement("errors_forget"), self._error_keys(gone))
            for key in deadly:
                await self._record_error(connection, WHOLE_ROW, key, lost)
            await shop.queue.settle(connection, self._claim.lease, gone + deadly)
        for key in gone + deadly:
            del self._rows[key]
        self._removed += len(gone) + len(deadly)

    async def _take(self, step: Step) -> None:
        """Take the rows through one step."""
        shop, table = self._shop, self._shop.tables[step.title]
        rows = await self._let_through(step)
        if not rows:
            return
        if step.title in shop.halts or shop.overspent:
            self._postpone(step, rows.values(), _AFTER_HALT)
            return
        wanted = {key: self._divide(step, row) for key, row in rows.items()}
        read = bool(step.gives)
        async with shop.pool.connection() as connection:
            current = await table.read_current(connection, list(rows), values=read)
        due: dict[Key, list[Unit]] = {}
        for key, units in wanted.items():
            standing = current.get(key, {})
            if {unit.place: unit.digest for unit in units} == {place: it[0] for place, it in standing.items()}:
                if read:
                    self._hand_on(step, rows[key], [(place, it[1]) for place, it in sorted(standing.items())])
            else:
                due[key] = units
        if due:
            await self._do(step, rows, due)

    async def _let_through(self, step: Step) -> dict[Key, _Row]:
        """Hold back the rows that lack what the step waits for; return the others."""
        shop, table = self._shop, self._shop.tables[step.title]
        waits = shop.spec.dependencies[step.title]
        rows: dict[Key, _Row] = {}
        lost = []
        for key, row in self._rows.items():
            if blocking := waits & row.failed.keys():
                delays = [delay for title in blocking if (delay := row.failed[title]) is not None]
                row.failed[step.title] = max(delays, default=None)
                if not delays:
                    lost.append(row.item)
            else:
                rows[key] = row
        if lost:
            # What the step made of an earlier text must not pass for the result of this one.
            async with shop.pool.connection() as connection, connection.transaction():
                ours = await shop.queue.fence(connection, self._claim.lease, lost)
                await table.clear(connection, list(ours))
            self._postpone(step, [self._rows[item.key] for item in lost if item.key not in ours], 0.0)
        return rows

    def _divide(self, step: Step, row: _Row) -> list[Unit]:
        inputs = row.given.get(self._shop.spec.input_of(step), [])
        language = None
        if isinstance(step, spec.LanguageStep):
            language = step.language or next(iter(row.given.get("language", [])), None)
        return self._shop.tables[step.title].operation.units(step, inputs, language)

    async def _do(self, step: Step, rows: dict[Key, _Row], due: dict[Key, list[Unit]]) -> None:
        """Have the units of rows done that lack a result, and write them."""
        shop = self._shop
        claimed: dict[bytes, asyncio.Future[Values | DocumentError]] = {}
        try:
            try:
                done = await self._obtain(step, [unit for units in due.values() for unit in units], claimed)
            except BudgetExceededError as error:
                # The steps beside this one finish what they have begun: it is paid for.
                shop.overspent = error
                self._postpone(step, [rows[key] for key in due], _AFTER_HALT)
                return
            except (AuthenticationError, DeploymentNotFoundError, ConfigurationError, ServiceRequestError) as error:
                await self._halt(step, error)
                self._postpone(step, [rows[key] for key in due], _AFTER_HALT)
                return
            except ServiceError as error:
                # An answer nobody can use, or none in time: the rows share the blame until they are tried again.
                failure = DocumentError(
                    error.code or type(error).__name__, str(error), error.request_id, error.status_code, retryable=True
                )
                done = {unit.digest: failure for units in due.values() for unit in units}
            for result in done.values():
                if isinstance(result, DocumentError) and result.code == _NOT_SENT:
                    await self._halt(step, ServiceRequestError(result.message, code=result.code))
            await self._write(step, rows, due, done)
        finally:
            for digest, future in claimed.items():
                del shop.in_flight[digest]
                if not future.done():
                    future.cancel()

    async def _obtain(
        self, step: Step, units: Iterable[Unit], claimed: dict[bytes, asyncio.Future[Values | DocumentError]]
    ) -> dict[bytes, Values | DocumentError]:
        """Get the result of each unit: from a table, from a batch that is having it done, or from the service."""
        shop, table = self._shop, self._shop.tables[step.title]
        by_digest = {unit.digest: unit for unit in units}
        if not table.operation.billed:
            results = await table.operation.call(shop.client, step, list(by_digest.values()))
            return dict(zip(by_digest, results, strict=True))
        done: dict[bytes, Values | DocumentError] = {}
        while missing := by_digest.keys() - done.keys():
            waiting = {digest: shop.in_flight[digest] for digest in missing if digest in shop.in_flight}
            mine = [digest for digest in by_digest if digest in missing and digest not in waiting]
            # Announced before anything is awaited, so that no other batch can begin the same work.
            for digest in mine:
                claimed[digest] = shop.in_flight[digest] = asyncio.get_running_loop().create_future()
            if mine:
                await self._have_done(step, [by_digest[digest] for digest in mine], done)
                for digest in mine:
                    claimed[digest].set_result(done[digest])
            for digest, future in waiting.items():
                # A batch that stops on an error cancels what it announced: then it is ours to do.
                await asyncio.wait([future])
                if not future.cancelled():
                    done[digest] = future.result()
        return done

    async def _have_done(self, step: Step, units: Sequence[Unit], done: dict[bytes, Values | DocumentError]) -> None:
        shop, table = self._shop, self._shop.tables[step.title]
        async with shop.pool.connection() as connection:
            done |= await table.read_equal(connection, [unit.digest for unit in units])
        rest = [unit for unit in units if unit.digest not in done]
        if rest:
            try:
                with shop.ledger.account(step, rest):
                    results = await table.operation.call(shop.client, step, rest)
            finally:
                async with shop.pool.connection() as connection:
                    await shop.ledger.write(connection)
            done |= {unit.digest: result for unit, result in zip(rest, results, strict=True)}

    async def _write(
        self,
        step: Step,
        rows: dict[Key, _Row],
        due: dict[Key, list[Unit]],
        done: Mapping[bytes, Values | DocumentError],
    ) -> None:
        """Write the rows whose units are all done, and the errors of the others."""
        shop, table = self._shop, self._shop.tables[step.title]
        good: dict[Key, list[tuple[Unit, Values]]] = {}
        bad: dict[Key, DocumentError] = {}
        for key, units in due.items():
            written: list[tuple[Unit, Values]] = []
            for unit in units:
                result = done[unit.digest]
                if isinstance(result, DocumentError):
                    bad[key] = result
                    break
                written.append((unit, result))
            else:
                good[key] = written
        items = [rows[key].item for key in due]
        for pause in (*_LOCK_PAUSES, None):
            async with shop.pool.connection() as connection:
                async with connection.transaction():
                    ours = await shop.queue.fence(connection, self._claim.lease, items)
                    await table.write(connection, {key: results for key, results in good.items() if key in ours})
                    await self._keep_errors(connection, step, rows, {k: e for k, e in bad.items() if k in ours})
                items = [item for item in items if item.key not in ours]
                # What is paid for is not given up because somebody holds a lock on its row for a moment.
                held = await shop.queue.still_ours(connection, self._claim.lease, items) if items else set()
            if not held or pause is None:
                break
            await asyncio.sleep(pause)
        for key, written in good.items():
            self._hand_on(step, rows[key], [(unit.place, values) for unit, values in written])
        self._postpone(step, [rows[item.key] for item in items], 0.0)

    async def _keep_errors(
        self, connection: AsyncConnection[Any], step: Step, rows: dict[Key, _Row], errors: dict[Key, DocumentError]
    ) -> None:
        """Keep the errors of a step beside their rows."""
        parked = []
        for key, error in errors.items():
            delay: float | None
            if error.status_code == _TOO_MANY_REQUESTS:
                # To be throttled is nobody's fault: it is neither an attempt nor worth a record.
                delay = _AFTER_THROTTLING
            elif error.code == _NOT_SENT:
                delay = _AFTER_HALT
            else:
                delay = await self._record_error(connection, step.title, key, error)
            rows[key].failed[step.title] = delay
            if delay is None:
                parked.append(key)
        # What stands for a text that is gone must not pass for the result of the new one.
        if parked:
            await self._shop.tables[step.title].clear(connection, parked)

    def _hand_on(self, step: Step, row: _Row, results: Sequence[tuple[Any, Values]]) -> None:
        if step.gives:
            row.given[step.gives] = self._shop.tables[step.title].operation.give(results)

    def _postpone(self, step: Step, rows: Iterable[_Row], delay: float) -> None:
        for row in rows:
            row.failed[step.title] = delay

    async def _halt(self, step: Step, error: Exception) -> None:
        if step.title in self._shop.halts:
            return
        halt = self._shop.halts[step.title] = Halt.of(error)
        parameters = {
            "pipeline_id": self._shop.pipeline_id,
            "step": step.title,
            "class": halt.error_class,
            "code": halt.code,
            "message": halt.message,
        }
        async with self._shop.pool.connection() as connection:
            await connection.execute(statement("step_halt"), parameters)

    async def _record_error(
        self, connection: AsyncConnection[Any], title: str, key: Key, error: DocumentError
    ) -> float | None:
        """Keep an error beside its row; return in how many seconds to try again, ``None`` where it is parked."""
        parameters = {
            "pipeline_id": self._shop.pipeline_id,
            "step": title,
            "key": self._json(key),
            "class": "record_temporary" if error.retryable else "record_permanent",
            "code": error.code,
            "message": error.message,
            "request_id": error.request_id,
            "parked": not error.retryable,
            "max_attempts": MAX_ATTEMPTS,
        }
        kept = await fetch_one(connection, statement("error_record"), parameters)
        return None if kept.parked else min(2.0**kept.attempts, _LONGEST_BACKOFF)

    def _error_keys(self, keys: Sequence[Key]) -> dict[str, Any]:
        return {"pipeline_id": self._shop.pipeline_id, "keys": [self._json(key) for key in keys]}

    def _json(self, key: Key) -> Jsonb:
        return Jsonb(dict(zip((column.name for column in self._shop.layout.key), key, strict=True)))

    async def _settle(self) -> int:
        """Take finished rows off the queue and give the others back for later."""
        shop, lease = self._shop, self._claim.lease
        flawless = [key for key, row in self._rows.items() if not row.failed]
        finished = [key for key, row in self._rows.items() if row.delay is None]
        later: dict[float, list[Key]] = defaultdict(list)
        for key, row in self._rows.items():
            if row.delay is not None:
                later[row.delay].append(key)
        async with shop.pool.connection() as connection, connection.transaction():
            await connection.execute(statement("errors_forget"), self._error_keys(flawless))
            for key, row in self._rows.items():
                if row.failed:
                    done = self._error_keys([key]) | {"failed": list(row.failed)}
                    await connection.execute(statement("errors_clear"), done)
            await shop.queue.settle(connection, lease, finished)
            for delay, keys in later.items():
                await shop.queue.release(connection, lease, keys, delay=delay)
        return len(finished) + self._removed
