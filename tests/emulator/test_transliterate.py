"""Transliteration and the list of languages of Translator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.ai.translation.text import TextTranslationClient
from azure.core.exceptions import HttpResponseError

from emulator import clients

if TYPE_CHECKING:
    from pgazure.emulator import Emulator


def transliterate(server: Emulator, *texts: str, **options: str) -> Any:
    given = {"language": "ru", "from_script": "Cyrl", "to_script": "Latn"} | options
    with clients.translator(server) as client:
        return client.transliterate(body=list(texts), **given)


def test_texts_come_back_in_latin_letters(emulator: Emulator) -> None:
    found = transliterate(emulator, "Привет, мир", "да")
    assert [(one.text, one.script) for one in found] == [("Privet, mir", "Latn"), ("da", "Latn")]
    (hindi,) = transliterate(emulator, "यह एक कसौटी है", language="hi", from_script="Deva")
    (greek,) = transliterate(emulator, "Αθήνα", language="el", from_script="Grek")
    assert hindi.text.isascii()
    assert greek.text == "Athina"
    assert emulator.stats()["by_operation"]["Transliterate"]["items"] == 4


async def test_the_asynchronous_client_is_served(emulator: Emulator) -> None:
    async with clients.async_translator(emulator) as client:
        found = await client.transliterate(body=["Привет"], language="ru", from_script="Cyrl", to_script="Latn")
        known = await client.get_supported_languages()
    assert found[0].text == "Privet"
    assert known.translation["de"].name == "German"


@pytest.mark.parametrize(
    ("texts", "options", "code"),
    [
        (["x"], {"language": "en"}, 400003),
        (["x"], {"language": "xx"}, 400003),
        (["x"], {"from_script": "Grek"}, 400018),
        (["x"], {"to_script": "Thai"}, 400004),
        (["x"] * 11, {}, 400072),
        (["x" * 5001], {}, 400077),
    ],
)
def test_requests_that_are_not_valid_are_refused(
    emulator: Emulator, texts: list[str], options: dict[str, str], code: int
) -> None:
    with pytest.raises(HttpResponseError) as refused:
        transliterate(emulator, *texts, **options)
    assert refused.value.status_code == 400
    assert str(code) in str(refused.value.error or refused.value.message) or str(code) in refused.value.response.text()


def test_the_languages_are_listed_without_a_key(emulator: Emulator) -> None:
    with TextTranslationClient(endpoint=emulator.endpoint) as client:
        known = client.get_supported_languages()
        assert (known.translation["ar"].name, known.translation["ar"].dir) == ("Arabic", "rtl")
        assert known.translation["es"].native_name == "español"
        (script,) = known.transliteration["ru"].scripts
        assert (script.code, [one.code for one in script.to_scripts]) == ("Cyrl", ["Latn"])
        assert known.models == ["general"]
        part = client.get_supported_languages(scope="translation")
        assert part.transliteration is None
        named = client.get_supported_languages(accept_language="de")
        assert named.translation["es"].name == "Spanisch"


def test_the_list_can_be_asked_for_again_cheaply(emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/languages"
    query = {"api-version": "2026-06-06"}
    first = requests.get(url, params=query, timeout=30)
    again = requests.get(url, params=query, headers={"If-None-Match": first.headers["etag"]}, timeout=30)
    assert (again.status_code, again.text) == (304, "")
    assert requests.get(url, timeout=30).status_code == 400
    assert requests.get(url, params=query | {"scope": "dictionary"}, timeout=30).status_code == 400


def test_every_listed_language_is_translated_into(emulator: Emulator) -> None:
    with clients.translator(emulator) as client:
        known = list(client.get_supported_languages().translation)
        answer = client.translate(body=["Good day"], to_language=known, from_language="en")
    assert [one.language for one in answer[0].translations] == known
