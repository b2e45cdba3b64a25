"""Well-known things in a text, and where an encyclopedia tells of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

from pgazure.emulator.models import gazetteer
from pgazure.emulator.models.wordlists import read_table

_PAGE = "https://en.wikipedia.org/wiki/"
_BASE, _STEP, _MOST = 0.45, 0.02, 0.95


@dataclass(frozen=True, slots=True)
class Linked:
    """A thing and where it stands in the text.

    Attributes:
        name: Title of its page.
        url: Address of its page.
        id: Its id; made from the title, and nothing but the emulator knows it.
        matches: Start and end of each place.
        score: Confidence with two decimals.
    """

    name: str
    url: str
    id: UUID
    matches: tuple[tuple[int, int], ...]
    score: float


@cache
def _titles() -> dict[str, str]:
    """Title of the page of every known name."""
    # Other languages' names of a place would need a page of their own.
    known = {name: name for name in gazetteer.places() if name.isascii()}
    for line in read_table("linking")["pages"].splitlines():
        title, _, aliases = line.partition("=")
        known[title.strip()] = title.strip()
        known |= {alias.strip(): title.strip() for alias in aliases.split("|") if alias.strip()}
    for name in read_table("linking")["not pages"].split("|"):
        known.pop(" ".join(name.split()), None)
    return known


@cache
def _pattern() -> re.Pattern[str]:
    names = sorted(_titles(), key=lambda name: (-len(name), name))
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")


@lru_cache(maxsize=512)
def find(text: str) -> tuple[Linked, ...]:
    """Find the known things in ``text``, each once, in the order of their first place."""
    places: dict[str, list[tuple[int, int]]] = {}
    for match in _pattern().finditer(text):
        places.setdefault(_titles()[match.group()], []).append(match.span())
    return tuple(
        Linked(
            title,
            _PAGE + quote(title.replace(" ", "_"), safe="_(),'&!.-"),
            uuid5(NAMESPACE_URL, _PAGE + title),
            tuple(spans),
            # A longer name leaves less doubt.
            round(min(_MOST, _BASE + _STEP * len(title.split()) + 0.005 * len(title)), 2),
        )
        for title, spans in places.items()
    )
