"""Medicine in a text: drugs and how they are taken, complaints, findings, and what belongs together."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise

from pgazure.emulator.models import sentences
from pgazure.emulator.models.spans import Found, settle
from pgazure.emulator.models.wordlists import read_table

_SCORE = 0.99
_FREQUENCY = (
    r"\b(?:(?:once|twice|(?:one|two|three|four|\d+)\s+times)(?:\s+(?:a|per|every))?\s?(?:daily|day|week|weekly|month)?|"
    r"every\s+(?:\d+|two|four|six|eight|twelve)?\s?(?:hours?|days?|morning|evening|night|week)|daily|weekly|as needed|"
    r"at bedtime|before meals|after meals)\b"
)
_PATTERNS = tuple(
    (category, re.compile(pattern, re.IGNORECASE))
    for category, pattern in (
        ("Dosage", r"(?<![\w.])\d+(?:[.,]\d+)?\s?(?:mg|mcg|µg|g|ml|units?|iu)\b(?:/\w+)?"),
        ("Frequency", _FREQUENCY),
        ("Age", r"\b\d{1,3}[\s-]years?[\s-]old\b|\b\d{1,3}[\s-](?:month|week)s?[\s-]old\b"),
        ("Gender", r"\b(?:female|male|woman|man|girl|boy)\b"),
        ("MeasurementValue", r"(?<![\w.])\d{2,3}/\d{2,3}(?=\s?(?:mmhg)?\b)"),
        ("MeasurementUnit", r"(?<=\d)\s?\bmmhg\b|(?<=\d\s)mmhg\b"),
        ("Time", r"\bfor\s+(?P<it>(?:\d+|two|three|several|a few)\s+(?:hours|days|weeks|months|years))\b"),
    )
)
_ASSERTED = {"SymptomOrSign", "Diagnosis", "TreatmentName", "MedicationName"}
_NEGATIVE = re.compile(
    r"\b(?:no|not|denies|denied|without|negative for|free of|never|none|neither|absence of|does not|doesn['’]t|"  # noqa: RUF001
    r"ruled out)\b[^.;]*$",
    re.IGNORECASE,
)
_UNLIKELY = re.compile(r"\b(?:unlikely|not likely|improbable|doubtful|not suspect\w*)\b", re.IGNORECASE)
_POSSIBLE = re.compile(
    r"\b(?:possible|possibly|suspected|suspicion of|suspicious for|likely|probable|probably|may have|might have|"
    r"could be|consistent with)\b[^.;]*$",
    re.IGNORECASE,
)
_IF = re.compile(r"\b(?:if|in case of|should \w+ develop|when you (?:have|feel)|as needed for)\b[^.;]*$", re.IGNORECASE)
_FAMILY = re.compile(
    r"\b(?:family history|mother|father|brother|sister|grandmother|grandfather|uncle|aunt)\b", re.IGNORECASE
)
# A later clause is not denied by an earlier one.
_TURN = re.compile(r"\b(?:but|however|although|except)\b", re.IGNORECASE)
_SHORT_FORM = re.compile(r"\s\((?P<it>[A-Z]{2,6})\)")
_RELATIONS = {
    "Dosage": "DosageOfMedication",
    "Frequency": "FrequencyOfMedication",
    "MedicationForm": "FormOfMedication",
    "MedicationRoute": "RouteOfMedication",
    "MeasurementValue": "ValueOfExamination",
    "ConditionQualifier": "QualifierOfCondition",
    "Course": "CourseOfCondition",
    "Time": "TimeOfCondition",
}
_ROLES = {
    "DosageOfMedication": ("Dosage", "Medication"),
    "FrequencyOfMedication": ("Frequency", "Medication"),
    "FormOfMedication": ("Form", "Medication"),
    "RouteOfMedication": ("Route", "Medication"),
    "ValueOfExamination": ("Value", "Examination"),
    "QualifierOfCondition": ("Qualifier", "Condition"),
    "CourseOfCondition": ("Course", "Condition"),
    "TimeOfCondition": ("Time", "Condition"),
}
_HEADS = {
    "Medication": {"MedicationName", "MedicationClass"},
    "Examination": {"ExaminationName"},
    "Condition": {"SymptomOrSign", "Diagnosis"},
}


@dataclass(frozen=True, slots=True)
class Entity:
    """Something medical in a text.

    Attributes:
        text: Its words.
        category: As the service names it.
        start: Its first code point.
        end: The code point after its last.
        score: Confidence with two decimals.
        name: Its usual name; empty where it has none.
        concept: Its number in the metathesaurus.
        assertion: What is said of it besides that it is there: ``certainty``, ``conditionality``, ``association``.
    """

    text: str
    category: str
    start: int
    end: int
    score: float
    name: str
    concept: str
    assertion: dict[str, str]


@dataclass(frozen=True, slots=True)
class Relation:
    """Two entities that belong together.

    Attributes:
        kind: How.
        parts: Place in the list and role of each, in the order of the text.
    """

    kind: str
    parts: tuple[tuple[int, str], ...]


@cache
def _terms() -> dict[str, tuple[str, str, str]]:
    rows = (line.split("|") for line in read_table("health")["terms"].splitlines())
    return {row[0].strip(): (row[1].strip(), row[2].strip(), row[3].strip()) for row in rows}


@cache
def _known() -> re.Pattern[str]:
    names = sorted(_terms(), key=lambda name: (-len(name), name))
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])", re.IGNORECASE)


@lru_cache(maxsize=512)
def recognize(text: str) -> tuple[Entity, ...]:
    """Find what is medical in ``text``, in the order of the text."""
    found = [
        Found(match.group(), _terms()[match.group().lower()][0], "", *match.span(), _SCORE)
        for match in _known().finditer(text)
    ]
    for category, pattern in _PATTERNS:
        group = "it" if "it" in pattern.groupindex else 0
        found += [Found(match[group], category, "", *match.span(group), _SCORE) for match in pattern.finditer(text)]
    settled = settle(found)
    ends = {one.end: one for one in settled}
    # What stands in brackets behind a term is its short form.
    shorts = {
        match.start("it"): ends[match.start()]
        for match in _SHORT_FORM.finditer(text)
        if match.start() in ends and not any(one.start <= match.start("it") < one.end for one in settled)
    }
    settled = settle([*settled, *(_shorten(text, start, full) for start, full in shorts.items())])
    return tuple(_describe(text, one, shorts.get(one.start, one)) for one in settled)


def _shorten(text: str, start: int, full: Found) -> Found:
    end = text.index(")", start)
    return replace(full, text=text[start:end], start=start, end=end)


def _describe(text: str, one: Found, full: Found) -> Entity:
    _, name, concept = _terms().get(full.text.lower(), ("", "", ""))
    assertion = _assert(text, one) if one.category in _ASSERTED else {}
    return Entity(one.text, one.category, one.start, one.end, one.score, name, concept, assertion)


def _assert(text: str, one: Found) -> dict[str, str]:
    start, end = next(span for span in sentences.split(text) if span[0] <= one.start < span[1])
    before = text[start : one.start]
    turns = list(_TURN.finditer(before))
    before = before[turns[-1].end() :] if turns else before
    said: dict[str, str] = {}
    if _IF.search(before):
        said["conditionality"] = "hypothetical"
    if _UNLIKELY.search(text[start:end]):
        said["certainty"] = "negativePossible"
    elif _NEGATIVE.search(before):
        said["certainty"] = "negative"
    elif _POSSIBLE.search(before):
        said["certainty"] = "positivePossible"
    if _FAMILY.search(before):
        said["association"] = "other"
    return said


def relate(text: str, found: tuple[Entity, ...]) -> list[Relation]:
    """Tell which of the entities belong together: a detail goes with the nearest thing of its sentence."""
    spans = sentences.split(text)

    def sentence_of(one: Entity) -> int:
        return next(place for place, span in enumerate(spans) if span[0] <= one.start < span[1])

    related = [
        Relation("Abbreviation", ((place, "FullTerm"), (place + 1, "AbbreviatedTerm")))
        for place, (full, short) in enumerate(pairwise(found))
        if text[full.end : short.start] == " (" and full.name == short.name and text[short.end :].startswith(")")
    ]
    for place, detail in enumerate(found):
        kind = _RELATIONS.get(detail.category)
        if kind is None:
            continue
        role, head_role = _ROLES[kind]
        heads = [
            (min(abs(other.start - detail.end), abs(detail.start - other.end)), other_place)
            for other_place, other in enumerate(found)
            if other.category in _HEADS[head_role] and sentence_of(other) == sentence_of(detail)
        ]
        if heads:
            head = min(heads)[1]
            related.append(Relation(kind, tuple(sorted(((place, role), (head, head_role))))))
    return related
