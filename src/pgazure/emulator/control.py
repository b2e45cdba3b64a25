"""The server's own routes: its health, what it received, and which faults stand."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from pgazure.emulator.wire import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from pgazure.emulator.gateway import Gateway
    from pgazure.emulator.state import State


def routes(gateway: Gateway, state: State) -> list[Route]:
    """List the routes; all but health are open to this machine only, and to whoever has the key."""

    def control(path: str, method: str, act: Callable[[Request, bytes], Any]) -> Route:
        async def endpoint(request: Request) -> Response:
            if not _is_local(request) and not gateway.keyring.admits(request):
                return gateway.keyring.refuse(request)
            try:
                return _say(act(request, await request.body()))
            except ValueError as error:
                return _say({"error": {"code": "InvalidRequest", "message": str(error)}}, 400)

        return Route(path, endpoint, methods=[method])

    def order(_: Request, body: bytes) -> Any:
        from pgazure.emulator.faults.kinds import read_faults  # noqa: PLC0415  # loads what few need

        return {"faults": state.order(read_faults(_read(body)))}

    def clear(_: Request, __: bytes) -> Any:
        state.clear_faults()
        return {"faults": []}

    def reset(_: Request, __: bytes) -> Any:
        state.reset()
        return {}

    async def health(_: Request) -> Response:
        return _say({"status": "ok"})

    return [
        Route("/__health", health, methods=["GET"]),
        control("/__stats", "GET", lambda _, __: state.stats.snapshot()),
        control("/__requests", "GET", lambda request, _: {"requests": state.journal.describe(_read_last(request))}),
        control("/__faults", "GET", lambda _, __: {"faults": state.orders.describe()}),
        control("/__faults", "POST", order),
        control("/__faults", "DELETE", clear),
        control("/__reset", "POST", reset),
    ]


def _say(told: Any, status: int = 200) -> Response:
    return Response(encode(told), status, media_type="application/json")


def _read(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # The spelling of the command line, one to a line: convenient for curl -d.
        return [line for line in body.decode("utf-8", "replace").splitlines() if line.strip()]


def _read_last(request: Request) -> int | None:
    last = request.query_params.get("last")
    if last is None:
        return None
    if not last.isascii() or not last.isdigit():
        message = "last is the number of requests to list"
        raise ValueError(message)
    return int(last)


def _is_local(request: Request) -> bool:
    return request.client is not None and ip_address(request.client.host).is_loopback
