# ruff: noqa: EM101, EM102  # what is raised is built by a function, from a code and a message
"""The messages of a conversation: checked, put into text, counted in tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.emulator.assistant import Message
from pgazure.emulator.models import tokens
from pgazure.emulator.openai.wire import refuse_missing, refuse_openai, refuse_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgazure.emulator.openai.models import Model
    from pgazure.emulator.wire import Refusal

_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_MOST_MESSAGES = 2_048
# What the frame of each message, and of the whole prompt, costs besides its words.
_FRAME = 3


def count_prompt(messages: Iterable[tuple[str, str]], model: Model) -> int:
    """Count the tokens of a prompt: its messages, their roles, and the frame around them."""
    total = _FRAME
    for role, text in messages:
        total += _FRAME + tokens.count(role, model.encoding) + tokens.count(text, model.encoding)
    return total - model.reasons


def read_messages(body: dict[str, Any]) -> list[Message]:
    """Read the messages of a request.

    Raises:
        Refusal: There are none, or too many, or one of them is not valid.
    """
    given = body.get("messages")
    if given is None:
        raise refuse_missing("messages")
    if not isinstance(given, list):
        raise refuse_type("messages", "an array of objects")
    if not given:
        message = (
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead."
        )
        raise refuse_openai(message, "messages", "empty_array")
    if len(given) > _MOST_MESSAGES:
        message = (
            f"Invalid 'messages': array too long. Expected an array with maximum length {_MOST_MESSAGES}, but "
            f"got an array with length {len(given)} instead."
        )
        raise refuse_openai(message, "messages", "array_above_max_length")
    messages: list[Message] = []
    # Calls of an assistant that wait for their results.
    awaited: list[str] = []
    for place, item in enumerate(given):
        one = _read_message(item, place)
        if one.role == "tool":
            if not (messages and (messages[-1].calls or messages[-1].role == "tool")):
                # The service spells it so.
                message = (
                    "Invalid parameter: messages with role 'tool' must be a response to a "
                    "preceeding message with 'tool_calls'."
                )
                raise refuse_openai(message, f"messages.[{place}].role")
            answered = item.get("tool_call_id")
            awaited = [name for name in awaited if name != answered]
        elif awaited:
            raise _refuse_unanswered(awaited)
        else:
            awaited = _list_calls(item)
        messages.append(one)
    if awaited:
        raise _refuse_unanswered(awaited)
    return messages


def _list_calls(item: dict[str, Any]) -> list[str]:
    calls = item.get("tool_calls")
    return [str(call["id"]) for call in calls or () if isinstance(call, dict) and "id" in call]


def _refuse_unanswered(awaited: list[str]) -> Refusal:
    return refuse_openai(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
        f"The following tool_call_ids did not have response messages: {', '.join(awaited)}",
        "messages",
    )


def _read_message(item: Any, place: int) -> Message:
    role = item.get("role") if isinstance(item, dict) else None
    if role not in _ROLES:
        known = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'"
        message = f"Invalid value: '{role}'. Supported values are: {known}."
        raise refuse_openai(message, f"messages[{place}].role", "invalid_value")
    calls = item.get("tool_calls")
    if calls is not None and not isinstance(calls, list):
        raise refuse_type(f"messages[{place}].tool_calls", "an array of objects")
    content = item.get("content")
    if content is None and role != "assistant":
        message = "Invalid value for 'content': expected a string, got null."
        raise refuse_openai(message, f"messages.[{place}].content")
    text = read_content(content, f"messages[{place}].content", ("text", "refusal"))
    # The results of functions are those of tools under an older name.
    return Message("tool" if role == "function" else role, text, bool(calls or item.get("function_call")))


def read_content(content: Any, param: str, kinds: tuple[str, ...]) -> str:
    """The text of a message; pictures and sounds in it are passed over.

    Raises:
        Refusal: It is neither a string nor a list of parts.
    """
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise refuse_type(param, "one of a string or array of objects")
    parts = [part for part in content if isinstance(part, dict)]
    texts = [part.get("text", part.get("refusal")) for part in parts if part.get("type") in kinds]
    return "\n".join(text for text in texts if isinstance(text, str))
