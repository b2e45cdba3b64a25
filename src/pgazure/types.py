"""Results: the composite types of the ``azure_ai`` extension as frozen dataclasses.

Field names and their order are those of the extension's types, so that
``dataclasses.astuple`` gives a row of the composite type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

_Id = TypeVar("_Id")


@dataclass(frozen=True, slots=True)
class SentimentAnalysisResult:
    """Mirrors ``azure_cognitive.sentiment_analysis_result``.

    Attributes:
        sentiment: ``positive``, ``negative``, ``neutral`` or ``mixed``.
        positive_score: Confidence between 0 and 1.
        neutral_score: Confidence between 0 and 1.
        negative_score: Confidence between 0 and 1.
    """

    sentiment: str
    positive_score: float
    neutral_score: float
    negative_score: float


@dataclass(frozen=True, slots=True)
class LanguageDetectionResult:
    """Mirrors ``azure_cognitive.language_detection_result``.

    Attributes:
        name: English name of the language, ``(Unknown)`` where the service found none.
        iso6391_name: Its code, e.g. ``en``; ``(Unknown)`` where the service found none.
        confidence_score: Confidence between 0 and 1.
    """

    name: str
    iso6391_name: str
    confidence_score: float


@dataclass(frozen=True, slots=True)
class Entity:
    """Mirrors ``azure_cognitive.entity``.

    Attributes:
        text: The words as they stand in the input.
        category: E.g. ``Person``, ``Location``, ``DateTime``.
        subcategory: Finer category; an empty string where the service gives none, as in the extension.
        confidence_score: Confidence between 0 and 1.
    """

    text: str
    category: str
    subcategory: str
    confidence_score: float


@dataclass(frozen=True, slots=True)
class LinkedEntityMatch:
    """Mirrors ``azure_cognitive.linked_entity_match``.

    Attributes:
        text: The words as they stand in the input.
        confidence_score: Confidence between 0 and 1.
    """

    text: str
    confidence_score: float


@dataclass(frozen=True, slots=True)
class LinkedEntity:
    """Mirrors ``azure_cognitive.linked_entity``.

    Attributes:
        name: The entity's usual name.
        data_source_entity_id: Its id in the data source.
        language: Code of the language of the data source.
        data_source: Where it is described, e.g. ``Wikipedia``.
        url: The page there.
        matches: Where the text speaks of it, in text order.
        bing_entity_search_api_id: Its id in Bing; an empty string where the service gives none.
    """

    name: str
    data_source_entity_id: str
    language: str
    data_source: str
    url: str
    matches: list[LinkedEntityMatch]
    bing_entity_search_api_id: str


@dataclass(frozen=True, slots=True)
class PiiEntityRecognitionResult:
    """Mirrors ``azure_cognitive.pii_entity_recognition_result``.

    Attributes:
        redacted_text: The input with one ``*`` per code point of each entity.
        entities: What was redacted, in text order; empty where there is nothing.
    """

    redacted_text: str
    entities: list[Entity]


@dataclass(frozen=True, slots=True)
class Sentence:
    """Mirrors ``azure_cognitive.sentence``.

    Attributes:
        text: A sentence of the input.
        rank_score: Its weight within the document, between 0 and 1.
    """

    text: str
    rank_score: float


@dataclass(frozen=True, slots=True)
class TransliteratedText:
    """Mirrors ``azure_cognitive.transliterated_text``.

    Attributes:
        script: Script code, e.g. ``Latn``.
        text: The text in that script.
    """

    script: str
    text: str


@dataclass(frozen=True, slots=True)
class Translation:
    """Mirrors ``azure_cognitive.translation``.

    Attributes:
        target_language: Code of the language translated into.
        text: The translation.
        transliteration: The translation in another script, where one was asked for.
    """

    target_language: str
    text: str
    transliteration: TransliteratedText | None = None


@dataclass(frozen=True, slots=True)
class DetectedLanguage:
    """Mirrors ``azure_cognitive.detected_language``.

    Attributes:
        language: Code of the language the service found.
        score: Confidence between 0 and 1.
    """

    language: str
    score: float


@dataclass(frozen=True, slots=True)
class TranslatedTextResult:
    """Mirrors ``azure_cognitive.translated_text_result``.

    Attributes:
        translations: One per target language, in the order asked for.
        detected_language: What the service found; ``None`` where ``source_language`` was given.
        source_text: The input in its language's usual script, where it was not written in it.
    """

    translations: list[Translation]
    detected_language: DetectedLanguage | None = None
    source_text: str | None = None


@dataclass(frozen=True, slots=True)
class RankResult(Generic[_Id]):
    """Mirrors a row of ``azure_ai.rank``.

    Attributes:
        id: Id of the document, as it was given.
        rank: 1 for the best.
        score: How much it has to do with the query, between 0 and 1.
    """

    id: _Id
    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a service and a chat model say of the same texts.

    Attributes:
        operation: The function that was called.
        scores: For each text how far the two agree, between 0 and 1: whether the label (sentiment, language) is the
            same, or which share of everything found was found by both; ``None`` where one of them failed.
        agreement: Mean of the scores; ``None`` where there is none.
        service_results: What the service says.
        model_results: What the model says.
    """

    operation: str
    scores: list[float | None]
    agreement: float | None
    service_results: list[Any]
    model_results: list[Any]


@dataclass(frozen=True, slots=True)
class DocumentError:
    """Why one text has no result: data that stands in the result's place, not an exception.

    Attributes:
        code: The service's code, e.g. ``InvalidDocument`` or ``UnsupportedLanguageCode``.
        message: What is wrong, without the text itself.
        request_id: The service's id of the request.
        status_code: HTTP status of the whole answer, where that was the error; ``None`` where the
            service answered and refused only this text.
        retryable: Whether the same text may succeed later (throttling, an outage).
    """

    code: str
    message: str
    request_id: str | None = None
    status_code: int | None = None
    retryable: bool = False
