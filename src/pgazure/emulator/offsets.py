"""Offsets and lengths in the unit that a request asks for."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

import regex  # type: ignore[import-untyped]  # has no stubs

UNITS = ("TextElements_v8", "UnicodeCodePoint", "Utf16CodeUnit")
_GRAPHEME = regex.compile(r"\X")
_SPELLINGS = {unit.lower(): unit for unit in UNITS} | {"textelement_v8": "TextElements_v8"}


def read_unit(given: object) -> str | None:
    """Find the unit that is meant, in any spelling the service takes; ``None`` where there is none.

    Args:
        given: What was sent; ``None`` for the default.
    """
    if given is None:
        return UNITS[0]
    return _SPELLINGS.get(given.lower()) if isinstance(given, str) else None


def count_text_elements(text: str) -> int:
    """Count the user-perceived characters of ``text``: the unit of the service's size limits."""
    # CR LF is one text element, so only text without CR may skip the segmentation.
    if text.isascii() and "\r" not in text:
        return len(text)
    return sum(1 for _ in _GRAPHEME.finditer(text))


class Ruler:
    """Turn spans of code points into offset and length in another unit.

    Args:
        text: The text that is measured.
        unit: One of :data:`UNITS`.
    """

    def __init__(self, text: str, unit: str) -> None:
        self._positions: list[int] | None = None
        self._starts: list[int] | None = None
        if text.isascii() and "\r" not in text:
            return
        if unit == "Utf16CodeUnit":
            self._positions = [0, *accumulate(1 + (ord(char) > 0xFFFF) for char in text)]  # noqa: PLR2004  # end of the BMP
        elif unit == "TextElements_v8":
            self._starts = [match.start() for match in _GRAPHEME.finditer(text)]

    def measure(self, start: int, end: int) -> tuple[int, int]:
        """Offset and length of ``text[start:end]``."""
        first, last = self._at(start), self._at(end)
        return first, last - first

    def span(self, start: int, end: int) -> dict[str, int]:
        """The same as the service writes it."""
        offset, length = self.measure(start, end)
        return {"offset": offset, "length": length}

    def _at(self, position: int) -> int:
        if self._positions is not None:
            return self._positions[position]
        if self._starts is not None:
            # A position inside a text element counts as after it.
            return bisect_left(self._starts, position)
        return position
