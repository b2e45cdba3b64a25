# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""``/language/analyze-text/jobs``: analyses that are started, polled, paged through and cancelled."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
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
from pgazure.emulator.rules import NO_RULES
from pgazure.emulator.wire import JSON_UTF8, Refusal, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgazure.emulator.gateway import Call, Gateway
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.rules import Rules
    from pgazure.emulator.stats import Item

PAGE = 20
_KEPT = 1_000
_PATIENCE = 0.5
_LIFE = timedelta(hours=24)
_COUNTED = {*KINDS, "ConversationalSummarizationTask"}


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

    def work(self, given: Sequence[Any], rules: Rules) -> None:
        """Analyze the documents."""
        self.outcomes = documents.answer_documents(self.kind, self.parameters, given, documents.JOB_SIZE, rules)

    def render(self, page: slice, *, show_stats: bool) -> dict[str, Any]:
        """Write the task as it stands in the job's answer."""
        assert self.ended is not None
        if self.outcomes is None:
            results: dict[str, Any] = {"documents": [], "errors": [], "modelVersion": "latest"}
        else:
            results = documents.envelope(self.kind, self.outcomes[page], show_stats=show_stats)
        if self.kind.is_custom:
            # A model of one's own has a name and no version.
            results.pop("modelVersion")
            results |= {name: self.parameters[name] for name in ("projectName", "deploymentName")}
        # The service gives a cancelled search for personal data the name of another kind.
        renamed = self.cancelled and self.kind.name == "PiiEntityRecognition"
        return {
            "kind": f"{'EntityRecognition' if renamed else self.kind.name}LROResults",
            "taskName": self.name,
            "lastUpdateDateTime": write_precisely(self.ended),
            "status": "cancelled" if self.cancelled else "succeeded",
            "results": results,
        }


class Workable(Protocol):
    """A task of any job."""

    name: str
    ended: datetime | None
    cancelled: bool

    def work(self, given: Sequence[Any], rules: Rules) -> None:
        """Do what is asked of the documents."""
        ...

    def render(self, page: slice, *, show_stats: bool) -> dict[str, Any]:
        """Write the task as it stands in the job's answer."""
        ...


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
    given: Sequence[Any]
    tasks: Sequence[Workable]
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


def write_precisely(when: datetime) -> str:
    """Write a time as tasks have it, with the fraction of the second."""
    # Seven fractional digits, of which zeros at the end are cut.
    digits = f"{when.microsecond:06d}".rstrip("0")
    return when.strftime("%Y-%m-%dT%H:%M:%S") + (f".{digits}Z" if digits else "Z")


@dataclass(frozen=True, slots=True)
class Intake:
    """A checked request for a job.

    Attributes:
        given: What is to be analyzed.
        tasks: How.
        items: The texts, for the counters.
    """

    given: Sequence[Any]
    tasks: Sequence[Workable]
    items: Sequence[Item]


@dataclass(slots=True)
class Jobs:
    """The routes of the jobs.

    Args:
        gateway: Counts, measures and computes.
        job_time: Seconds that a job takes at least.
        rules: What custom models answer.
        what: What is analyzed, as the path names it.
        intake: Checks a request for a new job.
    """

    gateway: Gateway
    job_time: float = 0.0
    rules: Rules = NO_RULES
    what: str = "text"
    intake: Callable[[Call], Intake] = field(default_factory=lambda: read_text_job)
    _jobs: OrderedDict[str, Job] = field(default_factory=OrderedDict)

    def operations(self, call: Call) -> list[str]:
        """Name the kinds of the tasks."""
        tasks = call.body.get("tasks") if isinstance(call.body, dict) else None
        kinds = [task.get("kind") for task in tasks if isinstance(task, dict)] if isinstance(tasks, list) else []
        known = dict.fromkeys(kind for kind in kinds if isinstance(kind, str) and kind in _COUNTED)
        return list(known) or [f"Analyze{self.what.capitalize()}Jobs"]

    async def prepare(self, call: Call) -> Work:
        """Check a request for a new job."""
        taken = self.intake(call)
        name = call.body.get("displayName")
        job = Job(
            str(uuid4()),
            read_version(call),
            name if isinstance(name, str) else None,
            taken.given,
            taken.tasks,
            datetime.now(UTC),
        )

        async def answer(_: Verdict) -> Response:
            await self._start(job)
            return self._accept(call, job)

        return Work(taken.items, answer)

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
        base = self._place(call)
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
        return self._accept(call, job)

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
            await self.gateway.compute(partial(task.work, job.given, self.rules))
            task.ended = datetime.now(UTC)

    def _accept(self, call: Call, job: Job) -> Response:
        place = f"{self._place(call)}{job.id}?api-version={job.version}"
        headers = language_headers(call, job.version) | {"operation-location": place}
        return Response(status_code=202, headers=headers)

    def _place(self, call: Call) -> str:
        url = call.request.url
        root = url.path.split("/language/", 1)[0]
        return f"{url.scheme}://{url.netloc}{root}/language/analyze-{self.what}/jobs/"


def read_text_job(call: Call) -> Intake:
    """Check a request for a job over texts.

    Raises:
        Refusal: It is not valid.
    """
    body = check_envelope(call)
    # The size comes before the number of documents.
    _check_size(_list_texts(body))
    given = documents.read_documents(body, documents.JOB_DOCUMENTS, "language")
    tasks = _read_tasks(body, read_version(call))
    if not any(document.text.strip() for document in given):
        raise documents.refuse_documents("InvalidDocumentBatch", "Document text is empty.")
    return Intake(given, tasks, [item for task in tasks for item in items_of(task.kind, task.parameters, given)])


def _whole(given: str | None, default: int) -> int:
    return int(given) if given and given.isascii() and given.isdigit() else default


def _list_texts(body: dict[str, Any]) -> list[str]:
    given = body.get("analysisInput")
    listed = given.get("documents") if isinstance(given, dict) else None
    texts = [item.get("text") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return [text for text in texts if isinstance(text, str)]


def _check_size(texts: Sequence[str]) -> None:
    if sum(map(len, texts)) > documents.JOB_SIZE:
        total = sum(map(count_text_elements, texts))
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
