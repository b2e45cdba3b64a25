"""Keys and Entra ID, for every service alike."""

from __future__ import annotations

import asyncio
import inspect
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from types import TracebackType

    from azure.core.credentials import AccessToken, AzureKeyCredential
    from azure.core.credentials_async import AsyncTokenCredential

    from pgazure.config import ServiceSettings

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}

# A token is renewed this long before its end; one that lives less than twice as long, halfway.
_MARGIN_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of Azure's clouds.

    Attributes:
        scope: What a token for the AI services is asked for.
        authority: Host of Entra ID; ``None`` leaves it to azure-identity, which knows ``AZURE_AUTHORITY_HOST``.
    """

    scope: str
    authority: str | None = None


_PUBLIC = Cloud("https://cognitiveservices.azure.com/.default")
_SOVEREIGN = {
    ".us": Cloud("https://cognitiveservices.azure.us/.default", "login.microsoftonline.us"),
    ".cn": Cloud("https://cognitiveservices.azure.cn/.default", "login.chinacloudapi.cn"),
}


def find_cloud(endpoint: str) -> Cloud:
    """Find the cloud of ``endpoint`` by the end of its host: ``.us``, ``.cn``, or the public one."""
    host = (urlsplit(endpoint).hostname or "").lower()
    return next((cloud for end, cloud in _SOVEREIGN.items() if host.endswith(end)), _PUBLIC)


def is_loopback(endpoint: str) -> bool:
    """Tell whether ``endpoint`` is on this machine, where http is safe."""
    return urlsplit(endpoint).hostname in _LOOPBACK


class Identity:
    """The Entra ID credential of a client: the caller's, or the default one of each cloud, made when first needed.

    All services of a client share its tokens.

    Args:
        credential: A credential of ``azure.identity.aio`` or ``azure.identity``; ``None`` makes
            ``DefaultAzureCredential``, which is closed with the client. The caller's own is not.
        scope: What tokens are asked for; ``None`` is right for the cloud of each endpoint.

    Raises:
        ConfigurationError: ``credential`` is no token credential, or ``scope`` is no URL.
    """

    def __init__(self, credential: Any = None, scope: str | None = None) -> None:
        if credential is not None and not callable(getattr(credential, "get_token", None)):
            msg = (
                "credential must be a token credential such as azure.identity.aio.DefaultAzureCredential(); "
                "pass a key as language_key, translator_key or openai_key"
            )
            raise ConfigurationError(msg)
        if scope is not None and not (isinstance(scope, str) and urlsplit(scope).scheme in {"https", "api"}):
            msg = "scope must be what a token is asked for, such as https://ai.azure.com/.default"
            raise ConfigurationError(msg)
        self._given = credential
        self._scope = scope
        self._open: dict[str | None, TokenCache] = {}

    def scope(self, endpoint: str) -> str:
        """Give what a token for ``endpoint`` is asked for."""
        return self._scope or find_cloud(endpoint).scope

    def open(self, endpoint: str = "") -> AsyncTokenCredential:
        """Give the credential for ``endpoint``; make the default one of its cloud where there is none."""
        authority = None if self._given is not None else find_cloud(endpoint).authority
        if authority not in self._open:
            self._open[authority] = TokenCache(self._given or _make_default(authority))
        return self._open[authority]

    def renew(self) -> Identity:
        """Make another one of the same credential, for another event loop."""
        return Identity(self._given, self._scope)

    async def close(self) -> None:
        """Close the default credentials."""
        while self._open:
            _, cache = self._open.popitem()
            if self._given is None:
                await cache.credential.close()


def _make_default(authority: str | None) -> Any:
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415  slow to import, needed without key

    return DefaultAzureCredential(**({} if authority is None else {"authority": authority}))


@dataclass(frozen=True, slots=True)
class _Held:
    """A token and the time to renew it."""

    token: AccessToken
    renew_at: float


class TokenCache:
    """A credential that asks another one for each token once, however many requests need it.

    A blocking credential is asked in a thread. Where a token cannot be renewed
    and still holds, it is used further.

    Args:
        credential: The credential asked; it is left open.
    """

    def __init__(self, credential: Any) -> None:
        self.credential = credential
        self._held: dict[tuple[Any, ...], _Held] = {}
        self._locks: dict[tuple[Any, ...], asyncio.Lock] = {}

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Give a token for ``scopes``; one with ``claims`` is always asked for anew."""
        if options.get("claims"):
            return await self._ask(scopes, options)
        key = (*scopes, *sorted(options.items()))
        async with self._locks.setdefault(key, asyncio.Lock()):
            held = self._held.get(key)
            if held is None or held.renew_at <= time.time():
                held = await self._renew(held, scopes, options)
                self._held[key] = held
            return held.token

    async def _renew(self, held: _Held | None, scopes: tuple[str, ...], options: dict[str, Any]) -> _Held:
        try:
            token = await self._ask(scopes, options)
        except Exception:
            if held is not None and held.token.expires_on > time.time():
                return held
            raise
        now = time.time()
        renew_at = getattr(token, "refresh_on", None) or max(
            token.expires_on - _MARGIN_SECONDS, now + (token.expires_on - now) / 2
        )
        return _Held(token, renew_at)

    async def _ask(self, scopes: tuple[str, ...], options: dict[str, Any]) -> AccessToken:
        ask: Any = self.credential.get_token
        if inspect.iscoroutinefunction(ask):
            token: AccessToken = await ask(*scopes, **options)
        else:
            token = await asyncio.to_thread(ask, *scopes, **options)
        return token

    async def close(self) -> None:
        """Leave the credential open: services come and go."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


def choose_credential(settings: ServiceSettings, identity: Identity) -> AzureKeyCredential | AsyncTokenCredential:
    """Give the key of ``settings`` as the Azure SDKs want it, else the identity."""
    if settings.key is None:
        return identity.open(settings.endpoint)
    from azure.core.credentials import AzureKeyCredential  # noqa: PLC0415  SDKs are imported when first needed

    return AzureKeyCredential(settings.key.get_secret_value())
