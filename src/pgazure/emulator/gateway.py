"""The way of every request: counted, delayed, let in by its key, measured against the quota, answered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from hmac import compare_digest
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import orjson

from pgazure.emulator.identity import Identity, deny
from pgazure.emulator.wire import Refusal, access_denied

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from concurrent.futures import Executor

    from starlette.requests import Request
    from starlette.responses import Response

    from pgazure.emulator.quota import Quota, Verdict
    from pgazure.emulator.stats import Item, Stats

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a service sees it.

    Attributes:
        request: The HTTP request.
        body: Its JSON; ``None`` where it is not JSON.
        size: Bytes of its body.
        started: Monotonic time of its arrival.
    """

    request: Request
    body: Any
    size: int
    started: float


@dataclass(frozen=True, slots=True)
class Work:
    """A valid request, ready to be admitted.

    Attributes:
        items: The texts it holds.
        answer: Makes the answer, given what is left of the quota.
        tokens: Model tokens it costs.
        quota: Names of the quotas it is taken from; the operations' where none is given.
    """

    items: Sequence[Item]
    answer: Callable[[Verdict], Awaitable[Response]]
    tokens: int = 0
    quota: Sequence[str] = field(default_factory=tuple)


class Service(Protocol):
    """One inference route."""

    def operations(self, call: Call) -> Sequence[str]:
        """Name what is asked for, as far as it can be told before the request is checked."""
        ...

    async def prepare(self, call: Call) -> Work:
        """Check the request.

        Raises:
            Refusal: It is not valid.
        """
        ...

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Say that the quota is used up."""
        ...

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal as this service does."""
        ...


@dataclass(frozen=True, slots=True)
class Keyring:
    """Decides who may come in.

    Attributes:
        key: The only key.
        accept_any_token: Let in every bearer token.
    """

    key: str = field(repr=False)
    accept_any_token: bool = False

    def admits(self, request: Request) -> bool:
        """Whether the request carries the key in one of the services' headers, or a token for this service."""
        headers = request.headers
        bearer = _read_bearer(request)
        if bearer and (self.accept_any_token or Identity(self.key).admits(bearer, request.url.path)):
            return True
        offered = headers.get("ocp-apim-subscription-key") or headers.get("api-key") or bearer
        return compare_digest(offered.encode(), self.key.encode())

    def refuse(self, request: Request) -> Response:
        """Turn away a request that is not admitted: a token is told something else than a key."""
        return deny(request.url.path) if "." in _read_bearer(request) else access_denied()


def _read_bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


@dataclass(slots=True)
class Gateway:
    """What stands before the services.

    Args:
        keyring: Who may come in.
        latency: Seconds that every answer takes at least.
        quota: Requests and tokens per minute.
        stats: Counters.
        workers: Where the models run, so that the event loop stays free.
    """

    keyring: Keyring
    latency: float
    quota: Quota
    stats: Stats
    workers: Executor

    async def serve(self, service: Service, request: Request) -> Response:
        """Answer one request to an inference route."""
        started = monotonic()
        body = await request.body()
        call = Call(request, _parse(body), len(body), started)
        operations = service.operations(call)
        with self.stats.arrival(operations):
            response = await self._answer(service, call, operations)
            await self._delay(call)
        if response.status_code >= 400:  # noqa: PLR2004  # the first error status
            self.stats.refuse(operations, response.status_code)
        return response

    async def _answer(self, service: Service, call: Call, operations: Sequence[str]) -> Response:
        if not self.keyring.admits(call.request):
            return self.keyring.refuse(call.request)
        try:
            work = await service.prepare(call)
            verdict = None
            for name in work.quota or operations:
                verdict = self.quota.admit(name, work.tokens)
                if verdict.wait:
                    raise service.throttle(call, name, verdict)
            assert verdict is not None
            self.stats.receive(work.items, work.tokens)
            return await work.answer(verdict)
        except Refusal as refusal:
            return service.refuse(call, refusal)

    async def attend(self, request: Request, act: Callable[[Call], Response]) -> Response:
        """Answer one request about work that was counted before: a poll, a cancellation."""
        call = Call(request, None, 0, monotonic())
        response = act(call) if self.keyring.admits(request) else self.keyring.refuse(request)
        await self._delay(call)
        return response

    async def _delay(self, call: Call) -> None:
        if (left := call.started + self.latency - monotonic()) > 0:
            await asyncio.sleep(left)

    async def compute(self, function: Callable[[], T]) -> T:
        """Run a model without holding up the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.workers, function)


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
