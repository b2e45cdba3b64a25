# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""``/language/analyze-conversations/jobs``: summaries of a conversation, and its personal data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pgazure.emulator.language import documents
from pgazure.emulator.language.analyze_text import read_body, read_parameters, read_version
from pgazure.emulator.language.conversation_pii import find_problem, redact_item
from pgazure.emulator.language.jobs import Intake, Page, write_precisely
from pgazure.emulator.language.text_jobs import check_size
from pgazure.emulator.models import conversation
from pgazure.emulator.offsets import Ruler, read_unit
from pgazure.emulator.stats import Item

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pgazure.emulator.gateway import Call
    from pgazure.emulator.language.versions import Version
    from pgazure.emulator.rules import Rules

_ASPECTS = ("issue", "resolution", "chapterTitle", "narrative", "recap", "follow-up tasks")
_MODALITIES = ("text", "transcript")
_FORMS = ("text", "itn", "maskedItn", "lexical")
_RECORD = 1_000


@dataclass(frozen=True, slots=True)
class Given:
    """A conversation of a request.

    Attributes:
        id: Chosen by the caller.
        language: Its language.
        modality: ``text`` or ``transcript``.
        turns: What was said.
        items: The same as it was sent.
    """

    id: str
    language: str
    modality: str
    turns: tuple[conversation.Turn, ...]
    items: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class ConversationTask:
    """One task of a job.

    Attributes:
        kind: What it does.
        name: Chosen by the caller, or made up.
        parameters: Its parameters.
        unit: Unit of offsets.
        ended: When it was done or cancelled.
        cancelled: Whether it was cancelled.
    """

    kind: str
    name: str
    parameters: dict[str, Any]
    unit: str
    ended: datetime | None = None
    cancelled: bool = False
    _results: list[dict[str, Any]] | None = None
    _records: tuple[int, ...] = ()

    RESULTS: ClassVar[dict[str, str]] = {
        "ConversationalSummarizationTask": "conversationalSummarizationResults",
        "ConversationalPIITask": "conversationalPIIResults",
    }

    def work(self, given: Sequence[Given], rules: Rules) -> None:
        """Do what is asked of the conversations."""
        del rules
        act = _sum_up if self.kind == "ConversationalSummarizationTask" else _redact
        self._records = tuple(sum(-(-len(turn.text) // _RECORD) for turn in one.turns) for one in given)
        self._results = [act(self, one) for one in given]

    def render(self, page: Page) -> dict[str, Any]:
        """Write the task as it stands in the job's answer."""
        assert self.ended is not None
        shown = list(self._results or ())[page.part]
        results: dict[str, Any] = {"conversations": shown, "errors": [], "modelVersion": "latest"}
        if page.show_stats and self._results is not None:
            counted = self._records[page.part]
            shown = [
                one | {"statistics": {"transactionsCount": count}} for one, count in zip(shown, counted, strict=True)
            ]
            statistics = {
                "documentsCount": len(shown),
                "validDocumentsCount": len(shown),
                "erroneousDocumentsCount": 0,
                "transactionsCount": sum(counted),
            }
            results = {"statistics": statistics} | results | {"conversations": shown}
        return {
            "kind": self.RESULTS[self.kind],
            "taskName": self.name,
            "lastUpdateDateTime": write_precisely(self.ended),
            "status": "cancelled" if self.cancelled else "succeeded",
            "results": results,
        }


def _sum_up(task: ConversationTask, one: Given) -> dict[str, Any]:
    summaries = []
    for aspect in task.parameters["summaryAspects"]:
        for made in conversation.sum_up(one.turns, aspect, one.language):
            contexts = []
            for item in made.turns:
                _, length = Ruler(item.text, task.unit).measure(0, len(item.text))
                contexts.append({"conversationItemId": item.id, "offset": 0, "length": length})
            summaries.append({"aspect": aspect, "text": made.text, "contexts": contexts})
    return {"id": one.id, "summaries": summaries, "warnings": []}


def _redact(task: ConversationTask, one: Given) -> dict[str, Any]:
    source = task.parameters.get("redactionSource") or ("lexical" if one.modality == "transcript" else "text")
    items = [redact_item(item, source, task.parameters, one.language, task.unit) for item in one.items]
    return {"id": one.id, "conversationItems": items, "warnings": []}


def list_conversation_operations(body: Any) -> list[str]:
    """Name the kinds of the tasks of a request that is not yet checked."""
    tasks = body.get("tasks") if isinstance(body, dict) else None
    kinds = [task.get("kind") for task in tasks if isinstance(task, dict)] if isinstance(tasks, list) else []
    known = dict.fromkeys(kind for kind in kinds if isinstance(kind, str) and kind in ConversationTask.RESULTS)
    return list(known) or ["AnalyzeConversationsJobs"]


def read_conversation_job(call: Call) -> Intake:
    """Check a request for a job over a conversation.

    Raises:
        Refusal: It is not valid.
    """
    version = read_version(call)
    body = read_body(call, version)
    outer = body.get("analysisInput")
    conversations = outer.get("conversations") if isinstance(outer, dict) else None
    if not isinstance(conversations, list) or not conversations:
        raise documents.refuse("InvalidParameterValue", "Missing conversations.")
    if len(conversations) > 1:
        message = "Batch request contains too many records. Max 1 records are permitted."
        raise documents.refuse_documents(version, "InvalidDocumentBatch", message)
    given = [_read_conversation(item, version) for item in conversations]
    check_size([turn.text for one in given for turn in one.turns], version)
    tasks = body.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        raise documents.refuse("InvalidParameterValue", "Missing tasks.")
    read = [_read_task(item) for item in tasks]
    text = "\n".join(turn.text for one in given for turn in one.turns)
    return Intake(given, read, [Item(task.kind, repr(sorted(task.parameters)), text, len(text)) for task in read])


def _read_conversation(item: Any, version: Version) -> Given:
    turns = item.get("conversationItems") if isinstance(item, dict) else None
    if not isinstance(turns, list) or not turns:
        raise documents.refuse("InvalidParameterValue", "A conversation needs conversationItems.")
    modality = item.get("modality", "text")
    if modality not in _MODALITIES:
        raise documents.refuse(
            "InvalidParameterValue", f"Invalid modality. Supported values: {', '.join(_MODALITIES)}."
        )
    name = item.get("id")
    if not isinstance(name, str) or not name:
        raise documents.refuse_documents(version, "InvalidDocument", "Conversation Id is missing or empty.")
    language = str(item.get("language") or "en")
    return Given(name, language, modality, tuple(_read_turn(turn) for turn in turns), tuple(turns))


def _read_turn(item: Any) -> conversation.Turn:
    forms = [item.get(name) for name in _FORMS] if isinstance(item, dict) else []
    text = next((form for form in forms if isinstance(form, str)), None)
    if text is None or not isinstance(item.get("id"), str):
        raise documents.refuse(
            "InvalidParameterValue", "A conversation item is an object whose id and text are strings."
        )
    return conversation.Turn(item["id"], text, str(item.get("participantId") or ""), str(item.get("role") or ""))


def _read_task(item: Any) -> ConversationTask:
    kind = item.get("kind") if isinstance(item, dict) else None
    if not isinstance(kind, str) or kind not in ConversationTask.RESULTS:
        known = ", ".join(ConversationTask.RESULTS)
        raise documents.refuse("InvalidParameterValue", f"Invalid task kind. Supported kinds: {known}.")
    parameters = read_parameters(item)
    unit = read_unit(parameters.get("stringIndexType"))
    check: Callable[[dict[str, Any]], str | None] = _CHECKS[kind]
    problem = "Invalid value for parameter 'stringIndexType'." if unit is None else check(parameters)
    if problem:
        raise documents.refuse("InvalidParameterValue", problem)
    name = item.get("taskName")
    return ConversationTask(kind, name if isinstance(name, str) else f"{kind}_latest", parameters, unit or "")


def _find_summary_problem(parameters: dict[str, Any]) -> str | None:
    aspects = parameters.get("summaryAspects")
    if not isinstance(aspects, list) or not aspects or any(aspect not in _ASPECTS for aspect in aspects):
        return f"Invalid summaryAspects. Supported values: {', '.join(_ASPECTS)}."
    return None


_CHECKS: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "ConversationalSummarizationTask": _find_summary_problem,
    "ConversationalPIITask": find_problem,
}
