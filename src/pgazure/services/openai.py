"""Azure OpenAI: chat over ``openai``, and vectors, which go from the wire into numpy without becoming Python floats."""

from __future__ import annotations

import binascii
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pgazure.errors import ServiceResponseError
from pgazure.flow.retry import WRONG_DIMENSIONS
from pgazure.services.endpoint import JsonEndpoint
from pgazure.services.exchange import CONNECT_SECONDS, READ_SECONDS, Answer, find_left, find_pause

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from openai import AsyncOpenAI

    from pgazure.config import ServiceSettings
    from pgazure.services.auth import Identity
    from pgazure.services.chat import Chat
    from pgazure.services.exchange import Document, Exchange

    Vector = NDArray[np.float32]

SERVICE = "openai"
_OPERATION = "create_embeddings"


class OpenAIService:
    """Azure OpenAI.

    Args:
        settings: Endpoint, key, API version; without a version the ``/openai/v1`` routes are used.
        identity: The credential used where there is no key.
    """

    def __init__(self, settings: ServiceSettings, identity: Identity) -> None:
        self.endpoint = settings.endpoint
        self._settings = settings
        self._identity = identity
        self._resource = settings.endpoint.removesuffix("/openai/v1").removesuffix("/openai")
        self._embeddings = JsonEndpoint(
            SERVICE,
            settings,
            identity,
            scope=identity.scope(settings.endpoint),
            key_header="Authorization" if settings.api_version is None else "api-key",
        )
        self._client: AsyncOpenAI | None = None

    @cached_property
    def chat(self) -> Chat:
        """Its chat models."""
        from pgazure.services.chat import Chat  # noqa: PLC0415  as below

        self._client = self._open_client()
        return Chat(self._client)

    def _open_client(self) -> AsyncOpenAI:
        import openai  # noqa: PLC0415  slow to import

        settings = self._settings
        key: str | Callable[[], Awaitable[str]]
        key = _token_provider(settings, self._identity) if settings.key is None else settings.key.get_secret_value()
        http = openai.DefaultAioHttpClient(follow_redirects=False)
        timeout = openai.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        if settings.api_version is None:
            return openai.AsyncOpenAI(
                base_url=f"{self._resource}/openai/v1/", api_key=key, max_retries=0, timeout=timeout, http_client=http
            )
        credential: dict[str, Any] = {"api_key": key} if isinstance(key, str) else {"azure_ad_token_provider": key}
        return openai.AsyncAzureOpenAI(
            azure_endpoint=self._resource,
            api_version=settings.api_version,
            max_retries=0,
            timeout=timeout,
            http_client=http,
            **credential,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._embeddings.close()
        if self._client is not None:
            await self._client.close()

    async def create_embeddings(
        self, documents: Sequence[Document], *, deployment: str, dimensions: int | None
    ) -> Answer[Vector]:
        """Send one request; at most 2,048 documents of 8,192 tokens each.

        The SDK is left out: loading it takes as long as thousands of texts, and the request has one form.
        """
        request: dict[str, Any] = {
            "model": deployment,
            "input": [document.text for document in documents],
            "encoding_format": "base64",
        }
        if dimensions is not None:
            request["dimensions"] = dimensions

        def read(body: Any, exchange: Exchange) -> Answer[Vector]:
            vectors = _read_vectors(body["data"], len(documents), dimensions)
            usage = (body.get("usage") or {}).get("prompt_tokens")
            tokens = int(usage) if usage is not None else None
            return Answer(
                results=vectors,
                status_code=exchange.status_code,
                request_id=exchange.request_id,
                tokens=tokens,
                pause=find_pause(exchange.headers),
                left=find_left(exchange.headers, tokens),
            )

        return await self._embeddings.post(
            self._embeddings_url(deployment),
            json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode(),
            read,
            documents=documents,
            operation=_OPERATION,
            deployment=deployment,
        )

    def _embeddings_url(self, deployment: str) -> str:
        version = self._settings.api_version
        if version is None:
            return f"{self._resource}/openai/v1/embeddings"
        name = quote(deployment, safe="")
        return f"{self._resource}/openai/deployments/{name}/embeddings?api-version={quote(version, safe='')}"


def _token_provider(settings: ServiceSettings, identity: Identity) -> Callable[[], Awaitable[str]]:
    from azure.identity.aio import get_bearer_token_provider  # noqa: PLC0415  SDKs are imported when first needed

    return get_bearer_token_provider(identity.open(settings.endpoint), identity.scope(settings.endpoint))


def _read_vectors(data: Sequence[Any], count: int, dimensions: int | None) -> list[Vector]:
    import numpy as np  # noqa: PLC0415  imported when the first vector comes

    if sorted(item["index"] for item in data) != list(range(count)):
        msg = f"{count} texts were sent and the answer has another number of vectors, or mixed up their places"
        raise _unusable(msg, "WrongVectorCount")
    vectors: list[Any] = [None] * count
    for item in data:
        vectors[item["index"]] = _read_vector(item["embedding"])
    length = len(vectors[0]) if dimensions is None else dimensions
    if any(len(vector) != length for vector in vectors):
        lengths = sorted({len(vector) for vector in vectors})
        msg = f"vectors of {length} dimensions were expected and {lengths} came"
        raise _unusable(msg, WRONG_DIMENSIONS)
    # All at once, which is several times as fast as one by one.
    if length == 0 or not np.isfinite(np.concatenate(vectors)).all():
        msg = "a vector is empty or holds numbers that are not finite"
        raise _unusable(msg, "WrongVector")
    return vectors


def _read_vector(embedding: Any) -> Vector:
    import numpy as np  # noqa: PLC0415  as above

    if isinstance(embedding, str):
        return np.frombuffer(binascii.a2b_base64(embedding), dtype="<f4").astype(np.float32, copy=False)
    # A model that does not know base64 answers with numbers.
    return np.asarray(embedding, dtype=np.float32)


def _unusable(reason: str, code: str) -> ServiceResponseError:
    msg = f"{SERVICE} {_OPERATION}: {reason}; the answer is dropped"
    return ServiceResponseError(msg, service=SERVICE, operation=_OPERATION, code=code)
