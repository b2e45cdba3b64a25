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

from pgazure.errors import InvalidSpecError
from pgazure.pipeline.storage.statements import commas, conjunction, identifier, literal, trusted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from pgazure.pipeline.specification.filters import Condition

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its name.
        type: Its type as PostgreSQL prints it.
        equality: Schema of the operator ``=`` that its key goes by.
        joinable: Whether that operator can be hashed or merged by.
        is_array: Whether its values are arrays, of which there are no arrays.
    """

    name: str
    type: str
    equality: str = "pg_catalog"
    joinable: bool = True
    is_array: bool = False

    @property
    def identifier(self) -> sql.Identifier:
        """The quoted name."""
        return identifier(self.name)

    @property
    def definition(self) -> sql.Composed:
        """Name and type, for CREATE TABLE."""
        return sql.SQL("{} {}").format(self.identifier, trusted(self.type.replace("%", "%%")))

    @property
    def cast(self) -> sql.SQL:
        """The type, for a cast."""
        return trusted(self.type.replace("%", "%%"))

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
        watched: Columns that the steps and the conditions read, those of the template first.
        partitioned: Whether the source has partitions.
        conditions: Which of its rows are enriched: columns and what they must be.
        polled: Column whose growing values tell what is new; ``None`` where triggers do.
    """

    pipeline: str
    schema: str
    table: str
    key: tuple[Column, ...]
    watched: tuple[Column, ...]
    partitioned: bool = False
    conditions: tuple[tuple[Column, Condition], ...] = ()
    polled: Column | None = None

    @property
    def source(self) -> sql.Identifier:
        """The source table."""
        return identifier(self.schema, self.table)

    @property
    def source_oid(self) -> sql.Composed:
        """The source table as a value."""
        return sql.SQL("{}::regclass").format(sql.Literal(self.source.as_string()))

    @property
    def queue(self) -> sql.Identifier:
        """The table of due rows."""
        return identifier("pgazure", f"queue_{self.pipeline}")

    @property
    def changes(self) -> sql.Identifier:
        """The table of keys that writes to the source have left, not yet queued."""
        return identifier("pgazure", f"changes_{self.pipeline}")

    @property
    def bundles(self) -> sql.Identifier:
        """The table of keys that large writes to the source have left, many in a row."""
        return identifier("pgazure", f"bundles_{self.pipeline}")

    @property
    def pending(self) -> sql.Identifier:
        """The view of all three."""
        return identifier("pgazure", f"pending_{self.pipeline}")

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
        """Equality of the keys of two table aliases; it holds under any ``search_path``."""
        return conjunction(
            sql.SQL("{} OPERATOR({}.=) {}").format(column.of(one), identifier(column.equality), column.of(other))
            for column in self.key
        )

    def pair(self, one: str, other: str) -> sql.Composed:
        """The same by operators that any join can use."""
        return conjunction(
            sql.SQL("{} OPERATOR({}.=) {}").format(column.of(one), identifier(column.equality), column.of(other))
            if column.joinable
            else sql.SQL('{}::text COLLATE "C" = {}::text').format(column.of(one), column.of(other))
            for column in self.key
        )

    def match_numbered(self, alias: str) -> sql.Composed:
        """Equality of a table alias's key and the parameters ``$1``, ``$2`` … of dynamic SQL in the database."""
        return conjunction(
            sql.SQL("{} OPERATOR({}.=) {}").format(column.of(alias), identifier(column.equality), trusted(f"${n}"))
            for n, column in enumerate(self.key, 1)
        )

    def holds(self, alias: str) -> list[sql.Composed]:
        """The conditions under which a row of the source is enriched; none where every row is."""
        return [_compose_condition(column, condition, alias) for column, condition in self.conditions]

    def digest(self, alias: str) -> sql.Composed:
        """A number that changes whenever a watched column does, computed by the database."""
        return sql.SQL("hashtextextended(ROW({})::text, 0)").format(self.watched_texts(alias))

    @property
    def bundled(self) -> bool:
        """Whether keys can be left in arrays."""
        return not any(column.is_array for column in self.key)

    @cached_property
    def bundle_columns(self) -> sql.Composed:
        """Columns of a table of arrays of keys."""
        return commas(
            sql.SQL("{} {}[]").format(column.identifier, trusted("text") if column.is_array else column.cast)
            for column in self.key
        )

    def numbered(self, prefix: str) -> list[str]:
        """A name for each key column that is none of the source's own: ``k0``, ``k1`` …."""
        return [f"{prefix}{n}" for n in range(len(self.key))]

    def bundle_items(self, alias: str, items: str) -> sql.Composed:
        """The keys in the arrays of a table alias, as a FROM item; see :meth:`item_key`."""
        arrays, names = commas(column.of(alias) for column in self.key), commas(map(identifier, self.numbered("k")))
        return sql.SQL("unnest({}) AS {} ({})").format(arrays, identifier(items), names)

    @cached_property
    def items(self) -> sql.Composed:
        """Keys passed as parameters, as a FROM item named ``i``; see :meth:`parameters`."""
        arrays = [trusted(f"%(k{n})b::text[]") for n in range(len(self.key))]
        names = [identifier(f"k{n}") for n in range(len(self.key))]
        return sql.SQL("unnest({}, %(digests)b::bigint[]) AS i ({}, digest)").format(commas(arrays), commas(names))

    def item_key(self, alias: str) -> list[sql.Composed]:
        """The key columns of a FROM item that holds them as texts ``k0``, ``k1`` …, cast to the source's types."""
        return [
            sql.SQL("{}::{}").format(identifier(alias, f"k{n}"), trusted(column.type.replace("%", "%%")))
            for n, column in enumerate(self.key)
        ]

    def match_item(self, alias: str) -> sql.Composed:
        """Equality of a table alias's key and that of ``i``."""
        return conjunction(
            sql.SQL("{} OPERATOR({}.=) {}").format(column.of(alias), identifier(column.equality), item)
            for column, item in zip(self.key, self.item_key("i"), strict=True)
        )

    def key_json(self, alias: str) -> sql.Composed:
        """The key of a table alias as the JSON under which errors are kept."""
        return sql.SQL("jsonb_build_object({})").format(
            commas(sql.SQL("{}, {}::text").format(literal(column.name), column.of(alias)) for column in self.key)
        )

    def spell_key(self, key: Key) -> dict[str, str]:
        """Spell a key by column, as it stands beside errors."""
        return dict(zip((column.name for column in self.key), key, strict=True))

    def read_key(self, spelled: Mapping[str, Any]) -> Key:
        """Read a key that is spelled by column.

        Raises:
            InvalidSpecError: It does not name the key columns.
        """
        columns = [column.name for column in self.key]
        if set(spelled) != set(columns):
            msg = f"the key of {self.schema}.{self.table} is {', '.join(columns)}; name each of its columns"
            raise InvalidSpecError(msg)
        return tuple(str(spelled[column]) for column in columns)

    def parameters(
        self, keys: Sequence[Key], digests: Iterable[int] | None = None, lease: UUID | None = None, **more: Any
    ) -> dict[str, Any]:
        """Parameters for a statement that reads :attr:`items`."""
        columns: dict[str, Any] = {f"k{n}": [key[n] for key in keys] for n in range(len(self.key))}
        columns["digests"] = list(digests) if digests is not None else []
        return columns | {"lease": lease} | more


def _compose_condition(column: Column, condition: Condition, alias: str) -> sql.Composed:
    values = [sql.SQL("{}::{}").format(literal(value), column.cast) for value in condition.values]
    match condition.op:
        case "in" | "not in":
            tail = sql.SQL(" ({})").format(commas(values))
        case _ if values:
            tail = sql.SQL(" {}").format(values[0])
        case _:
            tail = sql.SQL("").format()
    return sql.SQL("{} {}{}").format(column.of(alias), trusted(condition.op.upper()), tail)
