"""Fields of a service's JSON, checked as they are read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class MisshapenError(ValueError):
    """A field is missing or of another type; the message names it and holds nothing of the answer."""


def read_object(found: Any, key: str) -> dict[str, Any]:
    """Read an object."""
    value = _take(found, key)
    if type(value) is not dict:
        raise _refuse(key, "an object")
    return value


def read_list(found: Any, key: str) -> list[Any]:
    """Read a list; what is in it is not looked at."""
    value = _take(found, key)
    if type(value) is not list:
        raise _refuse(key, "a list")
    return value


def read_text(found: Any, key: str) -> str:
    """Read a text."""
    value = _take(found, key)
    if type(value) is not str:
        raise _refuse(key, "a text")
    return value


def read_texts(found: Any, key: str) -> list[str]:
    """Read a list of texts."""
    values = read_list(found, key)
    if not all(type(value) is str for value in values):
        raise _refuse(key, "a list of texts")
    return values


def read_number(found: Any, key: str) -> float:
    """Read a finite number."""
    value = _take(found, key)
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int:
        return float(value)
    raise _refuse(key, "a number")


def read_count(found: Any, key: str) -> int:
    """Read a whole number, 0 or more."""
    value = _take(found, key)
    if type(value) is not int or value < 0:
        raise _refuse(key, "a whole number")
    return value


def read_flag(found: Any, key: str) -> bool:
    """Read true or false."""
    value = _take(found, key)
    if type(value) is not bool:
        raise _refuse(key, "true or false")
    return value


def read_optional(found: Any, key: str, read: Callable[[Any, str], T]) -> T | None:
    """Read with ``read`` what may be absent or null, which is ``None``."""
    try:
        absent = found.get(key) is None
    except AttributeError:
        raise _miss(key) from None
    return None if absent else read(found, key)


def _take(found: Any, key: str) -> Any:
    try:
        return found[key]
    except (KeyError, TypeError):
        raise _miss(key) from None


def _miss(key: str) -> MisshapenError:
    return MisshapenError(f"there is no {key}")


def _refuse(key: str, wanted: str) -> MisshapenError:
    return MisshapenError(f"{key} is not {wanted}")
