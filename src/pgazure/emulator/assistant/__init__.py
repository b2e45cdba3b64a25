"""A small deterministic stand-in for a chat model.

It reads a conversation, looks at the text in it with the emulator's own analysis models, and answers in plain words,
in JSON of a given schema, or by calling a tool. It is right on easy cases, and says so where it is not able to.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pgazure.emulator.assistant import answers, calling
from pgazure.emulator.assistant import prompt as prompts
from pgazure.emulator.assistant.constraints import Unfillable
from pgazure.emulator.assistant.conversation import Conversation, Message, Reply, Tool, ToolCall
from pgazure.emulator.assistant.fields import Request
from pgazure.emulator.assistant.filling import Filler
from pgazure.emulator.assistant.reading import Reading

__all__ = ["Conversation", "Message", "Reply", "Tool", "ToolCall", "reply"]

_REFUSAL = "I cannot make an answer that obeys this schema."
_KEY = re.compile(r"[\"'`]([A-Za-z_]\w*)[\"'`]\s*(?::|,|and\b|\(|\.|$|\})")
_KEYS = re.compile(
    r"\b(?:keys?|fields?|properties|attributes)\b\s*(?:named |called |:)?\s*(?P<names>[\w\s,]+?)(?:[.:;\n]|$)",
    re.IGNORECASE,
)


def reply(conversation: Conversation) -> Reply:
    """Say the next message of a conversation."""
    try:
        if calls := calling.call_tools(conversation):
            return Reply(calls=calls)
        return Reply(_answer(conversation))
    except Unfillable:
        return Reply(refusal=_REFUSAL)


def _answer(conversation: Conversation) -> str:
    if conversation.results and conversation.schema is None and not conversation.as_json:
        return "\n".join(conversation.results)
    prompt = prompts.read(conversation.user, answers_in_words=conversation.schema is None)
    text = "\n".join([prompt.text, *conversation.results])
    reading = Reading(text, f"{prompt.order}\n{conversation.system}")
    plain = answers.answer(prompt, reading, conversation.system)
    if conversation.schema is None and not conversation.as_json:
        return plain
    reading.order = f"{prompt.order}\n{conversation.system}"
    schema = conversation.schema or _guess_schema(f"{conversation.system}\n{prompt.order}")
    made = Filler(schema).fill(Request(prompt, reading, plain))
    return json.dumps(made, ensure_ascii=False, separators=(",", ":"))


def _guess_schema(order: str) -> dict[str, Any]:
    """A schema with the keys that a request names."""
    names = _KEY.findall(order)
    if not names and (match := _KEYS.search(order)):
        names = [name for name in re.findall(r"\w+", match["names"]) if name.lower() not in {"and", "or", "the", "a"}]
    kinds = {"score": "number", "rating": "number", "confidence": "number", "count": "integer", "price": "number"}
    lists = ("phrases", "keywords", "tags", "topics", "entities", "sentences", "items")
    properties: dict[str, Any] = {}
    for name in dict.fromkeys(names or ["answer"]):
        plural = name.lower().endswith(lists)
        properties[name] = (
            {"type": "array", "items": {"type": "string"}} if plural else {"type": kinds.get(name.lower(), "string")}
        )
    return {"type": "object", "properties": properties}
