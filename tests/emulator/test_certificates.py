"""TLS with an authority of this machine's own, and the variables that make clients trust it."""

from __future__ import annotations

import os
import ssl
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pgazure.emulator import certificates
from pgazure.emulator.certificates import open_authority

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator

# What a program looks like that knows nothing of the emulator: it reads its environment, and signs in with Entra ID.
PROGRAM = """
import asyncio, os
from azure.ai.textanalytics import TextAnalyticsClient
from azure.ai.textanalytics.aio import TextAnalyticsClient as AsyncTextAnalyticsClient
from azure.ai.translation.text import TextTranslationClient
from azure.ai.translation.text.aio import TextTranslationClient as AsyncTextTranslationClient
from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from azure.identity.aio import DefaultAzureCredential as AsyncCredential
from azure.identity.aio import get_bearer_token_provider as async_token_provider
from openai import AsyncAzureOpenAI, AzureOpenAI

SCOPE = "https://cognitiveservices.azure.com/.default"
language, translator = os.environ["AZURE_LANGUAGE_ENDPOINT"], os.environ["AZURE_TEXT_TRANSLATION_ENDPOINT"]
AUDIENCE = {"region": "local", "resource_id": "/subscriptions/x"}


def run():
    with DefaultAzureCredential() as credential:
        with TextAnalyticsClient(language, credential) as client:
            print(client.detect_language(["Guten Morgen, wie geht es dir?"])[0].primary_language.iso6391_name)
        with TextTranslationClient(endpoint=translator, credential=credential) as client:
            print(client.translate(["Hello"], to_language=["de"])[0].translations[0].text)
        with AzureOpenAI(azure_ad_token_provider=get_bearer_token_provider(credential, SCOPE)) as client:
            print(len(client.embeddings.create(model="text-embedding-3-small", input="x").data[0].embedding))


async def run_async():
    async with AsyncCredential() as credential:
        async with AsyncTextAnalyticsClient(language, credential) as client:
            print((await client.detect_language(["Guten Morgen, wie geht es dir?"]))[0].primary_language.iso6391_name)
        async with AsyncTextTranslationClient(endpoint=translator, credential=credential) as client:
            print((await client.translate(["Hello"], to_language=["de"]))[0].translations[0].text)
        provider = async_token_provider(credential, SCOPE)
        async with AsyncAzureOpenAI(azure_ad_token_provider=provider) as client:
            made = await client.embeddings.create(model="text-embedding-3-small", input="x")
            print(len(made.data[0].embedding))


run()
asyncio.run(run_async())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates") / "emulator"


@pytest.fixture
def secure(make_emulator: MakeEmulator, folder: Path) -> Emulator:
    return make_emulator(https=True, certificates=folder)


def bare_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """An environment with these variables, and without any that names a key."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "OPENAI_"))}
    return {**kept, **{name: value for name, value in variables.items() if not name.endswith("KEY")}}


def test_programs_with_the_default_credential_run_unchanged(secure: Emulator) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=bare_environment(secure.environment()),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.split("\n")[:-1] == ["de", "[de] Hello", "1536"] * 2, done.stderr
    listed = [one for one in secure.requests() if one["service"] != "Identity"]
    assert len(listed) == 6
    assert all(one["status"] == 200 and one["headers"]["authorization"] == "***" for one in listed)


def test_whoever_does_not_trust_the_authority_gets_no_answer(secure: Emulator) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{secure.endpoint}/__health", timeout=30)
    bundle = secure.environment()["REQUESTS_CA_BUNDLE"]
    for endpoint in (secure.endpoint, secure.endpoint.replace("127.0.0.1", "localhost")):
        assert requests.get(f"{endpoint}/__health", timeout=30, verify=bundle).status_code == 200
    authority = secure.environment()["NODE_EXTRA_CA_CERTS"]
    assert requests.get(f"{secure.endpoint}/__health", timeout=30, verify=authority).status_code == 200


def test_the_bundle_trusts_what_the_system_trusts_and_never_itself(folder: Path, monkeypatch: Any) -> None:
    own = open_authority(folder)
    before = own.bundle.read_bytes()
    known = ssl.create_default_context(cafile=str(own.bundle)).get_ca_certs()
    assert len(known) > 10
    # A shell in which the variables of an earlier start are set.
    monkeypatch.setenv("SSL_CERT_FILE", str(own.bundle))
    assert open_authority(folder).bundle.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_nobody_else_may_look_into_the_folder(folder: Path) -> None:
    open_authority(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.glob("*.pem")} == {0o600}


def test_the_authority_stays_the_same_and_no_server_key_stays(folder: Path) -> None:
    first, again = open_authority(folder), open_authority(folder)
    assert first.certificate == again.certificate
    first.make_context("127.0.0.1")
    assert sorted(file.name for file in folder.glob("*.pem")) == ["bundle.pem", "ca-key.pem", "ca.pem"]


def test_an_authority_is_renewed_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "LIFE", timedelta(days=100))
    old = open_authority(tmp_path)
    monkeypatch.undo()
    new = open_authority(tmp_path)
    assert new.certificate.not_valid_after_utc > old.certificate.not_valid_after_utc + timedelta(days=3_000)
    assert open_authority(tmp_path).certificate == new.certificate


def test_processes_that_start_at_once_share_one_authority(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from pgazure.emulator.certificates import open_authority; "
        "print(open_authority(Path(sys.argv[1])).certificate.serial_number)"
    )

    def start(_: int) -> str:
        command = [sys.executable, "-c", script, str(tmp_path / "new")]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(start, range(3)))) == 1


def test_a_spoiled_authority_is_named_and_what_to_do(tmp_path: Path) -> None:
    open_authority(tmp_path)
    (tmp_path / "ca-key.pem").write_text("nonsense")
    with pytest.raises(ValueError, match=r"ca-key\.pem is no certificate authority: delete the folder"):
        open_authority(tmp_path)


def test_a_connection_can_be_reset_and_cut_under_tls_too(secure: Emulator) -> None:
    bundle = secure.environment()["REQUESTS_CA_BUNDLE"]
    secure.order("reset nth=1", "half_body nth=2")
    headers = {"api-key": secure.key}
    for _ in range(2):
        with pytest.raises(requests.RequestException):
            requests.post(f"{secure.endpoint}/score", json=[1, 2], headers=headers, timeout=30, verify=bundle)
    assert requests.post(f"{secure.endpoint}/score", json=[1], headers=headers, timeout=30, verify=bundle).ok
