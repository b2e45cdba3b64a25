"""Whether a JSON value is a JSON schema at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_DEEPEST = 64


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_type(value: Any) -> bool:
    kinds = value if isinstance(value, list) else [value]
    return bool(kinds) and all(kind in TYPES for kind in kinds)


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and re.compile(value) is not None
    except re.error:
        return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_filled_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


_KEYWORDS: tuple[tuple[Callable[[Any], bool], str, tuple[str, ...]], ...] = (
    (_is_text, "a string", ("$ref", "description", "title", "format")),
    (_is_pattern, "a regular expression", ("pattern",)),
    (_is_type, "the name of a type", ("type",)),
    (_is_number, "a number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")),
    (lambda value: _is_number(value) and value > 0, "a number above zero", ("multipleOf",)),
    (_is_count, "a whole number", ("minLength", "maxLength", "minItems", "maxItems")),
    (lambda value: isinstance(value, dict), "an object", ("properties", "$defs", "definitions", "items")),
    (_is_filled_list, "an array with something in it", ("enum", "anyOf", "oneOf")),
    (
        lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
        "an array of strings",
        ("required",),
    ),
)


def find_flaw(schema: Any, depth: int = 0) -> str | None:
    """Say what keeps a value from being a schema; ``None`` where nothing does."""
    if not isinstance(schema, dict):
        return "a schema must be an object"
    if depth > _DEEPEST:
        return "the schema is nested too deeply"
    for fits, wanted, names in _KEYWORDS:
        for name in names:
            if name in schema and not fits(schema[name]):
                return f"'{name}' must be {wanted}"
    return next((flaw for part in _list_parts(schema) if (flaw := find_flaw(part, depth + 1))), None)


def _list_parts(schema: dict[str, Any]) -> Iterator[Any]:
    for name in ("properties", "$defs", "definitions"):
        yield from schema.get(name, {}).values()
    for name in ("anyOf", "oneOf"):
        yield from schema.get(name, ())
    if "items" in schema:
        yield schema["items"]
