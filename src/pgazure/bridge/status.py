"""What goes on in a database with the functions: servers, calls, kept answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import namedtuple_row

from pgazure.errors import ConfigurationError, SchemaError
from pgazure.sqlfiles import find_statement

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """A server that lives.

    Attributes:
        host: Name of its machine.
        process_id: Its process there.
        version: Version of pgazure.
        started_at: When it began, with time zone.
        seen_at: When it last noted the numbers below.
        in_hand: Calls it was working on.
        settled: Calls it has answered.
        failed: Those of them that were errors.
    """

    host: str
    process_id: int
    version: str
    started_at: datetime
    seen_at: datetime
    in_hand: int
    settled: int
    failed: int


@dataclass(frozen=True, slots=True)
class FunctionsStatus:
    """The functions of a database.

    Attributes:
        version: Version of pgazure that installed them.
        edition: ``flexible`` or ``horizondb``.
        installed_at: When.
        is_served: Whether calls are answered.
        waiting: Calls that no server has taken.
        in_hand: Calls that are worked on.
        kept: Answers in the cache.
        oldest_seconds: Age of the oldest call that is not answered.
        servers: The servers that live.
    """

    version: str
    edition: str
    installed_at: datetime
    is_served: bool
    waiting: int
    in_hand: int
    kept: int
    oldest_seconds: float | None
    servers: list[ServerStatus]


async def read_status(conninfo: str) -> FunctionsStatus:
    """Read the state of the functions in a database.

    Raises:
        ConfigurationError: The database cannot be reached.
        SchemaError: The functions are not installed, or the role may not see them.
    """
    try:
        connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True, row_factory=namedtuple_row)
    except psycopg.Error as error:
        msg = f"cannot connect to the database: {' '.join(str(error).split())}; set PGAZURE_DSN or --dsn"
        raise ConfigurationError(msg) from None
    async with connection:
        try:
            installed = await _fetch(connection, "installed")
            ((state,), servers) = (await _fetch(connection, "status"), await _fetch(connection, "servers"))
        except psycopg.errors.UndefinedTable:
            msg = "the functions are not installed in this database: run pgazure functions install"
            raise SchemaError(msg) from None
        except psycopg.errors.InsufficientPrivilege:
            msg = f'role "{connection.info.user}" may not look at the functions: ask as the role that installed them'
            raise SchemaError(msg) from None
    return FunctionsStatus(
        version=installed[0].version,
        edition=installed[0].edition,
        installed_at=installed[0].installed_at,
        is_served=state.is_served,
        waiting=state.waiting,
        in_hand=state.in_hand,
        kept=state.kept,
        oldest_seconds=state.oldest_seconds,
        servers=[ServerStatus(*row[1:]) for row in servers],
    )


async def _fetch(connection: psycopg.AsyncConnection[Any], name: str) -> list[Any]:
    return await (await connection.execute(find_statement("bridge", name))).fetchall()
