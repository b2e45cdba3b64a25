"""The rooms, put together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from pgazure.emulator import control, identity, rerank, scoring
from pgazure.emulator.access import Keyring
from pgazure.emulator.gateway import Gateway
from pgazure.emulator.language.routes import routes as language_routes
from pgazure.emulator.openai.routes import routes as openai_routes
from pgazure.emulator.room import Room
from pgazure.emulator.translator.routes import routes as translator_routes
from pgazure.emulator.wire import not_found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from pgazure.emulator.options import Options
    from pgazure.emulator.state import State

ROOMS: dict[str, Callable[[Room], list[Route]]] = {
    "Language": language_routes,
    "Translator": translator_routes,
    "OpenAI": openai_routes,
    "Rerank": rerank.routes,
    "Score": scoring.routes,
    "Identity": identity.routes,
}
"""The services, and what lists the routes of each."""


def build(options: Options, state: State, *, warm: bool = False) -> Starlette:
    """Put the routes together.

    Args:
        options: How the server behaves.
        state: What it knows.
        warm: Load the models at once, and not when the first request needs them.
    """
    # The models are Python, so threads mostly wait for each other; the second lets short texts pass a long one.
    workers = ThreadPoolExecutor(2, "pgazure-emulator-models")
    keyring = Keyring(options.key, options.accept_any_token)
    gateway = Gateway(keyring, options.latency, state.quota, state.stats, workers, state.orders, state.journal)
    rooms = [(Room(name, gateway, options), routes) for name, routes in ROOMS.items()]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        state.wake = gateway.closing.set
        if warm:
            gateway.warm()
        yield
        for room, _routes in rooms:
            for close in room.closing:
                await close()
        workers.shutdown(cancel_futures=True)

    async def missing(request: Request, _: Exception) -> Response:
        return not_found() if keyring.admits(request) else keyring.refuse(request)

    listed = [route for room, routes in rooms for route in routes(room)]
    listed += control.routes(gateway, state)
    app = Starlette(routes=listed, lifespan=lifespan, exception_handlers={404: missing, 405: missing})
    app.router.redirect_slashes = False
    return app
