"""How a chat model is asked: texts between tags, answers of a strict schema."""

from __future__ import annotations

import re
from typing import Any


def mark(name: str, text: str, attributes: str = "") -> str:
    """Put a text between tags that it cannot end itself."""
    inner = re.sub(rf"<(?=/?\s*{name}\b)", "&lt;", text, flags=re.IGNORECASE)
    return f"<{name}{attributes}>\n{inner}\n</{name}>"


def strict(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Write a strict schema for an object."""
    return {"name": name, "strict": True, "schema": strict_object(properties)}


def strict_object(properties: dict[str, Any]) -> dict[str, Any]:
    """Write the schema of an object that has all of ``properties`` and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
