"""The way of every request: counted, delayed, let in by its key, measured against the quota, answered."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from pgazure.emulator.call import Call
from pgazure.emulator.journal import find_request_id
from pgazure.emulator.warming import begin_warming
from pgazure.emulator.wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Send

    from pgazure.emulator.access import Keyring
    from pgazure.emulator.call import Service, Voice
    from pgazure.emulator.faults.orders import Orders, Struck
    from pgazure.emulator.journal import Entry, Journal
    from pgazure.emulator.quota import Quota
    from pgazure.emulator.stats import Stats

T = TypeVar("T")


@dataclass(slots=True)
class Gateway:
    """What stands before the services.

    Args:
        keyring: Who may come in.
        latency: Seconds that every answer takes at least.
        quota: Requests and tokens per minute.
        stats: Counters.
        workers: Where the models run, so that the event loop stays free.
        orders: The faults that stand.
        journal: The last requests.
        closing: Set when the server ends; nothing waits for its own sake from then on.
        warmed: Set when the models are loaded; ``None`` where each is loaded when it is needed.
    """

    keyring: Keyring
    latency: float
    quota: Quota
    stats: Stats
    workers: Executor
    orders: Orders
    journal: Journal
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    warmed: asyncio.Event | None = None

    async def serve(self, room: str, service: Service, request: Request, send: Send) -> None:
        """Answer one request to an inference route."""
        started = monotonic()
        body = await request.body()
        call = Call(request, _parse(body), len(body), started)
        operations = service.operations(call)
        entry = self.journal.open(request.scope, room, operations, body)
        with self.stats.arrival(operations):
            names = _list_names(room, operations, call)
            struck = self.orders.meet(names)
            try:
                response = self._fail(call, room, service.voice, operations[0], struck)
                if response is None:
                    response = await self._answer(room, service, call, operations, names, entry)
            except Refusal as refusal:
                response = service.voice.refuse(call, refusal)
            if response.status_code >= 400:  # noqa: PLR2004  # the first error status
                self.stats.refuse(operations, response.status_code)
            await self._send(call, response, struck, entry, send)

    def _fail(self, call: Call, room: str, voice: Voice, operation: str, struck: Sequence[Struck]) -> Response | None:
        failure = next((one.fault for one in struck if one.fault.kind == "error"), None)
        if failure is None:
            return None
        from pgazure.emulator.faults.failures import fail  # noqa: PLC0415  # loads what few need

        return fail(call, room, voice, operation, failure)

    async def _answer(  # noqa: PLR0917  # all that is known of a request
        self, room: str, service: Service, call: Call, operations: Sequence[str], names: frozenset[str], entry: Entry
    ) -> Response:
        if not self.keyring.admits(call.request):
            return self.keyring.refuse(call.request)
        work = await service.prepare(call)
        if work.refuse_content and (filtered := self.orders.filter(names, (item.text for item in work.items))):
            entry.faults += [(one.fault.kind, one.number) for one in filtered]
            raise work.refuse_content()
        verdict = None
        for name in work.quota or operations:
            verdict = self.quota.admit(name, work.tokens, names | {room.lower()})
            if verdict.wait:
                raise service.voice.throttle(call, name, verdict)
        assert verdict is not None
        self.stats.receive(work.items, work.tokens)
        entry.items = len(work.items)
        response = await work.answer(verdict)
        if place := response.headers.get("operation-location"):
            job = place.partition("?")[0].rpartition("/")[2]
            entry.faults += [(one.fault.kind, one.number) for one in self.orders.start_job(names, job)]
        return response

    async def attend(  # noqa: PLR0917  # what a route is made of
        self,
        room: str,
        voice: Voice,
        operation: str,
        request: Request,
        send: Send,
        act: Callable[[Call], Response],
        *,
        keyless: bool = False,
    ) -> None:
        """Answer one request that is no work: a poll, a cancellation, a list."""
        call = Call(request, None, 0, monotonic())
        entry = self.journal.open(request.scope, room, [operation])
        struck = self.orders.meet(_list_names(room, [operation], call))
        try:
            response = self._fail(call, room, voice, operation, struck)
            if response is None:
                admitted = keyless or self.keyring.admits(request)
                response = act(call) if admitted else self.keyring.refuse(request)
        except Refusal as refusal:
            response = voice.refuse(call, refusal)
        if request.method == "GET" and (fate := self.orders.fate(request.url.path)):
            from pgazure.emulator.faults.damage import end_job  # noqa: PLC0415  # loads what few need

            response = end_job(fate, response)
        await self._send(call, response, struck, entry, send)

    async def _send(self, call: Call, response: Response, struck: Sequence[Struck], entry: Entry, send: Send) -> None:
        entry.request_id = find_request_id(response.headers)
        entry.faults += [(one.fault.kind, one.number) for one in struck]
        least = self.latency + sum(
            one.fault.seconds + one.fault.per_item * entry.items + one.fault.spread * one.chance
            for one in struck
            if one.fault.kind == "latency"
        )
        if (left := call.started + least - monotonic()) > 0:
            await self.pause(left)
        try:
            damaging = [one.fault for one in struck if one.fault.kind not in {"latency", "error"}]
            if damaging:
                from pgazure.emulator.faults.delivery import strike  # noqa: PLC0415  # loads what few need

                delivery = await strike(call.request, response, damaging)
                entry.status = 0 if delivery.is_reset else response.status_code
                await delivery.send(send, self.pause)
            else:
                entry.status = response.status_code
                await response(call.request.scope, call.request.receive, send)
        finally:
            entry.elapsed = monotonic() - call.started

    def warm(self) -> None:
        """Begin to load the models."""
        loop, self.warmed = asyncio.get_running_loop(), asyncio.Event()
        warmed = self.warmed.set

        def tell() -> None:
            # The server may have ended before the models were there.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(warmed)

        begin_warming(tell)

    async def pause(self, seconds: float) -> None:
        """Wait, but not when the server ends."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), seconds)

    async def compute(self, function: Callable[[], T]) -> T:
        """Run a model without holding up the event loop."""
        if self.warmed is not None and not self.warmed.is_set():
            # Two threads that load the same model take twice as long.
            await self.warmed.wait()
        return await asyncio.get_running_loop().run_in_executor(self.workers, function)


def _list_names(room: str, operations: Sequence[str], call: Call) -> frozenset[str]:
    """All that an order may call a request: its operations, its service, its deployment."""
    deployment = call.request.path_params.get("deployment")
    if deployment is None and isinstance(call.body, dict):
        deployment = call.body.get("model")
    named = [deployment] if isinstance(deployment, str) else []
    return frozenset(name.lower() for name in (room, *operations, *named))


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
