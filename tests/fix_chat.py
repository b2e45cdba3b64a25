"""A loopback server that says what it is told to, as chat models, rerank models and scoring endpoints do."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@dataclass(frozen=True)
class Say:
    """An answer of a chat model.

    Attributes:
        content: A text, or what is written as JSON.
        finish: Why it ends.
        refusal: What is said instead of an answer.
    """

    content: Any = ""
    finish: str = "stop"
    refusal: str | None = None

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else json.dumps(self.content)


@dataclass(frozen=True)
class Fail:
    """An error status."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: Any
    text: str

    @property
    def prompt(self) -> str:
        """What the user said."""
        return self.body["messages"][-1]["content"]


class ChatServer:
    """Holds what was received, and what is said next.

    Attributes:
        replies: What is said to the next requests, first come first.
        answer: What is said where there is no reply left; it is called with the request.
        received: Every request, in order of arrival.
    """

    def __init__(self) -> None:
        self.endpoint = ""
        self.replies: deque[Any] = deque()
        self.answer: Callable[[Received], Any] = lambda request: Say(f"said: {request.prompt}")
        self.received: list[Received] = []

    async def respond(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        received = Received(request.path, dict(request.headers), json.loads(text), text)
        self.received.append(received)
        reply = self.replies.popleft() if self.replies else self.answer(received)
        if isinstance(reply, Fail):
            return web.json_response(reply.body, status=reply.status, headers=reply.headers)
        if not isinstance(reply, Say):
            return web.json_response(reply)
        if request.path.endswith("/responses"):
            return web.json_response(_response(reply))
        if received.body.get("stream"):
            return await _stream(request, reply)
        message = {"role": "assistant", "content": None if reply.refusal else reply.text, "refusal": reply.refusal}
        choices = [{"index": 0, "finish_reason": reply.finish, "message": message}]
        usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
        return web.json_response({"id": "c", "object": "chat.completion", "choices": choices, "usage": usage})


def _response(reply: Say) -> Any:
    if reply.refusal:
        content = {"type": "refusal", "refusal": reply.refusal}
    else:
        content = {"type": "output_text", "text": reply.text, "annotations": []}
    message = {"type": "message", "role": "assistant", "content": [content]}
    cut = reply.finish != "stop"
    return {
        "id": "r",
        "object": "response",
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": reply.finish} if cut else None,
        "output": [{"type": "reasoning", "summary": []}, message],
        "usage": {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
    }


async def _stream(request: web.Request, reply: Say) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    frame = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas: list[Any] = [{"role": "assistant", "content": ""}]
    deltas += [{"refusal": reply.refusal}] if reply.refusal else [{"content": word} for word in reply.text.split(" ")]
    events: list[Any] = [{**frame, "choices": []}]
    events += [{**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    if reply.finish != "broken":
        events.append({**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": reply.finish}]})
        events.append(
            {**frame, "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}
        )
    for event in events:
        await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
    await response.write(b"data: [DONE]\n\n")
    return response


@contextlib.asynccontextmanager
async def serve_chat() -> AsyncIterator[ChatServer]:
    server = ChatServer()
    app = web.Application()
    app.router.add_post("/{path:.*}", server.respond)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    server.endpoint = f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


@pytest.fixture
async def chat() -> AsyncIterator[ChatServer]:
    async with serve_chat() as server:
        yield server
