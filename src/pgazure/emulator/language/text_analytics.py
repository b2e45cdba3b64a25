# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""``/text/analytics/v3.0`` and ``v3.1``: a path for each analysis, options in the query, no envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.emulator.language import documents
from pgazure.emulator.language.analyze_text import check_documents
from pgazure.emulator.language.jobs import Intake, Job, Page, write_precisely
from pgazure.emulator.language.kinds import KINDS, Kind
from pgazure.emulator.language.request import read_parameters, read_request
from pgazure.emulator.language.text_jobs import TextTask, check_task, check_texts, name_task, read_job_documents
from pgazure.emulator.offsets import read_unit

if TYPE_CHECKING:
    from pgazure.emulator.call import Call, Checked
    from pgazure.emulator.language.versions import Version

PATHS = {
    "SentimentAnalysis": ("sentiment", ("v3.0", "v3.1")),
    "LanguageDetection": ("languages", ("v3.0", "v3.1")),
    "KeyPhraseExtraction": ("keyPhrases", ("v3.0", "v3.1")),
    "EntityRecognition": ("entities/recognition/general", ("v3.0", "v3.1")),
    "EntityLinking": ("entities/linking", ("v3.0", "v3.1")),
    "PiiEntityRecognition": ("entities/recognition/pii", ("v3.1",)),
}
"""Path of each kind, and the versions that have it."""
# In this order the answer has them.
_TASKS = {
    "entityRecognitionTasks": "EntityRecognition",
    "entityLinkingTasks": "EntityLinking",
    "entityRecognitionPiiTasks": "PiiEntityRecognition",
    "keyPhraseExtractionTasks": "KeyPhraseExtraction",
    "sentimentAnalysisTasks": "SentimentAnalysis",
}
_NAMES = {"model-version": "modelVersion", "pii-categories": "piiCategories"}
_HEALTH_DOCUMENTS = 10


def list_paths(kind: str) -> list[str]:
    """The paths of a kind of analysis."""
    path, versions = PATHS[kind]
    return [f"/text/analytics/{version}/{path}" for version in versions]


def _rename(given: dict[str, Any]) -> dict[str, Any]:
    parameters = {_NAMES.get(name, name): value for name, value in given.items()}
    if unit := read_unit(parameters.get("stringIndexType")):
        parameters["stringIndexType"] = unit
    return parameters


def _read_query(call: Call, version: Version) -> dict[str, Any]:
    query = call.request.query_params
    given: dict[str, Any] = {
        name: query[name] for name in ("model-version", "stringIndexType", "domain") if query.get(name)
    }
    categories = [name for value in query.getlist("piiCategories") for name in value.split(",") if name]
    if categories:
        given["piiCategories"] = categories
    if query.get("opinionMining", "").lower() == "true" and version.name != "v3.0":
        given["opinionMining"] = True
    return _rename(given)


def check_path(call: Call, kind: Kind) -> Checked:
    """Check a request for an analysis that has its own path.

    Raises:
        Refusal: It is not valid.
    """
    version, body = read_request(call)
    return check_documents(call, kind, _read_query(call, version), body, version)


def list_analyze_operations(body: Any) -> list[str]:
    """Name the kinds of the tasks of a request that is not yet checked."""
    tasks = body.get("tasks") if isinstance(body, dict) else None
    kinds = [kind for group, kind in _TASKS.items() if isinstance(tasks, dict) and tasks.get(group)]
    return kinds or ["AnalyzeTextJobs"]


def read_analyze_job(call: Call) -> Intake:
    """Check a request to ``analyze``.

    Raises:
        Refusal: It is not valid.
    """
    version, body = read_request(call)
    given = read_job_documents(body.get("analysisInput"), documents.JOB_DOCUMENTS, version)
    groups = body.get("tasks")
    asked = [
        (KINDS[_TASKS[group]], item)
        for group, items in (groups.items() if isinstance(groups, dict) else ())
        if group in _TASKS and isinstance(items, list)
        for item in items
        if isinstance(item, dict)
    ]
    if not asked:
        raise documents.refuse("InvalidParameterValue", "Missing tasks.")
    # The service looks at key phrases first, whatever comes first in the request.
    for place, (kind, item) in sorted(enumerate(asked), key=lambda one: one[1][0].name != "KeyPhraseExtraction"):
        check_task(kind, _rename(read_parameters(item)), place, version)
    tasks = []
    for kind, item in asked:
        parameters = _rename(read_parameters(item))
        assignment = documents.assign(kind, parameters, version, documents.JOB_SIZE)
        tasks.append(TextTask(name_task(item.get("taskName"), kind, parameters), assignment))
    check_texts(given, version)
    return Intake(given, tasks, [item for task in tasks for item in documents.list_items(task.assignment, given)])


def read_health_job(call: Call) -> Intake:
    """Check a request to ``entities/health/jobs``.

    Raises:
        Refusal: It is not valid.
    """
    version, body = read_request(call)
    given = read_job_documents(body, _HEALTH_DOCUMENTS, version)
    # A model version that there is not is passed over here.
    parameters = {name: value for name, value in _read_query(call, version).items() if name != "modelVersion"}
    documents.check_parameters(KINDS["Healthcare"], parameters, version)
    assignment = documents.assign(KINDS["Healthcare"], parameters, version, documents.SYNC_SIZE)
    return Intake(given, [TextTask("Healthcare_latest", assignment)], documents.list_items(assignment, given))


def write_analyze_job(job: Job, page: Page) -> dict[str, Any]:
    """Write a job of ``analyze``: the tasks by kind."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for group, kind in _TASKS.items():
        for task in job.ended:
            assert isinstance(task, TextTask)
            assert task.ended is not None
            if task.assignment.kind.name == kind:
                groups.setdefault(group, []).append(
                    {
                        "lastUpdateDateTime": write_precisely(task.ended),
                        "taskName": task.name,
                        "state": "cancelled" if task.cancelled else "succeeded",
                        "results": task.list_results(page),
                    }
                )
    shown = {"displayName": job.display_name or "NA", "tasks": job.count() | groups}
    return job.head(page.version) | shown | _link(job, page)


def write_health_job(job: Job, page: Page) -> dict[str, Any]:
    """Write a job of ``entities/health/jobs``: its one result, once it is there."""
    (task,) = job.tasks
    assert isinstance(task, TextTask)
    results = {"results": task.list_results(page)} if job.status == "succeeded" else {}
    return job.head(page.version) | results | _link(job, page)


def _link(job: Job, page: Page) -> dict[str, str]:
    if (left := job.left(page)) <= 0:
        return {}
    stats = "&showStats=True" if page.show_stats else ""
    return {"@nextLink": f"{page.place}?$skip={page.skip + page.top}&$top={min(page.top, left)}{stats}"}
