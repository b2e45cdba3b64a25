"""Structured output: whatever the schema, the answer obeys it, and schemas that the service refuses are refused."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai import BadRequestError
from pydantic import BaseModel

from emulator import clients

if TYPE_CHECKING:
    from pgazure.emulator import Emulator

TEXT = (
    "The Contoso X200 headphones sound amazing, but the left ear cup broke after two weeks. I paid $149.99 on May 3, "
    "2024. Write to jane.doe@example.com. Jane Doe, Seattle"
)
LIMITED = {"minLength", "maxLength", "pattern", "format", "minimum", "maximum", "minItems", "maxItems"}
NAMES = st.sampled_from(
    [
        "sentiment",
        "price",
        "product",
        "name",
        "items",
        "answer",
        "score",
        "language",
        "entities",
        "x",
        "date",
        "is_good",
    ]
)


def strict(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def nest(levels: int) -> dict[str, Any]:
    return strict(a=nest(levels - 1) if levels > 1 else {"type": "string"})


def ask(server: Emulator, schema: Any, text: str = TEXT, *, obliged: bool = True, **options: Any) -> Any:
    form = {"type": "json_schema", "json_schema": {"name": "form", "strict": obliged, "schema": schema}}
    with clients.openai(server) as client:
        return client.chat.completions.create(
            **(
                {
                    "model": "gpt-4.1",
                    "messages": [{"role": "user", "content": f"Fill the form.\n<document>{text}</document>"}],
                    "response_format": form,
                }
                | options
            )
        )


def fill(server: Emulator, schema: Any, text: str = TEXT, *, obliged: bool = True) -> Any:
    return json.loads(ask(server, schema, text, obliged=obliged).choices[0].message.content)


def is_within_limits(schema: Any, depth: int = 1) -> bool:
    """Whether Azure takes a schema as strict: it knows fewer keywords, and fewer levels, than can be obeyed."""
    if isinstance(schema, list):
        return all(is_within_limits(one, depth) for one in schema)
    if not isinstance(schema, dict):
        return True
    if schema.keys() & LIMITED or depth > 5:
        return False
    properties = schema.get("properties", {})
    others = [value for name, value in schema.items() if name not in {"properties", "enum", "const"}]
    return is_within_limits(list(properties.values()), depth + 1) and is_within_limits(others, depth)


def obeys(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    """A validator of its own, which shares nothing with the server."""
    if "$ref" in schema:
        part: Any = root
        for step in schema["$ref"].split("/")[1:]:
            part = part[step]
        return obeys(part, value, root)
    if "anyOf" in schema:
        return any(obeys(option, value, root) for option in schema["anyOf"])
    if "const" in schema:
        return bool(value == schema["const"])
    if "enum" in schema:
        return value in schema["enum"]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return any(of_kind(kind, schema, value, root) for kind in kinds)


def of_kind(kind: str, schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    if kind == "null":
        return value is None
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "string":
        return (
            isinstance(value, str)
            and len(value) >= schema.get("minLength", 0)
            and len(value) <= schema.get("maxLength", 10**9)
            and bool(re.search(schema.get("pattern", ""), value))
        )
    if kind in {"integer", "number"}:
        return (
            isinstance(value, int if kind == "integer" else (int, float))
            and not isinstance(value, bool)
            and schema.get("minimum", value) <= value <= schema.get("maximum", value)
        )
    if kind == "array":
        return (
            isinstance(value, list)
            and schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**9)
            and all(obeys(schema["items"], one, root) for one in value)
        )
    return (
        isinstance(value, dict)
        and list(value) == list(schema["properties"])
        and all(obeys(part, value[name], root) for name, part in schema["properties"].items())
    )


LEAF = st.one_of(
    st.just({"type": "string"}),
    st.builds(lambda least: {"type": "string", "minLength": least}, st.integers(0, 30)),
    st.builds(lambda most: {"type": "string", "maxLength": most}, st.integers(0, 5)),
    st.just({"type": ["string", "null"]}),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({"type": ["integer", "null"]}),
    st.builds(
        lambda low, span: {"type": "integer", "minimum": low, "maximum": low + span},
        st.integers(-9, 9),
        st.integers(0, 5),
    ),
    st.builds(lambda low: {"type": "number", "minimum": low}, st.integers(-9, 900)),
    st.just({"type": "number"}),
    st.just({"type": "string", "enum": ["positive", "neutral", "negative"]}),
    st.just({"type": "string", "enum": ["true", "false", "unknown"]}),
    st.just({"enum": ["a", 1, None]}),
    st.just({"type": "string", "const": "fixed"}),
)
PART = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, max_size=4).map(lambda parts: strict(**parts)),
        st.builds(lambda items, least: {"type": "array", "items": items, "minItems": least}, inner, st.integers(0, 2)),
        st.builds(lambda items, most: {"type": "array", "items": items, "maxItems": most}, inner, st.integers(0, 2)),
        st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options}),
    ),
    max_leaves=8,
)


@settings(max_examples=70, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(parts=st.dictionaries(NAMES, PART, max_size=5), text=st.sampled_from([TEXT, "hi", "¿Qué? 🙂", "3 < 4"]))
def test_the_answer_obeys_any_schema(emulator_server: Emulator, parts: dict[str, Any], text: str) -> None:
    schema = strict(**parts)
    assert obeys(schema, fill(emulator_server, schema, text, obliged=is_within_limits(schema)), schema)


def test_schemas_at_the_limits_are_taken(emulator: Emulator) -> None:
    wide, deep = strict(**{f"p{n}": {"type": "null"} for n in range(100)}), nest(5)
    for schema in (wide, deep):
        assert obeys(schema, fill(emulator, schema), schema)


def test_definitions_and_recursion_are_followed(emulator: Emulator) -> None:
    node = strict(name={"type": "string"}, children={"type": "array", "items": {"$ref": "#/$defs/node"}})
    schema = strict(root={"$ref": "#/$defs/node"}, next={"anyOf": [{"$ref": "#"}, {"type": "null"}]})
    schema["$defs"] = {"node": node}
    assert obeys(schema, fill(emulator, schema), schema)


def test_constraints_of_texts_and_numbers_are_kept(emulator: Emulator) -> None:
    schema = strict(
        date={"type": "string", "format": "date"},
        email={"type": "string", "format": "email"},
        website={"type": "string", "format": "uri"},
        code={"type": "string", "pattern": "^[A-Z]\\d{3}$"},
        share={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        tens={"type": "integer", "multipleOf": 10, "minimum": 15},
    )
    found = fill(emulator, schema, obliged=False)
    assert found["date"] == "2024-05-03"
    assert found["email"] == "jane.doe@example.com"
    assert found["website"].startswith("https://")
    assert found["code"] == "X200"
    assert 0 < found["share"] < 1
    assert found["tens"] == 20


def test_a_schema_that_nothing_obeys_is_answered_with_a_refusal(emulator: Emulator) -> None:
    answer = ask(emulator, strict(code={"type": "string", "pattern": "^[QZ]{9}-\\d{7}$"}), obliged=False)
    message = answer.choices[0].message
    assert message.content is None
    assert message.refusal


def test_sdk_models_are_parsed(emulator: Emulator) -> None:
    class Purchase(BaseModel):
        product: str
        price: float
        day: str | None
        tags: list[str]

    with clients.openai(emulator) as client:
        answer = client.chat.completions.parse(
            model="gpt-4.1",
            messages=[{"role": "user", "content": f"Extract: <document>{TEXT}</document>"}],
            response_format=Purchase,
        )
    found = answer.choices[0].message.parsed
    assert (found.product, found.price, found.day) == ("Contoso X200 headphones", 149.99, "May 3, 2024")
    assert "Seattle" in found.tags


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (
            {"type": "object", "properties": {}, "required": []},
            (
                "Invalid schema for response_format 'form': In context=(), 'additionalProperties' is required to be supplied "
                "and to be false."
            ),
        ),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": [], "additionalProperties": False},
            "'required' is required to be supplied and to be an array including every key in properties. Missing 'a'.",
        ),
        (
            {"type": "array", "items": {"type": "string"}},
            "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'.",
        ),
        ({"anyOf": [{"type": "object"}]}, "schema must be a JSON Schema of 'type: \"object\"'"),
        (strict(a={}), "In context=('properties', 'a'), schema must have a 'type' key."),
        (strict(a={"type": "array"}), "In context=('properties', 'a'), array schema missing items."),
        (strict(a={"type": "object"}), "In context=('properties', 'a'), 'additionalProperties' is required"),
        (strict(a={"allOf": [{"type": "string"}]}), "'allOf' is not permitted."),
        (strict(a={"type": "string", "minLength": 1}), "In context=('properties', 'a'), 'minLength' is not permitted."),
        (strict(a={"type": "string", "format": "date"}), "'format' is not permitted."),
        (strict(a={"type": ["integer", "null"], "minimum": 1}), "'minimum' is not permitted."),
        (strict(a={"type": "array", "items": {"type": "null"}, "maxItems": 2}), "'maxItems' is not permitted."),
        (strict(**{f"p{n}": {"type": "null"} for n in range(101)}), "101 properties exceeds limit of 100."),
        (nest(6), "6 levels of nesting exceeds limit of 5."),
        (strict(a={"type": "string", "enum": [str(n) for n in range(501)]}), "501 enum values exceeds limit of 500."),
        (
            strict(a={"type": "string", "enum": ["x" * 15_001]}),
            "characters of names and values exceeds limit of 15000.",
        ),
        (strict(a={"type": "text"}), "'type' must be the name of a type"),
        (strict(a={"$ref": "#/$defs/none"}), "which was not found in the schema."),
        (strict(a={"anyOf": [{"type": "array"}]}), "In context=('properties', 'a', 'anyOf', '0'), array schema"),
    ],
)
def test_schemas_that_the_service_refuses_are_refused(emulator: Emulator, schema: Any, problem: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        ask(emulator, schema)
    assert problem in refused.value.message
    assert refused.value.type == "invalid_request_error"
    assert refused.value.param == "response_format"


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"type": "yaml"}, "response_format.type"),
        ({"type": "json_schema"}, "response_format.json_schema"),
        ({"type": "json_schema", "json_schema": {"schema": {}}}, "response_format.json_schema.name"),
        ({"type": "json_schema", "json_schema": {"name": "a b", "schema": {}}}, "response_format.json_schema.name"),
        ({"type": "json_schema", "json_schema": {"name": "a"}}, "response_format.json_schema.schema"),
        ({"type": "json_object"}, "messages"),
    ],
)
def test_forms_that_are_not_valid_are_refused(emulator: Emulator, form: Any, param: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        ask(emulator, {}, response_format=form)
    assert refused.value.param == param


def test_json_of_any_shape_has_the_keys_that_are_asked_for(emulator: Emulator) -> None:
    messages = [
        {"role": "user", "content": 'Answer in JSON with the keys "sentiment" and "price". Text: It is lovely for $5.'}
    ]
    answer = ask(emulator, {}, messages=messages, response_format={"type": "json_object"})
    assert json.loads(answer.choices[0].message.content) == {"sentiment": "positive", "price": 5}


def test_schemas_need_an_api_version_that_knows_them(emulator: Emulator) -> None:
    with pytest.raises(BadRequestError, match="enabled only for api versions 2024-08-01-preview and later"):
        ask(emulator, strict(a={"type": "string"}), extra_query={"api-version": "2024-06-01"})
