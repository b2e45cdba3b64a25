# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""The tools of a request, and which of them may or must be called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pgazure.emulator.assistant import Tool
from pgazure.emulator.openai.schema_check import check_name, check_shape, check_strict
from pgazure.emulator.openai.wire import refuse_missing, refuse_openai, refuse_type

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


@dataclass(frozen=True, slots=True)
class Tools:
    """What may be called.

    Attributes:
        tools: The tools.
        must: Whether one must be called.
        parallel: Whether several may be called at once.
        legacy: Whether they came as ``functions``, the form before there were tools.
    """

    tools: tuple[Tool, ...] = ()
    must: bool = False
    parallel: bool = True
    legacy: bool = False


def read_tools(body: dict[str, Any], *, nested: bool) -> Tools:
    """Read the tools of a request.

    Args:
        body: The request.
        nested: Whether a tool's function stands in an object of its own, as in chat completions.

    Raises:
        Refusal: They are not valid, or ``tool_choice`` names none of them.
    """
    if nested and body.get("functions") and not body.get("tools"):
        return _read_functions(body)
    given = _check_list(body.get("tools"), "tools")
    tools = [
        _read_tool(item, f"tools[{place}]", nested=nested)
        for place, item in enumerate(given)
        # What the service itself would run, such as a search of the web, never runs here.
        if nested or not (isinstance(item, dict) and item.get("type") in _BUILT_IN)
    ]
    parallel = body.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        raise refuse_type("parallel_tool_calls", "a boolean")
    choice = body.get("tool_choice")
    if choice is not None and not given and choice != "none":
        raise refuse_openai(
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.", "tool_choice"
        )
    if isinstance(choice, dict):
        return Tools(_choose(choice, tools, nested=nested), must=_must(choice), parallel=parallel is not False)
    if choice not in (None, "auto", "none", "required"):
        message = f"Invalid value: '{choice}'. Supported values are: 'none', 'auto', and 'required'."
        raise refuse_openai(message, "tool_choice", "invalid_value")
    return Tools(() if choice == "none" else tuple(tools), choice == "required", parallel is not False)


def _must(choice: dict[str, Any]) -> bool:
    return choice.get("type") != "allowed_tools" or choice.get("mode") == "required"


def _choose(choice: dict[str, Any], tools: list[Tool], *, nested: bool) -> tuple[Tool, ...]:
    """The tools that ``tool_choice`` names."""
    if choice.get("type") == "allowed_tools":
        holder = choice.get("allowed_tools", choice) if nested else choice
        allowed = holder.get("tools") if isinstance(holder, dict) else None
        named = {_name_of(item, nested=nested) for item in allowed or () if isinstance(item, dict)}
    else:
        named = {_name_of(choice, nested=nested)}
    chosen = tuple(tool for tool in tools if tool.name in named)
    if not chosen:
        raise refuse_openai("Tool choice 'function' not found in 'tools' parameter.", "tool_choice")
    return chosen


def _name_of(item: dict[str, Any], *, nested: bool) -> Any:
    holder = item.get("function") if nested else item
    return holder.get("name") if isinstance(holder, dict) else None


def _read_functions(body: dict[str, Any]) -> Tools:
    given = _check_list(body["functions"], "functions")
    tools = tuple(_read_function(item, f"functions[{place}]") for place, item in enumerate(given))
    choice = body.get("function_call")
    if isinstance(choice, dict):
        tools = tuple(tool for tool in tools if tool.name == choice.get("name"))
        if not tools:
            raise refuse_openai("Function name not found in 'functions' parameter.", "function_call")
    elif choice not in (None, "auto", "none"):
        message = f"Invalid value: '{choice}'. Supported values are: 'none' and 'auto'."
        raise refuse_openai(message, "function_call", "invalid_value")
    return Tools(() if choice == "none" else tools, isinstance(choice, dict), parallel=False, legacy=True)


def _check_list(given: Any, param: str) -> list[Any]:
    items = given or []
    if not isinstance(items, list):
        raise refuse_type(param, "an array")
    if len(items) > _MOST:
        message = (
            f"Invalid '{param}': array too long. Expected an array with maximum length {_MOST}, but got an array with "
            f"length {len(items)} instead."
        )
        raise refuse_openai(message, param, "array_above_max_length")
    return items


def _read_tool(item: Any, param: str, *, nested: bool) -> Tool:
    if not isinstance(item, dict) or item.get("type") != "function":
        kind = item.get("type") if isinstance(item, dict) else None
        raise refuse_openai(
            f"Invalid value: '{kind}'. Supported values are: 'function'.", f"{param}.type", "invalid_value"
        )
    return _read_function(item.get("function"), f"{param}.function") if nested else _read_function(item, param)


def _read_function(holder: Any, place: str) -> Tool:
    if not isinstance(holder, dict):
        raise refuse_missing(place)
    check_name(holder.get("name"), f"{place}.name")
    parameters = holder.get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        raise refuse_type(f"{place}.parameters", "an object")
    if parameters or holder.get("strict"):
        check = check_strict if holder.get("strict") else check_shape
        check(parameters, f"function '{holder['name']}'", f"{place}.parameters", "invalid_function_parameters")
    return Tool(holder["name"], str(holder.get("description") or ""), parameters or {})
