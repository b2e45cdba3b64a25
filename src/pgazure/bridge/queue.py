"""The server's two connections: one hears of calls, the other one claims and settles them."""

from __future__ import annotations

import os
import re
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import namedtuple_row

from pgazure.bridge.services import Described
from pgazure.bridge.vectors import Vectors, VectorsDumper
from pgazure.errors import ConfigurationError, SchemaError
from pgazure.sqlfiles import find_statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from datetime import timedelta

    from psycopg import AsyncConnection

_CHANNEL = "pgazure_bridge"
_SETTINGS_CHANGED = "settings"
# A call that is to be claimed or, with a minus, that was given up. Anybody may send anything over the channel.
_NUMBER = re.compile(r"-?[0-9]{1,18}")

# Between JSON texts, as in RFC 7464.
_RECORD_SEPARATOR = "\x1e"

REVISION = 3
"""Number of the protocol between the functions in a database and a server."""


@cache
def _write_statement(name: str) -> bytes:
    return find_statement("bridge", name).as_bytes()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A call that this server has in hand.

    Attributes:
        number: Its number.
        function: The function with its schema.
        arguments: JSON.
        retention: How long its answers are kept; ``None`` for not at all.
    """

    number: int
    function: str
    arguments: str = field(repr=False)
    retention: timedelta | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A call's outcome on its way to the session that waits for it."""

    number: int
    answer: str | None = field(repr=False)
    problems: str | None = field(repr=False)
    vectors: Vectors | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What was announced: calls to claim, calls that were given up, and whether settings have changed."""

    calls: list[int]
    given_up: list[int]
    settings: bool


class Queue:
    """The calls of one database, as a server sees them."""

    def __init__(self, work: AsyncConnection[Any], ear: AsyncConnection[Any]) -> None:
        self._work = work
        self._ear = ear

    async def _run(self, name: str, /, **values: Any) -> None:
        await self._work.execute(_write_statement(name), values)

    async def _ask(self, name: str, /, **values: Any) -> list[Any]:
        return await (await self._work.execute(_write_statement(name), values)).fetchall()

    @property
    def codec(self) -> str:
        """Encoding of the database, under Python's name."""
        return self._work.info.encoding

    async def check(self) -> None:
        """Make sure that the functions are installed as this server knows them.

        Raises:
            SchemaError: They are not.
        """
        try:
            rows = await self._ask("installed")
        except psycopg.errors.UndefinedTable:
            msg = "the functions are not installed in this database: run pgazure functions install"
            raise SchemaError(msg) from None
        except psycopg.errors.InsufficientPrivilege:
            role = self._work.info.user
            msg = (
                f'role "{role}" may not answer calls: serve as the role that installed the functions, or a member of it'
            )
            raise SchemaError(msg) from None
        if not rows or rows[0].revision != REVISION:
            version = rows[0].version if rows else "?"
            msg = (
                f"the functions in this database are those of pgazure {version}, which this one does not serve: "
                "install the same version on both sides and run pgazure functions install"
            )
            raise SchemaError(msg)

    async def enter(self, version: str) -> None:
        """Note this server and tell sessions that calls are answered."""
        await self._run(
            "enter_server",
            server_pid=self._work.info.backend_pid,
            host=socket.gethostname(),
            process_id=os.getpid(),
            version=version,
        )
        await self._ear.execute(sql.SQL("LISTEN {}").format(sql.Identifier(_CHANNEL)))
        await self._run("open_for_calls")

    async def refuse(self) -> None:
        """Take no further calls."""
        await self._run("close_for_calls")

    async def leave(self) -> None:
        """Remove the note of this server."""
        await self._run("leave_server")

    async def hear(self) -> AsyncIterator[News]:
        """Yield what is announced, all that has come at once together."""
        while True:
            payloads = [notice.payload async for notice in self._ear.notifies(stop_after=1)]
            numbers = [int(text) for text in payloads if _NUMBER.fullmatch(text)]
            yield News(
                [number for number in numbers if number > 0],
                [-number for number in numbers if number < 0],
                _SETTINGS_CHANGED in payloads,
            )

    async def claim(self, numbers: Sequence[int] | None) -> list[Claimed]:
        """Take calls that nobody has taken: these, or all."""
        if numbers is None:
            rows = await self._ask("claim_waiting")
        else:
            rows = await self._ask("claim_announced", numbers=_join_numbers(numbers))
        return [Claimed(row.number, row.function, row.arguments, row.retention) for row in rows]

    async def settle(self, settled: Sequence[Settled]) -> None:
        """Write answers and wake the sessions that wait for them."""
        for each in settled:
            if each.vectors is not None:
                await self._run(
                    "write_vectors",
                    number=each.number,
                    places=each.vectors.places,
                    length=each.vectors.length,
                    numbers=each.vectors,
                )
        values = {
            "numbers": _join_numbers(each.number for each in settled),
            "answers": _join_json(each.answer for each in settled),
            # What a service says may need characters that the database does not have.
            "problems": _join_json(each.problems for each in settled).encode(self.codec, "replace").decode(self.codec),
        }
        await self._run("settle", **values)

    async def release(self, numbers: Sequence[int]) -> None:
        """Let go of calls that nobody waits for."""
        await self._run("release", numbers=list(numbers))

    async def find_wanted(self, numbers: Iterable[int]) -> set[int]:
        """Find out which calls somebody still waits for."""
        return {row.request_id for row in await self._ask("still_wanted", numbers=list(numbers))}

    async def keep(
        self,
        function: str,
        options: str,
        subject: str,
        texts: Sequence[str],
        answers: Sequence[str],
        *,
        place: str,
        retention: timedelta,
    ) -> None:
        """Put answers into the cache."""
        await self._run(
            "keep_answers",
            function=function,
            options=options,
            subject=subject,
            texts=list(texts),
            answers=list(answers),
            place=place,
            retention=retention,
        )

    async def note_places(self, places: dict[str, str]) -> None:
        """Say where answers come from."""
        await self._run("note_places", schemas=list(places), places=list(places.values()))

    async def sweep(self) -> None:
        """Remove what nobody waits for and what is kept no longer."""
        await self._run("sweep_requests")
        await self._run("sweep_vectors")
        await self._run("sweep_cache")

    async def report(self, *, in_hand: int, settled: int, failed: int) -> None:
        """Note what this server has done."""
        await self._run("see_server", in_hand=in_hand, settled=settled, failed=failed)

    async def read_settings(self) -> Described:
        """Read what the database says of services; nothing, where this role may not.

        Raises:
            SchemaError: The role may not read it.
        """
        try:
            settings = {row.key: (row.value, row.is_allowed) for row in await self._ask("read_settings")}
            models = {}
            if (await self._ask("has_models"))[0].present:
                for row in await self._ask("read_models"):
                    key = row.endpoint_key if row.auth_type == "subscription-key" else None
                    models[row.alias] = (row.endpoint, row.api_version, key, row.is_allowed)
        except psycopg.errors.InsufficientPrivilege:
            msg = f'role "{self._work.info.user}" may not read the settings: grant it azure_ai_settings_manager'
            raise SchemaError(msg) from None
        return Described(settings, models)


def _join_numbers(numbers: Iterable[int]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"


def _join_json(texts: Iterable[str | None]) -> str:
    return _RECORD_SEPARATOR.join(text or "" for text in texts)


@asynccontextmanager
async def open_queue(conninfo: str) -> AsyncIterator[Queue]:
    """Connect to a database, twice.

    Raises:
        ConfigurationError: It cannot be reached.
        SchemaError: The functions are not installed in it, or are those of another version.
    """
    async with await _connect(conninfo) as work, await _connect(conninfo) as ear:
        queue = Queue(work, ear)
        await queue.check()
        yield queue


async def _connect(conninfo: str) -> AsyncConnection[Any]:
    try:
        connection = await psycopg.AsyncConnection.connect(
            conninfo,
            autocommit=True,
            prepare_threshold=0,
            row_factory=namedtuple_row,
            connect_timeout=10,
            application_name="pgazure functions serve",
            keepalives_idle=5,
            keepalives_interval=5,
            keepalives_count=3,
        )
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        msg = f"cannot connect to the database: {said}; set PGAZURE_DSN, --dsn or libpq's PG* variables"
        raise ConfigurationError(msg) from None
    connection.adapters.register_dumper(Vectors, VectorsDumper)
    for name in ("fix_search_path", "session_settings"):
        await connection.execute(_write_statement(name))
    return connection
