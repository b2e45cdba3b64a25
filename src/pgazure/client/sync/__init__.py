"""The blocking client. Written by scripts/generate_client.py: do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Self

from pgazure.client.async_client import AsyncClient
from pgazure.client.background import Background
from pgazure.client.sync.azure_cognitive import AzureCognitive
from pgazure.client.sync.azure_openai import AzureOpenAI

if TYPE_CHECKING:
    from types import TracebackType

    from pgazure.config import Settings


class Client:
    """Azure AI Language, Translator and Azure OpenAI, in the vocabulary of the ``azure_ai`` extension.

    A service is opened when it is first used: a client with settings for
    Language alone works for Language. Arguments win over the environment;
    where any argument of a service is given, its environment is not read.

    Attributes:
        azure_cognitive: The functions of schema ``azure_cognitive``.
        azure_openai: The functions of schema ``azure_openai``.

    Args:
        settings: Ready settings; then no argument of a service may be given.
        credential: Entra ID credential for the services without a key; ``None`` makes
            ``DefaultAzureCredential`` where one is needed. It is not closed with the client.
            A key from the environment does not count beside it.
        max_attempts: Times a request is sent at most.
        retry_delay_ms: Milliseconds before the second attempt; doubles with each further one.
        timeout_ms: Milliseconds for a whole call, retries and polling included.
        max_concurrency: Most requests under way for one endpoint, deployment and operation.
        language_endpoint: Base URL of the Language resource.
        language_key: Its key.
        translator_endpoint: Base URL of the Translator resource.
        translator_key: Its key.
        translator_region: Its region.
        translator_resource_id: Its resource id, for Entra ID.
        openai_endpoint: Base URL of the Azure OpenAI resource.
        openai_key: Its key.
        openai_api_version: Version of its API; ``None`` uses the ``/openai/v1`` routes.

    Raises:
        ConfigurationError: An argument or a setting cannot be used.
    """

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        credential: Any = None,
        max_attempts: int = 5,
        retry_delay_ms: int = 1000,
        timeout_ms: int = 600000,
        max_concurrency: int = 16,
        language_endpoint: str | None = None,
        language_key: str | None = None,
        translator_endpoint: str | None = None,
        translator_key: str | None = None,
        translator_region: str | None = None,
        translator_resource_id: str | None = None,
        openai_endpoint: str | None = None,
        openai_key: str | None = None,
        openai_api_version: str | None = None,
    ) -> None:
        self._background = Background(
            AsyncClient(
                settings=settings,
                credential=credential,
                max_attempts=max_attempts,
                retry_delay_ms=retry_delay_ms,
                timeout_ms=timeout_ms,
                max_concurrency=max_concurrency,
                language_endpoint=language_endpoint,
                language_key=language_key,
                translator_endpoint=translator_endpoint,
                translator_key=translator_key,
                translator_region=translator_region,
                translator_resource_id=translator_resource_id,
                openai_endpoint=openai_endpoint,
                openai_key=openai_key,
                openai_api_version=openai_api_version,
            )
        )
        self.azure_cognitive = AzureCognitive(self._background)
        self.azure_openai = AzureOpenAI(self._background)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        msg = "a Client holds keys and connections and cannot be pickled; make one where it is needed"
        raise TypeError(msg)

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._background.close()
