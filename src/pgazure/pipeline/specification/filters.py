"""Conditions: which rows of a source are enriched, said without SQL."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from pgazure.pipeline.specification.steps import SpecModel

Operator = Literal[
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "in",
    "not in",
    "like",
    "not like",
    "is null",
    "is not null",
    "is true",
    "is not true",
]
_WITHOUT_VALUE = {"is null", "is not null", "is true", "is not true"}
_WITH_LIST = {"in", "not in"}


class Condition(SpecModel):
    """One condition on one column, as SQL means it: a comparison with NULL does not hold.

    Attributes:
        column: Name of the column.
        op: How it is compared; ``is true`` where nothing is said.
        value: With what; a list for ``in`` and ``not in``, nothing for those that begin with ``is``.
    """

    column: str = Field(min_length=1)
    op: Operator = "is true"
    value: Any = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"column": given}
        if isinstance(given, list | tuple):
            return dict(zip(("column", "op", "value"), given, strict=False))
        return given

    @field_validator("op", mode="before")
    @classmethod
    def _read_operator(cls, value: Any) -> Any:
        known = _spell(value)
        if known not in get_args(Operator):
            msg = f"there is no comparison {value!r}; there are: {', '.join(get_args(Operator))}"
            raise ValueError(msg)
        return known

    @model_validator(mode="after")
    def _check_value(self) -> Self:
        if self.op in _WITHOUT_VALUE:
            if self.value is not None:
                msg = f"{self.column} {self.op} takes no value"
                raise ValueError(msg)
        elif self.op in _WITH_LIST:
            if not isinstance(self.value, list | tuple) or not self.value or not all(map(_is_plain, self.value)):
                msg = f"{self.column} {self.op} takes a list of texts, numbers, dates or booleans"
                raise ValueError(msg)
        elif not _is_plain(self.value):
            msg = f"{self.column} {self.op} takes a text, a number, a date or a boolean"
            raise ValueError(msg)
        return self

    @property
    def values(self) -> list[str]:
        """What the column is compared with, as PostgreSQL reads it."""
        given = self.value if isinstance(self.value, list | tuple) else [] if self.value is None else [self.value]
        return [str(each).lower() if isinstance(each, bool) else str(each) for each in given]


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool | Decimal) or hasattr(value, "isoformat")


def read_conditions(value: Any) -> Any:
    """Read ``where``: one condition, or a list of them that all hold.

    A condition is a column alone, a table with ``column``, ``op`` and ``value``, or the three in a row.
    """
    if isinstance(value, str | dict | Condition):
        return (value,)
    if isinstance(value, list | tuple) and value and isinstance(value[0], str) and len(value) in {2, 3}:
        in_a_row = isinstance(value, tuple) or _spell(value[1]) in get_args(Operator)
        return (value,) if in_a_row else value
    return value


def _spell(operator: Any) -> str:
    known = " ".join(str(operator).lower().split())
    return {"!=": "<>", "==": "="}.get(known, known)
