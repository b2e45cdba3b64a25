"""Which tool to call, and with what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pgazure.emulator.assistant import prompt as prompts
from pgazure.emulator.assistant.conversation import ToolCall
from pgazure.emulator.assistant.fields import Request, split
from pgazure.emulator.assistant.filling import Filler
from pgazure.emulator.assistant.reading import Reading
from pgazure.emulator.models import relevance

if TYPE_CHECKING:
    from pgazure.emulator.assistant.conversation import Conversation, Tool

_ENOUGH = 0.06
_BEGINNING = 6
_VERBS = frozenset(
    {
        "get",
        "find",
        "fetch",
        "lookup",
        "look",
        "search",
        "list",
        "show",
        "run",
        "do",
        "make",
        "set",
        "current",
        "giv",
        "use",
    }
)


def call_tool(conversation: Conversation) -> ToolCall | None:
    """The call that the user's last message asks for; ``None`` where it asks for none.

    Raises:
        Unfillable: The tool's arguments cannot be made.
    """
    if not conversation.tools or (conversation.results and not conversation.must_call):
        return None
    scored = [(_fitness(tool, conversation.user), -place) for place, tool in enumerate(conversation.tools)]
    best, place = max(scored)
    if best <= 0 and not conversation.must_call:
        return None
    tool = conversation.tools[-place]
    read = prompts.read(conversation.user)
    request = Request(read, Reading(conversation.user), conversation.user)
    arguments = Filler(tool.parameters or {"type": "object", "properties": {}}).fill(request)
    return ToolCall(tool.name, json.dumps(arguments, ensure_ascii=False, separators=(",", ":")))


def _fitness(tool: Tool, message: str) -> float:
    """How much a tool has to do with a message: words of its name count, words of its description less."""
    said = set(relevance.terms(message))
    named = set(relevance.terms(" ".join(split(tool.name)))) - _VERBS
    told = set(relevance.terms(tool.description)) - _VERBS
    total = _share(named, said) + 0.5 * _share(told, said)
    return total if total > _ENOUGH else 0.0


def _share(wanted: set[str], said: set[str]) -> float:
    # Endings differ: a calculator calculates.
    begun = {term[:_BEGINNING] for term in said}
    return sum(term[:_BEGINNING] in begun for term in wanted) / len(wanted) if wanted else 0.0
