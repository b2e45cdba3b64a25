"""Keyword arguments that several methods share, for the type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Required, TypedDict

if TYPE_CHECKING:
    from pgazure.client.inputs import SequenceOf


class CallChoices(TypedDict, total=False):
    """Arguments of every method."""

    timeout_ms: int | None
    max_attempts: int | None
    retry_delay_ms: int | None


class CallBatch(CallChoices, total=False):
    """Arguments of every method, for many texts."""

    batch_size: int


class EmbeddingChoices(CallChoices, total=False):
    """Arguments of ``create_embeddings``."""

    dimensions: int | None


class EmbeddingBatch(EmbeddingChoices, CallBatch, total=False):
    """Arguments of ``create_embeddings``, for many texts."""


class ModelChoices(CallChoices, total=False):
    """Arguments of the functions of a chat model."""

    model: str


class GenerateChoices(ModelChoices, total=False):
    """Arguments of ``generate`` and ``respond``."""

    system_prompt: str


class LanguageChoices(CallChoices, total=False):
    """Arguments of the Language functions."""

    disable_service_logs: bool


class LanguageBatch(LanguageChoices, CallBatch, total=False):
    """Arguments of the Language functions, for many texts."""


class PiiChoices(LanguageChoices, total=False):
    """Arguments of ``recognize_pii_entities``."""

    domain: str


class PiiBatch(PiiChoices, CallBatch, total=False):
    """Arguments of ``recognize_pii_entities``, for many texts."""


class LocatedPiiChoices(PiiChoices, total=False):
    """Arguments of ``recognize_pii_entities`` with places."""

    categories: str | SequenceOf[str] | None


class LocatedPiiBatch(LocatedPiiChoices, CallBatch, total=False):
    """Arguments of ``recognize_pii_entities`` with places, for many texts."""


class CustomChoices(LanguageChoices, total=False):
    """Arguments of the functions for custom models."""

    project_name: Required[str]
    deployment_name: Required[str]


class CustomBatch(CustomChoices, CallBatch, total=False):
    """Arguments of the functions for custom models, for many texts."""


class ConversationChoices(LanguageChoices, total=False):
    """Arguments of ``summarize_conversation``."""

    aspects: str | SequenceOf[str]


class SummaryChoices(LanguageChoices, total=False):
    """Arguments of ``summarize_abstractive``."""

    sentence_count: int


class SummaryBatch(SummaryChoices, CallBatch, total=False):
    """Arguments of ``summarize_abstractive``, for many texts."""


class ExtractiveChoices(SummaryChoices, total=False):
    """Arguments of ``summarize_extractive``."""

    sort_by: str


class ExtractiveBatch(ExtractiveChoices, CallBatch, total=False):
    """Arguments of ``summarize_extractive``, for many texts."""


class _TranslationChoices(CallChoices, total=False):
    text_type: str
    profanity_action: str
    profanity_marker: str
    suggested_source_language: str | None
    source_script: str | None
    target_script: str | SequenceOf[str | None] | None


class TranslationChoices(_TranslationChoices, total=False):
    """Arguments of ``translate``."""

    source_language: str | None


class TranslationBatch(_TranslationChoices, CallBatch, total=False):
    """Arguments of ``translate``, for many texts."""

    source_language: str | SequenceOf[str | None] | None
