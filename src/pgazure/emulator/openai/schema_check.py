# ruff: noqa: EM102, TRY003  # what is raised is built by a function, from a code and a message
"""Which JSON schemas an answer or a tool may have, and what is said of the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pgazure.emulator.openai.schema_shape import find_flaw
from pgazure.emulator.openai.wire import refuse_openai

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_REFUSED = ("allOf", "oneOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else", "patternProperties")
_ALL_REQUIRED = "'required' is required to be supplied and to be an array including every key in properties."
# What Azure documents for structured outputs; OpenAI itself allows more of each, and more of the keywords.
_DEEPEST = 5
_MOST = 100
_MOST_OPTIONS = 500
_MOST_CHARACTERS = 15_000
_UNSUPPORTED = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"),
    "object": ("unevaluatedProperties", "propertyNames", "minProperties", "maxProperties"),
    "array": ("unevaluatedItems", "contains", "minContains", "maxContains", "minItems", "maxItems", "uniqueItems"),
}
_UNSUPPORTED["integer"] = _UNSUPPORTED["number"]


@dataclass(slots=True)
class _Checker:
    """Checks one schema.

    Attributes:
        what: What it is the schema of, as the message calls it.
        param: The request's parameter.
        code: Code of the error.
        root: The whole schema.
        seen: Properties met so far.
        options: Values of enumerations met so far.
        characters: Characters of names and values met so far.
    """

    what: str
    param: str
    code: str | None
    root: dict[str, Any]
    seen: int = 0
    options: int = 0
    characters: int = 0

    def check(self, schema: dict[str, Any], path: tuple[str, ...] = (), depth: int = 1) -> None:
        """Check a part of the schema and what it holds."""
        for word in _REFUSED:
            if word in schema:
                self._refuse(path, f"'{word}' is not permitted.")
        if "$ref" in schema:
            self._check_reference(schema["$ref"], path)
            return
        for place, option in enumerate(schema.get("anyOf") or ()):
            self.check(option, (*path, "anyOf", str(place)), depth)
        self._check_kinds(schema, path, depth)

    def _check_kinds(self, schema: dict[str, Any], path: tuple[str, ...], depth: int) -> None:
        kinds = schema.get("type")
        if kinds is None and not {"anyOf", "enum", "const"} & schema.keys():
            self._refuse(path, "schema must have a 'type' key.")
        named = kinds if isinstance(kinds, list) else [kinds] if kinds is not None else []
        for kind in named:
            if wrong := next((word for word in _UNSUPPORTED.get(kind, ()) if word in schema), None):
                self._refuse(path, f"'{wrong}' is not permitted.")
        self._count(schema)
        if "object" in named:
            self._check_object(schema, path, depth)
        if "array" in named:
            if "items" not in schema:
                self._refuse(path, "array schema missing items.")
            self.check(schema["items"], (*path, "items"), depth)

    def _check_object(self, schema: dict[str, Any], path: tuple[str, ...], depth: int) -> None:
        if schema.get("additionalProperties") is not False:
            self._refuse(path, "'additionalProperties' is required to be supplied and to be false.")
        properties = schema.get("properties", {})
        required = schema.get("required")
        missing = [name for name in properties if not isinstance(required, list) or name not in required]
        if missing:
            self._refuse(path, f"{_ALL_REQUIRED} Missing '{missing[0]}'.")
        extra = [name for name in required or () if name not in properties]
        if extra:
            self._refuse(path, f"{_ALL_REQUIRED} Extra required key '{extra[0]}' supplied.")
        self.seen += len(properties)
        self.characters += sum(len(name) for name in properties)
        if depth > _DEEPEST:
            self._refuse_size(f"{depth} levels of nesting exceeds limit of {_DEEPEST}.")
        if self.seen > _MOST:
            self._refuse_size(f"{self.seen} properties exceeds limit of {_MOST}.")
        for name, part in properties.items():
            self.check(part, (*path, "properties", name), depth + 1)

    def _count(self, schema: dict[str, Any]) -> None:
        values = [*(schema.get("enum") or ()), *([schema["const"]] if "const" in schema else ())]
        self.options += len(schema.get("enum") or ())
        self.characters += sum(len(value) for value in values if isinstance(value, str))
        if self.options > _MOST_OPTIONS:
            self._refuse_size(f"{self.options} enum values exceeds limit of {_MOST_OPTIONS}.")
        if self.characters > _MOST_CHARACTERS:
            self._refuse_size(f"{self.characters} characters of names and values exceeds limit of {_MOST_CHARACTERS}.")

    def _refuse_size(self, problem: str) -> None:
        raise refuse_openai(f"Invalid schema for {self.what}: {problem}", self.param, self.code)

    def _check_reference(self, reference: Any, path: tuple[str, ...]) -> None:
        target: Any = self.root
        for part in str(reference).removeprefix("#").strip("/").split("/") if reference != "#" else ():
            target = target.get(part) if isinstance(target, dict) else None
        if not isinstance(target, dict) or not str(reference).startswith("#"):
            self._refuse(path, f"reference to component '{reference}' which was not found in the schema.")

    def _refuse(self, path: tuple[str, ...], problem: str) -> None:
        context = f"({', '.join(map(repr, path))}{',' if len(path) == 1 else ''})"
        raise refuse_openai(f"Invalid schema for {self.what}: In context={context}, {problem}", self.param, self.code)


def check_strict(schema: Any, what: str, param: str, code: str | None = None) -> None:
    """Check a schema that is to be obeyed strictly.

    Raises:
        Refusal: It is not one that the service takes.
    """
    check_shape(schema, what, param, code)
    kind = schema.get("type")
    root = schema
    if kind is None and "$ref" in schema:
        # A root that refers to a definition is as good as the definition.
        name = str(schema["$ref"]).rpartition("/")[2]
        root = (schema.get("$defs") or schema.get("definitions") or {}).get(name, schema)
        kind = root.get("type")
    if kind != "object" or "anyOf" in root:
        raise refuse_openai(
            f"Invalid schema for {what}: schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'.",
            param,
            code,
        )
    checker = _Checker(what, param, code, schema)
    checker.check(root)
    for group in ("$defs", "definitions"):
        for name, part in (schema.get(group) or {}).items():
            checker.check(part, (group, name))


def check_shape(schema: Any, what: str, param: str, code: str | None = None) -> None:
    """Check that something is a schema, whichever.

    Raises:
        Refusal: It is none.
    """
    if flaw := find_flaw(schema):
        raise refuse_openai(f"Invalid schema for {what}: {flaw}.", param, code)


def read_format(given: Any, param: str) -> tuple[dict[str, Any] | None, bool]:
    """Read the form that an answer is to have.

    Args:
        given: The form: with the schema inside ``json_schema``, or beside ``type`` as the Responses API has it.
        param: The request's parameter.

    Returns:
        The schema, if there is one, and whether any JSON object will do.

    Raises:
        Refusal: It is not valid.
    """
    if given is None:
        return None, False
    kind = given.get("type") if isinstance(given, dict) else None
    if kind not in ("text", "json_object", "json_schema"):
        raise refuse_openai(
            f"Invalid value: '{kind}'. Supported values are: 'text', 'json_object', and 'json_schema'.",
            f"{param}.type",
            "invalid_value",
        )
    if kind != "json_schema":
        return None, kind == "json_object"
    holder = given.get("json_schema", given if param != "response_format" else None)
    place = f"{param}.json_schema" if param == "response_format" else param
    if not isinstance(holder, dict):
        raise refuse_openai(f"Missing required parameter: '{place}'.", place, "missing_required_parameter")
    name = holder.get("name")
    check_name(name, f"{place}.name")
    schema = holder.get("schema")
    if schema is None:
        raise refuse_openai(
            f"Missing required parameter: '{place}.schema'.", f"{place}.schema", "missing_required_parameter"
        )
    strict = holder.get("strict", param != "response_format")
    check = check_strict if strict else check_shape
    check(schema, f"response_format '{name}'", param if param == "response_format" else f"{param}.schema")
    return schema, False


def check_name(name: Any, param: str) -> None:
    """Check the name of a schema or a tool.

    Raises:
        Refusal: It is missing or has letters that are not allowed.
    """
    if name is None:
        raise refuse_openai(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise refuse_openai(
            f"Invalid '{param}': string does not match pattern. Expected a string that matches the pattern "
            "'^[a-zA-Z0-9_-]+$'.",
            param,
            "invalid_value",
        )
