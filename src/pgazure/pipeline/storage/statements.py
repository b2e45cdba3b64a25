"""The engine's SQL: named queries of ``sql/engine``, loaded once.

Python adds identifiers and fragments made of identifiers; values travel as
parameters. Because a name may hold a percent sign, which psycopg would read as
a placeholder, every statement is executed with parameters (an empty mapping
where there are none) and :func:`identifier` doubles the sign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from pgazure.sqlfiles import find_statement, sql_folder, trusted

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Statements", "commas", "conjunction", "identifier", "literal", "sql_folder", "statement", "trusted"]


def statement(name: str, /, **fragments: sql.Composable) -> sql.Composed:
    """Return the named query with ``fragments`` in place of its ``{placeholders}``."""
    return find_statement("engine", name, **fragments)


class Statements:
    """Named queries over one set of fragments, each composed when it is first used.

    Args:
        fragments: What stands in place of ``{placeholders}``; a query may use some of them.
    """

    def __init__(self, **fragments: sql.Composable) -> None:
        self._fragments = fragments
        self._composed: dict[str, sql.SQL] = {}

    def more(self, **fragments: sql.Composable) -> Statements:
        """The same with more fragments."""
        return Statements(**self._fragments, **fragments)

    def __getitem__(self, name: str) -> sql.SQL:
        if name not in self._composed:
            self._composed[name] = trusted(statement(name, **self._fragments).as_string())
        return self._composed[name]


def identifier(*names: str) -> sql.Identifier:
    """Quote a name, with its schema before it where there are two."""
    return sql.Identifier(*(name.replace("%", "%%") for name in names))


def literal(value: str | int) -> sql.Composable:
    """Quote a constant for a statement that takes no parameters, such as DDL."""
    return sql.Literal(value.replace("%", "%%") if isinstance(value, str) else value)


def commas(parts: Iterable[sql.Composable]) -> sql.Composed:
    """Join fragments with commas."""
    return sql.SQL(", ").join(parts)


def conjunction(parts: Iterable[sql.Composable]) -> sql.Composed:
    """Join conditions with AND."""
    return sql.SQL(" AND ").join(parts)
