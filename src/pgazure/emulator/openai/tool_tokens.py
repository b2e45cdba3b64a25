"""Tokens of tools: a model is told of them as of functions of a programming language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pgazure.emulator.models import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.emulator.assistant import Tool
    from pgazure.emulator.openai.models import Model

# What stands around the functions.
_FRAME = 9


def count_tools(tools: Sequence[Tool], model: Model) -> int:
    """Count the tokens of the tools in a prompt."""
    if not tools:
        return 0
    declared = "".join(f"{_declare(tool)}\n\n" for tool in tools)
    return _FRAME + tokens.count(f"namespace functions {{\n\n{declared}}} // namespace functions", model.encoding)


def _declare(tool: Tool) -> str:
    said = f"// {tool.description}\n" if tool.description else ""
    inside = _list_members(tool.parameters)
    return f"{said}type {tool.name} = " + (f"(_: {{\n{inside}}}) => any;" if inside else "() => any;")


def _list_members(schema: dict[str, Any]) -> str:
    properties, required = schema.get("properties") or {}, schema.get("required") or ()
    return "".join(
        (f"// {part['description']}\n" if part.get("description") else "")
        + f"{name}{'' if name in required else '?'}: {_name_type(part)},\n"
        for name, part in properties.items()
        if isinstance(part, dict)
    )


def _name_type(schema: Any) -> str:
    if not isinstance(schema, dict):
        return "any"
    kind = schema.get("type")
    options = schema.get("anyOf") or ([schema | {"type": one} for one in kind] if isinstance(kind, list) else ())
    if options:
        return " | ".join(_name_type(option) for option in options)
    if "enum" in schema:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    if kind == "array":
        return f"{_name_type(schema.get('items'))}[]"
    inside = _list_members(schema)
    names = {"integer": "number", "object": f"{{\n{inside}}}" if inside else "object"}
    return names.get(str(kind), str(kind or "any"))
