"""Entities of a text."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from pgazure.emulator.models import gazetteer
from pgazure.emulator.models.contacts import find_contacts
from pgazure.emulator.models.names import find_people, find_places
from pgazure.emulator.models.patterns import find_quantities, find_times
from pgazure.emulator.models.spans import Found, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"[^\W\d_]+")
_NOUN_SCORE = 0.95
# The service has other names for these among entities than among personal data.
_RENAMED = {"IPAddress": "IP"}


@lru_cache(maxsize=1024)
def recognize(text: str, code: str, *, overlap: bool = False) -> tuple[Found, ...]:
    """Find the entities of ``text`` in the order of the text.

    Args:
        text: The text.
        code: Its language; it decides how phone numbers are read.
        overlap: Whether to keep entities that overlap, and not only the longest of them.
    """
    if overlap:
        return tuple(sorted(set(_find(text, code)), key=lambda one: (one.start, one.end, one.category)))
    return settle(_find(text, code))


def _find(text: str, code: str) -> Iterator[Found]:
    for found in find_contacts(text, code):
        yield replace(found, category=_RENAMED.get(found.category, found.category))
    yield from find_people(text)
    yield from find_places(text)
    yield from find_times(text)
    yield from find_quantities(text)
    for match in _WORD.finditer(text):
        word = match.group()
        if word.lower() in gazetteer.words_of("person types"):
            yield Found(word, "PersonType", "", *match.span(), _NOUN_SCORE)
        elif word in gazetteer.words_of("places"):
            subcategory = "Structural" if word in gazetteer.words_of("structural places") else ""
            yield Found(word, "Location", subcategory, *match.span(), _NOUN_SCORE)
