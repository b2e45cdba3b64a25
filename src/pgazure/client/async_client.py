"""The client: written once, asynchronously."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Self

from pgazure.client.azure_cognitive import AsyncAzureCognitive
from pgazure.client.azure_openai import AsyncAzureOpenAI
from pgazure.client.connections import Connections
from pgazure.client.execution import Executor
from pgazure.client.inputs import check_count
from pgazure.config import Settings, load_settings
from pgazure.errors import ConfigurationError
from pgazure.flow.retry import RetryPolicy
from pgazure.services.auth import Identity

if TYPE_CHECKING:
    from types import TracebackType


class AsyncClient:
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
        timeout_ms: int = 600_000,
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
        policy = RetryPolicy(
            max_attempts=check_count(max_attempts, "max_attempts"),
            retry_delay_ms=check_count(retry_delay_ms, "retry_delay_ms", least=0),
            timeout_ms=check_count(timeout_ms, "timeout_ms"),
        )
        arguments = {
            "language_endpoint": language_endpoint,
            "language_key": language_key,
            "translator_endpoint": translator_endpoint,
            "translator_key": translator_key,
            "translator_region": translator_region,
            "translator_resource_id": translator_resource_id,
            "openai_endpoint": openai_endpoint,
            "openai_key": openai_key,
            "openai_api_version": openai_api_version,
        }
        check_count(max_concurrency, "max_concurrency")
        self._assemble(_choose_settings(settings, arguments, credential), credential, policy, max_concurrency)

    def _assemble(self, settings: Settings, credential: Any, policy: RetryPolicy, max_concurrency: int) -> None:
        self._made_of = (settings, credential, policy, max_concurrency)
        self._connections = Connections(settings, Identity(credential))
        executor = Executor(policy, max_concurrency)
        self.azure_cognitive = AsyncAzureCognitive(self._connections, executor)
        self.azure_openai = AsyncAzureOpenAI(self._connections, executor)

    def __reduce__(self) -> NoReturn:
        msg = f"a {type(self).__name__} holds keys and connections and cannot be pickled; make one where it is needed"
        raise TypeError(msg)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        await self._connections.close()


def renew_client(client: AsyncClient) -> AsyncClient:
    """Make a client with the same settings and connections of its own, for another event loop."""
    twin = AsyncClient.__new__(AsyncClient)
    twin._assemble(*client._made_of)  # noqa: SLF001  the same class
    return twin


def _choose_settings(settings: Settings | None, arguments: dict[str, str | None], credential: Any) -> Settings:
    if settings is not None:
        if given := [name for name, value in arguments.items() if value is not None]:
            msg = f"give settings or {', '.join(given)}, not both"
            raise ConfigurationError(msg)
        return settings
    chosen = load_settings(**arguments)
    if credential is None:
        return chosen
    unused = [name for name in ("language_key", "translator_key", "openai_key") if arguments[name] is None]
    return chosen.model_copy(update=dict.fromkeys(unused))
