"""Statements in SQL files, with what each gives: ``-- shape:``, ``-- gives:`` and, where it is told, ``-- sends:``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import tuple_row

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from pgazure.emulator import Emulator

_SHAPE = re.compile(
    r"^-- shape: (?P<says>.+)\n-- gives: (?P<gives>.+)\n(?:-- sends: (?P<sends>\d+)\n)?(?P<sql>(?:(?!-- shape:).*\n)+)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Shape:
    """A way to call: what it is, the SQL, the rows it gives, the texts that the services receive for it."""

    says: str
    sql: str
    gives: list[Any]
    sends: int | None


def read_shapes(*files: Path) -> list[Shape]:
    """Read all of them; each says something else."""
    written = "".join(file.read_text(encoding="utf-8") for file in files)
    shapes = [
        Shape(
            found["says"],
            found["sql"],
            json.loads(f"[{found['gives']}]"),
            int(found["sends"]) if found["sends"] else None,
        )
        for found in _SHAPE.finditer(written)
    ]
    assert len({shape.says for shape in shapes}) == len(shapes) == written.count("-- shape:")
    return shapes


def check(shape: Shape, connection: psycopg.Connection, emulator: Emulator) -> None:
    """Run a shape, print it with its rows, and compare."""
    rows = _run(connection, shape.sql)
    print(f"\n{shape.says}")
    for row in rows or [["no row"]]:
        print("    " + " | ".join(json.dumps(value, ensure_ascii=False) for value in row))
    assert rows == shape.gives
    if shape.sends is not None:
        assert emulator.stats()["items"] == shape.sends


def _run(connection: psycopg.Connection, statements: str) -> list[list[Any]]:
    """Give the rows of the last statement as JSON has them."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(statements.encode())
        while cursor.nextset():
            pass
        return json.loads(json.dumps(cursor.fetchall(), default=str))
