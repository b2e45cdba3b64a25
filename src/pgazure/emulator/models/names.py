# ruff: noqa: RUF001  # texts have such signs
"""Names of people, places and organizations."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from pgazure.emulator.models import gazetteer
from pgazure.emulator.models.spans import Found
from pgazure.emulator.models.wordlists import words as words_in

if TYPE_CHECKING:
    from collections.abc import Iterator

_CAPITAL = r"[A-ZÀ-ÖØ-ÝŁŚŻ]"
_NAME = rf"{_CAPITAL}[\w'’-]*[^\W_]"
_PARTICLE = r"(?:van der|van den|van de|van|von der|von|de la|de los|del|de|da|dos|di|du|le|la|bin|al|O'|Mc)"
_FULL = rf"{_NAME}(?:\s+(?:{_CAPITAL}\.|(?:{_PARTICLE}\s+)?{_NAME})){{0,2}}"
_CUES = re.compile(
    r"(?:\b(?:[Mm]y name is|[Nn]amed|I am|I'm|[Tt]his is|[Ss]igned,?|[Rr]egards,?|[Ss]incerely,?|[Cc]ontact|[Pp]atient|"
    r"[Mm]e llamo|[Mm]i nombre es|[Mm]ein Name ist|[Ii]ch heiße|[Jj]e m'appelle|[Mm]on nom est|[Mm]i chiamo|"
    r"[Mm]eu nome é|[Mm]e chamo|[Mm]ijn naam is|[Ii]k heet)\s*:?\s+)"
    rf"(?P<it>{_NAME}(?:\s+(?:{_PARTICLE}\s+)?{_NAME}){{0,2}})"
)
_WEAK_CUE = re.compile(r"(?:I am|I'm|[Tt]his is|[Nn]amed|[Cc]ontact|[Pp]atient)\s*:?\s+$")
_TITLES = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|President|Senator|Secretary|Sir|Herr|Frau|Monsieur|Madame|Mme|Señor|Señora|"
    rf"Sr|Sra|Don|Doña|Signor|Signora|Senhor|Senhora|Dhr|Mevr)\b\.?\s+(?P<it>{_FULL})"
)
_CANDIDATE = re.compile(_FULL)
_ORGANIZATION = re.compile(rf"\b{_CAPITAL}[\w&'’.-]*(?:\s+(?:(?:of|for|&)\s+(?:the\s+)?)?{_CAPITAL}[\w&'’.-]*){{0,5}}")
_SHORT_FORM = re.compile(
    rf"(?P<name>(?:{_CAPITAL}[\w’'-]*\s+(?:(?:of|for|and|the|&)\s+)*){{2,8}})\((?P<it>[A-Z]{{2,8}})\)"
)
_ASIAN_PLACE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@cache
def _known() -> re.Pattern[str]:
    names = sorted(gazetteer.places(), key=lambda name: (-len(name), name))
    latin = "|".join(re.escape(name) for name in names if not _ASIAN_PLACE.search(name))
    asian = "|".join(re.escape(name) for name in names if _ASIAN_PLACE.search(name))
    return re.compile(rf"(?<![\w-])(?:{latin})(?![\w-])|(?:{asian})")


def find_people(text: str) -> Iterator[Found]:
    """Find names of people: after a cue or a title, or beginning with a known first name."""
    for match in _TITLES.finditer(text):
        yield Found(match["it"], "Person", "", *match.span("it"), 0.95)
    for match in _CUES.finditer(text):
        first = match["it"].split()[0]
        weak = _WEAK_CUE.search(match.group()[: match.start("it") - match.start()])
        if (weak and first.lower() not in gazetteer.words_of("first names")) or match["it"] in gazetteer.places():
            continue
        yield Found(match["it"], "Person", "", *match.span("it"), 0.99)
    for match in _CANDIDATE.finditer(text):
        yield from _read_candidate(text, match.start(), match.group())


def _read_candidate(text: str, start: int, candidate: str) -> Iterator[Found]:
    words = list(re.finditer(r"\S+", candidate))
    # A name ends where it owns something, and what comes after is that thing.
    owner = next((place for place, word in enumerate(words) if word.group().endswith(("'s", "’s"))), len(words))
    words = words[: owner + 1]
    for word in words:
        first = _fold(word.group().removesuffix("'s").removesuffix("’s"))
        if first not in gazetteer.words_of("first names") or not word.group()[:1].isupper():
            continue
        begin, end = start + word.start(), start + words[-1].end()
        name = text[begin:end]
        for ending in ("'s", "’s"):
            name = name.removesuffix(ending)
        rest = name.split()[1:]
        if rest and rest[-1].rstrip(".") in gazetteer.not_surnames():
            return
        if name in gazetteer.places() or (not rest and first in gazetteer.words_of("doubtful first names")):
            return
        # A lone first name may be a place or an ordinary word.
        yield Found(name, "Person", "", begin, begin + len(name), 1.0 if rest else 0.85)
        return


@cache
def _fold(name: str) -> str:
    """A name without capitals; without its accents too, where the list has it only so."""
    lower = name.lower()
    plain = "".join(char for char in unicodedata.normalize("NFD", lower) if not unicodedata.combining(char))
    return plain if lower not in gazetteer.words_of("first names") else lower


def find_places(text: str) -> Iterator[Found]:
    """Find known places and organizations, and names that end as such names do."""
    known = gazetteer.places()
    for match in _known().finditer(text):
        category, subcategory = known[match.group()]
        yield Found(match.group(), category, subcategory, *match.span(), 1.0 if category == "Organization" else 0.99)
    for match in _ORGANIZATION.finditer(text):
        yield from _read_ending(match)
    for match in _SHORT_FORM.finditer(text):
        initials = "".join(word[0] for word in re.findall(rf"\b{_CAPITAL}\w*", match["name"]))
        if initials.endswith(match["it"]):
            yield Found(match["it"], "Organization", "", *match.span("it"), 0.9)


def _read_ending(match: re.Match[str]) -> Iterator[Found]:
    words = list(re.finditer(r"\S+", match.group()))
    while words and words[0].group() in words_in("sentences", "starters"):
        words.pop(0)
    for last in range(len(words) - 1, 0, -1):
        ending = words[last].group()
        bare = ending.rstrip(".,")
        category = (
            "Organization"
            if ending in gazetteer.words_of("organization ends") or bare in gazetteer.words_of("organization ends")
            else "Location"
            if bare in gazetteer.words_of("place ends")
            else ""
        )
        if category:
            start = match.start() + words[0].start()
            end = match.start() + words[last].end() - (len(ending) - len(bare) if category == "Location" else 0)
            yield Found(match.string[start:end], category, "", start, end, 0.85)
            return
