"""What is to be extracted: labels such as ``price: number - in euros``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TYPES = ("string", "number", "integer", "boolean")
_LABEL = re.compile(r"(?P<name>[^:]*?)(?:\s*:\s*(?P<type>.*?))?(?:\s+-\s+(?P<description>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Label:
    """Something to extract.

    Attributes:
        name: Key of the result.
        type: ``string``, ``number``, ``integer`` or ``boolean``.
        description: What it is, in the caller's words; may be empty.
    """

    name: str
    type: str = "string"
    description: str = ""


def read_label(text: str) -> Label:
    """Read ``name``, ``name: type``, ``name - description`` or ``name: type - description``.

    Raises:
        ConfigurationError: The name is empty or the type is not known.
    """
    match = _LABEL.fullmatch(text.strip())
    name = match["name"].strip() if match else ""
    if match is None or not name:
        msg = "a label of data must have the form name, name - description or name: type - description"
        raise ConfigurationError(msg)
    kind = "string" if match["type"] is None else match["type"].strip().lower()
    if kind not in _TYPES:
        msg = f"the type of the label {name!r} must be one of {', '.join(_TYPES)}; a description comes after ' - '"
        raise ConfigurationError(msg)
    return Label(name, kind, (match["description"] or "").strip())


def read_labels(texts: Sequence[str]) -> list[Label]:
    """Read labels; there must be one at least, and no name twice.

    Raises:
        ConfigurationError: There is none, or one is wrong.
    """
    labels = [read_label(text) for text in texts]
    names = [label.name for label in labels]
    if not names or len(set(names)) < len(names):
        msg = "data must have at least one label, and no name may come twice"
        raise ConfigurationError(msg)
    return labels


def write_schema(labels: Sequence[Label]) -> dict[str, Any]:
    """Write the strict schema of an answer that has a value, or null, for every label."""
    properties = {
        label.name: {"type": [label.type, "null"], **({"description": label.description} if label.description else {})}
        for label in labels
    }
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"name": "extraction", "strict": True, "schema": schema}


def convert(answer: dict[str, Any], labels: Sequence[Label]) -> dict[str, Any]:
    """Give the values in the order of the labels, whole numbers as ``int``."""
    return {
        label.name: int(answer[label.name])
        if label.type == "integer" and isinstance(answer[label.name], float)
        else answer[label.name]
        for label in labels
    }
