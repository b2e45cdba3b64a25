"""What every route shares: the answer that refuses, and the headers of each service."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
from starlette.responses import Response, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

REGION = "Local"
_SECURITY = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
}
JSON_UTF8 = "application/json; charset=utf-8"
ACCESS_DENIED = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
    "for an active subscription and use a correct regional API endpoint for your resource."
)


class Refusal(Exception):  # noqa: N818  # an answer of the protocol, not a fault of this program
    """A request that is answered with an error status.

    Args:
        status: HTTP status.
        body: Error body, sent as JSON.
        headers: Headers besides those every answer of the service carries.
    """

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def encode(body: Any) -> bytes:
    """Write JSON as the services do: compact, UTF-8, key order kept."""
    return orjson.dumps(body)


def gateway_answer(status: int, code: str, message: str) -> Response:
    """Build an answer of the gateway in front of the services: bare headers, a string as code."""
    body = encode({"error": {"code": code, "message": message}})
    headers = {"apim-request-id": str(uuid4()), "Content-Type": "application/json"}
    return Response(body, status, headers=headers)


def access_denied() -> Response:
    """Build the gateway's 401."""
    return gateway_answer(401, "401", ACCESS_DENIED)


def not_found() -> Response:
    """Build the gateway's 404."""
    return gateway_answer(404, "404", "Resource not found")


def service_headers(started: float) -> dict[str, str]:
    """Headers of every answer that a service, and not the gateway, gave."""
    elapsed = max(1, round((monotonic() - started) * 1000))
    return {"apim-request-id": str(uuid4()), **_SECURITY, "x-envoy-upstream-service-time": str(elapsed)}


def chunked(body: bytes, status: int, headers: Mapping[str, str]) -> Response:
    """Answer without Content-Length, as the services send their errors."""
    return StreamingResponse(_once(body), status, headers=headers)


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
