"""Azure AI Translator: the official clients work unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.ai.translation.text.models import TranslateInputItem, TranslationTarget
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from emulator import clients

if TYPE_CHECKING:
    from pgazure.emulator import Emulator


def post(server: Emulator, body: Any, path: str = "/translate", version: str = "2026-06-06") -> requests.Response:
    url = f"{server.endpoint}{path}?api-version={version}"
    return requests.post(url, json=body, headers={"Ocp-Apim-Subscription-Key": server.key}, timeout=30)


def test_results_stand_in_the_order_of_texts_and_targets(emulator: Emulator) -> None:
    with clients.translator(emulator) as client:
        first, second = client.translate(["This is a test.", "Guten Morgen"], to_language=["es", "zh-cn", "fr"])
    assert [one.language for one in first.translations] == ["es", "zh-Hans", "fr"]
    assert [one.text for one in second.translations] == [
        "[es] Guten Morgen",
        "[zh-Hans] Guten Morgen",
        "[fr] Guten Morgen",
    ]
    assert {one.source_characters for one in first.translations} == {15}
    assert (first.detected_language.language, second.detected_language.language) == ("en", "de")


async def test_the_asynchronous_client_gets_translations(emulator: Emulator) -> None:
    async with clients.async_translator(emulator) as client:
        (result,) = await client.translate(["Hello"], to_language=["it"], from_language="en")
    assert result.detected_language is None
    assert result.translations[0].text == "[it] Hello"


def test_numbers_placeholders_and_tags_come_through(emulator: Emulator) -> None:
    text = '<p class="a">Pay {amount} by 3:45 &amp; call <b translate="no">%s</b></p>'
    item = TranslateInputItem(text=text, text_type="Html", language="en", targets=[TranslationTarget(language="de")])
    with clients.translator(emulator) as client:
        (result,) = client.translate([item])
    assert result.translations[0].text == text.replace("Pay", "[de] Pay")


def test_a_text_in_the_target_language_stays_as_it_is(emulator: Emulator) -> None:
    with clients.translator(emulator) as client:
        (result,) = client.translate(["Das ist ein Test."], to_language=["de"])
    assert result.translations[0].text == "Das ist ein Test."


def test_characters_are_metered_for_each_target(emulator: Emulator) -> None:
    body = {"inputs": [{"text": "This is a test.", "targets": [{"language": code} for code in ("cs", "es", "de")]}]}
    answer = post(emulator, body)
    assert answer.headers["sourcecharacterscharged"] == "45"
    assert answer.headers["x-mt-system"] == "Microsoft"
    assert answer.headers["x-requestid"]


@pytest.mark.parametrize("path", ["/translate", "/translator/text/translate", "/translator/text/v2026-06-06/translate"])
def test_every_path_of_the_service_is_answered(emulator: Emulator, path: str) -> None:
    body = {"inputs": [{"text": "Hi", "targets": [{"language": "es"}]}]}
    answer = post(emulator, body, path)
    assert answer.status_code == 200
    assert ("apim-request-id" in answer.headers) == path.startswith("/translator")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], 400074),
        ({"inputs": []}, 400005),
        ({"inputs": [{"text": 3, "targets": [{"language": "es"}]}]}, 400005),
        ({"inputs": [{"text": "x"}]}, 400036),
        ({"inputs": [{"text": "x", "targets": [{"language": "klingonese"}]}]}, 400036),
        ({"inputs": [{"text": "x", "language": "qq", "targets": [{"language": "es"}]}]}, 400035),
        ({"inputs": [{"text": "x", "textType": "Rtf", "targets": [{"language": "es"}]}]}, 400071),
        ({"inputs": [{"text": "x" * 50_001, "targets": [{"language": "es"}]}]}, 400050),
        ({"inputs": [{"text": "x" * 25_001, "targets": [{"language": "es"}, {"language": "de"}]}]}, 400077),
        ({"inputs": [{"text": "x", "targets": [{"language": "es"}]}] * 1001}, 400072),
    ],
)
def test_errors_have_a_number_as_code(emulator: Emulator, body: Any, code: int) -> None:
    answer = post(emulator, body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.json()["error"]["code"] == code


def test_the_largest_request_is_answered(emulator: Emulator) -> None:
    body = {"inputs": [{"text": "x" * 25_000, "targets": [{"language": "es"}, {"language": "de"}]}]}
    assert post(emulator, body).status_code == 200
    assert post(emulator, {"inputs": [{"text": "x", "targets": [{"language": "es"}]}] * 1000}).status_code == 200


def test_an_unknown_version_of_the_api_is_refused(emulator: Emulator) -> None:
    body = {"inputs": [{"text": "Hi", "targets": [{"language": "es"}]}]}
    assert post(emulator, body, version="3.0").json()["error"]["code"] == 400021


def test_the_sdk_raises_what_it_raises_for_the_service(emulator: Emulator) -> None:
    with clients.translator(emulator) as client, pytest.raises(HttpResponseError) as refused:
        client.translate(["x"], to_language=["nonsense"])
    assert refused.value.error is not None
    assert str(refused.value.error.code) == "400036"
    with clients.translator(emulator, key="wrong") as client, pytest.raises(ClientAuthenticationError):
        client.translate(["x"], to_language=["es"])
