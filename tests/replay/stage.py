"""A loopback server that plays what the real services have said."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from recordings import Spoken

_DATES = {
    "createdDateTime": "2023-06-01T00:52:16Z",
    "expirationDateTime": "2023-06-02T00:52:16Z",
    "lastUpdatedDateTime": "2023-06-01T00:52:17Z",
}


@dataclass
class Stage:
    """What is being played, and what was asked for.

    Attributes:
        endpoint: Base URL.
        spoken: Documents and their answers; each document that is asked for is given its own.
        canned: An answer to everything: status, headers, body.
        asked: Path, and JSON of every request that starts something.
        strange: Documents that were never recorded.
    """

    endpoint: str = ""
    spoken: Spoken | None = None
    canned: tuple[int, dict[str, str], Any] | None = None
    asked: list[tuple[str, Any]] = field(default_factory=list)
    strange: list[Any] = field(default_factory=list)
    _left: list[str] = field(default_factory=list)
    _polls: list[tuple[int, Any]] = field(default_factory=list)
    _job: Any = None

    def set(self, spoken: Spoken) -> None:
        """Play ``spoken`` next."""
        self.spoken, self.canned = spoken, None
        self.asked, self.strange = [], []
        self._left, self._polls = list(spoken.documents), list(spoken.polls)

    def say(self, status: int, headers: dict[str, str], body: Any) -> None:
        """Answer everything in the same way from now on."""
        framing = {"content-length", "transfer-encoding", "content-encoding", "content-type", "connection"}
        kept = {name: value for name, value in headers.items() if name.lower() not in framing}
        kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "application/json")
        self.canned = (status, {**kept, "Content-Type": kind}, body)
        self.asked = []

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        if request.method == "POST":
            self.asked.append((request.path, body))
        if self.canned is not None:
            status, headers, content = self.canned
            self.asked += [(request.path, body)] * (request.method == "GET")
            data = content if isinstance(content, str) else json.dumps(content)
            return web.Response(status=status, headers=headers, body=data.encode())
        assert self.spoken is not None
        headers = {"apim-request-id": self.spoken.request_id} if self.spoken.request_id else {}
        if request.method == "GET":
            return self._poll()
        results = self._results(body["analysisInput"]["documents"])
        if request.path.endswith("/jobs"):
            self._job = (body["tasks"][0], results)
            where = f"{self.endpoint}/language/analyze-text/jobs/a-job?api-version=2023-04-01"
            return web.Response(status=202, headers={**headers, "operation-location": where})
        return web.json_response({"kind": f"{body['kind']}Results", "results": results}, headers=headers)

    def _results(self, documents: list[Any]) -> Any:
        assert self.spoken is not None
        found, errors = [], []
        for document in documents:
            match = next((name for name in self._left if self._same(name, document)), None)
            if match is None:
                self.strange.append(document)
                continue
            self._left.remove(match)
            if match in self.spoken.found:
                found.append({**self.spoken.found[match], "id": document["id"]})
            else:
                errors.append({"id": document["id"], "error": self.spoken.refused[match]})
        return {"documents": found, "errors": errors, "modelVersion": "latest"}

    def _same(self, name: str, document: Any) -> bool:
        assert self.spoken is not None
        recorded = self.spoken.documents[name]
        language = recorded.get("language")
        return recorded["text"] == document["text"] and (not language or language == document.get("language"))

    def _poll(self) -> web.Response:
        if self._polls:
            status, answer = self._polls.pop(0)
            if status != 200:
                content = answer if isinstance(answer, str) else json.dumps(answer)
                return web.Response(status=status, text=content, content_type="application/json")
            state = {**answer, "tasks": {**answer["tasks"], "items": []}}
            return web.json_response(_DATES | state)
        task, results = self._job
        item = {
            "kind": f"{task['kind']}LROResults",
            "taskName": task["taskName"],
            "lastUpdateDateTime": "2023-06-01T00:52:17Z",
            "status": "succeeded",
            "results": results,
        }
        if "projectName" in task["parameters"]:
            item["results"] = {
                **results,
                "projectName": task["parameters"]["projectName"],
                "deploymentName": task["parameters"]["deploymentName"],
            }
        tasks = {"completed": 1, "failed": 0, "inProgress": 0, "total": 1, "items": [item]}
        return web.json_response({"jobId": "a-job", "status": "succeeded", "errors": [], "tasks": tasks, **_DATES})


@contextlib.asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    stage = Stage()
    app = web.Application(client_max_size=8 * 2**20)
    app.router.add_route("*", "/{path:.*}", stage.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stage.endpoint = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    try:
        yield stage
    finally:
        await runner.cleanup()
