# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""``/language/analyze-text/jobs``: analyses that are started, polled, paged through and cancelled."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import Response

from pgazure.emulator import documents
from pgazure.emulator.gateway import Work
from pgazure.emulator.language import (
    check_envelope,
    items_of,
    language_headers,
    read_parameters,
    read_version,
    refuse_language,
    throttle_language,
    wants_stats,
)
from pgazure.emulator.language_kinds import KINDS, Kind
from pgazure.emulator.offsets import count_text_elements
from pgazure.emulator.wire import JSON_UTF8, Refusal, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.emulator.gateway import Call, Gateway
    from pgazure.emulator.quota import Verdict

PAGE = 20
_KEPT = 1_000
_PATIENCE = 0.5
_LIFE = timedelta(hours=24)


@dataclass(slots=True)
class Task:
    """One task of a job.

    Attributes:
        name: Chosen by the caller, or made up.
        kind: What it does.
        parameters: Its parameters.
        outcomes: What became of each document, once it is done.
        ended: When it was done or cancelled.
        cancelled: Whether it was cancelled.
    """

    name: str
    kind: Kind
    parameters: dict[str, Any]
    outcomes: list[documents.Outcome] | None = None
    ended: datetime | None = None
    cancelled: bool = False

    def render(self, page: slice, *, show_stats: bool) -> dict[str, Any]:
        """Write the task as it stands in the job's answer."""
        assert self.ended is not None
        if self.outcomes is None:
            results: dict[str, Any] = {"documents": [], "errors": [], "modelVersion": "latest"}
        else:
            results = documents.envelope(self.kind, self.outcomes[page], show_stats=show_stats)
        # The service gives a cancelled search for personal data the name of another kind.
        renamed = self.cancelled and self.kind.name == "PiiEntityRecognition"
        return {
            "kind": f"{'EntityRecognition' if renamed else self.kind.name}LROResults",
            "taskName": self.name,
            "lastUpdateDateTime": _precise(self.ended),
            "status": "cancelled" if self.cancelled else "succeeded",
            "results": results,
        }


@dataclass(slots=True)
class Job:
    """A job: several tasks over the same documents.

    Attributes:
        id: Its name.
        version: The api-version it was started with.
        display_name: Chosen by the caller; ``None`` where there is none.
        given: Its documents.
        tasks: Its tasks.
        created: When it was started.
        started: Whether work has begun.
        runner: The work; kept here so that it is not collected.
    """

    id: str
    version: str
    display_name: str | None
    given: list[documents.Document]
    tasks: list[Task]
    created: datetime
    started: bool = False
    runner: asyncio.Task[None] | None = None

    @property
    def status(self) -> str:
        """Where the job stands."""
        if any(task.ended is None for task in self.tasks):
            return "running" if self.started else "notStarted"
        return "cancelled" if any(task.cancelled for task in self.tasks) else "succeeded"

    def render(self, *, show_stats: bool, skip: int, top: int, base: str) -> dict[str, Any]:
        """Write the job's answer: one page of documents of every finished task."""
        ended = [task for task in self.tasks if task.ended is not None]
        updated = max((task.ended for task in ended if task.ended), default=self.created)
        body: dict[str, Any] = {
            "jobId": self.id,
            "lastUpdatedDateTime": _plain(updated),
            "createdDateTime": _plain(self.created),
            "expirationDateTime": _plain(self.created + _LIFE),
            "status": self.status,
            "errors": [],
        }
        if self.display_name is not None:
            body["displayName"] = self.display_name
        page = slice(skip, skip + top)
        body["tasks"] = {
            "completed": sum(not task.cancelled for task in ended),
            "failed": 0,
            "inProgress": len(self.tasks) - len(ended),
            "total": len(self.tasks),
            "items": [task.render(page, show_stats=show_stats) for task in ended],
        }
        if (left := len(self.given) - skip - top) > 0 and ended:
            stats = "showStats=True&" if show_stats else ""
            query = f"{stats}top={min(top, left)}&skip={skip + top}&api-version={self.version}"
            body["nextLink"] = f"{base}{self.id}?{query}"
        return body


def _plain(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _precise(when: datetime) -> str:
    # Seven fractional digits, of which zeros at the end are cut.
    digits = f"{when.microsecond:06d}".rstrip("0")
    return when.strftime("%Y-%m-%dT%H:%M:%S") + (f".{digits}Z" if digits else "Z")


@dataclass(slots=True)
class Jobs:
    """The routes of the jobs.

    Args:
        gateway: Counts, measures and computes.
        job_time: Seconds that a job takes at least.
    """

    gateway: Gateway
    job_time: float = 0.0
    _jobs: OrderedDict[str, Job] = field(default_factory=OrderedDict)

    def operations(self, call: Call) -> list[str]:
        """Name the kinds of the tasks."""
        tasks = call.body.get("tasks") if isinstance(call.body, dict) else None
        kinds = [task.get("kind") for task in tasks if isinstance(task, dict)] if isinstance(tasks, list) else []
        known = dict.fromkeys(kind for kind in kinds if isinstance(kind, str) and kind in KINDS)
        return list(known) or ["AnalyzeTextJobs"]

    async def prepare(self, call: Call) -> Work:
        """Check a request for a new job."""
        body = check_envelope(call)
        given = documents.read_documents(body, documents.JOB_DOCUMENTS, "language")
        tasks = _read_tasks(body, read_version(call))
        _check_size(given)
        name = body.get("displayName")
        job = Job(
            str(uuid4()),
            read_version(call),
            name if isinstance(name, str) else None,
            given,
            tasks,
            datetime.now(UTC),
        )
        items = [item for task in tasks for item in items_of(task.kind, task.parameters, given)]

        async def answer(_: Verdict) -> Response:
            await self._start(job)
            return _accepted(call, job)

        return Work(items, answer)

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota."""
        del verdict
        return throttle_language(operation, read_version(call))

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        return refuse_language(call, refusal)

    def show(self, call: Call, name: str) -> Response:
        """Answer a poll, or the request for a further page."""
        job = self._find(name)
        query = call.request.query_params
        skip = _whole(query.get("skip") or query.get("$skip"), 0)
        top = max(1, min(PAGE, _whole(query.get("top") or query.get("$top"), PAGE)))
        base = _place(call)
        body = job.render(show_stats=wants_stats(call), skip=skip, top=top, base=base)
        headers = language_headers(call, job.version) | {"Content-Type": JSON_UTF8}
        return Response(encode(body), headers=headers)

    def cancel(self, call: Call, name: str) -> Response:
        """Cancel the tasks of a job that are not done."""
        job = self._find(name)
        if all(task.ended is not None for task in job.tasks):
            message = f"Failed to cancel job with job id {name} as its already completed."
            raise Refusal(400, {"error": {"code": "InvalidRequest", "message": message}})
        if job.runner is not None:
            job.runner.cancel()
        for task in job.tasks:
            if task.ended is None:
                task.ended, task.cancelled = datetime.now(UTC), True
        return _accepted(call, job)

    async def close(self) -> None:
        """End the work of all jobs."""
        runners = [job.runner for job in self._jobs.values() if job.runner is not None]
        for runner in runners:
            runner.cancel()
        await asyncio.gather(*runners, return_exceptions=True)

    def _find(self, name: str) -> Job:
        if name not in self._jobs:
            raise Refusal(404, None)
        return self._jobs[name]

    async def _start(self, job: Job) -> None:
        self._jobs[job.id] = job
        while len(self._jobs) > _KEPT:
            self._jobs.popitem(last=False)
        job.runner = asyncio.create_task(self._run(job))
        if not self.job_time:
            # Most jobs of the real service are done at the first poll; SDKs poll seldom after that.
            await asyncio.wait([job.runner], timeout=_PATIENCE)

    async def _run(self, job: Job) -> None:
        share = self.job_time / (len(job.tasks) + 1)
        await asyncio.sleep(share)
        job.started = True
        for task in job.tasks:
            await asyncio.sleep(share)
            task.outcomes = await self.gateway.compute(_analysis(task, job.given))
            task.ended = datetime.now(UTC)


def _analysis(task: Task, given: Sequence[documents.Document]) -> Any:
    return lambda: documents.answer_documents(task.kind, task.parameters, given, documents.JOB_SIZE)


def _accepted(call: Call, job: Job) -> Response:
    place = f"{_place(call)}{job.id}?api-version={job.version}"
    headers = language_headers(call, job.version) | {"operation-location": place}
    return Response(status_code=202, headers=headers)


def _place(call: Call) -> str:
    url = call.request.url
    root = url.path.split("/language/", 1)[0]
    return f"{url.scheme}://{url.netloc}{root}/language/analyze-text/jobs/"


def _whole(given: str | None, default: int) -> int:
    return int(given) if given and given.isascii() and given.isdigit() else default


def _check_size(given: Sequence[documents.Document]) -> None:
    if not any(document.text.strip() for document in given):
        raise documents.refuse_documents("InvalidDocumentBatch", "Document text is empty.")
    if sum(len(document.text) for document in given) > documents.JOB_SIZE:
        total = sum(count_text_elements(document.text) for document in given)
        if total > documents.JOB_SIZE:
            message = f"Request Payload sent is too large to be processed. Limit request size to: {documents.JOB_SIZE}"
            raise documents.refuse_documents("InvalidDocumentBatch", message, status=413)


def _read_tasks(body: dict[str, Any], version: str) -> list[Task]:
    given = body.get("tasks")
    if not isinstance(given, list) or not given:
        raise documents.refuse("InvalidParameterValue", "Missing tasks.")
    tasks = []
    for place, item in enumerate(given):
        name = item.get("kind") if isinstance(item, dict) else None
        kind = KINDS.get(name) if isinstance(name, str) else None
        if kind is None or not kind.is_job or kind.since > version:
            known = ", ".join(kind.name for kind in KINDS.values() if kind.is_job and kind.since <= version)
            raise documents.refuse("InvalidParameterValue", f"Invalid task kind. Supported kinds: {known}.")
        parameters = read_parameters(item)
        _check_task(kind, parameters, place, version)
        task_name = item.get("taskName")
        tasks.append(Task(task_name if isinstance(task_name, str) else f"{kind.name}_latest", kind, parameters))
    return tasks


def _check_task(kind: Kind, parameters: dict[str, Any], place: int, version: str) -> None:
    asked = parameters.get("modelVersion") or "latest"
    outer = "Invalid parameter in request"
    if asked not in ("latest", *kind.models):
        known = ",".join(("latest", *kind.models))
        message = (
            f"Job task parameter value {asked} is not supported for model-version parameter for job task type "
            f"{kind.task}. Supported values {known}."
        )
        raise _refuse_task(kind, place, message, version, outer)
    try:
        documents.check_parameters(kind, parameters)
    except Refusal as refusal:
        message = refusal.body["error"]["innererror"]["message"]
        raise _refuse_task(kind, place, message, version, outer) from None


def _refuse_task(kind: Kind, place: int, message: str, version: str, outer: str) -> Refusal:
    if version == "2022-05-01":
        return documents.refuse("InvalidParameterValue", message, outer=outer)
    inner = {"code": "InvalidParameterValue", "message": message}
    error = {
        "code": "InvalidRequest",
        "details": [{"code": "InvalidRequest", "message": "Invalid Request.", "innererror": inner}],
        "message": "Invalid Request.",
        "innererror": {
            "code": "InvalidParameterValue",
            "message": f"Job task: '{kind.task}-{place}' failed with validation errors: ['{outer}']",
        },
    }
    return Refusal(400, {"error": error})
