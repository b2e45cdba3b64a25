# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""The Responses API of Azure OpenAI: ``/openai/responses`` and ``/openai/v1/responses``."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import Response

from pgazure.emulator.assistant import Conversation, Message
from pgazure.emulator.chat import require_chat_model, send_events
from pgazure.emulator.chat_messages import count_prompt, read_content
from pgazure.emulator.gateway import Work
from pgazure.emulator.models import tokens
from pgazure.emulator.openai_wire import openai_headers, rate_answer, rate_prompt, refuse_openai
from pgazure.emulator.sampling import check_context, check_sampling, generate, read_most
from pgazure.emulator.schema_check import read_format
from pgazure.emulator.stats import Item
from pgazure.emulator.tools import read_tools
from pgazure.emulator.wire import Refusal, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgazure.emulator.chat_models import ChatModel
    from pgazure.emulator.gateway import Call
    from pgazure.emulator.openai_wire import ModelServer
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.sampling import Generated

_ROLES = ("system", "assistant", "user", "developer")
_TEXTS = ("input_text", "output_text", "text", "refusal")
_LEAST_OUTPUT = 16
_KEPT = 1_000
_PASSED_OVER = ("reasoning", "item_reference")
# What an answer repeats of its request, and what it says where the request is silent.
_ECHOED: dict[str, Any] = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
    "metadata": {},
}


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request.

    Attributes:
        deployment: Name of the deployment.
        model: The model behind it.
        conversation: What was said so far.
        said: The same without this request's instructions, which do not outlive it.
        most: Most tokens of the answer; ``None`` where any number will do.
        tokens: Tokens of the prompt.
        body: The request.
    """

    deployment: str
    model: ChatModel
    conversation: Conversation
    said: tuple[Message, ...]
    most: int | None
    tokens: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Responses:
    """The routes of the Responses API.

    Attributes:
        server: The common part.
        kept: Answers that may be asked for again or gone on from, and what was said up to them.
    """

    server: ModelServer
    kept: OrderedDict[str, tuple[dict[str, Any], tuple[Message, ...]]] = field(default_factory=OrderedDict)

    def operations(self, call: Call) -> list[str]:
        """Name the operation."""
        del call
        return ["Responses"]

    async def prepare(self, call: Call) -> Work:
        """Check the request."""
        deployment = self.server.read_deployment(call)
        model = require_chat_model(deployment, "responses")
        # Counting tokens takes time, and loading the vocabulary seconds.
        question = await self.server.gateway.compute(lambda: self._read(call.body, deployment, model))
        messages = question.conversation.messages
        self.server.filter(one.text for one in messages)
        text = "\n".join(f"{one.role}: {one.text}" for one in messages)
        fixed = encode(
            {name: call.body.get(name) for name in ("text", "tools", "tool_choice", "max_output_tokens", "temperature")}
        )
        item = Item("Responses", f"{deployment} {fixed.decode()}", text, sum(len(one.text) for one in messages))
        quota = f"Responses {deployment}"

        async def answer(verdict: Verdict) -> Response:
            return await self.server.gateway.compute(self._answer(call, question, quota, verdict))

        return Work([item], answer, question.tokens, (quota,))

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota, and say when to come again."""
        del operation
        return self.server.throttle(call, "Responses_Create", verdict)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        return self.server.refuse(call, refusal)

    def show(self, call: Call) -> Response:
        """Give an answer once more."""
        name = call.request.path_params["response"]
        if name not in self.kept:
            return self._miss(call, name)
        return Response(encode(self.kept[name][0]), headers=openai_headers(call))

    def delete(self, call: Call) -> Response:
        """Forget an answer."""
        name = call.request.path_params["response"]
        if self.kept.pop(name, None) is None:
            return self._miss(call, name)
        return Response(encode({"id": name, "object": "response", "deleted": True}), headers=openai_headers(call))

    def _miss(self, call: Call, name: str) -> Response:
        error = {
            "message": f"Response with id '{name}' not found.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
        return Response(encode({"error": error}), 404, headers=openai_headers(call))

    def _answer(self, call: Call, question: Question, quota: str, verdict: Verdict) -> Callable[[], Response]:
        def compute() -> Response:
            made = generate(question.conversation, question.model, question.most)
            self.server.gateway.quota.charge(quota, made.tokens)
            self.server.gateway.stats.spend(["Responses"], made.tokens)
            done = _write(question, made, f"resp_{uuid4().hex}{uuid4().hex[:18]}")
            if question.body.get("store", True) is not False:
                self._keep(question, made, done)
            headers = self.server.answer_headers(call, verdict, question.deployment)
            if question.body.get("stream"):
                response = send_events(_stream(done, made))
                response.headers.update(headers | {"Content-Type": "text/event-stream; charset=utf-8"})
                return response
            return Response(encode(done), headers=headers)

        return compute

    def _keep(self, question: Question, made: Generated, done: dict[str, Any]) -> None:
        said = (*question.said, Message("assistant", made.text, bool(made.reply.calls)))
        self.kept[done["id"]] = (done, said)
        while len(self.kept) > _KEPT:
            self.kept.popitem(last=False)

    def _read(self, body: dict[str, Any], deployment: str, model: ChatModel) -> Question:
        check_sampling(body, model)
        most = read_most(body, model, "max_output_tokens", least=_LEAST_OUTPUT)
        text = body.get("text") or {}
        schema, as_json = read_format(text.get("format") if isinstance(text, dict) else None, "text.format")
        tools, must_call = read_tools(body, nested=False)
        before: tuple[Message, ...] = ()
        if previous := body.get("previous_response_id"):
            if not isinstance(previous, str) or previous not in self.kept:
                message = f"Previous response with id '{previous}' not found."
                raise refuse_openai(message, "previous_response_id", "previous_response_not_found")
            before = self.kept[previous][1]
        said = (*before, *_read_input(body.get("input")))
        instructions = body.get("instructions")
        above = (Message("system", instructions),) if isinstance(instructions, str) and instructions else ()
        messages = (*above, *said)
        if as_json and not any("json" in one.text.lower() for one in messages):
            message = (
                "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
                "'json_object'."
            )
            raise refuse_openai(message, "input")
        prompt = count_prompt(((one.role, one.text) for one in messages), model)
        if tools:
            prompt += tokens.count(encode(body["tools"]).decode(), model.encoding)
        check_context(model, prompt, most, "input")
        conversation = Conversation(messages, schema, as_json, tools, must_call)
        return Question(deployment, model, conversation, said, most, prompt, body)


def _read_input(given: Any) -> list[Message]:
    if isinstance(given, str):
        return [Message("user", given)]
    if not isinstance(given, list):
        if given is None:
            raise refuse_openai("Missing required parameter: 'input'.", "input", "missing_required_parameter")
        message = "Invalid type for 'input': expected one of a string or array of objects."
        raise refuse_openai(message, "input", "invalid_type")
    return [one for place, item in enumerate(given) if (one := _read_item(item, place)) is not None]


def _read_item(item: Any, place: int) -> Message | None:
    kind = item.get("type", "message") if isinstance(item, dict) else None
    if kind == "function_call":
        return Message("assistant", "", calls=True)
    if kind == "function_call_output":
        return Message("tool", read_content(item.get("output"), f"input[{place}].output", _TEXTS))
    if kind in _PASSED_OVER:
        return None
    if kind != "message" or item.get("role") not in _ROLES:
        known = "'assistant', 'system', 'developer', and 'user'"
        value = item.get("role") if kind == "message" else kind
        raise refuse_openai(
            f"Invalid value: '{value}'. Supported values are: {known}.", f"input[{place}]", "invalid_value"
        )
    return Message(item["role"], read_content(item.get("content"), f"input[{place}].content", _TEXTS))


def _write(question: Question, made: Generated, name: str) -> dict[str, Any]:
    """The finished answer."""
    now = int(time())
    cut_off = made.finish == "length"
    status = "incomplete" if cut_off else "completed"
    echoed = {
        key: question.body[key] if question.body.get(key) is not None else value for key, value in _ECHOED.items()
    }
    prompt_length = sum(len(one.text) for one in question.conversation.messages)
    return {
        "id": name,
        "object": "response",
        "created_at": now,
        "status": status,
        "completed_at": None if cut_off else now,
        "content_filters": [
            _write_filter("prompt", rate_prompt(), prompt_length),
            _write_filter("completion", rate_answer(), len(made.text)),
        ],
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut_off else None,
        "model": question.deployment,
        "output": _write_output(made, status),
        "service_tier": "default",
        **echoed,
        "usage": {
            "input_tokens": question.tokens,
            "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
            "output_tokens": made.tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": question.tokens + made.tokens,
        },
    }


def _write_filter(source: str, rated: dict[str, Any], length: int) -> dict[str, Any]:
    return {
        "blocked": False,
        "source_type": source,
        "content_filter_raw": [],
        "content_filter_results": rated,
        "content_filter_offsets": {"start_offset": 0, "end_offset": length, "check_offset": 0},
    }


def _write_output(made: Generated, status: str) -> list[dict[str, Any]]:
    if made.reply.calls:
        return [
            {
                "id": f"fc_{uuid4().hex}",
                "type": "function_call",
                "status": "completed",
                "arguments": one.arguments,
                "call_id": f"call_{uuid4().hex[:24]}",
                "name": one.name,
            }
            for one in made.reply.calls
        ]
    message = {"id": f"msg_{uuid4().hex}", "type": "message", "status": status}
    return [{**message, "content": [_write_part(made, made.text)], "role": "assistant"}]


def _write_part(made: Generated, text: str) -> dict[str, Any]:
    if made.reply.refusal is not None:
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _stream(done: dict[str, Any], made: Generated) -> Iterator[bytes]:
    for number, event in enumerate(_list_events(done, made)):
        body = event | {"sequence_number": number}
        yield f"event: {event['type']}\n".encode() + b"data: " + encode(body) + b"\n\n"


def _list_events(done: dict[str, Any], made: Generated) -> Iterator[dict[str, Any]]:
    empty: dict[str, Any] = {
        "output": [],
        "usage": None,
        "completed_at": None,
        "content_filters": None,
        "incomplete_details": None,
    }
    begun = done | empty | {"status": "in_progress"}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(done["output"]):
        place = {"item_id": item["id"], "output_index": index}
        if item["type"] == "function_call":
            started = item | {"status": "in_progress", "arguments": ""}
            yield {"type": "response.output_item.added", "item": started, "output_index": index}
            for piece in tokens.cut(item["arguments"], "o200k_base"):
                yield {"type": "response.function_call_arguments.delta", "delta": piece, **place}
            whole = {"arguments": item["arguments"], "name": item["name"]}
            yield {"type": "response.function_call_arguments.done", **whole, **place}
        else:
            started = item | {"status": "in_progress", "content": []}
            yield {"type": "response.output_item.added", "item": started, "output_index": index}
            yield from _list_text_events(made, place | {"content_index": 0})
        yield {"type": "response.output_item.done", "item": item, "output_index": index}
    yield {"type": f"response.{done['status']}", "response": done}


def _list_text_events(made: Generated, place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    refused = made.reply.refusal is not None
    name = "refusal" if refused else "output_text"
    extra: dict[str, Any] = {} if refused else {"logprobs": []}
    field_name = "refusal" if refused else "text"
    yield {"type": "response.content_part.added", "part": _write_part(made, ""), **place}
    for piece in made.pieces:
        yield {"type": f"response.{name}.delta", "delta": piece, **extra, **place}
    yield {"type": f"response.{name}.done", field_name: made.text, **extra, **place}
    yield {"type": "response.content_part.done", "part": _write_part(made, made.text), **place}
