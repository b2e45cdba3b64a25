"""The value of one field of an answer, found by the field's name and description."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from pgazure.emulator.assistant import truth, values
from pgazure.emulator.assistant.values import FINDERS, parse_number
from pgazure.emulator.models import relevance
from pgazure.emulator.models.wordlists import pairs, words

if TYPE_CHECKING:
    from pgazure.emulator.assistant.prompt import Prompt
    from pgazure.emulator.assistant.reading import Reading

_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\s*(?:\([^()]*\)\s*)?(?:-|–|to|and|through)\s*(-?\d+(?:\.\d+)?)")  # noqa: RUF001
_SCORES = frozenset({"positive", "neutral", "negative"})
_CONFIDENCE = frozenset({"confidence", "score", "probability", "certainty", "likelihood", "sure"})
_LINE = r"(?:^|[\n;,.(])\s*(?:\*\*)?{label}(?:\*\*)?\s*(?P<sign>[:=]|\bis\b|\bwas\b)\s*(?P<it>[^\n;]+)"
_HOT = re.compile(
    r"\b(?:urgent|asap|immediately|critical|emergency|right away|unacceptable|outage|down|severe|security)\b",
    re.IGNORECASE,
)
_COLD = re.compile(
    r"\b(?:whenever|no rush|minor|suggestion|when you (?:can|have time)|low priority|not urgent|nice to have)\b",
    re.IGNORECASE,
)
_ASKED = re.compile(r"[^.!?\n]*\?")
# What is either found or is not there: no other words of the text can stand for it.
_CERTAIN = frozenset({"person", "email", "phone", "url", "ip", "ssn", "iban", "date", "time"})
_SHORT_ANSWER = 40
_SHORTEST = 3
_UNRELATED = 0.03
_IDENTIFIERS = frozenset({"number", "id", "code", "no", "identifier", "reference"})
_NAMED = ("person", "organization", "product")
_LEFT_OVER = ("other", "none", "unknown", "misc", "miscellaneous", "general")
_LEVELS = ({"low", "minor", "none"}, {"medium", "moderate", "normal"}, {"high", "urgent", "critical", "major"})


@dataclass(frozen=True)
class Field:
    """A field to fill.

    Attributes:
        name: Its name.
        description: What the schema says about it.
        parents: Names of the fields it stands in, the nearest first.
        low: Least number allowed.
        high: Greatest number allowed.
    """

    name: str
    description: str = ""
    parents: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Words of its name in small letters."""
        return split(self.name)

    @cached_property
    def sense(self) -> str:
        """What it holds; empty where neither name nor description tell."""
        own = _sense(self.words)
        if own and not set(self.words) <= words("assistant", "generic words"):
            return own
        for parent in self.parents:
            if outer := _sense(split(parent)):
                return outer
        return own or _sense(tuple(re.findall(r"[a-z0-9]+", self.description.lower())), front=True)

    @cached_property
    def range(self) -> tuple[float, float] | None:
        """Least and greatest value of a scale, from the schema or from the description."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        match = _RANGE.search(self.description)
        return (float(match[1]), float(match[2])) if match and float(match[1]) < float(match[2]) else None


def split(name: str) -> tuple[str, ...]:
    """Words of a name, however it is written: ``unitPrice``, ``unit_price``, ``unit price``."""
    return tuple(part.lower() for part in _PART.findall(name)) or tuple(re.findall(r"\w+", name.lower()))


@cache
def _sense(found: tuple[str, ...], *, front: bool = False) -> str:
    """What words mean; in a name the last of them weighs most, unless it says what the first are of."""
    senses = pairs("fields", "senses")
    if "".join(found) in senses:
        return senses["".join(found)]
    if not front:
        found = found[: found.index("of")] if "of" in found[1:] else found
        found = tuple(reversed(found))
    return next((senses[word] for word in found if word in senses), "")


@dataclass(frozen=True)
class Request:
    """What fields are filled from.

    Attributes:
        prompt: The request taken apart.
        reading: Its texts.
        answer: The answer in plain words.
    """

    prompt: Prompt
    reading: Reading
    answer: str

    @cached_property
    def truth(self) -> bool | None:
        """Whether what is stated is true."""
        return truth.judge(self.prompt)


def find_texts(field: Field, request: Request) -> list[str]:  # noqa: PLR0911  # one rule after another
    """Texts for a field, the best first; empty where nothing is found."""
    sense = field.sense
    if sense == "language":
        coded = {"code", "iso", "iso6391", "6391", "locale", "639"} & {*field.words} or re.search(
            r"\bISO\b|\bcode\b", field.description
        )
        return [request.reading.iso] if coded else FINDERS["language"](request.reading)
    if sense == "sentiment" and not _SCORES & {*field.words}:
        return FINDERS["sentiment"](request.reading)
    if sense == "answer" or (
        not sense and set(field.words) <= words("assistant", "generic words") - {"name", "id", "title"}
    ):
        return [request.answer]
    labelled, colon = _find_labelled(field, request.reading)
    if not colon and (number := _find_identifier(field, request.reading)):
        return [number]
    if field.words == ("name",) and not sense:
        return next((found for kind in _NAMED if (found := FINDERS[kind](request.reading))), [])
    found = FINDERS[sense](request.reading) if sense in FINDERS else []
    if sense == "person" and "name" in field.words:
        # "Host" is what someone is, and not what someone is called.
        found = request.reading.named("Person")
    if labelled and sense and any(one in labelled or labelled in one for one in found):
        return [next(one for one in found if one in labelled or labelled in one), *found]
    # What stands behind the field's own name outweighs what merely looks like it.
    if labelled and (colon or not found):
        return [labelled]
    if not found and not request.prompt.marked and "?" in request.prompt.order and len(request.answer) <= _SHORT_ANSWER:
        return [request.answer]
    return found or ([] if sense in _CERTAIN else _find_by_likeness(field, request.reading))


def _find_identifier(field: Field, reading: Reading) -> str:
    """What "order A-55" holds for the number of an order."""
    if len(field.words) < 2 or field.words[-1] not in _IDENTIFIERS:  # noqa: PLR2004  # an order's number, not a number
        return ""
    thing = re.escape(field.words[-2])
    kinds = "|".join(sorted(_IDENTIFIERS))
    match = re.search(rf"\b{thing}\s*(?:{kinds})?\.?\s*[:#]?\s*(?P<it>[\w-]*\d[\w-]*)", reading.text, re.IGNORECASE)
    return match["it"] if match else ""


def _find_labelled(field: Field, reading: Reading) -> tuple[str, bool]:
    """What stands behind the field's own name, and whether a colon parts them."""
    label = r"[\s_-]+".join(re.escape(word) for word in field.words)
    match = re.search(_LINE.format(label=label), reading.text, re.IGNORECASE)
    if not match:
        return "", False
    value = re.split(r"[.!?](?:\s|$)|,\s", match["it"].strip(" *\"'"))[0].strip(" .\"'")
    return value, match["sign"] in {":", "="}


def _find_by_likeness(field: Field, reading: Reading) -> list[str]:
    wanted = set(relevance.terms(" ".join(field.words)))
    if not wanted:
        return []
    # What says no more than the field's own name is no value of it.
    phrases = [one for one in reading.phrases if wanted & (said := set(relevance.terms(one))) and said - wanted]
    if phrases:
        return phrases
    told = relevance.terms(field.description)
    return [one.rstrip(".") for one in reading.sentences if (wanted | set(told)) & set(relevance.terms(one))]


def find_number(field: Field, request: Request, *, whole: bool) -> float | None:  # noqa: PLR0911  # one rule after another
    """A number for a field; ``None`` where there is none."""
    named = {*field.words}
    mood = request.reading.judgement.mood
    if label := next(iter(_SCORES & named), ""):
        return mood.scores[label]
    if field.sense == "sentiment" or named & {"polarity"}:
        low, high = field.range or ((1.0, 5.0) if whole else (-1.0, 1.0))
        lean = (mood.scores["positive"] - mood.scores["negative"] + 1) / 2
        value = low + lean * (high - low)
        return float(round(value)) if whole or high - low > 2 else round(value, 2)  # noqa: PLR2004
    if named & {"relevance", "relevancy", "similarity"}:
        value = relevance.score(request.prompt.query or request.prompt.order, request.reading.text)
        low, high = field.range or (0.0, 1.0)
        return round(low + value * (high - low), 0 if whole else 4)
    if counted := _count(field, request.reading):
        return counted
    if field.sense not in {"money", "percentage", "age", "year", "temperature", "rating"}:
        if beside := find_beside(field, request.reading):
            return beside
        if named & _CONFIDENCE:
            low, high = field.range or (0.0, 1.0)
            sure = request.reading.language.score if "language" in field.parents else max(mood.scores.values())
            return low + sure * (high - low)
    if field.sense == "rating" and (ranged := field.range) and ranged[1] != 5:  # noqa: PLR2004
        return _rate(request, ranged)
    found = [parse_number(text) for text in find_texts(field, request)]
    return next((one for one in found if one is not None), None)


def _rate(request: Request, ranged: tuple[float, float]) -> float:
    if match := values.STATED_RATING.search(request.reading.text):
        return float(match[1])
    scores = request.reading.judgement.mood.scores
    low, high = ranged
    return float(round(low + (scores["positive"] - scores["negative"] + 1) / 2 * (high - low)))


def _count(field: Field, reading: Reading) -> float | None:
    named = {*field.words}
    if not named & {"count", "length", "number", "num", "total"}:
        return None
    if named & {"word", "words"}:
        return float(len(re.findall(r"\w+", reading.text)))
    if named & {"character", "characters", "char", "chars", "length"}:
        return float(len(reading.text))
    if named & {"sentence", "sentences"}:
        return float(len(reading.sentences))
    return None


def find_beside(field: Field, reading: Reading) -> float | None:
    """Find a number beside the field's own word: "3 bedrooms", "bedrooms: 3"."""
    number = r"(?P<it>\d[\d.,]*|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    for word in field.words:
        if word in {"of", "number", "num", "count", "total", "score", "confidence"}:
            continue
        stem = re.escape(relevance.stem(word))
        for pattern in (
            rf"\b{number}[\s-]+(?:\w+[\s-]+)?{stem}\w*\b",
            rf"\b{stem}\w*\s*(?:[:=]|is|was|of)?\s*[$€£]?{number}\b",
        ):
            if match := re.search(pattern, reading.text, re.IGNORECASE):
                return parse_number(match["it"])
    return None


def decide(field: Field, request: Request) -> bool | None:  # noqa: PLR0911  # one rule after another
    """Whether what a field asks is so; ``None`` where that cannot be told."""
    named = {*field.words} - {"is", "has", "was", "contains", "mentions", "are"}
    label = request.reading.judgement.mood.label
    if named & _SCORES or field.sense == "sentiment":
        return label == next(iter(_SCORES & named), "positive")
    for known, wanted in (("positive words", "positive"), ("negative words", "negative")):
        if named & words("assistant", known) and "recommended" not in named:
            return label == wanted
    if {*field.words} <= words("assistant", "judging names") or "".join(field.words) in words(
        "assistant", "judging names"
    ):
        return request.truth
    if named & {"question"}:
        return request.reading.text.rstrip().endswith("?")
    if named & {"urgent"}:
        return bool(_HOT.search(request.reading.text))
    if named & {"recommend", "recommends", "recommended"}:
        return label == "positive" and not re.search(r"\bnot recommend|n['’]t recommend", request.reading.text)  # noqa: RUF001
    if field.words[:1] and field.words[0] in {"has", "contains", "mentions", "includes"} and field.sense in FINDERS:
        return bool(FINDERS[field.sense](request.reading))
    wanted_terms = set(relevance.terms(" ".join(sorted(named))))
    holding = [one for one in request.reading.sentences if wanted_terms and wanted_terms <= set(relevance.terms(one))]
    if holding:
        return not re.search(
            rf"\b(?:no|not|never|without|n't)\b[^.]{{0,20}}{re.escape(min(named))[:4]}", holding[0], re.IGNORECASE
        )
    return truth.decide(f"{' '.join(field.words)}", request.reading.text) if field.description else None


def choose(field: Field, options: list[str], request: Request) -> str | None:  # noqa: PLR0911  # one rule after another
    """The option that fits a field best; ``None`` where none does better than another."""
    lower = {option.lower().replace("-", "_").replace(" ", "_"): option for option in options}
    if {*lower} & _SCORES and ({*lower} <= _SCORES | {"mixed", "unknown", "very_positive", "very_negative"}):
        return _choose_mood(lower, request)
    if {*lower} <= words("assistant", "truth words"):
        return _choose_truth(lower, request.truth)
    if level := _choose_level(lower, request.reading):
        return level
    indexed = {one.index or one.name: one.body for one in request.prompt.documents}
    if request.prompt.query and {*options} <= {*indexed}:
        return max(options, key=lambda option: relevance.score(request.prompt.query, indexed[option]))
    if field.sense == "language":
        codes = {request.reading.iso, request.reading.language.name.lower()}
        return next((option for key, option in lower.items() if key in codes), None)
    for text in find_texts(field, request) if field.sense else ():
        if text.lower().replace(" ", "_") in lower:
            return lower[text.lower().replace(" ", "_")]
    return _choose_alike(options, request)


def _choose_mood(lower: dict[str, str], request: Request) -> str | None:
    mood = request.reading.judgement.mood
    if f"very_{mood.label}" in lower and mood.scores.get(mood.label, 0) > 0.95:  # noqa: PLR2004
        return lower[f"very_{mood.label}"]
    if mood.label in lower:
        return lower[mood.label]
    known = [key for key in lower if key in _SCORES]
    return lower[max(known, key=lambda key: mood.scores[key])]


def _choose_truth(lower: dict[str, str], known: bool | None) -> str | None:
    sets = {
        True: ("true", "yes", "supported", "entailment"),
        False: ("false", "no", "refuted", "contradicted", "unsupported", "contradiction"),
        None: ("unknown", "undecided", "uncertain", "undetermined", "cannot_decide", "neither", "unsupported"),
    }
    return next((lower[key] for key in sets[known] if key in lower), None)


def _choose_level(lower: dict[str, str], reading: Reading) -> str | None:
    if not all(any(key in level for level in _LEVELS) for key in lower) or not {*lower} & _LEVELS[2]:
        return None
    # A question such as "how urgent is it?" says nothing of how urgent it is.
    said = _ASKED.sub("", reading.text)
    wanted = 2 if _HOT.search(said) and not _COLD.search(said) else 0 if _COLD.search(said) else 1
    for level in (_LEVELS[wanted], _LEVELS[1], _LEVELS[0], _LEVELS[2]):
        if fitting := [option for key, option in lower.items() if key in level]:
            return fitting[-1]
    return None


def _spelled(option: str, text: str) -> float:
    """Whether an option stands in a text in so many letters, apart or together: "login", "log in"."""
    letters = re.sub(r"\W|_", "", option)
    apart = r"[\s_-]?".join(map(re.escape, letters))
    return float(len(letters) > _SHORTEST and re.search(rf"\b{apart}\b", text, re.IGNORECASE) is not None)


def _choose_alike(options: list[str], request: Request) -> str | None:
    scored = {
        option: relevance.score(" ".join(split(option)), request.reading.text) + _spelled(option, request.reading.text)
        for option in options
    }
    best = max(scored.values(), default=0.0)
    winners = [option for option, value in scored.items() if value == best]
    if len(winners) == 1 and best > _UNRELATED:
        return winners[0]
    return next((option for option in options if option.lower() in _LEFT_OVER), None)
