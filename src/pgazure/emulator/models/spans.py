"""Parts of a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Found:
    """An entity in a text.

    Attributes:
        text: Its words.
        category: As the service names it.
        subcategory: As the service names it; empty where there is none.
        start: Its first code point.
        end: The code point after its last.
        score: Confidence with two decimals.
        is_phi: Whether it counts as health information about a person.
    """

    text: str
    category: str
    subcategory: str
    start: int
    end: int
    score: float
    is_phi: bool = True


def settle(found: Iterable[Found]) -> tuple[Found, ...]:
    """Keep the longest of overlapping entities, then the surest, in the order of the text."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start - one.end, -one.score, one.start, one.category)):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return tuple(sorted(kept, key=lambda one: one.start))
