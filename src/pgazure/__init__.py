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
    from pgazure.types import (
        DetectedLanguage,
        DocumentError,
        Entity,
        LanguageDetectionResult,
        PiiEntityRecognitionResult,
        Sentence,
        SentimentAnalysisResult,
        TranslatedTextResult,
        Translation,
        TransliteratedText,
    )

    __version__: str

__all__ = [
    "AsyncClient",
    "AuthenticationError",
    "BatchError",
    "BudgetExceededError",
    "Client",
    "ConfigurationError",
    "ContentFilterError",
    "DeploymentNotFoundError",
    "DetectedLanguage",
    "DocumentError",
    "EmbeddedPostgresError",
    "Entity",
    "HttpStatusError",
    "InvalidRequestError",
    "InvalidSpecError",
    "LanguageDetectionResult",
    "PgAzureError",
    "PiiEntityRecognitionResult",
    "PipelineError",
    "RateLimitError",
    "RequestRecord",
    "SchemaError",
    "Sentence",
    "SentimentAnalysisResult",
    "ServiceError",
    "ServiceRequestError",
    "ServiceResponseError",
    "ServiceTimeoutError",
    "ServiceUnavailableError",
    "Settings",
    "TranslatedTextResult",
    "Translation",
    "TransliteratedText",
    "__version__",
    "load_settings",
    "observe_requests",
]

_HOMES = {
    "pgazure.client.async_client": ("AsyncClient",),
    "pgazure.client.sync": ("Client",),
    "pgazure.config": ("Settings", "load_settings"),
    "pgazure.flow.observe": ("RequestRecord", "observe_requests"),
    "pgazure.types": (
        "DetectedLanguage",
        "DocumentError",
        "Entity",
        "LanguageDetectionResult",
        "PiiEntityRecognitionResult",
        "Sentence",
        "SentimentAnalysisResult",
        "TranslatedTextResult",
        "Translation",
        "TransliteratedText",
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
