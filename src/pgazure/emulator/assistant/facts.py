"""A little knowledge of the world."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from pgazure.emulator.models.concepts import stop_words
from pgazure.emulator.models.wordlists import read_table

_CAPITAL_OF = re.compile(r"\bcapital(?: city)? of (?:the )?(?P<country>[A-Z][\w. ]*[\w.])")
_NOT = re.compile(r"\b(?:not|never|isn't|wasn't|aren't|n't)\b", re.IGNORECASE)
_IS = re.compile(
    r"^(?:the )?(?P<subject>.+?)\s+(?:is|lies|are|was)\s+(?P<not>not )?(?:located |situated |a city |a country )?"
    r"(?P<relation>in|the capital(?: city)? of)\s+(?:the )?(?P<object>.+?)[.!?]?$",
    re.IGNORECASE,
)
_IS_CAPITAL = re.compile(
    r"^the capital(?: city)? of (?:the )?(?P<object>.+?)\s+is\s+(?P<not>not )?(?P<subject>.+?)[.!?]?$", re.IGNORECASE
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Country:
    """A country.

    Attributes:
        name: Its name.
        capital: Its capital.
        continent: Its continent.
        cities: Cities in it, the capital first.
    """

    name: str
    capital: str
    continent: str
    cities: tuple[str, ...]


@cache
def countries() -> dict[str, Country]:
    """Every known country by its name in small letters."""
    known = {}
    for line in read_table("facts")["countries"].splitlines():
        name, capital, continent, others = (part.strip() for part in line.split("|"))
        cities = tuple(city.strip() for city in others.split(",") if city.strip())
        known[name.lower()] = Country(name, capital, continent, (capital, *cities))
    return known


@cache
def _aliases() -> dict[str, str]:
    pairs = " ".join(read_table("facts")["aliases"].split()).split(";")
    return {alias.strip().lower(): name.strip().lower() for alias, _, name in (pair.partition("=") for pair in pairs)}


@cache
def _statements(section: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(line.split()) for line in read_table("facts")[section].splitlines())


def find_capital(text: str) -> str | None:
    """The capital that ``text`` asks for."""
    match = _CAPITAL_OF.search(text)
    country = countries().get(_plain(match["country"])) if match else None
    return country.capital if country else None


def find_country(city: str) -> Country | None:
    """The country that a city is in."""
    wanted = _plain(city)
    return next((one for one in countries().values() if wanted in {name.lower() for name in one.cities}), None)


def decide(statement: str) -> bool | None:
    """Whether a statement is known to be true or false; ``None`` where nothing is known of it."""
    match = _IS_CAPITAL.match(statement.strip()) or _IS.match(statement.strip())
    if match:
        capital = "capital" in (match.groupdict().get("relation") or "capital").lower()
        known = _decide_place(_plain(match["subject"]), _plain(match["object"]), capital=capital)
        if known is not None:
            return known != bool(match["not"])
    words = frozenset(word for word in _WORD.findall(statement.lower()) if word not in stop_words())
    negated = bool(_NOT.search(statement))
    if any(known <= words for known in _statements("denied")):
        return negated
    if any(known <= words and len(words) <= len(known) + 2 for known in _statements("known")):
        return not negated
    return None


def _decide_place(subject: str, whole: str, *, capital: bool) -> bool | None:
    country = countries().get(whole)
    if capital:
        return None if country is None else _plain(country.capital) == subject
    home = find_country(subject)
    if home and country:
        return home is country
    continents = {one.continent.lower() for one in countries().values()}
    inner = countries().get(subject) or home
    if inner and whole in continents:
        return inner.continent.lower() == whole
    return None


def _plain(name: str) -> str:
    lower = " ".join(name.lower().removeprefix("the ").strip(" .!?\"'").split())
    if lower.endswith("d.c"):
        lower += "."
    return _aliases().get(lower, lower)
