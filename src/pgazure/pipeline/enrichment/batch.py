"""A batch: claimed rows go through step after step, each row's results written as soon as a step has them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pgazure.client.execution import first_error
from pgazure.pipeline.enrichment.hashing import hash_work
from pgazure.pipeline.enrichment.lease import Lease
from pgazure.pipeline.enrichment.units import IN_HAND, LEFT, NOT_SENT, have_done
from pgazure.pipeline.specification import spec
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import AsyncConnection

    from pgazure.pipeline.enrichment.lease import Row
    from pgazure.pipeline.enrichment.operations import Unit, Values
    from pgazure.pipeline.enrichment.workshop import Workshop
    from pgazure.pipeline.specification.spec import Step
    from pgazure.pipeline.storage.layout import Key
    from pgazure.pipeline.storage.queue import Claim

# Seconds until rows are tried again by themselves.
_AFTER_THROTTLING = 5.0
_AFTER_OTHERS = 1.0
_AFTER_LOCK = 90.0

# How long to wait, time after time, for a row that somebody else has locked.
_LOCK_PAUSES = (0.02, 0.05, 0.1, 0.3, 1.0)


class Batch:
    """One claimed batch.

    Args:
        workshop: What the batches of a run share.
        claim: The rows.
    """

    def __init__(self, workshop: Workshop, claim: Claim) -> None:
        self._shop = workshop
        self._lease = Lease(workshop, claim)
        self._steps_left = len(workshop.spec.steps)

    async def work(self) -> int:
        """Take every row through every step and settle it; return how many rows came off the queue."""
        await self._lease.park_deadly()
        try:
            for stage in self._shop.spec.stages:
                async with asyncio.TaskGroup() as group:
                    for step in stage:
                        group.create_task(self._take(step))
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        await self._lease.settle()
        return len(self._lease.settled)

    async def _take(self, step: Step) -> None:
        """Take the rows through one step."""
        await self._take_through(step)
        self._steps_left -= 1

    async def _take_through(self, step: Step) -> None:
        shop = self._shop
        rows = await self._let_through(step)
        if not rows:
            return
        if not shop.sends(step):
            self._postpone(step, rows.values(), shop.halts.delay(step.title))
            return
        if due := await self._find_due(step, rows):
            alone = {unit.digest for key, units in due.items() if rows[key].item.failed for unit in units}
            wanted = [unit for units in due.values() for unit in units]
            async with have_done(shop, step, wanted, alone) as done:
                await self._write(step, rows, due, done)

    async def _let_through(self, step: Step) -> dict[Key, Row]:
        """Hold back the rows that lack what the step waits for; return the others."""
        shop, table = self._shop, self._shop.tables[step.title]
        waits = shop.spec.dependencies[step.title]
        rows: dict[Key, Row] = {}
        lost = []
        for key, row in self._lease.rows.items():
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
                ours = await self._lease.fence(connection, lost)
                await table.replace(connection, list(ours))
            self._postpone(step, [self._lease.rows[item.key] for item in lost if item.key not in ours], 0.0)
        return rows

    async def _find_due(self, step: Step, rows: Mapping[Key, Row]) -> dict[Key, list[Unit]]:
        """Find the units of rows whose results do not stand already; those that stand are handed on."""
        table = self._shop.tables[step.title]
        wanted = {key: self._divide(step, row) for key, row in rows.items()}
        read = bool(step.gives)
        async with self._shop.pool.connection() as connection:
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
        # A row that was queued for the sake of another step: what is parked of this one stays so.
        if failed := {key: _hash(units) for key, units in due.items() if rows[key].item.failed}:
            async with self._shop.pool.connection() as connection:
                parked = await self._shop.errors.find_parked(connection, step.title, failed)
            for key in parked:
                del due[key]
                rows[key].failed[step.title] = None
        return due

    def _divide(self, step: Step, row: Row) -> list[Unit]:
        pipeline = self._shop.spec
        inputs = pipeline.compose(step, row.given.get(pipeline.input_of(step), {}), row.item.values)
        language = None
        if isinstance(step, spec.LanguageStep):
            language = step.language or row.given.get("language", {}).get(0)
        return self._shop.tables[step.title].operation.units(step, inputs, language)

    async def _write(
        self,
        step: Step,
        rows: Mapping[Key, Row],
        due: Mapping[Key, Sequence[Unit]],
        done: Mapping[bytes, Values | DocumentError],
    ) -> None:
        """Write the rows whose units are all done, and the errors of the others."""
        shop, lease, table = self._shop, self._lease, self._shop.tables[step.title]
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
        locked: set[Key] = set()
        for pause in (*_LOCK_PAUSES, None):
            async with shop.pool.connection() as connection:
                async with connection.transaction():
                    finished = await lease.finish(connection, [item for item in items if item.key in finishing])
                    others = [item for item in items if item.key not in finishing]
                    ours = finished | await lease.fence(connection, others)
                    again = [unit.digest for key in good.keys() & ours for unit, _ in good[key]]
                    await self._replace_stale(connection, step, rows, good.keys() & ours, again)
                    await table.write(connection, {key: results for key, results in good.items() if key in ours})
                    if table.operation.billed:
                        await table.keep(connection, {key: results for key, results in parts.items() if key in ours})
                    await self._keep_errors(connection, step, rows, due, {k: e for k, e in bad.items() if k in ours})
                lease.settled.update(finished)
                if good and step.title in shop.halts.standing:
                    await shop.halts.resume(connection, step.title)
                items = [item for item in items if item.key not in ours]
                # What is paid for is not given up because somebody holds a lock on its row for a moment.
                locked = await lease.find_locked(connection, items)
            if not locked or pause is None:
                break
            await asyncio.sleep(pause)
        for key, written in good.items():
            self._hand_on(step, rows[key], [(unit.place, values) for unit, values in written])
        for item in items:
            # A row that changed is due at once; one that somebody works on in an open transaction is paid for again.
            self._postpone(step, [rows[item.key]], _AFTER_LOCK if item.key in locked else 0.0)

    def _locate(self, step: Step, unit: Unit, error: DocumentError) -> DocumentError:
        """Say which chunk an error is of."""
        if not self._shop.spec.reads_chunks(step):
            return error
        return replace(error, message=f"chunk {unit.place[0]}: {error.message}")

    async def _keep_errors(
        self,
        connection: AsyncConnection[Any],
        step: Step,
        rows: Mapping[Key, Row],
        due: Mapping[Key, Sequence[Unit]],
        errors: Mapping[Key, DocumentError],
    ) -> None:
        """Keep the errors of a step beside their rows."""
        parked = []
        for key, error in errors.items():
            delay = self._excuse(step, error)
            if delay is None:
                delay = await self._shop.errors.record(connection, step.title, key, error, _hash(due[key]))
            rows[key].failed[step.title] = delay
            if delay is None:
                parked.append(key)
        await self._replace_stale(connection, step, rows, parked)

    def _excuse(self, step: Step, error: DocumentError) -> float | None:
        """Seconds until a row is tried again that is not to blame for an error; ``None`` where it is."""
        # To be throttled is nobody's fault: it is neither an attempt nor worth a record.
        if error.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            return _AFTER_THROTTLING
        if error.code == IN_HAND:
            return _AFTER_OTHERS
        return self._shop.halts.delay(step.title) if error.code in {NOT_SENT, LEFT} else None

    async def _replace_stale(
        self,
        connection: AsyncConnection[Any],
        step: Step,
        rows: Mapping[Key, Row],
        keys: Iterable[Key],
        written: Iterable[bytes] = (),
    ) -> None:
        """Remove what stands for texts that are gone, for it must not pass for the results of the new ones."""
        if stale := [key for key in keys if step.title in rows[key].stale]:
            await self._shop.tables[step.title].replace(connection, stale, written)

    def _hand_on(self, step: Step, row: Row, results: Sequence[tuple[Any, Values]]) -> None:
        if step.gives:
            row.given[step.gives] = self._shop.tables[step.title].operation.give(results)

    def _postpone(self, step: Step, rows: Iterable[Row], delay: float) -> None:
        for row in rows:
            row.failed[step.title] = delay


def _hash(units: Sequence[Unit]) -> bytes:
    return hash_work(unit.digest for unit in units)
