"""Azure Machine Learning and Cohere rerank over ``azure-core``: neither has an SDK."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pgazure.errors import ServiceResponseError
from pgazure.services.endpoint import JsonEndpoint
from pgazure.services.exchange import Answer, Exchange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.config import ServiceSettings
    from pgazure.services.auth import Identity
    from pgazure.services.exchange import Document

_SCOPE = "https://ml.azure.com/.default"
# Models on these hosts belong to a Foundry resource, which is one of Cognitive Services.
_COGNITIVE = (".services.ai.azure.com", ".cognitiveservices.azure.com", ".openai.azure.com")
_DEPLOYMENT = "azureml-model-deployment"


def _scope(settings: ServiceSettings, identity: Identity) -> str:
    host = urlsplit(settings.endpoint).hostname or ""
    return identity.scope(settings.endpoint) if host.endswith(_COGNITIVE) else _SCOPE


class MLService:
    """An online endpoint of Azure Machine Learning.

    Args:
        settings: Scoring URL and key.
        identity: The credential used where there is no key.
    """

    def __init__(self, settings: ServiceSettings, identity: Identity) -> None:
        self.endpoint = settings.endpoint
        self._model = JsonEndpoint("ml", settings, identity, scope=_scope(settings, identity))

    async def close(self) -> None:
        """Close the connections."""
        await self._model.close()

    async def invoke(
        self, documents: Sequence[Document], *, deployment: str | None, operation: str = "invoke"
    ) -> Answer[Any]:
        """Send one document, which is JSON, as it is."""
        headers = {} if deployment is None else {_DEPLOYMENT: deployment}

        def read(body: Any, exchange: Exchange) -> Answer[Any]:
            return Answer([body], status_code=exchange.status_code, request_id=exchange.request_id)

        text = documents[0].text
        return await self._model.post(
            self.endpoint, text, read, documents=documents, operation=operation, headers=headers
        )


class RerankService:
    """A Cohere rerank model, served by Azure.

    Args:
        settings: Its route (``…/v1/rerank`` or ``…/v2/rerank``) or the endpoint before it, and its key.
        identity: The credential used where there is no key.
    """

    def __init__(self, settings: ServiceSettings, identity: Identity) -> None:
        self.endpoint = given = settings.endpoint
        self._model = JsonEndpoint("rerank", settings, identity, scope=_scope(settings, identity))
        self._url = (
            given if given.endswith("/rerank") else f"{given}/rerank" if _is_versioned(given) else f"{given}/v2/rerank"
        )
        self._first_version = self._url.endswith("/v1/rerank")

    async def close(self) -> None:
        """Close the connections."""
        await self._model.close()

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

        return await self._model.post(self._url, json.dumps(body), read, documents=documents, operation="rank")


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
