# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""Two small routes of Azure OpenAI: the completions of old, and the list of models."""

from __future__ import annotations

from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import Response

from pgazure.emulator.assistant import Conversation, Message
from pgazure.emulator.chat import require_chat_model, send_events
from pgazure.emulator.chat_models import list_chat_models
from pgazure.emulator.gateway import Work
from pgazure.emulator.models import tokens
from pgazure.emulator.openai_wire import openai_headers, rate_answer, rate_prompt, refuse_openai
from pgazure.emulator.sampling import check_context, check_sampling, generate, read_most, read_stops
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgazure.emulator.chat_models import ChatModel
    from pgazure.emulator.gateway import Call
    from pgazure.emulator.openai_wire import ModelServer
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.sampling import Generated
    from pgazure.emulator.wire import Refusal

_DEFAULT_MOST = 16
_MOST_PROMPTS = 20
_EMBEDDING_MODELS = ("text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002")
_CREATED = 1_735_689_600


@dataclass(frozen=True, slots=True)
class Completions:
    """The routes of the completions of old: a prompt and not a conversation."""

    server: ModelServer

    def operations(self, call: Call) -> list[str]:
        """Name the operation."""
        del call
        return ["Completions"]

    async def prepare(self, call: Call) -> Work:
        """Check the request."""
        deployment = self.server.read_deployment(call)
        model = require_chat_model(deployment, "completion")
        prompts, most, cost = await self.server.gateway.compute(lambda: _read(call.body, model))
        stops = read_stops(call.body)
        self.server.filter(prompts)
        items = [Item("Completions", f"{deployment} {most} {stops}", prompt, len(prompt)) for prompt in prompts]
        quota = f"Completions {deployment}"

        def compute(verdict: Verdict) -> Callable[[], Response]:
            def make() -> Response:
                made = [generate(Conversation((Message("user", one),)), model, most, stops) for one in prompts]
                spent = sum(one.tokens for one in made)
                self.server.gateway.quota.charge(quota, spent)
                self.server.gateway.stats.spend(["Completions"], spent)
                body = {
                    "id": f"cmpl-{uuid4().hex[:29]}",
                    "object": "text_completion",
                    "created": int(time()),
                    "model": model.name,
                    "prompt_filter_results": [
                        {"prompt_index": place, "content_filter_results": rate_prompt()}
                        for place in range(len(prompts))
                    ],
                    "choices": [_write_choice(place, one.text, one.finish) for place, one in enumerate(made)],
                    "usage": {"completion_tokens": spent, "prompt_tokens": cost, "total_tokens": cost + spent},
                }
                headers = self.server.answer_headers(call, verdict, deployment)
                if call.body.get("stream"):
                    response = send_events(_stream(body, made))
                    response.headers.update(headers | {"Content-Type": "text/event-stream; charset=utf-8"})
                    return response
                return Response(encode(body), headers=headers)

            return make

        async def answer(verdict: Verdict) -> Response:
            return await self.server.gateway.compute(compute(verdict))

        return Work(items, answer, cost, (quota,))

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota, and say when to come again."""
        del operation
        return self.server.throttle(call, "Completions_Create", verdict)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        return self.server.refuse(call, refusal)


def _write_choice(place: int, text: str, finish: str | None) -> dict[str, Any]:
    return {
        "content_filter_results": rate_answer(),
        "finish_reason": finish,
        "index": place,
        "logprobs": None,
        "text": text,
    }


def _stream(body: dict[str, Any], made: list[Generated]) -> Iterator[bytes]:
    head = {name: body[name] for name in ("id", "object", "created", "model")}
    for place, one in enumerate(made):
        for piece in one.pieces:
            yield b"data: " + encode(head | {"choices": [_write_choice(place, piece, None)]}) + b"\n\n"
        yield b"data: " + encode(head | {"choices": [_write_choice(place, "", one.finish)]}) + b"\n\n"
    yield b"data: [DONE]\n\n"


def _read(body: dict[str, Any], model: ChatModel) -> tuple[list[str], int, int]:
    check_sampling(body, model)
    # Where nothing is said, this API stops early.
    most = read_most(body, model, "max_tokens") or _DEFAULT_MOST
    given = body.get("prompt")
    prompts = [given] if isinstance(given, str) else given
    if not isinstance(prompts, list) or not prompts or not all(isinstance(one, str) for one in prompts):
        raise refuse_openai(
            "Invalid value for 'prompt': expected a string or an array of strings.", "prompt", "invalid_value"
        )
    if len(prompts) > _MOST_PROMPTS:
        raise refuse_openai(f"Too many prompts. The max number of prompts is {_MOST_PROMPTS}.", "prompt")
    costs = [tokens.count(one, model.encoding) for one in prompts]
    check_context(model, max(costs), most, "prompt")
    return prompts, most, sum(costs)


def list_models(call: Call) -> Response:
    """List the models that deployments may stand for."""
    names = (*list_chat_models(), *_EMBEDDING_MODELS)
    data = [_write_model(name) for name in names]
    return Response(encode({"data": data, "object": "list"}), headers=openai_headers(call))


def show_model(call: Call) -> Response:
    """Describe one model."""
    name = call.request.path_params["model"]
    if name not in (*list_chat_models(), *_EMBEDDING_MODELS):
        error = {"code": "ResourceNotFound", "message": f"The model '{name}' does not exist."}
        return Response(encode({"error": error}), 404, headers=openai_headers(call))
    return Response(encode(_write_model(name)), headers=openai_headers(call))


def _write_model(name: str) -> dict[str, Any]:
    embeds = name in _EMBEDDING_MODELS
    return {
        "status": "succeeded",
        "capabilities": {
            "fine_tune": False,
            "inference": True,
            "completion": not embeds,
            "chat_completion": not embeds,
            "embeddings": embeds,
        },
        "lifecycle_status": "generally-available",
        "id": name,
        "created_at": _CREATED,
        "created": _CREATED,
        "object": "model",
        "owned_by": "emulator",
    }
