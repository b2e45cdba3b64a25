"""Dates, times and quantities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pgazure.emulator.models.spans import Found
from pgazure.emulator.models.wordlists import words

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCORE = 0.8
_YEAR = r"(?:1[6-9]\d\d|20\d\d)"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_DIGITS = r"\d+(?:[.,]\d+)*"
_PERIOD = r"(?:week|weekend|month|year|summer|winter|spring|fall|autumn)"
_PART = r"(?:morning|afternoon|evening|night)"


@dataclass(frozen=True, slots=True)
class _Pattern:
    category: str
    subcategory: str
    pattern: re.Pattern[str]


def find_times(text: str) -> Iterator[Found]:
    """Find dates, times and durations."""
    return _find(text, _times())


def find_quantities(text: str) -> Iterator[Found]:
    """Find numbers and what they count."""
    return _find(text, _quantities())


def _find(text: str, patterns: tuple[_Pattern, ...]) -> Iterator[Found]:
    for one in patterns:
        # A group of this name is the entity, where the whole match is not.
        group = "it" if "it" in one.pattern.groupindex else 0
        for match in one.pattern.finditer(text):
            yield Found(match[group], one.category, one.subcategory, *match.span(group), _SCORE)


def _any(table: str, section: str) -> str:
    entries = sorted(words(table, section), key=lambda word: (-len(word), word))
    return f"(?:{'|'.join(map(re.escape, entries))})"


def _compile(category: str, rows: tuple[tuple[str, str], ...]) -> tuple[_Pattern, ...]:
    return tuple(_Pattern(category, subcategory, re.compile(row, re.IGNORECASE)) for subcategory, row in rows)


@cache
def _times() -> tuple[_Pattern, ...]:
    month = rf"(?:{_any('dates', 'months')}\b|{_any('dates', 'short months')}\b\.?)"
    some = r"a|an|half an|a few|several|a couple of|the past few"
    count = rf"(?:\d+(?:[.,]\d+)?|{_any('quantities', 'numbers')}|{some})"
    span = _any("dates", "spans")
    clock = r"\b(?:[01]?\d|2[0-3])[:h][0-5]\d(?::[0-5]\d)?\s*(?:[ap]\.?m\b\.?)?"
    rows = (
        ("Date", rf"\b{month}\s+{_DAY}(?:st|nd|rd|th)?(?:,?\s+{_YEAR})?\b"),
        ("Date", rf"\b{_DAY}(?:st|nd|rd|th|er|\.|º)?\s+(?:of\s+|de\s+)?{month}(?:,?\s+(?:del?\s+)?{_YEAR})?\b"),
        ("DateRange", rf"\b{month}\s+(?:of\s+|de\s+)?{_YEAR}\b"),
        ("Date", rf"\b{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b"),
        ("Date", rf"\b{_DAY}[./]{_DAY}[./](?:{_YEAR}|\d\d)\b"),
        ("DateRange", rf"\b(?:in|since|from|until|by|en|im|seit|depuis|nel|em|desde)\s+(?P<it>{_YEAR})\b"),
        ("Date", rf"\b{_any('dates', 'days')}\b"),
        ("Date", rf"\b{_any('dates', 'relative days')}\b"),
        ("DateRange", rf"\b(?:(?:last|next|this|past|coming)\s+{_PERIOD}|weekend)\b"),
        ("DateRange", rf"\b(?:past|last) {count} (?:days|weeks|months|years)\b"),
        ("TimeRange", rf"\b(?:(?:last|this|tomorrow|yesterday)\s+{_PART}|tonight)\b"),
        ("Time", rf"{clock}|\b(?:1[0-2]|[1-9])\s?[ap]\.?m\b\.?|\b(?:noon|midnight)\b"),
        ("Duration", rf"\b{count}[\s-]{span}\b"),
        ("Set", rf"\b(?:every|each)\s+(?:day|{_PERIOD}|{_PART})\b|\b(?:daily|weekly|monthly)\b"),
    )
    return _compile("DateTime", rows)


@cache
def _quantities() -> tuple[_Pattern, ...]:
    number = rf"(?:{_DIGITS}|\b{_any('quantities', 'numbers')}\b)"
    scale = rf"(?:\s?{_any('quantities', 'scales')}\b)?"
    rows = (
        ("Currency", rf"(?:US\$|[$€£¥₹])\s?{_DIGITS}{scale}"),
        ("Currency", rf"\b{_DIGITS}{scale}\s?(?:[$€£¥₹]|{_any('quantities', 'currencies')}\b)"),
        ("Percentage", rf"\b{_DIGITS}\s?(?:%|(?:percent|prozent|p[oe]r ciento|pour cent|per cento|por cento)\b)"),
        ("Age", rf"\b{number}[\s-]+(?:years?|months?|weeks?|days?)[\s-]+old\b|\b\d+ (?:años de edad|jahre alt)\b"),
        ("Temperature", rf"-?\b{_DIGITS}\s?(?:°\s?[CF]\b|degrees?(?:\s(?:celsius|fahrenheit))?\b|°)"),
        ("Dimension", rf"\b{_DIGITS}[\s-]?(?:square (?:feet|foot|meters?|miles)|{_any('quantities', 'units')})\b"),
        ("Ordinal", rf"\b(?:\d+(?:st|nd|rd|th)|{_any('quantities', 'ordinals')})\b"),
        ("Number", rf"(?<![\w.,-])(?<!\d\s){number}{scale}(?![\w-]|[.,]\d|\s\d)"),
    )
    return _compile("Quantity", rows)
