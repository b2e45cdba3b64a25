# ruff: noqa: RUF001  # texts have such signs
"""Sentiment of a text and of its sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from math import exp, sqrt
from typing import TYPE_CHECKING, Any

from pgazure.emulator.models import language, sentences
from pgazure.emulator.models.sentiment_words import english_weights, lexicon, signs

if TYPE_CHECKING:
    from pgazure.emulator.models.sentiment_words import Lexicon

_WORD = re.compile(r"\w+(?:['’]\w+)?")
_RUN = re.compile(r"([^\w\s])\1{4,}")
# What the English model reads word by word, and so the wrong way round.
_TURNS = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for pattern, meaning in (
        # Praise that was hoped for, and did not come.
        (r"\b(?:not|isn't|wasn't|nowhere near|never) (?:quite |nearly |half )?(?:as|so) \w+(?= as\b)", "bad, awful "),
        (r"\bcould(?:n['’]t| not) (?:have been|be|have asked for|ask for) (?:an? )?(?:\w+er|more \w+)\b", "was great"),
        (r"\b(?:nothing|little|no reason)\b[^.,;!?]{0,20}\bto complain(?: about)?\b", "all good"),
        (r"\b(?:not|n['’]t) (?:an? |any )?(?:issue|problem|trouble)s?\b", "fine"),
        (r"\bin case of [\w ,]*?(?:question|problem|issue|trouble)s?(?: or (?:question|problem|issue)s?)?\b", ""),
        (r"\bcan(?:['’]t|not) say (?:that )?(?:I|we) (?:was|were) disappointed\b", "fine"),
    )
)
_CLAUSE = re.compile(r"[,;:.!?…]|\s[-–]\s")
# How sharply a compound score becomes a decision, and how much it takes to leave neutral.
_SHARPNESS = 12.0
_NEUTRAL = exp(3.0)
_SPREAD = 15.0
# How sure the language of a text has to be to stand against the one that is named.
_CLEAR = 0.9
_WIDE_REACH = 4
_REACH = 3
_STRONGER = 1.3
_TURNED = -0.75


@dataclass(frozen=True, slots=True)
class Mood:
    """A sentiment.

    Attributes:
        label: ``positive``, ``neutral``, ``negative``; ``mixed`` only of whole documents.
        scores: Confidence with two decimals in ``positive``, ``neutral`` and ``negative``.
    """

    label: str
    scores: dict[str, float]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and its sentiment.

    Attributes:
        start: Its first code point.
        end: The code point after its last.
        mood: Its sentiment.
    """

    start: int
    end: int
    mood: Mood


@dataclass(frozen=True, slots=True)
class Judgement:
    """Sentiment of a document.

    Attributes:
        mood: Of the whole.
        sentences: Of each sentence.
    """

    mood: Mood
    sentences: tuple[Sentence, ...]


@cache
def vader() -> Any:
    """The English model with words of its own for rooms, meals and goods."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415  # reads its lexicon

    analyzer = SentimentIntensityAnalyzer()
    analyzer.lexicon.update(english_weights())
    return analyzer


@lru_cache(maxsize=1024)
def judge(text: str, code: str) -> Judgement:
    """Judge a document.

    Args:
        text: The text.
        code: Its language; one without words of its own is judged by its emoji alone. Where nothing speaks for
            another mood than neutral, and the text is clearly in another language, that one decides.
    """
    judged = _judge_sentences(text, code)
    if all(sentence.mood.label == "neutral" for sentence in judged):
        # The service reads many languages at once, whichever one is named.
        spoken = language.detect(text, "")
        if spoken.score >= _CLEAR and spoken.code[:2] != code[:2].lower():
            judged = _judge_sentences(text, spoken.code)
    labels = {sentence.mood.label for sentence in judged} - {"neutral"}
    label = "mixed" if len(labels) > 1 else next(iter(labels), "neutral")
    mean = {
        name: round(sum(sentence.mood.scores[name] for sentence in judged) / len(judged), 2)
        for name in ("positive", "neutral", "negative")
    }
    return Judgement(Mood(label, mean), judged)


def _judge_sentences(text: str, code: str) -> tuple[Sentence, ...]:
    score = _score_english if code.lower().startswith("en") else lambda part: _score(part, lexicon(code))
    return tuple(Sentence(start, end, _mood(score(text[start:end]))) for start, end in sentences.split(text))


def _mood(compound: float) -> Mood:
    weights = {"positive": exp(_SHARPNESS * compound), "neutral": _NEUTRAL, "negative": exp(-_SHARPNESS * compound)}
    total = sum(weights.values())
    label = max(weights, key=lambda name: weights[name])
    return Mood(label, {name: round(weight / total, 2) for name, weight in weights.items()})


def _score_english(part: str) -> float:
    for pattern, meaning in _TURNS:
        part = pattern.sub(meaning, part)
    # Its time grows with the square of a sentence's words, and every emoji is several.
    return float(vader().polarity_scores(_RUN.sub(r"\1\1\1\1", part))["compound"])


def _score(part: str, words: Lexicon) -> float:
    total = _weigh_signs(part)
    total += _weigh_wide(part, words) if words.wide else _weigh_words(part, words)
    if total and part.rstrip().endswith("!"):
        total *= 1.15
    return total / sqrt(total * total + _SPREAD)


def _weigh_signs(part: str) -> float:
    known = signs()
    return sum(known.get(char, 0.0) for char in part) + sum(known.get(token, 0.0) for token in part.split())


def _weigh_words(part: str, lexicon: Lexicon) -> float:
    total = 0.0
    for clause in _CLAUSE.split(part):
        words = _WORD.findall(clause.lower())
        for place, word in enumerate(words):
            if weight := lexicon.weigh(word):
                before = words[max(0, place - _REACH) : place]
                # Some languages turn a meaning round after the word, at the end of the clause.
                after = words[place + 1 : place + 2]
                if any(other in lexicon.turners for other in (*before, *after)):
                    weight *= _TURNED
                if words[max(0, place - 1) : place] and words[place - 1] in lexicon.strengtheners:
                    weight *= _STRONGER
                total += weight
    return total


def _weigh_wide(part: str, lexicon: Lexicon) -> float:
    total = 0.0
    place = 0
    longest = max(map(len, lexicon.words), default=0)
    while place < len(part):
        for length in range(min(longest, len(part) - place), 0, -1):
            weight = lexicon.words.get(part[place : place + length])
            if weight is not None:
                end = place + length
                before, after = part[max(0, place - 2) : place], part[end : end + _WIDE_REACH]
                # Chinese denies before the word, Japanese and Korean after it.
                if _denied(before, after, lexicon):
                    weight *= _TURNED
                total += weight
                place = end
                break
        else:
            place += 1
    return total


def _denied(before: str, after: str, lexicon: Lexicon) -> bool:
    if "不" in lexicon.turners:
        return any(turner in before for turner in lexicon.turners)
    ends = re.split(r"[、。,.!?！？\s]", after, maxsplit=1)[0]
    return any(turner in ends for turner in lexicon.turners)
