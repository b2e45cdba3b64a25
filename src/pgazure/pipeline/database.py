"""Connections of the engine: a small pool whose sessions print and read values the same way everywhere."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import namedtuple_row, tuple_row
from psycopg.types.composite import CompositeInfo, register_composite

from pgazure.errors import ConfigurationError, SchemaError
from pgazure.types import Entity, Sentence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from psycopg import AsyncConnection, sql
    from psycopg_pool import AsyncConnectionPool

# Keys travel as texts, so their printing must not depend on the role's or the database's settings.
_SESSION = """
SELECT set_config(name, setting, false) FROM (VALUES
    ('datestyle', 'ISO, MDY'), ('intervalstyle', 'postgres'), ('timezone', 'UTC'), ('bytea_output', 'hex'),
    ('extra_float_digits', '1'), ('application_name', 'pgazure')
) AS wanted (name, setting)
"""


async def prepare(connection: AsyncConnection[Any]) -> None:
    """Make a session ready for the engine: settings, composite types, vectors."""
    from pgvector.psycopg import register_vector_async  # noqa: PLC0415 - brings numpy

    await connection.set_autocommit(True)
    await connection.execute(_SESSION)
    for name, kind in (("pgazure.entity", Entity), ("pgazure.sentence", Sentence)):
        info = None
        with suppress(psycopg.errors.InsufficientPrivilege):  # What needs the schema says so itself.
            info = await CompositeInfo.fetch(connection, name)
        if info:
            register_composite(info, connection, kind, make_sequence=_fields)
    if await psycopg.types.TypeInfo.fetch(connection, "vector"):
        await register_vector_async(connection)


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
    from psycopg_pool import AsyncConnectionPool, PoolTimeout  # noqa: PLC0415

    check_conninfo(conninfo)
    try:
        # Asked once before the pool is made: a pool tries again in silence, and hides the reason.
        async with await psycopg.AsyncConnection.connect(conninfo, connect_timeout=10) as connection:
            await prepare(connection)
    except psycopg.errors.InsufficientPrivilege as error:
        msg = f"{str(error).strip().splitlines()[0]}: have the owner of schema pgazure GRANT USAGE ON SCHEMA pgazure"
        raise SchemaError(msg) from None
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        msg = f"cannot connect to the database: {reason}; set PGAZURE_DSN, --dsn or libpq's PG* variables"
        raise ConfigurationError(msg) from None
    pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
        conninfo, min_size=1, max_size=size, open=False, configure=prepare, kwargs={"row_factory": namedtuple_row}
    )
    try:
        await pool.open(wait=True, timeout=20)
        yield pool
    except PoolTimeout as error:
        msg = "no database connection became free in time"
        raise SchemaError(msg) from error
    finally:
        await pool.close()


async def fetch_all(
    connection: AsyncConnection[Any], query: sql.Composed, parameters: Mapping[str, Any] | None = None
) -> list[Any]:
    """Run a statement and return all its rows."""
    return await (await connection.execute(query, parameters or {})).fetchall()


async def fetch_one(
    connection: AsyncConnection[Any], query: sql.Composed, parameters: Mapping[str, Any] | None = None
) -> Any:
    """Run a statement and return its first row, or ``None``."""
    return await (await connection.execute(query, parameters or {})).fetchone()


async def fetch_tuples(
    connection: AsyncConnection[Any], query: sql.Composed, parameters: Mapping[str, Any]
) -> list[Any]:
    """Run a statement whose columns have no names of use and return its rows."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(query, parameters)
        return await cursor.fetchall()
