"""The client: written once, asynchronously."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, TypeVar

from pgazure.client.azure_ai import AsyncAzureAI
from pgazure.client.azure_cognitive import AsyncAzureCognitive
from pgazure.client.azure_language import AsyncAzureLanguage
from pgazure.client.azure_ml import AsyncAzureML
from pgazure.client.azure_openai import AsyncAzureOpenAI
from pgazure.client.azure_translator import AsyncAzureTranslator
from pgazure.client.backend import ServicesBackend
from pgazure.client.chat_requests import check_model
from pgazure.client.comparison import run_both
from pgazure.client.connections import Connections
from pgazure.client.execution import Executor
from pgazure.client.inputs import check_count
from pgazure.client.lookahead import check_texts, stream_results
from pgazure.client.model_backend import answer_with_model
from pgazure.client.place import Place, choose_settings, open_database
from pgazure.errors import ConfigurationError
from pgazure.flow.retry import RetryPolicy
from pgazure.services.auth import Identity

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Sequence
    from types import TracebackType

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.client.backend import Backend
    from pgazure.client.inputs import Texts
    from pgazure.config import Settings
    from pgazure.types import Comparison

T = TypeVar("T")
R = TypeVar("R")


class AsyncClient:
    """Azure AI Language, Translator and Azure OpenAI, in the vocabulary of the ``azure_ai`` extension.

    A service is opened when it is first used: a client with settings for
    Language alone works for Language. Arguments win over the environment;
    where any argument of a service is given, its environment is not read.

    Attributes:
        azure_ai: The functions of schema ``azure_ai``.
        azure_cognitive: The functions of schema ``azure_cognitive``.
        azure_language: What Azure AI Language can do beyond the extension.
        azure_ml: The functions of schema ``azure_ml``.
        azure_openai: The functions of schema ``azure_openai``.
        azure_translator: What Azure AI Translator can do beyond the extension.

    Args:
        settings: Ready settings; then no argument of a service may be given.
        credential: Entra ID credential for the services without a key; ``None`` makes
            ``DefaultAzureCredential`` where one is needed. It is not closed with the client.
            A key from the environment does not count beside it.
        scope: What its tokens are asked for, such as ``https://ai.azure.com/.default``; ``None`` is right for the
            cloud of each endpoint.
        backend: ``"services"`` sends requests to the services; ``"database"`` calls the functions of the extension
            in a database, as SQL; ``"llm"`` answers those of ``azure_cognitive`` from a chat model.
        llm_model: Name of the deployment of that chat model.
        conninfo: The database, in libpq's form; ``None`` is ``PGAZURE_DSN``, else libpq's own variables.
        connection: A psycopg ``AsyncConnection`` to use instead; it is not closed with the client.
        pool: A psycopg ``AsyncConnectionPool`` to use instead; it is not closed with the client.
        settings_from: ``"database"`` reads what neither arguments nor environment say of a service from the settings
            of ``azure_ai`` in the database, once, while the client is made.
        max_attempts: Times a request is sent at most.
        retry_delay_ms: Milliseconds before the second attempt; doubles with each further one.
        timeout_ms: Milliseconds for a whole call, retries and polling included.
        max_concurrency: Most requests under way for one endpoint, deployment and operation.
        careful: Whether to begin with few requests side by side where a service says nothing of its quota until it is
            used up. ``False`` begins with ``max_concurrency`` of them, which is quicker where calls are few.
        language_endpoint: Base URL of the Language resource.
        language_key: Its key.
        translator_endpoint: Base URL of the Translator resource.
        translator_key: Its key.
        translator_region: Its region.
        translator_resource_id: Its resource id, for Entra ID.
        openai_endpoint: Base URL of the Azure OpenAI resource.
        openai_key: Its key.
        openai_api_version: Version of its API; ``None`` uses the ``/openai/v1`` routes.
        ml_endpoint: Scoring URL of an online endpoint of Azure Machine Learning.
        ml_key: Its key.
        rerank_endpoint: Route of a Cohere rerank model, or the endpoint before it.
        rerank_key: Its key.

    Raises:
        ConfigurationError: An argument or a setting cannot be used.
    """

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        credential: Any = None,
        scope: str | None = None,
        backend: Literal["services", "database", "llm"] = "services",
        llm_model: str = "gpt-4.1",
        conninfo: str | None = None,
        connection: AsyncConnection[Any] | None = None,
        pool: AsyncConnectionPool[Any] | None = None,
        settings_from: Literal["environment", "database"] = "environment",
        max_attempts: int = 5,
        retry_delay_ms: int = 1000,
        timeout_ms: int = 600_000,
        max_concurrency: int = 16,
        careful: bool = True,
        language_endpoint: str | None = None,
        language_key: str | None = None,
        translator_endpoint: str | None = None,
        translator_key: str | None = None,
        translator_region: str | None = None,
        translator_resource_id: str | None = None,
        openai_endpoint: str | None = None,
        openai_key: str | None = None,
        openai_api_version: str | None = None,
        ml_endpoint: str | None = None,
        ml_key: str | None = None,
        rerank_endpoint: str | None = None,
        rerank_key: str | None = None,
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
            "ml_endpoint": ml_endpoint,
            "ml_key": ml_key,
            "rerank_endpoint": rerank_endpoint,
            "rerank_key": rerank_key,
        }
        check_count(max_concurrency, "max_concurrency")
        place = Place(backend, conninfo, connection, pool, settings_from, check_model(llm_model))
        chosen = choose_settings(settings, arguments, credential, place)
        executor = Executor(policy, max_concurrency, careful=careful)
        self._assemble(chosen, Identity(credential, scope), executor, place)

    def _assemble(self, settings: Settings, identity: Identity, executor: Executor, place: Place) -> None:
        self._made_of = (identity, place)
        self._connections = Connections(settings, identity)
        self._executor = executor
        self._backend: Backend
        if place.backend == "database":
            self._backend = open_database(settings, place, executor.policy, executor.max_concurrency)
        else:
            self._backend = ServicesBackend(self._connections, executor)
        self.azure_ai = self._backend.bind(AsyncAzureAI)
        self.azure_ml = self._backend.bind(AsyncAzureML)
        self.azure_cognitive = (
            answer_with_model(self._connections, executor, place.llm_model)
            if place.backend == "llm"
            else self._backend.bind(AsyncAzureCognitive)
        )
        self.azure_language = self._backend.bind(AsyncAzureLanguage)
        self.azure_translator = self._backend.bind(AsyncAzureTranslator)
        self.azure_openai = self._backend.bind(AsyncAzureOpenAI)

    def __reduce__(self) -> NoReturn:
        msg = f"a {type(self).__name__} holds keys and connections and cannot be pickled; make one where it is needed"
        raise TypeError(msg)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def stream(
        self,
        method: Callable[[list[T]], Awaitable[Sequence[R]]],
        texts: Iterable[T] | AsyncIterable[T],
        *,
        read_ahead: int = 4000,
    ) -> AsyncGenerator[R, None]:
        """Send any number of texts through a method, in memory that does not grow with their number.

        The method is called with one list of texts after the other, a few of these calls side by side. Give it
        arguments with a ``lambda``; the time allowed is that of each call.

        Args:
            method: A method of the client for many texts, or a function that calls one with a list.
            texts: The texts, or whatever the function takes lists of. They are read as results are taken.
            read_ahead: Most texts held at a time, results included; the more, the less the service waits.

        Yields:
            One result per text, in input order.

        Raises:
            BatchError: Some texts of a call failed; its ``results`` are those of that call. With
                ``throw_on_error=False`` in the method's arguments a :class:`DocumentError` stands in each place.
            ConfigurationError: ``read_ahead`` is below 1, or ``texts`` is a single text.
        """
        check_count(read_ahead, "read_ahead")
        check_texts(texts)
        return stream_results(method, texts, read_ahead)

    def with_model(self, model: str = "gpt-4.1") -> AsyncAzureCognitive:
        """Give the functions of ``azure_cognitive``, answered by a chat model with the same results.

        It is meant for what Azure retires (entity linking, summaries) and for languages that the service does not
        know. Each text is a request of its own. Entities, sentences and personal data are looked for in the text,
        and dropped where they do not stand there; scores are the model's own guess. Scripts and profanity are for
        Translator only, and ``disable_service_logs`` has no meaning here.

        Args:
            model: Name of the deployment of a chat model.

        Raises:
            ConfigurationError: ``model`` is no name.
        """
        return answer_with_model(self._connections, self._executor, check_model(model))

    async def compare(self, operation: str, text: Texts, *, model: str = "gpt-4.1", **options: Any) -> Comparison:
        """Run a function of ``azure_cognitive`` at the service and with a chat model, and compare the results.

        Args:
            operation: Name of the function, such as ``analyze_sentiment``.
            text: The texts.
            model: Name of the deployment of a chat model.
            **options: Further arguments of the function, such as ``language`` or ``target_language``.

        Returns:
            Both results of each text, and how far they agree.

        Raises:
            ConfigurationError: There is no such function, or an argument cannot be used.
            AuthenticationError: A key or token was refused.
            DeploymentNotFoundError: There is no such deployment.
        """
        by_model = self.with_model(model)
        by_service = self.azure_cognitive
        if self._made_of[-1].backend == "llm":
            by_service = self._backend.bind(AsyncAzureCognitive)
        return await run_both(by_service, by_model, operation, text, options)

    async def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        await self._backend.close()


def renew_client(client: AsyncClient) -> AsyncClient:
    """Make a client with the same settings and connections of its own, for another event loop."""
    twin = AsyncClient.__new__(AsyncClient)
    identity, place = client._made_of  # noqa: SLF001  the same class
    executor = client._executor.renew()  # noqa: SLF001  as above
    settings = client._connections.extension_settings.current  # noqa: SLF001  as above
    twin._assemble(settings, identity.renew(), executor, place)  # noqa: SLF001  as above
    return twin


def check_portable(client: AsyncClient) -> None:
    """Check that a client can live in another event loop than the caller's.

    Raises:
        ConfigurationError: It was given a connection or a pool, which stay with theirs.
    """
    place = client._made_of[-1]  # noqa: SLF001  the module's own class
    if place.connection is not None or place.pool is not None:
        msg = "connection and pool are for AsyncClient, whose event loop they live in; give Client conninfo"
        raise ConfigurationError(msg)
