"""Azure AI for any Postgres.

``Client`` and ``AsyncClient`` call Azure AI Language, Translator and Azure
OpenAI in the vocabulary of the ``azure_ai`` extension. Importing this package
loads nothing else; each name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgazure.client.async_client import AsyncClient
    from pgazure.client.sync import Client
    from pgazure.config import Settings, load_settings
    from pgazure.errors import (
        AuthenticationError,
        BatchError,
        BudgetExceededError,
        CircuitOpenError,
        ConfigurationError,
        ContentFilterError,
        DeploymentNotFoundError,
        EmbeddedPostgresError,
        HttpStatusError,
        InvalidRequestError,
        InvalidSpecError,
        PgAzureError,
        PipelineError,
        RateLimitError,
        SchemaError,
        ServiceError,
        ServiceRequestError,
        ServiceResponseError,
        ServiceTimeoutError,
        ServiceUnavailableError,
    )
    from pgazure.flow.observe import RequestRecord, observe_requests
    from pgazure.flow.tokens import count_tokens
    from pgazure.types import (
        Comparison,
        DetectedLanguage,
        DocumentError,
        Entity,
        LanguageDetectionResult,
        LinkedEntity,
        LinkedEntityMatch,
        PiiEntityRecognitionResult,
        RankResult,
        Sentence,
        SentimentAnalysisResult,
        TranslatedTextResult,
        Translation,
        TransliteratedText,
    )
    from pgazure.types_language import (
        Assessment,
        Classification,
        ConversationItem,
        ConversationSummary,
        HealthcareAssertion,
        HealthcareDataSource,
        HealthcareEntitiesResult,
        HealthcareEntity,
        HealthcareRelation,
        HealthcareRole,
        LocatedEntity,
        LocatedPiiResult,
        OpinionAnalysisResult,
        Script,
        SentenceOpinions,
        SourceScript,
        SupportedLanguages,
        Target,
        TranslationLanguage,
        TransliterationLanguage,
    )

    __version__: str

__all__ = [
    "Assessment",
    "AsyncClient",
    "AuthenticationError",
    "BatchError",
    "BudgetExceededError",
    "CircuitOpenError",
    "Classification",
    "Client",
    "Comparison",
    "ConfigurationError",
    "ContentFilterError",
    "ConversationItem",
    "ConversationSummary",
    "DeploymentNotFoundError",
    "DetectedLanguage",
    "DocumentError",
    "EmbeddedPostgresError",
    "Entity",
    "HealthcareAssertion",
    "HealthcareDataSource",
    "HealthcareEntitiesResult",
    "HealthcareEntity",
    "HealthcareRelation",
    "HealthcareRole",
    "HttpStatusError",
    "InvalidRequestError",
    "InvalidSpecError",
    "LanguageDetectionResult",
    "LinkedEntity",
    "LinkedEntityMatch",
    "LocatedEntity",
    "LocatedPiiResult",
    "OpinionAnalysisResult",
    "PgAzureError",
    "PiiEntityRecognitionResult",
    "PipelineError",
    "RankResult",
    "RateLimitError",
    "RequestRecord",
    "SchemaError",
    "Script",
    "Sentence",
    "SentenceOpinions",
    "SentimentAnalysisResult",
    "ServiceError",
    "ServiceRequestError",
    "ServiceResponseError",
    "ServiceTimeoutError",
    "ServiceUnavailableError",
    "Settings",
    "SourceScript",
    "SupportedLanguages",
    "Target",
    "TranslatedTextResult",
    "Translation",
    "TranslationLanguage",
    "TransliteratedText",
    "TransliterationLanguage",
    "__version__",
    "count_tokens",
    "load_settings",
    "observe_requests",
]

_HOMES = {
    "pgazure.client.async_client": ("AsyncClient",),
    "pgazure.client.sync": ("Client",),
    "pgazure.config": ("Settings", "load_settings"),
    "pgazure.flow.observe": ("RequestRecord", "observe_requests"),
    "pgazure.flow.tokens": ("count_tokens",),
    "pgazure.types": (
        "Comparison",
        "DetectedLanguage",
        "DocumentError",
        "Entity",
        "LanguageDetectionResult",
        "LinkedEntity",
        "LinkedEntityMatch",
        "PiiEntityRecognitionResult",
        "RankResult",
        "Sentence",
        "SentimentAnalysisResult",
        "TranslatedTextResult",
        "Translation",
        "TransliteratedText",
    ),
    "pgazure.types_language": (
        "Assessment",
        "Classification",
        "ConversationItem",
        "ConversationSummary",
        "HealthcareAssertion",
        "HealthcareDataSource",
        "HealthcareEntitiesResult",
        "HealthcareEntity",
        "HealthcareRelation",
        "HealthcareRole",
        "LocatedEntity",
        "LocatedPiiResult",
        "OpinionAnalysisResult",
        "Script",
        "SentenceOpinions",
        "SourceScript",
        "SupportedLanguages",
        "Target",
        "TranslationLanguage",
        "TransliterationLanguage",
    ),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  reading metadata takes longer than importing pgazure

        value: Any = version(__name__)
    else:
        from importlib import import_module  # noqa: PLC0415  as above

        home = next((module for module, names in _HOMES.items() if name in names), "pgazure.errors")
        value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
