"""What an assistant is given: a conversation, tools it may call, the form its answer must have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        role: ``system``, ``developer``, ``user``, ``assistant`` or ``tool``.
        text: What it says.
        calls: Whether an assistant's message calls tools.
    """

    role: str
    text: str
    calls: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the assistant may ask to have called.

    Attributes:
        name: Its name.
        description: What it is for.
        parameters: JSON schema of its arguments.
    """

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation and what is asked of its next message.

    Attributes:
        messages: What was said so far.
        schema: JSON schema that the answer must obey; ``None`` where it is text.
        as_json: Whether the answer must be a JSON object of any shape.
        tools: What may be called.
        must_call: Whether a tool must be called.
        parallel: Whether several tools may be called at once.
    """

    messages: tuple[Message, ...]
    schema: dict[str, Any] | None = None
    as_json: bool = False
    tools: tuple[Tool, ...] = ()
    must_call: bool = False
    parallel: bool = True

    @property
    def system(self) -> str:
        """The instructions that stand above the conversation."""
        return "\n".join(one.text for one in self.messages if one.role in {"system", "developer"})

    @property
    def user(self) -> str:
        """What the user said last."""
        return next((one.text for one in reversed(self.messages) if one.role == "user"), "")

    @property
    def results(self) -> tuple[str, ...]:
        """Results of tools that no answer has made use of yet."""
        found: list[str] = []
        for one in reversed(self.messages):
            if one.role == "tool":
                found.append(one.text)
            elif one.role == "assistant" and not one.calls:
                break
        return tuple(reversed(found))


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the assistant asks for.

    Attributes:
        name: Name of the tool.
        arguments: Its arguments as JSON.
    """

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the assistant says.

    Attributes:
        text: The answer; empty where a tool is called or the answer is refused.
        calls: Tools to call.
        refusal: Why there is no answer.
    """

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
