"""An address that takes JSON and answers with JSON, over ``azure-core``: for requests that go without an SDK."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from azure.core import AsyncPipelineClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AzureKeyCredentialPolicy,
    DistributedTracingPolicy,
    HttpLoggingPolicy,
    UserAgentPolicy,
)
from azure.core.rest import AsyncHttpResponse, HttpRequest
from pydantic_core import from_json

from pgazure.services.azure_pipeline import pipeline_options
from pgazure.services.errors import describe_azure_error
from pgazure.services.exchange import watch_exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgazure.config import ServiceSettings
    from pgazure.services.auth import Identity
    from pgazure.services.exchange import Answer, Document, Exchange

R = TypeVar("R")

_BEARER = "Authorization"
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
# A redirect is not followed, and so is no answer.
_SUCCESSES = range(200, 300)


class JsonEndpoint:
    """What takes JSON and answers with JSON.

    Args:
        service: Its name.
        settings: Its address and key.
        identity: The credential used where there is no key.
        scope: What a token is asked for then.
        key_header: The header in which the key travels.
    """

    def __init__(
        self, service: str, settings: ServiceSettings, identity: Identity, *, scope: str, key_header: str = _BEARER
    ) -> None:
        self._service = service
        policy: Any
        if settings.key is not None:
            key = AzureKeyCredential(settings.key.get_secret_value())
            policy = AzureKeyCredentialPolicy(key, key_header, prefix="Bearer" if key_header == _BEARER else None)
        else:
            policy = AsyncBearerTokenCredentialPolicy(identity.open(settings.endpoint), scope)
        # Neither retries nor redirects, and none that reads the answer: megabytes of vectors are read once, and fast.
        policies = [UserAgentPolicy(), policy, DistributedTracingPolicy(), HttpLoggingPolicy()]
        self._client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse] = AsyncPipelineClient(
            settings.endpoint, policies=policies, **pipeline_options(settings, reads=False)
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def post(
        self,
        url: str,
        content: str | bytes,
        read: Callable[[Any, Exchange], Answer[R]],
        *,
        documents: Sequence[Document],
        operation: str,
        headers: dict[str, str] | None = None,
        deployment: str | None = None,
    ) -> Answer[R]:
        """Send JSON, and read the JSON that comes back.

        Args:
            url: Where to.
            content: The JSON.
            read: Makes the answer of what came; whatever it stumbles over makes the answer an unusable one.
            documents: The texts in it, which no error repeats.
            operation: What is asked for.
            headers: More headers.
            deployment: Name of the model deployment, where there is one.
        """
        request = HttpRequest("POST", url, content=content, headers=_HEADERS | (headers or {}))
        with watch_exchange() as exchange:
            try:
                response = await self._client.send_request(request)
                if response.status_code not in _SUCCESSES:
                    raise HttpResponseError(response=response)  # noqa: TRY301  described as what the transport raises
                return read(_parse(response.content), exchange)
            except Exception as error:  # noqa: BLE001  an odd answer ends in KeyError and the like
                # The exceptions hold the request with its key and texts: they are not chained.
                raise describe_azure_error(
                    error,
                    exchange,
                    service=self._service,
                    operation=operation,
                    documents=documents,
                    deployment=deployment,
                ) from None


def _parse(content: bytes) -> Any:
    try:
        return from_json(content, cache_strings="keys")
    except ValueError:
        # It is stricter than JSON has to be, with half a surrogate for example.
        return json.loads(content)
