"""Azure AI Language's finer answers: places, opinions, health, custom models."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

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
            _convert_opinions,
            method="analyze_sentiment",
            show_opinion_mining=True,
            disable_service_logs=disable_service_logs,
        )

    async def recognize_entities(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[list[LocatedEntity]]:
        """Send one request; at most 5 documents."""
        return await self._service.ask(
            "recognize_entities", documents, _convert_entities, disable_service_logs=disable_service_logs
        )

    async def recognize_pii_entities(
        self, documents: Sequence[Document], *, domain: str, categories: Sequence[str], disable_service_logs: bool
    ) -> Answer[LocatedPiiResult]:
        """Send one request; at most 5 documents."""
        return await self._service.ask(
            "recognize_pii_entities",
            documents,
            lambda found: LocatedPiiResult(found.redacted_text, _convert_entities(found)),
            domain_filter=None if domain == "none" else domain,
            categories_filter=list(categories) or None,
            disable_service_logs=disable_service_logs,
        )

    async def recognize_healthcare_entities(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[HealthcareEntitiesResult]:
        """Run one job; at most 25 documents and 125,000 characters."""
        return await self._service.run_job(
            "recognize_healthcare_entities",
            documents,
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
            lambda found: _convert_classes(found)[0],
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
            _convert_classes,
            method="begin_multi_label_classify",
            project_name=project_name,
            deployment_name=deployment_name,
            disable_service_logs=disable_service_logs,
        )


def _convert_entities(found: Any) -> list[LocatedEntity]:
    return [
        LocatedEntity(
            text=entity.text,
            category=entity.category,
            subcategory=entity.subcategory or "",
            confidence_score=float(entity.confidence_score),
            offset=entity.offset,
            length=entity.length,
        )
        for entity in found.entities
    ]


def _convert_classes(found: Any) -> list[Classification]:
    return [Classification(label.category, float(label.confidence_score)) for label in found.classifications]


def _convert_opinions(found: Any) -> OpinionAnalysisResult:
    said = [[_convert_assessment(a) for a in sentence.assessments or []] for sentence in found.sentences]
    scores = found.confidence_scores
    return OpinionAnalysisResult(
        sentiment=str(found.sentiment),
        positive_score=float(scores.positive),
        neutral_score=float(scores.neutral),
        negative_score=float(scores.negative),
        sentences=[_convert_sentence(sentence, said) for sentence in found.sentences],
    )


def _convert_assessment(assessment: Any) -> Assessment:
    return Assessment(
        text=assessment.text,
        sentiment=str(assessment.sentiment),
        positive_score=float(assessment.confidence_scores.positive),
        negative_score=float(assessment.confidence_scores.negative),
        is_negated=bool(assessment.is_negated),
        offset=assessment.offset,
        length=assessment.length,
    )


def _convert_sentence(sentence: Any, said: Sequence[Sequence[Assessment]]) -> SentenceOpinions:
    scores = sentence.confidence_scores
    return SentenceOpinions(
        text=sentence.text,
        sentiment=str(sentence.sentiment),
        positive_score=float(scores.positive),
        neutral_score=float(scores.neutral),
        negative_score=float(scores.negative),
        offset=sentence.offset,
        length=sentence.length,
        targets=[
            Target(
                text=target.text,
                sentiment=str(target.sentiment),
                positive_score=float(target.confidence_scores.positive),
                negative_score=float(target.confidence_scores.negative),
                offset=target.offset,
                length=target.length,
                # A relation may also point to another target, which is one of its own.
                assessments=[
                    said[int(place[1])][int(place[2])]
                    for relation in target.relations
                    if (place := _ASSESSMENT.search(relation.ref))
                ],
            )
            for target in sentence.targets or []
        ],
    )


def _convert_healthcare(found: Any) -> HealthcareEntitiesResult:
    entities = {id(entity): _convert_concept(entity) for entity in found.entities}
    return HealthcareEntitiesResult(
        entities=list(entities.values()),
        relations=[
            HealthcareRelation(
                relation_type=str(relation.relation_type),
                confidence_score=None if relation.confidence_score is None else float(relation.confidence_score),
                # The SDK has followed the references: these are the very objects of the list above.
                roles=[HealthcareRole(str(role.name), entities[id(role.entity)]) for role in relation.roles],
            )
            for relation in found.entity_relations
        ],
    )


def _convert_concept(entity: Any) -> HealthcareEntity:
    asserted = entity.assertion
    return HealthcareEntity(
        text=entity.text,
        category=str(entity.category),
        subcategory=entity.subcategory or "",
        confidence_score=float(entity.confidence_score),
        offset=entity.offset,
        length=entity.length,
        normalized_text=entity.normalized_text,
        assertion=asserted
        and HealthcareAssertion(
            conditionality=_name(asserted.conditionality),
            certainty=_name(asserted.certainty),
            association=_name(asserted.association),
        ),
        data_sources=[HealthcareDataSource(source.name, source.entity_id) for source in entity.data_sources or []],
    )


def _name(value: Any) -> str | None:
    return None if value is None else str(value)
