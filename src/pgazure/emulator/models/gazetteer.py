"""Names that the entity models know."""

from __future__ import annotations

from functools import cache, partial

from pgazure.emulator.models.wordlists import names, words

words_of = partial(words, "gazetteer")
"""Words of one kind, e.g. ``first names`` or ``person types``."""

_PLACES = (
    ("landmarks", "Location", ""),
    ("countries", "Location", "GPE"),
    ("states", "Location", "GPE"),
    ("cities", "Location", "GPE"),
    ("organizations", "Organization", ""),
)


@cache
def places() -> dict[str, tuple[str, str]]:
    """Category and subcategory of every known place and organization, by name."""
    known: dict[str, tuple[str, str]] = {}
    for section, category, subcategory in _PLACES:
        known |= dict.fromkeys(names("gazetteer", section), (category, subcategory))
    return known


@cache
def not_surnames() -> frozenset[str]:
    """Words that end the names of organizations, places and streets."""
    return words_of("organization ends") | words_of("place ends") | words_of("street ends")
