"""Tokens of a text, by the vocabularies of the model servers."""

from __future__ import annotations

import codecs
import warnings
from functools import cache
from typing import Any


@cache
def encoding(name: str) -> Any:
    """The vocabulary called ``cl100k_base`` or ``o200k_base``."""
    with warnings.catch_warnings():
        # It reads its vocabulary through a function that Python 3.11 and 3.12 call deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai  # noqa: PLC0415  # loads a vocabulary that the other services do not need

        return bpe_openai.get_encoding(name)


def count(text: str, name: str) -> int:
    """Count the tokens of ``text``."""
    return len(encoding(name).encode_ordinary(text))


def are_ids(given: Any) -> bool:
    """Whether something is a list of numbers that tokens may have."""
    whole = isinstance(given, list) and bool(given)
    return whole and all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in given)


def decode(ids: list[int], name: str) -> str | None:
    """The text of tokens; ``None`` where one of them is not in the vocabulary."""
    try:
        return str(encoding(name).decode(ids))
    except KeyError:
        return None


def cut(text: str, name: str, most: int | None = None) -> list[str]:
    """Cut ``text`` into one piece for each of its first ``most`` tokens.

    A character that has several tokens stands whole in the piece of its last one, as the service streams it.
    """
    reader = codecs.getincrementaldecoder("utf-8")("ignore")
    vocabulary = encoding(name)
    tokens = vocabulary.encode_ordinary(text)[:most]
    return [reader.decode(vocabulary.decode_bytes([token])) for token in tokens]
