"""Pseudo-translation: the text as it is, marked with the language it was to be put into.

Nothing in a text changes, so placeholders, numbers and tags come through whole, and nobody takes
the result for a real translation.
"""

from __future__ import annotations

import re

_TAG = re.compile(r"<[^<>]*>")
_HEAD = re.compile(r"(?:\s|<[^<>]*>)*")
_INDENT = re.compile(r"\s*")


def visible(text: str, *, html: bool) -> str:
    """Leave out the tags of a text."""
    return _TAG.sub(" ", text) if html else text


def translate(text: str, source: str, target: str, *, html: bool) -> str:
    """Mark ``text`` as put into ``target``; one that is in that language already stays as it is.

    Args:
        text: The text.
        source: Code of its language.
        target: Code of the language asked for.
        html: Whether ``text`` holds tags; the mark then goes behind those at its head.
    """
    head = (_HEAD if html else _INDENT).match(text)
    start = head.end() if head else 0
    if source == target or start == len(text):
        return text
    return f"{text[:start]}[{target}] {text[start:]}"
