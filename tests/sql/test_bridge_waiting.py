"""A session waits no longer than it wants to, and hears what went wrong."""

from __future__ import annotations

import asyncio
import time
from statistics import median
from typing import TYPE_CHECKING

import psycopg
import pytest

from fix_faults import Hang, Status, serve_faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fix_faults import FaultServer
    from fix_functions import Serve

CALL = "SELECT azure_cognitive.detect_language('some text')"
LOCKS = """
    SELECT count(*) FROM pg_locks
    WHERE classid = 1885823354 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
# A busy machine may delay one of them; half of them it does not.
TRIES = 5


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
    row = await (
        await connection.execute("SELECT count(*) FROM pgazure_bridge.request WHERE settled_at IS NULL")
    ).fetchone()
    assert row is not None
    return row[0]


async def wait_until_seen(other: psycopg.AsyncConnection, session: str, parameters: tuple[int, ...] = ()) -> None:
    """Wait until another session is as described."""

    async def look() -> None:
        query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {session}"
        while await (await other.execute(query, parameters)).fetchone() != (1,):
            pass

    await asyncio.wait_for(look(), 10)


async def wait_until_asleep(waiting: psycopg.AsyncConnection, other: psycopg.AsyncConnection) -> None:
    """Wait until a session waits for the lock of its call."""
    await wait_until_seen(
        other, "pid = %s AND wait_event_type = 'Lock' AND wait_event = 'advisory'", (waiting.info.backend_pid,)
    )


async def test_statement_timeout_ends_the_wait_and_the_request_within_100_ms(waiting, faults):
    await waiting.execute("SET statement_timeout = '200ms'")
    late = []
    for _ in range(TRIES):
        faults.posts.append(hang := Hang())
        began = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            await waiting.execute(CALL)
        late.append(time.monotonic() - began - 0.2)
        await asyncio.wait_for(hang.aborted.wait(), 10)
    assert median(late) < 0.1
    await waiting.execute("RESET statement_timeout")
    assert await count_calls(waiting) == 0
    await waiting.execute(CALL)
    assert await (await waiting.execute(LOCKS)).fetchone() == (0,)


async def test_a_cancelled_statement_ends_and_cancels_the_request_within_100_ms(waiting, faults):
    late = []
    for _ in range(TRIES):
        faults.posts.append(hang := Hang())
        call = asyncio.create_task(waiting.execute(CALL))
        await asyncio.wait_for(hang.arrived.wait(), 10)
        began = time.monotonic()
        await waiting.cancel_safe()
        with pytest.raises(psycopg.errors.QueryCanceled):
            await call
        await asyncio.wait_for(hang.aborted.wait(), 10)
        late.append(time.monotonic() - began)
    assert median(late) < 0.1
    await waiting.execute(CALL)
    assert await (await waiting.execute(LOCKS)).fetchone() == (0,)


async def test_a_waiting_session_sleeps_and_no_lock_timeout_ends_its_sleep(waiting, faults, functions_conninfo):
    await waiting.execute("SET lock_timeout = '10ms'")
    faults.posts.append(hang := Hang())
    call = asyncio.create_task(waiting.execute(CALL))
    await asyncio.wait_for(hang.arrived.wait(), 10)
    async with await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as other:
        await wait_until_asleep(waiting, other)
        # Far longer than the session waits for any other lock.
        await other.execute("SELECT pg_sleep(0.1)")
        hang.release.set()
        assert await (await call).fetchone() is not None


async def test_an_answer_whose_session_calls_no_more_is_removed_after_a_minute(waiting):
    rows = "SELECT count(*) FROM pgazure_bridge.request"
    await waiting.execute(
        "UPDATE pgazure_bridge.request SET settled_at = settled_at - interval '50 s' RETURNING request_id"
    )
    assert await (await waiting.execute(rows)).fetchone() == (1,)
    # Two sweeps pass it by.
    await waiting.execute("SELECT pg_sleep(0.5)")
    assert await (await waiting.execute(rows)).fetchone() == (1,)
    await waiting.execute("UPDATE pgazure_bridge.request SET settled_at = settled_at - interval '15 s'")

    async def look() -> None:
        while await (await waiting.execute(rows)).fetchone() != (0,):
            pass

    await asyncio.wait_for(look(), 10)


class Unserved:
    """Sessions of a database where somebody says to be a server, and takes no calls."""

    def __init__(self, *sessions: psycopg.AsyncConnection) -> None:
        self.server, self.waiting, self.other = sessions

    async def start_call(self) -> asyncio.Task[psycopg.AsyncCursor]:
        call = asyncio.create_task(self.waiting.execute(CALL))
        while await count_calls(self.other) == 0:
            assert not call.done()
        return call


@pytest.fixture
async def unserved(functions_conninfo: str) -> AsyncIterator[Unserved]:
    async with (
        await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as other,
        await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as waiting,
        # Ended first, so that nobody waits for it.
        await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as server,
    ):
        await server.execute("SELECT pg_advisory_lock_shared(1885823355, 0)")
        yield Unserved(server, waiting, other)


async def test_a_call_that_no_server_takes_can_be_cancelled_and_ends_with_the_last_server(unserved):
    call = await asyncio.wait_for(unserved.start_call(), 10)
    began = time.monotonic()
    await unserved.waiting.cancel_safe()
    with pytest.raises(psycopg.errors.QueryCanceled):
        await call
    assert time.monotonic() - began < 1
    assert await count_calls(unserved.other) == 0
    call = await asyncio.wait_for(unserved.start_call(), 10)
    await unserved.server.execute("SELECT pg_advisory_unlock_shared(1885823355, 0)")
    with pytest.raises(psycopg.DatabaseError, match="NoServer"):
        await call
    assert await count_calls(unserved.other) == 0


async def test_a_session_is_woken_when_its_answer_is_committed_and_not_before(unserved):
    # A commit that takes as long as somebody wants.
    await unserved.other.execute(
        """
        CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER hold AFTER UPDATE ON pgazure_bridge.request DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (new.settled_at IS NOT NULL) EXECUTE FUNCTION public.hold()
        """
    )
    call = await asyncio.wait_for(unserved.start_call(), 10)
    number = await (
        await unserved.server.execute(
            """
            UPDATE pgazure_bridge.request SET server_pid = pg_backend_pid()
            RETURNING request_id, pg_try_advisory_lock(1885823354, request_id::integer)
            """
        )
    ).fetchone()
    assert number is not None
    await unserved.other.execute("SELECT pg_advisory_lock(1)")
    settling = asyncio.create_task(
        unserved.server.execute(
            "CALL pgazure_bridge.settle(ARRAY[%s]::bigint[], ARRAY[%s]::text[], ARRAY[NULL]::text[])",
            (number[0], '{"name": "English"}'),
        )
    )
    try:
        await wait_until_asleep(unserved.server, unserved.other)
        await wait_until_asleep(unserved.waiting, unserved.other)
    finally:
        await unserved.other.execute("SELECT pg_advisory_unlock(1)")
    ((found,),) = await (await asyncio.wait_for(call, 10)).fetchall()
    assert "English" in found
    await settling


async def test_a_session_that_is_cancelled_as_it_wakes_keeps_no_lock(unserved):
    lock = "(1885823354, request_id::integer)"
    for _ in range(TRIES):
        call = await asyncio.wait_for(unserved.start_call(), 10)
        await unserved.server.execute(
            f"UPDATE pgazure_bridge.request SET server_pid = pg_backend_pid() RETURNING pg_try_advisory_lock{lock}"
        )
        await wait_until_asleep(unserved.waiting, unserved.other)
        await unserved.server.execute(
            f"SELECT pg_advisory_unlock{lock}, pg_cancel_backend(%s) FROM pgazure_bridge.request",
            (unserved.waiting.info.backend_pid,),
        )
        with pytest.raises(psycopg.errors.QueryCanceled):
            await asyncio.wait_for(call, 10)
    assert await (await unserved.other.execute(LOCKS)).fetchone() == (0,)


async def test_a_session_that_has_locked_what_its_call_needs_can_be_cancelled(waiting):
    await waiting.execute("SET statement_timeout = '100ms'")
    began = time.monotonic()
    async with waiting.transaction(force_rollback=True):
        await waiting.execute("LOCK TABLE pgazure_bridge.request")
        with pytest.raises(psycopg.DatabaseError):
            await waiting.execute(CALL)
    assert time.monotonic() - began < 10
    await waiting.execute("RESET statement_timeout")
    await waiting.execute(CALL)


@pytest.mark.parametrize("pause", ["0", "0.0005", "0.003"])
async def test_a_statement_that_is_cancelled_more_than_once_cancels_the_request(
    waiting, faults, functions_conninfo, pause
):
    faults.posts.append(hang := Hang())
    call = asyncio.create_task(waiting.execute(CALL))
    await asyncio.wait_for(hang.arrived.wait(), 10)
    async with await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as other:
        await other.execute(
            "SELECT pg_cancel_backend(%s), pg_sleep(%s::float) FROM generate_series(1, 3)",
            (waiting.info.backend_pid, pause),
        )
    with pytest.raises(psycopg.errors.QueryCanceled):
        await call
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
