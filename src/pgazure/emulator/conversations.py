# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""``/language/analyze-conversations/jobs``: summaries of a conversation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgazure.emulator import documents
from pgazure.emulator.jobs import Intake, write_precisely
from pgazure.emulator.language import check_envelope, read_parameters
from pgazure.emulator.models import conversation
from pgazure.emulator.offsets import Ruler
from pgazure.emulator.stats import Item

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pgazure.emulator.gateway import Call
    from pgazure.emulator.rules import Rules

KIND = "ConversationalSummarizationTask"
_ASPECTS = ("issue", "resolution", "chapterTitle", "narrative", "recap", "follow-up tasks")
_MODALITIES = ("text", "transcript")


@dataclass(frozen=True, slots=True)
class Given:
    """A conversation of a request.

    Attributes:
        id: Chosen by the caller.
        language: Its language.
        turns: What was said.
    """

    id: str
    language: str
    turns: tuple[conversation.Turn, ...]


@dataclass(slots=True)
class SummaryTask:
    """One task of a job: some aspects of a conversation.

    Attributes:
        name: Chosen by the caller, or made up.
        aspects: What to sum up.
        unit: Unit of offsets.
        ended: When it was done or cancelled.
        cancelled: Whether it was cancelled.
    """

    name: str
    aspects: tuple[str, ...]
    unit: str
    ended: datetime | None = None
    cancelled: bool = False
    _results: list[dict[str, Any]] = field(default_factory=list)

    def work(self, given: Sequence[Given], rules: Rules) -> None:
        """Sum up the conversations."""
        del rules
        self._results = [self._sum_up(one) for one in given]

    def render(self, page: slice, *, show_stats: bool) -> dict[str, Any]:
        """Write the task as it stands in the job's answer."""
        del show_stats
        assert self.ended is not None
        return {
            "kind": "conversationalSummarizationResults",
            "taskName": self.name,
            "lastUpdateDateTime": write_precisely(self.ended),
            "status": "cancelled" if self.cancelled else "succeeded",
            "results": {"conversations": self._results[page], "errors": [], "modelVersion": "latest"},
        }

    def _sum_up(self, one: Given) -> dict[str, Any]:
        summaries = []
        for aspect in self.aspects:
            for made in conversation.sum_up(one.turns, aspect, one.language):
                contexts = []
                for item in made.turns:
                    _, length = Ruler(item.text, self.unit).measure(0, len(item.text))
                    contexts.append({"conversationItemId": item.id, "offset": 0, "length": length})
                summaries.append({"aspect": aspect, "text": made.text, "contexts": contexts})
        return {"id": one.id, "summaries": summaries, "warnings": []}


def read_conversation_job(call: Call) -> Intake:
    """Check a request for a job over a conversation.

    Raises:
        Refusal: It is not valid.
    """
    body = check_envelope(call)
    outer = body.get("analysisInput")
    conversations = outer.get("conversations") if isinstance(outer, dict) else None
    if not isinstance(conversations, list) or not conversations:
        raise documents.refuse("InvalidParameterValue", "Missing conversations.")
    if len(conversations) > 1:
        raise documents.refuse_documents(
            "InvalidDocumentBatch", "Batch request contains too many records. Max 1 records are permitted."
        )
    given = [_read_conversation(item) for item in conversations]
    if sum(len(turn.text) for one in given for turn in one.turns) > documents.JOB_SIZE:
        message = f"Request Payload sent is too large to be processed. Limit request size to: {documents.JOB_SIZE}"
        raise documents.refuse_documents("InvalidDocumentBatch", message, status=413)
    tasks = body.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        raise documents.refuse("InvalidParameterValue", "Missing tasks.")
    read = [_read_task(item) for item in tasks]
    text = "\n".join(turn.text for one in given for turn in one.turns)
    items = [Item(KIND, " ".join(task.aspects), text, len(text)) for task in read]
    return Intake(given, read, items)


def _read_conversation(item: Any) -> Given:
    turns = item.get("conversationItems") if isinstance(item, dict) else None
    if not isinstance(turns, list) or not turns:
        raise documents.refuse("InvalidParameterValue", "A conversation needs conversationItems.")
    if item.get("modality", "text") not in _MODALITIES:
        raise documents.refuse(
            "InvalidParameterValue", f"Invalid modality. Supported values: {', '.join(_MODALITIES)}."
        )
    name = item.get("id")
    if not isinstance(name, str) or not name:
        raise documents.refuse_documents("InvalidDocument", "Conversation Id is missing or empty.")
    return Given(name, str(item.get("language") or "en"), tuple(_read_turn(turn) for turn in turns))


def _read_turn(item: Any) -> conversation.Turn:
    text = item.get("text") if isinstance(item, dict) else None
    if not isinstance(text, str) or not isinstance(item.get("id"), str):
        raise documents.refuse(
            "InvalidParameterValue", "A conversation item is an object whose id and text are strings."
        )
    return conversation.Turn(item["id"], text, str(item.get("participantId") or ""), str(item.get("role") or ""))


def _read_task(item: Any) -> SummaryTask:
    if not isinstance(item, dict) or item.get("kind") != KIND:
        raise documents.refuse("InvalidParameterValue", f"Invalid task kind. Supported kinds: {KIND}.")
    parameters = read_parameters(item)
    aspects = parameters.get("summaryAspects")
    if not isinstance(aspects, list) or not aspects or any(aspect not in _ASPECTS for aspect in aspects):
        known = ", ".join(_ASPECTS)
        raise documents.refuse("InvalidParameterValue", f"Invalid summaryAspects. Supported values: {known}.")
    name = item.get("taskName")
    unit = parameters.get("stringIndexType") or "TextElements_v8"
    return SummaryTask(name if isinstance(name, str) else f"{KIND}_latest", tuple(aspects), unit)
