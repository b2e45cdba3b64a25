"""Builders of the steps that Azure AI Language and Translator offer beyond the extension's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgazure.pipeline.specification import spec
from pgazure.pipeline.specification.builders import build_step

if TYPE_CHECKING:
    from pgazure.pipeline.specification.spec import Step


def linked_entities(
    *,
    language: str | None = None,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Link the well-known things that each row speaks of to Wikipedia."""
    return build_step(spec.LinkedEntities, name, table, input, language=language)


def analyze_opinions(
    *,
    language: str | None = None,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Find what each row praises and blames, with the sentiment of its sentences."""
    return build_step(spec.AnalyzeOpinions, name, table, input, language=language)


def recognize_healthcare_entities(
    *,
    language: str | None = None,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Find medical concepts in each row, and what connects them."""
    return build_step(spec.RecognizeHealthcareEntities, name, table, input, language=language)


def recognize_custom_entities(
    project_name: str,
    deployment_name: str,
    *,
    language: str | None = None,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Find the entities that a model of your own knows; its project and deployment are named."""
    return build_step(
        spec.RecognizeCustomEntities,
        name,
        table,
        input,
        project_name=project_name,
        deployment_name=deployment_name,
        language=language,
    )


def classify_single_label(
    project_name: str,
    deployment_name: str,
    *,
    language: str | None = None,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Give each row the class of a model of your own that fits best."""
    return build_step(
        spec.ClassifySingleLabel,
        name,
        table,
        input,
        project_name=project_name,
        deployment_name=deployment_name,
        language=language,
    )


def classify_multi_label(
    project_name: str,
    deployment_name: str,
    *,
    language: str | None = None,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Give each row all classes of a model of your own that fit."""
    return build_step(
        spec.ClassifyMultiLabel,
        name,
        table,
        input,
        project_name=project_name,
        deployment_name=deployment_name,
        language=language,
    )


def transliterate(
    language: str,
    from_script: str,
    to_script: str,
    *,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Write each row in another script of its language, such as ``ja`` from ``Jpan`` to ``Latn``."""
    return build_step(
        spec.Transliterate, name, table, input, language=language, from_script=from_script, to_script=to_script
    )
