"""A managed identity: tokens from the local endpoint open the services they are meant for, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.ai.textanalytics import TextAnalyticsClient
from azure.ai.textanalytics.aio import TextAnalyticsClient as AsyncTextAnalyticsClient
from azure.ai.translation.text import TextTranslationClient
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from azure.identity.aio import DefaultAzureCredential as AsyncDefaultAzureCredential
from openai import AuthenticationError, AzureOpenAI

from pgazure.emulator.access import Issuer

if TYPE_CHECKING:
    from pgazure.emulator import Emulator

SCOPE = "https://cognitiveservices.azure.com/.default"


class PlainHttp(SansIOHTTPPolicy):  # type: ignore[type-arg]
    """Lets a token travel over plain HTTP, which the SDKs refuse and loopback allows."""

    def on_request(self, request: Any) -> None:
        request.context.options.setdefault("enforce_https", False)


@pytest.fixture
def identity(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{emulator.endpoint}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", emulator.key)
    return emulator


def post(server: Emulator, path: str, token: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(server.endpoint + path, json={"model": "m", "input": "x"}, headers=headers, timeout=30)


def test_the_default_credential_opens_language_translator_and_openai(identity: Emulator) -> None:
    with DefaultAzureCredential() as credential:
        with TextAnalyticsClient(identity.endpoint, credential, per_call_policies=[PlainHttp()]) as language:
            assert language.detect_language(["Hello, how are you today?"])[0].primary_language.iso6391_name == "en"
            job = language.begin_extract_summary(["The room was clean and quiet. The host was kind to us."])
            assert [one.is_error for one in job.result()] == [False]
        with TextTranslationClient(
            endpoint=identity.endpoint,
            credential=credential,
            region="local",
            resource_id="/r",
            per_call_policies=[PlainHttp()],
        ) as translator:
            answer = translator.translate(body=["Good day"], to_language=["es"])
            assert answer[0].translations[0].text == "[es] Good day"
        provider = get_bearer_token_provider(credential, SCOPE)
        with AzureOpenAI(
            azure_endpoint=identity.endpoint, azure_ad_token_provider=provider, api_version="2024-10-21"
        ) as openai:
            said: Any = [{"role": "user", "content": "Say hello"}]
            assert openai.chat.completions.create(model="m", messages=said).choices[0].message.content == "hello"


async def test_the_asynchronous_credential_does_too(identity: Emulator) -> None:
    async with (
        AsyncDefaultAzureCredential() as credential,
        AsyncTextAnalyticsClient(identity.endpoint, credential, per_call_policies=[PlainHttp()]) as language,
    ):
        found = await language.detect_language(["Hello, how are you today?"])
    assert found[0].primary_language.iso6391_name == "en"


@pytest.mark.parametrize(
    ("audience", "path", "status"),
    [
        ("https://cognitiveservices.azure.com", "/openai/v1/embeddings", 200),
        ("https://cognitiveservices.azure.com/", "/openai/v1/embeddings", 200),
        ("https://ai.azure.com", "/openai/v1/embeddings", 200),
        ("https://ai.azure.com", "/translate", 401),
        ("https://ml.azure.com", "/score", 200),
        ("https://cognitiveservices.azure.com", "/score", 401),
        ("https://management.azure.com", "/openai/v1/embeddings", 401),
    ],
)
def test_a_token_opens_what_it_is_meant_for(emulator: Emulator, audience: str, path: str, status: int) -> None:
    answer = post(emulator, path, Issuer(emulator.key).issue(audience))
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["statusCode"] == 401
        assert "audience is incorrect" in answer.json()["message"]


def test_tokens_that_are_old_or_somebody_elses_open_nothing(emulator: Emulator) -> None:
    audience = "https://cognitiveservices.azure.com"
    good = Issuer(emulator.key).issue(audience)
    head, _, signature = good.rpartition(".")
    for token in (
        Issuer(emulator.key).issue(audience, life=-1),
        Issuer("another").issue(audience),
        f"{head}x.{signature}",
        "a.b.c",
        "..",
    ):
        assert post(emulator, "/openai/v1/embeddings", token).status_code == 401
    with (
        AzureOpenAI(
            azure_endpoint=emulator.endpoint, azure_ad_token="a.b.c", api_version="2024-10-21", max_retries=0
        ) as openai,
        pytest.raises(AuthenticationError) as denied,
    ):
        openai.embeddings.create(model="m", input="x")
    assert denied.value.code is None


def test_the_endpoint_gives_tokens_only_to_its_own(emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/msi/token"
    query = {"resource": "https://cognitiveservices.azure.com", "api-version": "2019-08-01"}
    mine = {"X-IDENTITY-HEADER": emulator.key}
    given = requests.get(url, params=query, headers=mine, timeout=30).json()
    assert (given["token_type"], given["resource"]) == ("Bearer", query["resource"])
    assert emulator.key not in str(given)
    assert requests.get(url, params=query, timeout=30).status_code == 401
    assert requests.get(url, params=query, headers={"X-IDENTITY-HEADER": "x"}, timeout=30).status_code == 401
    for name in query:
        short = {key: value for key, value in query.items() if key != name}
        assert requests.get(url, params=short, headers=mine, timeout=30).status_code == 400
