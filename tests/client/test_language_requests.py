"""What Language is asked at once goes without its SDK, and says to the letter what the SDK would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from azure.ai.textanalytics.aio import TextAnalyticsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError

from fix_faults import Status, serve_faults
from pgazure import AsyncClient
from pgazure.errors import AuthenticationError

if TYPE_CHECKING:
    from fix_faults import Received

KEY = "a-key"
TEXTS = ["a lovely day", "ein schöner Tag \U0001f33b"]
# Schema, function, arguments; the SDK's method and its arguments.
SAME: list[tuple[str, str, dict[str, Any], str, dict[str, Any]]] = [
    ("azure_cognitive", "analyze_sentiment", {}, "analyze_sentiment", {}),
    ("azure_cognitive", "detect_language", {}, "detect_language", {}),
    ("azure_cognitive", "extract_key_phrases", {}, "extract_key_phrases", {}),
    ("azure_cognitive", "recognize_entities", {}, "recognize_entities", {}),
    ("azure_cognitive", "recognize_pii_entities", {}, "recognize_pii_entities", {}),
    (
        "azure_cognitive",
        "recognize_pii_entities",
        {"domain": "phi"},
        "recognize_pii_entities",
        {"domain_filter": "phi"},
    ),
    ("azure_cognitive", "linked_entities", {}, "recognize_linked_entities", {}),
    ("azure_language", "analyze_opinions", {}, "analyze_sentiment", {"show_opinion_mining": True}),
    ("azure_language", "recognize_entities", {}, "recognize_entities", {}),
    (
        "azure_language",
        "recognize_pii_entities",
        {"domain": "phi", "categories": ["Person", "Email"]},
        "recognize_pii_entities",
        {"domain_filter": "phi", "categories_filter": ["Person", "Email"]},
    ),
]


@pytest.mark.parametrize("disable_service_logs", [False, True])
@pytest.mark.parametrize("languages", [None, "de", ["en", "de"]])
@pytest.mark.parametrize(
    ("schema", "function", "options", "method", "sdk_options"), SAME, ids=[f"{one[0]}.{one[1]}" for one in SAME]
)
async def test_a_request_is_that_of_the_sdk(
    schema: str,
    function: str,
    options: dict[str, Any],
    method: str,
    sdk_options: dict[str, Any],
    languages: Any,
    disable_service_logs: bool,
) -> None:
    if function == "detect_language":
        languages = None
    each = languages if isinstance(languages, list) else [languages] * len(TEXTS)
    documents: list[Any] = [
        {"id": str(place), "text": text, **({} if language is None else {"language": language})}
        for place, (text, language) in enumerate(zip(TEXTS, each, strict=True))
    ]
    async with (
        serve_faults() as server,
        AsyncClient(language_endpoint=server.endpoint, language_key=KEY) as client,
        TextAnalyticsClient(server.endpoint, AzureKeyCredential(KEY), retry_total=0) as sdk,
    ):
        # One request each, whatever comes of it.
        server.refuse = lambda _: Status(401)
        with pytest.raises(AuthenticationError):
            await getattr(getattr(client, schema), function)(
                TEXTS,
                **({} if languages is None else {"language": languages}),
                disable_service_logs=disable_service_logs,
                **options,
            )
        with pytest.raises(HttpResponseError):
            await getattr(sdk, method)(documents, disable_service_logs=disable_service_logs, **sdk_options)
        ours, theirs = server.received
    assert tell(ours) == tell(theirs)


def tell(request: Received) -> dict[str, Any]:
    """What a service sees of a request, but for who sends it."""
    names = ("Content-Type", "Accept", "Ocp-Apim-Subscription-Key")
    return {
        "address": (request.method, request.path, request.query),
        "headers": {name: request.headers[name] for name in names},
        "body": request.body,
    }
