"""The services of one client, each opened when it is first needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgazure.config import Settings
    from pgazure.services.auth import Identity
    from pgazure.services.language import LanguageService
    from pgazure.services.openai import OpenAIService
    from pgazure.services.translator import TranslatorService

S = TypeVar("S")


class Connections:
    """Opens services and closes them together.

    Args:
        settings: Where the services are; only those in use need settings.
        identity: The credential of services without a key.
    """

    def __init__(self, settings: Settings, identity: Identity) -> None:
        self._settings = settings
        self._identity = identity
        self._open: dict[str, Any] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def language(self) -> LanguageService:
        """Give Azure AI Language."""

        def make() -> LanguageService:
            from pgazure.services.language import LanguageService  # noqa: PLC0415  slow to import

            return LanguageService(self._settings.language, self._identity)

        return self._get("language", make)

    def translator(self) -> TranslatorService:
        """Give Azure AI Translator."""

        def make() -> TranslatorService:
            from pgazure.services.translator import TranslatorService  # noqa: PLC0415  slow to import

            return TranslatorService(self._settings.translator, self._identity)

        return self._get("translator", make)

    def openai(self) -> OpenAIService:
        """Give Azure OpenAI."""

        def make() -> OpenAIService:
            from pgazure.services.openai import OpenAIService  # noqa: PLC0415  slow to import

            return OpenAIService(self._settings.openai, self._identity)

        return self._get("openai", make)

    def _get(self, name: str, make: Callable[[], S]) -> S:
        loop = asyncio.get_running_loop()
        if self._closed:
            msg = "the client is closed; make a new one"
            raise ConfigurationError(msg)
        if self._loop is not None and self._loop is not loop:
            msg = "an AsyncClient stays with the event loop it was first used in; make one for each, or use Client"
            raise ConfigurationError(msg)
        self._loop = loop
        if name not in self._open:
            self._open[name] = make()
        service: S = self._open[name]
        return service

    async def close(self) -> None:
        """Close what is open; may be called again."""
        self._closed = True
        while self._open:
            _, service = self._open.popitem()
            await service.close()
        await self._identity.close()
