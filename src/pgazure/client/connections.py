"""The services of one client, each opened when it is first needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from pgazure.client.extension_settings import ExtensionSettings
from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgazure.config import Settings
    from pgazure.services.auth import Identity
    from pgazure.services.conversations import ConversationService
    from pgazure.services.language import LanguageService
    from pgazure.services.ml import MLService, RerankService
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
        self.extension_settings = ExtensionSettings(settings)
        self._identity = identity
        self._open: dict[str, Any] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._replaced: list[Any] = []

    @property
    def _settings(self) -> Settings:
        return self.extension_settings.current

    def change_setting(self, key: str, value: str | None) -> None:
        """Change a setting under the extension's key; calls under way do not see it.

        Raises:
            ConfigurationError: There is no such setting, or it cannot have this value.
        """
        self.extension_settings.write(key, value)
        # Calls under way still need what is open.
        self._replaced.extend(self._open.values())
        self._open.clear()

    def language(self) -> LanguageService:
        """Give Azure AI Language."""

        def make() -> LanguageService:
            from pgazure.services.language import LanguageService  # noqa: PLC0415  slow to import

            return LanguageService(self._settings.language, self._identity)

        return self._get("language", make)

    def conversations(self) -> ConversationService:
        """Give the part of Azure AI Language that reads conversations."""

        def make() -> ConversationService:
            from pgazure.services.conversations import ConversationService  # noqa: PLC0415  slow to import

            return ConversationService(self._settings.language, self._identity)

        return self._get("conversations", make)

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

    def ml(self) -> MLService:
        """Give the endpoint of Azure Machine Learning."""

        def make() -> MLService:
            from pgazure.services.ml import MLService  # noqa: PLC0415  slow to import

            return MLService(self._settings.ml, self._identity)

        return self._get("ml", make)

    def rerank(self) -> RerankService:
        """Give the rerank model."""

        def make() -> RerankService:
            from pgazure.services.ml import RerankService  # noqa: PLC0415  slow to import

            return RerankService(self._settings.rerank, self._identity)

        return self._get("rerank", make)

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
        self._replaced.extend(self._open.values())
        self._open.clear()
        while self._replaced:
            await self._replaced.pop().close()
        await self._identity.close()
