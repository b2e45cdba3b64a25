"""Translator 3.0: translation with all its options, languages of texts, sentences, and the dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pgazure.emulator import Emulator


def post(server: Emulator, path: str, body: Any, **query: Any) -> requests.Response:
    headers = {"Ocp-Apim-Subscription-Key": server.key}
    return requests.post(
        f"{server.endpoint}/{path}", params={"api-version": "3.0"} | query, json=body, headers=headers, timeout=30
    )


def translate(server: Emulator, text: str, **query: Any) -> Any:
    answer = post(server, "translate", [{"Text": text}], **query)
    assert answer.status_code == 200, answer.text
    return answer.json()[0]


def test_results_stand_in_the_order_of_texts_and_targets(emulator: Emulator) -> None:
    answer = post(emulator, "translate", [{"text": "This is a test."}, {"text": "Guten Morgen"}], to=["cs", "zh-cn"])
    first, second = answer.json()
    assert first == {
        "detectedLanguage": {"language": "en", "score": 1.0},
        "translations": [
            {"text": "[cs] This is a test.", "to": "cs"},
            {"text": "[zh-Hans] This is a test.", "to": "zh-Hans"},
        ],
    }
    assert second["detectedLanguage"]["language"] == "de"
    assert answer.headers["X-Metered-Usage"] == "54"
    assert answer.headers["X-MT-System"] == "Microsoft,Microsoft,Microsoft,Microsoft"
    assert emulator.stats()["by_operation"]["Translate"]["items"] == 4


def test_options_are_the_same_in_any_case(emulator: Emulator) -> None:
    found = translate(emulator, "<b>damn</b>", TO="ES", FROM="EN", texttype="HTML", PROFANITYACTION="marked")
    assert found == {"translations": [{"text": "<b>[es] ***</b>", "to": "es"}]}


@pytest.mark.parametrize(
    ("source", "target", "aligned"),
    [
        ("en", "fr", True),
        ("fr", "en", True),
        ("ja", "ko", True),
        ("zh-Hans", "zh-Hant", True),
        ("fr", "de", False),
        ("en", "zh-Hant", False),
        ("en", "sr-Cyrl", False),
    ],
)
def test_alignment_is_told_for_the_pairs_that_have_it(
    emulator: Emulator, source: str, target: str, aligned: bool
) -> None:
    query = {"from": source, "to": target, "includeAlignment": "true"}
    (found,) = translate(emulator, "The answer.", **query)["translations"]
    size = len(f"[{target}] ")
    words = [(0, 2), (4, 9), (10, 10)]
    expected = " ".join(f"{a}:{b}-{a + size}:{b + size}" for a, b in words) if aligned else ""
    assert found["alignment"] == {"proj": expected}


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("<b>Some</b> text", {"textType": "html"}),
        ('A <mstrans:dictionary translation="b">a</mstrans:dictionary>', {}),
    ],
)
def test_alignment_is_empty_where_markup_has_a_say(emulator: Emulator, text: str, query: dict[str, str]) -> None:
    found = translate(emulator, text, **query, **{"from": "en"}, to="fr", includeAlignment="true")
    assert found["translations"][0]["alignment"] == {"proj": ""}


def cut(text: str, start: int, end: int) -> str:
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


TEXTS = st.text(
    st.sampled_from("ab damn. !?\n\t<>/\"'=é😀漢") | st.characters(exclude_categories=["Cs"]), max_size=60
) | st.lists(
    st.sampled_from(
        ["Hello.", " ", "damn", "😀", "<b>", "</b>", "\n\n", "Is it?", "<i translate=no>", "漢字。", "</i>"]
    ),
    max_size=12,
).map("".join)


@settings(max_examples=80, deadline=None)
@given(
    text=TEXTS,
    html=st.sampled_from(["plain", "html"]),
    action=st.sampled_from(["NoAction", "Marked", "Deleted"]),
    marker=st.sampled_from(["Asterisk", "Tag"]),
)
def test_alignment_and_lengths_fit_both_texts(
    emulator_server: Emulator, text: str, html: str, action: str, marker: str
) -> None:
    options = {"textType": html, "profanityAction": action, "profanityMarker": marker}
    shown = {"includeAlignment": "true", "includeSentenceLength": "true"}
    found = translate(emulator_server, text, **options, **shown, **{"from": "en"}, to="de")["translations"][0]
    became = found["text"]
    lengths = found["sentLen"]
    assert len(lengths["srcSentLen"]) == len(lengths["transSentLen"])
    assert sum(lengths["srcSentLen"]) == len(text.encode("utf-16-le")) // 2
    assert sum(lengths["transSentLen"]) == len(became.encode("utf-16-le")) // 2
    for word in found["alignment"]["proj"].split():
        one, other = ([int(place) for place in side.split(":")] for side in word.split("-"))
        source, target = cut(text, one[0], one[1] + 1), cut(became, other[0], other[1] + 1)
        assert source
        assert target in {source, "***", f"<profanity>{source}</profanity>"}


def test_sentences_of_a_translation_answer_those_of_the_text(emulator: Emulator) -> None:
    text = "The answer lies here. Does it? 😀 Yes."
    query = {"from": "en", "to": "fr", "includeSentenceLength": "true"}
    (found,) = translate(emulator, text, **query)["translations"]
    assert found["sentLen"] == {"srcSentLen": [22, 9, 7], "transSentLen": [27, 9, 7]}


def test_a_text_in_other_letters_is_shown_in_its_own(emulator: Emulator) -> None:
    query = {"from": "ru", "fromScript": "Latn", "to": "el", "toScript": "Latn"}
    assert translate(emulator, "privet", **query) == {
        "sourceText": {"text": "привет"},
        "translations": [
            {"text": "[el] привет", "transliteration": {"text": "[el] privet", "script": "Latn"}, "to": "el"}
        ],
    }


def test_letters_that_are_usual_are_no_transliteration(emulator: Emulator) -> None:
    found = translate(emulator, "Hi", **{"from": "en", "fromScript": "Latn", "to": "es", "toScript": "Latn"})
    assert found == {"translations": [{"text": "[es] Hi", "to": "es"}]}


def test_a_language_is_suggested_where_none_can_be_detected(emulator: Emulator) -> None:
    found = translate(emulator, "12345", suggestedFrom="fr", to="fr")
    assert found["detectedLanguage"] == {"language": "fr", "score": 0.0}
    assert (
        translate(emulator, "Guten Morgen zusammen", suggestedFrom="fr", to="fr")["detectedLanguage"]["language"]
        == "de"
    )
    assert translate(emulator, "12345", to="fr")["detectedLanguage"] == {"language": "en", "score": 0.0}


def test_a_custom_system_falls_back_or_is_refused(emulator: Emulator) -> None:
    assert translate(emulator, "Hi", to="es", category="my-system")["translations"]
    refused = post(emulator, "translate", [{"text": "Hi"}], to="es", category="my-system", allowFallback="false")
    assert refused.json()["error"]["code"] == 400079


@pytest.mark.parametrize(
    ("path", "body", "query", "code"),
    [
        ("translate", [{"text": "x"}], {}, 400036),
        ("translate", [{"text": "x"}], {"to": "auto"}, 400036),
        ("translate", [{"text": "x"}], {"to": "es", "from": "auto"}, 400035),
        ("translate", [{"text": "x"}], {"to": ["es", "de"], "toScript": "Latn"}, 400070),
        ("translate", [{"text": "x"}], {"to": "es", "textType": "rtf"}, 400071),
        ("translate", [{"text": "x"}], {"to": "es", "includeAlignment": "perhaps"}, 400042),
        ("translate", [{"text": "x"}], {"to": "es", "profanityAction": "Shout"}, 400042),
        ("translate", {"inputs": [{"text": "x"}]}, {"to": "es"}, 400074),
        ("translate", [], {"to": "es"}, 400005),
        ("translate", [{"text": "x"}] * 1001, {"to": "es"}, 400072),
        ("translate", [{"text": "x" * 50_001}], {"to": "es"}, 400050),
        ("translate", [{"text": "x" * 25_001}], {"to": ["es", "de"]}, 400077),
        ("transliterate", [{"text": "x"}], {"language": "ru", "fromScript": "Latn", "toScript": "Grek"}, 400004),
        ("detect", [{"text": "x"}] * 101, {}, 400072),
        ("detect", [{"text": "x" * 25_001}] * 2, {}, 400077),
        ("breaksentence", [{"text": "x"}], {"language": "xx"}, 400003),
        ("breaksentence", [{"text": "x"}], {"script": "Latn"}, 400006),
        ("breaksentence", [{"text": "x"}], {"language": "ru", "script": "Thai"}, 400073),
        ("dictionary/lookup", [{"text": "x"}], {"to": "es"}, 400035),
        ("dictionary/lookup", [{"text": "x"}], {"from": "en"}, 400036),
        ("dictionary/lookup", [{"text": "x"}], {"from": "fr", "to": "es"}, 400023),
        ("dictionary/lookup", [{"text": "x" * 101}], {"from": "en", "to": "es"}, 400050),
        ("dictionary/lookup", [{"text": "x"}] * 11, {"from": "en", "to": "es"}, 400072),
        ("dictionary/examples", [{"text": "x"}], {"from": "en", "to": "es"}, 400064),
        ("detect", [{"text": "x"}], {"api-version": "2026-06-06"}, 400021),
        ("dictionary/lookup", [{"text": "x"}], {"api-version": ""}, 400021),
    ],
)
def test_errors_have_a_number_as_code(
    emulator: Emulator, path: str, body: Any, query: dict[str, Any], code: int
) -> None:
    answer = post(emulator, path, body, **query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert answer.json()["error"]["message"]
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "X-RequestId" in answer.headers


def test_a_body_that_does_not_call_itself_json_is_refused(emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/translate?api-version=3.0&to=es"
    headers = {"Ocp-Apim-Subscription-Key": emulator.key, "Content-Type": "text/plain"}
    answer = requests.post(url, data="[]", headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, 415000)


def test_half_a_character_is_no_json(emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/translate?api-version=3.0&to=es"
    headers = {"Ocp-Apim-Subscription-Key": emulator.key, "Content-Type": "application/json"}
    answer = requests.post(url, data=rb'[{"text":"\ud83d"}]', headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 400074)


NONSENSE = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just([]) | st.just({})
CODES = st.sampled_from(["en", "es", "ru", "zh-Hant", "xx", ""])
SCRIPTS = st.sampled_from(["Latn", "cyrl", "Hans", "Thai", ""])
NAMES = {
    "text": st.text(max_size=8),
    "translation": st.text(max_size=4),
    "language": CODES,
    "script": SCRIPTS,
    "textType": st.sampled_from(["plain", "HTML"]),
    "profanityAction": st.sampled_from(["Marked", "deleted"]),
    "deploymentName": st.sampled_from(["general", "gpt-4o"]),
    "tone": st.just("formal"),
    "referenceTextPairs": st.just([{"source": "a", "target": "b"}]),
}
MEMBERS = st.fixed_dictionaries({}, optional={name: values | NONSENSE for name, values in NAMES.items()})
ELEMENTS = st.builds(
    lambda one, targets: {**one, "targets": targets}, MEMBERS, st.lists(MEMBERS | NONSENSE, max_size=2)
)
QUERIES = st.fixed_dictionaries(
    {"api-version": st.sampled_from(["3.0", "2026-06-06"])},
    optional={
        "to": st.lists(CODES, max_size=2),
        "from": CODES,
        "language": CODES,
        "fromScript": SCRIPTS,
        "toScript": SCRIPTS,
        "script": SCRIPTS,
        "includeAlignment": st.sampled_from(["true", "no"]),
        "includeSentenceLength": st.just("TRUE"),
        "suggestedFrom": CODES,
    },
)
PATHS = ["translate", "transliterate", "detect", "breaksentence", "dictionary/lookup", "dictionary/examples"]


@settings(max_examples=100, deadline=None)
@given(path=st.sampled_from(PATHS), elements=st.lists(ELEMENTS | NONSENSE, max_size=3), query=QUERIES)
def test_whatever_is_sent_is_answered_or_refused(
    emulator_server: Emulator, path: str, elements: list[Any], query: dict[str, Any]
) -> None:
    body = elements if query["api-version"] == "3.0" else {"inputs": elements}
    answer = post(emulator_server, path, body, **query)
    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        found = answer.json() if query["api-version"] == "3.0" else answer.json()["value"]
        assert len(found) == len(elements)
    else:
        assert 400_000 < answer.json()["error"]["code"] < 401_000


def test_the_language_of_a_text_comes_with_the_others_it_may_be(emulator: Emulator) -> None:
    texts = [
        "Ich würde wirklich gern Ihr Auto fahren.",
        "Это просто тест.",
        "This is the room. Das ist nicht das Zimmer.",
    ]
    german, russian, mixed = post(emulator, "detect", [{"text": text} for text in texts]).json()
    assert german == {
        "language": "de",
        "score": 1.0,
        "isTranslationSupported": True,
        "isTransliterationSupported": False,
    }
    assert (russian["language"], russian["isTransliterationSupported"]) == ("ru", True)
    (other,) = mixed["alternatives"]
    assert {mixed["language"], other["language"]} == {"de", "en"}
    assert 0 < other["score"] < 1
    assert list(other) == list(german)


def test_sentences_sum_to_the_text(emulator: Emulator) -> None:
    texts = ["How are you? I am fine. What did you do today?", "😀 Ja. Nein."]
    first, second = post(emulator, "breaksentence", [{"text": text} for text in texts]).json()
    assert first == {"detectedLanguage": {"language": "en", "score": 1.0}, "sentLen": [13, 11, 22]}
    assert sum(second["sentLen"]) == 12
    (told,) = post(emulator, "breaksentence", [{"text": texts[0]}], language="en", script="Latn").json()
    assert told == {"sentLen": [13, 11, 22]}


def test_a_word_has_its_meanings_and_they_lead_back(emulator: Emulator) -> None:
    answer = post(emulator, "dictionary/lookup", [{"text": "Fly"}, {"text": "qwerty"}], **{"from": "en", "to": "es"})
    found, unknown = answer.json()
    assert answer.headers["X-Metered-Usage"] == "9"
    assert unknown == {"normalizedSource": "qwerty", "displaySource": "qwerty", "translations": []}
    assert (found["normalizedSource"], found["displaySource"]) == ("fly", "Fly")
    meanings = found["translations"]
    assert [(one["displayTarget"], one["posTag"]) for one in meanings] == [
        ("volar", "VERB"),
        ("mosca", "NOUN"),
        ("pilotar", "VERB"),
    ]
    assert sum(one["confidence"] for one in meanings) == pytest.approx(1, abs=1e-3)
    assert all("fly" in [back["normalizedText"] for back in one["backTranslations"]] for one in meanings)


def test_every_meaning_has_the_examples_that_are_promised(emulator: Emulator) -> None:
    listed = requests.get(f"{emulator.endpoint}/languages?api-version=3.0&scope=dictionary", timeout=30).json()
    targets = {code: [other["code"] for other in one["translations"]] for code, one in listed["dictionary"].items()}
    assert targets["de"] == ["en"]
    assert len(targets["en"]) == len(targets) - 1
    for target in targets["en"]:
        pair = {"from": "en", "to": target}
        (found,) = post(emulator, "dictionary/lookup", [{"text": "book"}], **pair).json()
        for meaning in found["translations"]:
            asked = [{"text": "book", "translation": meaning["displayTarget"]}]
            (shown,) = post(emulator, "dictionary/examples", asked, **pair).json()
            (promised,) = [one for one in meaning["backTranslations"] if one["normalizedText"] == "book"]
            assert len(shown["examples"]) == promised["numExamples"] > 0
            for one in shown["examples"]:
                assert one["sourcePrefix"] + one["sourceTerm"] + one["sourceSuffix"] != one["targetPrefix"]
                assert (one["sourceTerm"], one["targetTerm"]) == ("book", meaning["displayTarget"])


def test_words_that_do_not_belong_together_have_no_examples(emulator: Emulator) -> None:
    asked = [{"text": "beef", "translation": "volar"}]
    answer = post(emulator, "dictionary/examples", asked, **{"from": "en", "to": "es"})
    assert answer.json() == [{"normalizedSource": "beef", "normalizedTarget": "volar", "examples": []}]
    assert answer.headers["X-Metered-Usage"] == "9"


def test_the_list_of_languages_is_that_of_the_version(emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/languages"
    first = requests.get(url, params={"api-version": "3.0"}, timeout=30)
    assert list(first.json()) == ["translation", "transliteration", "dictionary"]
    assert list(first.json()["translation"]["es"]) == ["name", "nativeName", "dir"]
    assert first.headers["Content-Type"] == "application/json"
    later = requests.get(url, params={"api-version": "2026-06-06"}, timeout=30)
    assert list(later.json()) == ["translation", "transliteration", "models"]
    assert later.headers["Content-Type"] == "application/json; charset=utf-8"
    for query in ({"scope": "models"}, {"scope": "translation,nonsense"}):
        refused = requests.get(url, params={"api-version": "3.0"} | query, timeout=30)
        assert refused.json()["error"]["code"] == 400001
