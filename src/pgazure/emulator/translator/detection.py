"""``POST /detect`` and ``POST /breaksentence``, of version 3.0 only, and the language of a text for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.emulator.models import language, scripts, sentences
from pgazure.emulator.offsets import Ruler
from pgazure.emulator.stats import Item
from pgazure.emulator.translator.answer import Answer, Question
from pgazure.emulator.translator.languages import expect_language, resolve_language
from pgazure.emulator.translator.refusals import refuse
from pgazure.emulator.translator.request import FIRST, Query, check_version, read_elements, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgazure.emulator.call import Call

DETECT = "Detect"
BREAK = "BreakSentence"
UNIT = "Utf16CodeUnit"
"""What offsets and lengths are counted in."""

_MOST = 100
_MOST_CHARACTERS = 50_000
_PARTS = 20
_GUESS = 0.5


def detect(text: str) -> tuple[str, float]:
    """Detect the language of a text: its code, and how sure that is; English with nothing sure where it has none."""
    found = language.detect(text, "")
    # Translator is sure of a short clear text where Language is not, and has no name for an unknown language.
    return resolve_language(found.code) or "en", max(0.0, min(1.0, round(4 * (found.score - _GUESS), 2)))


def measure(spans: Iterable[tuple[int, int]], text: str) -> list[int]:
    """Measure spans of a text."""
    ruler = Ruler(text, UNIT)
    return [ruler.measure(start, end)[1] for start, end in spans]


def check_detection(call: Call) -> Question:
    """Check a request for the languages of texts."""
    check_version(call, (FIRST,))
    texts = _read_texts(call)
    items = [Item(DETECT, "", text, len(text)) for text in texts]
    return Question(items, lambda: Answer([_detect(text) for text in texts]))


def _detect(text: str) -> dict[str, Any]:
    code, score = detect(text)
    # The other languages that a text may be in are those of its sentences.
    others: dict[str, float] = {}
    for start, end in sentences.split(text)[:_PARTS]:
        other, sure = detect(text[start:end])
        if other != code and sure:
            others[other] = max(others.get(other, 0.0), round(sure * (end - start) / len(text), 2))
    alternatives = [_describe(other, sure) for other, sure in sorted(others.items(), key=lambda entry: -entry[1])]
    return _describe(code, score) | ({"alternatives": alternatives} if alternatives else {})


def _describe(code: str, score: float) -> dict[str, Any]:
    return {
        "language": code,
        "score": score,
        "isTranslationSupported": True,
        "isTransliterationSupported": bool(scripts.list_scripts(code)),
    }


def check_sentences(call: Call) -> Question:
    """Check a request for the sentences of texts."""
    check_version(call, (FIRST,))
    query = Query(call)
    code = query.one("language")
    given = expect_language(code, 400003) if code else None
    script = query.one("script")
    if script and not (given and script.lower() in _name_scripts(given)):
        raise refuse(400073 if given else 400006)
    texts = _read_texts(call)
    items = [Item(BREAK, f"{given} {script}", text, len(text)) for text in texts]

    def find() -> Answer:
        found: list[dict[str, Any]] = []
        for text in texts:
            known = {} if given else {"detectedLanguage": dict(zip(("language", "score"), detect(text), strict=True))}
            found.append(known | {"sentLen": measure(sentences.split(text) or [(0, 0)], text)})
        return Answer(found)

    return Question(items, find)


def _name_scripts(code: str) -> set[str]:
    return {script.lower() for script in (*scripts.list_scripts(code), scripts.native_script(code))}


def _read_texts(call: Call) -> list[str]:
    texts = [read_text(element, _MOST_CHARACTERS) for element in read_elements(call, _MOST)]
    if sum(map(len, texts)) > _MOST_CHARACTERS:
        raise refuse(400077)
    return texts
