"""A managed identity: tokens from ``/msi/token``, which every route then accepts for its own audience."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from hmac import new as sign
from math import ceil
from time import time
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from pgazure.emulator.wire import Refusal, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.routing import Route

    from pgazure.emulator.gateway import Call
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.room import Room

TOKEN_PATH = "/msi/token"  # noqa: S105  # a path
"""Where tokens are given out."""
LIFE = 86_400
_VERSIONS = {"2017-09-01", "2019-08-01", "2020-06-01"}
_COGNITIVE = "https://cognitiveservices.azure.com"
_FOUNDRY = "https://ai.azure.com"
_MACHINE_LEARNING = "https://ml.azure.com"
_PARTS = 3
_HEADER = {"alg": "HS256", "typ": "JWT"}
_CLIENT = "00000000-0000-0000-0000-000000000000"


def audiences(path: str) -> tuple[str, ...]:
    """Audiences of the service behind a path, the usual one first."""
    if path.startswith("/score"):
        return (_MACHINE_LEARNING,)
    if path.startswith("/openai/") or "rerank" in path:
        return _COGNITIVE, _FOUNDRY, _MACHINE_LEARNING
    return (_COGNITIVE,)


@dataclass(frozen=True, slots=True)
class Identity:
    """Gives out tokens and knows its own.

    Attributes:
        secret: What tokens are signed with, and what ``X-IDENTITY-HEADER`` must hold.
    """

    secret: str = field(repr=False)

    def issue(self, audience: str, *, life: int = LIFE) -> str:
        """Make a token for an audience that is valid for ``life`` seconds."""
        now = int(time())
        claims = {
            "aud": audience,
            "iss": "https://sts.local/emulator/",
            "iat": now,
            "nbf": now,
            "exp": now + life,
            "appid": _CLIENT,
        }
        body = f"{_encode(orjson.dumps(_HEADER))}.{_encode(orjson.dumps(claims))}"
        return f"{body}.{self._sign(body)}"

    def admits(self, token: str, path: str) -> bool:
        """Whether a token is one of these, not expired, and for the service behind ``path``."""
        parts = token.split(".")
        if len(parts) != _PARTS:
            return False
        body, _, signature = token.rpartition(".")
        if not compare_digest(signature.encode(), self._sign(body).encode()):
            return False
        claims = orjson.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return claims["exp"] > time() and str(claims["aud"]).rstrip("/") in audiences(path)

    def _sign(self, body: str) -> str:
        return _encode(sign(self.secret.encode(), body.encode(), sha256).digest())

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
            "access_token": self.issue(resource),
            "client_id": query.get("client_id", _CLIENT),
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
    identity = Identity(room.options.key)
    return room.attend(identity, "Token", identity.give, TOKEN_PATH, keyless=True)


def deny(path: str) -> Response:
    """Refuse a token that is not valid here."""
    message = (
        "Unauthorized. Access token is missing, invalid, audience is incorrect "
        f"({audiences(path)[0]}), or have expired."
    )
    return Response(encode({"statusCode": 401, "message": message}), 401, media_type="application/json")


def _identity_header(headers: Mapping[str, str]) -> str:
    # The first version of the protocol calls it by another name.
    return headers.get("x-identity-header") or headers.get("secret") or ""


def _refuse(status: int, message: str) -> Response:
    return Response(encode({"statusCode": status, "message": message}), status, media_type="application/json")


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
