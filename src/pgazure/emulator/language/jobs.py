"""Jobs of the Language service: started, polled, paged through and cancelled."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from starlette.responses import Response

from pgazure.emulator.call import Work
from pgazure.emulator.language.request import find, read_version, wants_stats
from pgazure.emulator.language.voice import language_headers
from pgazure.emulator.wire import JSON_UTF8, Refusal, chunked, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgazure.emulator.call import Call, Voice
    from pgazure.emulator.gateway import Gateway
    from pgazure.emulator.language.versions import Version
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.rules import Rules
    from pgazure.emulator.stats import Item

PAGE = 20
_KEPT = 1_000
_PATIENCE = 0.5
_LIFE = timedelta(hours=24)


class Workable(Protocol):
    """A task of any job.

    Attributes:
        name: Chosen by the caller, or made up.
        ended: When it was done or cancelled.
        cancelled: Whether it was cancelled.
    """

    name: str
    ended: datetime | None
    cancelled: bool

    @property
    def result_kind(self) -> str:
        """What its answer calls itself."""
        ...

    def work(self, given: Sequence[Any], rules: Rules) -> None:
        """Do what is asked of the documents."""
        ...

    def list_results(self, page: Page) -> dict[str, Any]:
        """Write what was found in one page of the documents."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """What a poll asks to see.

    Attributes:
        skip: How many documents to pass over.
        top: How many to show at most.
        show_stats: Whether to show statistics.
        version: The version that is asked.
        place: URL of the job.
    """

    skip: int
    top: int
    show_stats: bool
    version: Version
    place: str

    @property
    def part(self) -> slice:
        """The documents to show."""
        return slice(self.skip, self.skip + self.top)


@dataclass(slots=True)
class Job:
    """A job: several tasks over the same documents.

    Attributes:
        id: Its name.
        display_name: Chosen by the caller; ``None`` where there is none.
        given: Its documents.
        tasks: Its tasks.
        created: When it was started.
        started: Whether work has begun.
        runner: The work; kept here so that it is not collected.
    """

    id: str
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

    @property
    def ended(self) -> list[Workable]:
        """The tasks that are done or cancelled."""
        return [task for task in self.tasks if task.ended is not None]

    def cancel(self) -> None:
        """Cancel the tasks that are not done."""
        if self.runner is not None:
            self.runner.cancel()
        for task in self.tasks:
            if task.ended is None:
                task.ended, task.cancelled = datetime.now(UTC), True

    def head(self, version: Version) -> dict[str, Any]:
        """Write what every job's answer begins with."""
        updated = max((task.ended for task in self.ended if task.ended), default=self.created)
        return {
            "jobId": self.id,
            version.updated: _plain(updated),
            "createdDateTime": _plain(self.created),
            "expirationDateTime": _plain(self.created + _LIFE),
            "status": self.status,
            "errors": [],
        }

    def count(self) -> dict[str, int]:
        """Count the tasks."""
        ended = self.ended
        return {
            "completed": sum(not task.cancelled for task in ended),
            "failed": 0,
            "inProgress": len(self.tasks) - len(ended),
            "total": len(self.tasks),
        }

    def left(self, page: Page) -> int:
        """How many documents there are behind a page."""
        done = any(not task.cancelled for task in self.ended)
        return len(self.given) - page.skip - page.top if done else 0


def _plain(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_precisely(when: datetime) -> str:
    """Write a time as tasks have it, with the fraction of the second."""
    # Seven fractional digits, of which zeros at the end are cut.
    digits = f"{when.microsecond:06d}".rstrip("0")
    return when.strftime("%Y-%m-%dT%H:%M:%S") + (f".{digits}Z" if digits else "Z")


def write_job(job: Job, page: Page) -> dict[str, Any]:
    """Write a job as the dated versions do: one page of documents of every finished task."""
    body = job.head(page.version)
    if job.display_name is not None:
        body["displayName"] = job.display_name
    body["tasks"] = job.count() | {"items": [_write_task(task, page) for task in job.ended]}
    if (left := job.left(page)) > 0:
        stats = "showStats=True&" if page.show_stats else ""
        query = f"{stats}top={min(page.top, left)}&skip={page.skip + page.top}&api-version={page.version.name}"
        body["nextLink"] = f"{page.place}?{query}"
    return body


def _write_task(task: Workable, page: Page) -> dict[str, Any]:
    assert task.ended is not None
    return {
        "kind": task.result_kind,
        "taskName": task.name,
        "lastUpdateDateTime": write_precisely(task.ended),
        "status": "cancelled" if task.cancelled else "succeeded",
        "results": task.list_results(page),
    }


@dataclass(frozen=True, slots=True)
class Intake:
    """A checked request for a job.

    Attributes:
        given: What is to be analyzed.
        tasks: How.
        items: The texts, for the counters.
        cancel_after: Seconds after which the job is cancelled; ``None`` for never.
    """

    given: Sequence[Any]
    tasks: Sequence[Workable]
    items: Sequence[Item]
    cancel_after: float | None = None


@dataclass(slots=True)
class Jobs:
    """The routes of one family of jobs.

    Args:
        gateway: Counts, measures and computes.
        kept: The path under which jobs are found.
        intake: Checks a request for a new job.
        list_operations: Names what a request asks for, as far as it can be told unchecked.
        write: Writes a job.
        job_time: Seconds that a job takes at least.
        rules: What custom models answer.
        voice: Writes what is refused.
    """

    gateway: Gateway
    kept: str
    intake: Callable[[Call], Intake]
    list_operations: Callable[[Any], list[str]]
    write: Callable[[Job, Page], dict[str, Any]]
    job_time: float
    rules: Rules
    voice: Voice
    _jobs: OrderedDict[str, Job] = field(default_factory=OrderedDict)

    def operations(self, call: Call) -> list[str]:
        """Name the kinds of the tasks."""
        return self.list_operations(call.body)

    async def prepare(self, call: Call) -> Work:
        """Check a request for a new job."""
        taken = self.intake(call)
        name = call.body.get("displayName")
        shown = name if isinstance(name, str) else None
        job = Job(str(uuid4()), shown, taken.given, taken.tasks, datetime.now(UTC))

        async def answer(_: Verdict) -> Response:
            await self._start(job, taken.cancel_after)
            return self._accept(call, job)

        return Work(taken.items, answer)

    def show(self, call: Call) -> Response:
        """Answer a poll, or the request for a further page."""
        version, job = read_version(call), self._find(call)
        query = call.request.query_params
        skip = _whole(query.get("skip") or query.get("$skip"), 0)
        top = max(1, min(PAGE, _whole(query.get("top") or query.get("$top"), PAGE)))
        page = Page(skip, top, wants_stats(call), version, self._place(call, job))
        headers = language_headers(call, version) | {"Content-Type": JSON_UTF8}
        body = encode(self.write(job, page))
        return chunked(body, 200, headers) if version.is_v3 else Response(body, headers=headers)

    def cancel(self, call: Call) -> Response:
        """Cancel the tasks of a job that are not done."""
        read_version(call)
        job = self._find(call)
        if len(job.ended) == len(job.tasks):
            message = f"Failed to cancel job with job id {job.id} as its already completed."
            raise Refusal(400, {"error": {"code": "InvalidRequest", "message": message}})
        job.cancel()
        return self._accept(call, job)

    async def close(self) -> None:
        """End the work of all jobs."""
        runners = [job.runner for job in self._jobs.values() if job.runner is not None]
        for runner in runners:
            runner.cancel()
        await asyncio.gather(*runners, return_exceptions=True)

    def _find(self, call: Call) -> Job:
        name = call.request.path_params["job"]
        if name not in self._jobs:
            raise Refusal(404, None)
        return self._jobs[name]

    async def _start(self, job: Job, cancel_after: float | None) -> None:
        self._jobs[job.id] = job
        while len(self._jobs) > _KEPT:
            self._jobs.popitem(last=False)
        job.runner = asyncio.create_task(self._run(job))
        if cancel_after is not None:
            timer = asyncio.get_running_loop().call_later(cancel_after, job.cancel)
            job.runner.add_done_callback(lambda _: timer.cancel())
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
        version = find(call)
        query = "" if version is None or version.is_v3 else f"?api-version={version.name}"
        headers = language_headers(call, version) | {"operation-location": self._place(call, job) + query}
        if version is not None and version.is_v3:
            return chunked(b"", 202, headers)
        return Response(status_code=202, headers=headers)

    def _place(self, call: Call, job: Job) -> str:
        url = call.request.url
        return f"{url.scheme}://{url.netloc}{self.kept}/{job.id}"


def _whole(given: str | None, default: int) -> int:
    return int(given) if given and given.isascii() and given.isdigit() else default
