"""The functions as SQL: one call of one function on a database where ``azure_ai``, or its like, is installed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from psycopg import sql
from psycopg.adapt import Loader
from psycopg.pq import Format, TransactionStatus
from psycopg.rows import scalar_row
from psycopg.types.json import Jsonb

from pgazure.errors import ConfigurationError, SchemaError, ServiceResponseError
from pgazure.services.database_errors import SERVICE, describe_database_error
from pgazure.services.exchange import CONNECT_SECONDS
from pgazure.sqlfiles import find_statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from psycopg import AsyncConnection
    from psycopg.abc import Buffer
    from psycopg.errors import Diagnostic
    from psycopg_pool import AsyncConnectionPool

SqlType = Literal["text", "text[]", "integer", "integer[]", "boolean", "jsonb"]
"""What an argument is sent as: overloads differ in nothing but the types of their arguments."""

_TYPES: dict[SqlType, sql.SQL] = {
    "text": sql.SQL("text"),
    "text[]": sql.SQL("text[]"),
    "integer": sql.SQL("integer"),
    "integer[]": sql.SQL("integer[]"),
    "boolean": sql.SQL("boolean"),
    "jsonb": sql.SQL("jsonb"),
}

_REAL_ARRAY = 1021
_HEADER = 12
_DIMENSION = 8


@dataclass(frozen=True, slots=True)
class Argument:
    """A value on its way to a function.

    Attributes:
        value: ``None`` is a NULL of ``type``.
        type: What it is sent as.
    """

    value: Any = field(repr=False)
    type: SqlType


@dataclass(frozen=True, slots=True)
class Rows:
    """What one call gave.

    Attributes:
        values: One for each row; a missing result is ``None``.
        warnings: What the function warned of meanwhile, in order.
    """

    values: list[Any]
    warnings: list[str]


class Database:
    """Calls functions on connections of its own or of the caller.

    Args:
        conninfo: Where to connect, in libpq's form; used where neither of the others is given.
        connection: A connection of the caller's, used by one call at a time and left open.
        pool: A pool of the caller's, left open.
        most: Most connections of its own.
    """

    def __init__(
        self,
        *,
        conninfo: str = "",
        connection: AsyncConnection[Any] | None = None,
        pool: AsyncConnectionPool[Any] | None = None,
        most: int = 16,
    ) -> None:
        self._conninfo = conninfo
        self._connection = connection
        self._pool = pool
        self._own: AsyncConnectionPool[Any] | None = None
        self._most = most
        self._turn = asyncio.Lock()
        self._closed = False

    async def call(
        self,
        schema: str,
        function: str,
        arguments: Mapping[str, Argument],
        *,
        form: str = "call_function",
        texts: Sequence[str] = (),
    ) -> Rows:
        """Call ``schema.function`` with named arguments; in a transaction of the caller's, within a savepoint.

        Args:
            schema: The function's schema.
            function: Its name.
            arguments: By name; what is not given has the function's own default.
            form: The query of ``sql/backend`` that calls it.
            texts: What is sent, so that a message which repeats it is left out.

        Raises:
            ServiceError: The function failed; the class says how, as for a service.
            SchemaError: There is no such function.
            ConfigurationError: The database cannot be reached.
            psycopg.Error: The connection failed.
        """
        statement = find_statement(
            "backend",
            form,
            function=sql.Identifier(schema, function),
            arguments=sql.SQL(", ").join(
                sql.SQL("{} => {}::{}").format(sql.Identifier(name), sql.Placeholder(name), _TYPES[argument.type])
                for name, argument in arguments.items()
            ),
        )
        parameters = {name: _send(argument) for name, argument in arguments.items()}
        warnings: list[str] = []

        def note(diagnostic: Diagnostic) -> None:
            if diagnostic.severity_nonlocalized == "WARNING":
                warnings.append(diagnostic.message_primary or "")

        async with self._borrow() as connection:
            connection.add_notice_handler(note)
            try:
                return Rows(await _fetch(connection, statement, parameters), warnings)
            except psycopg.Error as error:
                # psycopg's exception shows where in the function it was raised, texts included: it is not chained.
                described = describe_database_error(error, f"{schema}.{function}", texts)
                if described is None:
                    raise
                raise described from None
            finally:
                connection.remove_notice_handler(note)

    @asynccontextmanager
    async def _borrow(self) -> AsyncIterator[AsyncConnection[Any]]:
        if self._closed:
            msg = "the client is closed; make a new one"
            raise ConfigurationError(msg)
        if self._connection is not None:
            # Two calls side by side would close each other's savepoints.
            async with self._turn:
                yield self._connection
            return
        pool = self._pool if self._pool is not None else await self._open()
        async with pool.connection() as connection:
            yield connection

    async def _open(self) -> AsyncConnectionPool[Any]:
        from psycopg_pool import AsyncConnectionPool  # noqa: PLC0415  only where neither connection nor pool is given

        async with self._turn:
            if self._own is None:
                # A pool tries again and again, and then says only that it took too long.
                await (await connect(self._conninfo)).close()
                self._own = AsyncConnectionPool(
                    self._conninfo, min_size=0, max_size=self._most, open=False, kwargs={"autocommit": True}
                )
                await self._own.open()
            return self._own

    async def close(self) -> None:
        """Close the connections that are its own; may be called again."""
        self._closed = True
        own, self._own = self._own, None
        if own is not None:
            await own.close()


async def connect(conninfo: str) -> AsyncConnection[Any]:
    """Open a connection.

    Raises:
        ConfigurationError: The database cannot be reached.
    """
    try:
        return await psycopg.AsyncConnection.connect(conninfo, autocommit=True, connect_timeout=int(CONNECT_SECONDS))
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        raise describe_connection_error(error) from None


def describe_connection_error(error: psycopg.Error) -> ConfigurationError:
    """Make the error for a connection that could not be opened."""
    if isinstance(error, psycopg.ProgrammingError):
        # What cannot be read as a connection string is repeated in the message, password included.
        return ConfigurationError("conninfo is no connection string of libpq, such as postgresql://USER@HOST/DATABASE")
    reason = next(iter(str(error).splitlines()), "no reason is given")
    return ConfigurationError(f"the database cannot be reached ({reason}); check conninfo or PGAZURE_DSN")


async def _fetch(connection: AsyncConnection[Any], statement: sql.Composed, parameters: Mapping[str, Any]) -> list[Any]:
    async with connection.cursor(binary=True, row_factory=scalar_row) as cursor:
        cursor.adapters.register_loader(_REAL_ARRAY, _VectorLoader)
        if connection.autocommit and connection.info.transaction_status == TransactionStatus.IDLE:
            await cursor.execute(statement, parameters)
            return await cursor.fetchall()
        async with connection.transaction():
            await cursor.execute(statement, parameters)
            return await cursor.fetchall()


def _send(argument: Argument) -> Any:
    # JSON that is written already is a text.
    written = argument.type != "jsonb" or argument.value is None or isinstance(argument.value, str)
    return argument.value if written else Jsonb(argument.value)


def read_settings(conninfo: str, keys: Sequence[str]) -> dict[str, str | None]:
    """Read settings of ``azure_ai`` through its function, else from its table.

    Raises:
        ConfigurationError: The database cannot be reached, or does not let this role read them.
        SchemaError: It has neither.
    """
    try:
        connection = psycopg.connect(conninfo, autocommit=True, connect_timeout=int(CONNECT_SECONDS))
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        raise describe_connection_error(error) from None
    with connection:
        try:
            return _read_settings(connection, keys)
        except psycopg.errors.InsufficientPrivilege:
            msg = "the role may not read the settings of azure_ai: grant it azure_ai_settings_manager"
            raise ConfigurationError(msg) from None


def _read_settings(connection: psycopg.Connection[Any], keys: Sequence[str]) -> dict[str, str | None]:
    found = connection.execute(find_statement("backend", "find_settings")).fetchone()
    has_function, has_table = found or (False, False)
    if not has_function and not has_table:
        msg = "the database has no settings of azure_ai: create the extension in it, or give the settings as arguments"
        raise SchemaError(msg)
    if not has_function:
        return dict(connection.execute(find_statement("backend", "read_settings_table"), {"keys": list(keys)}))
    values = {}
    for key in keys:
        try:
            row = connection.execute(find_statement("backend", "read_setting"), {"key": key}).fetchone()
        except (psycopg.errors.RaiseException, psycopg.InternalError, psycopg.DataError):
            # An older extension does not know every key.
            row = None
        values[key] = row[0] if row is not None else None
    return values


class _VectorLoader(Loader):
    """Reads ``real[]`` into a ``float32`` array without making Python floats."""

    format = Format.BINARY

    def load(self, data: Buffer) -> Any:
        import numpy as np  # noqa: PLC0415  imported when the first vector comes

        dimensions, nulls = np.frombuffer(data, dtype=">i4", count=2)
        if nulls:
            msg = f"{SERVICE}: a vector holds NULL; the answer is dropped"
            raise ServiceResponseError(msg, service=SERVICE, code="WrongVector")
        items = np.frombuffer(data, dtype=[("size", ">i4"), ("value", ">f4")], offset=_HEADER + _DIMENSION * dimensions)
        return items["value"].astype(np.float32)
