"""Azure AI Language's finer answers: places, opinions, health, custom models."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypedDict

from pgazure.services.reading import (
    MisshapenError,
    read_count,
    read_flag,
    read_list,
    read_number,
    read_object,
    read_optional,
    read_text,
)
from pgazure.types_language import (
    Assessment,
    Classification,
    HealthcareAssertion,
    HealthcareDataSource,
    HealthcareEntitiesResult,
    HealthcareEntity,
    HealthcareRelation,
    HealthcareRole,
    LocatedEntity,
    LocatedPiiResult,
    OpinionAnalysisResult,
    SentenceOpinions,
    Target,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.services.exchange import Answer, Document
    from pgazure.services.language import LanguageService

_ASSESSMENT = re.compile(r"/sentences/(\d+)/assessments/(\d+)$")
_CONCEPT = re.compile(r"/entities/(\d+)$")


class DetailedLanguage:
    """What Azure AI Language says beyond the types of the extension.

    Args:
        service: The service that sends.
    """

    def __init__(self, service: LanguageService) -> None:
        self._service = service

    async def analyze_opinions(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[OpinionAnalysisResult]:
        """Send one request; at most 10 documents."""
        return await self._service.ask(
            "analyze_opinions",
            documents,
            "SentimentAnalysis",
            _convert_opinions,
            disable_service_logs=disable_service_logs,
            opinionMining=True,
        )

    async def recognize_entities(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[list[LocatedEntity]]:
        """Send one request; at most 5 documents."""
        return await self._service.ask(
            "recognize_entities",
            documents,
            "EntityRecognition",
            _convert_entities,
            disable_service_logs=disable_service_logs,
        )

    async def recognize_pii_entities(
        self, documents: Sequence[Document], *, domain: str, categories: Sequence[str], disable_service_logs: bool
    ) -> Answer[LocatedPiiResult]:
        """Send one request; at most 5 documents."""
        return await self._service.ask(
            "recognize_pii_entities",
            documents,
            "PiiEntityRecognition",
            lambda found: LocatedPiiResult(read_text(found, "redactedText"), _convert_entities(found)),
            disable_service_logs=disable_service_logs,
            domain=None if domain == "none" else domain,
            piiCategories=list(categories) or None,
        )

    async def recognize_healthcare_entities(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[HealthcareEntitiesResult]:
        """Run one job; at most 25 documents and 125,000 characters."""
        return await self._service.run_job(
            "recognize_healthcare_entities",
            documents,
            "Healthcare",
            _convert_healthcare,
            method="begin_analyze_healthcare_entities",
            disable_service_logs=disable_service_logs,
        )

    async def recognize_custom_entities(
        self, documents: Sequence[Document], *, project_name: str, deployment_name: str, disable_service_logs: bool
    ) -> Answer[list[LocatedEntity]]:
        """Run one job; at most 25 documents and 125,000 characters."""
        return await self._service.run_job(
            "recognize_custom_entities",
            documents,
            "CustomEntityRecognition",
            _convert_entities,
            method="begin_recognize_custom_entities",
            project_name=project_name,
            deployment_name=deployment_name,
            disable_service_logs=disable_service_logs,
        )

    async def classify_single_label(
        self, documents: Sequence[Document], *, project_name: str, deployment_name: str, disable_service_logs: bool
    ) -> Answer[Classification]:
        """Run one job; at most 25 documents and 125,000 characters."""
        return await self._service.run_job(
            "classify_single_label",
            documents,
            "CustomSingleLabelClassification",
            _convert_class,
            method="begin_single_label_classify",
            project_name=project_name,
            deployment_name=deployment_name,
            disable_service_logs=disable_service_logs,
        )

    async def classify_multi_label(
        self, documents: Sequence[Document], *, project_name: str, deployment_name: str, disable_service_logs: bool
    ) -> Answer[list[Classification]]:
        """Run one job; at most 25 documents and 125,000 characters."""
        return await self._service.run_job(
            "classify_multi_label",
            documents,
            "CustomMultiLabelClassification",
            _convert_classes,
            method="begin_multi_label_classify",
            project_name=project_name,
            deployment_name=deployment_name,
            disable_service_logs=disable_service_logs,
        )


class _Part(TypedDict):
    text: str
    offset: int
    length: int


class _Entity(_Part):
    category: str
    subcategory: str
    confidence_score: float


class _Opinion(_Part):
    sentiment: str
    positive_score: float
    negative_score: float


def _read_part(found: Any) -> _Part:
    return {
        "text": read_text(found, "text"),
        "offset": read_count(found, "offset"),
        "length": read_count(found, "length"),
    }


def _read_entity(found: Any) -> _Entity:
    return {
        **_read_part(found),
        "category": read_text(found, "category"),
        "subcategory": read_optional(found, "subcategory", read_text) or "",
        "confidence_score": read_number(found, "confidenceScore"),
    }


def _read_opinion(found: Any) -> _Opinion:
    scores = read_object(found, "confidenceScores")
    return {
        **_read_part(found),
        "sentiment": read_text(found, "sentiment"),
        "positive_score": read_number(scores, "positive"),
        "negative_score": read_number(scores, "negative"),
    }


def _convert_entities(found: Any) -> list[LocatedEntity]:
    return [LocatedEntity(**_read_entity(entity)) for entity in read_list(found, "entities")]


def _convert_classes(found: Any) -> list[Classification]:
    return [
        Classification(read_text(label, "category"), read_number(label, "confidenceScore"))
        for label in read_list(found, "class")
    ]


def _convert_class(found: Any) -> Classification:
    labels = _convert_classes(found)
    if not labels:
        msg = "class is empty"
        raise MisshapenError(msg)
    return labels[0]


def _convert_opinions(found: Any) -> OpinionAnalysisResult:
    sentences, scores = read_list(found, "sentences"), read_object(found, "confidenceScores")
    said = [
        [_convert_assessment(assessment) for assessment in read_optional(sentence, "assessments", read_list) or []]
        for sentence in sentences
    ]
    return OpinionAnalysisResult(
        sentiment=read_text(found, "sentiment"),
        positive_score=read_number(scores, "positive"),
        neutral_score=read_number(scores, "neutral"),
        negative_score=read_number(scores, "negative"),
        sentences=[_convert_sentence(sentence, said) for sentence in sentences],
    )


def _convert_assessment(assessment: Any) -> Assessment:
    return Assessment(**_read_opinion(assessment), is_negated=read_flag(assessment, "isNegated"))


def _convert_sentence(sentence: Any, said: Sequence[Sequence[Assessment]]) -> SentenceOpinions:
    return SentenceOpinions(
        **_read_opinion(sentence),
        neutral_score=read_number(read_object(sentence, "confidenceScores"), "neutral"),
        targets=[_convert_target(target, said) for target in read_optional(sentence, "targets", read_list) or []],
    )


def _convert_target(target: Any, said: Sequence[Sequence[Assessment]]) -> Target:
    return Target(
        **_read_opinion(target),
        # A relation may also point to another target, which is one of its own.
        assessments=[
            _follow(said, place[1], place[2])
            for relation in read_list(target, "relations")
            if (place := _ASSESSMENT.search(read_text(relation, "ref")))
        ],
    )


def _follow(said: Sequence[Sequence[Assessment]], sentence: str, assessment: str) -> Assessment:
    try:
        return said[int(sentence)][int(assessment)]
    except IndexError:
        msg = "ref points to nothing"
        raise MisshapenError(msg) from None


def _convert_healthcare(found: Any) -> HealthcareEntitiesResult:
    entities = [_convert_concept(entity) for entity in read_list(found, "entities")]
    return HealthcareEntitiesResult(
        entities=entities,
        relations=[
            HealthcareRelation(
                relation_type=read_text(relation, "relationType"),
                confidence_score=read_optional(relation, "confidenceScore", read_number),
                roles=[_convert_role(role, entities) for role in read_list(relation, "entities")],
            )
            for relation in read_list(found, "relations")
        ],
    )


def _convert_role(role: Any, entities: Sequence[HealthcareEntity]) -> HealthcareRole:
    place = _CONCEPT.search(read_text(role, "ref"))
    if place is None or int(place[1]) >= len(entities):
        msg = "ref points to nothing"
        raise MisshapenError(msg)
    return HealthcareRole(read_text(role, "role"), entities[int(place[1])])


def _convert_concept(entity: Any) -> HealthcareEntity:
    asserted = read_optional(entity, "assertion", read_object)
    return HealthcareEntity(
        **_read_entity(entity),
        normalized_text=read_optional(entity, "name", read_text),
        assertion=None if asserted is None else _convert_assertion(asserted),
        data_sources=[
            HealthcareDataSource(read_text(link, "dataSource"), read_text(link, "id"))
            for link in read_optional(entity, "links", read_list) or []
        ],
    )


def _convert_assertion(asserted: Any) -> HealthcareAssertion:
    return HealthcareAssertion(
        conditionality=read_optional(asserted, "conditionality", read_text),
        certainty=read_optional(asserted, "certainty", read_text),
        association=read_optional(asserted, "association", read_text),
    )
