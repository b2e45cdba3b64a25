"""The blocking client. Written by scripts/generate_client.py: do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, TypeVar

from pgazure.client.async_client import AsyncClient
from pgazure.client.background import Background, ModelBackground
from pgazure.client.chat_requests import check_model
from pgazure.client.inputs import check_count
from pgazure.client.lookahead import check_texts, stream_blocking
from pgazure.client.sync.azure_ai import AzureAI
from pgazure.client.sync.azure_cognitive import AzureCognitive
from pgazure.client.sync.azure_language import AzureLanguage
from pgazure.client.sync.azure_ml import AzureML
from pgazure.client.sync.azure_openai import AzureOpenAI
from pgazure.client.sync.azure_translator import AzureTranslator

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from types import TracebackType

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.client.inputs import Texts
    from pgazure.config import Settings
    from pgazure.types import Comparison

T = TypeVar("T")
R = TypeVar("R")


class Client:
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
        timeout_ms: int = 600000,
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
        self._background = Background(
            AsyncClient(
                settings=settings,
                credential=credential,
                scope=scope,
                backend=backend,
                llm_model=llm_model,
                conninfo=conninfo,
                connection=connection,
                pool=pool,
                settings_from=settings_from,
                max_attempts=max_attempts,
                retry_delay_ms=retry_delay_ms,
                timeout_ms=timeout_ms,
                max_concurrency=max_concurrency,
                careful=careful,
                language_endpoint=language_endpoint,
                language_key=language_key,
                translator_endpoint=translator_endpoint,
                translator_key=translator_key,
                translator_region=translator_region,
                translator_resource_id=translator_resource_id,
                openai_endpoint=openai_endpoint,
                openai_key=openai_key,
                openai_api_version=openai_api_version,
                ml_endpoint=ml_endpoint,
                ml_key=ml_key,
                rerank_endpoint=rerank_endpoint,
                rerank_key=rerank_key,
            )
        )
        self.azure_ai = AzureAI(self._background)
        self.azure_cognitive = AzureCognitive(self._background)
        self.azure_language = AzureLanguage(self._background)
        self.azure_ml = AzureML(self._background)
        self.azure_openai = AzureOpenAI(self._background)
        self.azure_translator = AzureTranslator(self._background)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        msg = "a Client holds keys and connections and cannot be pickled; make one where it is needed"
        raise TypeError(msg)

    def stream(
        self, method: Callable[[list[T]], Sequence[R]], texts: Iterable[T], *, read_ahead: int = 4000
    ) -> Generator[R, None, None]:
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
        return stream_blocking(method, texts, read_ahead)

    def with_model(self, model: str = "gpt-4.1") -> AzureCognitive:
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
        return AzureCognitive(ModelBackground(self._background, check_model(model)))

    def compare(self, operation: str, text: Texts, *, model: str = "gpt-4.1", **options: Any) -> Comparison:
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
        result: Comparison = self._background.apply(
            lambda client: client.compare(operation, text, model=model, **options)
        )
        return result

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._background.close()
