"""Words of similar meaning, and words that carry none: what lets paraphrases lie near each other."""

from __future__ import annotations

from functools import cache

from pgazure.emulator.models.wordlists import read_table, words

_TABLE = "concepts"


def stop_words() -> frozenset[str]:
    """Words that carry no meaning of their own, of the languages that are told apart least by them."""
    return words(_TABLE, "stop words")


@cache
def concepts() -> dict[str, str]:
    """Concept of a word: the same for all words of a group, in any language."""
    groups = read_table(_TABLE)["groups"].splitlines()
    return {word: f"concept {place}" for place, group in enumerate(groups) for word in group.split()}
