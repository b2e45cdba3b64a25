# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""``/language/analyze-conversations/jobs``: summaries of a conversation, and its personal data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pgazure.emulator.language import documents
from pgazure.emulator.language.conversation_pii import find_problem, redact_item
from pgazure.emulator.language.jobs import Intake, Page
from pgazure.emulator.language.request import read_parameters, read_request
from pgazure.emulator.language.text_jobs import check_size
from pgazure.emulator.models import conversation
from pgazure.emulator.offsets import Ruler, read_unit
from pgazure.emulator.stats import Item

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pgazure.emulator.call import Call
    from pgazure.emulator.language.versions import Version
    from pgazure.emulator.rules import Rules

_ASPECTS = ("issue", "resolution", "chapterTitle", "narrative", "recap", "follow-up tasks")
_MODALITIES = ("text", "transcript")
_FORMS = ("text", "itn", "maskedItn", "lexical")


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
        outcomes: What became of each conversation, once it is done.
    """

    kind: str
    name: str
    parameters: dict[str, Any]
    unit: str
    ended: datetime | None = None
    cancelled: bool = False
    outcomes: list[documents.Outcome] | None = None

    RESULTS: ClassVar[dict[str, str]] = {
        "ConversationalSummarizationTask": "conversationalSummarizationResults",
        "ConversationalPIITask": "conversationalPIIResults",
    }

    @property
    def result_kind(self) -> str:
        """What its answer calls itself."""
        return self.RESULTS[self.kind]

    def work(self, given: Sequence[Given], rules: Rules) -> None:
        """Do what is asked of the conversations."""
        del rules
        act = _sum_up if self.kind == "ConversationalSummarizationTask" else _redact
        outcomes = []
        for one in given:
            records = sum(documents.count_records(len(turn.text)) for turn in one.turns)
            body = act(self, one) | {"statistics": {"transactionsCount": records}}
            outcomes.append(documents.Outcome(body, records))
        # At once: a poll may come meanwhile.
        self.outcomes = outcomes

    def list_results(self, page: Page) -> dict[str, Any]:
        """Write what was found in one page of the conversations."""
        if self.outcomes is None:
            return documents.envelope([], "latest", name="conversations")
        shown = self.outcomes[page.part]
        return documents.envelope(shown, "latest", show_stats=page.show_stats, name="conversations")


def _sum_up(task: ConversationTask, one: Given) -> dict[str, Any]:
    summaries = []
    for aspect in task.parameters["summaryAspects"]:
        for made in conversation.sum_up(one.turns, aspect, one.language):
            contexts = []
            for item in made.turns:
                span = Ruler(item.text, task.unit).span(0, len(item.text))
                contexts.append({"conversationItemId": item.id, **span})
            summaries.append({"aspect": aspect, "text": made.text, "contexts": contexts})
    return {"id": one.id, "summaries": summaries, "warnings": []}


def _redact(task: ConversationTask, one: Given) -> dict[str, Any]:
    source = task.parameters.get("redactionSource") or ("lexical" if one.modality == "transcript" else "text")
    items = [redact_item(item, source, task.parameters, one.language, task.unit) for item in one.items]
    return {"id": one.id, "conversationItems": items, "warnings": []}


def read_conversation_job(call: Call) -> Intake:
    """Check a request for a job over a conversation.

    Raises:
        Refusal: It is not valid.
    """
    version, body = read_request(call)
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
