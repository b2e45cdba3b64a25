"""Putting results that know their places back into the whole text: every offset moves to the right by its part's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from pgazure.flow.merging import merge_sentiments
from pgazure.types import LinkedEntity, SentimentAnalysisResult
from pgazure.types_language import (
    Classification,
    HealthcareEntitiesResult,
    HealthcareEntity,
    LocatedEntity,
    LocatedPiiResult,
    OpinionAnalysisResult,
    SentenceOpinions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgazure.flow.splitting import Part

R = TypeVar("R")
Located = TypeVar("Located", LocatedEntity, HealthcareEntity)


def locate_parts(parts: Sequence[Part]) -> list[int]:
    """Count the code points of the whole text before each part's own."""
    places, end = [], 0
    for part in parts:
        places.append(end + len(part.lead))
        end += len(part.lead) + len(part.text) + len(part.trail)
    return places


def _with_places(parts: Sequence[Part], results: Sequence[R]) -> Iterator[tuple[int, R]]:
    return zip(locate_parts(parts), results, strict=True)


def _move(entity: Located, by: int) -> Located:
    return replace(entity, offset=entity.offset + by)


def merge_located_entities(parts: Sequence[Part], results: Sequence[list[LocatedEntity]]) -> list[LocatedEntity]:
    """Keep every entity, as each has its own place."""
    return [_move(entity, place) for place, result in _with_places(parts, results) for entity in result]


def merge_located_pii(parts: Sequence[Part], results: Sequence[LocatedPiiResult]) -> LocatedPiiResult:
    """Join the redacted parts with the white space between them."""
    redacted = [part.lead + result.redacted_text + part.trail for part, result in zip(parts, results, strict=True)]
    return LocatedPiiResult("".join(redacted), merge_located_entities(parts, [result.entities for result in results]))


def merge_linked_entities(_parts: Sequence[Part], results: Sequence[list[LinkedEntity]]) -> list[LinkedEntity]:
    """Keep each entity once, in the order of first mention, with the matches of all parts."""
    seen: dict[tuple[str, str, str], LinkedEntity] = {}
    for result in results:
        for entity in result:
            key = (entity.data_source, entity.language, entity.data_source_entity_id)
            known = seen.get(key)
            seen[key] = entity if known is None else replace(known, matches=[*known.matches, *entity.matches])
    return list(seen.values())


def merge_opinions(parts: Sequence[Part], results: Sequence[OpinionAnalysisResult]) -> OpinionAnalysisResult:
    """Weigh the document's scores by length, and keep every sentence."""
    whole = merge_sentiments(
        parts,
        [SentimentAnalysisResult(r.sentiment, r.positive_score, r.neutral_score, r.negative_score) for r in results],
    )
    sentences = [
        _move_sentence(sentence, place)
        for place, result in _with_places(parts, results)
        for sentence in result.sentences
    ]
    return OpinionAnalysisResult(
        whole.sentiment, whole.positive_score, whole.neutral_score, whole.negative_score, sentences
    )


def _move_sentence(sentence: SentenceOpinions, by: int) -> SentenceOpinions:
    targets = [
        replace(
            target,
            offset=target.offset + by,
            assessments=[replace(said, offset=said.offset + by) for said in target.assessments],
        )
        for target in sentence.targets
    ]
    return replace(sentence, offset=sentence.offset + by, targets=targets)


def merge_healthcare(parts: Sequence[Part], results: Sequence[HealthcareEntitiesResult]) -> HealthcareEntitiesResult:
    """Keep every concept and relation; the entities of a relation move too."""
    entities, relations = [], []
    for place, result in _with_places(parts, results):
        entities += [_move(entity, place) for entity in result.entities]
        relations += [
            replace(relation, roles=[replace(role, entity=_move(role.entity, place)) for role in relation.roles])
            for relation in result.relations
        ]
    return HealthcareEntitiesResult(entities, relations)


def merge_single_label(parts: Sequence[Part], results: Sequence[Classification]) -> Classification:
    """Choose the class of most of the text; its confidence counts for its share only."""
    shares: dict[str, float] = defaultdict(float)
    for part, result in zip(parts, results, strict=True):
        shares[result.category] += result.confidence_score * len(part.text)
    best = max(shares, key=lambda category: shares[category])
    return Classification(best, round(shares[best] / sum(len(part.text) for part in parts), 2))


def merge_multi_label(_parts: Sequence[Part], results: Sequence[list[Classification]]) -> list[Classification]:
    """Keep each class once with its highest confidence: what a part is about, the text is about."""
    best: dict[str, float] = {}
    for result in results:
        for found in result:
            best[found.category] = max(found.confidence_score, best.get(found.category, 0.0))
    return [Classification(category, score) for category, score in best.items()]
