"""One document's result on the wire, for each kind of analysis.

The order of the keys is the service's. ``statistics`` is always there, and is dropped later where it
was not asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pgazure.emulator.language import custom, redaction
from pgazure.emulator.language.versions import Span
from pgazure.emulator.models import entities, health, language, linking, opinions, phrases, pii, sentiment, summary
from pgazure.emulator.models.normal import normalize
from pgazure.emulator.offsets import Ruler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pgazure.emulator.language.versions import Version
    from pgazure.emulator.models.spans import Found
    from pgazure.emulator.rules import Rules

_MOST_SENTENCES = 20
_DEFAULT_SENTENCES = 3
_LENGTHS = {"short": 1, "medium": 3, "long": 7}
_NO_CATEGORY = {"All", "Default"}
_OTHER = "Other"
# Entities tell more from these versions on, and two of their categories have other names there.
_ENTITY_DETAILS = Span("2024-11-01", "2023-04-15")
_PII_DETAILS = Span("2025-11-01", "2025-05-15")
_SCRIPTS = Span("2024-11-01", "2023-04-15")
_BING = Span("2021-07-01")
_CATEGORIES = {"Quantity": "Numeric", "DateTime": "Temporal"}
_NO_NAMES: Mapping[str, str] = {}
_WARNED = Span("2023-04-01")
_SCORED = Span("2022-10-01")
_RELATION_SCORE = 0.9
_HEALTH_PART = 5_120
_TRUNCATED = {
    "code": "DocumentTruncated",
    "message": "Document is large and must be split to be processed; relations across splits may not be caught by the "
    "model",
}
_NO_SENTENCES = {"code": "GenerationFailure", "message": "The input doesn't have any qualified sentences."}


@dataclass(slots=True)
class Question:
    """One document and what is asked about it.

    Attributes:
        id: The document's id.
        text: Its text.
        hint: Its language, or the country hint of language detection.
        parameters: The request's parameters.
        statistics: What the document's answer says about its size.
        place: Its place in the answer's list of documents.
        rules: What custom models answer.
        version: The version that is asked.
    """

    id: str
    text: str
    hint: str
    parameters: dict[str, Any]
    statistics: dict[str, int]
    place: int
    rules: Rules
    version: Version
    _ruler: Ruler = field(init=False)

    def __post_init__(self) -> None:
        self._ruler = Ruler(self.text, self.unit)

    @property
    def unit(self) -> str:
        """The unit of offsets."""
        return self.parameters.get("stringIndexType") or "TextElements_v8"

    def span(self, start: int, end: int) -> dict[str, int]:
        """Offset and length of a part of the text, in the unit that the request asks for."""
        return self._ruler.span(start, end)

    @property
    def sentence_count(self) -> int:
        """How many sentences a summary may have."""
        length = str(self.parameters.get("summaryLength"))
        return int(self.parameters.get("sentenceCount", _LENGTHS.get(length, _DEFAULT_SENTENCES)))


def find_problem(kind: str, parameters: dict[str, Any]) -> str | None:
    """Say what is wrong with the parameters that only this kind has; ``None`` where nothing is."""
    if kind.endswith("Summarization"):
        count = parameters.get("sentenceCount", _DEFAULT_SENTENCES)
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= _MOST_SENTENCES:
            return f"Invalid value for parameter 'sentenceCount', valid values are 1 to {_MOST_SENTENCES}."
        if parameters.get("summaryLength", "medium") not in _LENGTHS:
            return f"Invalid value for parameter 'summaryLength', valid values are {', '.join(_LENGTHS)}."
    if kind == "ExtractiveSummarization" and parameters.get("sortBy", "Offset") not in ("Offset", "Rank"):
        return "Invalid value for parameter 'sortBy', valid values are Offset, Rank."
    if kind.startswith("Custom"):
        return custom.find_problem(parameters)
    if kind == "PiiEntityRecognition":
        problem = _find_pii_problem(parameters.get("domain") or "none", parameters.get("piiCategories"))
        return problem or redaction.find_problem(parameters)
    return None


def _find_pii_problem(domain: Any, wanted: Any) -> str | None:
    if domain not in ("none", "phi"):
        return "Invalid value for parameter 'domain', valid values are none, phi."
    if wanted is None:
        return None
    if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
        return "Invalid value for parameter 'piiCategories', a list of categories is expected."
    unknown = sorted({*wanted} - pii.categories() - _NO_CATEGORY)
    if unknown:
        return f"Invalid value for parameter 'piiCategories': {', '.join(unknown)}."
    return None


def _judge(asked: Question) -> dict[str, Any]:
    judged = sentiment.judge(asked.text, asked.hint)
    sentences = []
    for place, sentence in enumerate(judged.sentences):
        words = asked.text[sentence.start : sentence.end]
        one: dict[str, Any] = {"sentiment": sentence.mood.label, "confidenceScores": sentence.mood.scores}
        one |= asked.span(sentence.start, sentence.end) | {"text": words}
        if asked.parameters.get("opinionMining"):
            mined = opinions.mine(words, asked.hint, sentence.start)
            one |= _list_opinions(asked, mined, f"#/documents/{asked.place}/sentences/{place}/assessments")
        sentences.append(one)
    return {
        "id": asked.id,
        "sentiment": judged.mood.label,
        "statistics": asked.statistics,
        "confidenceScores": judged.mood.scores,
        "sentences": sentences,
        "warnings": [],
    }


def _list_opinions(asked: Question, mined: opinions.Opinions, path: str) -> dict[str, Any]:
    def describe(part: opinions.Part) -> dict[str, Any]:
        one = {"sentiment": part.label, "confidenceScores": part.scores, **asked.span(part.start, part.end)}
        return one | {"text": asked.text[part.start : part.end]}

    targets = [
        describe(target)
        | {"relations": [{"relationType": "assessment", "ref": f"{path}/{place}"} for place in target.relations]}
        for target in mined.targets
    ]
    return {
        "targets": targets,
        "assessments": [describe(part) | {"isNegated": part.negated} for part in mined.assessments],
    }


def _detect(asked: Question) -> dict[str, Any]:
    found = language.detect(asked.text, asked.hint)
    detected: dict[str, Any] = {"name": found.name, "iso6391Name": found.code, "confidenceScore": found.score}
    if asked.version.knows(_SCRIPTS) and (script := language.find_script(asked.text)):
        detected |= {"scriptName": script.name, "scriptIso15924Code": script.code}
    return {"id": asked.id, "detectedLanguage": detected, "statistics": asked.statistics, "warnings": []}


def _extract_phrases(asked: Question) -> dict[str, Any]:
    found = list(phrases.extract(asked.text, asked.hint))
    return {"id": asked.id, "keyPhrases": found, "statistics": asked.statistics, "warnings": []}


def _list_entities(
    asked: Question, found: Iterable[Found], details: Span | None = None, names: Mapping[str, str] = _NO_NAMES
) -> list[dict[str, Any]]:
    detailed = details is not None and asked.version.knows(details)
    listed = []
    for one in found:
        category = names.get(one.category, one.category) if detailed else one.category
        entity: dict[str, Any] = {"text": one.text, "category": category}
        if one.subcategory:
            entity["subcategory"] = one.subcategory
        entity |= asked.span(one.start, one.end) | {"confidenceScore": one.score}
        if detailed:
            entity["type"] = one.subcategory or category
            tags = dict.fromkeys((category, one.subcategory or category))
            entity["tags"] = [{"name": tag, "confidenceScore": one.score} for tag in tags]
        listed.append(entity)
    return listed


def _recognize(asked: Question) -> dict[str, Any]:
    overlap = (asked.parameters.get("overlapPolicy") or {}).get("policyKind") == "allowOverlap"
    found = entities.recognize(asked.text, asked.hint, overlap=overlap)
    listed = _list_entities(asked, found, _ENTITY_DETAILS, _CATEGORIES)
    if asked.version.knows(_ENTITY_DETAILS):
        listed = _choose_entities(listed, asked.parameters)
        if not (asked.parameters.get("inferenceOptions") or {}).get("excludeNormalizedValues"):
            for entity in listed:
                if metadata := normalize(entity["text"], entity["type"]):
                    entity["metadata"] = metadata
    return {"id": asked.id, "statistics": asked.statistics, "entities": listed, "warnings": []}


def _choose_entities(listed: list[dict[str, Any]], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    wanted, unwanted = (set(parameters.get(name) or ()) for name in ("inclusionList", "exclusionList"))
    tagged = [(entity, {tag["name"] for tag in entity["tags"]}) for entity in listed]
    return [entity for entity, tags in tagged if (not wanted or tags & wanted) and not tags & unwanted]


def _redact(asked: Question) -> dict[str, Any]:
    parameters = asked.parameters
    wanted = {*(parameters.get("piiCategories") or ())}
    validated = not parameters.get("disableEntityValidation")
    found = pii.recognize(asked.text, asked.hint, validated=validated, wanted=frozenset(wanted))
    found = redaction.find_by_synonyms(asked.text, parameters, asked.hint, found)
    # Categories win over a domain.
    if wanted and not wanted & _NO_CATEGORY:
        found = tuple(one for one in found if one.category in wanted)
    elif parameters.get("domain") == "phi":
        found = tuple(one for one in found if one.is_phi)
    found = redaction.choose(found, parameters, asked.hint)
    redacted = redaction.redact(asked.text, found, redaction.read_policies(parameters))
    listed = _list_entities(asked, found, _PII_DETAILS)
    if redacted.text is not None and any(redacted.masks):
        ruler = Ruler(redacted.text, asked.unit)
        for entity, mask in zip(listed, redacted.masks, strict=True):
            if mask is not None:
                entity.update(mask.describe(ruler))
    body = {"id": asked.id, "statistics": asked.statistics, "entities": listed, "warnings": []}
    return body if redacted.text is None else {"redactedText": redacted.text} | body


def _summarize_extractive(asked: Question) -> dict[str, Any]:
    ranked = summary.extract(asked.text, asked.hint, asked.sentence_count)
    if asked.parameters.get("sortBy", "Offset") == "Offset":
        ranked = tuple(sorted(ranked, key=lambda one: one.start))
    sentences = [
        {"text": asked.text[one.start : one.end], "rankScore": one.rank, **asked.span(one.start, one.end)}
        for one in ranked
    ]
    warnings = [] if sentences or not asked.version.knows(_WARNED) else [_NO_SENTENCES]
    return {"id": asked.id, "statistics": asked.statistics, "sentences": sentences, "warnings": warnings}


def _summarize_abstractive(asked: Question) -> dict[str, Any]:
    summaries = [
        {"text": one.text, "contexts": [asked.span(one.start, one.end)]}
        for one in summary.condense(asked.text, asked.hint, asked.sentence_count)
    ]
    warnings = [] if summaries else [_NO_SENTENCES]
    return {"summaries": summaries, "id": asked.id, "statistics": asked.statistics, "warnings": warnings}


def _link(asked: Question) -> dict[str, Any]:
    found = []
    for one in linking.find(asked.text):
        matches = [
            {"text": asked.text[start:end], **asked.span(start, end), "confidenceScore": one.score}
            for start, end in one.matches
        ]
        page = {"language": "en", "id": one.name, "url": one.url, "dataSource": "Wikipedia"}
        known = {"bingId": str(one.id)} if asked.version.knows(_BING) else {}
        found.append(known | {"name": one.name, "matches": matches, **page})
    return {"id": asked.id, "statistics": asked.statistics, "entities": found, "warnings": []}


def _read_health(asked: Question) -> dict[str, Any]:
    found = health.recognize(asked.text)
    listed = []
    for one in found:
        entity: dict[str, Any] = {**asked.span(one.start, one.end), "text": one.text, "category": one.category}
        entity["confidenceScore"] = one.score
        if one.assertion:
            entity["assertion"] = one.assertion
        if one.name:
            entity |= {"name": one.name, "links": [{"dataSource": "UMLS", "id": one.concept}]}
        listed.append(entity)
    path = f"#/results/documents/{asked.place}/entities"
    scored = {"confidenceScore": _RELATION_SCORE} if asked.version.knows(_SCORED) else {}
    related = [
        scored
        | {
            "relationType": relation.kind,
            "entities": [{"ref": f"{path}/{place}", "role": role} for place, role in relation.parts],
        }
        for relation in health.relate(asked.text, found)
    ]
    warnings = [_TRUNCATED] if len(asked.text) > _HEALTH_PART else []
    body = {"id": asked.id, "statistics": asked.statistics, "entities": listed}
    return body | {"relations": related, "warnings": warnings}


def _recognize_custom(asked: Question) -> dict[str, Any]:
    found = custom.find_entities(asked.text, asked.hint, asked.rules.entities, asked.parameters["projectName"])
    listed = [
        {"text": one.text, "category": one.category, **asked.span(one.start, one.end), "confidenceScore": one.score}
        for one in found
    ]
    return {"id": asked.id, "statistics": asked.statistics, "entities": listed, "warnings": []}


def _classify(asked: Question, *, single: bool) -> dict[str, Any]:
    rules = custom.choose_rules(asked.rules.classes, asked.parameters["projectName"])
    counts = custom.count_matches(asked.text, rules)
    fitting = [category for category, count in counts.items() if count]
    if single:
        best = max(fitting, key=lambda category: counts[category], default=_OTHER)
        classes = [{"category": best, "confidenceScore": 1.0 if fitting else 0.0}]
    else:
        classes = [{"category": category, "confidenceScore": 1.0} for category in fitting]
    return {"id": asked.id, "class": classes, "statistics": asked.statistics, "warnings": []}


ANSWERS: dict[str, Callable[[Question], dict[str, Any]]] = {
    "SentimentAnalysis": _judge,
    "LanguageDetection": _detect,
    "KeyPhraseExtraction": _extract_phrases,
    "EntityRecognition": _recognize,
    "PiiEntityRecognition": _redact,
    "ExtractiveSummarization": _summarize_extractive,
    "AbstractiveSummarization": _summarize_abstractive,
    "EntityLinking": _link,
    "Healthcare": _read_health,
    "CustomEntityRecognition": _recognize_custom,
    "CustomSingleLabelClassification": partial(_classify, single=True),
    "CustomMultiLabelClassification": partial(_classify, single=False),
}
"""What answers each kind."""
