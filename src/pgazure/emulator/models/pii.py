# ruff: noqa: RUF001  # texts have such signs
"""Personal data in a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pgazure.emulator.models import gazetteer
from pgazure.emulator.models.contacts import find_contacts
from pgazure.emulator.models.names import find_people, find_places
from pgazure.emulator.models.patterns import find_times
from pgazure.emulator.models.spans import Found, settle
from pgazure.emulator.models.wordlists import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PROFESSION = re.compile(
    r"(?:\b(?:senior|junior|vice|deputy|assistant|associate|executive|chief|head|former|acting)\s+)*(?P<it>\b[^\W\d_]+\b)(?!['’]s\s+licen)",
    re.IGNORECASE,
)
# Numbers of one country are no personal data where nobody speaks its language, unless they are asked for.
_NATIONAL = {"BRCPFNumber": "pt", "ESDNI": "es"}
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def categories() -> frozenset[str]:
    """Categories that a request may name."""
    return words("pii", "found") | words("pii", "others")


@lru_cache(maxsize=1024)
def recognize(
    text: str, code: str, *, validated: bool = True, wanted: frozenset[str] = frozenset()
) -> tuple[Found, ...]:
    """Find the personal data in ``text`` in the order of the text.

    Args:
        text: The text.
        code: Its language; it decides how phone numbers are read.
        validated: Whether the check digits of numbers have to be right.
        wanted: Categories that are asked for by name; ``All`` for every one.
    """
    found = settle(one for one in _find(text, code, validated=validated) if _is_wanted(one.category, code, wanted))
    # Places are no personal data, but a name inside one is not a person's.
    return tuple(one for one in found if one.category != "Location")


def _is_wanted(category: str, code: str, wanted: frozenset[str]) -> bool:
    spoken = _NATIONAL.get(category, code[:2].lower())
    return spoken == code[:2].lower() or category in wanted or "All" in wanted


def _find(text: str, code: str, *, validated: bool) -> Iterator[Found]:
    yield from find_contacts(text, code)
    yield from find_people(text)
    yield from find_places(text)
    for match in _PROFESSION.finditer(text):
        if match["it"].lower() in gazetteer.words_of("professions"):
            yield Found(match.group(), "PersonType", "", *match.span(), 0.95, is_phi=False)
    for found in find_times(text):
        is_day = found.subcategory == "Date" and any(char.isdigit() for char in found.text)
        if is_day or (found.subcategory == "DateRange" and found.text.count(" ") > 1):
            yield found
    yield from _find_numbers(text, validated=validated)


def _find_numbers(text: str, *, validated: bool) -> Iterator[Found]:
    for number in _NUMBERS:
        if number.cue is not None and not number.cue.search(text):
            continue
        group = "it" if "it" in number.pattern.groupindex else 0
        for match in number.pattern.finditer(text):
            if not validated or number.check(match[group]):
                yield Found(match[group], number.category, "", *match.span(group), number.score)


def _passes_luhn(candidate: str) -> bool:
    digits = [int(char) for char in candidate if char.isdigit()]
    doubled = [digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(reversed(digits))]  # noqa: PLR2004
    return sum(doubled) % 10 == 0 and len(set(digits)) > 1


def _is_iban(candidate: str) -> bool:
    compact = candidate.replace(" ", "")
    if not 15 <= len(compact) <= 34:  # noqa: PLR2004  # ISO 13616
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def _is_dni(candidate: str) -> bool:
    return _DNI_LETTERS[int(candidate[:8]) % 23] == candidate[-1]


def _is_routing_number(candidate: str) -> bool:
    weights = (3, 7, 1) * 3
    return sum(int(char) * weight for char, weight in zip(candidate, weights, strict=True)) % 10 == 0


def _is_cpf(candidate: str) -> bool:
    digits = [int(char) for char in candidate if char.isdigit()]
    for count in (9, 10):
        rest = sum(digit * weight for digit, weight in zip(digits, range(count + 1, 1, -1), strict=False)) * 10 % 11
        if rest % 10 != digits[count]:
            return False
    return len(set(digits)) > 1


def _anything(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Number:
    category: str
    score: float
    pattern: re.Pattern[str]
    check: Callable[[str], bool] = _anything
    cue: re.Pattern[str] | None = None


# In one piece, in fours, or as American Express prints it; the tail of an IBAN may look like one.
_CARD = (
    r"(?<![\w-])(?<![A-Z]{2}\d{2}\s)(?:[2-6]\d{12,18}|[2-6]\d{3}(?P<a>[ -])\d{4}(?P=a)\d{4}(?P=a)\d{1,7}"
    r"|3\d{3}(?P<b>[ -])\d{6}(?P=b)\d{4,5})(?![\w-])(?! \d)"
)
_PASSPORT = r"(?:passport|pasaporte|passeport|reisepass|passaporto)[\w\s.:#]{0,20}?(?P<it>\b[A-Z]?\d{8,9}\b)"
_NUMBERS = (
    _Number(
        "USSocialSecurityNumber",
        0.85,
        re.compile(r"(?<![\d-])(?!000|666)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"),
    ),
    _Number("CreditCardNumber", 0.95, re.compile(_CARD), _passes_luhn),
    _Number(
        "InternationalBankingAccountNumber",
        1.0,
        re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,3})?\b"),
        _is_iban,
    ),
    _Number(
        "ABARoutingNumber",
        0.9,
        re.compile(r"(?<!\d)\d{9}(?!\d)"),
        _is_routing_number,
        re.compile(r"\b(?:aba|routing|bank|rtn)\b", re.IGNORECASE),
    ),
    _Number("BRCPFNumber", 0.85, re.compile(r"(?<!\d)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\d)"), _is_cpf),
    _Number("ESDNI", 0.85, re.compile(r"\b\d{8}-?[A-HJ-NP-TV-Z]\b"), _is_dni),
    _Number("USUKPassportNumber", 0.9, re.compile(_PASSPORT, re.IGNORECASE)),
    _Number(
        "USDriversLicenseNumber",
        0.9,
        re.compile(r"(?:driver'?s? licen[sc]e)[\w\s.:#]{0,20}?(?P<it>\b[A-Z]?\d{7,13}\b)", re.IGNORECASE),
    ),
)
