"""Answers in plain words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pgazure.emulator.assistant import arithmetic, facts, truth, values
from pgazure.emulator.assistant.fields import Field, find_beside, split
from pgazure.emulator.assistant.values import FINDERS
from pgazure.emulator.models import relevance
from pgazure.emulator.models.wordlists import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgazure.emulator.assistant.prompt import Prompt
    from pgazure.emulator.assistant.reading import Reading

    Answer = Callable[[Prompt, Reading], str | None]

_HELP = "I am a small local stand-in for a language model: I can only work with the text that I am given."
_SAY = re.compile(
    r"\b(?:say|reply with|respond with|answer with|return|output|print|repeat)(?: only| just|"
    r" exactly)?(?: the (?:word|phrase|text))?"
    r"\s*:?\s*(?:[\"'“](?P<quoted>[^\"'”]+)[\"'”]|(?P<bare>\w+)\s*[.!]?\s*$)",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\b(?P<count>\d+|one|a single|two|three|four|five)[\s-]+sentences?\b", re.IGNORECASE)
_OPTIONS = re.compile(
    r"\b(?:as|is it|into|one of|either|between)\b[:\s]+(?P<options>[\w -]+(?:\s*[,/|]\s*[\w -]+)*\s*,?\s+(?:or|"
    r"and)\s+[\w-]+)",
    re.IGNORECASE,
)
_SUMMARY = re.compile(r"\b(?:summar|tl;?dr|condense|shorten|gist|in brief|key points?)", re.IGNORECASE)
_SENTIMENT = re.compile(r"\bsentiment|\b(?:positive|negative)\b.*\bor\b|\btone\b|\bmood\b", re.IGNORECASE)
_LANGUAGE = re.compile(r"\b(?:what|which|detect|identify)\b.*\blanguage\b", re.IGNORECASE)
_PHRASES = re.compile(r"\bkey ?(?:phrase|word)s?|\btags?\b|\bmain topics?\b", re.IGNORECASE)
_TITLE = re.compile(r"\b(?:title|headline|subject line|name for)\b", re.IGNORECASE)
_ENTITIES = re.compile(
    r"\b(?:list|extract|find|what|which|name)\b.*\b(?:entit|people|persons|names|places|organi[sz]ations|companies)",
    re.IGNORECASE,
)
_REDACT = re.compile(r"\b(?:redact|anonymi[sz]e|mask|remove (?:all )?(?:personal|pii))", re.IGNORECASE)
_REPLY = re.compile(
    r"\b(?:reply|respond|response|answer)\b.*\b(?:review|customer|guest|email|feedback|complaint|comment|message)",
    re.IGNORECASE,
)
_DESCRIBE = re.compile(r"\b(?:write|create|draft|generate|describe)\b", re.IGNORECASE)
_TRUE = re.compile(
    r"\b(?:is it true|true or false|yes or no)\b|^(?:is|are|was|were|does|do|did|has|have|can)\b", re.IGNORECASE
)
_CASE = re.compile(r"\b(?:in(?:to)?|to) (?P<case>upper|lower)[ -]?case\b", re.IGNORECASE)
_QUESTION = re.compile(r"^(?:what|who|when|where|which|how|why)\b|\?\s*$", re.IGNORECASE)
_EXTRACT = re.compile(
    r"\b(?:extract|find|get|give(?: me)?|return|what|which|tell me|identify|when|who|"
    r"where)\b(?P<what>.*)",
    re.IGNORECASE,
)
_ORDERS = re.compile(
    r"\b(?:summar|translat|extract|classif|redact|rewrite|detect|answer with|reply with|respond with)", re.IGNORECASE
)
_HOW_MANY = re.compile(r"\bhow many (?P<what>\w+)", re.IGNORECASE)
_VAGUE = frozenset({"answer", "sentences", "query", "question", "entities"})
_COUNTS = {"one": 1, "a single": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_ENOUGH = 0.25


def answer(prompt: Prompt, reading: Reading, system: str) -> str:
    """Answer in plain words.

    Args:
        prompt: The request taken apart.
        reading: Its texts.
        system: Instructions above the conversation; they say what to do where the request does not.
    """
    asked = [prompt]
    if _ORDERS.search(system):
        asked.append(replace(prompt, order=system, marked=True))
    for one in asked:
        reading.order = one.order
        for attempt in _ATTEMPTS:
            if (found := attempt(one, reading)) is not None:
                return found
    return _fall_back(prompt, reading)


def _greet(prompt: Prompt, reading: Reading) -> str | None:
    said = re.findall(r"\w+", prompt.order.lower())
    if not prompt.marked and 0 < len(said) <= 3 and said[0] in words("assistant", "greetings"):  # noqa: PLR2004
        return "Hello! How can I help you today?"
    del reading
    return None


def _echo(prompt: Prompt, reading: Reading) -> str | None:
    del reading
    match = _SAY.search(prompt.order)
    return None if match is None or prompt.marked else (match["quoted"] or match["bare"])


def _compute(prompt: Prompt, reading: Reading) -> str | None:
    del reading
    value = arithmetic.compute(found) if (found := arithmetic.find_sum(prompt.order)) else None
    if value is None or _TRUE.search(prompt.order):
        return None
    return arithmetic.write(value)


def _tell_capital(prompt: Prompt, reading: Reading) -> str | None:
    del reading
    return facts.find_capital(prompt.order) if _QUESTION.search(prompt.order) else None


def _translate(prompt: Prompt, reading: Reading) -> str | None:
    if re.search(r"\btranslat", prompt.order, re.IGNORECASE):
        return values.translate(reading)
    return None


def _decide(prompt: Prompt, reading: Reading) -> str | None:
    del reading
    if not _TRUE.search(prompt.order):
        return None
    known = truth.judge(prompt)
    if known is None:
        return None
    true_or_false = re.search(r"\btrue\b", prompt.order, re.IGNORECASE)
    return ("True" if known else "False") if true_or_false else ("Yes." if known else "No.")


def _classify(prompt: Prompt, reading: Reading) -> str | None:
    match = _OPTIONS.search(prompt.order)
    if match is None:
        return None
    options = [one.strip(" .") for one in re.split(r",|/|\||\bor\b|\band\b", match["options"]) if one.strip(" .")]
    mood = reading.judgement.mood.label
    lower = [one.lower() for one in options]
    if mood in lower or {"positive", "negative"} <= {*lower}:
        return options[lower.index(mood)] if mood in lower else mood
    scored = {one: relevance.score(one, reading.text) for one in options}
    return max(options, key=lambda one: scored[one]) if len(options) > 1 else None


def _redact(prompt: Prompt, reading: Reading) -> str | None:
    return reading.redacted if _REDACT.search(prompt.order) else None


def _summarize(prompt: Prompt, reading: Reading) -> str | None:
    if not _SUMMARY.search(prompt.order):
        return None
    match = _COUNT.search(prompt.order)
    count = match["count"].lower() if match else ""
    return reading.summarize(int(count) if count.isdigit() else _COUNTS.get(count, 2))


def _name_title(prompt: Prompt, reading: Reading) -> str | None:
    return FINDERS["title"](reading)[0] if _TITLE.search(prompt.order) else None


def _name_language(prompt: Prompt, reading: Reading) -> str | None:
    return FINDERS["language"](reading)[0] if _LANGUAGE.search(prompt.order) else None


def _list_phrases(prompt: Prompt, reading: Reading) -> str | None:
    return ", ".join(reading.phrases) if _PHRASES.search(prompt.order) else None


def _list_entities(prompt: Prompt, reading: Reading) -> str | None:
    if not _ENTITIES.search(prompt.order):
        return None
    wanted = {
        "peop": "Person",
        "perso": "Person",
        "names": "Person",
        "place": "Location",
        "organ": "Organization",
        "compan": "Organization",
    }
    kinds = {kind for word, kind in wanted.items() if re.search(rf"\b{word}", prompt.order, re.IGNORECASE)}
    found = [one.text for one in reading.entities if not kinds or one.category in kinds]
    return ", ".join(dict.fromkeys(found)) or "None."


def _write_reply(prompt: Prompt, reading: Reading) -> str | None:
    if not (_REPLY.search(prompt.order) and _DESCRIBE.search(prompt.order + " write")) or not prompt.marked:
        return None
    mood = reading.judgement.mood.label
    topic = next(iter(reading.phrases), "your experience").lower()
    if mood == "positive":
        return f"Thank you for your kind words! We are glad to hear about {topic} and look forward to seeing you again."
    if mood == "neutral":
        return f"Thank you for your feedback about {topic}. Please let us know if there is anything else we can do."
    return f"Thank you for your feedback. We are sorry about the trouble with {topic} and will look into it at once."


def _judge(prompt: Prompt, reading: Reading) -> str | None:
    return reading.judgement.mood.label if _SENTIMENT.search(prompt.order) else None


def _extract(prompt: Prompt, reading: Reading) -> str | None:
    match = _EXTRACT.search(prompt.order)
    if match is None or not (prompt.marked or len(reading.sentences) > 1):
        return None
    senses = [Field(word).sense for word in re.findall(r"[A-Za-z-]+", match.group().lower())]
    # What is complained of is no person, though a customer complains.
    senses.sort(key=lambda sense: sense not in {"problem", "praise"})
    for sense in senses:
        if sense in FINDERS and sense not in _VAGUE:
            return ", ".join(dict.fromkeys(FINDERS[sense](reading)[:3])) or None
    return None


def _count_things(prompt: Prompt, reading: Reading) -> str | None:
    if match := _HOW_MANY.search(prompt.order):
        number = find_beside(Field(match["what"]), reading)
        return None if number is None else arithmetic.write(number)
    return None


def _quote(prompt: Prompt, reading: Reading) -> str | None:
    """Answer a question by the sentence that has most to do with it."""
    if not _QUESTION.search(prompt.order):
        return None
    others = [one for one in reading.sentences if one != prompt.order and not one.endswith("?")]
    best = max(others, key=lambda one: relevance.score(prompt.order, one), default="")
    return best if best and relevance.score(prompt.order, best) > _ENOUGH else None


def _change_case(prompt: Prompt, reading: Reading) -> str | None:
    if match := _CASE.search(prompt.order):
        return reading.text.upper() if match["case"].lower() == "upper" else reading.text.lower()
    return None


def _write(prompt: Prompt, reading: Reading) -> str | None:
    """Write something about a text, or about what a request names: no more than its key phrases in a sentence."""
    if not _DESCRIBE.search(prompt.order):
        return None
    if prompt.marked:
        return reading.summarize(2)
    topic = re.sub(
        r"^.*?\b(?:about|on|of|for|a|an)\s+", "", prompt.order.strip(" .!?"), count=1, flags=re.IGNORECASE | re.DOTALL
    )
    return f"{topic[:1].upper()}{topic[1:]}." if topic and len(split(topic)) < 60 else None  # noqa: PLR2004


def _fall_back(prompt: Prompt, reading: Reading) -> str:
    if prompt.marked or len(reading.sentences) > 1:
        return reading.summarize(1)
    return _HELP


_ATTEMPTS: tuple[Answer, ...] = (
    _greet,
    _echo,
    _translate,
    _redact,
    _change_case,
    _summarize,
    _name_title,
    _name_language,
    _list_phrases,
    _list_entities,
    _write_reply,
    _compute,
    _tell_capital,
    _classify,
    _judge,
    _decide,
    _count_things,
    _extract,
    _quote,
    _write,
)
