"""Keys and Entra ID, and which of them counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

import pytest
from azure.core.credentials import AccessToken

from fix_faults import Status
from pgazure.errors import AuthenticationError, ConfigurationError

if TYPE_CHECKING:
    from fix_faults import FaultServer

SCOPE = "https://cognitiveservices.azure.com/.default"


class AsyncCredential:
    """A credential that gives a token and counts how often it is asked."""

    def __init__(self) -> None:
        self.scopes: list[tuple[str, ...]] = []
        self.closed = False

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes.append(scopes)
        return AccessToken("the-token", int(time.time()) + 3600)

    async def close(self) -> None:
        self.closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class BlockingCredential:
    def get_token(self, *_scopes: str, **_: Any) -> AccessToken:
        return AccessToken("the-token", int(time.time()) + 3600)


def without_keys(**more: Any) -> dict[str, Any]:
    return {"language_key": None, "translator_key": None, "openai_key": None, **more}


@pytest.mark.parametrize("kind", [AsyncCredential, BlockingCredential])
@pytest.mark.parametrize("api_version", [None, "2024-10-21"])
async def test_a_token_goes_to_every_service_on_this_machine(
    facade: Any, faults: FaultServer, kind: Any, api_version: str | None
) -> None:
    credential = kind()
    client = facade.open(faults.endpoint, **without_keys(credential=credential, openai_api_version=api_version))
    faults.page_size = 1
    await client.analyze_sentiment("x")
    await client.summarize_abstractive(["x", "y"])
    await client.translate("x", "de")
    await client.create_embeddings("embedder", "x")
    assert len(faults.received) > 5
    for request in faults.received:
        assert request.headers["Authorization"] == "Bearer the-token"
    await facade.close()
    if kind is AsyncCredential:
        assert {scope for scopes in credential.scopes for scope in scopes} == {SCOPE}
        assert not credential.closed


async def test_keys_go_where_each_service_wants_them(facade: Any, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint, translator_region="westeurope", openai_api_version="2024-10-21")
    await client.analyze_sentiment("x")
    await client.translate("x", "de")
    await client.create_embeddings("embedder", "x")
    language, translator, openai = (request.headers for request in faults.received)
    assert language["Ocp-Apim-Subscription-Key"] == translator["Ocp-Apim-Subscription-Key"] == openai["api-key"]
    assert translator["Ocp-Apim-Subscription-Region"] == "westeurope"
    assert faults.received[2].path == "/openai/deployments/embedder/embeddings"
    assert faults.received[2].query == {"api-version": "2024-10-21"}


@pytest.mark.parametrize("suffix", ["", "/", "/openai", "/openai/v1", "/openai/v1/"])
async def test_without_api_version_the_v1_routes_are_used(facade: Any, faults: FaultServer, suffix: str) -> None:
    client = facade.open(faults.endpoint, openai_endpoint=faults.endpoint + suffix)
    await client.create_embeddings("embedder", "x")
    assert faults.received[0].path == "/openai/v1/embeddings"
    assert faults.received[0].body["model"] == "embedder"
    assert faults.received[0].body["encoding_format"] == "base64"


async def test_without_a_key_the_default_identity_is_asked(
    facade: Any, faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{faults.endpoint}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "x")
    token = {
        "access_token": "msi-token",
        "expires_on": str(int(time.time()) + 3600),
        "resource": "r",
        "token_type": "Bearer",
    }
    faults.polls.append(Status(200, body=token))
    client = facade.open(faults.endpoint, **without_keys())
    await client.analyze_sentiment("x")
    await client.analyze_sentiment("x")
    assert [request.path for request in faults.received].count("/msi/token") == 1
    assert faults.sent[0].headers["Authorization"] == "Bearer msi-token"


async def test_no_token_at_all_says_how_to_get_one(facade: Any, faults: FaultServer) -> None:
    class Empty(AsyncCredential):
        async def get_token(self, *_scopes: str, **_: Any) -> AccessToken:
            from azure.identity import CredentialUnavailableError

            raise CredentialUnavailableError(message="no identity here")

    client = facade.open(faults.endpoint, **without_keys(credential=Empty()))
    for method, arguments in (("analyze_sentiment", ("x",)), ("create_embeddings", ("embedder", "x"))):
        with pytest.raises(AuthenticationError, match="Entra ID gave no token"):
            await getattr(client, method)(*arguments)
    assert not faults.received


async def test_a_credential_wins_over_a_key_of_the_environment(
    facade: Any, faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_LANGUAGE_ENDPOINT", faults.endpoint)
    monkeypatch.setenv("AZURE_LANGUAGE_KEY", "of-the-environment")
    client = facade.open(faults.endpoint, **without_keys(credential=AsyncCredential(), language_endpoint=None))
    await client.analyze_sentiment("x")
    assert faults.sent[0].headers["Authorization"] == "Bearer the-token"
    assert "Ocp-Apim-Subscription-Key" not in faults.sent[0].headers


async def test_a_key_never_goes_to_an_endpoint_from_elsewhere(
    facade: Any, faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_LANGUAGE_KEY", "of-the-environment")
    client = facade.open(faults.endpoint, **without_keys(credential=AsyncCredential()))
    await client.analyze_sentiment("x")
    assert "of-the-environment" not in str(faults.received)


async def test_a_token_for_a_regional_translator_needs_the_resource(facade: Any, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint, **without_keys(credential=AsyncCredential(), translator_region="westeurope"))
    with pytest.raises(ConfigurationError, match="AZURE_TEXT_TRANSLATION_RESOURCE_ID"):
        await client.translate("x", "de")
