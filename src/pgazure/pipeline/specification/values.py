"""Values that a function of the user's own may return, by the type of their column."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pgazure.flow.characters import has_nul

if TYPE_CHECKING:
    from collections.abc import Callable


def fits(value: Any, kind: str) -> bool:
    """Tell whether a column of type ``kind`` can hold a value; every column can hold ``None``."""
    return value is None or _FITTING[kind](value)


def _is_text(value: Any) -> bool:
    # PostgreSQL keeps no NUL in a text, and UTF-8 no lone surrogate.
    return isinstance(value, str) and "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value)


def _is_integer(value: Any, bits: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(1 << bits - 1) <= value < 1 << bits - 1


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_list(value: Any, fitting: Callable[[Any], bool]) -> bool:
    return isinstance(value, list | tuple) and all(each is None or fitting(each) for each in value)


def _is_json(value: Any) -> bool:
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return _is_text(text) and not has_nul(text.encode())


_FITTING: dict[str, Callable[[Any], bool]] = {
    "text": _is_text,
    "text[]": lambda value: _is_list(value, _is_text),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_integer(value, 32),
    "bigint": lambda value: _is_integer(value, 64),
    "double precision": _is_number,
    "double precision[]": lambda value: _is_list(value, _is_number),
    "numeric": lambda value: _is_number(value) or isinstance(value, Decimal),
    "date": lambda value: isinstance(value, date) and not isinstance(value, datetime),
    "timestamp with time zone": lambda value: isinstance(value, datetime) and value.tzinfo is not None,
    "uuid": lambda value: isinstance(value, UUID),
    "jsonb": _is_json,
}
