"""Finding in a text what a model says is there: what is not found was made up, and is dropped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def find_spans(text: str, quotes: Sequence[str]) -> list[tuple[int, int, int]]:
    """Find every occurrence of every quote.

    Where two overlap, the longer one stands.

    Returns:
        Start, end and the place of the quote, in text order.
    """
    found: list[tuple[int, int, int]] = []
    for place, quote in enumerate(quotes):
        # A quote that stands there once more in other letters is not looked for: the model says what it has read.
        starts = _find(text, quote.strip()) or _find_loosely(text, quote.strip())
        found.extend((start, end, place) for start, end in starts)
    taken: list[tuple[int, int, int]] = []
    covered = bytearray(len(text))
    for start, end, place in sorted(found, key=lambda one: (one[0] - one[1], one[0], one[2])):
        if not any(covered[start:end]):
            covered[start:end] = b"x" * (end - start)
            taken.append((start, end, place))
    return sorted(taken)


def _find(text: str, quote: str) -> list[tuple[int, int]]:
    if not quote:
        return []
    starts: list[int] = []
    at = text.find(quote)
    while at >= 0:
        if _is_whole(text, at, at + len(quote)):
            starts.append(at)
        at = text.find(quote, at + len(quote))
    return [(start, start + len(quote)) for start in starts]


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether a span does not begin or end within a word: Ann does not stand in Annual."""
    # Scripts without spaces have no such words.
    begins = start > 0 and _joins(text[start - 1]) and _joins(text[start])
    ends = end < len(text) and _joins(text[end - 1]) and _joins(text[end])
    return not (begins or ends)


def _joins(letter: str) -> bool:
    return letter.isalnum() and ord(letter) < _UNSPACED


# From here on (Thai, kana, ideographs …) words stand side by side; the few spaced scripts above do no harm.
_UNSPACED = 0x0E00


def _find_loosely(text: str, quote: str) -> list[tuple[int, int]]:
    """Find a quote whose white space or case the model has changed."""
    if not quote:
        return []
    pattern = r"\s+".join(re.escape(word) for word in quote.split())
    return [
        match.span()
        for match in re.finditer(pattern, text, re.IGNORECASE)
        if _is_whole(text, match.start(), match.end())
    ]


def mask(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Put a ``*`` in the place of every code point of the spans, which are in text order."""
    pieces, last = [], 0
    for start, end in spans:
        pieces += [text[last:start], "*" * (end - start)]
        last = end
    return "".join([*pieces, text[last:]])


def clamp(score: float) -> float:
    """Bring a score between 0 and 1, with two decimals."""
    return round(min(max(float(score), 0.0), 1.0), 2)


def share(scores: Sequence[float], chosen: int | None = None) -> list[float]:
    """Make scores sum up to 1; where all are 0, the one ``chosen`` gets it all, or each the same."""
    kept = [min(max(float(score), 0.0), 1.0) for score in scores]
    total = sum(kept)
    if total == 0:
        return [
            1.0 if place == chosen else 0.0 if chosen is not None else round(1 / len(kept), 2)
            for place in range(len(kept))
        ]
    return [round(score / total, 2) for score in kept]
