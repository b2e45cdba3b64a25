"""Recorded exchanges with Translator, and requests of its SDKs: the emulator's answers have the same shape.

Answers of the service are in the folder of recordings, of version 3.0 and of the preview that became 2026-06-06. The
folder of requests on the wire holds what the SDKs send; its answers were made by a stand-in, so of its headers and of
what it made up nothing can be told.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from emulator.shapes import Comparison, Exchange, compare, compare_headers, find_folder, read_exchanges, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator import Emulator

RECORDINGS, WIRE = find_folder("PGAZURE_RECORDINGS"), find_folder("PGAZURE_WIRE")
# Lists whose length depends on the dictionary.
FILLED = ("translations", "backTranslations", "examples", "models", "scripts", "toScripts")
DETERMINED = ("language", "to", "script", "sourceCharacters", "normalizedSource", "displaySource", "normalizedTarget")
TELLING = ("x-metered", "x-mt", "sourcechar", "strict", "access-control", "x-content")
FIRST_ID = re.compile(r"[A-Z]{4}\.\w{4}\.\w{4}\.\d{4}T\d{4}\.\w{7}")
LATER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.\w{4}\.\d{4}T\d{4}")

ACCEPTED: dict[str, tuple[int, str]] = {}
"""Differences from the recordings: how many exchanges show each, and why that is so."""
ACCEPTED_ON_WIRE: dict[str, tuple[int, str]] = {
    "$.transliteration.be.nativeName is 'Беларуская', not 'беларуская'": (
        4,
        "recorded names of languages begin with a capital letter; the stand-in's does not",
    ),
    "$.transliteration.zh-Hans.nativeName is '中文 (简体)', not '中文'": (
        4,
        "the stand-in names the language in two ways; this is the recorded one",
    ),
    "$.value[].translations[].sourceCharacters is missing": (
        1,
        "recorded translations by a language model count tokens and no characters; the stand-in counts both",
    ),
    "$[] has its keys in another order": (
        1,
        "the recorded order has detectedLanguage first, the stand-in's has it last",
    ),
    "$[].sourceText is missing": (
        1,
        "the text is in the usual script of its language; the stand-in adds it all the same",
    ),
    "$[].translations[].transliteration is missing": (
        1,
        "Spanish in Latin letters is no transliteration; the stand-in adds it all the same",
    ),
}
"""Differences from the stand-in's answers."""


def list_exchanges(folder: Path | None, pattern: str) -> list[Exchange]:
    paths = sorted((folder or Path()).glob(pattern)) if folder else []
    return [exchange for path in paths for exchange in read_exchanges(path)]


def differ(emulator: Emulator, exchange: Exchange, *, recorded: bool) -> Iterator[str]:
    answer = send(emulator.endpoint, emulator.key, exchange)
    if answer.status_code != exchange.status:
        yield f"status is {answer.status_code}, not {exchange.status}"
        return
    given = answer.json()
    filled = [name for name in FILLED if name != "translations" or "dictionary" in exchange.path]
    if exchange.path.endswith("/languages"):
        yield from compare_languages(given, exchange.answer)
    else:
        yield from compare(given, exchange.answer, filled=filled)
    yield from compare_values(given, exchange.answer)
    yield from check_places(exchange, given)
    if recorded:
        yield from compare_headers(answer.headers, exchange.headers)
        yield from compare_header_values(dict(answer.headers), exchange.headers)


def compare_languages(given: dict[str, Any], recorded: dict[str, Any]) -> Iterator[str]:
    """Compare the scopes, and the languages that both sides know."""
    if list(given) != list(recorded):
        yield f"scopes are {list(given)}, not {list(recorded)}"
    for scope in given.keys() & recorded.keys():
        one, other = given[scope], recorded[scope]
        if isinstance(other, list):
            yield from compare(one, other, filled=FILLED, path=f"$.{scope}")
            continue
        for code in one.keys() & other.keys():
            yield from compare(one[code], other[code], filled=FILLED, path=f"$.{scope}.*")
            for name in ("name", "nativeName", "dir"):
                if name in other[code] and one[code].get(name) != other[code][name]:
                    yield f"$.{scope}.{code}.{name} is {one[code].get(name)!r}, not {other[code][name]!r}"


def compare_values(given: Any, recorded: Any, path: str = "$") -> Iterator[str]:
    """Compare what the request alone determines; not what a dictionary, a list of languages or a model holds."""
    if isinstance(given, list) and isinstance(recorded, list):
        for one, other in zip(given, recorded, strict=False):
            yield from compare_values(one, other, f"{path}[]")
    elif isinstance(given, dict) and isinstance(recorded, dict):
        held = {"translation", "transliteration", "dictionary"}
        if "displaySource" in recorded:
            held.add("translations")
        for name in (given.keys() & recorded.keys()) - held:
            if name in DETERMINED and given[name] != recorded[name]:
                yield f"{path}.{name} is another value"
            yield from compare_values(given[name], recorded[name], f"{path}.{name}")


def compare_header_values(given: dict[str, str], recorded: dict[str, str]) -> Iterator[str]:
    """Compare what a header says of the request, or of the service; not tokens that a model made."""
    lower = {name.lower(): value for name, value in given.items()}
    for name, value in recorded.items():
        key = name.lower()
        mine = lower.get(key, "")
        if key == "x-requestid":
            form = FIRST_ID if FIRST_ID.fullmatch(value) else LATER_ID
            if not form.fullmatch(mine) or (form is FIRST_ID and mine[:4] != value[:4]):
                yield f"header {key} has another form"
        elif key.startswith(TELLING) and mine != value:
            yield f"header {key} is another value"


def check_places(exchange: Exchange, given: Any) -> Iterator[str]:
    """Lengths of sentences sum to the length of the text, and places of alignment are in both texts."""
    if not isinstance(given, list) or not isinstance(exchange.body, list):
        return
    for asked, one in zip(exchange.body, given, strict=True):
        if "sentLen" in one and sum(one["sentLen"]) != len(asked["text"]):
            yield "sentLen does not sum to the text"
        for found in one.get("translations", ()):
            lengths = found.get("sentLen")
            if lengths and (sum(lengths["srcSentLen"]), sum(lengths["transSentLen"])) != (
                len(asked["text"]),
                len(found["text"]),
            ):
                yield "lengths of sentences do not sum to the texts"
            for word in found.get("alignment", {}).get("proj", "").split():
                source, target = word.split("-")
                if cut(asked["text"], source) != cut(found["text"], target):
                    yield "alignment does not slice the texts"


def cut(text: str, place: str) -> str:
    first, last = map(int, place.split(":"))
    return text[first : last + 1]


def tabulate(emulator: Emulator, exchanges: list[Exchange], *, recorded: bool) -> Comparison:
    found = Comparison()
    for exchange in exchanges:
        found.add(exchange.name, list(differ(emulator, exchange, recorded=recorded)))
    print(found.report())
    return found


@pytest.mark.skipif(RECORDINGS is None, reason="PGAZURE_RECORDINGS does not name the folder of recordings")
def test_answers_are_shaped_as_those_of_the_service(emulator: Emulator) -> None:
    exchanges = list_exchanges(RECORDINGS, "translator/*.json")
    found = tabulate(emulator, exchanges, recorded=True)
    assert len(exchanges) == 25
    assert found.counts == {difference: count for difference, (count, _) in ACCEPTED.items()}, found.report()


@pytest.mark.skipif(WIRE is None, reason="PGAZURE_WIRE does not name the folder of requests")
def test_every_request_of_the_sdks_gets_an_answer_of_the_right_form(emulator: Emulator) -> None:
    exchanges = list_exchanges(WIRE, "translator.*.json")
    found = tabulate(emulator, exchanges, recorded=False)
    assert len(exchanges) == 16
    assert found.counts == {difference: count for difference, (count, _) in ACCEPTED_ON_WIRE.items()}, found.report()
