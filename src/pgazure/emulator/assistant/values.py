"""Values that a text holds, by what is wanted: its sentiment, a date, a price, the product it speaks of."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from pgazure.emulator.assistant import arithmetic
from pgazure.emulator.assistant.reading import Reading
from pgazure.emulator.models import translation
from pgazure.emulator.models.phrases import stop_words
from pgazure.emulator.models.wordlists import words

if TYPE_CHECKING:
    from collections.abc import Callable

_BOUGHT = re.compile(
    r"\b(?:bought|purchased|ordered|received|got|using|tried|love|own|returned|recommend|buy|return|order)\s+(?P<tail>[^.!?\n;]+)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"^(?:the|this|my|our|these|those)\s+(?P<tail>[^.!?\n;]+)", re.IGNORECASE)
STATED_RATING = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*(?:/|out of)\s*(?:5|10|100)\b")
_STARS = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?|one|two|three|four|five)[ -]stars?\b", re.IGNORECASE)
_RATED = re.compile(r"\b(?:rat(?:e|ed|ing)|score)\b\D{0,12}(\d+(?:\.\d+)?)", re.IGNORECASE)
_PLACE = re.compile(r"(-?\d{1,3}\.\d+)\s*°?\s*[NS]?,\s*(-?\d{1,3}\.\d+)")
_SSN = re.compile(r"\b\d{3}-\d{2}-\d{4}\b")
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
_TARGET = re.compile(
    r"\b(?:in)?to\s+(?:the\s+)?(?P<name>[A-Z][a-z]+(?:\s\((?:simplified|traditional)\))?|[a-z]{2}(?:-[A-Za-z]{2,4})?)\b"
)
_AGAINST = re.compile(r"\b(?:but|however),?\s+(?P<clause>[^.!?;]+)", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“]([^\"”]{3,})[\"”]")
_MOST_WORDS = 4
_MANY = 1000


def parse_number(text: str) -> float | None:
    """Read the first number in ``text``: digits with any separators, or a small number in words."""
    match = re.search(r"-?\d[\d.,' ]*(?<![.,' ])", text)
    if not match:
        low = [word for word in re.findall(r"[a-z]+", text.lower()) if word in _small_numbers()]
        return float(_small_numbers()[low[0]]) if low else None
    digits = re.sub(r"[' ]", "", match.group())
    separators = [char for char in digits if char in ".,"]
    if separators:
        last = digits.rindex(separators[-1])
        # A mark with three digits behind it parts thousands, unless it is the only point.
        thousands = len(digits) - last - 1 == 3 and (separators[-1] == "," or len(separators) > 1)  # noqa: PLR2004
        whole, fraction = (digits, "") if thousands else (digits[:last], digits[last + 1 :])
        digits = re.sub(r"[.,]", "", whole) + (f".{fraction}" if fraction else "")
    value = float(digits)
    scale = re.match(r"\s?(k|thousand|m|million|mn|bn|billion)\b", text[match.end() :], re.IGNORECASE)
    powers = {"k": 1e3, "t": 1e3, "m": 1e6, "b": 1e9}
    return value * powers[scale[1][0].lower()] if scale else value


@cache
def _small_numbers() -> dict[str, int]:
    order = "zero one two three four five six seven eight nine ten eleven twelve"
    return {word: number for number, word in enumerate(order.split())}


def target_language(order: str) -> str | None:
    """Code of the language that a request wants a translation in."""
    import langcodes  # noqa: PLC0415  # loads tables of names

    for match in _TARGET.finditer(order):
        try:
            found = langcodes.find(match["name"]) if match["name"][0].isupper() else langcodes.get(match["name"])
        except LookupError:
            continue
        if found.is_valid() and found.language:
            return {"zh": "zh-Hans"}.get(found.to_tag(), str(found.to_tag()))
    return None


def translate(reading: Reading) -> str:
    """The text marked as put into the language that is asked for, English where none is named."""
    target = target_language(reading.order) or "en"
    return translation.translate(reading.text, reading.iso, target, html=False)


def noun_phrase(tail: str) -> str:
    """The thing that words after a verb begin with: without articles, up to the next verb or small word."""
    taken: list[str] = []
    for token in re.findall(r"[^\s,:()]+|[,:()]", tail):
        word = token.strip("\"'“”").lower()
        if not taken and (
            word in words("assistant", "articles") or word in words("assistant", "number words") or word.isdigit()
        ):
            continue
        if not token[0].isalnum() or word in stop_words("en") or (taken and word in words("phrases", "verbs")):
            break
        taken.append(token)
        if len(taken) == _MOST_WORDS:
            break
    return " ".join(taken)


def _products(reading: Reading) -> list[str]:
    found = [noun_phrase(match["tail"]) for match in _BOUGHT.finditer(reading.text)]
    found += [noun_phrase(match["tail"]) for one in reading.sentences if (match := _SUBJECT.match(one))]
    lower = {one.lower() for one in reading.named("DateTime")}
    kept = [one for one in found if one and one.lower() not in lower]
    return kept or list(reading.phrases[:1])


def _judged(reading: Reading, label: str) -> list[str]:
    clauses = [
        clause.strip(" ,;-–")  # noqa: RUF001
        for one in reading.sentences
        for clause in re.split(r",?\s+(?:but|however|although|though|yet|while)\b|;", one)
    ]
    scored = [(Reading(clause).judgement.mood, place, clause) for place, clause in enumerate(clauses) if clause]
    fitting = [(-mood.scores[label], place, clause) for mood, place, clause in scored if mood.label == label]
    if not fitting and label == "negative":
        # What stands against the rest is what is wrong, though it be said in words that hold no judgement.
        against = (_AGAINST.search(one) for one in reading.sentences)
        return [match["clause"].strip(" ,;").rstrip(".!?") for match in against if match]
    return [clause.rstrip(".!?") for _, _, clause in sorted(fitting)]


def _ratings(reading: Reading) -> list[str]:
    for pattern in (STATED_RATING, _STARS, _RATED):
        if match := pattern.search(reading.text):
            return [match[1]]
    if stars := reading.text.count("★"):
        return [str(stars)]
    scores = reading.judgement.mood.scores
    return [str(round(3 + 2 * (scores["positive"] - scores["negative"])))]


def _titles(reading: Reading) -> list[str]:
    first = reading.text.strip().split("\n", 1)
    if len(first) > 1 and 0 < len(first[0]) <= 80 and first[0][-1] not in ".!?:":  # noqa: PLR2004
        return [first[0].lstrip("# ").strip()]
    best = reading.phrases[:2]
    return [" and ".join(best).capitalize()] if best else [reading.summarize(1)]


def _topics(reading: Reading) -> list[str]:
    return list(reading.phrases[:1]) or [reading.summarize(1)]


def _reasons(reading: Reading) -> list[str]:
    label = reading.judgement.mood.label
    fitting = _judged(reading, label) if label in {"positive", "negative"} else []
    return [fitting[0] if fitting else reading.summarize(1)]


def _people(reading: Reading) -> list[str]:
    return reading.named("Person") or reading.named("PersonType")


def _organizations(reading: Reading) -> list[str]:
    return reading.named("Organization")


def _locations(reading: Reading) -> list[str]:
    return reading.named("Location", "GPE") or reading.named("Location")


def _dates(reading: Reading) -> list[str]:
    found = [one.text for one in reading.entities if one.category == "DateTime"]
    exact = [
        one.text for one in reading.entities if one.category == "DateTime" and one.subcategory in {"Date", "DateRange"}
    ]
    return exact or found


def _times(reading: Reading) -> list[str]:
    return [one.text for one in reading.entities if one.subcategory in {"Time", "TimeRange"}]


def _quantity(subcategory: str) -> Callable[[Reading], list[str]]:
    return lambda reading: reading.named("Quantity", subcategory)


def _category(name: str) -> Callable[[Reading], list[str]]:
    return lambda reading: reading.named(name)


def _colors(reading: Reading) -> list[str]:
    return [word for word in re.findall(r"[a-z]+", reading.text.lower()) if word in words("fields", "colors")]


def _places(reading: Reading, part: int) -> list[str]:
    match = _PLACE.search(reading.text)
    return [match[part]] if match else []


def _currencies(reading: Reading) -> list[str]:
    signs = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "dollar": "USD", "euro": "EUR", "pound": "GBP"}
    signs |= {code.lower(): code for code in ("USD", "EUR", "GBP", "CHF", "JPY")}
    found = " ".join(reading.named("Quantity", "Currency")).lower()
    return [code for sign, code in signs.items() if sign in found][:1]


def _expressions(reading: Reading) -> list[str]:
    found = arithmetic.find_sum(reading.text)
    return [found] if found else []


def _numbers(reading: Reading) -> list[str]:
    return [one.text for one in reading.entities if one.category == "Quantity"] or re.findall(
        r"\d+(?:\.\d+)?", reading.text
    )


FINDERS: dict[str, Callable[[Reading], list[str]]] = {
    "sentiment": lambda reading: [reading.judgement.mood.label],
    "language": lambda reading: [reading.language.name.partition("_")[0]],
    "email": _category("Email"),
    "phone": _category("PhoneNumber"),
    "url": _category("URL"),
    "ip": _category("IP"),
    "ssn": lambda reading: _SSN.findall(reading.text),
    "iban": lambda reading: [one.text for one in reading.pii if one.category == "InternationalBankingAccountNumber"],
    "address": lambda reading: reading.named("Address") or _locations(reading),
    "person": _people,
    "organization": _organizations,
    "location": _locations,
    "date": _dates,
    "time": _times,
    "duration": lambda reading: reading.named("DateTime", "Duration"),
    "money": _quantity("Currency"),
    "currency": _currencies,
    "percentage": _quantity("Percentage"),
    "rating": _ratings,
    "age": _quantity("Age"),
    "temperature": _quantity("Temperature"),
    "year": lambda reading: _YEAR.findall(reading.text),
    "quantity": _numbers,
    "product": _products,
    "problem": lambda reading: _judged(reading, "negative"),
    "praise": lambda reading: _judged(reading, "positive"),
    "summary": lambda reading: [reading.summarize(2)],
    "title": _titles,
    "topic": _topics,
    "phrases": lambda reading: list(reading.phrases),
    "entities": lambda reading: [one.text for one in reading.entities],
    "redacted": lambda reading: [reading.redacted],
    "translation": lambda reading: [translate(reading)],
    "reason": _reasons,
    "color": _colors,
    "expression": _expressions,
    "latitude": lambda reading: _places(reading, 1),
    "longitude": lambda reading: _places(reading, 2),
    "query": lambda reading: [reading.text],
    "question": lambda reading: [one for one in reading.sentences if one.endswith("?")],
    "sentences": lambda reading: _QUOTED.findall(reading.text) or list(reading.sentences[:_MANY]),
}
"""Candidates for each sense, the best first."""
