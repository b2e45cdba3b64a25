"""Units: each is done once and paid for once, however many rows, batches and runs want its result."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import psycopg

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
from pgazure.pipeline.enrichment.timeouts import weigh_timeouts
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from uuid import UUID

    from pgazure.flow.observe import RequestRecord
    from pgazure.pipeline.enrichment.operations import Unit, Values
    from pgazure.pipeline.enrichment.workshop import Workshop
    from pgazure.pipeline.specification.spec import Step

# The client's code for texts that never reached the service.
NOT_SENT = "NotSent"

# Our own for texts that another run has in hand, and for those that are not sent because the step stands still.
IN_HAND = "InHand"
LEFT = "Left"


@asynccontextmanager
async def have_done(
    shop: Workshop, step: Step, units: Iterable[Unit], alone: AbstractSet[bytes]
) -> AsyncIterator[Mapping[bytes, Values | DocumentError]]:
    """Get the results of units, and keep others from sending the same until the results are written.

    Args:
        shop: What the batches of the run share.
        step: The step whose units they are.
        units: What is to be done.
        alone: Hashes of those that are sent by themselves, because their row has failed before.

    Yields:
        By hash the values, which end with the call that made them, or what is wrong.
    """
    work = _Work(shop, step, units, alone)
    try:
        await work.obtain()
        for result in work.done.values():
            if isinstance(result, DocumentError) and result.code == NOT_SENT:
                await shop.halts.halt(step.title, ServiceRequestError(result.message, code=result.code))
        yield work.done
    finally:
        await work.end()


class _Work:
    """Units of one step that one batch wants done, each once."""

    def __init__(self, shop: Workshop, step: Step, units: Iterable[Unit], alone: AbstractSet[bytes]) -> None:
        self._shop = shop
        self._step = step
        self._table = shop.tables[step.title]
        self._units = {unit.digest: unit for unit in units}
        self._alone = alone
        # What others must not send meanwhile: results to come for batches of this run, announcements to other runs.
        self._promised: dict[bytes, asyncio.Future[Values | DocumentError]] = {}
        self._announced: list[int] = []
        self.done: dict[bytes, Values | DocumentError] = {}

    async def obtain(self) -> None:
        """Get the result of each: from a table, from a batch that is having it done, or from the service."""
        shop, units, done = self._shop, self._units, self.done
        if not self._table.operation.billed:
            results = await self._table.operation.call(shop.client, self._step, list(units.values()))
            done.update((digest, _name_call(result, None)) for digest, result in zip(units, results, strict=True))
            return
        while missing := units.keys() - done.keys():
            waiting = {digest: shop.in_flight[digest] for digest in missing if digest in shop.in_flight}
            mine = [digest for digest in units if digest in missing and digest not in waiting]
            # Announced before anything is awaited, so that no other batch can begin the same work.
            for digest in mine:
                self._promised[digest] = shop.in_flight[digest] = asyncio.get_running_loop().create_future()
            if mine:
                await self._find_or_send([units[digest] for digest in mine])
                for digest in mine:
                    self._promised[digest].set_result(done[digest])
            for digest, future in waiting.items():
                # A batch that stops on an error cancels what it announced: then it is ours to do.
                await asyncio.wait([future])
                if not future.cancelled():
                    done[digest] = future.result()

    async def end(self) -> None:
        """Let others have what was not done, and find what was."""
        if self._announced:
            # Where the database is away, other runs find out that this one has ended.
            with suppress(psycopg.OperationalError):
                async with self._shop.pool.connection() as connection:
                    await self._shop.announcements.withdraw(connection, self._announced)
        for digest, future in self._promised.items():
            del self._shop.in_flight[digest]
            if not future.done():
                future.cancel()

    async def _find_or_send(self, units: Sequence[Unit]) -> None:
        shop, done = self._shop, self.done
        async with shop.pool.connection() as connection:
            # Before looking, so that what others have had done meanwhile is found.
            number, in_hand = await shop.announcements.announce(connection, [unit.digest for unit in units])
            self._announced.append(number)
            done |= await self._table.read_equal(connection, {unit.digest: unit.text for unit in units})
        done |= {
            digest: DocumentError(IN_HAND, "another run has it in hand", retryable=True)
            for digest in in_hand - done.keys()
        }
        rest = [unit for unit in units if unit.digest not in done]
        # What failed before is sent by itself, so that a text to blame is found, and takes no other one along.
        together = [unit for unit in rest if unit.digest not in self._alone]
        parcels: list[Sequence[Unit]] = [(unit,) for unit in rest if unit.digest in self._alone]
        if together:
            operation = self._table.operation
            parcels += operation.parcels(self._step, together) if shop.ledger.budgeted else [together]
        try:
            async with asyncio.TaskGroup() as group:
                for parcel in parcels:
                    group.create_task(self._send(parcel))
        except BaseExceptionGroup as group:
            raise first_error(group) from None

    async def _send(self, parcel: Sequence[Unit]) -> None:
        """Send one parcel; what the others have begun meanwhile is finished, because it is paid for."""
        shop, step, done = self._shop, self._step, self.done
        failure = DocumentError(LEFT, "the step stands still", retryable=True)
        try:
            if shop.sends(step):
                results, call_id = await self._call(parcel)
                done |= {unit.digest: _name_call(result, call_id) for unit, result in zip(parcel, results, strict=True)}
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
            await shop.halts.halt(step.title, error)
        except ServiceError as error:
            # An answer nobody can use: the rows share the blame until they are tried again.
            failure = DocumentError(
                error.code or type(error).__name__, str(error), error.request_id, error.status_code, retryable=True
            )
        done |= dict.fromkeys((unit.digest for unit in parcel), failure)

    async def _call(self, parcel: Sequence[Unit]) -> tuple[Sequence[Values | DocumentError], UUID]:
        shop, step = self._shop, self._step
        requests: list[RequestRecord] = []
        with shop.telemetry.span("step", step=step.title, texts=len(parcel)):
            async with shop.ledger.account(step, parcel) as call_id:
                with observe_requests(requests.append):
                    results = await self._table.operation.call(shop.client, step, parcel)
        return await weigh_timeouts(results, requests, suspect=parcel[0].digest in self._alone), call_id


def _name_call(result: Values | DocumentError, call_id: UUID | None) -> Values | DocumentError:
    """Put the call that made a result at the end of its values."""
    return result if isinstance(result, DocumentError) else (*result, call_id)
