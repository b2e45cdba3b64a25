"""Conversations in Azure AI Language, over ``azure-ai-language-conversations``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pgazure.errors import ServiceResponseError
from pgazure.services.auth import choose_credential
from pgazure.services.azure_pipeline import pipeline_options
from pgazure.services.errors import describe_azure_error, describe_fault
from pgazure.services.exchange import Answer, Document, watch_exchange
from pgazure.services.language_jobs import SERVICE, finish_job
from pgazure.types_language import ConversationSummary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure.core.credentials import AzureKeyCredential

    from pgazure.config import ServiceSettings
    from pgazure.services.auth import Identity
    from pgazure.services.exchange import Exchange, Transcript
    from pgazure.types import DocumentError
    from pgazure.types_language import ConversationItem

_OPERATION = "summarize_conversation"
_ID = "0"


class ConversationService:
    """The part of Azure AI Language that reads conversations.

    Args:
        settings: Endpoint and key.
        identity: The credential used where there is no key.
    """

    def __init__(self, settings: ServiceSettings, identity: Identity) -> None:
        from azure.ai.language.conversations.aio import ConversationAnalysisClient  # noqa: PLC0415  slow to import

        self.endpoint = settings.endpoint
        self._client = ConversationAnalysisClient(
            settings.endpoint,
            cast("AzureKeyCredential", choose_credential(settings, identity)),
            **pipeline_options(settings),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def summarize_conversation(
        self, documents: Sequence[Document], *, aspects: Sequence[str], disable_service_logs: bool
    ) -> Answer[list[ConversationSummary]]:
        """Run one job for one document, whose text is a :class:`Transcript`."""
        (document,) = documents
        turns = cast("Transcript", document.text).items
        # A message may repeat a single turn.
        said = [Document(turn.text) for turn in turns if turn.text]
        with watch_exchange() as exchange:
            try:
                poller = await self._client.begin_conversation_analysis(
                    _task(turns, document.language or "en", aspects, disable_service_logs=disable_service_logs)
                )
                body = await finish_job(poller.polling_method(), _OPERATION, said, exchange.retry_after)
                return Answer(
                    results=[_read(body, aspects, said, exchange)],
                    status_code=exchange.status_code,
                    request_id=exchange.request_id,
                )
            except Exception as error:  # noqa: BLE001  an odd answer is a KeyError here
                # The SDK's exceptions hold the request with its key and texts: they are not chained.
                raise describe_azure_error(
                    error, exchange, service=SERVICE, operation=_OPERATION, documents=said
                ) from None


def _task(
    turns: Sequence[ConversationItem], language: str, aspects: Sequence[str], *, disable_service_logs: bool
) -> dict[str, Any]:
    items = [
        {
            "id": str(place),
            "participantId": turn.participant_id,
            "text": turn.text,
            "modality": "text",
            **({} if turn.role is None else {"role": turn.role}),
        }
        for place, turn in enumerate(turns)
    ]
    conversation = {"id": _ID, "language": language, "modality": "text", "conversationItems": items}
    return {
        "analysisInput": {"conversations": [conversation]},
        # The aspects do not all go together in one task.
        "tasks": [
            {
                "taskName": aspect,
                "kind": "ConversationalSummarizationTask",
                "parameters": {"summaryAspects": [aspect], "loggingOptOut": disable_service_logs},
            }
            for aspect in aspects
        ],
    }


def _read(
    job: Any, aspects: Sequence[str], documents: Sequence[Document], exchange: Exchange
) -> list[ConversationSummary] | DocumentError:
    tasks = {task["taskName"]: task for task in job["tasks"]["items"]}
    summaries: list[ConversationSummary] = []
    for aspect in aspects:
        if aspect not in tasks or "results" not in tasks[aspect]:
            msg = f"{SERVICE} {_OPERATION}: the service has made no summary of the aspect {aspect}"
            raise ServiceResponseError(msg, service=SERVICE, operation=_OPERATION, code="MissingSummary")
        results = tasks[aspect]["results"]
        for fault in results["errors"]:
            return describe_fault(fault["error"], documents, exchange, refused="the service refused the conversation")
        (conversation,) = results["conversations"]
        summaries += [ConversationSummary(found["aspect"], found["text"]) for found in conversation["summaries"]]
    return summaries
