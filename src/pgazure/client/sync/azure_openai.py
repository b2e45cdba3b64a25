"""``azure_openai``, blocking. Written by scripts/generate_client.py: do not edit."""

# ruff: noqa: A002

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from typing import Unpack

    import numpy as np
    from numpy.typing import NDArray

    from pgazure.client.background import Background
    from pgazure.client.inputs import Raising, SomeTexts, Texts
    from pgazure.client.options import EmbeddingBatch, EmbeddingChoices
    from pgazure.types import DocumentError

    Vector = NDArray[np.float32]


class AzureOpenAI:
    """The functions of schema ``azure_openai``."""

    def __init__(self, background: Background) -> None:
        self._background = background

    @overload
    def create_embeddings(
        self, deployment_name: str, input: str, *, throw_on_error: Raising = True, **options: Unpack[EmbeddingChoices]
    ) -> Vector: ...
    @overload
    def create_embeddings(
        self, deployment_name: str, input: None, *, throw_on_error: bool = True, **options: Unpack[EmbeddingChoices]
    ) -> None: ...
    @overload
    def create_embeddings(  # pyright: ignore[reportOverlappingOverload]
        self, deployment_name: str, input: Texts, *, throw_on_error: Raising = True, **options: Unpack[EmbeddingBatch]
    ) -> list[Vector]: ...
    @overload
    def create_embeddings(
        self,
        deployment_name: str,
        input: SomeTexts,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[EmbeddingBatch],
    ) -> list[Vector | None]: ...
    @overload
    def create_embeddings(
        self, deployment_name: str, input: str, *, throw_on_error: bool, **options: Unpack[EmbeddingChoices]
    ) -> Vector | DocumentError: ...
    @overload
    def create_embeddings(
        self, deployment_name: str, input: SomeTexts, *, throw_on_error: bool, **options: Unpack[EmbeddingBatch]
    ) -> list[Vector | DocumentError | None]: ...
    def create_embeddings(
        self,
        deployment_name: str,
        input: str | SomeTexts | None,
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
        return self._background.call(
            "azure_openai",
            "create_embeddings",
            deployment_name,
            input,
            batch_size=batch_size,
            dimensions=dimensions,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )
