"""Connections of the engine: a small pool whose sessions print and read values the same way everywhere."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import namedtuple_row, tuple_row
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgazure.errors import ConfigurationError, SchemaError
from pgazure.pipeline.storage.vectors import fetch_types, register_types
from pgazure.types import Entity, LinkedEntity, LinkedEntityMatch, Sentence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from psycopg import AsyncConnection, sql
    from psycopg.types import TypeInfo

# Keys travel as texts, so their printing must not depend on the role's or the database's settings.
_SESSION = """
SELECT set_config(name, setting, false) FROM (VALUES
    ('datestyle', 'ISO, MDY'), ('intervalstyle', 'postgres'), ('timezone', 'UTC'), ('bytea_output', 'hex'),
    ('extra_float_digits', '1'), ('application_name', 'pgazure'),
    -- Nearly every statement looks some hundred keys up; a whole table must not be read for them.
    ('random_page_cost', '1.1')
) AS wanted (name, setting)
"""

# What others are made of comes before them.
_COMPOSITES: dict[str, type] = {
    "pgazure.entity": Entity,
    "pgazure.sentence": Sentence,
    "pgazure.linked_entity_match": LinkedEntityMatch,
    "pgazure.linked_entity": LinkedEntity,
}


@dataclass(frozen=True)
class _Types:
    """Types of the database that the driver does not know by itself."""

    composites: dict[type, CompositeInfo]
    vectors: dict[str, TypeInfo]

    @classmethod
    async def fetch(cls, connection: AsyncConnection[Any]) -> _Types:
        composites = {}
        for name, kind in _COMPOSITES.items():
            with suppress(psycopg.errors.InsufficientPrivilege):  # What needs the schema says so itself.
                if info := await CompositeInfo.fetch(connection, name):
                    composites[kind] = info
        return cls(composites, await fetch_types(connection))

    def register(self, connection: AsyncConnection[Any]) -> None:
        for kind, info in self.composites.items():
            register_composite(info, connection, kind, make_sequence=_fields)
        register_types(connection, self.vectors)


class _Pool(AsyncConnectionPool["AsyncConnection[Any]"]):
    """A pool whose sessions are made ready for the engine: settings, composite types, vectors."""

    def __init__(self, conninfo: str, size: int, types: _Types) -> None:
        self._types: _Types | None = types
        super().__init__(
            conninfo,
            min_size=1,
            max_size=size,
            open=False,
            configure=self._prepare,
            kwargs={"row_factory": namedtuple_row},
        )

    async def _prepare(self, connection: AsyncConnection[Any]) -> None:
        await connection.set_autocommit(True)
        await connection.execute(_SESSION)
        # Asked once: the types are the same for every session until the schema changes.
        if self._types is None:
            self._types = await _Types.fetch(connection)
        self._types.register(connection)

    async def drain(self) -> None:
        """Replace the sessions by new ones, which know the types as they are then."""
        self._types = None
        await super().drain()


def _fields(value: Any, _: CompositeInfo) -> list[Any]:
    return [getattr(value, name) for name in value.__slots__]


def check_conninfo(conninfo: str) -> None:
    """Make sure that a connection string can be read.

    Raises:
        ConfigurationError: It cannot; the message does not repeat it, for a password may stand in it.
    """
    try:
        conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        msg = (
            "the connection string of the database cannot be read: write 'host=… dbname=… user=…' or "
            "'postgresql://USER@HOST/DATABASE', with special characters percent-encoded"
        )
        raise ConfigurationError(msg) from None


@asynccontextmanager
async def open_pool(conninfo: str, *, size: int) -> AsyncIterator[AsyncConnectionPool[AsyncConnection[Any]]]:
    """Open a pool of at most ``size`` prepared connections.

    Raises:
        ConfigurationError: The server cannot be reached, or refuses the role.
        SchemaError: The role may not use schema ``pgazure``.
    """
    check_conninfo(conninfo)
    try:
        # Asked once before the pool is made: a pool tries again in silence, and hides the reason.
        async with await psycopg.AsyncConnection.connect(conninfo, connect_timeout=10) as connection:
            types = await _Types.fetch(connection)
    except psycopg.errors.InsufficientPrivilege as error:
        msg = f"{str(error).strip().splitlines()[0]}: have the owner of schema pgazure GRANT USAGE ON SCHEMA pgazure"
        raise SchemaError(msg) from None
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        msg = f"cannot connect to the database: {reason}; set PGAZURE_DSN, --dsn or libpq's PG* variables"
        raise ConfigurationError(msg) from None
    pool = _Pool(conninfo, size, types)
    try:
        await pool.open(wait=True, timeout=20)
        yield pool
    except PoolTimeout as error:
        msg = "no database connection became free in time"
        raise SchemaError(msg) from error
    finally:
        await pool.close()


async def fetch_all(
    connection: AsyncConnection[Any], query: sql.SQL | sql.Composed, parameters: Mapping[str, Any] | None = None
) -> list[Any]:
    """Run a statement and return all its rows."""
    return await (await connection.execute(query, parameters or {})).fetchall()


async def fetch_one(
    connection: AsyncConnection[Any], query: sql.SQL | sql.Composed, parameters: Mapping[str, Any] | None = None
) -> Any:
    """Run a statement and return its first row, or ``None``."""
    return await (await connection.execute(query, parameters or {})).fetchone()


async def fetch_tuples(
    connection: AsyncConnection[Any],
    query: sql.SQL | sql.Composed,
    parameters: Mapping[str, Any],
    *,
    binary: bool = False,
) -> list[Any]:
    """Run a statement whose columns have no names of use and return its rows, over the wire in binary where asked."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(query, parameters, binary=binary)
        return await cursor.fetchall()
