"""JSON schemas of chat answers: whether one may be sent, and whether an answer obeys it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import ge, gt, le, lt
from typing import Any

from pgazure.errors import ConfigurationError

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEYS = ("name", "description", "strict", "schema")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_BOUNDS = (("minimum", ge), ("maximum", le), ("exclusiveMinimum", gt), ("exclusiveMaximum", lt))
_EXAMPLE = '{"name": "review", "strict": True, "schema": {"type": "object", "properties": {...}, ...}}'


def read_wrapper(value: Any) -> dict[str, Any]:
    """Check a schema in the form that structured outputs want it: ``name``, ``description``, ``strict``, ``schema``.

    Raises:
        ConfigurationError: It has another form, or a strict one leaves something open.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("schema"), Mapping):
        msg = f"json_schema must be a dict that holds the schema beside its name, such as {_EXAMPLE}"
        raise ConfigurationError(msg)
    if unknown := sorted(str(key) for key in value if key not in _KEYS):
        msg = f"json_schema has no {', '.join(unknown)}; it has {', '.join(_KEYS)}"
        raise ConfigurationError(msg)
    name, schema = value.get("name"), value["schema"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        msg = "json_schema must have a name of at most 64 letters, digits, _ and -"
        raise ConfigurationError(msg)
    if not isinstance(value.get("strict"), bool | None):
        msg = "strict of json_schema must be True or False"
        raise ConfigurationError(msg)
    if not isinstance(value.get("description"), str | None):
        msg = "description of json_schema must be a str"
        raise ConfigurationError(msg)
    if schema.get("type") != "object":
        msg = 'the schema of json_schema must have "type": "object"; wrap a list or a plain value in an object'
        raise ConfigurationError(msg)
    _check(schema, schema, "schema", strict=bool(value.get("strict")))
    return {key: value[key] for key in _KEYS if value.get(key) is not None}


def _check(schema: Any, root: Mapping[str, Any], path: str, *, strict: bool) -> None:
    if not isinstance(schema, Mapping):
        msg = f"json_schema: {path} must be an object"
        raise ConfigurationError(msg)
    if "$ref" in schema and _resolve(schema["$ref"], root) is None:
        msg = f"json_schema: {path} refers to a part that is not there"
        raise ConfigurationError(msg)
    for kind in _as_list(schema.get("type", [])):
        if kind not in _TYPES:
            msg = f"json_schema: the type of {path} must be one of {', '.join(_TYPES)}"
            raise ConfigurationError(msg)
    if "enum" in schema and not (isinstance(schema["enum"], list | tuple) and schema["enum"]):
        msg = f"json_schema: enum of {path} must be a list of at least one value"
        raise ConfigurationError(msg)
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, Mapping) or not isinstance(required, list | tuple):
        msg = f"json_schema: {path} must have properties as a dict and required as a list"
        raise ConfigurationError(msg)
    if strict:
        _check_strict(schema, path, set(properties) - set(required))
    parts = [(f"{path}.{name}", part) for name, part in properties.items()]
    parts += [(f"{path}[]", schema["items"])] if "items" in schema else []
    parts += [(f"{path}.{key}", part) for key in ("$defs", "definitions") for part in schema.get(key, {}).values()]
    parts += [(path, part) for part in schema.get("anyOf", [])]
    for where, part in parts:
        _check(part, root, where, strict=strict)


def _check_strict(schema: Mapping[str, Any], path: str, left_out: set[str]) -> None:
    kinds = _as_list(schema.get("type", []))
    if "object" in kinds and schema.get("additionalProperties") is not False:
        msg = f'json_schema: a strict schema needs "additionalProperties": False at {path}'
        raise ConfigurationError(msg)
    if "object" in kinds and left_out:
        msg = (
            f"json_schema: a strict schema must list every property as required; {path} leaves out "
            f"{', '.join(sorted(left_out))}. One that may be missing has the type null beside its own."
        )
        raise ConfigurationError(msg)
    if "array" in kinds and "items" not in schema:
        msg = f"json_schema: {path} must say what its items are"
        raise ConfigurationError(msg)


def find_mismatch(value: Any, schema: Mapping[str, Any]) -> str | None:
    """Say where ``value`` does not obey ``schema``; ``None`` where it does. The value itself is never repeated."""
    return _compare(value, schema, schema, "the answer")


def _compare(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], path: str) -> str | None:
    if "$ref" in schema:
        found = _resolve(schema["$ref"], root)
        return None if found is None else _compare(value, found, root, path)
    if "anyOf" in schema and all(_compare(value, option, root, path) for option in schema["anyOf"]):
        return f"{path} is none of the forms allowed"
    kinds = _as_list(schema.get("type", []))
    if kinds and not any(_is_of(value, kind) for kind in kinds):
        return f"{path} is not of type {' or '.join(kinds)}"
    if "enum" in schema and not any(_same(value, option) for option in schema["enum"]):
        return f"{path} is none of the values allowed"
    if "const" in schema and not _same(value, schema["const"]):
        return f"{path} is not the value wanted"
    return _compare_content(value, schema, root, path)


def _compare_content(  # noqa: PLR0911  a list of rules
    value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], path: str
) -> str | None:
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        if missing := [name for name in schema.get("required", []) if name not in value]:
            return f"{path} lacks {', '.join(missing)}"
        if schema.get("additionalProperties") is False and value.keys() - properties.keys():
            return f"{path} has more properties than allowed"
        inner = ((f"{path}.{name}", value[name], part) for name, part in properties.items() if name in value)
        return next((fault for where, one, part in inner if (fault := _compare(one, part, root, where))), None)
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return f"{path} has too few or too many items"
        part = schema.get("items", {})
        return next(
            (fault for i, one in enumerate(value) if (fault := _compare(one, part, root, f"{path}[{i}]"))), None
        )
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            return f"{path} is too short or too long"
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    wrong = is_number and any(word in schema and not holds(value, schema[word]) for word, holds in _BOUNDS)
    return f"{path} is out of range" if wrong else None


def _is_of(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])


def _same(value: Any, other: Any) -> bool:
    # Python takes True for 1.
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def _resolve(reference: Any, root: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found: Any = root
    for name in str(reference).removeprefix("#").strip("/").split("/"):
        if name:
            key = name.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, Mapping) else None
    # A part that is nothing but a reference to itself would be followed for ever.
    return found if isinstance(found, Mapping) and found.get("$ref") != reference else None


def _as_list(kinds: Any) -> list[Any]:
    return list(kinds) if isinstance(kinds, list | tuple) else [kinds]
