# ruff: noqa: RUF001  # texts have such signs
"""Sentences of a text, in any language."""

from __future__ import annotations

import re

from pgazure.emulator.models.wordlists import words

# A run of marks or of white space is tried once, from its first character: else a long run takes its square in time.
_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?:\s++|$)"
    r"|[。！？｡]++[」』”’）]*+\s*+"
    r"|(?<=[a-zà-ÿ]{2})[.!?](?=[A-Z][a-z])"
    r"|(?<!\s)\s*\n\s*\n\s*+"
    r"|(?<!\s)\s*\n\s*(?=[-*•·\d])"
)
# How far back a mark's neighbourhood reaches.
_NEAR = 80
_LAST_WORD = re.compile(r"[\w.]+$")
_ORDINAL = re.compile(r"\s\d{1,2}$")


def split(text: str) -> list[tuple[int, int]]:
    """Split ``text`` into sentences.

    White space after a sentence belongs to it, so that the spans join to the whole text.

    Returns:
        Start and end of each, in code points; empty for an empty text.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        before = text[max(start, match.start() - _NEAR) : match.start()]
        if not _goes_on(before, match.group().rstrip(), text[match.end() : match.end() + 1]):
            spans.append((start, match.end()))
            start = match.end()
    if start < len(text):
        spans.append((start, len(text)))
    return _join(text, spans)


def _goes_on(before: str, mark: str, after: str) -> bool:
    """Whether a sentence goes on after a mark that could end it."""
    if after.islower() and mark[-1:] in {")", "]", '"', "”", "»"}:
        return True
    if mark != ".":
        return False
    match = _LAST_WORD.search(before)
    last = match.group() if match else ""
    if last.lower() in words("sentences", "titles"):
        return True
    if after.islower():
        return last.lower() in words("sentences", "abbreviations") or len(last) == 1
    # "J. Smith", and the German "4. April".
    initial = len(last) == 1 and last.isupper() and last != "I" and " " in before.strip()
    return after.isupper() and (initial or _ORDINAL.search(before) is not None)


def _join(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join a lone mark, and white space before the first sentence, to their neighbour."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        piece = text[start:end].strip()
        lone = len(piece) <= 1 and not piece.isalnum()
        if joined and (lone or not text[slice(*joined[-1])].strip()):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out white space at both ends of a span."""
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())
