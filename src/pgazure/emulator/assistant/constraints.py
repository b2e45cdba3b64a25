"""Values made to obey the constraints of a JSON schema."""

from __future__ import annotations

import re
from datetime import date
from math import ceil, floor
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pgazure.emulator.models.wordlists import read_table

_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_NUMERIC = re.compile(r"\b(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})\b")
_DAY = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)?\b(?!\d)")
_YEAR = re.compile(r"\b((?:19|20)\d\d)\b")
_FORMATS = {
    "date": "1970-01-01",
    "date-time": "1970-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "PT0S",
    "email": "unknown@example.com",
    "hostname": "example.com",
    "ipv4": "0.0.0.0",  # noqa: S104  # a value of the format, not listened on
    "ipv6": "::",
    "uuid": str(uuid5(NAMESPACE_URL, "unknown")),
    "uri": "https://example.com",
}
_SHAPES = {
    "date": r"\d{4}-\d{2}-\d{2}",
    "date-time": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})",
    "time": r"\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?",
    "duration": r"P(?:\d+[YMWD])*(?:T(?:\d+[HMS])+)?",
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "hostname": r"[A-Za-z0-9.-]+",
    "ipv4": r"\d{1,3}(?:\.\d{1,3}){3}",
    "ipv6": r"[0-9A-Fa-f:]+",
    "uuid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "uri": r"[A-Za-z][\w+.-]*:\S+",
}
_TRIES = (
    "",
    "a",
    "A",
    "0",
    "1",
    "aa",
    "AA",
    "00",
    "aaa",
    "AAA",
    "000",
    "A1",
    "AB-1",
    "1970-01-01",
    "0000",
    "00000",
    "ABC-123",
    "true",
)
_LETTERS = 3


class Unfillable(Exception):  # noqa: N818  # becomes a refusal, which is an answer
    """No value obeys the schema."""


def find_date(text: str, *, default_year: int | None = None) -> date | None:
    """The first date in ``text``: ISO, ``3 May 2024``, ``May 3, 2024``, ``31.12.2024``."""
    try:
        if match := _ISO.search(text):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _NUMERIC.search(text):
            first, second, year = int(match[1]), int(match[2]), int(match[3])
            year += 2000 * (year < 100)  # noqa: PLR2004  # two digits mean this century
            # With a point the day comes first; with a slash the month does, where it can be one.
            day, month = (first, second) if "." in match.group() or first > 12 else (second, first)  # noqa: PLR2004
            return date(year, month, day)
        return _find_written_date(text, default_year)
    except ValueError:
        return None


def _find_written_date(text: str, default_year: int | None) -> date | None:
    month = _find_month(text)
    year_match = _YEAR.search(text)
    day_match = _DAY.search(_YEAR.sub(" ", text))
    year = int(year_match[1]) if year_match else default_year
    if month is None or year is None:
        return None
    return date(year, month, int(day_match[1]) if day_match else 1)


def _find_month(text: str) -> int | None:
    names = read_table("dates")["months"].split()[:12]
    found = re.findall(r"[^\W\d_]+", text.lower())
    return next(
        (names.index(name) + 1 for word in found for name in names if len(word) >= _LETTERS and name.startswith(word)),
        None,
    )


def fit_text(schema: dict[str, Any], candidates: list[str], source: str) -> str | None:
    """The first candidate that obeys a string schema.

    Args:
        schema: The schema.
        candidates: Texts, the best first.
        source: The text to search for a value of the schema's pattern.

    Returns:
        ``None`` where none obeys it.
    """
    form, pattern = schema.get("format"), schema.get("pattern")
    if form in {"date", "date-time"}:
        dates = [found for text in [*candidates, source] if (found := find_date(text, default_year=1970))]
        candidates = [one.isoformat() + ("T00:00:00Z" if form == "date-time" else "") for one in dates]
    if pattern:
        bare = str(pattern).removeprefix("^").removesuffix("$")
        candidates = [*candidates, *(match.group() for match in re.finditer(bare, source))]
    return next((short for text in candidates if _obeys(schema, short := text[: schema.get("maxLength")])), None)


def default_text(schema: dict[str, Any]) -> str:
    """A text of a string schema that says nothing.

    Raises:
        Unfillable: None is known.
    """
    least = int(schema.get("minLength") or 0)
    tries = [_FORMATS.get(str(schema.get("format")), ""), *_TRIES, "-" * least]
    for text in tries:
        if _obeys(schema, text):
            return text
    raise Unfillable


def _obeys(schema: dict[str, Any], text: str) -> bool:
    most = schema.get("maxLength")
    if len(text) < int(schema.get("minLength") or 0) or (most is not None and len(text) > int(most)):
        return False
    shape = _SHAPES.get(str(schema.get("format")))
    if shape and not re.fullmatch(shape, text):
        return False
    try:
        return "pattern" not in schema or re.search(str(schema["pattern"]), text) is not None
    except re.error:
        return True


def fit_number(schema: dict[str, Any], value: float, *, whole: bool) -> float | int:
    """The number nearest to ``value`` that obeys a number schema.

    Raises:
        Unfillable: There is none.
    """
    step = float(schema.get("multipleOf") or (1 if whole else 0))
    low, high = float(schema.get("minimum", "-inf")), float(schema.get("maximum", "inf"))
    above, below = float(schema.get("exclusiveMinimum", "-inf")), float(schema.get("exclusiveMaximum", "inf"))
    least = max(low, above)
    most = min(high, below)
    value = min(max(value, least), most)
    if step:
        first, last = (
            ceil(least / step) if least > float("-inf") else None,
            floor(most / step) if most < float("inf") else None,
        )
        place = round(value / step)
        if first is not None:
            place = max(place, first + (first * step <= above))
        if last is not None:
            place = min(place, last - (last * step >= below))
        value = place * step
    elif value <= above or value >= below:
        value = (
            (least + most) / 2
            if least > float("-inf") and most < float("inf")
            else value + (1 if value <= above else -1)
        )
    if not (low <= value <= high and above < value < below):
        raise Unfillable
    return int(value) if whole or (value == int(value) and abs(value) < 2**53) else round(value, 6)
