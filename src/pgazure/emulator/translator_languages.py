"""Language codes that Translator knows."""

from __future__ import annotations

from functools import cache

from pgazure.emulator.models.wordlists import pairs, words

_TABLE = "translator"


def resolve_language(code: str) -> str | None:
    """Find the language that ``code`` means, as it is written in answers; ``None`` where there is none."""
    lower = code.lower()
    if known := _codes().get(lower):
        return known
    # A region that makes no difference is dropped: en-GB is en.
    return _codes().get(lower.partition("-")[0]) if "-" in lower else None


@cache
def _codes() -> dict[str, str]:
    return pairs(_TABLE, "aliases") | {code.lower(): code for code in words(_TABLE, "codes")}
