# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""The tools of a request, and which of them may or must be called."""

from __future__ import annotations

from typing import Any

from pgazure.emulator.assistant import Tool
from pgazure.emulator.openai_wire import refuse_openai
from pgazure.emulator.schema_check import check_name, check_shape, check_strict

_MOST = 128
_BUILT_IN = (
    "code_interpreter",
    "computer_use_preview",
    "custom",
    "file_search",
    "image_generation",
    "mcp",
    "web_search",
    "web_search_preview",
)


def read_tools(body: dict[str, Any], *, nested: bool) -> tuple[tuple[Tool, ...], bool]:
    """Read the tools of a request.

    Args:
        body: The request.
        nested: Whether a tool's function stands in an object of its own, as in chat completions.

    Returns:
        The tools that may be called, and whether one must be.

    Raises:
        Refusal: They are not valid, or ``tool_choice`` names none of them.
    """
    given = body.get("tools") or []
    if not isinstance(given, list):
        raise refuse_openai("Invalid type for 'tools': expected an array.", "tools", "invalid_type")
    if len(given) > _MOST:
        message = (
            f"Invalid 'tools': array too long. Expected an array with maximum length {_MOST}, but got an array with "
            f"length {len(given)} instead."
        )
        raise refuse_openai(message, "tools", "array_above_max_length")
    tools = [
        _read_tool(item, f"tools[{place}]", nested=nested)
        for place, item in enumerate(given)
        # What the service itself would run, such as a search of the web, never runs here.
        if nested or not (isinstance(item, dict) and item.get("type") in _BUILT_IN)
    ]
    choice = body.get("tool_choice")
    if choice is not None and not given:
        raise refuse_openai(
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.", "tool_choice"
        )
    if isinstance(choice, dict):
        holder = choice.get("function") if nested else choice
        name = holder.get("name") if isinstance(holder, dict) else None
        chosen = tuple(tool for tool in tools if tool.name == name)
        if not chosen:
            raise refuse_openai("Tool choice 'function' not found in 'tools' parameter.", "tool_choice")
        return chosen, True
    if choice not in (None, "auto", "none", "required"):
        message = f"Invalid value: '{choice}'. Supported values are: 'none', 'auto', and 'required'."
        raise refuse_openai(message, "tool_choice", "invalid_value")
    return (() if choice == "none" else tuple(tools)), choice == "required"


def _read_tool(item: Any, param: str, *, nested: bool) -> Tool:
    if not isinstance(item, dict) or item.get("type") != "function":
        kind = item.get("type") if isinstance(item, dict) else None
        raise refuse_openai(
            f"Invalid value: '{kind}'. Supported values are: 'function'.", f"{param}.type", "invalid_value"
        )
    holder, place = (item.get("function"), f"{param}.function") if nested else (item, param)
    if not isinstance(holder, dict):
        raise refuse_openai(f"Missing required parameter: '{place}'.", place, "missing_required_parameter")
    check_name(holder.get("name"), f"{place}.name")
    parameters = holder.get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        raise refuse_openai(
            f"Invalid type for '{place}.parameters': expected an object.", f"{place}.parameters", "invalid_type"
        )
    if parameters or holder.get("strict"):
        check = check_strict if holder.get("strict") else check_shape
        check(parameters, f"function '{holder['name']}'", f"{place}.parameters", "invalid_function_parameters")
    return Tool(holder["name"], str(holder.get("description") or ""), parameters or {})
