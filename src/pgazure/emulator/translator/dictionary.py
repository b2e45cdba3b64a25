"""``POST /dictionary/lookup`` and ``POST /dictionary/examples``, of version 3.0 only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.emulator.models import dictionary
from pgazure.emulator.stats import Item
from pgazure.emulator.translator.answer import Answer, Question
from pgazure.emulator.translator.languages import expect_language
from pgazure.emulator.translator.refusals import refuse
from pgazure.emulator.translator.request import FIRST, Query, check_version, read_elements, read_text

if TYPE_CHECKING:
    from pgazure.emulator.call import Call

LOOKUP = "DictionaryLookup"
EXAMPLES = "DictionaryExamples"
_MOST = 10
_LONGEST = 100


def check_lookup(call: Call) -> Question:
    """Check a request for what words mean."""
    source, target = _read_pair(call)
    texts = [read_text(element, _LONGEST) for element in read_elements(call, _MOST)]
    items = [Item(LOOKUP, f"{source}>{target}", text, len(text)) for text in texts]
    return Question(items, lambda: _meter([_look_up(text, source, target) for text in texts], items))


def check_examples(call: Call) -> Question:
    """Check a request for sentences with words and their meanings."""
    source, target = _read_pair(call)
    asked = [
        (read_text(element, _LONGEST), read_text(element, _LONGEST, "translation", 400064))
        for element in read_elements(call, _MOST)
    ]
    items = [Item(EXAMPLES, f"{source}>{target} {meaning}", text, len(text) + len(meaning)) for text, meaning in asked]
    return Question(items, lambda: _meter([_show(*pair, source, target) for pair in asked], items))


def _read_pair(call: Call) -> tuple[str, str]:
    check_version(call, (FIRST,))
    query = Query(call)
    source, target = expect_language(query.one("from"), 400035), expect_language(query.one("to"), 400036)
    if source not in dictionary.list_sources() or target not in dictionary.list_targets(source):
        raise refuse(400023)
    return source, target


def _meter(body: list[Any], items: list[Item]) -> Answer:
    return Answer(body, {"X-Metered-Usage": str(sum(item.characters for item in items))})


def _look_up(text: str, source: str, target: str) -> dict[str, Any]:
    return {
        "normalizedSource": text.casefold(),
        "displaySource": text,
        "translations": [
            {
                "normalizedTarget": meaning.word.casefold(),
                "displayTarget": meaning.word,
                "posTag": meaning.tag,
                "confidence": round(meaning.weight, 4),
                "prefixWord": "",
                "backTranslations": [
                    {
                        "normalizedText": back.word.casefold(),
                        "displayText": back.word,
                        "numExamples": len(dictionary.find_examples(meaning.word, back.word, target, source)),
                        "frequencyCount": round(1000 * back.weight),
                    }
                    for back in dictionary.look_up(meaning.word, target, source)
                ],
            }
            for meaning in dictionary.look_up(text, source, target)
        ],
    }


def _show(text: str, meaning: str, source: str, target: str) -> dict[str, Any]:
    return {
        "normalizedSource": text.casefold(),
        "normalizedTarget": meaning.casefold(),
        "examples": [
            {
                "sourcePrefix": example.source[0],
                "sourceTerm": text,
                "sourceSuffix": example.source[1],
                "targetPrefix": example.target[0],
                "targetTerm": meaning,
                "targetSuffix": example.target[1],
            }
            for example in dictionary.find_examples(text, meaning, source, target)
        ],
    }
