"""How far two results of the same text agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def _fold(texts: Iterable[str]) -> set[str]:
    return {" ".join(text.casefold().split()) for text in texts}


def _words(texts: Iterable[str]) -> set[str]:
    return {word.strip(".,;:!?\"'()[]") for text in texts for word in text.casefold().split()} - {""}


# What of a result is compared. A label is a set of one.
_FEATURES: dict[str, Callable[[Any], set[Any]]] = {
    "analyze_sentiment": lambda result: {result.sentiment},
    "detect_language": lambda result: {result.iso6391_name},
    "extract_key_phrases": _fold,
    "recognize_entities": lambda result: {(entity.text, entity.category) for entity in result},
    "linked_entities": lambda result: {entity.url or entity.name for entity in result},
    "recognize_pii_entities": lambda result: {entity.text for entity in result.entities},
    "summarize_extractive": lambda result: _fold(sentence.text for sentence in result),
    "summarize_abstractive": _words,
    "translate": lambda result: {
        (one.target_language, word) for one in result.translations for word in _words([one.text])
    },
}

COMPARABLE = tuple(_FEATURES)
"""The operations whose results can be compared."""


def measure_agreement(operation: str, one: Any, other: Any) -> float | None:
    """Measure the share of what either found that both found; ``None`` where one of them has no result."""
    if any(result is None or isinstance(result, DocumentError) for result in (one, other)):
        return None
    here, there = _FEATURES[operation](one), _FEATURES[operation](other)
    return len(here & there) / len(here | there) if here | there else 1.0
