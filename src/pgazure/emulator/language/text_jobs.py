# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""``/language/analyze-text/jobs``: several analyses of the same texts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pgazure.emulator.language import documents
from pgazure.emulator.language.jobs import Intake, Page
from pgazure.emulator.language.kinds import KINDS, Kind
from pgazure.emulator.language.request import read_parameters, read_request
from pgazure.emulator.language.versions import Span
from pgazure.emulator.offsets import count_text_elements
from pgazure.emulator.wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pgazure.emulator.call import Call
    from pgazure.emulator.language.versions import Version
    from pgazure.emulator.rules import Rules

_CANCEL_AFTER = Span("2026-05-01", "2024-11-15")
_OUTER = "Invalid parameter in request"


@dataclass(slots=True)
class TextTask:
    """One analysis of a job.

    Attributes:
        name: Chosen by the caller, or made up.
        assignment: What it does.
        outcomes: What became of each document, once it is done.
        ended: When it was done or cancelled.
        cancelled: Whether it was cancelled.
    """

    name: str
    assignment: documents.Assignment
    outcomes: list[documents.Outcome] | None = None
    ended: datetime | None = None
    cancelled: bool = False

    @property
    def result_kind(self) -> str:
        """What its answer calls itself."""
        kind = self.assignment.kind.name
        # The service gives a cancelled search for personal data the name of another kind.
        renamed = self.cancelled and kind == "PiiEntityRecognition"
        return f"{'EntityRecognition' if renamed else kind}LROResults"

    def work(self, given: Sequence[Any], rules: Rules) -> None:
        """Analyze the documents."""
        self.outcomes = documents.answer_documents(replace(self.assignment, rules=rules), given)

    def list_results(self, page: Page) -> dict[str, Any]:
        """Write what was found in one page of the documents."""
        kind, parameters = self.assignment.kind, self.assignment.parameters
        if self.outcomes is None:
            results = documents.envelope([], "latest")
        else:
            model = kind.resolve_model(parameters.get("modelVersion"))
            results = documents.envelope(self.outcomes[page.part], model, show_stats=page.show_stats)
        if kind.is_custom:
            # A model of one's own has a name and no version.
            results.pop("modelVersion")
            results |= {name: parameters[name] for name in ("projectName", "deploymentName")}
        return results


def read_text_job(call: Call) -> Intake:
    """Check a request for a job over texts.

    Raises:
        Refusal: It is not valid.
    """
    version, body = read_request(call)
    given = read_job_documents(body.get("analysisInput"), documents.JOB_DOCUMENTS, version)
    default = body.get("defaultLanguage")
    tasks = _read_tasks(body, version, default if isinstance(default, str) else "")
    check_texts(given, version)
    items = [item for task in tasks for item in documents.list_items(task.assignment, given)]
    after = body.get("cancelAfter") if version.knows(_CANCEL_AFTER) else None
    return Intake(given, tasks, items, float(after) if isinstance(after, int | float) else None)


def read_job_documents(holder: Any, limit: int, version: Version) -> list[documents.Document]:
    """Check the documents of a job.

    Raises:
        Refusal: They are not valid.
    """
    listed = holder.get("documents") if isinstance(holder, dict) else None
    texts = [item.get("text") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    # Where both are too much, the number is told first from this version on.
    if version.date >= "2023-04-01":
        documents.check_count(listed, limit, version)
    check_size([text for text in texts if isinstance(text, str)], version)
    return documents.read_documents(holder, limit, "language", version)


def check_size(texts: Sequence[str], version: Version) -> None:
    """Check the size of all texts of a job.

    Raises:
        Refusal: They are too long.
    """
    too_long = sum(map(len, texts)) > documents.JOB_SIZE
    if too_long and sum(map(count_text_elements, texts)) > documents.JOB_SIZE:
        message = f"Request Payload sent is too large to be processed. Limit request size to: {documents.JOB_SIZE}"
        raise documents.refuse_documents(version, "InvalidDocumentBatch", message, status=413)


def check_texts(given: Sequence[documents.Document], version: Version) -> None:
    """Check that there is something to analyze.

    Raises:
        Refusal: All texts are empty.
    """
    if not any(document.text.strip() for document in given):
        raise documents.refuse_documents(version, "InvalidDocumentBatch", "Document text is empty.")


def _read_tasks(body: dict[str, Any], version: Version, default_language: str) -> list[TextTask]:
    given = body.get("tasks")
    if not isinstance(given, list) or not given:
        raise documents.refuse("InvalidParameterValue", "Missing tasks.")
    tasks = []
    for place, item in enumerate(given):
        name = item.get("kind") if isinstance(item, dict) else None
        kind = KINDS.get(name) if isinstance(name, str) else None
        if kind is None or not kind.is_job or not version.knows(kind.known):
            known = ", ".join(kind.name for kind in KINDS.values() if kind.is_job and version.knows(kind.known))
            raise documents.refuse("InvalidParameterValue", f"Invalid task kind. Supported kinds: {known}.")
        parameters = read_parameters(item)
        check_task(kind, parameters, place, version)
        assignment = documents.assign(kind, parameters, version, documents.JOB_SIZE, default_language=default_language)
        tasks.append(TextTask(name_task(item.get("taskName"), kind, parameters), assignment))
    return tasks


def name_task(given: Any, kind: Kind, parameters: dict[str, Any]) -> str:
    """The name of a task; the service makes one where none is given."""
    return given if isinstance(given, str) else f"{kind.task}_{parameters.get('modelVersion') or 'latest'}"


def check_task(kind: Kind, parameters: dict[str, Any], place: int, version: Version) -> None:
    """Check the parameters of a task.

    Raises:
        Refusal: They are not valid.
    """
    asked = parameters.get("modelVersion") or "latest"
    if asked not in ("latest", *kind.models):
        joint = ", " if version.names_language else ","
        named = f"'{asked}'" if version.names_language else asked
        message = (
            f"Job task parameter value {named} is not supported for model-version parameter for job task type "
            f"{kind.task}. Supported values {joint.join(('latest', *kind.models))}."
        )
        raise _refuse_task(kind, place, message, version, is_value=True)
    if problem := documents.find_problem(kind, parameters, version):
        raise _refuse_task(kind, place, problem, version)


def _refuse_task(kind: Kind, place: int, message: str, version: Version, *, is_value: bool = False) -> Refusal:
    # Jobs over health texts go another way in the service, and are refused as single analyses are.
    if not version.lists_task_errors or kind.name == "Healthcare":
        return documents.refuse("InvalidParameterValue", message, outer=_OUTER)
    task = f"Job task: '{kind.task}-{place}' failed with validation error"
    inner = {"code": "InvalidParameterValue", "message": message}
    detail: dict[str, Any] = {"code": "InvalidRequest", "message": f"{task}: {message}"}
    if is_value:
        detail = {"code": "InvalidRequest", "message": "Invalid Request.", "innererror": inner}
    error = {
        "code": "InvalidRequest",
        "details": [detail],
        "message": "Invalid Request.",
        "innererror": {"code": "InvalidParameterValue", "message": f"{task}s: ['{_OUTER}']"},
    }
    return Refusal(400, {"error": error})
