"""The engine's SQL: named queries of ``sql/engine``, loaded once.

The only module that knows where SQL text comes from. Python adds identifiers
and fragments made of identifiers; values travel as parameters. Because a name
may hold a percent sign, which psycopg would read as a placeholder, every
statement is executed with parameters (an empty mapping where there are none)
and :func:`identifier` doubles the sign.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.resources.abc import Traversable

_BLOCK = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def sql_folder() -> Traversable:
    """Find the SQL files: inside an installed package, or beside ``src`` in a checkout."""
    packed = files("pgazure") / "_sql"
    if packed.is_dir():
        return packed
    return Path(__file__).resolve().parents[3] / "sql"


@cache
def _named() -> dict[str, str]:
    named: dict[str, str] = {}
    for file in sorted((sql_folder() / "engine").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".sql"):
            continue
        parts = _BLOCK.split(file.read_text(encoding="utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if name in named:
                msg = f"two queries are named {name}"
                raise RuntimeError(msg)
            named[name] = text.strip().removesuffix(";")
    return named


def statement(name: str, /, **fragments: sql.Composable) -> sql.Composed:
    """Return the named query with ``fragments`` in place of its ``{placeholders}``."""
    return trusted(_named()[name]).format(**fragments)


def trusted(text: str) -> sql.SQL:
    """Take text for SQL that comes from our own files or from PostgreSQL's catalog, never from a user."""
    return sql.SQL(text)  # pyright: ignore[reportArgumentType] - the one place where SQL is not a literal


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
