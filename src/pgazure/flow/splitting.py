"""Cutting a text that is longer than a service takes, at sentence borders where there are any."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a longer text.

    ``lead + text + trail`` of all parts, joined, is the whole text again.

    Attributes:
        text: What is sent: it starts and ends with something visible.
        lead: White space before it.
        trail: White space after it.
    """

    text: str
    lead: str = ""
    trail: str = ""


def count_graphemes(text: str) -> int:
    """Count text elements as the Language service does: a letter with its marks, or an emoji family, is one."""
    import regex  # type: ignore[import-untyped]  # noqa: PLC0415  loaded only where a text is long

    return sum(1 for _ in regex.finditer(r"\X", text))


def exceeds_graphemes(text: str, limit: int) -> bool:
    """Tell whether ``text`` has more than ``limit`` text elements."""
    # There are never more text elements than code points, and counting those is free.
    return len(text) > limit and count_graphemes(text) > limit


def split_text(text: str, limit: int) -> list[Part]:
    """Cut ``text`` into parts of at most ``limit`` code points, losslessly.

    Cuts fall between paragraphs, else sentences, else words, else letters. A
    text of nothing but white space has no parts.
    """
    from semantic_text_splitter import TextSplitter  # noqa: PLC0415  loaded only where a text is too long

    parts: list[Part] = []
    lead = ""
    for chunk in TextSplitter(limit, trim=False).chunks(text):
        core = chunk.strip()
        if not core:
            if parts:
                parts[-1] = Part(parts[-1].text, parts[-1].lead, parts[-1].trail + chunk)
            else:
                lead += chunk
            continue
        start = chunk.index(core)
        parts.append(Part(core, lead + chunk[:start], chunk[start + len(core) :]))
        lead = ""
    return parts
