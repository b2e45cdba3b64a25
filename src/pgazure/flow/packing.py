"""Packing texts into requests under several limits at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Weight:
    """What one text adds to a request.

    Attributes:
        characters: Code points (or text elements), times target languages where the service counts so.
        tokens: Tokens of the model.
        size: Bytes of the request's body.
    """

    characters: int = 0
    tokens: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one request holds; ``None`` is no limit.

    Attributes:
        items: Texts, 1 or more.
        characters: Sum of :attr:`Weight.characters`.
        tokens: Sum of :attr:`Weight.tokens`.
        size: Sum of :attr:`Weight.size`, in bytes.
    """

    items: int
    characters: int | None = None
    tokens: int | None = None
    size: int | None = None


def pack(items: Iterable[T], capacity: Capacity, weigh: Callable[[T], Weight]) -> Iterator[list[T]]:
    """Fill requests one after the other, each as full as the limits allow, the order kept.

    An item that is heavier than a whole request goes alone: the service has the last word on it.
    """
    batch: list[T] = []
    characters = tokens = size = 0
    for item in items:
        weight = weigh(item)
        characters += weight.characters
        tokens += weight.tokens
        size += weight.size
        full = (
            len(batch) >= capacity.items
            or _exceeds(characters, capacity.characters)
            or _exceeds(tokens, capacity.tokens)
            or _exceeds(size, capacity.size)
        )
        if batch and full:
            yield batch
            batch = []
            characters, tokens, size = weight.characters, weight.tokens, weight.size
        batch.append(item)
    if batch:
        yield batch


def _exceeds(total: int, limit: int | None) -> bool:
    return limit is not None and total > limit
