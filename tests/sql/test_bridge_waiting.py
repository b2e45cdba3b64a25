"""A session waits no longer than it wants to, and hears what went wrong."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from fix_faults import Hang, Status, serve_faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fix_faults import FaultServer
    from fix_functions import Serve

CALL = "SELECT azure_cognitive.detect_language('some text')"


@pytest.fixture
async def faults(functions_conninfo: str, serve_functions: Serve) -> AsyncIterator[FaultServer]:
    """A service that misbehaves on order, asked by the server of the functions."""
    async with serve_faults() as server:
        with serve_functions(functions_conninfo, server.endpoint, "a-secret-key", sweep_every=0.2, window=2.0):
            yield server


@pytest.fixture
async def waiting(functions_conninfo: str, faults: FaultServer) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as connection:
        # The first call opens the connection of the database to itself.
        await connection.execute(CALL)
        yield connection


async def count_calls(connection: psycopg.AsyncConnection) -> int:
    row = await (await connection.execute("SELECT count(*) FROM pgazure_bridge.request")).fetchone()
    assert row is not None
    return row[0]


async def test_statement_timeout_ends_the_wait_and_the_request(waiting, faults):
    faults.posts.append(hang := Hang())
    await waiting.execute("SET statement_timeout = '200ms'")
    began = time.monotonic()
    with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
        await waiting.execute(CALL)
    assert time.monotonic() - began < 0.3 + 0.2  # some slack for a busy machine
    await asyncio.wait_for(hang.aborted.wait(), 10)
    await waiting.execute("RESET statement_timeout")
    assert await count_calls(waiting) == 0
    await waiting.execute(CALL)


async def test_a_cancelled_statement_cancels_the_request(waiting, faults):
    faults.posts.append(hang := Hang())
    call = asyncio.create_task(waiting.execute(CALL))
    await asyncio.wait_for(hang.arrived.wait(), 10)
    began = time.monotonic()
    await waiting.cancel_safe()
    with pytest.raises(psycopg.errors.QueryCanceled):
        await call
    assert time.monotonic() - began < 0.3
    await asyncio.wait_for(hang.aborted.wait(), 10)
    await waiting.execute(CALL)


async def test_the_call_of_a_session_that_is_terminated_is_given_up(waiting, faults, functions_conninfo):
    faults.posts.append(hang := Hang())
    call = asyncio.create_task(waiting.execute(CALL))
    await asyncio.wait_for(hang.arrived.wait(), 10)
    async with await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s)", (waiting.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            await call
        await asyncio.wait_for(hang.aborted.wait(), 10)
        assert await count_calls(other) == 0


async def test_a_request_goes_on_as_long_as_one_of_its_sessions_waits(waiting, faults, functions_conninfo):
    faults.posts.extend([first := Hang(), shared := Hang()])
    async with (
        await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as second,
        await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as third,
    ):
        calls = [asyncio.create_task(waiting.execute(CALL))]
        await asyncio.wait_for(first.arrived.wait(), 10)
        calls += [asyncio.create_task(each.execute(CALL)) for each in (second, third)]
        await asyncio.wait_for(shared.arrived.wait(), 20)
        assert len(faults.sent[-1].body["analysisInput"]["documents"]) == 2
        await second.cancel_safe()
        with pytest.raises(psycopg.errors.QueryCanceled):
            await calls[1]
        shared.release.set()
        first.release.set()
        await asyncio.wait_for(asyncio.gather(calls[0], calls[2]), 20)
        assert not shared.aborted.is_set()


async def test_timeout_ms_bounds_the_call(waiting, faults):
    faults.posts.append(hang := Hang())
    with pytest.raises(psycopg.DatabaseError, match=r"azure_cognitive.detect_language: Timeout: ") as caught:
        await waiting.execute("SELECT azure_cognitive.detect_language('some text', timeout_ms => 100)")
    assert caught.value.sqlstate == "ZA408"
    await asyncio.wait_for(hang.aborted.wait(), 10)


async def test_a_call_is_sent_once_unless_it_says_otherwise(waiting, faults):
    faults.received.clear()
    faults.posts.append(Status(503))
    with pytest.raises(psycopg.DatabaseError, match="ServiceUnavailable") as caught:
        await waiting.execute(CALL)
    assert caught.value.sqlstate == "ZA503"
    assert len(faults.sent) == 1
    faults.posts.extend([Status(503), Status(503)])
    await waiting.execute("SELECT azure_cognitive.detect_language('some text', max_attempts => 3, retry_delay_ms => 1)")
    assert len(faults.sent) == 4


async def test_an_error_names_what_to_do_and_shows_no_key_and_no_text(waiting, faults):
    faults.posts.append(Status(401, body={"error": {"code": "401", "message": "Access denied for a-secret-key"}}))
    with pytest.raises(psycopg.DatabaseError) as caught:
        await waiting.execute("SELECT azure_cognitive.detect_language('words nobody else may read')")
    told = caught.value.diag
    assert told.sqlstate == "ZA401"
    assert told.message_primary.startswith("azure_cognitive.detect_language: Unauthorized: ")
    assert told.message_detail
    assert "azure_ai.set_setting" in told.message_hint
    shown = str(caught.value) + str(told.context)
    assert "a-secret-key" not in shown
    assert "words nobody" not in shown


async def test_a_text_that_fails_is_a_warning_and_null_in_its_place(waiting, faults):
    warnings = []
    waiting.add_notice_handler(
        lambda notice: warnings.append((notice.severity, notice.sqlstate, notice.message_primary))
    )
    rows = await (
        await waiting.execute(
            "SELECT name IS NULL FROM azure_cognitive.detect_language(ARRAY['a', '', 'b', NULL], throw_on_error => false)"
        )
    ).fetchall()
    assert rows == [(False,), (True,), (False,), (True,)]
    ((severity, sqlstate, message),) = warnings
    assert (severity, sqlstate) == ("WARNING", "ZA400")
    assert message.startswith("azure_cognitive.detect_language: InvalidRequest: ")
    assert message.endswith("InvalidDocument: the text is empty")


async def test_an_error_can_be_caught_in_plpgsql(waiting, faults):
    await waiting.execute("""
        CREATE FUNCTION pg_temp.try_it() RETURNS text LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM azure_cognitive.detect_language('some text');
            RETURN 'answered';
        EXCEPTION WHEN SQLSTATE 'ZA429' THEN
            RETURN 'too many';
        END $$
    """)
    faults.posts.append(Status(429, headers={"Retry-After": "1"}))
    assert await (await waiting.execute("SELECT pg_temp.try_it()")).fetchone() == ("too many",)
