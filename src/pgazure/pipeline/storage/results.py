"""Result tables: what stands in them, equal work in any of them, and writing."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.adapt import PyFormat, Transformer

from pgazure.pipeline.enrichment.operations import Operation, Place, Unit, Values, operation_of
from pgazure.pipeline.storage.database import fetch_all, fetch_tuples
from pgazure.pipeline.storage.layout import Column
from pgazure.pipeline.storage.past import SCHEMA, name_past
from pgazure.pipeline.storage.statements import Statements, commas, identifier, statement, trusted
from pgazure.pipeline.storage.vectors import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from psycopg import AsyncConnection, abc

    from pgazure.pipeline.specification.spec import PipelineSpec, Step
    from pgazure.pipeline.storage.layout import Key, Layout

# Columns of these types are sent as arrays of them; the values of any other type as texts, which the database casts.
_CONVERTED: dict[str, Callable[[Any], Any]] = {
    "integer": int,
    "bigint": int,
    "boolean": bool,
    "double precision": float,
    "bytea": bytes,
    "jsonb": json.dumps,
}

_CALL = Column("call_id", "uuid")
_PROVENANCE = (_CALL, Column("model", "text"), Column("input_hash", "bytea"))


class KeyedTable:
    """A table that holds something under the keys of a pipeline's source.

    Args:
        layout: The source.
        schema: Schema of the table.
        name: Its name.
    """

    def __init__(self, layout: Layout, schema: str, name: str) -> None:
        self.layout = layout
        self.name = name
        self.table = identifier(schema, name)
        self._queries = Statements(
            table=self.table,
            items=layout.items,
            key_texts=layout.key_texts("r"),
            result_is_item=layout.match_item("r"),
        )

    async def clear(self, connection: AsyncConnection[Any], keys: Sequence[Key]) -> None:
        """Remove what stands for these rows."""
        await connection.execute(self._queries["results_clear"], self.layout.parameters(keys))


class _Elsewhere(dict[tuple[str, str], Statements]):
    """The queries of the tables in which equal work is looked for, by schema and name."""

    def __init__(self, columns: sql.Composable) -> None:
        super().__init__()
        self._columns = columns

    def __missing__(self, place: tuple[str, str]) -> Statements:
        self[place] = Statements(columns=self._columns, table=identifier(*place))
        return self[place]


class ResultTable(KeyedTable):
    """The result table of one step.

    Args:
        layout: The pipeline's source.
        pipeline: The pipeline.
        step: The step.
    """

    def __init__(self, layout: Layout, pipeline: PipelineSpec, step: Step) -> None:
        super().__init__(layout, layout.schema, pipeline.result_table(step))
        self.step = step
        self.operation: Operation = operation_of(pipeline, step)
        self.values: tuple[Column, ...] = self.operation.value_columns(step)
        hashes = [*self.operation.places, Column("input_hash", "bytea")]
        self._queries = self._queries.more(
            hashes=commas(column.of("r") for column in hashes),
            columns=commas(column.of("r") for column in (*hashes, *self.values)),
        )
        self._elsewhere = _Elsewhere(commas(column.of("r") for column in (*self.kept, _CALL)))

    async def read_current(
        self, connection: AsyncConnection[Any], keys: Sequence[Key], *, values: bool
    ) -> dict[Key, dict[Place, tuple[bytes, Values]]]:
        """Read what stands for these rows: hash and (where asked for) values, by place."""
        query = self._queries["results_current"] if values else self._queries["results_hashes"]
        found: dict[Key, dict[Place, tuple[bytes, Values]]] = {}
        width, places = len(self.layout.key), len(self.operation.places)
        for row in await fetch_tuples(connection, query, self.layout.parameters(keys)):
            place, rest = row[width : width + places], row[width + places :]
            found.setdefault(row[:width], {})[place] = (rest[0], rest[1:])
        return found

    @property
    def kept(self) -> tuple[Column, ...]:
        """The columns of the result that do not only repeat the text."""
        return tuple(column for column in self.values if column.name != self.operation.repeats)

    async def replace(
        self, connection: AsyncConnection[Any], keys: Sequence[Key], written: Iterable[bytes] = ()
    ) -> None:
        """Remove what stands for these rows, and keep as their past what is not written again, by hash."""
        if self.operation.billed:
            parameters = self.layout.parameters(keys, written=list(written))
            await connection.execute(self._past_query, parameters)
        else:
            await self.clear(connection, keys)

    @cached_property
    def _past_query(self) -> sql.SQL:
        columns = (*self.layout.key, *self.kept, *_PROVENANCE, Column("enriched_at", ""))
        queries = Statements(
            table=self.table,
            past=identifier(SCHEMA, name_past(self.layout.pipeline, self.step.title)),
            items=self.layout.items,
            result_is_item=self.layout.match_item("r"),
            columns=commas(column.of("r") for column in columns),
            names=commas(column.identifier for column in columns),
            keys=self.layout.keys,
        )
        return queries["past_keep"]

    async def read_equal(self, connection: AsyncConnection[Any], texts: Mapping[bytes, str]) -> dict[bytes, Values]:
        """Find results of equal work, in this table, in those of other pipelines, and in the past of any row.

        Args:
            connection: A connection.
            texts: What to work on, by hash.

        Returns:
            Values by hash; those of each end with the call that made them.
        """
        found: dict[bytes, Values] = {}
        missing = list(texts)
        if not missing:
            return found
        parameters = {
            "operation": self.step.operation,
            "dimensions": getattr(self.step, "width", None),
            "columns": [column.name for column in self.kept],
        }
        tables = await fetch_all(connection, statement("step_tables"), parameters)
        for row in tables:
            query = self._elsewhere[row.schema, row.table]["results_equal"]
            for digest, *values in await fetch_tuples(connection, query, {"hashes": missing}, binary=True):
                if self._repeated is not None:
                    values.insert(self._repeated, texts[digest])
                found[digest] = tuple(values)
            missing = [digest for digest in missing if digest not in found]
            if not missing:
                break
        return found

    async def write(
        self, connection: AsyncConnection[Any], results: Mapping[Key, Sequence[tuple[Unit, Values]]]
    ) -> None:
        """Write the results of rows for which nothing stands; the values of each end with the call that made them."""
        rows = [
            (*key, *unit.place, *values, self.step.model_name, unit.digest)
            for key, units in results.items()
            for unit, values in units
        ]
        if rows:
            await connection.execute(self._write_query, _spread(rows, self._kinds, connection))

    async def keep(
        self, connection: AsyncConnection[Any], results: Mapping[Key, Sequence[tuple[Unit, Values]]]
    ) -> None:
        """Keep results of rows that lack others, as their past: what is paid for is found when the rest is done."""
        rows = [
            (*key, *self._without_repeated(values), self.step.model_name, unit.digest)
            for key, units in results.items()
            for unit, values in units
        ]
        if rows:
            await connection.execute(self._keep_query, _spread(rows, self._kept_kinds, connection))

    def _without_repeated(self, values: Values) -> Values:
        place = self._repeated
        return values if place is None else (*values[:place], *values[place + 1 :])

    @cached_property
    def _repeated(self) -> int | None:
        names = [column.name for column in self.values]
        return names.index(self.operation.repeats) if self.operation.repeats else None

    @cached_property
    def _columns(self) -> tuple[Column, ...]:
        return (*self.layout.key, *self.operation.places, *self.values, *_PROVENANCE)

    @cached_property
    def _kept_columns(self) -> tuple[Column, ...]:
        return (*self.layout.key, *self.kept, *_PROVENANCE)

    @cached_property
    def _kinds(self) -> list[str]:
        return self._send_as(self._columns)

    @cached_property
    def _kept_kinds(self) -> list[str]:
        return self._send_as(self._kept_columns)

    def _send_as(self, columns: Sequence[Column]) -> list[str]:
        """As what the values of each column are sent; keys are texts, as everywhere."""
        width = len(self.layout.key)
        return ["text" if n < width else _sent_as(column) for n, column in enumerate(columns)]

    @cached_property
    def _write_query(self) -> sql.SQL:
        return _insertion(self.table, self._columns, self._kinds)["results_write"]

    @cached_property
    def _keep_query(self) -> sql.SQL:
        past = identifier(SCHEMA, name_past(self.layout.pipeline, self.step.title))
        queries = _insertion(past, self._kept_columns, self._kept_kinds).more(keys=self.layout.keys)
        return queries["past_keep_parts"]


def open_tables(layout: Layout, pipeline: PipelineSpec) -> dict[str, ResultTable]:
    """The result table of each step of a pipeline, by title."""
    return {step.title: ResultTable(layout, pipeline, step) for step in pipeline.steps}


async def read_result_tables(connection: AsyncConnection[Any], pipeline_id: int, layout: Layout) -> list[KeyedTable]:
    """Find every table with results of a pipeline, those of steps that it no longer has included."""
    rows = await fetch_all(connection, statement("result_tables"), {"pipeline_id": pipeline_id})
    return [KeyedTable(layout, row.schema, row.table) for row in rows]


def _insertion(table: sql.Identifier, columns: Sequence[Column], kinds: Sequence[str]) -> Statements:
    """Compose what it takes to write rows that come as one array for each column."""
    return Statements(
        table=table,
        columns=commas(column.identifier for column in columns),
        expressions=commas(
            sql.SQL("{}::{}").format(identifier("u", f"c{n}"), trusted(column.type.replace("%", "%%")))
            for n, column in enumerate(columns)
        ),
        arrays=commas(trusted(f"%(c{n})b::{kind}[]") for n, kind in enumerate(kinds)),
        names=commas(identifier(f"c{n}") for n in range(len(columns))),
    )


def _spread(rows: Sequence[tuple[Any, ...]], kinds: Sequence[str], connection: AsyncConnection[Any]) -> dict[str, Any]:
    """Make the arrays that carry rows."""
    transformer = Transformer(connection)
    columns = zip(kinds, zip(*rows, strict=True), strict=True)
    return {f"c{n}": _send(kind, values, transformer) for n, (kind, values) in enumerate(columns)}


def _sent_as(column: Column) -> str:
    """Type of the elements of the array that carries a column's values."""
    kind = column.type.partition("(")[0]
    return kind if kind in _CONVERTED or kind in PARAMETERS else "text"


def _send(kind: str, values: Sequence[Any], transformer: abc.Transformer) -> Any:
    """Make the array that carries a column's values: in binary, and vectors without a look at their numbers."""
    if vectors := PARAMETERS.get(kind):
        return vectors(values)
    convert = _CONVERTED.get(kind)
    if convert is None:
        return [None if value is None else _print(value, transformer) for value in values]
    return [None if value is None else convert(value) for value in values]


def _print(value: Any, transformer: abc.Transformer) -> str:
    """Write a value as PostgreSQL reads it from a text."""
    if isinstance(value, str):
        return value
    return bytes(transformer.get_dumper(value, PyFormat.TEXT).dump(value) or b"").decode()
