"""Words of praise and of complaint, by language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pgazure.emulator.models.wordlists import pairs, words

_TABLE = "sentiment"
_PRAISE, _COMPLAINT = 2.0, -2.2
_SIGN = 2.0
_WITHOUT_SPACES = frozenset({"ja", "zh", "ko"})


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words of one language.

    Attributes:
        words: Weight of whole words.
        stems: Weight of beginnings of words.
        turners: Words that turn a meaning round.
        strengtheners: Words that strengthen a meaning.
        wide: Whether words stand without spaces between them.
    """

    words: dict[str, float]
    stems: dict[str, float]
    turners: frozenset[str]
    strengtheners: frozenset[str]
    wide: bool

    def weigh(self, word: str) -> float:
        """Weight of a word: above zero for praise, below for complaint."""
        if (weight := self.words.get(word)) is not None:
            return weight
        return next((self.stems[word[:end]] for end in range(len(word), 1, -1) if word[:end] in self.stems), 0.0)


@cache
def lexicon(code: str) -> Lexicon:
    """The words of a language; none for a language that has no list."""
    short = code.lower().partition("-")[0]
    weights = dict.fromkeys(words(_TABLE, f"{short} praise"), _PRAISE)
    weights |= dict.fromkeys(words(_TABLE, f"{short} complaint"), _COMPLAINT)
    return Lexicon(
        {entry: weight for entry, weight in weights.items() if not entry.endswith("*")},
        {entry[:-1]: weight for entry, weight in weights.items() if entry.endswith("*")},
        words(_TABLE, f"{short} turners"),
        words(_TABLE, f"{short} strengtheners"),
        short in _WITHOUT_SPACES,
    )


@cache
def signs() -> dict[str, float]:
    """Weight of emoji and emoticons."""
    kinds = (("praise", _SIGN), ("complaint", -_SIGN))
    return {
        sign: weight
        for kind, weight in kinds
        for form in ("emoji", "emoticon")
        for sign in words(_TABLE, f"{form} {kind}")
    }


@cache
def english_weights() -> dict[str, float]:
    """What the English model does not know about rooms, meals and goods."""
    return {word: float(weight) for word, weight in pairs(_TABLE, "english weights").items()}
