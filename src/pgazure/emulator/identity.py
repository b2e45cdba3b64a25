"""A managed identity: tokens from ``/msi/token``, which every route then accepts for its own audience."""

from __future__ import annotations

from dataclasses import dataclass, field
from hmac import compare_digest
from math import ceil
from time import time
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from pgazure.emulator.access import CLIENT, LIFE, Issuer
from pgazure.emulator.wire import Refusal, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.routing import Route

    from pgazure.emulator.call import Call
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.room import Room

TOKEN_PATH = "/msi/token"  # noqa: S105  # a path
"""Where tokens are given out."""
_VERSIONS = {"2017-09-01", "2019-08-01", "2020-06-01"}


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """The route.

    Attributes:
        secret: What ``X-IDENTITY-HEADER`` must hold, and what tokens are signed with.
    """

    secret: str = field(repr=False)

    def give(self, call: Call) -> Response:
        """Answer a request for a token, as App Service does."""
        request = call.request
        if not compare_digest(_identity_header(request.headers).encode(), self.secret.encode()):
            return _refuse(401, "The identity header is missing or not valid.")
        query = request.query_params
        if query.get("api-version") not in _VERSIONS:
            return _refuse(400, "The api-version is missing or not supported.")
        resource = query.get("resource", "")
        if not resource:
            return _refuse(400, "The resource is missing.")
        body: dict[str, Any] = {
            "access_token": Issuer(self.secret).issue(resource),
            "client_id": query.get("client_id", CLIENT),
            "expires_on": str(int(time()) + LIFE),
            "not_before": str(int(time())),
            "resource": resource,
            "token_type": "Bearer",
        }
        return Response(encode(body), media_type="application/json")

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Say that too many tokens were asked for."""
        del call, operation
        headers = {"Retry-After": str(max(1, ceil(verdict.wait)))}
        return Refusal(429, {"statusCode": 429, "message": "Too many requests."}, headers)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        del call
        return Response(encode(refusal.body), refusal.status, refusal.headers, "application/json")


def routes(room: Room) -> list[Route]:
    """List the routes."""
    identity = ManagedIdentity(room.options.key)
    return room.attend(identity, "Token", identity.give, TOKEN_PATH, keyless=True)


def _identity_header(headers: Mapping[str, str]) -> str:
    # The first version of the protocol calls it by another name.
    return headers.get("x-identity-header") or headers.get("secret") or ""


def _refuse(status: int, message: str) -> Response:
    return Response(encode({"statusCode": status, "message": message}), status, media_type="application/json")
