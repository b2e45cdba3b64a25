"""Schema ``azure_openai``: embeddings."""

from __future__ import annotations

from functools import partial
from json import dumps
from typing import TYPE_CHECKING, Any, overload

from pgazure.client.execution import Call, Operation
from pgazure.client.inputs import check_characters, check_count
from pgazure.errors import ConfigurationError
from pgazure.flow.packing import Capacity, Weight
from pgazure.flow.tokens import count_tokens
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from typing import Unpack

    import numpy as np
    from numpy.typing import NDArray

    from pgazure.client.connections import Connections
    from pgazure.client.execution import Executor
    from pgazure.client.inputs import Raising, SomeTexts, Texts
    from pgazure.client.options import EmbeddingBatch, EmbeddingChoices
    from pgazure.services.exchange import Document

    Vector = NDArray[np.float32]

_MOST_INPUTS = 2048
_MOST_TOKENS = 8192
# OpenAI's own limit for the sum of a request; Azure prints none.
_TOKENS_A_REQUEST = 300_000
# The HTTP library warns of bodies over 1 MiB, as sending them holds everything else up.
_BYTES_A_REQUEST = 1_000_000


class AsyncAzureOpenAI:
    """The functions of schema ``azure_openai``."""

    def __init__(self, connections: Connections, executor: Executor) -> None:
        self._connections = connections
        self._executor = executor

    @overload
    async def create_embeddings(
        self, deployment_name: str, input: str, *, throw_on_error: Raising = True, **options: Unpack[EmbeddingChoices]
    ) -> Vector: ...
    @overload
    async def create_embeddings(
        self, deployment_name: str, input: None, *, throw_on_error: bool = True, **options: Unpack[EmbeddingChoices]
    ) -> None: ...
    @overload
    async def create_embeddings(
        self, deployment_name: str, input: Texts, *, throw_on_error: Raising = True, **options: Unpack[EmbeddingBatch]
    ) -> list[Vector]: ...
    @overload
    async def create_embeddings(
        self,
        deployment_name: str,
        input: SomeTexts,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[EmbeddingBatch],
    ) -> list[Vector | None]: ...
    @overload
    async def create_embeddings(
        self, deployment_name: str, input: str, *, throw_on_error: bool, **options: Unpack[EmbeddingChoices]
    ) -> Vector | DocumentError: ...
    @overload
    async def create_embeddings(
        self, deployment_name: str, input: SomeTexts, *, throw_on_error: bool, **options: Unpack[EmbeddingBatch]
    ) -> list[Vector | DocumentError | None]: ...
    async def create_embeddings(
        self,
        deployment_name: str,
        input: str | SomeTexts | None,  # noqa: A002  the extension's name
        *,
        batch_size: int = 100,
        dimensions: int | None = None,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Embed one text or many; mirrors ``azure_openai.create_embeddings``.

        Args:
            deployment_name: Name of the deployment of an embedding model.
            input: A text, or a list of texts; ``None`` stays ``None``.
            batch_size: Most texts in one request; the service takes 2,048.
            dimensions: Length of the vectors, for models that can shorten them; ``None`` is the model's own.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            A one-dimensional ``float32`` array, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused, is empty, or has more than 8,192 tokens.
            AuthenticationError: The key or token was refused.
            DeploymentNotFoundError: There is no such deployment.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        if not isinstance(deployment_name, str) or not deployment_name.strip():
            msg = "deployment_name must be the name of a model deployment, such as text-embedding-3-small"
            raise ConfigurationError(msg)
        check_characters(deployment_name, "deployment_name")
        if dimensions is not None:
            check_count(dimensions, "dimensions")
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.openai()
        # Counting is needed only where a full request of such texts could be too heavy: no text has more
        # tokens than bytes.
        surely_light = _TOKENS_A_REQUEST // min(batch_size, _MOST_INPUTS)
        operation = Operation(
            service="openai",
            name="create_embeddings",
            endpoint=service.endpoint,
            send=partial(service.create_embeddings, deployment=deployment_name, dimensions=dimensions),
            capacity=Capacity(_MOST_INPUTS, tokens=_TOKENS_A_REQUEST, size=_BYTES_A_REQUEST),
            weigh=partial(_weigh, deployment_name, surely_light),
            cut=partial(_refuse_long, deployment_name),
            deployment=deployment_name,
        )
        return await self._executor.run(operation, input, None, call, names=("input", "language"))


def _weigh(model: str, surely_light: int, document: Document) -> Weight:
    text = document.text
    size = len(text.encode())
    tokens = size if size <= surely_light else count_tokens(text, model)
    return Weight(tokens=tokens, size=len(dumps(text, ensure_ascii=False).encode()) + 1)


def _refuse_long(model: str, text: str) -> DocumentError | None:
    # A letter has at most four bytes, and a token at least one.
    if len(text) * 4 <= _MOST_TOKENS or (tokens := count_tokens(text, model)) <= _MOST_TOKENS:
        return None
    return DocumentError(
        "InvalidDocument", f"the text has {tokens:,} tokens and the model takes {_MOST_TOKENS:,}; cut it into chunks"
    )
