"""A text as the analysis models see it, each of them asked at most once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pgazure.emulator.models import entities, language, phrases, pii, sentences, sentiment, summary

if TYPE_CHECKING:
    from pgazure.emulator.models.language import Detected
    from pgazure.emulator.models.sentiment import Judgement
    from pgazure.emulator.models.spans import Found

_SURE = 0.75
_SHORT = {"zh_chs": "zh", "zh_cht": "zh"}


class Reading:
    """A text and what the models say about it.

    Args:
        text: The text.
        order: What is asked about it.
    """

    def __init__(self, text: str, order: str = "") -> None:
        self.text = text
        self.order = order

    @cached_property
    def language(self) -> Detected:
        """Its language."""
        return language.detect(self.text, "")

    @property
    def iso(self) -> str:
        """Its language in two letters; ``en`` where it cannot be told."""
        code = self.language.code
        return "en" if code.startswith("(") else _SHORT.get(code, code)

    @cached_property
    def code(self) -> str:
        """The language to analyze it in: English, where a few plain letters leave a doubt."""
        return "en" if self.text.isascii() and self.language.score < _SURE else self.iso

    @cached_property
    def judgement(self) -> Judgement:
        """Its sentiment."""
        return sentiment.judge(self.text, self.code)

    @cached_property
    def sentences(self) -> list[str]:
        """Its sentences."""
        return [self.text[slice(*sentences.trim(self.text, *span))] for span in sentences.split(self.text)]

    @cached_property
    def phrases(self) -> tuple[str, ...]:
        """Its key phrases, the weightiest first."""
        return phrases.extract(self.text, self.code)

    @cached_property
    def entities(self) -> tuple[Found, ...]:
        """Its entities."""
        return entities.recognize(self.text, self.code)

    @cached_property
    def pii(self) -> tuple[Found, ...]:
        """The personal data in it."""
        return pii.recognize(self.text, self.code)

    @cached_property
    def redacted(self) -> str:
        """The text without the personal data."""
        letters = list(self.text)
        for one in self.pii:
            letters[one.start : one.end] = "*" * (one.end - one.start)
        return "".join(letters)

    def summarize(self, count: int) -> str:
        """The text in at most ``count`` sentences; the text itself where it has no real sentence."""
        made = summary.condense(self.text, self.code, count)
        return " ".join(one.text for one in made) or " ".join(self.text.split())

    def rank(self, count: int) -> list[tuple[str, float]]:
        """Its most central sentences in the order of the text, with their rank."""
        ranked = sorted(summary.extract(self.text, self.code, count), key=lambda one: one.start)
        return [(self.text[one.start : one.end], one.rank) for one in ranked] or [
            (one, 1.0) for one in self.sentences[:count]
        ]

    def named(self, category: str, subcategory: str | None = None) -> list[str]:
        """Texts of the entities of a category."""
        found = (one for one in self.entities if one.category == category)
        return [one.text for one in found if subcategory is None or one.subcategory == subcategory]
