"""Which schemas may be sent, and which answers obey them."""

from __future__ import annotations

from typing import Any

import pytest

from pgazure.errors import ConfigurationError
from pgazure.flow.json_schema import find_mismatch, read_wrapper

TREE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 3},
        "size": {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 9}, {"type": "null"}]},
        "kind": {"enum": ["a", 1, None]},
        "fixed": {"const": "x"},
        "parts": {"type": "array", "items": {"$ref": "#"}, "maxItems": 2},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "value",
    [
        {"name": "a"},
        {"name": "a", "size": None, "kind": 1, "fixed": "x"},
        {"name": "a", "size": 9, "parts": [{"name": "b"}, {"name": "c", "parts": []}]},
    ],
)
def test_an_answer_that_obeys_is_let_through(value: Any) -> None:
    assert find_mismatch(value, TREE) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "not of type object"),
        ({}, "lacks name"),
        ({"name": ""}, "too short"),
        ({"name": "abcd"}, "too long"),
        ({"name": 5}, "answer.name is not of type string"),
        ({"name": "a", "more": 1}, "more properties"),
        ({"name": "a", "size": 0}, "none of the forms"),
        ({"name": "a", "size": True}, "none of the forms"),
        ({"name": "a", "kind": True}, "none of the values"),
        ({"name": "a", "fixed": "y"}, "not the value wanted"),
        ({"name": "a", "parts": [{}, {}, {}]}, "too many items"),
        ({"name": "a", "parts": [{"name": "b"}, {}]}, r"answer.parts\[1\] lacks name"),
    ],
)
def test_an_answer_that_does_not_is_told_where(value: Any, words: str) -> None:
    found = find_mismatch(value, TREE)
    assert found is not None
    import re

    assert re.search(words, found)


def test_whole_numbers_may_be_written_with_a_point() -> None:
    assert find_mismatch(4.0, {"type": "integer"}) is None
    assert find_mismatch(4.5, {"type": "integer"}) is not None
    assert find_mismatch(None, {"type": ["integer", "null"]}) is None


def wrap(schema: Any, *, strict: bool = True) -> Any:
    return {"name": "n", "strict": strict, "schema": {"type": "object", "additionalProperties": False, **schema}}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (wrap({"properties": {"a": {"type": "list"}}, "required": ["a"]}), "type of schema.a"),
        (wrap({"properties": {"a": {"type": "array"}}, "required": ["a"]}), "what its items are"),
        (wrap({"properties": {"a": {"type": "object"}}, "required": ["a"]}), "at schema.a"),
        (wrap({"properties": {"a": {"$ref": "#/$defs/b"}}, "required": ["a"]}), "not there"),
        (wrap({"properties": {"a": {"enum": []}}, "required": ["a"]}), "enum of schema.a"),
        (wrap({"properties": ["a"]}), "properties as a dict"),
        (wrap({"properties": {"a": 5}, "required": ["a"]}), "schema.a must be an object"),
        ({**wrap({}), "strict": "yes"}, "strict"),
        ({**wrap({}), "description": 5}, "description"),
    ],
)
def test_a_schema_that_cannot_be_used_is_told_why(given: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words.replace("$", r"\$")):
        read_wrapper(given)


def test_what_need_not_be_strict_may_leave_things_open() -> None:
    given = wrap({"properties": {"a": {"type": "object"}}, "additionalProperties": True}, strict=False)
    assert read_wrapper({**given, "description": None}) == given
