"""The functions that a database has: their results, and how arguments reach them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from pgazure.services.database import Argument
from pgazure.types import (
    Entity,
    LanguageDetectionResult,
    LinkedEntity,
    PiiEntityRecognitionResult,
    Sentence,
    SentimentAnalysisResult,
    TranslatedTextResult,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgazure.services.database import SqlType


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the extension.

    Attributes:
        result: Type of one result.
        scalar: The query that calls it for one text.
        array: The query that calls it for many; ``None`` where it takes but one.
        each: The parameter with a value for each text; ``""`` where there is none.
        each_in_array: Whether the array form takes a list there.
        tunable: Whether it has arguments for retries, time allowed and errors.
        nullable: Whether NULL can be a result.
    """

    result: Any
    scalar: str = "call_function"
    array: str | None = "call_set_function"
    each: str = "language"
    each_in_array: bool = True
    tunable: bool = True
    nullable: bool = False


_PLAIN = "call_plain_function"
_CHAT = Function(Any, array=None, each="", tunable=False)

FUNCTIONS: dict[str, dict[str, Function]] = {
    "azure_openai": {"create_embeddings": Function(Any, scalar=_PLAIN, array=_PLAIN, each="")},
    "azure_cognitive": {
        "analyze_sentiment": Function(SentimentAnalysisResult),
        "detect_language": Function(LanguageDetectionResult, each=""),
        "extract_key_phrases": Function(list[str]),
        "linked_entities": Function(list[LinkedEntity]),
        "recognize_entities": Function(list[Entity]),
        "recognize_pii_entities": Function(PiiEntityRecognitionResult),
        "summarize_abstractive": Function(list[str]),
        "summarize_extractive": Function(list[Sentence]),
        "translate": Function(TranslatedTextResult, each="source_language", each_in_array=False),
    },
    "azure_ai": {
        "generate": _CHAT,
        "extract": _CHAT,
        "is_true": Function(bool | None, array=None, each="", tunable=False, nullable=True),
        "rank": Function(float, array="call_table_function", each="", tunable=False),
    },
    "azure_ml": {
        "invoke": Function(Any, array=None, each="", nullable=True),
        "inference": Function(Any, array=None, each="", nullable=True),
    },
}
"""By schema and name."""

SETTINGS = {"azure_ai": {"set_setting", "get_setting", "version"}}
"""Functions that send no text to a service."""

_JSON = {"json_schema", "input_data"}
# Leaving them out chooses the default or, for the schema, the overload.
_LEFT_OUT = {"dimensions", "json_schema"}


def write_arguments(values: Mapping[str, Any]) -> dict[str, Argument]:
    """Give values the SQL types that choose the right overload."""
    arguments: dict[str, Argument] = {
        # psycopg takes a tuple for a row, and a sequence of another kind for nothing.
        name: Argument(_listed(value) if _is_list(name, value) else value, _find_type(name, value))
        for name, value in values.items()
        if value is not None or name not in _LEFT_OUT
    }
    if "target_language" in arguments:
        _align_targets(arguments)
    return arguments


def _find_type(name: str, value: Any) -> SqlType:
    if name in _JSON:
        return "jsonb"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if _is_list(name, value):
        return "integer[]" if value and isinstance(value[0], int) else "text[]"
    return "text"


def _listed(value: Any) -> list[Any]:
    return list(value)


def _is_list(name: str, value: Any) -> bool:
    return name not in _JSON and isinstance(value, Sequence) and not isinstance(value, str)


def _align_targets(arguments: dict[str, Argument]) -> None:
    # Scripts are a list where languages are one, and only there.
    target, script = arguments["target_language"], arguments["target_script"]
    if "text" in (target.type, script.type) and target.type != script.type:
        languages = target.value if target.type == "text[]" else [target.value]
        scripts = [script.value] * len(languages) if script.type == "text" else script.value
        arguments["target_language"] = Argument(languages, "text[]")
        arguments["target_script"] = Argument(scripts if any(scripts) else None, "text[]")


def read_result(kind: Any, value: Any) -> Any:
    """Make a result of what the database gave: a composite type by the order of its fields, whatever their names."""
    if get_origin(kind) is list:
        return [read_result(get_args(kind)[0], item) for item in value or ()]
    if _is_optional(kind):
        return None if value is None else read_result(get_args(kind)[0], value)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        names = [field.name for field in fields(kind)]
        made: Any = kind
        return made(*(read_result(hints[name], item) for name, item in zip(names, value.values(), strict=True)))
    if kind is float:
        return float(value)
    return "" if kind is str and value is None else value


def _is_optional(kind: Any) -> bool:
    return (get_origin(kind) is Union or type(kind).__name__ == "UnionType") and type(None) in get_args(kind)
