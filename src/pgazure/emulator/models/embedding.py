# ruff: noqa: RUF001  # texts have such signs
"""Vectors in which similar texts lie near each other.

A text is a bag of words and pairs of words. A word is a sum of features: itself without its ending,
what it means, and its pieces. Every feature adds a sign at a few places that its hash picks, evenly
over the whole vector, so that the beginning of a vector stands for the whole text as well.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from math import log
from typing import TYPE_CHECKING

import numpy as np

from pgazure.emulator.models.concepts import concepts, stop_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Marks = tuple[NDArray[np.int16], NDArray[np.float32]]

_BLOCK = 256
_PER_BLOCK = 4
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[^\w\s]")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_ENDINGS = tuple("ations ation ingly ments ment ness ings ing edly ies ied ers est ed es er ly s e".split())  # noqa: SIM905  # a line
_SHORTEST_STEM = 4
_PIECE = 4
_FIRST_SYMBOL = 0x2000
_STOP, _SIGN, _PLAIN, _KNOWN, _CONCEPT, _PAIR, _PIECES = 0.08, 0.1, 1.0, 0.55, 1.1, 0.3, 0.3


@lru_cache(maxsize=1024)
def embed(text: str, model: str, size: int, dimensions: int) -> NDArray[np.float32]:
    """Embed ``text``.

    Args:
        text: The text.
        model: Name of the model; vectors of two models have nothing in common.
        size: Length of the model's vectors, a multiple of 256.
        dimensions: How much of the vector to keep.

    Returns:
        A vector of length 1.
    """
    words, pairs = _read(text)
    # What is said twice counts more than once, but not twice.
    marks = [(1.0 + log(count), _mark_word(word, model, size)) for word, count in words.items()]
    marks += [(_PAIR, _mark(pair, model, size)) for pair in pairs]
    places = np.concatenate([places for _, (places, _) in marks])
    weights = np.concatenate([weight * signs for weight, (_, signs) in marks])
    vector = np.bincount(places, weights, minlength=size)[:dimensions]
    norm = float(np.linalg.norm(vector))
    if not norm:
        # Of very few dimensions, a short text may touch none.
        vector = np.bincount([int.from_bytes(_digest(text, 1), "big") % dimensions], minlength=dimensions)
        norm = 1.0
    return (vector / norm).astype("<f4")


def _read(text: str) -> tuple[Mapping[str, int], Mapping[str, None]]:
    """Words and how often they occur, and neighbouring words, in the order in which they first stand in the text."""
    words: Counter[str] = Counter()
    pairs: dict[str, None] = {}
    before = ""
    for word in _WORD.findall(text.lower()):
        if _WIDE.search(word):
            # Scripts without spaces: pairs of letters are the nearest to words.
            words.update(word[place : place + 2] for place in range(max(1, len(word) - 1)))
            continue
        words[word] += 1
        if word not in stop_words() and word[0].isalnum():
            sense = concepts().get(word) or _stem(word)
            if before:
                pairs[f"pair {before} {sense}"] = None
            before = sense
    return words or {text: 1}, pairs


@lru_cache(maxsize=16384)
def _mark_word(word: str, model: str, size: int) -> Marks:
    marks = [(weight, _mark(name, model, size)) for name, weight in _features(word).items()]
    places = np.concatenate([places for _, (places, _) in marks])
    return places, np.concatenate([np.float32(weight) * signs for weight, (_, signs) in marks])


def _features(word: str) -> dict[str, float]:
    if not word[:1].isalnum():
        return {word: _PLAIN if ord(word[:1] or " ") >= _FIRST_SYMBOL else _SIGN}
    if word in stop_words():
        return {word: _STOP}
    stem = _stem(word)
    concept = concepts().get(word) or concepts().get(stem)
    features = {f"word {stem}": _KNOWN if concept else _PLAIN}
    if concept:
        features[concept] = _CONCEPT
    marked = f"<{stem}>"
    pieces = [marked[place : place + _PIECE] for place in range(len(marked) - _PIECE + 1)]
    for piece in pieces:
        features[f"piece {piece}"] = _PIECES / len(pieces) ** 0.5
    return features


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


def _digest(feature: str, part: int) -> bytes:
    return blake2b(f"{part} {feature}".encode("utf-8", "surrogatepass")).digest()


@lru_cache(maxsize=8192)
def _mark(feature: str, model: str, size: int) -> Marks:
    """Places that a feature touches, four in each block, and the sign it adds there."""
    blocks = size // _BLOCK
    count = blocks * _PER_BLOCK
    parts = range(-(-count * 2 // blake2b.MAX_DIGEST_SIZE))
    words = np.frombuffer(b"".join(_digest(f"{model} {feature}", part) for part in parts), dtype="<u2", count=count)
    places = (words % _BLOCK).astype(np.int16) + np.repeat(np.arange(blocks, dtype=np.int16) * _BLOCK, _PER_BLOCK)
    return places, np.where(words & 0x8000, 1, -1).astype(np.float32)
