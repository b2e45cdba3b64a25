"""Result tables: what stands in them, equal work in any of them, and writing."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from psycopg import sql

from pgazure.pipeline.database import fetch_all, fetch_tuples
from pgazure.pipeline.layout import Column
from pgazure.pipeline.operations import OPERATIONS, Operation, Unit, Values
from pgazure.pipeline.statements import commas, identifier, statement, trusted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import AsyncConnection

    from pgazure.pipeline.layout import Key, Layout
    from pgazure.pipeline.spec import Step

Place = tuple[Any, ...]


class ResultTable:
    """The result table of one step.

    Args:
        layout: The pipeline's source.
        step: The step.
        table: Name of the table.
    """

    def __init__(self, layout: Layout, step: Step, table: str) -> None:
        self.layout = layout
        self.step = step
        self.name = table
        self.table = identifier(layout.schema, table)
        self.operation: Operation = OPERATIONS[step.operation]
        self.values: tuple[Column, ...] = self.operation.value_columns(step)

    async def read_current(
        self, connection: AsyncConnection[Any], keys: Sequence[Key], *, values: bool
    ) -> dict[Key, dict[Place, tuple[bytes, Values]]]:
        """Read what stands for these rows: hash and (where asked for) values, by place."""
        columns = [*self.operation.places, Column("input_hash", "bytea"), *(self.values if values else ())]
        query = statement(
            "results_current",
            key_texts=self.layout.key_texts("r"),
            columns=commas(column.of("r") for column in columns),
            items=self.layout.items,
            table=self.table,
            result_is_item=self.layout.match_item("r"),
        )
        found: dict[Key, dict[Place, tuple[bytes, Values]]] = {}
        width, places = len(self.layout.key), len(self.operation.places)
        for row in await fetch_tuples(connection, query, self.layout.parameters(keys)):
            place, rest = row[width : width + places], row[width + places :]
            found.setdefault(row[:width], {})[place] = (rest[0], rest[1:])
        return found

    async def read_equal(self, connection: AsyncConnection[Any], digests: Iterable[bytes]) -> dict[bytes, Values]:
        """Find results of equal work, in this table and in those of other pipelines."""
        found: dict[bytes, Values] = {}
        missing = list(digests)
        if not missing:
            return found
        parameters = {"operation": self.step.operation, "dimensions": getattr(self.step, "width", None)}
        tables = await fetch_all(connection, statement("step_tables"), parameters)
        for row in tables:
            query = statement(
                "results_equal",
                columns=commas(column.of("r") for column in self.values),
                table=identifier(row.schema, row.table),
            )
            for digest, *values in await fetch_tuples(connection, query, {"hashes": missing}):
                found[digest] = tuple(values)
            missing = [digest for digest in missing if digest not in found]
            if not missing:
                break
        return found

    async def clear(self, connection: AsyncConnection[Any], keys: Sequence[Key]) -> None:
        """Remove what stands for these rows."""
        query = statement(
            "results_clear",
            table=self.table,
            items=self.layout.items,
            result_is_item=self.layout.match_item("r"),
        )
        await connection.execute(query, self.layout.parameters(keys))

    async def write(
        self, connection: AsyncConnection[Any], results: Mapping[Key, Sequence[tuple[Unit, Values]]]
    ) -> None:
        """Replace what stands for these rows."""
        await self.clear(connection, list(results))
        rows = [
            (*key, *unit.place, *values, self.step.model_name, unit.digest)
            for key, units in results.items()
            for unit, values in units
        ]
        if rows:
            async with connection.cursor() as cursor:
                await cursor.executemany(self._write_query, rows)

    @cached_property
    def _write_query(self) -> sql.Composed:
        row_key = (*self.layout.key, *self.operation.places)
        provenance = (Column("model", "text"), Column("input_hash", "bytea"))
        columns = (*row_key, *self.values, *provenance)
        # Vectors go in binary: as text they cost twenty times as much.
        values = [
            trusted("%b" if column.type.startswith("vector") else f"%s::{column.type.replace('%', '%%')}")
            for column in columns
        ]
        updates = [
            sql.SQL("{name} = excluded.{name}").format(name=column.identifier) for column in (*self.values, *provenance)
        ]
        return statement(
            "result_write",
            table=self.table,
            columns=commas(column.identifier for column in columns),
            values=commas(values),
            row_key=commas(column.identifier for column in row_key),
            updates=commas([*updates, sql.SQL("enriched_at = now()")]),
        )
