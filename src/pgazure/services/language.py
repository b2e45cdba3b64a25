"""Azure AI Language over ``azure-ai-textanalytics``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from pgazure.services.auth import choose_credential
from pgazure.services.azure_pipeline import pipeline_options
from pgazure.services.errors import describe_azure_error, withhold_texts
from pgazure.services.exchange import Answer, Exchange, match_by_id, watch_exchange
from pgazure.services.language_jobs import SERVICE, collect_documents, finish_job
from pgazure.types import (
    DocumentError,
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

    from azure.ai.textanalytics import DetectLanguageInput, TextDocumentInput
    from azure.core.credentials import AzureKeyCredential

    from pgazure.config import ServiceSettings
    from pgazure.services.auth import Identity
    from pgazure.services.exchange import Document

R = TypeVar("R")


class LanguageService:
    """Azure AI Language.

    Args:
        settings: Endpoint and key.
        identity: The credential used where there is no key.
    """

    def __init__(self, settings: ServiceSettings, identity: Identity) -> None:
        from azure.ai.textanalytics.aio import TextAnalyticsClient  # noqa: PLC0415  slow to import

        self.endpoint = settings.endpoint
        self._client = TextAnalyticsClient(
            settings.endpoint,
            cast("AzureKeyCredential", choose_credential(settings, identity)),
            credential_scopes=[identity.scope(settings.endpoint)],
            **pipeline_options(settings),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def analyze_sentiment(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[SentimentAnalysisResult]:
        """Send one request; at most 10 documents."""

        def convert(found: Any) -> SentimentAnalysisResult:
            scores = found.confidence_scores
            return SentimentAnalysisResult(
                str(found.sentiment), float(scores.positive), float(scores.neutral), float(scores.negative)
            )

        return await self.ask("analyze_sentiment", documents, convert, disable_service_logs=disable_service_logs)

    async def detect_language(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[LanguageDetectionResult]:
        """Send one request; at most 1,000 documents."""

        def convert(found: Any) -> LanguageDetectionResult:
            language = found.detected_language
            return LanguageDetectionResult(language.name, language.iso6391_name, float(language.confidence_score))

        return await self.ask("detect_language", documents, convert, disable_service_logs=disable_service_logs)

    async def extract_key_phrases(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[list[str]]:
        """Send one request; at most 10 documents."""

        def convert(found: Any) -> list[str]:
            return list(found.key_phrases)

        return await self.ask("extract_key_phrases", documents, convert, disable_service_logs=disable_service_logs)

    async def recognize_entities(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[list[Entity]]:
        """Send one request; at most 5 documents."""
        return await self.ask(
            "recognize_entities", documents, _convert_entities, disable_service_logs=disable_service_logs
        )

    async def recognize_pii_entities(
        self, documents: Sequence[Document], *, domain: str, disable_service_logs: bool
    ) -> Answer[PiiEntityRecognitionResult]:
        """Send one request; at most 5 documents."""

        def convert(found: Any) -> PiiEntityRecognitionResult:
            return PiiEntityRecognitionResult(found.redacted_text, _convert_entities(found))

        return await self.ask(
            "recognize_pii_entities",
            documents,
            convert,
            domain_filter=None if domain == "none" else domain,
            disable_service_logs=disable_service_logs,
        )

    async def linked_entities(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[list[LinkedEntity]]:
        """Send one request; at most 5 documents."""

        def convert(found: Any) -> list[LinkedEntity]:
            return [
                LinkedEntity(
                    name=entity.name,
                    data_source_entity_id=entity.id or "",
                    language=entity.language,
                    data_source=entity.data_source,
                    url=entity.url,
                    matches=[LinkedEntityMatch(match.text, float(match.confidence_score)) for match in entity.matches],
                    bing_entity_search_api_id=entity.bing_id or "",
                )
                for entity in found.entities
            ]

        return await self.ask(
            "linked_entities",
            documents,
            convert,
            method="recognize_linked_entities",
            disable_service_logs=disable_service_logs,
        )

    async def summarize_extractive(
        self, documents: Sequence[Document], *, sentence_count: int, sort_by: str, disable_service_logs: bool
    ) -> Answer[list[Sentence]]:
        """Run one job; at most 25 documents and 125,000 characters."""
        return await self.run_job(
            "summarize_extractive",
            documents,
            lambda found: [Sentence(sentence.text, float(sentence.rank_score)) for sentence in found.sentences],
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
            lambda found: [summary.text for summary in found.summaries],
            method="begin_abstract_summary",
            sentence_count=sentence_count,
            disable_service_logs=disable_service_logs,
        )

    async def ask(
        self,
        operation: str,
        documents: Sequence[Document],
        convert: Callable[[Any], R],
        *,
        method: str | None = None,
        **options: Any,
    ) -> Answer[R]:
        """Send one request.

        Args:
            operation: The facade's name of the operation.
            documents: What to send.
            convert: Makes a result of a document of the answer.
            method: The SDK's name of the operation, where it is another.
            options: What the SDK's method takes besides the documents.
        """
        inputs = _detection_inputs(documents) if operation == "detect_language" else _inputs(documents)
        with watch_exchange() as exchange:
            try:
                # ``cls`` gives the answer as it came. What the SDK would make of it is in order only where
                # a document failed, has lost doubled ids then, and cannot be made where one is missing.
                found = await getattr(self._client, method or operation)(
                    inputs, cls=lambda _, found, __: found, **options
                )
                documents_found = [(str(item.id), convert(item)) for item in found.results.documents]
                faults = [
                    (str(item.id), _convert_fault(item.error, documents, exchange)) for item in found.results.errors
                ]
                return _answer(operation, [*documents_found, *faults], len(documents), exchange)
            except Exception as error:  # noqa: BLE001  the SDK lets KeyError and the like out on an odd answer
                raise _explain(error, operation, documents, exchange) from None

    async def run_job(
        self,
        operation: str,
        documents: Sequence[Document],
        convert: Callable[[Any], R],
        *,
        method: str,
        **options: Any,
    ) -> Answer[R]:
        """Run one job to its end; the arguments are those of :meth:`ask`."""
        with watch_exchange() as exchange:
            try:
                poller = await getattr(self._client, method)(_inputs(documents), **options)
                await finish_job(poller.polling_method(), operation, documents, exchange.retry_after)
                found = await collect_documents(await poller.result(), operation)
                results = [
                    (item.id, _convert_fault(item.error, documents, exchange) if item.is_error else convert(item))
                    for item in found
                ]
                return _answer(operation, results, len(documents), exchange)
            except Exception as error:  # noqa: BLE001  as above
                raise _explain(error, operation, documents, exchange) from None


def _explain(error: Exception, operation: str, documents: Sequence[Document], exchange: Exchange) -> Exception:
    # The SDK's exceptions hold the request with its key and texts: they are not chained.
    return describe_azure_error(error, exchange, service=SERVICE, operation=operation, documents=documents)


def _inputs(documents: Sequence[Document]) -> list[TextDocumentInput]:
    from azure.ai.textanalytics import TextDocumentInput  # noqa: PLC0415  SDKs are imported when first needed

    return [
        TextDocumentInput(id=str(index), text=document.text, language=document.language)
        for index, document in enumerate(documents)
    ]


def _detection_inputs(documents: Sequence[Document]) -> list[DetectLanguageInput]:
    from azure.ai.textanalytics import DetectLanguageInput  # noqa: PLC0415  as above

    return [DetectLanguageInput(id=str(index), text=document.text) for index, document in enumerate(documents)]


def _convert_entities(found: Any) -> list[Entity]:
    return [
        Entity(entity.text, entity.category, entity.subcategory or "", float(entity.confidence_score))
        for entity in found.entities
    ]


def _convert_fault(fault: Any, documents: Sequence[Document], exchange: Exchange) -> DocumentError:
    # The inner error, where there is one, names the reason; the outer only says that there is one.
    inner = getattr(fault, "innererror", None) or fault
    return DocumentError(
        code=str(inner.code or "UnknownError"),
        message=withhold_texts(inner.message, documents) or "the service refused the text",
        request_id=exchange.request_id,
    )


def _answer(
    operation: str, found: Sequence[tuple[str, R | DocumentError]], count: int, exchange: Exchange
) -> Answer[R]:
    return Answer(
        results=match_by_id(found, count, service=SERVICE, operation=operation),
        status_code=exchange.status_code,
        request_id=exchange.request_id,
    )
