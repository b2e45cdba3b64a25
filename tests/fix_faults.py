"""A loopback server that answers as Azure AI does and misbehaves on order."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping


@dataclass(frozen=True)
class Status:
    """Answer with a status instead of a result."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    content_type: str = "application/json"


@dataclass(frozen=True)
class Edit:
    """Change the JSON of a good answer; ``change`` returns the new one."""

    change: Callable[[Any], Any]


@dataclass(frozen=True)
class Raw:
    """Answer 200 with these bytes as JSON."""

    content: bytes


class Reset:
    """Close the connection without an answer."""


class HalfBody:
    """Promise a whole answer and close the connection in the middle."""


@dataclass(frozen=True)
class SlowBody:
    """Send a good answer in pieces, with ``seconds`` between the first and the last."""

    seconds: float


class Good:
    """Answer well: a place holder in a list of faults."""


@dataclass
class Hang:
    """Say when the request has come, and answer when told to."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    aborted: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


class FaultServer:
    """Holds what was received and what goes wrong next.

    Attributes:
        posts: Faults of the next requests that start something, first come first.
        polls: Faults of the next requests that ask for a job.
        received: Every request, in order of arrival.
        refuse: Called with a request's texts; a :class:`Status` it returns is the answer.
    """

    def __init__(self) -> None:
        self.endpoint = ""
        self.loop = asyncio.get_running_loop()
        self.posts: deque[Any] = deque()
        self.polls: deque[Any] = deque()
        self.received: list[Received] = []
        self.refuse: Callable[[list[str]], Status | None] = lambda _: None
        self.in_flight = 0
        self.most_in_flight = 0
        self.page_size = 20
        self.polls_until_done = 1
        self._jobs: dict[str, tuple[Any, int]] = {}
        self._numbers = itertools.count(1)

    @property
    def sent(self) -> list[Received]:
        """The requests that start something."""
        return [request for request in self.received if request.method == "POST"]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            body = await request.json() if request.can_read_body else None
            self.received.append(
                Received(request.method, request.path, dict(request.query), dict(request.headers), body)
            )
            faults = self.posts if request.method == "POST" else self.polls
            fault = faults.popleft() if faults else Good()
            return await self._misbehave(request, body, fault)
        finally:
            self.in_flight -= 1

    async def _misbehave(self, request: web.Request, body: Any, fault: Any) -> web.StreamResponse:  # noqa: PLR0911  a list of faults
        if isinstance(fault, Hang):
            fault.arrived.set()
            try:
                await fault.release.wait()
            except asyncio.CancelledError:
                fault.aborted.set()
                raise
            fault = Good()
        if isinstance(fault, Status):
            return _say(fault)
        if isinstance(fault, Reset):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if body is not None and (refusal := self.refuse(_texts(body))) is not None:
            return _say(refusal)
        if isinstance(fault, Raw):
            return web.Response(body=fault.content, content_type="application/json")
        good = self._good(request, body)
        if isinstance(good, web.Response):
            return good
        if isinstance(fault, Edit):
            good = fault.change(good)
        content = json.dumps(good).encode()
        headers = {"apim-request-id": f"request-{next(self._numbers)}"}
        if isinstance(fault, HalfBody):
            response = web.StreamResponse(headers={**headers, "Content-Length": str(len(content))})
            response.content_type = "application/json"
            await response.prepare(request)
            await response.write(content[: len(content) // 2])
            assert request.transport is not None
            request.transport.close()
            return response
        if isinstance(fault, SlowBody):
            response = web.StreamResponse(headers={**headers, "Content-Length": str(len(content))})
            response.content_type = "application/json"
            await response.prepare(request)
            for byte in content[:-1]:
                await response.write(bytes([byte]))
                await asyncio.sleep(fault.seconds / len(content))
            await response.write(content[-1:])
            return response
        return web.Response(body=content, content_type="application/json", headers=headers)

    def _good(self, request: web.Request, body: Any) -> Any:  # noqa: PLR0911  a list of routes
        path = request.path
        if path.endswith("/:analyze-text"):
            documents = body["analysisInput"]["documents"]
            return {
                "kind": f"{body['kind']}Results",
                "results": {
                    "documents": [
                        {"id": d["id"], "warnings": [], **_found(body["kind"], d["text"])} for d in documents
                    ],
                    "errors": [],
                    "modelVersion": "2026-01-01",
                },
            }
        if path.endswith(("/analyze-text/jobs", "/analyze-conversations/jobs")):
            name = f"job-{next(self._numbers)}"
            self._jobs[name] = (body, 0)
            where = f"{self.endpoint}{path}/{name}?api-version=2023-04-01"
            return web.Response(status=202, headers={"operation-location": where, "apim-request-id": name})
        if "/analyze-text/jobs/" in path:
            return self._job(path.rsplit("/", 1)[1], request.query)
        if "/analyze-conversations/jobs/" in path:
            return self._conversation_job(path.rsplit("/", 1)[1])
        if path.endswith("/transliterate"):
            script = request.query["toScript"]
            return {"value": [{"text": item["text"].upper(), "script": script} for item in body["inputs"]]}
        if path.endswith("/languages"):
            wanted = request.query.get("scope", "translation,transliteration,models").split(",")
            return {scope: _LANGUAGES[scope] for scope in wanted}
        if path.endswith("/translate"):
            return {"value": [_translated(item) for item in body["inputs"]]}
        if path.endswith("/embeddings"):
            return {
                "object": "list",
                "model": "local",
                "data": [
                    {"object": "embedding", "index": place, "embedding": _vector(text, body.get("dimensions") or 4)}
                    for place, text in enumerate(body["input"])
                ],
                "usage": {"prompt_tokens": len(body["input"]), "total_tokens": len(body["input"])},
            }
        return web.Response(status=404, text="no such route")

    def _job(self, name: str, query: Mapping[str, str]) -> Any:
        body, polled = self._jobs[name]
        self._jobs[name] = (body, polled + 1)
        done = polled >= self.polls_until_done
        task, documents = body["tasks"][0], body["analysisInput"]["documents"]
        skip = int(query.get("skip", 0))
        page = documents[skip : skip + self.page_size]
        state = {
            "jobId": name,
            "status": "succeeded" if done else "running",
            "createdDateTime": "2026-01-01T00:00:00Z",
            "lastUpdatedDateTime": "2026-01-01T00:00:00Z",
            "expirationDateTime": "2026-01-02T00:00:00Z",
            "errors": [],
            "tasks": {"completed": 1, "failed": 0, "inProgress": 0, "total": 1, "items": []},
        }
        if done:
            result = {
                "kind": f"{task['kind']}LROResults",
                "taskName": task["taskName"],
                "lastUpdateDateTime": "2026-01-01T00:00:00Z",
                "status": "succeeded",
                "results": {
                    "documents": [{"id": d["id"], "warnings": [], **_found(task["kind"], d["text"])} for d in page],
                    "errors": [],
                    "modelVersion": "latest",
                },
            }
            state["tasks"]["items"].append(result)
            if skip + self.page_size < len(documents):
                where = f"/language/analyze-text/jobs/{name}?skip={skip + self.page_size}&top={self.page_size}"
                state["nextLink"] = f"{self.endpoint}{where}&api-version=2023-04-01"
        return state

    def _conversation_job(self, name: str) -> Any:
        body, polled = self._jobs[name]
        self._jobs[name] = (body, polled + 1)
        done = polled >= self.polls_until_done
        turns = body["analysisInput"]["conversations"][0]["conversationItems"]
        items = [
            {
                "kind": "conversationalSummarizationResults",
                "taskName": task["taskName"],
                "lastUpdateDateTime": "2026-01-01T00:00:00Z",
                "status": "succeeded",
                "results": {
                    "conversations": [
                        {
                            "id": body["analysisInput"]["conversations"][0]["id"],
                            "summaries": [
                                {"aspect": aspect, "text": f"{len(turns)} turns, then {turns[-1]['text']}"}
                                for aspect in task["parameters"]["summaryAspects"]
                            ],
                            "warnings": [],
                        }
                    ],
                    "errors": [],
                    "modelVersion": "latest",
                },
            }
            for task in body["tasks"]
        ]
        return {
            "jobId": name,
            "status": "succeeded" if done else "running",
            "createdDateTime": "2026-01-01T00:00:00Z",
            "lastUpdatedDateTime": "2026-01-01T00:00:00Z",
            "expirationDateTime": "2026-01-02T00:00:00Z",
            "errors": [],
            "tasks": {"completed": 1, "failed": 0, "inProgress": 0, "total": 1, "items": items if done else []},
        }


_SCRIPT = {"code": "Latn", "name": "Latin", "nativeName": "Latin", "dir": "ltr"}
_LANGUAGES = {
    "translation": {"de": {"name": "German", "nativeName": "Deutsch", "dir": "ltr", "models": ["general"]}},
    "transliteration": {
        "ja": {
            "name": "Japanese",
            "nativeName": "日本語",
            "scripts": [{**_SCRIPT, "code": "Jpan", "toScripts": [_SCRIPT]}],
        }
    },
    "models": ["general"],
}


def _say(status: Status) -> web.Response:
    body = status.body
    content = body if isinstance(body, str) else json.dumps(body)
    return web.Response(
        status=status.code,
        headers=dict(status.headers),
        text="" if body is None else content,
        content_type=status.content_type,
    )


def _texts(body: Any) -> list[str]:
    if "conversations" in body.get("analysisInput", {}):
        return [turn["text"] for c in body["analysisInput"]["conversations"] for turn in c["conversationItems"]]
    if "analysisInput" in body:
        return [document["text"] for document in body["analysisInput"]["documents"]]
    return body["input"] if "input" in body else [item["text"] for item in body["inputs"]]


def _found(kind: str, text: str) -> dict[str, Any]:
    """Answers that show which text they belong to."""
    span = {"offset": 0, "length": len(text)}
    first, last = _word(text, 0), _word(text, -1)
    good = {"sentiment": "positive", "confidenceScores": {"positive": 1.0, "negative": 0.0}}
    praised = {"sentiment": "positive", "confidenceScores": {"positive": 1.0, "neutral": 0.0, "negative": 0.0}}
    # The place of the document is not known here, and no reader looks at it.
    assessed = {"relationType": "assessment", "ref": "#/documents/0/sentences/0/assessments/0"}
    return {
        "SentimentAnalysis": {
            **praised,
            "sentences": [
                {
                    **praised,
                    **span,
                    "text": text,
                    "targets": [{**good, **first, "relations": [assessed]}],
                    "assessments": [{**good, **last, "isNegated": False}],
                }
            ],
        },
        "EntityLinking": {
            "entities": [
                {
                    "name": first["text"],
                    "matches": [{**first, "confidenceScore": 0.9}],
                    "language": "en",
                    "id": first["text"],
                    "url": "https://example.org",
                    "dataSource": "Wikipedia",
                    "bingId": "b",
                }
            ]
        },
        "Healthcare": {
            "entities": [
                {**word, "category": "SymptomOrSign", "confidenceScore": 0.9, "name": "n", **more}
                for word, more in (
                    (first, {"links": [{"dataSource": "UMLS", "id": "C1"}]}),
                    (last, {"assertion": {"certainty": "negative"}}),
                )
            ],
            "relations": [
                {
                    "relationType": "Abbreviation",
                    "confidenceScore": 0.8,
                    "entities": [
                        {"ref": f"#/results/documents/0/entities/{place}", "role": role}
                        for place, role in enumerate(("FullTerm", "AbbreviatedTerm"))
                    ],
                }
            ],
        },
        "CustomEntityRecognition": {"entities": [{**first, "category": "Own", "confidenceScore": 0.9}]},
        "CustomSingleLabelClassification": {"class": [{"category": first["text"], "confidenceScore": 0.9}]},
        "CustomMultiLabelClassification": {
            "class": [{"category": word["text"], "confidenceScore": 0.9} for word in (first, last)]
        },
        "LanguageDetection": {"detectedLanguage": {"name": text[:20], "iso6391Name": "en", "confidenceScore": 1.0}},
        "KeyPhraseExtraction": {"keyPhrases": [text]},
        "EntityRecognition": {"entities": [{"text": text, "category": "Person", "confidenceScore": 0.9, **span}]},
        "PiiEntityRecognition": {
            "redactedText": "*" * len(text),
            "entities": [{"text": text, "category": "Person", "confidenceScore": 0.9, **span}],
        },
        "ExtractiveSummarization": {"sentences": [{"text": text, "rankScore": 1.0, **span}]},
        "AbstractiveSummarization": {"summaries": [{"text": text, "contexts": [span]}]},
    }[kind]


def _word(text: str, place: int) -> dict[str, Any]:
    words = text.split() or [""]
    word = words[place]
    return {"text": word, "offset": text.index(word) if place == 0 else text.rindex(word), "length": len(word)}


def _translated(item: Any) -> Any:
    given = {} if item.get("language") else {"detectedLanguage": {"language": "en", "score": 0.9}}
    translations = [{"language": t["language"], "text": f"[{t['language']}] {item['text']}"} for t in item["targets"]]
    return {**given, "translations": translations}


def _vector(text: str, dimensions: int) -> str:
    numbers = [float(len(text)), *([0.5] * (dimensions - 1))]
    return base64.b64encode(struct.pack(f"<{dimensions}f", *numbers)).decode()


@contextlib.asynccontextmanager
async def serve_faults() -> AsyncIterator[FaultServer]:
    faults = FaultServer()
    app = web.Application(client_max_size=8 * 2**20)
    app.router.add_route("*", "/{path:.*}", faults.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    faults.endpoint = f"http://127.0.0.1:{port}"
    try:
        yield faults
    finally:
        await runner.cleanup()
