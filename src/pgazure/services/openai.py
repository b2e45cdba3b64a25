"""Azure OpenAI over ``openai``: vectors go from the wire into numpy without becoming Python floats."""

from __future__ import annotations

import binascii
import json
from typing import TYPE_CHECKING, Any

from pgazure.errors import ServiceResponseError
from pgazure.flow.retry import WRONG_DIMENSIONS
from pgazure.services.chat import Chat
from pgazure.services.errors import describe_openai_error
from pgazure.services.exchange import CONNECT_SECONDS, READ_SECONDS, Answer, Exchange, find_pause

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pgazure.config import ServiceSettings
    from pgazure.services.auth import Identity
    from pgazure.services.exchange import Document

    Vector = NDArray[np.float32]

SERVICE = "openai"
_OPERATION = "create_embeddings"


class OpenAIService:
    """Azure OpenAI.

    Args:
        settings: Endpoint, key, API version; without a version the ``/openai/v1`` routes are used.
        identity: The credential used where there is no key.

    Attributes:
        chat: Its chat models.
    """

    def __init__(self, settings: ServiceSettings, identity: Identity) -> None:
        import openai  # noqa: PLC0415  slow to import

        self.endpoint = settings.endpoint
        key: str | Callable[[], Awaitable[str]]
        key = _token_provider(settings, identity) if settings.key is None else settings.key.get_secret_value()
        resource = settings.endpoint.removesuffix("/openai/v1").removesuffix("/openai")
        http = openai.DefaultAioHttpClient(follow_redirects=False)
        timeout = openai.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        if settings.api_version is None:
            self._client = openai.AsyncOpenAI(
                base_url=f"{resource}/openai/v1/", api_key=key, max_retries=0, timeout=timeout, http_client=http
            )
        else:
            credential: dict[str, Any] = {"api_key": key} if isinstance(key, str) else {"azure_ad_token_provider": key}
            self._client = openai.AsyncAzureOpenAI(
                azure_endpoint=resource,
                api_version=settings.api_version,
                max_retries=0,
                timeout=timeout,
                http_client=http,
                **credential,
            )
        self.chat = Chat(self._client)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def create_embeddings(
        self, documents: Sequence[Document], *, deployment: str, dimensions: int | None
    ) -> Answer[Vector]:
        """Send one request; at most 2,048 documents of 8,192 tokens each."""
        options: dict[str, Any] = {} if dimensions is None else {"dimensions": dimensions}
        exchange = Exchange()
        try:
            raw = await self._client.embeddings.with_raw_response.create(
                model=deployment, input=[document.text for document in documents], encoding_format="base64", **options
            )
            exchange.record(raw.status_code, raw.headers, None)
            body = json.loads(raw.http_response.content)
            vectors = _read_vectors(body["data"], len(documents), dimensions)
            tokens = (body.get("usage") or {}).get("prompt_tokens")
            return Answer(
                results=vectors,
                status_code=exchange.status_code,
                request_id=exchange.request_id,
                tokens=int(tokens) if tokens is not None else None,
                pause=find_pause(exchange.headers),
            )
        except Exception as error:  # noqa: BLE001  an odd answer ends in KeyError and the like
            # The SDK's exceptions hold the request with its key and texts: they are not chained.
            raise describe_openai_error(
                error, exchange, operation=_OPERATION, deployment=deployment, documents=documents
            ) from None


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
    if length == 0 or not all(np.isfinite(vector).all() for vector in vectors):
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
