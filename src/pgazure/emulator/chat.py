# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""Chat completions of Azure OpenAI: deployments and ``/openai/v1``."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from time import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import Response, StreamingResponse

from pgazure.emulator.assistant import Conversation
from pgazure.emulator.chat_messages import count_prompt, read_messages
from pgazure.emulator.chat_models import find_chat_model
from pgazure.emulator.gateway import Work
from pgazure.emulator.models import tokens
from pgazure.emulator.openai_wire import rate_answer, rate_prompt, refuse_openai
from pgazure.emulator.sampling import check_context, check_sampling, generate, read_most, read_stops
from pgazure.emulator.schema_check import read_format
from pgazure.emulator.stats import Item
from pgazure.emulator.tools import read_tools
from pgazure.emulator.wire import Refusal, encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from pgazure.emulator.chat_models import ChatModel
    from pgazure.emulator.gateway import Call
    from pgazure.emulator.openai_wire import ModelServer
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.sampling import Generated

_MOST_CHOICES = 128
_MOST_ALTERNATIVES = 20
_SCHEMAS_SINCE = "2024-08-01"


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request.

    Attributes:
        deployment: Name of the deployment.
        model: The model behind it.
        conversation: What was said so far.
        most: Most tokens of the answer; ``None`` where any number will do.
        stops: Texts that end the answer.
        choices: How many answers are wanted.
        alternatives: How many alternatives to show for each token; ``None`` where no probabilities are wanted.
        stream: Whether the answer comes in pieces.
        with_usage: Whether a stream tells what it cost.
        tokens: Tokens of the prompt.
    """

    deployment: str
    model: ChatModel
    conversation: Conversation
    most: int | None
    stops: tuple[str, ...]
    choices: int
    alternatives: int | None
    stream: bool
    with_usage: bool
    tokens: int


def require_chat_model(deployment: str, operation: str) -> ChatModel:
    """The chat model behind a deployment.

    Raises:
        Refusal: It is a model for something else.
    """
    model = find_chat_model(deployment)
    if model is None:
        message = (
            f"The {operation} operation does not work with the specified model, {deployment}. Please "
            f"choose different model and try again."
        )
        raise Refusal(400, {"error": {"code": "OperationNotSupported", "message": message}})
    return model


def count_usage(prompt: int, completion: int) -> dict[str, Any]:
    """What an answer costs, as chat completions tell it."""
    return {
        "completion_tokens": completion,
        "completion_tokens_details": {
            "accepted_prediction_tokens": 0,
            "audio_tokens": 0,
            "reasoning_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        "prompt_tokens": prompt,
        "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
        "total_tokens": prompt + completion,
    }


def send_events(events: Iterable[bytes]) -> StreamingResponse:
    """Send server-sent events."""

    async def send() -> AsyncIterator[bytes]:
        for event in events:
            yield event

    return StreamingResponse(send())


@dataclass(frozen=True, slots=True)
class Chat:
    """The routes of chat completions."""

    server: ModelServer

    def operations(self, call: Call) -> list[str]:
        """Name the operation."""
        del call
        return ["ChatCompletions"]

    async def prepare(self, call: Call) -> Work:
        """Check the request."""
        deployment = self.server.read_deployment(call)
        model = require_chat_model(deployment, "chatCompletion")
        # Counting tokens takes time, and loading the vocabulary seconds.
        question = await self.server.gateway.compute(lambda: _read(call, deployment, model))
        said = question.conversation.messages
        self.server.filter(one.text for one in said)
        text = "\n".join(f"{one.role}: {one.text}" for one in said)
        fixed = encode(
            {
                name: value
                for name, value in call.body.items()
                if name not in {"messages", "stream", "stream_options", "user"}
            }
        )
        items = [Item("ChatCompletions", f"{deployment} {fixed.decode()}", text, sum(len(one.text) for one in said))]
        quota = f"ChatCompletions {deployment}"

        async def answer(verdict: Verdict) -> Response:
            return await self.server.gateway.compute(self._answer(call, question, quota, verdict))

        return Work(items, answer, question.tokens, (quota,))

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota, and say when to come again."""
        del operation
        return self.server.throttle(call, "ChatCompletions_Create", verdict)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        return self.server.refuse(call, refusal)

    def _answer(self, call: Call, question: Question, quota: str, verdict: Verdict) -> Callable[[], Response]:
        def compute() -> Response:
            made = generate(question.conversation, question.model, question.most, question.stops)
            cost = made.tokens * question.choices
            self.server.gateway.quota.charge(quota, cost)
            self.server.gateway.stats.spend(["ChatCompletions"], cost)
            head = {"created": int(time()), "id": f"chatcmpl-{uuid4().hex[:29]}", "model": question.model.name}
            headers = self.server.answer_headers(call, verdict, question.deployment)
            if question.stream:
                response = send_events(_stream(question, made, head))
                response.headers.update(headers | {"Content-Type": "text/event-stream; charset=utf-8"})
                return response
            body = {
                "choices": [_write_choice(question, made, index) for index in range(question.choices)],
                **head,
                "object": "chat.completion",
                "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": rate_prompt()}],
                "system_fingerprint": _fingerprint(question.model),
                "usage": count_usage(question.tokens, cost),
            }
            return Response(encode(body), headers=headers)

        return compute


def _fingerprint(model: ChatModel) -> str:
    return f"fp_{blake2b(model.name.encode(), digest_size=5).hexdigest()}"


def _write_choice(question: Question, made: Generated, index: int) -> dict[str, Any]:
    refused = made.reply.refusal is not None
    message: dict[str, Any] = {
        "annotations": [],
        "content": None if made.reply.calls or refused else made.text,
        "refusal": made.text if refused else None,
        "role": "assistant",
    }
    if made.reply.calls:
        message["tool_calls"] = [
            {
                "function": {"arguments": one.arguments, "name": one.name},
                "id": _call_id(place, one.arguments),
                "type": "function",
            }
            for place, one in enumerate(made.reply.calls)
        ]
    return {
        "content_filter_results": {} if made.reply.calls else rate_answer(),
        "finish_reason": made.finish,
        "index": index,
        "logprobs": _weigh(question, made, made.pieces),
        "message": message,
    }


def _call_id(place: int, arguments: str) -> str:
    return f"call_{place}{blake2b(arguments.encode(), digest_size=11).hexdigest()}"


def _weigh(question: Question, made: Generated, pieces: list[str]) -> dict[str, Any] | None:
    """The tokens' probabilities: each is certain, for nothing here is left to chance."""
    if question.alternatives is None:
        return None
    weighed = []
    for piece in pieces:
        one = {"token": piece, "logprob": 0.0, "bytes": list(piece.encode())}
        weighed.append({**one, "top_logprobs": [one] if question.alternatives else []})
    refused = made.reply.refusal is not None
    return {"content": None if refused else weighed, "refusal": weighed if refused else None}


def _stream(question: Question, made: Generated, head: dict[str, Any]) -> Iterable[bytes]:
    filtered = [{"prompt_index": 0, "content_filter_results": rate_prompt()}]
    yield _event({"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": filtered})
    for index in range(question.choices):
        for number, (delta, finish, rated, pieces) in enumerate(_list_deltas(made)):
            choice = {
                "content_filter_results": rated,
                "delta": delta,
                "finish_reason": finish,
                "index": index,
                "logprobs": _weigh(question, made, pieces) if pieces else None,
            }
            yield _event(_chunk(question, head, number) | {"choices": [choice]})
    if question.with_usage:
        usage = count_usage(question.tokens, made.tokens * question.choices)
        yield _event(_chunk(question, head, 0) | {"choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def _list_deltas(made: Generated) -> Iterable[tuple[dict[str, Any], str | None, dict[str, Any], list[str]]]:
    """What each chunk adds, whether it ends the choice, what the filter says of it, and its tokens."""
    if made.reply.calls:
        for place, one in enumerate(made.reply.calls):
            function = {"arguments": "", "name": one.name}
            first: dict[str, Any] = {
                "tool_calls": [
                    {"function": function, "id": _call_id(place, one.arguments), "index": place, "type": "function"}
                ]
            }
            yield ({"content": None, "refusal": None, "role": "assistant"} if not place else {}) | first, None, {}, []
            for piece in tokens.cut(one.arguments, "o200k_base"):
                yield {"tool_calls": [{"function": {"arguments": piece}, "index": place}]}, None, {}, []
    else:
        name = "content" if made.reply.refusal is None else "refusal"
        yield {"content": "" if name == "content" else None, "refusal": None, "role": "assistant"}, None, {}, []
        for piece in made.pieces:
            yield {name: piece}, None, rate_answer(), [piece]
    yield {}, made.finish, {}, []


def _chunk(question: Question, head: dict[str, Any], number: int) -> dict[str, Any]:
    # Padding of changing length, so that a listener cannot tell the words by the size of the packets.
    padding = blake2b(f"{head['id']} {number}".encode()).hexdigest()[: number % 16]
    chunk = {"choices": [], **head, "obfuscation": padding, "object": "chat.completion.chunk"}
    chunk["system_fingerprint"] = _fingerprint(question.model)
    return chunk | {"usage": None} if question.with_usage else chunk


def _event(body: dict[str, Any]) -> bytes:
    return b"data: " + encode(body) + b"\n\n"


def _read(call: Call, deployment: str, model: ChatModel) -> Question:
    body = call.body
    messages = read_messages(body)
    check_sampling(body, model)
    most = read_most(body, model, "max_completion_tokens", "max_tokens")
    schema, as_json = read_format(body.get("response_format"), "response_format")
    version = call.request.query_params.get("api-version", "")
    if schema is not None and version and version[:10] < _SCHEMAS_SINCE:
        message = "response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later"
        raise Refusal(400, {"error": {"code": "BadRequest", "message": message}})
    if as_json and not any("json" in one.text.lower() for one in messages):
        message = (
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        )
        raise refuse_openai(message, "messages")
    tools, must_call = read_tools(body, nested=True)
    prompt = count_prompt(((one.role, one.text) for one in messages), model)
    if tools:
        prompt += tokens.count(encode(body["tools"]).decode(), model.encoding)
    check_context(model, prompt, most)
    stream = bool(body.get("stream"))
    options = body.get("stream_options")
    if options is not None and not stream:
        raise refuse_openai(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options"
        )
    return Question(
        deployment,
        model,
        Conversation(tuple(messages), schema, as_json, tools, must_call),
        most,
        read_stops(body),
        _read_choices(body),
        _read_alternatives(body),
        stream,
        bool(isinstance(options, dict) and options.get("include_usage")),
        prompt,
    )


def _read_choices(body: dict[str, Any]) -> int:
    count = body.get("n")
    if count is None:
        return 1
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _MOST_CHOICES:
        raise refuse_openai(f"Invalid 'n': expected an integer from 1 to {_MOST_CHOICES}.", "n", "invalid_value")
    return count


def _read_alternatives(body: dict[str, Any]) -> int | None:
    count = body.get("top_logprobs")
    if not body.get("logprobs"):
        if count:
            raise refuse_openai(
                "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", "top_logprobs"
            )
        return None
    if count is not None and (
        isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _MOST_ALTERNATIVES
    ):
        message = f"Invalid 'top_logprobs': expected an integer from 0 to {_MOST_ALTERNATIVES}."
        raise refuse_openai(message, "top_logprobs", "invalid_value")
    return count or 0
