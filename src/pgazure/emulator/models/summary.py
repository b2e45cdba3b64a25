"""Summaries of a text: its most central sentences, and a condensation of them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt

from pgazure.emulator.models import sentences
from pgazure.emulator.models.phrases import stop_words

_WORD = re.compile(r"\w+")
_LEAST_WORDS = 4
_LEAST_WIDE = 8
_MOST_SENTENCES = 400
_DAMPING = 0.85
_ROUNDS = 30
_HEAD_START = 1.15
# Numbers in brackets are part of what they stand in.
_ASIDE = re.compile(r"\s*\((?=[^()]*[^\W\d_])[^()]*\)|\s*\[(?=[^\[\]]*[^\W\d_])[^\[\]]*\]")
_LEAD = re.compile(
    r"^(?:However|Moreover|Furthermore|In addition|Also|Overall|So|And|But|Additionally)[,\s]+", re.IGNORECASE
)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A sentence of a text.

    Attributes:
        start: Its first code point.
        end: The code point after its last.
        rank: Its weight; the weightiest has 1.0.
    """

    start: int
    end: int
    rank: float


@dataclass(frozen=True, slots=True)
class Condensed:
    """A summary of a part of a text.

    Attributes:
        text: The summary.
        start: First code point of what it sums up.
        end: The code point after its last.
    """

    text: str
    start: int
    end: int


@lru_cache(maxsize=256)
def _rank(text: str, code: str) -> tuple[Ranked, ...]:
    """Rank every qualified sentence, the weightiest first."""
    spans = [sentences.trim(text, *span) for span in sentences.split(text)]
    spans = [span for span in spans if _qualifies(text[slice(*span)])][:_MOST_SENTENCES]
    if not spans:
        return ()
    stop = stop_words(code)
    bags = [Counter(_terms(text[start:end], stop)) for start, end in spans]
    seen = Counter(term for bag in bags for term in bag)
    rare = {term: log(1 + len(bags) / count) for term, count in seen.items()}
    vectors = [{term: count * rare[term] for term, count in bag.items()} for bag in bags]
    norms = [sqrt(sum(weight * weight for weight in vector.values())) or 1.0 for vector in vectors]
    likeness = [[0.0] * len(spans) for _ in spans]
    for one, vector in enumerate(vectors):
        for other in range(one):
            shared = vector.keys() & vectors[other].keys()
            if shared:
                dot = sum(vector[term] * vectors[other][term] for term in sorted(shared))
                likeness[one][other] = likeness[other][one] = dot / (norms[one] * norms[other])
    totals = [sum(row) or 1.0 for row in likeness]
    count = len(spans)
    ranks = [1.0 / count] * count
    for _ in range(_ROUNDS):
        ranks = [
            (1 - _DAMPING) / count
            + _DAMPING * sum(ranks[other] * likeness[other][one] / totals[other] for other in range(count))
            for one in range(count)
        ]
    # Writers put first what matters most.
    weighted = [rank * (_HEAD_START if place == 0 else 1.0) for place, rank in enumerate(ranks)]
    top = max(weighted)
    ranked = [Ranked(start, end, round(rank / top, 2)) for (start, end), rank in zip(spans, weighted, strict=True)]
    order = sorted(range(count), key=lambda place: (-weighted[place], place))
    return tuple(ranked[place] for place in order)


def _terms(sentence: str, stop: frozenset[str]) -> list[str]:
    words = [word for word in _WORD.findall(sentence.lower()) if word not in stop]
    if len(words) > 1 or not words or words[0].isascii():
        return [word[:7] for word in words]
    # Scripts without spaces: pairs of letters are the nearest to words.
    whole = words[0]
    return [whole[place : place + 2] for place in range(len(whole) - 1)]


def _qualifies(sentence: str) -> bool:
    letters = sum(char.isalpha() for char in sentence)
    wide = sum(char.isalpha() and ord(char) > 0x2E80 for char in sentence)  # noqa: PLR2004  # CJK begins here
    if wide > letters / 2:
        return wide >= _LEAST_WIDE
    return len(_WORD.findall(sentence)) >= _LEAST_WORDS


def extract(text: str, code: str, count: int) -> tuple[Ranked, ...]:
    """Pick the ``count`` most central sentences, the weightiest first; none if the text has no real sentence."""
    return _rank(text, code)[:count]


def _shorten(sentence: str) -> str:
    short = _SPACES.sub(" ", _ASIDE.sub("", sentence)).strip()
    short = _LEAD.sub("", short)
    short = short[:1].upper() + short[1:]
    if short and short[-1] not in ".!?…。！？":  # noqa: RUF001
        short += "."
    return short


def condense(text: str, code: str, count: int) -> list[Condensed]:
    """Condense ``text`` to at most ``count`` sentences: one summary, or none if the text has no real sentence."""
    chosen = sorted(extract(text, code, count), key=lambda one: one.start)
    if not chosen:
        return []
    condensed = " ".join(_shorten(text[one.start : one.end]) for one in chosen)
    return [Condensed(condensed, 0, len(text))]
