"""A room of the emulator: one service's routes, behind the gateway that all of them share."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route

from pgazure.emulator.call import Work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from pgazure.emulator.call import Call, Checked, Service, Voice
    from pgazure.emulator.gateway import Gateway
    from pgazure.emulator.options import Options
    from pgazure.emulator.quota import Verdict


@dataclass(frozen=True, slots=True)
class Room:
    """What a service's ``routes(room)`` is given to make its routes with.

    Attributes:
        name: The service: ``Language``, ``Translator``, ``OpenAI``, ``Rerank``, ``Score``, ``Identity``.
        gateway: What stands before every route.
        options: How the server behaves.
        closing: Awaited when the server ends; a room adds what it has to end.
    """

    name: str
    gateway: Gateway
    options: Options
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    def infer(self, service: Service, *paths: str) -> list[Route]:
        """Routes of requests that are work: counted, measured against the quota, answered."""

        async def answer(request: Request, send: Send) -> None:
            await self.gateway.serve(self.name, service, request, send)

        return [Route(path, _Endpoint(answer), methods=["POST"]) for path in paths]

    def answer(
        self,
        voice: Voice,
        list_operations: Callable[[Any], list[str]],
        check: Callable[[Call], Checked],
        *paths: str,
    ) -> list[Route]:
        """Routes of requests that are work, and that a model answers at once.

        Args:
            voice: Writes what is refused.
            list_operations: Names what a body asks for, as far as it can be told unchecked.
            check: Checks a request, or refuses it.
            paths: Where.
        """
        return self.infer(_Answering(voice, list_operations, check, self.gateway), *paths)

    def attend(
        self,
        voice: Voice,
        operation: str,
        act: Callable[[Call], Response],
        *paths: str,
        method: str = "GET",
        keyless: bool = False,
    ) -> list[Route]:
        """Routes of requests that are no work: polls, cancellations, lists.

        Args:
            voice: Writes what is refused.
            operation: Its name, for faults and the list of requests.
            act: Makes the answer.
            paths: Where.
            method: HTTP method.
            keyless: Whether no key is needed.
        """

        async def answer(request: Request, send: Send) -> None:
            await self.gateway.attend(self.name, voice, operation, request, send, act, keyless=keyless)

        return [Route(path, _Endpoint(answer), methods=[method]) for path in paths]


@dataclass(frozen=True, slots=True)
class _Answering:
    """A service that a function checks for, and a model answers for."""

    voice: Voice
    list_operations: Callable[[Any], list[str]]
    check: Callable[[Call], Checked]
    gateway: Gateway

    def operations(self, call: Call) -> list[str]:
        return self.list_operations(call.body)

    async def prepare(self, call: Call) -> Work:
        checked = self.check(call)

        async def answer(_: Verdict) -> Response:
            return await self.gateway.compute(checked.answer)

        return Work(checked.items, answer)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """An ASGI application: it sends its answer itself, so that the request is under way until it is sent."""

    answer: Callable[[Request, Send], Awaitable[None]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(ClientDisconnect):
            await self.answer(Request(scope, receive, send), send)
