# what is raised is built by a function, from a code and a message
"""Chat completions."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from starlette.responses import Response

from pgazure.emulator.assistant import Conversation
from pgazure.emulator.openai.chat_writing import Answer, stream, write
from pgazure.emulator.openai.makers import stream_xai, write_xai
from pgazure.emulator.openai.messages import count_prompt, read_messages
from pgazure.emulator.openai.models import CHAT, XAI
from pgazure.emulator.openai.sampling import (
    check_context,
    check_sampling,
    generate,
    read_alternatives,
    read_choices,
    read_effort,
    read_most,
    read_stops,
)
from pgazure.emulator.openai.schema_check import read_format
from pgazure.emulator.openai.shelf import Shelf
from pgazure.emulator.openai.tool_tokens import count_tools
from pgazure.emulator.openai.tools import read_tools
from pgazure.emulator.openai.wire import openai_headers, refuse_openai, send_events
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import Refusal, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.emulator.call import Call
    from pgazure.emulator.openai.deployments import Deployment
    from pgazure.emulator.openai.service import Account

_SCHEMAS_SINCE = "2024-08-01"
# What does not change the answer.
_ASIDE = frozenset({"messages", "stream", "stream_options", "user", "metadata", "store", "safety_identifier"})


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request.

    Attributes:
        conversation: What was said so far.
        most: Most tokens of the answer; ``None`` where any number will do.
        stops: Texts that end the answer.
        choices: How many answers are wanted.
        alternatives: How many alternatives to show for each token; ``None`` where no probabilities are wanted.
        stream: Whether the answer comes in pieces.
        with_usage: Whether a stream tells what it cost.
        padded: Whether the pieces of a stream are padded.
        legacy: Whether a call is written in the form before there were tools.
        reasoning: Tokens that the model thinks for before it speaks.
        tokens: Tokens of the prompt.
        items: The conversation for the counters.
    """

    conversation: Conversation
    most: int | None
    stops: tuple[str, ...]
    choices: int
    alternatives: int | None
    stream: bool
    with_usage: bool
    padded: bool
    legacy: bool
    reasoning: int
    tokens: int
    items: Sequence[Item]

    @property
    def prompts(self) -> Sequence[str]:
        """What the content filter looks at."""
        return [one.text for one in self.conversation.messages]


@dataclass(frozen=True, slots=True)
class Chat:
    """What there is to chat completions.

    Attributes:
        kept: Answers that were to be stored.
    """

    name: ClassVar[str] = "ChatCompletions"
    verb: ClassVar[str] = "chatCompletion"
    capability: ClassVar[str] = CHAT
    kept: Shelf = field(default_factory=lambda: Shelf("Chat completion with id '{}' not found."))

    def read(self, call: Call, deployment: Deployment) -> Question:
        """Check the request."""
        body, model = call.body, deployment.model
        messages = read_messages(body)
        check_sampling(body, model)
        most = read_most(body, model, "max_completion_tokens", "max_tokens")
        schema, as_json = read_format(body.get("response_format"), "response_format")
        _check_version(call, needs_schemas=schema is not None)
        if as_json and not any("json" in one.text.lower() for one in messages):
            message = (
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
            )
            raise refuse_openai(message, "messages")
        offered = read_tools(body, nested=True)
        prompt = count_prompt(((one.role, one.text) for one in messages), model)
        prompt += count_tools(offered.tools, model)
        check_context(model, prompt, most)
        wants_stream, options = _read_stream(body)
        _, reasoning = read_effort(body.get("reasoning_effort"), model, "reasoning_effort")
        said = "\n".join(f"{one.role}: {one.text}" for one in messages)
        fixed = encode({name: value for name, value in body.items() if name not in _ASIDE}).decode()
        return Question(
            conversation=Conversation(tuple(messages), schema, as_json, offered.tools, offered.must, offered.parallel),
            most=most,
            stops=read_stops(body),
            choices=read_choices(body),
            alternatives=read_alternatives(body, bool(body.get("logprobs"))),
            stream=wants_stream,
            with_usage=bool(options.get("include_usage")),
            padded=options.get("include_obfuscation") is not False,
            legacy=offered.legacy,
            reasoning=reasoning,
            tokens=prompt,
            items=[Item(self.name, f"{deployment.name} {fixed}", said, sum(len(one.text) for one in messages))],
        )

    def answer(self, call: Call, question: Question, account: Account) -> Response:
        """Say the next message."""
        model = account.deployment.model
        made = generate(question.conversation, model, question.most, question.stops, question.reasoning)
        account.charge(made.tokens * question.choices)
        answer = Answer(
            made=made,
            model=model,
            choices=question.choices,
            alternatives=question.alternatives,
            prompt=question.tokens,
            legacy=question.legacy,
            head={"created": int(time()), "id": f"chatcmpl-{uuid4().hex[:29]}", "model": model.name},
        )
        theirs = model.maker == XAI
        headers = account.headers(call)
        body = write_xai(answer) if theirs else write(answer)
        if call.body.get("store") is True:
            self.kept.put(body | {"metadata": call.body.get("metadata") or {}}, tuple(call.body["messages"]))
        if question.stream:
            if theirs:
                return send_events(stream_xai(answer, with_usage=question.with_usage), headers, "text/event-stream")
            return send_events(stream(answer, with_usage=question.with_usage, padded=question.padded), headers)
        return Response(encode(body), headers=headers)

    def list_messages(self, call: Call) -> Response:
        """List the messages that a stored answer was given to."""
        kept = self.kept.find(call)
        data = [
            {"id": f"{kept.body['id']}-{place}", "name": None, "content_parts": None, **message}
            for place, message in enumerate(kept.said)
        ]
        return Response(encode(self.kept.page(call, data)), headers=openai_headers(call))


def _check_version(call: Call, *, needs_schemas: bool) -> None:
    version = call.request.query_params.get("api-version", "")
    if needs_schemas and version[:1].isdigit() and version[:10] < _SCHEMAS_SINCE:
        message = "response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later"
        raise Refusal(400, {"error": {"code": "BadRequest", "message": message}})


def _read_stream(body: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    wanted = bool(body.get("stream"))
    options = body.get("stream_options")
    if options is not None and not wanted:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise refuse_openai(message, "stream_options")
    return wanted, options if isinstance(options, dict) else {}
