# ruff: noqa: RUF001  # texts have such signs
"""Addresses of people and machines: mail, web, phone, IP, street."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from pgazure.emulator.models.spans import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")
_URL = re.compile(
    r"\b(?:[Hh][Tt]{2}[Pp][Ss]?://|[Ww]{3}\.)[^\s<>\"']+|"
    r"(?<![@\w.])[a-zA-Z0-9][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9-]+)*\.(?:com|org|net|edu|gov|io|de|fr|es|it|nl|co\.uk)"
    r"(?:/[^\s<>\"']*)?(?![\w@-])"
)
_IP = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4})(?![\w:]|\.\d)", re.IGNORECASE
)
_SHORT_PHONE = re.compile(
    r"(?:phone|tel|telephone|mobile|cell|call|text|fax|number|teléfono|telefon|téléphone|telefono|telefone)"
    r"[\w\s.:#]{0,20}?(?P<it>\b\d{3}[-. ]\d{4}\b)(?![-\d])",
    re.IGNORECASE,
)
_PLAIN_PHONE = re.compile(r"(?<![\w./-])(?:\(\d{3}\)\s?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\d-])")
_REGIONS = {
    "de": "DE", "es": "ES", "fr": "FR", "it": "IT", "nl": "NL", "pt-pt": "PT", "pt-br": "BR", "ja": "JP", "ko": "KR",
    "zh-hans": "CN", "pl": "PL", "sv": "SE", "da": "DK", "no": "NO", "ru": "RU", "tr": "TR", "fi": "FI", "hu": "HU",
}  # fmt: skip
_DIGITS_ENOUGH = 7

_STREET_EN = (
    r"\b\d{1,5}(?:[-/]\d{1,4})?[A-Z]?\s+(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.?\s+)?"
    r"(?:[A-Z][\w'’.-]*\s+|\d{1,3}(?:st|nd|rd|th)\s+){1,4}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Drive|Dr|Lane|Ln|Way|Court|Ct|Place|Pl|Square|Sq|Terrace|Parkway|"
    r"Pkwy|Highway|Hwy|Circle)\b\.?(?:\s+(?:N|S|E|W|NE|NW|SE|SW)\b)?(?:,?\s+(?:Apt|Suite|Unit|#)\.?\s*\w+)?"
    r"(?:,\s+[A-Z][\w.-]+(?:\s[A-Z][\w.-]+)*(?:,\s+[A-Z]{2}(?:\s+\d{5}(?:-\d{4})?)?)?)?"
)
_STREET_DE = (
    r"\b(?:[A-ZÄÖÜ][\wäöüß-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|ring|damm|ufer)|"
    r"[A-ZÄÖÜ][\wäöüß-]+\s(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Ring))\s\d{1,4}\s?[a-z]?\b"
    r"(?:,?\s+\d{5}\s+[A-ZÄÖÜ][\wäöüß-]+)?"
)
_STREET_ROMANCE = (
    r"\b(?:Calle|Avenida|Av\.|Plaza|Paseo|Carrera|Via|Viale|Piazza|Corso|Rua|Praça|Travessa)\s+"
    r"(?:(?:de|del|de la|da|das|do|dos|di|della)\s+)?"
    r"[A-ZÀ-Ý][\wÀ-ÿ'’-]*(?:\s+(?:(?:de|del|da|do|di)\s+)?[A-ZÀ-Ý][\wÀ-ÿ'’-]*)*"
    r",?\s+(?:n[.º°]?\s*)?\d{1,4}\b(?:,?\s+\d{4,5}\s+[A-ZÀ-Ý][\wÀ-ÿ-]+)?"
)
_STREET_FR = (
    r"\b\d{1,4}(?:\s?(?:bis|ter))?,?\s+(?:rue|avenue|av\.|boulevard|bd|place|quai|chemin|allée|impasse|route)\s+"
    r"(?:(?:de|du|des|de la|de l'|d')\s?)?[A-ZÀ-Ý][\wÀ-ÿ'’-]*(?:\s+[A-ZÀ-Ý][\wÀ-ÿ'’-]*)*"
    r"(?:,?\s+\d{5}\s+[A-ZÀ-Ý][\wÀ-ÿ-]+)?"
)
_STREETS = tuple(re.compile(pattern) for pattern in (_STREET_EN, _STREET_DE, _STREET_ROMANCE, _STREET_FR))


def find_contacts(text: str, code: str) -> Iterator[Found]:
    """Find mail addresses, URLs, phone numbers, IP addresses and street addresses."""
    for match in _EMAIL.finditer(text):
        yield Found(match.group(), "Email", "", *match.span(), 0.8)
    for match in _URL.finditer(text):
        address = match.group().rstrip(".,;:!?)]}")
        yield Found(address, "URL", "", match.start(), match.start() + len(address), 0.8)
    for match in _IP.finditer(text):
        if _is_ip(match.group()):
            yield Found(match.group(), "IPAddress", "", *match.span(), 0.8)
    yield from _find_phones(text, code)
    for street in _STREETS:
        for match in street.finditer(text):
            yield Found(match.group(), "Address", "", *match.span(), 0.9)


def _is_ip(candidate: str) -> bool:
    try:
        ip_address(candidate)
    except ValueError:
        return False
    # Times such as 10::30 are valid, but nobody means an address by them.
    return "." in candidate or sum(char in "0123456789abcdefABCDEF" for char in candidate) > 4  # noqa: PLR2004


def _find_phones(text: str, code: str) -> Iterator[Found]:
    if sum(char.isdigit() for char in text) < _DIGITS_ENOUGH:
        return
    import phonenumbers  # noqa: PLC0415  # loads the numbering plans

    region = _REGIONS.get(code.lower(), "US")
    for found in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID):
        yield Found(text[found.start : found.end], "PhoneNumber", "", found.start, found.end, 0.8)
    for match in _PLAIN_PHONE.finditer(text):
        yield Found(match.group(), "PhoneNumber", "", *match.span(), 0.8)
    for match in _SHORT_PHONE.finditer(text):
        yield Found(match["it"], "PhoneNumber", "", *match.span("it"), 0.8)
