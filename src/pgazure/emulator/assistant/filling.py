"""Answers that obey a JSON schema, filled from a text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pgazure.emulator.assistant import records
from pgazure.emulator.assistant.constraints import Unfillable, default_text, fit_number, fit_text
from pgazure.emulator.assistant.fields import Field, Request, choose, decide, find_number, find_texts, split
from pgazure.emulator.assistant.reading import Reading
from pgazure.emulator.assistant.values import FINDERS

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEEPEST = 24
_SEGMENT = re.compile(r"\n+")
_MOST_ITEMS = 50
_MISSING = object()
_DEFAULT_ITEMS = 10


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a schema a value is wanted."""

    name: str
    parents: tuple[str, ...] = ()
    record: dict[str, Any] | None = None
    required: bool = True
    references: tuple[str, ...] = ("#",)

    def inside(self, name: str, record: dict[str, Any] | None = None) -> _Place:
        parents = (self.name, *self.parents) if self.name else self.parents
        return replace(self, name=name, parents=parents, record=record or self.record, required=True)


class Filler:
    """Fills a schema.

    Args:
        root: The whole schema, whose definitions the parts refer to.
    """

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root

    def fill(self, request: Request) -> Any:
        """Make a value that obeys the schema.

        Raises:
            Unfillable: There is none, or none can be found.
        """
        return self._fill(self._root, request, _Place(str(self._root.get("title", ""))))

    def _fill(self, schema: dict[str, Any], request: Request, place: _Place) -> Any:
        schema, place = self._open(schema, place)
        if "const" in schema:
            return schema["const"]
        if options := schema.get("anyOf") or schema.get("oneOf"):
            common = {key: value for key, value in schema.items() if key not in {"anyOf", "oneOf"}}
            return self._fill_any([common | option for option in options], request, place)
        kinds = schema.get("type")
        if isinstance(kinds, list):
            return self._fill_any([schema | {"type": kind} for kind in kinds], request, place)
        if "enum" in schema:
            return self._pick(schema, request, place)
        if kinds is None:
            kinds = "object" if "properties" in schema else "array" if "items" in schema else "string"
        fill = {
            "object": self._fill_object,
            "array": self._fill_array,
            "boolean": self._fill_boolean,
            "null": _fill_null,
        }
        return fill.get(kinds, self._fill_plain)(schema, request, place)

    def _open(self, schema: dict[str, Any], place: _Place) -> tuple[dict[str, Any], _Place]:
        """Follow a reference, but none a second time: what would go on for ever has to end."""
        reference = schema.get("$ref")
        if reference is None:
            return schema, place
        if reference in place.references:
            raise Unfillable
        return self._resolve(schema), replace(place, references=(*place.references, str(reference)))

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        seen = 0
        while "$ref" in schema:
            path = str(schema["$ref"]).removeprefix("#").strip("/")
            target: Any = self._root
            for part in filter(None, path.split("/")):
                target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
            seen += 1
            if not isinstance(target, dict) or seen > _DEEPEST:
                raise Unfillable
            schema = {key: value for key, value in schema.items() if key != "$ref"} | target
        return schema

    def _fill_any(self, options: list[dict[str, Any]], request: Request, place: _Place) -> Any:
        """The first option a value is found for; ``null`` where it may be that and none is."""
        may_be_null = any(one.get("type") == "null" or one.get("enum") == [None] for one in options)
        real = [one for one in options if one.get("type") != "null"]
        for required in [False] if may_be_null else [False, True]:
            for one in real:
                try:
                    value = self._fill(one, request, replace(place, required=required))
                except Unfillable:
                    continue
                if value is not _MISSING:
                    return value
        if may_be_null:
            return None
        raise Unfillable

    def _pick(self, schema: dict[str, Any], request: Request, place: _Place) -> Any:
        options = schema["enum"]
        known = (place.record or {}).get(records.key_of(place.name))
        if isinstance(known, str):
            return next(
                (one for one in options if isinstance(one, str) and one.lower() == known.lower()),
                _MISSING if not place.required else options[0],
            )
        texts = [one for one in options if isinstance(one, str)]
        field = _field(schema, place)
        if not texts:
            found = find_number(field, request, whole=False)
            numbers = [one for one in options if isinstance(one, (int, float)) and not isinstance(one, bool)]
            if numbers:
                return numbers[0] if found is None else min(numbers, key=lambda one: abs(one - found))
            return options[0]
        chosen = choose(field, texts, request)
        if chosen is None and None in options:
            return None
        if chosen is None and not place.required:
            return _MISSING
        return texts[0] if chosen is None else chosen

    def _fill_object(self, schema: dict[str, Any], request: Request, place: _Place) -> Any:
        properties = schema.get("properties") or {}
        if any({"iso", "iso6391"} & {*split(name)} for name in properties) and "language" not in place.parents:
            # A name beside a code is the language's.
            place = replace(place, parents=("language", *place.parents), name="")
        found = {name: self._fill(part, request, place.inside(name)) for name, part in properties.items()}
        if not place.required and properties and not any(_holds(value) for value in found.values()):
            return _MISSING
        return found

    def _fill_array(self, schema: dict[str, Any], request: Request, place: _Place) -> list[Any]:
        least = int(schema.get("minItems", 0))
        try:
            items, place = self._strip_null(*self._open(schema.get("items") or {"type": "string"}, place))
            return self._fill_items(schema, items, request, place)
        except Unfillable:
            if least:
                raise
            return []

    def _strip_null(self, items: dict[str, Any], place: _Place) -> tuple[dict[str, Any], _Place]:
        """Leave out that an item may be null: a list holds what is found, and nothing else."""
        kinds, options = items.get("type"), items.get("anyOf")
        if isinstance(kinds, list):
            return items | {"type": next((kind for kind in kinds if kind != "null"), "null")}, place
        real = [one for one in options or () if one.get("type") != "null"]
        return self._strip_null(*self._open(real[0], place)) if len(real) == 1 else (items, place)

    def _fill_items(self, schema: dict[str, Any], items: dict[str, Any], request: Request, place: _Place) -> list[Any]:
        most = int(schema.get("maxItems", _MOST_ITEMS))
        least = int(schema.get("minItems", 0))
        kind = items.get("type")
        known = (place.record or {}).get(records.key_of(place.name))
        if isinstance(known, list):
            made = [self._fill(items, request, replace(place.inside(place.name), record=one)) for one in known]
        elif kind == "object" or "properties" in items:
            made = self._list_objects(items, request, place)
        elif "enum" in items:
            made = self._list_choices(items, request, place)
        elif kind not in {"string", None} or {"anyOf", "oneOf", "const"} & items.keys():
            made = self._list_plain(items, request, place, least)
        else:
            made = self._list_texts(items, request, place, schema)
        while len(made) < least:
            made.append(made[-1] if made else self._fill(items, request, place.inside(place.name)))
        return made[:most]

    def _list_texts(self, items: dict[str, Any], request: Request, place: _Place, schema: dict[str, Any]) -> list[Any]:
        field = _field(schema | {"description": items.get("description") or schema.get("description", "")}, place)
        found = find_texts(field, request)
        kept = [text for one in dict.fromkeys(found) if (text := fit_text(items, [one], "")) is not None]
        return list(kept if field.sense else kept[:_DEFAULT_ITEMS])

    def _list_plain(self, items: dict[str, Any], request: Request, place: _Place, least: int) -> list[Any]:
        if items.get("type") in {"number", "integer"}:
            whole = items["type"] == "integer"
            field = replace(_field(items, place), name=place.name)
            texts = (
                FINDERS["quantity"](request.reading) if field.sense in {"", "quantity"} else find_texts(field, request)
            )
            numbers = [
                float(match) for text in texts for match in re.findall(r"-?\d+(?:\.\d+)?", text.replace(",", ""))[:1]
            ]
            return [fit_number(items, one, whole=whole) for one in numbers]
        return [self._fill(items, request, place.inside(place.name)) for _ in range(least)]

    def _list_choices(self, items: dict[str, Any], request: Request, place: _Place) -> list[Any]:
        """Every option whose words stand in the text, else the one that fits best."""
        options = [one for one in items["enum"] if isinstance(one, str)]
        said = request.reading.text.lower()
        held = [one for one in options if " ".join(split(one)) in said]
        best = choose(_field(items, place), options, request)
        return held or ([best] if best is not None else [])

    def _list_objects(self, items: dict[str, Any], request: Request, place: _Place) -> list[Any]:
        fields = list(items.get("properties") or {})
        inner = place.inside(place.name)
        known = records.list_records(place.name, fields, request)
        if known is not None:
            made = [self._fill_record(items, request, inner, one) for one in known]
            return [one for one in made if one is not None]
        found: list[Any] = []
        for segment in _cut(request.reading):
            part = replace(request, reading=Reading(segment, request.reading.order))
            one = self._fill_object(items, part, replace(inner, required=False))
            if one is not _MISSING and one not in found:
                found.append(one)
        return found

    def _fill_record(self, items: dict[str, Any], request: Request, place: _Place, record: dict[str, Any]) -> Any:
        for name, part in (items.get("properties") or {}).items():
            allowed = self._resolve(part).get("enum")
            value = record.get(records.key_of(name))
            # A list of persons wants no dates: what has another category than those allowed is left out.
            if allowed and isinstance(value, str) and value.lower() not in {str(one).lower() for one in allowed}:
                return None
        return self._fill_object(items, request, replace(place, record=record))

    def _fill_boolean(self, schema: dict[str, Any], request: Request, place: _Place) -> Any:
        decided = decide(_field(schema, place), request)
        if decided is None:
            return False if place.required else _MISSING
        return decided

    def _fill_plain(self, schema: dict[str, Any], request: Request, place: _Place) -> Any:
        record = place.record or {}
        known = record.get(records.key_of(place.name), record.get("text") if place.name == "matches" else None)
        if schema.get("type") in {"number", "integer"}:
            whole = schema["type"] == "integer"
            field = _field(schema, place)
            if isinstance(known, (int, float)):
                low, high = field.range or (0.0, 1.0)
                scaled = (
                    low + known * (high - low) if records.key_of(place.name) in {"relevance", "score"} else float(known)
                )
                return fit_number(schema, scaled, whole=whole)
            found = find_number(field, request, whole=whole)
            if found is None:
                return fit_number(schema, 0.0, whole=whole) if place.required else _MISSING
            return fit_number(schema, found, whole=whole)
        if known is not None:
            candidates = [str(known)] if known != "" or place.required else []
            if known == "" and not place.required:
                return _MISSING
        else:
            candidates = find_texts(_field(schema, place), request)
        found_text = fit_text(schema, candidates, request.reading.text)
        if found_text is None or (not found_text and not place.required):
            return default_text(schema) if place.required else _MISSING
        return found_text


def _fill_null(schema: dict[str, Any], request: Request, place: _Place) -> None:
    del schema, request, place


def _field(schema: dict[str, Any], place: _Place) -> Field:
    low, high = schema.get("minimum"), schema.get("maximum")
    return Field(place.name, str(schema.get("description", "")), place.parents, low, high)


def _holds(value: Any) -> bool:
    return value is not _MISSING and value not in (None, "", 0, [], {}, False)


def _cut(reading: Reading) -> Sequence[str]:
    lines = [line.strip(" -*•\t") for line in _SEGMENT.split(reading.text) if line.strip()]
    return (lines if len(lines) > 1 else reading.sentences)[:_MOST_ITEMS]
