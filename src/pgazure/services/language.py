"""Azure AI Language: what is answered at once, and jobs over ``azure-ai-textanalytics``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pgazure.services.auth import choose_credential
from pgazure.services.azure_pipeline import pipeline_options
from pgazure.services.endpoint import JsonEndpoint
from pgazure.services.errors import describe_azure_error, describe_fault
from pgazure.services.exchange import Answer, Exchange, match_by_id, watch_exchange
from pgazure.services.language_jobs import SERVICE, collect_pages, fail_job, finish_job
from pgazure.services.reading import (
    MisshapenError,
    read_list,
    read_number,
    read_object,
    read_optional,
    read_text,
    read_texts,
)
from pgazure.types import (
    Entity,
    LanguageDetectionResult,
    LinkedEntity,
    LinkedEntityMatch,
    PiiEntityRecognitionResult,
    Sentence,
    SentimentAnalysisResult,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from azure.ai.textanalytics.aio import TextAnalyticsClient
    from azure.core.credentials import AzureKeyCredential

    from pgazure.config import ServiceSettings
    from pgazure.services.auth import Identity
    from pgazure.services.exchange import Document
    from pgazure.types import DocumentError

R = TypeVar("R")

_ROUTE = "/language/:analyze-text?api-version=2023-04-01"
_KEY_HEADER = "Ocp-Apim-Subscription-Key"
# What the SDK takes where nobody says.
_LANGUAGE = "en"
_COUNTRY = "US"
# Kinds whose answers have no places in a text; else these are counted as Python counts.
_WITHOUT_PLACES = {"LanguageDetection", "KeyPhraseExtraction"}


class LanguageService:
    """Azure AI Language.

    Requests that are answered at once go without the SDK, which takes several times as long as all the rest to build
    one and to read its answer. It starts and follows jobs, whose answers are read here as well.

    Args:
        settings: Endpoint and key.
        identity: The credential used where there is no key.
    """

    def __init__(self, settings: ServiceSettings, identity: Identity) -> None:
        self.endpoint = settings.endpoint
        self._settings = settings
        self._identity = identity
        scope = identity.scope(settings.endpoint)
        self._analysis = JsonEndpoint(SERVICE, settings, identity, scope=scope, key_header=_KEY_HEADER)
        self._url = settings.endpoint.rstrip("/") + _ROUTE
        self._jobs: TextAnalyticsClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        await self._analysis.close()
        if self._jobs is not None:
            await self._jobs.close()

    async def analyze_sentiment(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[SentimentAnalysisResult]:
        """Send one request; at most 10 documents."""

        def convert(found: Any) -> SentimentAnalysisResult:
            scores = read_object(found, "confidenceScores")
            return SentimentAnalysisResult(
                read_text(found, "sentiment"),
                read_number(scores, "positive"),
                read_number(scores, "neutral"),
                read_number(scores, "negative"),
            )

        return await self.ask(
            "analyze_sentiment",
            documents,
            "SentimentAnalysis",
            convert,
            disable_service_logs=disable_service_logs,
        )

    async def detect_language(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[LanguageDetectionResult]:
        """Send one request; at most 1,000 documents."""

        def convert(found: Any) -> LanguageDetectionResult:
            language = read_object(found, "detectedLanguage")
            return LanguageDetectionResult(
                read_text(language, "name"),
                read_text(language, "iso6391Name"),
                read_number(language, "confidenceScore"),
            )

        return await self.ask(
            "detect_language", documents, "LanguageDetection", convert, disable_service_logs=disable_service_logs
        )

    async def extract_key_phrases(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[list[str]]:
        """Send one request; at most 10 documents."""
        return await self.ask(
            "extract_key_phrases",
            documents,
            "KeyPhraseExtraction",
            lambda found: read_texts(found, "keyPhrases"),
            disable_service_logs=disable_service_logs,
        )

    async def recognize_entities(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[list[Entity]]:
        """Send one request; at most 5 documents."""
        return await self.ask(
            "recognize_entities",
            documents,
            "EntityRecognition",
            _convert_entities,
            disable_service_logs=disable_service_logs,
        )

    async def recognize_pii_entities(
        self, documents: Sequence[Document], *, domain: str, disable_service_logs: bool
    ) -> Answer[PiiEntityRecognitionResult]:
        """Send one request; at most 5 documents."""
        return await self.ask(
            "recognize_pii_entities",
            documents,
            "PiiEntityRecognition",
            lambda found: PiiEntityRecognitionResult(read_text(found, "redactedText"), _convert_entities(found)),
            disable_service_logs=disable_service_logs,
            domain=None if domain == "none" else domain,
        )

    async def linked_entities(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[list[LinkedEntity]]:
        """Send one request; at most 5 documents."""

        def convert(found: Any) -> list[LinkedEntity]:
            return [
                LinkedEntity(
                    name=read_text(entity, "name"),
                    data_source_entity_id=read_optional(entity, "id", read_text) or "",
                    language=read_text(entity, "language"),
                    data_source=read_text(entity, "dataSource"),
                    url=read_text(entity, "url"),
                    matches=[
                        LinkedEntityMatch(read_text(match, "text"), read_number(match, "confidenceScore"))
                        for match in read_list(entity, "matches")
                    ],
                    bing_entity_search_api_id=read_optional(entity, "bingId", read_text) or "",
                )
                for entity in read_list(found, "entities")
            ]

        return await self.ask(
            "linked_entities",
            documents,
            "EntityLinking",
            convert,
            disable_service_logs=disable_service_logs,
        )

    async def summarize_extractive(
        self, documents: Sequence[Document], *, sentence_count: int, sort_by: str, disable_service_logs: bool
    ) -> Answer[list[Sentence]]:
        """Run one job; at most 25 documents and 125,000 characters."""

        def convert(found: Any) -> list[Sentence]:
            return [
                Sentence(read_text(sentence, "text"), read_number(sentence, "rankScore"))
                for sentence in read_list(found, "sentences")
            ]

        return await self.run_job(
            "summarize_extractive",
            documents,
            "ExtractiveSummarization",
            convert,
            method="begin_extract_summary",
            max_sentence_count=sentence_count,
            order_by="Rank" if sort_by == "rank" else "Offset",
            disable_service_logs=disable_service_logs,
        )

    async def summarize_abstractive(
        self, documents: Sequence[Document], *, sentence_count: int, disable_service_logs: bool
    ) -> Answer[list[str]]:
        """Run one job; at most 25 documents and 125,000 characters."""
        return await self.run_job(
            "summarize_abstractive",
            documents,
            "AbstractiveSummarization",
            lambda found: [read_text(summary, "text") for summary in read_list(found, "summaries")],
            method="begin_abstract_summary",
            sentence_count=sentence_count,
            disable_service_logs=disable_service_logs,
        )

    async def ask(
        self,
        operation: str,
        documents: Sequence[Document],
        kind: str,
        convert: Callable[[Any], R],
        *,
        disable_service_logs: bool,
        **parameters: Any,
    ) -> Answer[R]:
        """Send one request.

        Args:
            operation: The facade's name of the operation.
            documents: What to send.
            kind: The service's name of the operation.
            convert: Makes a result of the JSON of a document; what it cannot read is a ``MisshapenError``.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            parameters: What the service takes besides, under its names; ``None`` is its own default.
        """
        parameters = {name: value for name, value in parameters.items() if value is not None}
        parameters["loggingOptOut"] = disable_service_logs
        if kind not in _WITHOUT_PLACES:
            parameters["stringIndexType"] = "UnicodeCodePoint"
        write = _write_unknown if kind == "LanguageDetection" else _write_known
        inputs = [{"id": str(place)} | write(document) for place, document in enumerate(documents)]

        def read(body: Any, exchange: Exchange) -> Answer[R]:
            results = read_object(_check_kind(body, f"{kind}Results"), "results")
            return _answer(operation, _read(results, documents, convert, exchange), documents, exchange)

        # A name of a language that is none goes as an escape, and is refused by the service.
        return await self._analysis.post(
            self._url,
            json.dumps({"kind": kind, "parameters": parameters, "analysisInput": {"documents": inputs}}),
            read,
            documents=documents,
            operation=operation,
        )

    async def run_job(
        self,
        operation: str,
        documents: Sequence[Document],
        kind: str,
        convert: Callable[[Any], R],
        *,
        method: str,
        **options: Any,
    ) -> Answer[R]:
        """Run one job to its end.

        Args:
            operation: The facade's name of the operation.
            documents: What to send.
            kind: The service's name of the operation.
            convert: Makes a result of the JSON of a document; what it cannot read is a ``MisshapenError``.
            method: The SDK's name of the operation.
            options: What the SDK's method takes besides the documents.
        """
        inputs: list[Any] = [
            {"id": str(place), "text": document.text, "language": document.language}
            for place, document in enumerate(documents)
        ]
        with watch_exchange() as exchange:
            try:
                poller = await getattr(self._open_jobs(), method)(inputs, **options)
                job, location = poller.polling_method(), read_text(exchange.headers, "operation-location")
                first = await finish_job(job, operation, documents, exchange.retry_after)
                found: list[tuple[str, R | DocumentError]] = []
                for page in await collect_pages(job, first, location, operation, documents):
                    (task,) = read_list(read_object(page, "tasks"), "items")
                    if _check_kind(task, f"{kind}LROResults").get("results") is None:
                        fail_job(page, operation, documents)
                    found += _read(read_object(task, "results"), documents, convert, exchange)
                return _answer(operation, found, documents, exchange)
            except Exception as error:  # noqa: BLE001  whatever an odd answer ends in, it is the answer's fault
                # The SDK's exceptions hold the request with its key and texts: they are not chained.
                raise describe_azure_error(
                    error, exchange, service=SERVICE, operation=operation, documents=documents
                ) from None

    def _open_jobs(self) -> TextAnalyticsClient:
        if self._jobs is None:
            from azure.ai.textanalytics.aio import TextAnalyticsClient  # noqa: PLC0415  slow to import

            self._jobs = TextAnalyticsClient(
                self.endpoint,
                cast("AzureKeyCredential", choose_credential(self._settings, self._identity)),
                credential_scopes=[self._identity.scope(self.endpoint)],
                **pipeline_options(self._settings),
            )
        return self._jobs


def _write_known(document: Document) -> dict[str, str]:
    return {"text": document.text, "language": _LANGUAGE if document.language is None else document.language}


def _write_unknown(document: Document) -> dict[str, str]:
    return {"text": document.text, "countryHint": _COUNTRY}


def _convert_entities(found: Any) -> list[Entity]:
    return [
        Entity(
            read_text(entity, "text"),
            read_text(entity, "category"),
            read_optional(entity, "subcategory", read_text) or "",
            read_number(entity, "confidenceScore"),
        )
        for entity in read_list(found, "entities")
    ]


def _check_kind(found: Any, kind: str) -> dict[str, Any]:
    if read_text(found, "kind") != kind:
        msg = "kind is that of another operation"
        raise MisshapenError(msg)
    checked: dict[str, Any] = found
    return checked


def _read(
    results: Any, documents: Sequence[Document], convert: Callable[[Any], R], exchange: Exchange
) -> list[tuple[str, R | DocumentError]]:
    found: list[tuple[str, R | DocumentError]] = [
        (read_text(document, "id"), convert(document)) for document in read_list(results, "documents")
    ]
    found += [
        (read_text(fault, "id"), describe_fault(read_object(fault, "error"), documents, exchange))
        for fault in read_list(results, "errors")
    ]
    return found


def _answer(
    operation: str, found: Sequence[tuple[str, R | DocumentError]], documents: Sequence[Document], exchange: Exchange
) -> Answer[R]:
    return Answer(
        results=match_by_id(found, len(documents), service=SERVICE, operation=operation),
        status_code=exchange.status_code,
        request_id=exchange.request_id,
    )
