"""Work on one claimed batch: step after step, each row's results written as soon as a step has them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from logging import WARNING
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.json import Jsonb

from pgazure.client.execution import first_error
from pgazure.errors import (
    AuthenticationError,
    BudgetExceededError,
    CircuitOpenError,
    ConfigurationError,
    DeploymentNotFoundError,
    ServiceError,
    ServiceRequestError,
)
from pgazure.flow.observe import observe_requests
from pgazure.pipeline.enrichment.hashing import hash_work
from pgazure.pipeline.enrichment.timeouts import weigh_timeouts
from pgazure.pipeline.specification import spec
from pgazure.pipeline.storage.announcements import Announcements
from pgazure.pipeline.storage.database import fetch_all, fetch_one
from pgazure.pipeline.storage.results import read_result_tables
from pgazure.pipeline.storage.statements import statement
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.client import AsyncClient
    from pgazure.flow.observe import RequestRecord
    from pgazure.pipeline.enrichment.ledger import Ledger
    from pgazure.pipeline.enrichment.operations import Unit, Values
    from pgazure.pipeline.observation.telemetry import Telemetry
    from pgazure.pipeline.specification.spec import PipelineSpec, Step
    from pgazure.pipeline.storage.layout import Key, Layout
    from pgazure.pipeline.storage.queue import Claim, Item, Queue
    from pgazure.pipeline.storage.results import ResultTable

MAX_ATTEMPTS = 5
ERROR_CLASSES = ("record_temporary", "record_permanent", "pipeline_temporary", "pipeline_permanent")

# The step that an error names which concerns a row as a whole.
WHOLE_ROW = "*"

_TOO_MANY_REQUESTS = 429

# The client's code for texts that never reached the service.
_NOT_SENT = "NotSent"

# Our own for texts that another run has in hand, and for those that are not sent because the step stands still.
_IN_HAND = "InHand"
_LEFT = "Left"

# Seconds until rows are tried again by themselves.
_AFTER_THROTTLING = 5.0
_AFTER_OTHERS = 1.0
_AFTER_HALT = 60.0
_AFTER_LOCK = 90.0
_LONGEST_BACKOFF = 60.0

# How long to wait, time after time, for a row that somebody else has locked.
_LOCK_PAUSES = (0.02, 0.05, 0.1, 0.3, 1.0)

# A row that was claimed so often and never given back takes its worker down with it.
_DEADLY_CLAIMS = 10


@dataclass(frozen=True, slots=True)
class Halt:
    """Why a step stands still: no row can pass, and none is to blame.

    Attributes:
        error_class: ``pipeline_temporary`` or ``pipeline_permanent``.
        code: The service's code.
        message: What is wrong and what to do.
        seconds: When its rows are tried again.
    """

    error_class: str
    code: str
    message: str
    seconds: float = field(default=_AFTER_HALT, compare=False)

    @classmethod
    def of(cls, error: Exception) -> Halt:
        """Describe an error that concerns the whole step."""
        permanent = isinstance(error, AuthenticationError | DeploymentNotFoundError | ConfigurationError)
        seconds = _AFTER_HALT
        if isinstance(error, CircuitOpenError):
            permanent, seconds = error.permanent, error.retry_after or 0.0
        code = getattr(error, "code", None) or type(error).__name__
        return cls("pipeline_permanent" if permanent else "pipeline_temporary", str(code), str(error), seconds)


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
        halts: Steps that stand still, by title.
        standing: Titles of steps that stood still before the run, and have given nothing yet.
        overspent: The budget that ends the run, once one does.
        in_flight: Work that another batch is having done, by hash.
        announcements: The same for other runs to see.
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
    halts: dict[str, Halt] = field(default_factory=dict)
    standing: set[str] = field(default_factory=set)
    overspent: BudgetExceededError | None = None
    in_flight: dict[bytes, asyncio.Future[Values | DocumentError]] = field(default_factory=dict)
    announcements: Announcements = field(init=False)

    def __post_init__(self) -> None:
        self.announcements = Announcements(self.ledger.run_id)

    @property
    def idle(self) -> bool:
        """Whether every step stands still that sends anything."""
        waiting = set(self.halts)
        for stage in self.spec.stages:
            waiting.update(step.title for step in stage if self.spec.dependencies[step.title] & waiting)
        return bool(waiting) and all(title in waiting for title, table in self.tables.items() if table.operation.billed)


@dataclass
class _Row:
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


@dataclass
class _Held:
    """What a batch keeps others from sending while a step is at work on it.

    Attributes:
        futures: Its results to come, by hash, for the batches of this run.
        numbers: Its announcements to other runs.
    """

    futures: dict[bytes, asyncio.Future[Values | DocumentError]] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)


class Batch:
    """One claimed batch.

    Args:
        workshop: What the batches of a run share.
        claim: The rows.
    """

    def __init__(self, workshop: Workshop, claim: Claim) -> None:
        self._shop = workshop
        self._claim = claim
        self._rows: dict[Key, _Row] = {}
        self._gone: list[Item] = []
        for item in claim.items:
            if item.present:
                text = workshop.spec.render(item.values)
                self._rows[item.key] = _Row(item, {"text": {} if text is None else {0: text}})
            else:
                self._gone.append(item)
        self._steps_left = len(workshop.spec.steps)
        self._settled: set[Key] = set()

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
        await self._settle()
        return len(self._settled)

    async def _set_aside(self) -> None:
        """Park rows that no worker has survived."""
        shop = self._shop
        deadly = [key for key, row in self._rows.items() if row.item.attempts > _DEADLY_CLAIMS]
        if not deadly:
            return
        lost = DocumentError(
            "WorkerLost", f"{_DEADLY_CLAIMS} workers have ended while they held this row; retry it by its key"
        )
        async with shop.pool.connection() as connection, connection.transaction():
            for key in deadly:
                await self._record_error(connection, WHOLE_ROW, key, lost)
            await shop.queue.settle(connection, self._claim.lease, deadly)
        for key in deadly:
            del self._rows[key]
        self._settled.update(deadly)

    async def _take(self, step: Step) -> None:
        """Take the rows through one step."""
        await self._have_through(step)
        self._steps_left -= 1

    async def _have_through(self, step: Step) -> None:
        shop, table = self._shop, self._shop.tables[step.title]
        rows = await self._let_through(step)
        if not rows:
            return
        if step.title in shop.halts or shop.overspent:
            halt = shop.halts.get(step.title)
            self._postpone(step, rows.values(), halt.seconds if halt else _AFTER_HALT)
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
                if standing:
                    rows[key].stale.add(step.title)
        for key in await self._find_parked(step, due):
            del due[key]
            rows[key].failed[step.title] = None
        if due:
            await self._do(step, rows, due)

    async def _find_parked(self, step: Step, due: Mapping[Key, Sequence[Unit]]) -> list[Key]:
        """Find the rows whose very work is parked: they were queued for the sake of another step."""
        failed = [key for key in due if self._rows[key].item.failed]
        if not failed:
            return []
        columns = [column.name for column in self._shop.layout.key]
        async with self._shop.pool.connection() as connection:
            parameters = self._error_keys(failed) | {"step": step.title}
            rows = await fetch_all(connection, statement("errors_standing"), parameters)
        parked: dict[Key, bytes] = {tuple(row.key[name] for name in columns): row.input_hash for row in rows}
        return [key for key in failed if parked.get(key) == hash_work(due[key])]

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
                await table.replace(connection, list(ours))
            self._postpone(step, [self._rows[item.key] for item in lost if item.key not in ours], 0.0)
        return rows

    def _divide(self, step: Step, row: _Row) -> list[Unit]:
        pipeline = self._shop.spec
        inputs = pipeline.compose(step, row.given.get(pipeline.input_of(step), {}), row.item.values)
        language = None
        if isinstance(step, spec.LanguageStep):
            language = step.language or row.given.get("language", {}).get(0)
        return self._shop.tables[step.title].operation.units(step, inputs, language)

    async def _do(self, step: Step, rows: dict[Key, _Row], due: dict[Key, list[Unit]]) -> None:
        """Have the units of rows done that lack a result, and write them."""
        shop = self._shop
        held = _Held()
        try:
            alone = {unit.digest for key, units in due.items() if rows[key].item.failed for unit in units}
            done = await self._obtain(step, [u for units in due.values() for u in units], held, alone)
            for result in done.values():
                if isinstance(result, DocumentError) and result.code == _NOT_SENT:
                    await self._halt(step, ServiceRequestError(result.message, code=result.code))
            await self._write(step, rows, due, done)
        finally:
            if held.numbers:
                await self._withdraw(held.numbers)
            for digest, future in held.futures.items():
                del shop.in_flight[digest]
                if not future.done():
                    future.cancel()

    async def _withdraw(self, numbers: Sequence[int]) -> None:
        """Let other runs have what was announced; where the database is away, they find out that this run has ended."""
        with suppress(psycopg.OperationalError):
            async with self._shop.pool.connection() as connection:
                await self._shop.announcements.withdraw(connection, numbers)

    async def _obtain(
        self,
        step: Step,
        units: Iterable[Unit],
        held: _Held,
        alone: set[bytes],
    ) -> dict[bytes, Values | DocumentError]:
        """Get the result of each unit: from a table, from a batch that is having it done, or from the service."""
        shop, table = self._shop, self._shop.tables[step.title]
        by_digest = {unit.digest: unit for unit in units}
        if not table.operation.billed:
            results = await table.operation.call(shop.client, step, list(by_digest.values()))
            return {digest: _name_call(result, None) for digest, result in zip(by_digest, results, strict=True)}
        done: dict[bytes, Values | DocumentError] = {}
        while missing := by_digest.keys() - done.keys():
            waiting = {digest: shop.in_flight[digest] for digest in missing if digest in shop.in_flight}
            mine = [digest for digest in by_digest if digest in missing and digest not in waiting]
            # Announced before anything is awaited, so that no other batch can begin the same work.
            for digest in mine:
                held.futures[digest] = shop.in_flight[digest] = asyncio.get_running_loop().create_future()
            if mine:
                await self._have_done(step, [by_digest[digest] for digest in mine], done, held.numbers, alone)
                for digest in mine:
                    held.futures[digest].set_result(done[digest])
            for digest, future in waiting.items():
                # A batch that stops on an error cancels what it announced: then it is ours to do.
                await asyncio.wait([future])
                if not future.cancelled():
                    done[digest] = future.result()
        return done

    async def _have_done(
        self,
        step: Step,
        units: Sequence[Unit],
        done: dict[bytes, Values | DocumentError],
        announced: list[int],
        alone: set[bytes],
    ) -> None:
        shop, table = self._shop, self._shop.tables[step.title]
        async with shop.pool.connection() as connection:
            # Before looking, so that what others have had done meanwhile is found.
            number, in_hand = await shop.announcements.announce(connection, [unit.digest for unit in units])
            announced.append(number)
            done |= await table.read_equal(connection, {unit.digest: unit.text for unit in units})
        done |= {
            digest: DocumentError(_IN_HAND, "another run has it in hand", retryable=True)
            for digest in in_hand - done.keys()
        }
        rest = [unit for unit in units if unit.digest not in done]
        # What failed before is sent by itself, so that a text to blame is found, and takes no other one along.
        together = [unit for unit in rest if unit.digest not in alone]
        parcels: list[Sequence[Unit]] = [(unit,) for unit in rest if unit.digest in alone]
        if together:
            operation = table.operation
            parcels += operation.parcels(step, together) if shop.ledger.budgeted else [together]
        try:
            async with asyncio.TaskGroup() as group:
                for parcel in parcels:
                    group.create_task(self._send(step, parcel, done, suspect=parcel[0].digest in alone))
        except BaseExceptionGroup as group:
            raise first_error(group) from None

    async def _send(
        self, step: Step, units: Sequence[Unit], done: dict[bytes, Values | DocumentError], *, suspect: bool
    ) -> None:
        """Send one parcel; what the others have begun meanwhile is finished, because it is paid for."""
        shop = self._shop
        failure = DocumentError(_LEFT, "the step stands still", retryable=True)
        try:
            if step.title not in shop.halts and shop.overspent is None:
                results, call_id = await self._call(step, units, suspect=suspect)
                done |= {unit.digest: _name_call(result, call_id) for unit, result in zip(units, results, strict=True)}
                return
        except BudgetExceededError as error:
            shop.overspent = error
        except (
            AuthenticationError,
            CircuitOpenError,
            ConfigurationError,
            DeploymentNotFoundError,
            ServiceRequestError,
        ) as error:
            await self._halt(step, error)
        except ServiceError as error:
            # An answer nobody can use: the rows share the blame until they are tried again.
            failure = DocumentError(
                error.code or type(error).__name__, str(error), error.request_id, error.status_code, retryable=True
            )
        done |= dict.fromkeys((unit.digest for unit in units), failure)

    async def _call(
        self, step: Step, units: Sequence[Unit], *, suspect: bool
    ) -> tuple[Sequence[Values | DocumentError], UUID]:
        shop, operation = self._shop, self._shop.tables[step.title].operation
        requests: list[RequestRecord] = []
        with shop.telemetry.span("step", step=step.title, texts=len(units)):
            async with shop.ledger.account(step, units) as call_id:
                with observe_requests(requests.append):
                    results = await operation.call(shop.client, step, units)
        return await weigh_timeouts(results, requests, suspect=suspect), call_id

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
        parts: dict[Key, list[tuple[Unit, Values]]] = {}
        bad: dict[Key, DocumentError] = {}
        for key, units in due.items():
            written: list[tuple[Unit, Values]] = []
            for unit in units:
                result = done[unit.digest]
                if isinstance(result, DocumentError):
                    bad.setdefault(key, self._locate(step, unit, result))
                else:
                    written.append((unit, result))
            (parts if key in bad else good)[key] = written
        items = [rows[key].item for key in due]
        finishing = {key for key in good if self._steps_left == 1 and not rows[key].failed}
        held: set[Key] = set()
        for pause in (*_LOCK_PAUSES, None):
            async with shop.pool.connection() as connection:
                async with connection.transaction():
                    finished = await self._finish(connection, [item for item in items if item.key in finishing])
                    others = [item for item in items if item.key not in finishing]
                    ours = finished | await self._fence(connection, others)
                    again = [unit.digest for key in good.keys() & ours for unit, _ in good[key]]
                    await self._replace_stale(connection, step, rows, good.keys() & ours, again)
                    await table.write(connection, {key: results for key, results in good.items() if key in ours})
                    if table.operation.billed:
                        await table.keep(connection, {key: results for key, results in parts.items() if key in ours})
                    await self._keep_errors(connection, step, rows, due, {k: e for k, e in bad.items() if k in ours})
                self._settled.update(finished)
                if good and step.title in shop.standing:
                    await self._resume(connection, step)
                items = [item for item in items if item.key not in ours]
                # What is paid for is not given up because somebody holds a lock on its row for a moment.
                held = await shop.queue.still_ours(connection, self._claim.lease, items) if items else set()
            if not held or pause is None:
                break
            await asyncio.sleep(pause)
        for key, written in good.items():
            self._hand_on(step, rows[key], [(unit.place, values) for unit, values in written])
        for item in items:
            # A row that changed is due at once; one that somebody works on in an open transaction is paid for again.
            self._postpone(step, [rows[item.key]], _AFTER_LOCK if item.key in held else 0.0)

    def _locate(self, step: Step, unit: Unit, error: DocumentError) -> DocumentError:
        """Say which chunk an error is of."""
        if not self._shop.spec.reads_chunks(step):
            return error
        return replace(error, message=f"chunk {unit.place[0]}: {error.message}")

    async def _keep_errors(
        self,
        connection: AsyncConnection[Any],
        step: Step,
        rows: dict[Key, _Row],
        due: Mapping[Key, Sequence[Unit]],
        errors: dict[Key, DocumentError],
    ) -> None:
        """Keep the errors of a step beside their rows."""
        parked = []
        for key, error in errors.items():
            delay: float | None
            if error.status_code == _TOO_MANY_REQUESTS:
                # To be throttled is nobody's fault: it is neither an attempt nor worth a record.
                delay = _AFTER_THROTTLING
            elif error.code == _IN_HAND:
                delay = _AFTER_OTHERS
            elif error.code in {_NOT_SENT, _LEFT}:
                halt = self._shop.halts.get(step.title)
                delay = halt.seconds if halt else _AFTER_HALT
            else:
                delay = await self._record_error(connection, step.title, key, error, hash_work(due[key]))
            rows[key].failed[step.title] = delay
            if delay is None:
                parked.append(key)
        await self._replace_stale(connection, step, rows, parked)

    async def _replace_stale(
        self,
        connection: AsyncConnection[Any],
        step: Step,
        rows: dict[Key, _Row],
        keys: Iterable[Key],
        written: Iterable[bytes] = (),
    ) -> None:
        """Remove what stands for texts that are gone, for it must not pass for the results of the new ones."""
        if stale := [key for key in keys if step.title in rows[key].stale]:
            await self._shop.tables[step.title].replace(connection, stale, written)

    def _hand_on(self, step: Step, row: _Row, results: Sequence[tuple[Any, Values]]) -> None:
        if step.gives:
            row.given[step.gives] = self._shop.tables[step.title].operation.give(results)

    def _postpone(self, step: Step, rows: Iterable[_Row], delay: float) -> None:
        for row in rows:
            row.failed[step.title] = delay

    async def _resume(self, connection: AsyncConnection[Any], step: Step) -> None:
        self._shop.standing.discard(step.title)
        parameters = {"pipeline_id": self._shop.pipeline_id, "step": step.title}
        await connection.execute(statement("step_resume"), parameters)

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
        shop = self._shop
        shop.telemetry.tell("step halted", level=WARNING, step=step.title, code=halt.code, reason=halt.message)

    async def _record_error(
        self, connection: AsyncConnection[Any], title: str, key: Key, error: DocumentError, work: bytes | None = None
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
            "input_hash": work,
            "max_attempts": MAX_ATTEMPTS,
        }
        kept = await fetch_one(connection, statement("error_record"), parameters)
        return None if kept.parked else min(2.0**kept.attempts, _LONGEST_BACKOFF)

    def _error_keys(self, keys: Sequence[Key]) -> dict[str, Any]:
        return {"pipeline_id": self._shop.pipeline_id, "keys": [self._json(key) for key in keys]}

    def _json(self, key: Key) -> Jsonb:
        return Jsonb(dict(zip((column.name for column in self._shop.layout.key), key, strict=True)))

    async def _fence(self, connection: AsyncConnection[Any], items: Sequence[Item]) -> set[Key]:
        """Lock the rows that are still ours and unchanged."""
        return await self._shop.queue.fence(connection, self._claim.lease, items) if items else set()

    async def _finish(self, connection: AsyncConnection[Any], items: Sequence[Item]) -> set[Key]:
        """Take the rows off the queue that are still ours and unchanged: their last results are about to be written."""
        if not items:
            return set()
        finished = await self._shop.queue.settle_unchanged(connection, self._claim.lease, items)
        await self._forget_errors(connection, finished)
        return finished

    async def _forget_errors(self, connection: AsyncConnection[Any], keys: Iterable[Key]) -> None:
        """Forget the errors of rows that have all their results."""
        if failed := [key for key in keys if self._rows[key].item.failed]:
            await connection.execute(statement("errors_forget"), self._error_keys(failed))

    async def _settle(self) -> None:
        """Take what is finished and still there off the queue, and give the others back for later."""
        shop, lease = self._shop, self._claim.lease
        rows = {key: row for key, row in self._rows.items() if key not in self._settled}
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
                    done = self._error_keys([key]) | {"failed": list(row.failed)}
                    await connection.execute(statement("errors_clear"), done)
            await shop.queue.settle(connection, lease, finished)
            for delay, keys in later.items():
                await shop.queue.release(connection, lease, keys, delay=delay)
        self._settled.update(finished, forgotten)

    async def _forget_gone(self, connection: AsyncConnection[Any]) -> list[Key]:
        """Remove what is kept of rows that the source does not hold any more.

        Done last: a row whose key was changed finds its results under the old key until then.
        """
        shop = self._shop
        gone = await shop.queue.fence_gone(connection, self._claim.lease, self._gone)
        for table in await read_result_tables(connection, shop.pipeline_id, shop.layout):
            await table.clear(connection, gone)
        await connection.execute(statement("errors_forget"), self._error_keys(gone))
        await shop.queue.settle(connection, self._claim.lease, gone)
        return gone


def _name_call(result: Values | DocumentError, call_id: UUID | None) -> Values | DocumentError:
    """Put the call that made a result at the end of its values."""
    return result if isinstance(result, DocumentError) else (*result, call_id)
