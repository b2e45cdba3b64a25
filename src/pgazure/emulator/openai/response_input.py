# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""What is asked of the Responses API: a text, or messages, calls and their results, and how to answer them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pgazure.emulator.assistant import Message
from pgazure.emulator.openai.messages import read_content
from pgazure.emulator.openai.wire import refuse_missing, refuse_openai, refuse_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgazure.emulator.assistant import Conversation
    from pgazure.emulator.stats import Item

_ROLES = ("system", "assistant", "user", "developer")
_TEXTS = ("input_text", "output_text", "text", "refusal")
_PASSED_OVER = ("reasoning", "item_reference")
_IDS = {"message": "msg", "function_call": "fc", "function_call_output": "fco"}


@dataclass(frozen=True, slots=True)
class Input:
    """What a request adds to a conversation.

    Attributes:
        messages: As the assistant reads it.
        items: As it is listed later.
    """

    messages: tuple[Message, ...]
    items: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request.

    Attributes:
        conversation: What was said so far.
        given: What this request adds to it.
        memory: The conversation without this request's instructions, which do not outlive it.
        most: Most tokens of the answer; ``None`` where any number will do.
        alternatives: How many alternatives to show for each token; ``None`` where no probabilities are wanted.
        effort: How hard the model thinks; empty where it is no reasoning model.
        reasoning: Tokens that it thinks for before it speaks.
        tokens: Tokens of the prompt.
        body: The request.
        items: The conversation for the counters.
    """

    conversation: Conversation
    given: Input
    memory: tuple[Message, ...]
    most: int | None
    alternatives: int | None
    effort: str
    reasoning: int
    tokens: int
    body: dict[str, Any]
    items: Sequence[Item]

    @property
    def prompts(self) -> Sequence[str]:
        """What the content filter looks at."""
        return [one.text for one in self.conversation.messages]

    @property
    def stored(self) -> bool:
        """Whether the answer is to be kept."""
        return self.body.get("store") is not False


def read_input(given: Any, calls: Iterable[str] = ()) -> Input:
    """Read the input.

    Args:
        given: The request's ``input``.
        calls: Ids of calls that the conversation waits for.

    Raises:
        Refusal: It is missing or not valid, or calls and their results do not match.
    """
    if given is None:
        raise refuse_missing("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(items, list):
        raise refuse_type("input", "one of a string or array of objects")
    awaited = list(calls)
    messages = []
    for place, item in enumerate(items):
        kind = item.get("type", "message") if isinstance(item, dict) else None
        if kind == "function_call":
            awaited.append(str(item.get("call_id")))
        elif kind == "function_call_output":
            name = str(item.get("call_id"))
            if name not in awaited:
                message = f"No tool call found for function call output with call_id {name}."
                raise refuse_openai(message, "input")
            awaited.remove(name)
        if (one := _read_item(item, kind, place)) is not None:
            messages.append(one)
    if awaited:
        raise refuse_openai(f"No tool output found for function call {awaited[0]}.", "input")
    return Input(tuple(messages), tuple(_list_item(item) for item in items))


def _read_item(item: Any, kind: Any, place: int) -> Message | None:
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


def _list_item(item: dict[str, Any]) -> dict[str, Any]:
    kind = item.get("type", "message")
    content = item.get("content")
    if isinstance(content, str):
        part = "output_text" if item.get("role") == "assistant" else "input_text"
        content = [{"type": part, "text": content} | ({"annotations": []} if part == "output_text" else {})]
    told = {"id": item.get("id") or f"{_IDS.get(kind, 'item')}_{uuid4().hex}", "type": kind, "status": "completed"}
    return told | item | ({"content": content} if content is not None else {})
