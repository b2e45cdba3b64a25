"""Azure AI Language over ``azure-ai-textanalytics``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pgazure.errors import DeploymentNotFoundError, ServiceError, ServiceResponseError, ServiceUnavailableError
from pgazure.flow.retry import LONGEST_WAIT, back_off, is_retryable
from pgazure.services.auth import choose_credential
from pgazure.services.azure_pipeline import pipeline_options
from pgazure.services.errors import describe_azure_error, describe_status, read_error, withhold_texts
from pgazure.services.exchange import Answer, Exchange, match_by_id, watch_exchange
from pgazure.types import (
    DocumentError,
    Entity,
    LanguageDetectionResult,
    PiiEntityRecognitionResult,
    Sentence,
    SentimentAnalysisResult,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from azure.ai.textanalytics import DetectLanguageInput, TextDocumentInput
    from azure.core.credentials import AzureKeyCredential

    from pgazure.config import ServiceSettings
    from pgazure.services.auth import Identity
    from pgazure.services.exchange import Document

R = TypeVar("R")

SERVICE = "language"

_FIRST_POLL = 0.1
_SLOWEST_POLL = 2.0
_POLL_GROWTH = 1.5
_FAILURES_IN_A_ROW = 8
_JOB_LOST = "JobLost"
_ERROR = 400


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

        return await self._ask("analyze_sentiment", documents, convert, disable_service_logs=disable_service_logs)

    async def detect_language(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[LanguageDetectionResult]:
        """Send one request; at most 1,000 documents."""

        def convert(found: Any) -> LanguageDetectionResult:
            language = found.detected_language
            return LanguageDetectionResult(language.name, language.iso6391_name, float(language.confidence_score))

        return await self._ask("detect_language", documents, convert, disable_service_logs=disable_service_logs)

    async def extract_key_phrases(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[list[str]]:
        """Send one request; at most 10 documents."""

        def convert(found: Any) -> list[str]:
            return list(found.key_phrases)

        return await self._ask("extract_key_phrases", documents, convert, disable_service_logs=disable_service_logs)

    async def recognize_entities(
        self, documents: Sequence[Document], *, disable_service_logs: bool
    ) -> Answer[list[Entity]]:
        """Send one request; at most 5 documents."""
        return await self._ask(
            "recognize_entities", documents, _convert_entities, disable_service_logs=disable_service_logs
        )

    async def recognize_pii_entities(
        self, documents: Sequence[Document], *, domain: str, disable_service_logs: bool
    ) -> Answer[PiiEntityRecognitionResult]:
        """Send one request; at most 5 documents."""

        def convert(found: Any) -> PiiEntityRecognitionResult:
            return PiiEntityRecognitionResult(found.redacted_text, _convert_entities(found))

        return await self._ask(
            "recognize_pii_entities",
            documents,
            convert,
            domain_filter=None if domain == "none" else domain,
            disable_service_logs=disable_service_logs,
        )

    async def summarize_extractive(
        self, documents: Sequence[Document], *, sentence_count: int, sort_by: str, disable_service_logs: bool
    ) -> Answer[list[Sentence]]:
        """Run one job; at most 25 documents and 125,000 characters."""
        return await self._run_job(
            "summarize_extractive",
            documents,
            lambda: self._client.begin_extract_summary(
                _inputs(documents),
                max_sentence_count=sentence_count,
                order_by="Rank" if sort_by == "rank" else "Offset",
                disable_service_logs=disable_service_logs,
            ),
            lambda found: [Sentence(sentence.text, float(sentence.rank_score)) for sentence in found.sentences],
        )

    async def summarize_abstractive(
        self, documents: Sequence[Document], *, sentence_count: int, disable_service_logs: bool
    ) -> Answer[list[str]]:
        """Run one job; at most 25 documents and 125,000 characters."""
        return await self._run_job(
            "summarize_abstractive",
            documents,
            lambda: self._client.begin_abstract_summary(
                _inputs(documents), sentence_count=sentence_count, disable_service_logs=disable_service_logs
            ),
            lambda found: [summary.text for summary in found.summaries],
        )

    async def _ask(
        self, operation: str, documents: Sequence[Document], convert: Callable[[Any], R], **options: Any
    ) -> Answer[R]:
        inputs = _detection_inputs(documents) if operation == "detect_language" else _inputs(documents)
        with watch_exchange() as exchange:
            try:
                # ``cls`` gives the answer as it came. What the SDK would make of it is in order only where
                # a document failed, has lost doubled ids then, and cannot be made where one is missing.
                found = await getattr(self._client, operation)(inputs, cls=lambda _, found, __: found, **options)
                documents_found = [(str(item.id), convert(item)) for item in found.results.documents]
                faults = [
                    (str(item.id), _convert_fault(item.error, documents, exchange)) for item in found.results.errors
                ]
                return _answer(operation, [*documents_found, *faults], len(documents), exchange)
            except Exception as error:  # noqa: BLE001  the SDK lets KeyError and the like out on an odd answer
                raise _explain(error, operation, documents, exchange) from None

    async def _run_job(
        self,
        operation: str,
        documents: Sequence[Document],
        begin: Callable[[], Awaitable[Any]],
        convert: Callable[[Any], R],
    ) -> Answer[R]:
        with watch_exchange() as exchange:
            try:
                poller = await begin()
                await _finish(poller.polling_method(), operation, documents, exchange.retry_after)
                found = await _collect(await poller.result(), operation)
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


async def _finish(job: Any, operation: str, documents: Sequence[Document], wait: float | None) -> None:
    # The SDK's own loop waits 5 s between polls, and never ends for a job that is "canceled".
    pace, body = _FIRST_POLL, None
    while not job.finished() and job.status().lower() != "canceled":
        await asyncio.sleep(min(wait, LONGEST_WAIT) if wait else pace)
        _, exchange = await _insist(operation, job.update_status)
        pace, wait, body = min(pace * _POLL_GROWTH, _SLOWEST_POLL), exchange.retry_after, exchange.body
    status = job.status().lower()
    if status == "failed":
        code, said = read_error({"error": next(iter((body or {}).get("errors") or []), {})})
        said = withhold_texts(said, documents) or "not why"
        msg = f"{SERVICE} {operation}: the service could not finish the job and says: {said}"
        raise ServiceUnavailableError(msg, service=SERVICE, operation=operation, code=code or "JobFailed")
    if status.startswith("cancel"):
        msg = f"{SERVICE} {operation}: the job was cancelled at the service"
        raise ServiceResponseError(msg, service=SERVICE, operation=operation, code="JobCancelled")


async def _collect(results: Any, operation: str) -> list[Any]:
    # An iterator of pages asks for the same page again after a failure; one of documents is then spent.
    pages: AsyncIterator[Any] = results.by_page()
    found: list[Any] = []
    while True:
        page, _ = await _insist(operation, lambda: anext(pages, None))
        if page is None:
            return found
        found += [document async for document in page]


async def _insist(operation: str, ask: Callable[[], Awaitable[R]]) -> tuple[R, Exchange]:
    # Single polls and pages fail now and then with 500, 408 or 504 while the job, which is paid for, goes on.
    failed = 0
    while True:
        with watch_exchange() as exchange:
            try:
                return await ask(), exchange
            except Exception as error:  # noqa: BLE001  as above
                reason = _describe_poll(error, exchange, operation)
        failed += 1
        if not isinstance(reason, ServiceError) or not is_retryable(reason) or reason.code == _JOB_LOST:
            raise reason
        if failed == _FAILURES_IN_A_ROW:
            raise reason
        await asyncio.sleep(back_off(failed, _FIRST_POLL, 0.0, reason.retry_after))


def _describe_poll(error: Exception, exchange: Exchange, operation: str) -> Exception:
    reason: Exception
    if exchange.status_code is not None and exchange.status_code >= _ERROR:
        # The SDK raises an error without the answer.
        reason = describe_status(
            exchange.status_code, exchange.headers, exchange.body, service=SERVICE, operation=operation
        )
    else:
        reason = describe_azure_error(error, exchange, service=SERVICE, operation=operation)
    if isinstance(reason, DeploymentNotFoundError):
        msg = f"{SERVICE} {operation}: the service no longer knows the job it has started"
        return ServiceResponseError(msg, service=SERVICE, operation=operation, code=_JOB_LOST)
    return reason


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
