"""The step that calls a function of the user's own."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from pydantic import Field, field_validator

from pgazure.errors import ConfigurationError
from pgazure.pipeline.specification.steps import Step, checked_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ColumnType = Literal[
    "text",
    "text[]",
    "boolean",
    "integer",
    "bigint",
    "double precision",
    "double precision[]",
    "numeric",
    "date",
    "timestamp with time zone",
    "uuid",
    "jsonb",
]

# Columns of every result table.
_TAKEN = {"call_id", "model", "input_hash", "enriched_at", "replaced_at"}

_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class Call(Step):
    """A step that calls a function of the user's own.

    Attributes:
        function: ``module:function``, or the function itself. It is ``async``, takes one text, and returns
            the value of the one column, or a mapping with one for each.
        returns: Result columns with their types.
        concurrency: Most calls under way for a batch.
        version: Change it when the function answers otherwise than before: results are made anew.
    """

    operation = "call"
    result = "called"
    _not_decisive: ClassVar[set[str]] = {"concurrency"}

    function: str
    returns: dict[str, ColumnType] = Field(min_length=1)
    concurrency: int = Field(8, ge=1, le=256)
    version: str = "1"

    @field_validator("function", mode="before")
    @classmethod
    def _name_function(cls, value: Any) -> Any:
        if not callable(value):
            return value
        _check_function(value)
        return f"{value.__module__}:{value.__qualname__}"

    @field_validator("function")
    @classmethod
    def _check_name_of_function(cls, value: str) -> str:
        if "<" in value:
            msg = "a lambda or a function within a function cannot be found again: define it in a module"
            raise ValueError(msg)
        if not _FUNCTION.fullmatch(value):
            msg = f"{value!r}: write 'module:function'"
            raise ValueError(msg)
        return value

    @field_validator("returns", mode="before")
    @classmethod
    def _check_types(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for name, kind in value.items():
                checked_name(str(name), "result column")
                if name in _TAKEN:
                    msg = f"column {name}: every result table has one of that name, call it otherwise"
                    raise ValueError(msg)
                if kind not in get_args(ColumnType):
                    msg = f"column {name}: there is no type {kind!r} here; there are: {', '.join(get_args(ColumnType))}"
                    raise ValueError(msg)
        return value

    @property
    def model_name(self) -> str:
        """The function that answers."""
        return self.function

    def find(self) -> Callable[[str], Awaitable[Any]]:
        """Import the function.

        Raises:
            ConfigurationError: It cannot be imported, or is not an async function.
        """
        module, _, path = self.function.partition(":")
        try:
            found: Any = importlib.import_module(module)
            for name in path.split("."):
                found = getattr(found, name)
        except (ImportError, AttributeError) as error:
            msg = (
                f"step {self.title}: cannot import {self.function} ({type(error).__name__}); install its module where "
                "pgazure runs, or add its folder to PYTHONPATH"
            )
            raise ConfigurationError(msg) from None
        try:
            _check_function(found)
        except ValueError as error:
            msg = f"step {self.title}: {self.function}: {error}"
            raise ConfigurationError(msg) from None
        function: Callable[[str], Awaitable[Any]] = found
        return function


def _check_function(function: Any) -> None:
    if not inspect.iscoroutinefunction(function):
        msg = "it must be an async function: async def f(text: str)"
        raise ValueError(msg)
