# ruff: noqa: RUF001  # texts have such signs
"""Opinions in a sentence: what is judged, and the words that judge it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pgazure.emulator.models.sentiment import vader
from pgazure.emulator.models.sentiment_words import lexicon
from pgazure.emulator.models.wordlists import words

_TOKEN = re.compile(r"\w+(?:['’-]\w+)*|[,;.!?–-]")
_LEAST = 0.8
# What is no complaint before a noun is one after "was".
_WORN = -1.0
_FAR = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A target or an assessment.

    Attributes:
        start: Its first code point in the document.
        end: The code point after its last.
        label: ``positive`` or ``negative``; ``mixed`` where a target's assessments disagree.
        scores: Confidence in ``positive`` and ``negative``.
        negated: Whether an assessment is turned round.
        relations: Places of a target's assessments in the sentence's list.
    """

    start: int
    end: int
    label: str
    scores: dict[str, float]
    negated: bool = False
    relations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Opinions:
    """What a sentence holds of opinions.

    Attributes:
        targets: What is judged.
        assessments: The words that judge it.
    """

    targets: tuple[Part, ...] = ()
    assessments: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class _Token:
    word: str
    start: int
    end: int
    clause: int
    weight: float
    is_target: bool


@lru_cache(maxsize=1024)
def mine(sentence: str, code: str, offset: int) -> Opinions:
    """Find targets and their assessments.

    Args:
        sentence: The sentence.
        code: Its language.
        offset: Where it begins in its document; the parts' places are counted from there.
    """
    tokens = _read(sentence, code)
    turners = lexicon(code).turners | words("opinions", "turners")
    judged: dict[int, list[int]] = {}
    assessments: list[Part] = []
    for place, token in enumerate(tokens):
        if not token.weight:
            continue
        aims = _aim(tokens, place)
        if not aims:
            continue
        before = [other.word for other in tokens[max(0, place - 3) : place] if other.clause == token.clause]
        negated = any(word in turners for word in before)
        label = "positive" if (token.weight > 0) != negated else "negative"
        assessments.append(Part(offset + token.start, offset + token.end, label, _scores(label), negated))
        for aim in aims:
            judged.setdefault(aim, []).append(len(assessments) - 1)
    targets = []
    for aim in sorted(judged):
        token = tokens[aim]
        labels = {assessments[place].label for place in judged[aim]}
        label = labels.pop() if len(labels) == 1 else "mixed"
        targets.append(
            Part(offset + token.start, offset + token.end, label, _scores(label), relations=tuple(judged[aim]))
        )
    return Opinions(tuple(targets), tuple(assessments))


def _scores(label: str) -> dict[str, float]:
    positive = {"positive": 1.0, "negative": 0.0, "mixed": 0.5}[label]
    return {"positive": positive, "negative": 1.0 - positive}


def _read(sentence: str, code: str) -> list[_Token]:
    english = code.lower().startswith("en")
    judged = lexicon(code)
    matches = list(_TOKEN.finditer(sentence))
    tokens: list[_Token] = []
    clause = 0
    for place, match in enumerate(matches):
        word = match.group().lower()
        if word in words("opinions", "articles"):
            continue
        following = [other.group().lower() for other in matches[place + 1 : place + 3]]
        if word in words("opinions", "breaks") or word == "," or _joins_clauses(word, tokens, following):
            clause += 1
        weight = vader().lexicon.get(word, 0.0) if english else judged.weigh(word)
        if not weight and place and matches[place - 1].group().lower() in words("opinions", "copulas"):
            weight = _WORN if word in words("opinions", "worn") else 0.0
        target = word in words("opinions", "targets")
        kept = 0.0 if target or abs(weight) < _LEAST else weight
        tokens.append(_Token(word, match.start(), match.end(), clause, kept, target))
    return tokens


def _joins_clauses(word: str, before: list[_Token], following: list[str]) -> bool:
    """Whether ``and`` joins clauses and not things: an article follows, and it does not stand between two targets."""
    if (
        word not in words("opinions", "joins")
        or following[:1] == []
        or following[0] not in words("opinions", "articles")
    ):
        return False
    return not (before and before[-1].is_target and following[-1] in words("opinions", "targets"))


def _aim(tokens: list[_Token], place: int) -> list[int]:
    """Places of the targets that the assessment at ``place`` is about."""
    here = tokens[place]
    near = [other for other, token in enumerate(tokens) if token.is_target and abs(other - place) <= _FAR]
    same = [other for other in near if tokens[other].clause == here.clause]
    if not same:
        # Without a target of its own, a clause goes on about the one before it.
        same = [other for other in near if other < place][-1:]
    if not same:
        return []
    best = min(same, key=lambda other: (abs(other - place), other))
    aims = [best]
    # What is joined to a target shares its judgement.
    while aims[0] >= 2 and tokens[aims[0] - 1].word in words("opinions", "joins") and tokens[aims[0] - 2].is_target:  # noqa: PLR2004
        aims.insert(0, aims[0] - 2)
    return aims
