"""Whether a statement is true: by sums, by a little knowledge, by what a text says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgazure.emulator.assistant import arithmetic, facts
from pgazure.emulator.assistant.reading import Reading
from pgazure.emulator.models.concepts import stop_words
from pgazure.emulator.models.relevance import terms
from pgazure.emulator.models.wordlists import words

if TYPE_CHECKING:
    from pgazure.emulator.assistant.prompt import Prompt

_LEAD = re.compile(
    r"^\s*(?:is it true that|is it the case that|it is true that|true or false\s*[:?]|statement\s*:|claim\s*:|"
    r"check whether|check if)\s*",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"^(?:is|are|was|were)\s+(?P<subject>.+?)\s+(?P<rest>(?:in|the capital|an?|not|positive|negative|neutral|"
    r"mixed|written|"
    r"greater|less|more|equal|even|odd|prime|located|about|happy|satisfied|unhappy|angry)\b.*?)\s*\?*$",
    re.IGNORECASE | re.DOTALL,
)
_ABOUT_STATEMENT = re.compile(r"\b(?:statement|claim|assertion|true or false|is true|is false)\b", re.IGNORECASE)
_NEGATION = re.compile(r"\b(?:not|no|never|none|nobody|without|cannot)\b|n['’]t\b", re.IGNORECASE)  # noqa: RUF001
_SPEAKER = re.compile(
    r"\b(?:review|text|customer|comment|author|writer|reviewer|guest|sentiment|feedback|message|tone|user|person|"
    r"sentence|post|email|speaker|opinion|it|this|experience|document|passage|listing)\b",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"\b(?:(?:written|is|are|text|review) in|language is)\s+(?P<name>[A-Z][a-z]+)\b")
_MENTION = re.compile(
    r"\b(?P<verb>mentions?|contains?|talks? about|discuss(?:es)?|refers? to|includes?|is about|describes?|says?|"
    r"states?|"
    r"complains? (?:about|of)|criticizes?|prais(?:es|e)|recommends?)\s+(?:that\s+)?(?P<what>.+)",
    re.IGNORECASE | re.DOTALL,
)
_KINDS = (
    (re.compile(r"e-?mail", re.IGNORECASE), "Email"),
    (re.compile(r"\b(?:tele)?phone number|\bphone\b", re.IGNORECASE), "PhoneNumber"),
    (re.compile(r"\burl|link|web ?site", re.IGNORECASE), "URL"),
    (re.compile(r"\b(?:a|the|any) (?:date|time)", re.IGNORECASE), "DateTime"),
    (re.compile(r"\b(?:a|the|any) (?:person|name)", re.IGNORECASE), "Person"),
    (re.compile(r"\b(?:a|the|any) (?:company|organization)", re.IGNORECASE), "Organization"),
    (re.compile(r"\b(?:a|the|any) (?:price|number|amount|quantity)", re.IGNORECASE), "Quantity"),
)
_EVIDENCE = re.compile(
    r"(?:^|[\s.])(?:review|text|document|comment|listing|description|message|email|feedback)\s*:\s*(?=\S)",
    re.IGNORECASE,
)
_ASKED = re.compile(r"^(?:is|are|was|were|does|do|did|has|have|can)\s+", re.IGNORECASE)
_OF_A_KIND = re.compile(r"^(?:the|a|an)?\s*(?:product|item|service|hotel|place|topic)\s*:\s*", re.IGNORECASE)
_HALF = 0.5


def judge(prompt: Prompt) -> bool | None:
    """Whether the statement of a request is true; ``None`` where that cannot be told."""
    if prompt.statement:
        return decide(prompt.statement, prompt.text if prompt.marked else "")
    order = _LEAD.sub("", prompt.order).strip()
    if not prompt.marked or not order or (_ABOUT_STATEMENT.search(prompt.order) and not _QUESTION.match(order)):
        return decide(_LEAD.sub("", prompt.text), "")
    return decide(order, prompt.text)


def decide(statement: str, evidence: str) -> bool | None:
    """Decide a statement.

    Args:
        statement: The statement, or a question that yes or no answers.
        evidence: What it is about; where there is none, it may stand in the statement itself, after a colon.
    """
    statement = statement.strip()
    if not evidence:
        statement, evidence = _part(statement)
    if match := _QUESTION.match(statement):
        statement = f"{match['subject']} is {match['rest']}"
    elif evidence:
        statement = _ASKED.sub("", statement)
    statement = statement.rstrip(" ?")
    for known in (arithmetic.decide, facts.decide):
        if (answer := known(statement)) is not None:
            return answer
    return _support(statement, Reading(evidence)) if evidence else None


def _part(statement: str) -> tuple[str, str]:
    if (label := _EVIDENCE.search(statement)) and label.start() > 0:
        return statement[: label.start()].strip(), statement[label.end() :].strip()
    question, mark, rest = statement.partition("?")
    if mark and rest.strip() and _ASKED.match(question):
        return question.strip(), rest.strip()
    head, colon, rest = statement.partition(":")
    if colon and rest.strip() and not rest[:1].isdigit() and not rest.startswith("//"):
        # "Review: The room was dirty." names the evidence, not the statement.
        lines = head.rsplit("\n", 1)
        return (lines[0].strip(), rest.strip()) if len(lines) > 1 and lines[0].strip() else (head.strip(), rest.strip())
    head, gap, rest = statement.partition("\n\n")
    return (head.strip(), rest.strip()) if gap else (statement, "")


def _support(statement: str, text: Reading) -> bool | None:
    negated = bool(_NEGATION.search(statement))
    if match := _LANGUAGE.search(statement):
        return (text.language.name.partition("_")[0].lower() == match["name"].lower()) != negated
    claimed = set(re.findall(r"\w+", statement.lower()))
    if (match := _MENTION.search(statement)) and not claimed & words("assistant", "sentiment words"):
        return _mentions(match["verb"].lower(), match["what"].strip(" ."), text) != negated
    mood = text.judgement.mood.label
    if _SPEAKER.search(statement) and not _about(statement):
        for label, known in (("positive", "positive words"), ("negative", "negative words")):
            if claimed & words("assistant", known):
                return (mood == label) != negated
        for label in ("neutral", "mixed"):
            if label in claimed:
                return (mood == label) != negated
    return _entail(statement, text)


def _about(statement: str) -> bool:
    """Whether a statement says more than that someone is pleased or not: it then has to be found in the text."""
    said = {word for word in re.findall(r"\w+", statement.lower()) if word not in stop_words()}
    judging = (
        words("assistant", "positive words")
        | words("assistant", "negative words")
        | words("assistant", "sentiment words")
    )
    return bool(
        {one for one in said if not _SPEAKER.fullmatch(one)}
        - judging
        - {"neutral", "mixed", "overall", "very", "following", "product"}
    )


def _mentions(verb: str, what: str, text: Reading) -> bool:
    for pattern, category in _KINDS:
        if pattern.search(what):
            return bool(text.named(category))
    named = bool(_OF_A_KIND.match(what))
    wanted = set(terms(_OF_A_KIND.sub("", what)))
    label = text.judgement.mood.label
    if verb.startswith(("recommend", "prais")) and not wanted:
        return label == "positive" and not re.search(r"(?:not|n['’]t|never) recommend", text.text)  # noqa: RUF001
    if named and wanted:
        # A name need not be said in full.
        return len(wanted & set(terms(text.text))) / len(wanted) >= _HALF
    holding = [one for one in text.sentences if wanted and wanted <= set(terms(one))]
    if not holding:
        return bool(wanted) and not verb.startswith(("complain", "critic", "prais")) and wanted <= set(terms(text.text))
    if verb.startswith(("complain", "critic", "prais", "recommend")):
        label = "positive" if verb.startswith(("prais", "recommend")) else "negative"
        return any(Reading(one).judgement.mood.label in {label, "mixed"} for one in holding)
    return True


def _entail(statement: str, text: Reading) -> bool | None:
    wanted = list(dict.fromkeys(terms(_SPEAKER.sub(" ", statement))))
    if not wanted:
        return None
    claim = Reading(statement)
    best = max(text.sentences, key=lambda one: len(set(wanted) & set(terms(one))), default="")
    share = len(set(wanted) & set(terms(best))) / len(wanted)
    said = Reading(best).judgement.mood.label
    opposed = {claim.judgement.mood.label, said} == {"positive", "negative"}
    turned = bool(_NEGATION.search(statement)) != bool(_NEGATION.search(best))
    if share >= _HALF and opposed:
        return False
    if share == 1.0:
        return not turned
    # The same judgement in other words: "the staff was nice" and "the staff was lovely".
    alike = claim.judgement.mood.label == said != "neutral" and not turned
    return True if share >= _HALF and alike else None
