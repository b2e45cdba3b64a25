"""Entra ID tokens: asked for once, renewed in time, for the right cloud, never sent in clear text."""

from __future__ import annotations

import asyncio
import pickle
import time
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo

from pgazure.client import AsyncClient
from pgazure.errors import AuthenticationError, ConfigurationError
from pgazure.services.auth import Identity, TokenCache, find_cloud

if TYPE_CHECKING:
    from fix_emulator import MakeEmulator
    from fix_faults import FaultServer

PUBLIC = "https://cognitiveservices.azure.com/.default"
SECRET = "a-token-that-must-stay-secret"


class Issuer:
    """A credential that numbers its tokens; each lives as long as it is told."""

    def __init__(self, *, lives: float = 3600, waits: asyncio.Event | None = None) -> None:
        self.lives = lives
        self.waits = waits
        self.asked: list[tuple[tuple[str, ...], dict[str, Any]]] = []
        self.fails = False

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.asked.append((scopes, options))
        if self.waits is not None:
            await self.waits.wait()
        if self.fails:
            msg = "no token today"
            raise ConnectionError(msg)
        return AccessToken(f"{SECRET}-{len(self.asked)}", int(time.time() + self.lives))

    async def close(self) -> None:
        pass


class BlockingIssuer:
    def __init__(self) -> None:
        self.asked = 0

    def get_token(self, *_scopes: str, **_: Any) -> AccessToken:
        self.asked += 1
        time.sleep(0.02)  # as a round trip does, in a thread
        return AccessToken(SECRET, int(time.time()) + 3600)


@pytest.mark.parametrize("kind", [Issuer, BlockingIssuer])
async def test_a_hundred_calls_of_every_service_ask_for_one_token(make_emulator: MakeEmulator, kind: Any) -> None:
    emulator = make_emulator(accept_any_token=True)
    credential = kind()
    where = {f"{service}_endpoint": emulator.endpoint for service in ("language", "translator", "openai")}
    async with AsyncClient(credential=credential, **where) as client:
        calls = [
            *(client.azure_cognitive.detect_language("hello") for _ in range(40)),
            *(client.azure_openai.create_embeddings("d", "hello") for _ in range(40)),
            *(client.azure_cognitive.translate("hello", "de") for _ in range(20)),
        ]
        await asyncio.gather(*calls)
    assert (credential.asked if kind is BlockingIssuer else len(credential.asked)) == 1


async def test_a_token_about_to_end_is_renewed_once_for_all_who_wait() -> None:
    arrived = asyncio.Event()
    credential = Issuer(lives=1, waits=arrived)
    cache = TokenCache(credential)
    waiting = [asyncio.create_task(cache.get_token(PUBLIC)) for _ in range(100)]
    await asyncio.sleep(0)
    arrived.set()
    tokens = {token.token for token in await asyncio.gather(*waiting)}
    assert tokens == {f"{SECRET}-1"}
    credential.lives = -1
    cache = TokenCache(credential)
    # What has ended already is not handed out a second time.
    assert (await cache.get_token(PUBLIC)).token != (await cache.get_token(PUBLIC)).token


@pytest.mark.parametrize(("lives", "asked"), [(3600, 1), (301, 1), (100, 1), (0, 3)])
async def test_a_token_is_kept_until_shortly_before_its_end(lives: float, asked: int) -> None:
    credential = Issuer(lives=lives)
    cache = TokenCache(credential)
    for _ in range(3):
        await cache.get_token(PUBLIC)
    assert len(credential.asked) == asked


async def test_the_issuers_own_time_to_renew_is_honoured() -> None:
    class Hasty(Issuer):
        async def get_token(self, *scopes: str, **options: Any) -> Any:
            token = await super().get_token(*scopes, **options)
            return AccessTokenInfo(token.token, token.expires_on, refresh_on=int(time.time()) - 1)

    credential = Hasty()
    cache = TokenCache(credential)
    first = await cache.get_token(PUBLIC)
    second = await cache.get_token(PUBLIC)
    assert first.token != second.token
    credential.fails = True
    # A token that could not be renewed and still holds is used further.
    assert (await cache.get_token(PUBLIC)).token == second.token


async def test_a_failed_renewal_of_a_token_that_has_ended_is_an_error_and_is_tried_again() -> None:
    credential = Issuer(lives=-1)
    cache = TokenCache(credential)
    await cache.get_token(PUBLIC)
    credential.fails = True
    with pytest.raises(ConnectionError):
        await cache.get_token(PUBLIC)
    credential.fails = False
    assert (await cache.get_token(PUBLIC)).token == f"{SECRET}-3"


async def test_tokens_of_different_scopes_and_tenants_are_different() -> None:
    credential = Issuer()
    cache = TokenCache(credential)
    for scope, options in ((PUBLIC, {}), ("https://ml.azure.com/.default", {}), (PUBLIC, {"tenant_id": "t"})):
        await cache.get_token(scope, **options)
        await cache.get_token(scope, **options)
    assert len(credential.asked) == 3
    await cache.get_token(PUBLIC, claims="c")
    await cache.get_token(PUBLIC, claims="c")
    assert len(credential.asked) == 5


@pytest.mark.parametrize(
    ("endpoint", "scope", "authority"),
    [
        ("https://name.openai.azure.com", PUBLIC, None),
        ("https://name.cognitiveservices.azure.com", PUBLIC, None),
        ("https://name.services.ai.azure.com", PUBLIC, None),
        ("https://name.openai.azure.us", "https://cognitiveservices.azure.us/.default", "login.microsoftonline.us"),
        (
            "https://api.cognitive.microsofttranslator.us",
            "https://cognitiveservices.azure.us/.default",
            "login.microsoftonline.us",
        ),
        (
            "https://name.cognitiveservices.azure.cn:443/x",
            "https://cognitiveservices.azure.cn/.default",
            "login.chinacloudapi.cn",
        ),
        ("https://us.example.com", PUBLIC, None),
    ],
)
def test_each_cloud_has_its_scope_and_its_entra_id(endpoint: str, scope: str, authority: str | None) -> None:
    assert (find_cloud(endpoint).scope, find_cloud(endpoint).authority) == (scope, authority)
    assert Identity().scope(endpoint) == scope
    assert Identity(scope="https://ai.azure.com/.default").scope(endpoint) == "https://ai.azure.com/.default"


async def test_the_default_credential_is_one_for_each_cloud() -> None:
    identity = Identity()
    public, other = identity.open("https://a.openai.azure.com"), identity.open("https://a.openai.azure.us")
    assert public is identity.open("https://b.cognitiveservices.azure.com")
    assert public is not other
    await identity.close()


async def test_a_credential_of_the_callers_serves_every_cloud() -> None:
    identity = Identity(Issuer())
    assert identity.open("https://a.openai.azure.us") is identity.open("https://a.openai.azure.com")


async def test_the_scope_that_is_asked_for_is_the_clients(make_emulator: MakeEmulator) -> None:
    emulator = make_emulator(accept_any_token=True)
    credential = Issuer()
    scope = "https://ai.azure.com/.default"
    where = {f"{service}_endpoint": emulator.endpoint for service in ("language", "translator", "openai")}
    async with AsyncClient(credential=credential, scope=scope, **where) as client:
        await client.azure_openai.create_embeddings("d", "hello")
        await client.azure_cognitive.detect_language("hello")
        await client.azure_cognitive.translate("hello", "de")
    assert [scopes for scopes, _ in credential.asked] == [(scope,)]
    for wrong in ("ai.azure.com", 5, ""):
        with pytest.raises(ConfigurationError, match="scope must be"):
            AsyncClient(scope=wrong, **where)  # type: ignore[arg-type]


@pytest.mark.parametrize("service", ["language", "translator", "openai", "ml", "rerank"])
async def test_a_token_never_goes_over_http_to_another_machine(service: str) -> None:
    credential = Issuer()
    where: dict[str, Any] = {f"{service}_endpoint": "http://elsewhere.example"}
    methods: dict[str, Any] = {
        "language": lambda client: client.azure_cognitive.detect_language("a"),
        "translator": lambda client: client.azure_cognitive.translate("a", "de"),
        "openai": lambda client: client.azure_openai.create_embeddings("d", "a"),
        "ml": lambda client: client.azure_ml.invoke({}),
        "rerank": lambda client: client.azure_ai.rank("a", ["b"]),
    }
    async with AsyncClient(credential=credential, **where) as client:
        with pytest.raises(ConfigurationError, match="https://"):
            await methods[service](client)
    assert not credential.asked


async def test_a_token_that_is_refused_is_shown_nowhere(faults: FaultServer) -> None:
    from fix_faults import Status

    faults.posts.append(Status(401, body={"error": {"code": "401", "message": f"bad token {SECRET}-1"}}))
    async with AsyncClient(credential=Issuer(), language_endpoint=faults.endpoint) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.azure_cognitive.detect_language("a")
        assert SECRET in faults.sent[0].headers["Authorization"]
        assert SECRET not in f"{caught.value!r} {vars(caught.value)} {client!r} {vars(client)}"
        assert SECRET.encode() not in pickle.dumps(caught.value)
