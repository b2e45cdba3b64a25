"""Bad weather: what can go wrong between a caller and Azure, and what has to come of it."""

from __future__ import annotations

import asyncio
import base64
import math
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fix_faults import Edit, HalfBody, Hang, Raw, Reset, SlowBody, Status
from pgazure import PgAzureError
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fix_faults import FaultServer

TEXTS = ["one", "three", "seventh"]
PHRASES, TRANSLATE, EMBED, SUMMARIZE = "extract_key_phrases", "translate", "create_embeddings", "summarize_abstractive"


@dataclass(frozen=True)
class Weather:
    """One thing that goes wrong.

    Attributes:
        name: What it is.
        operation: What is being asked for while it does.
        outcome: What pgazure has to make of it.
        requests: How many requests that start something it has to take.
        posts: Faults of the first requests.
        polls: Faults of the first questions for a job.
        refuse: What makes the server refuse a request.
        options: Arguments of the call.
        down: Whether nobody listens at all.
    """

    name: str
    operation: str
    outcome: str
    requests: int
    posts: Callable[[], Sequence[Any]] = tuple
    polls: Callable[[], Sequence[Any]] = tuple
    refuse: Callable[[list[str]], Status | None] = lambda _: None
    options: dict[str, Any] = field(default_factory=dict)
    down: bool = False

    def arrange(self, server: FaultServer) -> None:
        """Make it happen next."""
        server.posts.extend(self.posts())
        server.polls.extend(self.polls())
        server.refuse = self.refuse


def judge(operation: str, results: Sequence[Any]) -> str:
    """Say what came of :data:`TEXTS`."""
    right = sum(_is_right(operation, text, result) for text, result in zip(TEXTS, results, strict=False))
    faults = [result for result in results if isinstance(result, DocumentError)]
    codes = sorted({fault.code for fault in faults})
    if not faults and len(results) == right == len(TEXTS):
        return "answered"
    parts = [f"{right} answered"] * bool(right)
    parts += [f"{len(faults)} failed with {', '.join(codes)}"] * bool(faults)
    wrong = sum(not isinstance(result, DocumentError) for result in results) - right
    parts += [f"{wrong} WRONG"] * bool(wrong)
    parts += [f"{len(TEXTS) - len(results)} LOST"] * (len(results) < len(TEXTS))
    return ", ".join(parts)


def name_error(error: BaseException) -> str:
    """Say what was raised."""
    code = getattr(error, "code", None) if isinstance(error, PgAzureError) else None
    return f"{type(error).__name__} {code or ''}".strip()


async def unused_endpoint() -> str:
    """Give an address where nobody listens."""
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return f"http://127.0.0.1:{port}"


def _is_right(operation: str, text: str, result: Any) -> bool:
    if isinstance(result, DocumentError):
        return False
    if operation == EMBED:
        return len(result) == 4 and result[0] == len(text) and all(math.isfinite(number) for number in result)
    if operation == TRANSLATE:
        return bool(result.translations[0].text == f"[de] {text}")
    return bool(result in ([text], text))


def _documents(change: Callable[[list[Any]], Any]) -> Edit:
    def edit(answer: Any) -> Any:
        change(answer["results"]["documents"])
        return answer

    return Edit(edit)


def _vectors(change: Callable[[list[Any]], Any]) -> Edit:
    def edit(answer: Any) -> Any:
        change(answer["data"])
        return answer

    return Edit(edit)


def _vector(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def _error(code: str, message: str, **inner: Any) -> Any:
    return {"error": {"code": code, "message": message, **inner}}


_POISON = _error("InvalidRequest", "no", innererror={"code": "InvalidDocument", "message": "no"})
_FILTERED = _error(
    "content_filter", "The prompt was filtered.", param="prompt", innererror={"code": "ResponsibleAIPolicyViolation"}
)
_DENIED = _error("401", "Access denied due to invalid subscription key or wrong API endpoint.")
_GONE = _error("DeploymentNotFound", "The API deployment does not exist.")
_NO_VOLUME = _error("403", "Out of call volume quota. Please retry after 15 days.")


def _job(**state: Any) -> Edit:
    return Edit(lambda answer: {**answer, **state})


WEATHERS = [
    Weather("408", PHRASES, "answered", 2, lambda: [Status(408)]),
    Weather("429, no header", PHRASES, "answered", 2, lambda: [Status(429)]),
    Weather("429, `Retry-After: 1`", TRANSLATE, "answered", 2, lambda: [Status(429, {"Retry-After": "1"})]),
    Weather("429, `retry-after-ms: 300` alone", EMBED, "answered", 2, lambda: [Status(429, {"retry-after-ms": "300"})]),
    Weather(
        "429, `Retry-After: 1` and `retry-after-ms: 0`",
        EMBED,
        "answered",
        2,
        lambda: [Status(429, {"Retry-After": "1", "retry-after-ms": "0"})],
    ),
    Weather("500", PHRASES, "answered", 2, lambda: [Status(500, body=_error("InternalServerError", "no"))]),
    Weather("502, HTML", TRANSLATE, "answered", 2, lambda: [Status(502, body="<html>", content_type="text/html")]),
    Weather("503", EMBED, "answered", 2, lambda: [Status(503)]),
    Weather(
        "504, plain text",
        PHRASES,
        "answered",
        2,
        lambda: [Status(504, body="upstream request timeout", content_type="text/plain")],
    ),
    Weather("503 without end", PHRASES, "3 failed with 503", 5, refuse=lambda _: Status(503)),
    Weather(
        "403, quota of the month used up",
        TRANSLATE,
        "3 failed with 403",
        1,
        refuse=lambda _: Status(403, {"Retry-After": "1296000"}, _NO_VOLUME),
    ),
    Weather("nobody listens", PHRASES, "3 failed with NotSent", 0, down=True),
    Weather("connection reset", PHRASES, "answered", 2, lambda: [Reset()]),
    Weather("half a body", TRANSLATE, "answered", 2, lambda: [HalfBody()]),
    Weather("a body that takes 2 s", EMBED, "answered", 1, lambda: [SlowBody(2)]),
    Weather("not JSON", PHRASES, "answered", 2, lambda: [Raw(b"<html>")]),
    Weather("JSON of another form", TRANSLATE, "answered", 2, lambda: [Raw(b"{}")]),
    Weather("a document missing", PHRASES, "answered", 2, lambda: [_documents(lambda d: d.pop(0))]),
    Weather("a document twice", PHRASES, "answered", 2, lambda: [_documents(lambda d: d.append(d[0]))]),
    Weather("a foreign id", PHRASES, "answered", 2, lambda: [_documents(lambda d: d[0].update(id="99"))]),
    Weather("a vector missing", EMBED, "answered", 2, lambda: [_vectors(lambda v: v.pop(0))]),
    Weather(
        "vectors in another order",
        EMBED,
        "answered",
        1,
        lambda: [_vectors(lambda v: v.reverse())],
    ),
    Weather(
        "a vector of another length",
        EMBED,
        "3 failed with WrongDimensions",
        1,
        lambda: [_vectors(lambda v: v[0].update(embedding=_vector(1, 2)))],
    ),
    Weather(
        "a vector with NaN",
        EMBED,
        "answered",
        2,
        lambda: [_vectors(lambda v: v[0].update(embedding=_vector(3, math.nan, 0, 0)))],
    ),
    Weather(
        "no answer, `timeout_ms=1500`",
        PHRASES,
        "ServiceTimeoutError Timeout",
        1,
        lambda: [Hang()],
        options={"timeout_ms": 1500},
    ),
    Weather(
        "job failed once",
        SUMMARIZE,
        "answered",
        2,
        polls=lambda: [_job(status="failed", errors=[{"code": "InternalServerError", "message": "no"}])],
    ),
    Weather("job cancelled by somebody", SUMMARIZE, "answered", 2, polls=lambda: [_job(status="cancelled")]),
    Weather("job expired", SUMMARIZE, "answered", 2, polls=lambda: [Status(404, body=_error("NotFound", "no job"))]),
    Weather(
        "polls answered with 500, 408, 504",
        SUMMARIZE,
        "answered",
        1,
        polls=lambda: [Status(500), Status(408), Status(504)],
    ),
    Weather("401", PHRASES, "AuthenticationError 401", 1, refuse=lambda _: Status(401, body=_DENIED)),
    Weather("404", EMBED, "DeploymentNotFoundError DeploymentNotFound", 1, refuse=lambda _: Status(404, body=_GONE)),
    Weather(
        "one text caught by the content filter",
        EMBED,
        "2 answered, 1 failed with content_filter",
        3,
        refuse=lambda texts: Status(400, body=_FILTERED) if TEXTS[0] in texts else None,
    ),
    Weather(
        "one text that spoils its request",
        PHRASES,
        "2 answered, 1 failed with InvalidDocument",
        5,
        refuse=lambda texts: Status(400, body=_POISON) if TEXTS[1] in texts else None,
    ),
]
