"""Who may come in: whoever has the key, or a token that was given out here for the service asked."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from hmac import new as sign
from time import time
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

from pgazure.emulator.wire import access_denied, encode

if TYPE_CHECKING:
    from starlette.requests import Request

LIFE = 86_400
"""Seconds that a token is valid for, where nothing else is asked for."""
CLIENT = "00000000-0000-0000-0000-000000000000"
"""The client that tokens are for."""
_COGNITIVE = "https://cognitiveservices.azure.com"
_FOUNDRY = "https://ai.azure.com"
_MACHINE_LEARNING = "https://ml.azure.com"
_PARTS = 3
_HEADER = {"alg": "HS256", "typ": "JWT"}


def audiences(path: str) -> tuple[str, ...]:
    """Audiences of the service behind a path, the usual one first."""
    if path.startswith("/score"):
        return (_MACHINE_LEARNING,)
    if path.startswith("/openai/") or "rerank" in path:
        return _COGNITIVE, _FOUNDRY, _MACHINE_LEARNING
    return (_COGNITIVE,)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Gives out tokens and knows its own.

    Attributes:
        secret: What tokens are signed with.
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
            "appid": CLIENT,
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
        if bearer and (self.accept_any_token or Issuer(self.key).admits(bearer, request.url.path)):
            return True
        offered = headers.get("ocp-apim-subscription-key") or headers.get("api-key") or bearer
        return compare_digest(offered.encode(), self.key.encode())

    def refuse(self, request: Request) -> Response:
        """Turn away a request that is not admitted: a token is told something else than a key."""
        return _deny(request.url.path) if "." in _read_bearer(request) else access_denied()


def _read_bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _deny(path: str) -> Response:
    message = (
        "Unauthorized. Access token is missing, invalid, audience is incorrect "
        f"({audiences(path)[0]}), or have expired."
    )
    return Response(encode({"statusCode": 401, "message": message}), 401, media_type="application/json")


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
