"""What the facade has to make of a recorded document, as plain values."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

_ENTITY = re.compile(r"entities/(\d+)$")
_ASSESSMENT = re.compile(r"sentences/(\d+)/assessments/(\d+)$")


def expect(function: str, found: Any) -> Any:
    """Read a recorded document as ``function`` has to."""
    return _READERS[function](found)


def flatten(result: Any) -> Any:
    """Give a result of the facade as plain values."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.astuple(result)
    return [flatten(item) for item in result] if isinstance(result, list) else result


def _sentiment(found: Any) -> Any:
    return (found["sentiment"], *_scores(found["confidenceScores"]))


def _scores(scores: Any) -> Any:
    return tuple(scores[name] for name in ("positive", "neutral", "negative") if name in scores)


def _language(found: Any) -> Any:
    language = found["detectedLanguage"]
    return (language["name"], language["iso6391Name"], language["confidenceScore"])


def _entities(found: Any) -> Any:
    return [(e["text"], e["category"], e.get("subcategory", ""), e["confidenceScore"]) for e in found["entities"]]


def _located(found: Any) -> Any:
    places = [(e["offset"], e["length"]) for e in found["entities"]]
    return [entity + place for entity, place in zip(_entities(found), places, strict=True)]


def _linked(found: Any) -> Any:
    return [
        (
            e["name"],
            e.get("id", ""),
            e["language"],
            e["dataSource"],
            e["url"],
            [(m["text"], m["confidenceScore"]) for m in e["matches"]],
            e.get("bingId", ""),
        )
        for e in found["entities"]
    ]


def _opinions(found: Any) -> Any:
    said = [
        [
            (a["text"], a["sentiment"], *_scores(a["confidenceScores"]), a["isNegated"], a["offset"], a["length"])
            for a in sentence.get("assessments", ())
        ]
        for sentence in found["sentences"]
    ]
    return (
        *_sentiment(found),
        [
            (
                sentence["text"],
                sentence["sentiment"],
                *_scores(sentence["confidenceScores"]),
                sentence["offset"],
                sentence["length"],
                [
                    (
                        target["text"],
                        target["sentiment"],
                        *_scores(target["confidenceScores"]),
                        target["offset"],
                        target["length"],
                        [
                            said[int(place[1])][int(place[2])]
                            for relation in target["relations"]
                            if (place := _ASSESSMENT.search(relation["ref"]))
                        ],
                    )
                    for target in sentence.get("targets", ())
                ],
            )
            for sentence in found["sentences"]
        ],
    )


def _health(found: Any) -> Any:
    entities = [
        (
            e["text"],
            e["category"],
            e.get("subcategory", ""),
            e["confidenceScore"],
            e["offset"],
            e["length"],
            e.get("name"),
            _assertion(e.get("assertion")),
            [(link["dataSource"], link["id"]) for link in e.get("links", ())],
        )
        for e in found["entities"]
    ]
    relations = [
        (
            relation["relationType"],
            relation.get("confidenceScore"),
            [(entity["role"], entities[int(_ENTITY.search(entity["ref"])[1])]) for entity in relation["entities"]],  # type: ignore[index]
        )
        for relation in found["relations"]
    ]
    return (entities, relations)


def _assertion(assertion: Any) -> Any:
    if assertion is None:
        return None
    return tuple(assertion.get(name) for name in ("conditionality", "certainty", "association"))


def _classes(found: Any) -> Any:
    return [(label["category"], label["confidenceScore"]) for label in found["class"]]


_READERS = {
    "azure_cognitive.analyze_sentiment": _sentiment,
    "azure_cognitive.detect_language": _language,
    "azure_cognitive.extract_key_phrases": lambda found: found["keyPhrases"],
    "azure_cognitive.recognize_entities": _entities,
    "azure_cognitive.recognize_pii_entities": lambda found: (found["redactedText"], _entities(found)),
    "azure_cognitive.linked_entities": _linked,
    "azure_cognitive.summarize_extractive": lambda found: [(s["text"], s["rankScore"]) for s in found["sentences"]],
    "azure_cognitive.summarize_abstractive": lambda found: [s["text"] for s in found["summaries"]],
    "azure_language.analyze_opinions": _opinions,
    "azure_language.recognize_entities": _located,
    "azure_language.recognize_pii_entities": lambda found: (found["redactedText"], _located(found)),
    "azure_language.recognize_healthcare_entities": _health,
    "azure_language.recognize_custom_entities": _located,
    "azure_language.classify_single_label": lambda found: _classes(found)[0],
    "azure_language.classify_multi_label": _classes,
}
