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


@pytest.mark.parametrize(
    ("language", "script", "text", "spelled"),
    [
        ("ru", "Cyrl", "Privet, Zhenya Shchukin 2!", "Привет, Женя Щукин 2!"),
        ("el", "Grek", "kalimera", "καλιμερα"),
        ("gu", "Gujr", "gujarat", "ગુજરત"),
        ("hi", "Deva", "duniya", "दुनिया"),
        ("zh-Hant", "Hant", "nihao", "nihao"),
    ],
)
def test_latin_letters_become_those_of_the_language(
    emulator: Emulator, language: str, script: str, text: str, spelled: str
) -> None:
    (found,) = transliterate(emulator, text, language=language, from_script="Latn", to_script=script)
    assert (found.text, found.script) == (spelled, script)


def test_simplified_characters_become_traditional_and_back(emulator: Emulator) -> None:
    (there,) = transliterate(emulator, "这个国家", language="zh-Hans", from_script="Hans", to_script="Hant")
    (back,) = transliterate(emulator, there.text, language="zh-Hant", from_script="Hant", to_script="Hans")
    assert (there.text, back.text) == ("這個國家", "这个国家")


async def test_the_asynchronous_client_is_served(emulator: Emulator) -> None:
    async with clients.async_translator(emulator) as client:
        found = await client.transliterate(body=["Привет"], language="ru", from_script="Cyrl", to_script="Latn")
        known = await client.get_supported_languages()
    assert found[0].text == "Privet"
    assert known.translation["de"].name == "German"


@pytest.mark.parametrize(
    ("texts", "options", "code"),
    [
        (["x"], {"language": "en"}, 400080),
        (["x"], {"language": "xx"}, 400003),
        (["x"], {"from_script": "Grek"}, 400018),
        (["x"], {"to_script": "Thai"}, 400004),
        (["x"] * 11, {}, 400072),
        (["x" * 5001], {}, 400050),
        (["x" * 2501] * 2, {}, 400077),
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
        assert known.translation["es"].native_name == "Español"
        native, latin = known.transliteration["ru"].scripts
        assert (native.code, [one.code for one in native.to_scripts]) == ("Cyrl", ["Latn"])
        assert (latin.code, [one.code for one in latin.to_scripts]) == ("Latn", ["Cyrl"])
        assert known.models == known.translation["es"].models == ["gpt-4o", "gpt-4o-mini"]
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


@pytest.mark.parametrize("version", ["3.0", "2025-10-01-preview", "2026-06-06"])
def test_every_listed_transliteration_is_done(emulator: Emulator, version: str) -> None:
    headers = {"Ocp-Apim-Subscription-Key": emulator.key}
    known = requests.get(
        f"{emulator.endpoint}/languages?scope=transliteration", params={"api-version": version}, timeout=30
    ).json()["transliteration"]
    asked = [
        {"api-version": version, "language": code, "fromScript": script["code"], "toScript": target["code"]}
        for code, language in known.items()
        for script in language["scripts"]
        for target in script["toScripts"]
    ]
    assert len(asked) > 60
    body = [{"text": "abc"}] if version == "3.0" else {"inputs": [{"text": "abc"}]}
    with requests.Session() as session:
        for query in asked:
            answer = session.post(f"{emulator.endpoint}/transliterate", params=query, json=body, headers=headers)
            assert answer.status_code == 200, query
            found = answer.json() if version == "3.0" else answer.json()["value"]
            assert [one["script"] for one in found] == [query["toScript"]]


def test_every_listed_language_is_translated_into(emulator: Emulator) -> None:
    with clients.translator(emulator) as client:
        known = list(client.get_supported_languages().translation)
        answer = client.translate(body=["Good day"], to_language=known, from_language="en")
    assert [one.language for one in answer[0].translations] == known
