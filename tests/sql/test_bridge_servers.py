"""Servers come, go and die; the sessions that wait are none the worse for it."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from aiohttp import web

from fix_faults import FaultServer, Hang

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

SESSIONS, CALLS = 32, 6
CALL = "SELECT ((azure_cognitive.translate(%s, 'de')).translations)[1].text"


class SlowService(FaultServer):
    """Answers well after a while."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return await super().answer(request)


@asynccontextmanager
async def serve_faults(kind: type[FaultServer] = FaultServer) -> AsyncIterator[FaultServer]:
    service = kind()
    app = web.Application(client_max_size=8 * 2**20)
    app.router.add_route("*", "/{path:.*}", service.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()


def letters(number: int) -> str:
    """A word that stands for a number, in which nothing is personal."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def ask_all(conninfo: str, answered: Callable[[], object] = lambda: None) -> list[tuple[str, str]]:
    """Each session asks for its own texts; returns what was asked and what was answered."""

    def ask(session: int) -> list[tuple[str, str]]:
        found = []
        with psycopg.connect(conninfo, autocommit=True) as connection:
            for call in range(CALLS):
                text = f"a blue box {letters(session)} on a shelf {letters(call)}"
                row = connection.execute(CALL, (text,)).fetchone()
                assert row is not None
                found.append((text, row[0]))
                answered()
        return found

    with ThreadPoolExecutor(SESSIONS) as pool:
        return [pair for pairs in pool.map(ask, range(SESSIONS)) for pair in pairs]


async def test_a_server_killed_under_32_sessions_loses_nothing_and_mixes_nothing_up(functions_conninfo, start_servers):
    async with serve_faults(SlowService) as service:
        first, _second = await asyncio.to_thread(start_servers, functions_conninfo, service.endpoint, 2)
        count, lock = 0, threading.Lock()

        def answered() -> None:
            nonlocal count
            with lock:
                count += 1
                if count == SESSIONS * CALLS // 3:
                    first.send(signal.SIGKILL)

        pairs = await asyncio.to_thread(ask_all, functions_conninfo, answered)
        assert len(pairs) == SESSIONS * CALLS
        assert all(told == f"[de] {asked}" for asked, told in pairs)
        assert (await asyncio.to_thread(first.end))[0] == -signal.SIGKILL
    with psycopg.connect(functions_conninfo) as connection:
        unanswered = connection.execute("SELECT count(*) FROM pgazure_bridge.request WHERE settled_at IS NULL")
        assert unanswered.fetchone() == (0,)


async def test_where_the_last_server_is_killed_its_sessions_are_told_at_once(functions_conninfo, start_servers):
    async with serve_faults() as service:
        service.posts.append(hang := Hang())
        (server,) = await asyncio.to_thread(start_servers, functions_conninfo, service.endpoint)
        async with await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as connection:
            call = asyncio.create_task(connection.execute(CALL, ("a blue box",)))
            await asyncio.wait_for(hang.arrived.wait(), 20)
            killed = time.monotonic()
            server.send(signal.SIGKILL)
            with pytest.raises(psycopg.DatabaseError, match="NoServer") as caught:
                await call
            assert time.monotonic() - killed < 2
            assert caught.value.sqlstate == "ZA002"
            assert "pgazure functions serve" in caught.value.diag.message_hint


async def test_a_server_that_is_told_to_end_finishes_what_it_has_in_hand(functions_conninfo, start_servers):
    async with serve_faults() as service:
        service.posts.append(hang := Hang())
        (server,) = await asyncio.to_thread(start_servers, functions_conninfo, service.endpoint)
        async with (
            await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as connection,
            await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as late,
        ):
            call = asyncio.create_task(connection.execute(CALL, ("a blue box",)))
            await asyncio.wait_for(hang.arrived.wait(), 20)
            server.send(signal.SIGTERM)
            with pytest.raises(psycopg.DatabaseError, match="NoServer"):
                await call_until_refused(late)
            hang.release.set()
            assert await (await call).fetchone() == ("[de] a blue box",)
        code, log = await asyncio.to_thread(server.wait)
        assert code == 0, log


async def call_until_refused(connection: psycopg.AsyncConnection) -> None:
    """Call on: until the signal has arrived, calls are answered."""
    while True:
        await connection.execute(CALL, ("a red box",))


async def test_a_call_that_ends_every_server_is_given_up(functions_conninfo, start_servers):
    async with serve_faults() as service:
        hangs = [Hang() for _ in range(3)]
        service.posts.extend(hangs)
        servers = await asyncio.to_thread(start_servers, functions_conninfo, service.endpoint, 3)
        async with await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as connection:
            call = asyncio.create_task(connection.execute(CALL, ("a blue box",)))
            for hang in hangs:
                await asyncio.wait_for(hang.arrived.wait(), 20)
                await asyncio.to_thread(kill_holder, functions_conninfo, servers)
            with pytest.raises(psycopg.DatabaseError, match="ServerLost: 3 servers") as caught:
                await call
            assert caught.value.sqlstate == "ZA003"


def kill_holder(conninfo: str, servers: list[Any]) -> None:
    """Kill the server that has the call in hand."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(
            "SELECT process_id FROM pgazure_bridge.request JOIN pgazure_bridge.server USING (server_pid)"
        ).fetchone()
    assert row is not None
    next(server for server in servers if server.pid == row[0]).send(signal.SIGKILL)


async def test_a_server_whose_connections_were_ended_comes_back(functions_conninfo, start_servers):
    async with serve_faults() as service:
        (server,) = await asyncio.to_thread(start_servers, functions_conninfo, service.endpoint)
        async with await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as connection:
            await connection.execute(CALL, ("a blue box",))
            await connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = 'pgazure functions serve' AND datname = current_database()"
            )
            await asyncio.wait_for(call_until_answered(connection), 20)
        code, log = await asyncio.to_thread(server.end)
    assert code == 0
    assert '"database lost"' in log
    assert "emulator" not in log  # the key


async def call_until_answered(connection: psycopg.AsyncConnection) -> None:
    while True:
        try:
            await connection.execute(CALL, ("a red box",))
        except psycopg.DatabaseError as error:
            if error.sqlstate != "ZA002":
                raise
        else:
            return


async def test_a_server_ends_with_what_to_do_when_other_functions_are_installed(functions_conninfo, start_servers):
    async with serve_faults() as service:
        (server,) = await asyncio.to_thread(start_servers, functions_conninfo, service.endpoint)
        async with await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as connection:
            await connection.execute(
                "ALTER TABLE pgazure_bridge.request RENAME COLUMN retention TO kept_for;"
                "UPDATE pgazure_bridge.installation SET revision = revision + 1;"
                "NOTIFY pgazure_bridge, '1'"
            )
            code, log = await asyncio.to_thread(server.wait)
    assert code == 3
    assert "install the same version on both sides" in log
    assert "Traceback" not in log
