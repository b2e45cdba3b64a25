"""Layouts: SQL fragments over one source's key and the columns its steps read.

Inside the engine a key is a tuple of texts, one per key column, as PostgreSQL
prints them. So keys of every type (uuid, numeric, timestamps, domains) travel
without loss and can stand in JSON, and each statement casts them back to the
types of the source's columns, where indexes serve it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from psycopg import sql

from pgazure.pipeline.statements import commas, conjunction, identifier, trusted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name and its type as PostgreSQL prints it."""

    name: str
    type: str

    @property
    def identifier(self) -> sql.Identifier:
        """The quoted name."""
        return identifier(self.name)

    @property
    def definition(self) -> sql.Composed:
        """Name and type, for CREATE TABLE."""
        return sql.SQL("{} {}").format(self.identifier, trusted(self.type.replace("%", "%%")))

    def of(self, alias: str) -> sql.Identifier:
        """The column of a table alias."""
        return identifier(alias, self.name)


@dataclass(frozen=True)
class Layout:
    """The source of a pipeline as its statements see it.

    Attributes:
        pipeline: Name of the pipeline.
        schema: Schema of the source; result tables are made in it.
        table: Name of the source table.
        key: Columns of its primary key.
        watched: Columns that the steps read, in template order.
    """

    pipeline: str
    schema: str
    table: str
    key: tuple[Column, ...]
    watched: tuple[Column, ...]

    @property
    def source(self) -> sql.Identifier:
        """The source table."""
        return identifier(self.schema, self.table)

    @property
    def queue(self) -> sql.Identifier:
        """The table of due rows."""
        return identifier("pgazure", f"queue_{self.pipeline}")

    @property
    def capture_function(self) -> sql.Identifier:
        """The trigger function that fills the queue."""
        return identifier("pgazure", f"capture_{self.pipeline}")

    @cached_property
    def keys(self) -> sql.Composed:
        """Names of the key columns."""
        return commas(column.identifier for column in self.key)

    def keys_of(self, alias: str) -> sql.Composed:
        """Key columns of a table alias."""
        return commas(column.of(alias) for column in self.key)

    def key_texts(self, alias: str) -> sql.Composed:
        """Key columns of a table alias as texts."""
        return commas(sql.SQL("{}::text").format(column.of(alias)) for column in self.key)

    def watched_texts(self, alias: str) -> sql.Composed:
        """Watched columns of a table alias as texts that differ whenever a letter does, whatever their collation."""
        return commas(sql.SQL('{}::text COLLATE "C"').format(column.of(alias)) for column in self.watched)

    def match(self, one: str, other: str) -> sql.Composed:
        """Equality of the keys of two table aliases."""
        return conjunction(sql.SQL("{} = {}").format(column.of(one), column.of(other)) for column in self.key)

    def match_as_text(self, one: str, other: str) -> sql.Composed:
        """The same where the operators of the key's types are out of reach (a closed ``search_path``)."""
        return conjunction(
            sql.SQL("{}::text = {}::text").format(column.of(one), column.of(other)) for column in self.key
        )

    def digest(self, alias: str) -> sql.Composed:
        """A number that changes whenever a watched column does, computed by the database."""
        return sql.SQL("hashtextextended(ROW({})::text, 0)").format(self.watched_texts(alias))

    @cached_property
    def items(self) -> sql.Composed:
        """Keys passed as parameters, as a FROM item named ``i``; see :meth:`parameters`."""
        arrays = [sql.SQL("%(k{})s::text[]").format(trusted(str(n))) for n in range(len(self.key))]
        names = [identifier(f"k{n}") for n in range(len(self.key))]
        return sql.SQL("unnest({}, %(digests)s::bigint[]) AS i ({}, digest)").format(commas(arrays), commas(names))

    @cached_property
    def item_keys(self) -> sql.Composed:
        """The key columns of ``i``, cast to the source's types."""
        return commas(
            sql.SQL("i.{}::{}").format(identifier(f"k{n}"), trusted(column.type.replace("%", "%%")))
            for n, column in enumerate(self.key)
        )

    def match_item(self, alias: str) -> sql.Composed:
        """Equality of a table alias's key and that of ``i``."""
        return conjunction(
            sql.SQL("{} = i.{}::{}").format(
                column.of(alias), identifier(f"k{n}"), trusted(column.type.replace("%", "%%"))
            )
            for n, column in enumerate(self.key)
        )

    def parameters(
        self, keys: Sequence[Key], digests: Iterable[int] | None = None, lease: UUID | None = None, **more: Any
    ) -> dict[str, Any]:
        """Parameters for a statement that reads :attr:`items`."""
        columns: dict[str, Any] = {f"k{n}": [key[n] for key in keys] for n in range(len(self.key))}
        columns["digests"] = list(digests) if digests is not None else []
        return columns | {"lease": lease} | more
