# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""The Responses API: ``/openai/responses`` and ``/openai/v1/responses``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.responses import Response

from pgazure.emulator.assistant import Conversation, Message
from pgazure.emulator.openai.messages import count_prompt
from pgazure.emulator.openai.models import CHAT
from pgazure.emulator.openai.response_input import Question, read_input
from pgazure.emulator.openai.response_writing import list_events, write, write_cancelled, write_queued
from pgazure.emulator.openai.sampling import (
    check_context,
    check_sampling,
    generate,
    read_alternatives,
    read_effort,
    read_most,
)
from pgazure.emulator.openai.schema_check import read_format
from pgazure.emulator.openai.shelf import Shelf
from pgazure.emulator.openai.tool_tokens import count_tools
from pgazure.emulator.openai.tools import read_tools
from pgazure.emulator.openai.wire import openai_headers, refuse_openai, send_events, write_event
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgazure.emulator.call import Call
    from pgazure.emulator.openai.deployments import Deployment
    from pgazure.emulator.openai.models import Model
    from pgazure.emulator.openai.service import Account
    from pgazure.emulator.openai.shelf import Kept

_LEAST_OUTPUT = 16
_WEIGHED = "message.output_text.logprobs"


@dataclass(frozen=True, slots=True)
class Responses:
    """What there is to the Responses API.

    Attributes:
        kept: Answers that may be asked for again or gone on from.
    """

    name: ClassVar[str] = "Responses"
    verb: ClassVar[str] = "responses"
    capability: ClassVar[str] = CHAT
    kept: Shelf = field(default_factory=lambda: Shelf("Response with id '{}' not found."))

    def read(self, call: Call, deployment: Deployment) -> Question:
        """Check the request."""
        body, model = call.body, deployment.model
        _refuse_what_is_kept_elsewhere(body)
        check_sampling(body, model)
        most = read_most(body, model, "max_output_tokens", least=_LEAST_OUTPUT)
        text = body.get("text") or {}
        schema, as_json = read_format(text.get("format") if isinstance(text, dict) else None, "text.format")
        offered = read_tools(body, nested=False)
        before = self._find_previous(body)
        given = read_input(body.get("input"), before.calls if before else ())
        memory = (*(before.memory if before else ()), *given.messages)
        instructions = body.get("instructions")
        above = (Message("system", instructions),) if isinstance(instructions, str) and instructions else ()
        if as_json and not any("json" in one.text.lower() for one in (*above, *memory)):
            message = (
                "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
                "'json_object'."
            )
            raise refuse_openai(message, "input")
        extra = count_tools(offered.tools, model)
        messages, prompt = _fit(above, memory, extra, model, body.get("truncation") == "auto")
        check_context(model, prompt, most, "input")
        reasoning = body.get("reasoning") or {}
        effort, thought = read_effort(
            reasoning.get("effort") if isinstance(reasoning, dict) else None, model, "reasoning.effort"
        )
        said = "\n".join(f"{one.role}: {one.text}" for one in messages)
        fixed = {name: body.get(name) for name in ("text", "tools", "tool_choice", "max_output_tokens", "temperature")}
        characters = sum(len(one.text) for one in messages)
        return Question(
            conversation=Conversation(messages, schema, as_json, offered.tools, offered.must, offered.parallel),
            given=given,
            memory=memory,
            most=most,
            alternatives=read_alternatives(body, _WEIGHED in (body.get("include") or ())),
            effort=effort,
            reasoning=thought,
            tokens=prompt,
            body=body,
            items=[Item(self.name, f"{deployment.name} {encode(fixed).decode()}", said, characters)],
        )

    def answer(self, call: Call, question: Question, account: Account) -> Response:
        """Say the next message."""
        model = account.deployment.model
        made = generate(question.conversation, model, question.most, reasoning=question.reasoning)
        account.charge(made.tokens)
        done = write(question, made, account.deployment.name)
        events = list(list_events(question, made, done, model.encoding))
        background, streams = bool(question.body.get("background")), bool(question.body.get("stream"))
        if question.stored:
            calls = tuple(one["call_id"] for one in done["output"] if one["type"] == "function_call")
            memory = (*question.memory, Message("assistant", made.text, bool(calls)))
            waiting = background and not streams
            said = question.given.items
            self.kept.put(done, said, memory=memory, events=events, calls=calls, waiting=waiting)
        headers = account.headers(call)
        if streams:
            return send_events(_send(events), headers)
        return Response(encode(write_queued(done) if background else done), headers=headers)

    def show(self, call: Call) -> Response:
        """Give an answer once more, whole or from one of its pieces on."""
        kept = self.kept.find(call)
        kept.waiting = False
        wanted = call.request.query_params
        if wanted.get("stream") != "true":
            return self.kept.show(call)
        after = wanted.get("starting_after", "")
        start = int(after) + 1 if after.isascii() and after.isdigit() else 0
        return send_events(_send(kept.events[start:]), openai_headers(call))

    def cancel(self, call: Call) -> Response:
        """End the work on an answer that is made in the background."""
        kept = self.kept.find(call)
        if not kept.body["background"]:
            raise refuse_openai("Cannot cancel a synchronous response.")
        if kept.waiting:
            kept.waiting = False
            kept.body = write_cancelled(kept.body)
            kept.events = ()
        return self.kept.show(call)

    def list_input(self, call: Call) -> Response:
        """List what an answer was given to."""
        kept = self.kept.find(call)
        page = self.kept.page(call, list(kept.said), newest_first=True)
        return Response(encode(page), headers=openai_headers(call))

    def _find_previous(self, body: dict[str, Any]) -> Kept | None:
        previous = body.get("previous_response_id")
        if not previous:
            return None
        kept = self.kept.get(previous)
        if kept is None:
            message = f"Previous response with id '{previous}' not found."
            raise refuse_openai(message, "previous_response_id", "previous_response_not_found")
        return kept


@dataclass(frozen=True, slots=True)
class InputTokens:
    """The route that counts the tokens of a request to the Responses API, and answers nothing else.

    Attributes:
        responses: What reads the request.
    """

    name: ClassVar[str] = "InputTokens"
    verb: ClassVar[str] = "responses"
    capability: ClassVar[str] = CHAT
    responses: Responses

    def read(self, call: Call, deployment: Deployment) -> Question:
        """Check the request."""
        return self.responses.read(call, deployment)

    def answer(self, call: Call, question: Question, account: Account) -> Response:
        """Say how many tokens there are."""
        body = {"object": "response.input_tokens", "input_tokens": question.tokens}
        return Response(encode(body), headers=account.headers(call))


def _refuse_what_is_kept_elsewhere(body: dict[str, Any]) -> None:
    conversation, prompt = body.get("conversation"), body.get("prompt")
    if conversation:
        name = conversation.get("id") if isinstance(conversation, dict) else conversation
        raise refuse_openai(f"Conversation with id '{name}' not found.", "conversation", status=404)
    if prompt:
        name = prompt.get("id") if isinstance(prompt, dict) else prompt
        raise refuse_openai(f"Prompt with id '{name}' not found.", "prompt", status=404)
    if body.get("background") and body.get("store") is False:
        raise refuse_openai("Background responses must be stored: set 'store' to true.", "store")


def _fit(
    above: tuple[Message, ...], memory: tuple[Message, ...], extra: int, model: Model, shorten: bool
) -> tuple[tuple[Message, ...], int]:
    """The messages and their tokens, without the oldest of them where they are to be shortened."""
    while True:
        messages = (*above, *memory)
        prompt = count_prompt(((one.role, one.text) for one in messages), model) + extra
        if not shorten or prompt <= model.context or len(memory) <= 1:
            return messages, prompt
        memory = memory[1:]


def _send(events: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for event in events:
        yield write_event(event, event["type"])
