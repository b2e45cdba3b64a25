"""Keys and Entra ID, for every service alike."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, AzureKeyCredential
    from azure.core.credentials_async import AsyncTokenCredential

    from pgazure.config import ServiceSettings

SCOPE = "https://cognitiveservices.azure.com/.default"

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def is_loopback(endpoint: str) -> bool:
    """Tell whether ``endpoint`` is on this machine, where http is safe."""
    return urlsplit(endpoint).hostname in _LOOPBACK


class Identity:
    """The Entra ID credential of a client: the caller's, or the default one, made when first needed.

    Args:
        credential: A credential of ``azure.identity.aio`` or ``azure.identity``; ``None`` makes
            ``DefaultAzureCredential``, which is closed with the client. The caller's own is not.

    Raises:
        ConfigurationError: ``credential`` is no token credential.
    """

    def __init__(self, credential: Any = None) -> None:
        if credential is not None and not callable(getattr(credential, "get_token", None)):
            msg = (
                "credential must be a token credential such as azure.identity.aio.DefaultAzureCredential(); "
                "pass a key as language_key, translator_key or openai_key"
            )
            raise ConfigurationError(msg)
        self._own = credential is None
        self._credential: Any = credential

    def open(self) -> AsyncTokenCredential:
        """Give the credential; make the default one where there is none."""
        if self._credential is None:
            from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415  slow to import, needed without key

            self._credential = DefaultAzureCredential()
        if not inspect.iscoroutinefunction(self._credential.get_token):
            self._credential = _Threaded(self._credential)
        credential: AsyncTokenCredential = self._credential
        return credential

    async def close(self) -> None:
        """Close the default credential."""
        if self._own and self._credential is not None:
            await self._credential.close()
            self._credential = None


class _Threaded:
    """A blocking credential, asked in a thread."""

    def __init__(self, credential: Any) -> None:
        self._credential = credential

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        token: AccessToken = await asyncio.to_thread(self._credential.get_token, *scopes, **options)
        return token

    async def close(self) -> None:
        """Leave the caller's credential open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def choose_credential(settings: ServiceSettings, identity: Identity) -> AzureKeyCredential | AsyncTokenCredential:
    """Give the key of ``settings`` as the Azure SDKs want it, else the identity."""
    if settings.key is None:
        return identity.open()
    from azure.core.credentials import AzureKeyCredential  # noqa: PLC0415  SDKs are imported when first needed

    return AzureKeyCredential(settings.key.get_secret_value())
