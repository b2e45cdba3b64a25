"""Azure Machine Learning and Cohere rerank over ``azure-core``: neither has an SDK."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core import AsyncPipelineClient
from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, AzureKeyCredentialPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from pgazure.errors import ServiceResponseError
from pgazure.services.azure_pipeline import pipeline_options
from pgazure.services.errors import describe_azure_error
from pgazure.services.exchange import Answer, Exchange, watch_exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgazure.config import ServiceSettings
    from pgazure.services.auth import Identity
    from pgazure.services.exchange import Document

_SCOPE = "https://ml.azure.com/.default"
# Models on these hosts belong to a Foundry resource, which is one of Cognitive Services.
_COGNITIVE = (".services.ai.azure.com", ".cognitiveservices.azure.com", ".openai.azure.com")
_DEPLOYMENT = "azureml-model-deployment"


class _Endpoint:
    """An address that takes JSON and answers with JSON."""

    def __init__(self, settings: ServiceSettings, identity: Identity, service: str) -> None:
        self.endpoint = settings.endpoint
        self._service = service
        policy: Any
        if settings.key is not None:
            key = AzureKeyCredential(settings.key.get_secret_value())
            policy = AzureKeyCredentialPolicy(key, "Authorization", prefix="Bearer")
        else:
            host = urlsplit(settings.endpoint).hostname or ""
            scope = identity.scope(settings.endpoint) if host.endswith(_COGNITIVE) else _SCOPE
            policy = AsyncBearerTokenCredentialPolicy(identity.open(settings.endpoint), scope)
        options = pipeline_options(settings)
        options["per_call_policies"].append(policy)
        self._client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse] = AsyncPipelineClient(
            settings.endpoint, **options
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _post(
        self,
        *,
        url: str,
        content: str,
        headers: dict[str, str],
        documents: Sequence[Document],
        operation: str,
        read: Callable[[Any, Exchange], Answer[Any]],
    ) -> Answer[Any]:
        with watch_exchange() as exchange:
            try:
                request = HttpRequest(
                    "POST", url, content=content, headers={"Content-Type": "application/json", **headers}
                )
                response = await self._client.send_request(request)
                response.raise_for_status()
                return read(json.loads(response.text()), exchange)
            except Exception as error:  # noqa: BLE001  an odd answer ends in KeyError and the like
                # The SDK's exceptions hold the request with its key and texts: they are not chained.
                raise describe_azure_error(
                    error, exchange, service=self._service, operation=operation, documents=documents
                ) from None


class MLService(_Endpoint):
    """An online endpoint of Azure Machine Learning.

    Args:
        settings: Scoring URL and key.
        identity: The credential used where there is no key.
    """

    def __init__(self, settings: ServiceSettings, identity: Identity) -> None:
        super().__init__(settings, identity, "ml")

    async def invoke(
        self, documents: Sequence[Document], *, deployment: str | None, operation: str = "invoke"
    ) -> Answer[Any]:
        """Send one document, which is JSON, as it is."""
        headers = {} if deployment is None else {_DEPLOYMENT: deployment}

        def read(body: Any, exchange: Exchange) -> Answer[Any]:
            return Answer([body], status_code=exchange.status_code, request_id=exchange.request_id)

        return await self._post(
            url=self.endpoint,
            content=documents[0].text,
            headers=headers,
            documents=documents,
            operation=operation,
            read=read,
        )


class RerankService(_Endpoint):
    """A Cohere rerank model, served by Azure.

    Args:
        settings: Its route (``…/v1/rerank`` or ``…/v2/rerank``) or the endpoint before it, and its key.
        identity: The credential used where there is no key.
    """

    def __init__(self, settings: ServiceSettings, identity: Identity) -> None:
        super().__init__(settings, identity, "rerank")
        given = settings.endpoint
        self._url = (
            given if given.endswith("/rerank") else f"{given}/rerank" if _is_versioned(given) else f"{given}/v2/rerank"
        )
        self._first_version = self._url.endswith("/v1/rerank")

    async def rerank(self, documents: Sequence[Document], *, query: str, model: str) -> Answer[float]:
        """Score documents by what they have to do with ``query``, between 0 and 1."""
        body: dict[str, Any] = {
            "model": model,
            "query": query,
            "documents": [document.text for document in documents],
            "top_n": len(documents),
        }
        if self._first_version:
            body["return_documents"] = False

        def read(answer: Any, exchange: Exchange) -> Answer[float]:
            scores = _read_scores(answer["results"], len(documents))
            return Answer(scores, status_code=exchange.status_code, request_id=exchange.request_id)

        return await self._post(
            url=self._url, content=json.dumps(body), headers={}, documents=documents, operation="rank", read=read
        )


def _is_versioned(url: str) -> bool:
    return url.endswith(("/v1", "/v2"))


def _read_scores(results: Sequence[Any], count: int) -> list[float]:
    scores = {item["index"]: float(item["relevance_score"]) for item in results}
    if len(results) != count or scores.keys() != set(range(count)) or not all(map(math.isfinite, scores.values())):
        msg = (
            f"rerank rank: {count} documents were sent and the answer scores others, or has no number for one; "
            "the answer is dropped"
        )
        raise ServiceResponseError(msg, service="rerank", operation="rank", code="WrongDocumentIds")
    return [scores[place] for place in range(count)]
