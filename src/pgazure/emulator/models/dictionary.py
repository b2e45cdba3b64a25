"""A small dictionary between English and some other languages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pgazure.emulator.models.wordlists import read_table

_TABLE = "dictionary"
_ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word may mean in another language.

    Attributes:
        word: The other language's word, as it is written.
        tag: Part of speech: ``ADJ``, ``NOUN``, ``VERB``, ``OTHER``.
        weight: How common this meaning is beside the others; the weights of a word sum to one.
    """

    word: str
    tag: str
    weight: float


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence in two languages, cut around the word in question: what is before and behind it."""

    source: tuple[str, str]
    target: tuple[str, str]


def list_sources() -> list[str]:
    """List the languages whose words can be looked up."""
    return sorted(_rows("senses")[0].keys() - {"POS"})


def list_targets(source: str) -> list[str]:
    """List the languages that words of ``source`` can be looked up in: English, and from English all others."""
    return [code for code in list_sources() if (code == _ENGLISH) != (source == _ENGLISH)]


def look_up(word: str, source: str, target: str) -> list[Meaning]:
    """Look up a word, in any case; nothing where it is not known.

    Args:
        word: The word.
        source: Code of its language.
        target: Code of a language that :func:`list_targets` has.
    """
    return _meanings(source, target).get(word.casefold(), [])


def find_examples(word: str, translation: str, source: str, target: str) -> list[Example]:
    """Find sentences with a word and one of its meanings; nothing where the two do not belong together."""
    tags = [one.tag for one in look_up(word, source, target) if one.word.casefold() == translation.casefold()]
    return [
        Example(_cut(row[source]), _cut(row[target]))
        for tag in tags[:1]
        for row in _rows("sentences")
        if row["POS"] == tag
    ]


def _cut(sentence: str) -> tuple[str, str]:
    before, _, behind = sentence.partition("{}")
    return before, behind


@cache
def _meanings(source: str, target: str) -> dict[str, list[Meaning]]:
    senses: dict[str, dict[str, str]] = {}
    for row in _rows("senses"):
        senses.setdefault(row[source].casefold(), {}).setdefault(row[target], row["POS"])
    found = {}
    for word, others in senses.items():
        # The commoner a meaning, the earlier it is listed.
        shares = [1 / place for place in range(1, len(others) + 1)]
        found[word] = [
            Meaning(other, tag, share / sum(shares)) for (other, tag), share in zip(others.items(), shares, strict=True)
        ]
    return found


@cache
def _rows(section: str) -> list[dict[str, str]]:
    lines = [[cell.strip() for cell in line.split("|")] for line in read_table(_TABLE)[section].splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
