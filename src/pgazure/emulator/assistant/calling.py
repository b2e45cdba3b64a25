"""Which tools to call, and with what."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pgazure.emulator.assistant import prompt as prompts
from pgazure.emulator.assistant.conversation import ToolCall
from pgazure.emulator.assistant.fields import Field, Request, find_texts, split
from pgazure.emulator.assistant.filling import Filler
from pgazure.emulator.assistant.reading import Reading
from pgazure.emulator.models import relevance

if TYPE_CHECKING:
    from pgazure.emulator.assistant.conversation import Conversation, Tool

_ENOUGH = 0.06
_BEGINNING = 6
_MOST = 16
# As many words of a description as a message may be expected to share.
_TELLING = 8
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
# Where one thing that is asked for ends and the next begins.
_CLAUSE = re.compile(r"(?<=[.?!;])\s+|,?\s+(?:and|also|then|plus)\s+(?=\w+(?:\s+\w+)?\s|what|how|who|where|when)|\n+")
_ARGUMENT = re.compile(
    r"(?P<name>[A-Za-z_]\w*)\s*=\s*(?:'(?P<a>[^']*)'|\"(?P<b>[^\"]*)\"|(?P<c>-?\d+(?:\.\d+)?|true|false)\b)"
)
_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}
_ENUMERABLE = frozenset({"location", "person", "organization", "email", "phone", "url", "product", "date", "language"})


def call_tools(conversation: Conversation) -> tuple[ToolCall, ...]:
    """The calls that the user's last message asks for; empty where it asks for none.

    Raises:
        Unfillable: A tool's arguments cannot be made.
    """
    if not conversation.tools or (conversation.results and not conversation.must_call):
        return ()
    message = conversation.user
    calls = _list_written(conversation.tools, message)
    if not calls:
        wanted = _list_wanted(conversation, message)
        calls = [call for tool, part in wanted for call in _call(tool, part, message, several=conversation.parallel)]
    calls = list(dict.fromkeys(calls))[:_MOST]
    return tuple(calls if conversation.parallel else calls[:1])


def _list_written(tools: tuple[Tool, ...], message: str) -> list[ToolCall]:
    """The calls that a message writes out: ``search(query='tea')``."""
    found: list[tuple[int, ToolCall]] = []
    for tool in tools:
        for match in re.finditer(rf"\b{re.escape(tool.name)}\s*\((?P<inside>[^()]*)\)", message):
            given = _read_arguments(match["inside"], tool)
            needed = tool.parameters.get("required") or ()
            if given or not match["inside"].strip():
                if not set(needed) <= given.keys():
                    continue
                found.append((match.start(), ToolCall(tool.name, _write(given))))
    return [call for _, call in sorted(found, key=lambda one: one[0])]


def _read_arguments(text: str, tool: Tool) -> dict[str, Any]:
    """What a text assigns to the tool's parameters by name."""
    known = tool.parameters.get("properties") or {}
    given: dict[str, Any] = {}
    for match in _ARGUMENT.finditer(text):
        if match["name"] not in known:
            continue
        quoted = match["a"] if match["a"] is not None else match["b"]
        value = quoted if quoted is not None else json.loads(match["c"])
        if _obeys(known[match["name"]], value):
            given[match["name"]] = value
    return given


def _obeys(schema: dict[str, Any], value: Any) -> bool:
    """Whether a plain value may stand for a parameter; one with more to its schema is filled like any other."""
    kinds = schema.get("type")
    named = kinds if isinstance(kinds, list) else [kinds]
    fits = any(type(value) in _TYPES.get(str(kind), ()) for kind in named)
    return (
        fits and value in schema.get("enum", [value]) and not schema.keys() - {"type", "description", "title", "enum"}
    )


def _list_wanted(conversation: Conversation, message: str) -> list[tuple[Tool, str]]:
    """Tools, and the part of the message that each is wanted for."""
    best, tool = _find_best(conversation.tools, message)
    if best <= 0 and not conversation.must_call:
        return []
    parts = [part for part in _CLAUSE.split(message) if part and part.strip()]
    if conversation.parallel and len(conversation.tools) > 1 and len(parts) > 1:
        wanted: list[tuple[Tool, str]] = []
        for part in parts:
            fitness, found = _find_best(conversation.tools, part)
            if fitness > 0 and found not in [one for one, _ in wanted]:
                wanted.append((found, part))
        # One part may say more of what is wanted than any other; then the whole message is about it.
        if len(wanted) > 1:
            return wanted
    return [(tool, message)]


def _find_best(tools: tuple[Tool, ...], message: str) -> tuple[float, Tool]:
    scored = [(_fitness(tool, message), -place) for place, tool in enumerate(tools)]
    best, place = max(scored)
    return best, tools[-place]


def _call(tool: Tool, part: str, message: str, *, several: bool) -> list[ToolCall]:
    """One call, or one for each of the things that a part names for the tool's only needed parameter."""
    schema = tool.parameters or {"type": "object", "properties": {}}
    given = _read_arguments(part, tool)
    reading = Reading(part)
    request = Request(prompts.read(part), reading, part)
    made = Filler(schema).fill(request)
    if not isinstance(made, dict):
        return [ToolCall(tool.name, _write(made))]
    if part != message:
        whole = Filler(schema).fill(Request(prompts.read(message), Reading(message), message))
        made = {name: value if value not in ("", None, []) else whole.get(name) for name, value in made.items()}
    made |= given
    name = _find_enumerable(schema) if several else ""
    values = _list_values(name, schema, request) if name and name not in given else []
    if len(values) > 1:
        return [ToolCall(tool.name, _write(made | {name: value})) for value in values]
    return [ToolCall(tool.name, _write(made))]


def _find_enumerable(schema: dict[str, Any]) -> str:
    """The parameter that a tool is called once for each value of; empty where there is none."""
    properties = schema.get("properties") or {}
    needed = [name for name in schema.get("required") or properties if name in properties]
    texts = [name for name in needed if properties[name].get("type") == "string" and "enum" not in properties[name]]
    fields = [Field(name, str(properties[name].get("description", ""))) for name in texts]
    fitting = [one.name for one in fields if one.sense in _ENUMERABLE]
    return fitting[0] if len(fitting) == 1 else ""


def _list_values(name: str, schema: dict[str, Any], request: Request) -> list[str]:
    """Values that stand in a list: "Paris, London and Tokyo"."""
    part = schema["properties"][name]
    found = dict.fromkeys(find_texts(Field(name, str(part.get("description", ""))), request))
    text = request.reading.text
    ordered = sorted((one for one in found if one in text), key=text.index)
    listed = [
        one
        for place, one in enumerate(ordered)
        if _joins(text, ordered[place - 1], one) or (place + 1 < len(ordered) and _joins(text, one, ordered[place + 1]))
    ]
    return listed if len(listed) > 1 else []


def _joins(text: str, left: str, right: str) -> bool:
    between = text[text.index(left) + len(left) : text.index(right)] if left != right else "-"
    # "Portland, Oregon" is one place, and so is what a comma alone parts.
    return re.fullmatch(r"\s*(?:,?\s*(?:and|or|&)\s+(?:in\s+|for\s+|to\s+)?|,\s*)", between) is not None and (
        "," not in between or re.search(r"\b(?:and|or)\b|&", text[text.index(left) :]) is not None
    )


def _write(arguments: Any) -> str:
    return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))


def _fitness(tool: Tool, message: str) -> float:
    """How much a tool has to do with a message: words of its name count, words of its description less."""
    if tool.name.lower() in message.lower() and "_" in tool.name:
        return 2.0
    said = set(relevance.terms(message))
    named = set(relevance.terms(" ".join(split(tool.name)))) - _VERBS
    # A tool that nobody describes is told by what it takes.
    told = set(relevance.terms(tool.description or _list_words(tool.parameters))) - _VERBS
    total = _share(named, said) + 0.5 * _share(told, said)
    return total if total > _ENOUGH else 0.0


def _list_words(schema: Any) -> str:
    if isinstance(schema, list):
        return " ".join(_list_words(one) for one in schema)
    if not isinstance(schema, dict):
        return ""
    own = [*map(str, schema.get("enum") or ()), *(schema.get("properties") or {})]
    inner = [value for name, value in schema.items() if name != "enum" and isinstance(value, dict | list)]
    return " ".join([*(" ".join(split(word)) for word in own), *map(_list_words, inner)])


def _share(wanted: set[str], said: set[str]) -> float:
    # Endings differ: a calculator calculates.
    begun = {term[:_BEGINNING] for term in said}
    return sum(term[:_BEGINNING] in begun for term in wanted) / min(len(wanted), _TELLING) if wanted else 0.0
