"""The value that an entity means: 5 years, 90 dollars, the 25th of April."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pgazure.emulator.models.wordlists import pairs

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS = re.compile(r"-?\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]+|[$€£¥₹°]")
_GROUPS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_YEAR = re.compile(r"\b(?:1[6-9]|20)\d\d\b")
_DAY = re.compile(r"\b\d{1,2}(?!\d)")
_TABLE = "values"


def normalize(text: str, kind: str) -> dict[str, Any] | None:
    """Say what an entity means; ``None`` where that is not known.

    Args:
        text: The entity.
        kind: Its type, as the service names it.
    """
    if kind == "Date":
        return _read_date(text)
    value = _read_number(text)
    read = _READERS.get(kind)
    return read(text, value) if read is not None and value is not None else None


def _number(_: str, value: float) -> dict[str, Any]:
    whole = "Integer" if value == int(value) else "Decimal"
    return {"metadataKind": "NumberMetadata", "numberKind": whole, "value": value}


def _percentage(_: str, value: float) -> dict[str, Any]:
    return {"metadataKind": "NumberMetadata", "numberKind": "Percent", "value": value}


def _ordinal(_: str, value: float) -> dict[str, Any]:
    return {"metadataKind": "OrdinalMetadata", "offset": f"{value:g}", "relativeTo": "Start", "value": f"{value:g}"}


def _age(text: str, value: float) -> dict[str, Any]:
    return {"metadataKind": "AgeMetadata", "unit": _find_unit(text, "ages") or "Unspecified", "value": value}


def _temperature(text: str, value: float) -> dict[str, Any]:
    unit = _find_unit(text, "temperatures") or "Unspecified"
    return {"metadataKind": "TemperatureMetadata", "unit": unit, "value": value}


def _currency(text: str, value: float) -> dict[str, Any] | None:
    named = _find_unit(text, "currencies")
    if named is None:
        return None
    unit, _, code = named.partition(":")
    return {"metadataKind": "CurrencyMetadata", "unit": unit, "iso4217": code, "value": value}


_READERS: dict[str, Callable[[str, float], dict[str, Any] | None]] = {
    "Number": _number,
    "Percentage": _percentage,
    "Ordinal": _ordinal,
    "Age": _age,
    "Temperature": _temperature,
    "Currency": _currency,
}


def _read_number(text: str) -> float | None:
    scale = 1.0
    for word in _WORD.findall(text.lower()):
        scale *= float(pairs(_TABLE, "scales").get(word, 1))
    if match := _DIGITS.search(text):
        plain = _GROUPS.sub("", match.group()).replace(",", ".")
        return float(plain) * scale if plain.count(".") <= 1 else None
    known = pairs(_TABLE, "numbers")
    return next((float(known[word]) * scale for word in _WORD.findall(text.lower()) if word in known), None)


def _find_unit(text: str, section: str) -> str | None:
    known = pairs(_TABLE, section)
    # The last name is the unit: "US" in "US dollars" is not.
    return next((known[word] for word in reversed(_WORD.findall(text.lower())) if word in known), None)


def _read_date(text: str) -> dict[str, Any] | None:
    timex = text if _ISO.fullmatch(text) else _spell_date(text)
    # Without a year there are many such days, and which of them is meant depends on when it is read.
    return {"metadataKind": "DateMetadata", "dateValues": [{"timex": timex, "value": timex}]} if timex else None


def _spell_date(text: str) -> str | None:
    months = pairs(_TABLE, "months")
    month = next((months[word] for word in _WORD.findall(text.lower()) if word in months), None)
    year = _YEAR.search(text)
    day = _DAY.search(text[: year.start()]) if year else None
    return f"{year.group()}-{int(month):02}-{int(day.group()):02}" if month and year and day else None
