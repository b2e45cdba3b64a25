"""A CSV file as a table."""

from __future__ import annotations

import csv
import io
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from pgazure.errors import InvalidSpecError
from pgazure.pipeline.storage.statements import commas, identifier

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from psycopg import AsyncConnection

_INTEGER = re.compile(r"-?\d{1,18}")


@dataclass(frozen=True)
class Sheet:
    """What a CSV file holds.

    Attributes:
        name: A name for its table, made of the file's.
        columns: Its columns; one without a heading is named after its place.
        rows: Its rows; an empty cell is ``None``.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


def read_sheet(file: Traversable) -> Sheet:
    """Read a CSV file in UTF-8.

    Raises:
        InvalidSpecError: It is missing, is no such file, or has no rows.
    """
    csv.field_size_limit(sys.maxsize)
    try:
        # Not as text, which would turn line ends within a cell into others.
        lines = io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")
        headings, *rows = csv.reader(lines, strict=True)
    except OSError as error:
        msg = f"cannot read {file}: {error.strerror or error}"
        raise InvalidSpecError(msg) from None
    except (csv.Error, UnicodeDecodeError, ValueError) as error:
        msg = f"{file} is not a CSV file in UTF-8 with a line of headings: {error}"
        raise InvalidSpecError(msg) from None
    columns = tuple(heading.strip() or f"column_{n}" for n, heading in enumerate(headings, 1))
    if twice := sorted({column for column in columns if columns.count(column) > 1}):
        msg = f"{file} has two columns named {', '.join(twice)}"
        raise InvalidSpecError(msg)
    for number, row in enumerate(rows, 2):
        if row and len(row) != len(columns):
            msg = f"{file}: record {number} has {len(row)} cells, the line of headings has {len(columns)}"
            raise InvalidSpecError(msg)
        if any("\0" in cell for cell in row):
            msg = f"{file}: record {number} holds a NUL character, which PostgreSQL cannot store: remove it"
            raise InvalidSpecError(msg)
    kept = tuple(tuple(cell or None for cell in row) for row in rows if row)
    if not kept:
        msg = f"{file} has no rows"
        raise InvalidSpecError(msg)
    name = re.sub(r"[^a-z0-9_]+", "_", file.name.rpartition(".")[0].lower()).strip("_")[:30]
    return Sheet(name if re.match(r"[a-z_]", name) else f"t_{name}", columns, kept)


async def load_sheet(connection: AsyncConnection[Any], sheet: Sheet, key: str) -> None:
    """Make a table of a sheet, with ``key`` as its primary key.

    A column of nothing but integers becomes ``bigint``, every other ``text``.

    Raises:
        InvalidSpecError: The sheet has no such column, or its values are empty or not distinct.
    """
    if key not in sheet.columns:
        msg = f"there is no column {key}; there are: {', '.join(sheet.columns)}"
        raise InvalidSpecError(msg)
    place = sheet.columns.index(key)
    keys = [row[place] for row in sheet.rows]
    if None in keys or len(set(keys)) < len(keys):
        msg = f"column {key} cannot be the key: its values must be distinct and not empty"
        raise InvalidSpecError(msg)
    kinds = ["bigint" if _is_integer(sheet, n) else "text" for n in range(len(sheet.columns))]
    table = identifier("public", sheet.name)
    definitions = commas(
        sql.SQL("{} {}").format(identifier(column), sql.SQL("bigint") if kind == "bigint" else sql.SQL("text"))
        for column, kind in zip(sheet.columns, kinds, strict=True)
    )
    create = sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))").format(table, definitions, identifier(key))
    await connection.execute(create, {})
    names = commas(identifier(column) for column in sheet.columns)
    async with connection.cursor() as cursor:
        copy_in = sql.SQL("COPY {} ({}) FROM STDIN").format(table, names)
        async with cursor.copy(copy_in, {}) as copy:
            for row in sheet.rows:
                await copy.write_row(row)


def _is_integer(sheet: Sheet, place: int) -> bool:
    cells = [row[place] for row in sheet.rows if row[place] is not None]
    return bool(cells) and all(_INTEGER.fullmatch(cell or "") for cell in cells)
