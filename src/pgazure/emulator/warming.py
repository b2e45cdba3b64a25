"""Load the models that take long, before the first request needs them."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_ENCODINGS = ("cl100k_base", "o200k_base")
_TEXT = "The room was lovely, and breakfast was cold."


def begin_warming(done: Callable[[], None]) -> None:
    """Begin to load the models, in a thread that does not hold up the end of the program.

    Args:
        done: Called when they are loaded, in that thread.
    """

    def warm() -> None:
        try:
            _warm()
        finally:
            done()

    Thread(target=warm, name="pgazure-emulator-warming", daemon=True).start()


def _warm() -> None:
    from pgazure.emulator.models import embedding, language, phrases, tokens  # noqa: PLC0415  # loads what is slow

    language.detect(_TEXT, "")
    for name in _ENCODINGS:
        tokens.count(_TEXT, name)
    embedding.embed(_TEXT, "text-embedding-3-small", 1536, 1536)
    phrases.extract(_TEXT, "en")
