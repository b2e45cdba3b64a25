"""How relevant a text is to a query: what they share in words, in meaning, in pieces of words."""

from __future__ import annotations

import re
from functools import lru_cache
from math import exp

from pgazure.emulator.models.concepts import concepts, stop_words

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # noqa: RUF001  # texts have such signs
_MODEL, _SIZE = "relevance", 512
_ENDINGS = (
    "ations",
    "ation",
    "ingly",
    "ments",
    "ment",
    "ness",
    "ings",
    "ing",
    "ies",
    "ied",
    "ers",
    "est",
    "ed",
    "es",
    "er",
    "ly",
    "s",
    "e",
)
_SHORTEST = 3
_SHARE, _LIKENESS = 5.5, 5.0
_DOUBT = 4.0


def terms(text: str) -> list[str]:
    """What a text is about: its words without endings, put into concepts where they have one."""
    return [concepts().get(word) or stem(word) for word in _WORD.findall(text.lower()) if word not in stop_words()]


def stem(word: str) -> str:
    """Leave out the ending of a word."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=4096)
def score(query: str, text: str) -> float:
    """Relevance of ``text`` to ``query``, between 0 and 1: above a half where it has its words or their like."""
    from pgazure.emulator.models import embedding  # noqa: PLC0415  # loads numpy

    if not query.strip() or not text.strip():
        return 0.0
    asked = set(terms(query)) or set(query.lower().split())
    said = set(terms(text)) or set(text.lower().split())
    share = len(asked & said) / len(asked)
    likeness = float(embedding.embed(query, _MODEL, _SIZE, _SIZE) @ embedding.embed(text, _MODEL, _SIZE, _SIZE))
    return 1.0 / (1.0 + exp(_DOUBT - _SHARE * share - _LIKENESS * max(0.0, likeness)))
