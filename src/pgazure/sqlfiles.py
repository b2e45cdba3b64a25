"""SQL text: named queries of the folder ``sql``, loaded once.

The only module that knows where SQL text comes from. A file holds blocks that
begin with ``-- name: …``; Python adds identifiers and fragments made of
identifiers, and values travel as parameters.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_BLOCK = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def sql_folder() -> Traversable:
    """Find the SQL files: inside an installed package, or beside ``src`` in a checkout."""
    packed = files("pgazure") / "_sql"
    if packed.is_dir():
        return packed
    return Path(__file__).resolve().parents[2] / "sql"


@cache
def _named(folder: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for file in sorted((sql_folder() / folder).iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".sql"):
            continue
        parts = _BLOCK.split(file.read_text(encoding="utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if name in named:
                msg = f"two queries are named {name}"
                raise RuntimeError(msg)
            named[name] = text.strip().removesuffix(";")
    return named


def find_statement(folder: str, name: str, /, **fragments: sql.Composable) -> sql.Composed:
    """Return a named query of ``folder`` with ``fragments`` in place of its ``{placeholders}``."""
    return trusted(_named(folder)[name]).format(**fragments)


def trusted(text: str) -> sql.SQL:
    """Take text for SQL that comes from our own files or from PostgreSQL's catalog, never from a user."""
    return sql.SQL(text)  # pyright: ignore[reportArgumentType] - the one place where SQL is not a literal
