"""A call travels to a server and back, and no text is paid for twice."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from fix_faults import Hang, serve_faults
from pgazure.bridge import read_status

if TYPE_CHECKING:
    from fix_functions import Serve

SENTIMENT = "azure_cognitive.analyze_sentiment"
FORGED = "'; DROP TABLE notes; -- \\ \" {} é 🙂"


def test_a_call_is_answered_once_however_many_columns_are_wanted(session, emulator):
    found = session.execute("SELECT (azure_cognitive.analyze_sentiment('what a lovely day', 'en')).*").fetchone()
    assert found[0] == "positive"
    assert emulator.stats()["requests"] == 1


def test_an_answer_is_removed_with_the_next_call_of_its_session(session):
    for text in ("red", "blue"):
        found = session.execute(
            "SELECT embedding FROM azure_openai.create_embeddings('text-embedding-3-small', ARRAY[%s], dimensions => 16)",
            (text,),
        ).fetchall()
        assert len(found) == 1
        for table in ("request", "vector"):
            assert session.execute(f"SELECT count(*) FROM pgazure_bridge.{table}").fetchone() == (1,)
    session.execute("SELECT azure_cognitive.detect_language('what a lovely day')")
    assert session.execute(
        "SELECT answer ->> 'name' FROM (SELECT answer::jsonb FROM pgazure_bridge.request) AS left_over"
    ).fetchall() == [("English",)]
    assert session.execute("SELECT count(*) FROM pgazure_bridge.vector").fetchone() == (0,)


def test_a_forged_connection_leads_to_no_answer_of_another_session(session, functions_served, bare_conninfo):
    with (
        psycopg.connect(functions_served, autocommit=True) as other,
        psycopg.connect(bare_conninfo, autocommit=True) as forger,
    ):
        other.execute("SELECT azure_cognitive.detect_language('for nobody else')")
        (number,) = other.execute("SELECT request_id FROM pgazure_bridge.request WHERE answer IS NOT NULL").fetchone()
        forger.execute(
            f"""
            CREATE SCHEMA pgazure_bridge;
            CREATE PROCEDURE pgazure_bridge.submit(text, text, interval) LANGUAGE sql AS '';
            CREATE FUNCTION pgazure_bridge.fetch(has_waited boolean) RETURNS TABLE (a bigint, b text, c text, d text)
            LANGUAGE sql AS $$
                SELECT {number}, CASE WHEN has_waited THEN 'gone' ELSE 'in hand' END, NULL, NULL
            $$
            """
        )
        try:
            session.execute("SELECT pgazure_dblink.dblink_connect('pgazure_bridge', %s)", (bare_conninfo,))
            with pytest.raises(psycopg.DatabaseError, match="CallLost"):
                session.execute("SELECT azure_cognitive.detect_language('what a lovely day')")
        finally:
            forger.execute("DROP SCHEMA pgazure_bridge CASCADE")


def test_any_text_goes_through_as_it_is(session):
    (found,) = session.execute(
        "SELECT (azure_cognitive.recognize_pii_entities(%s)).redacted_text", (FORGED,)
    ).fetchone()
    assert found == FORGED


def test_a_session_may_not_tell_the_functions_what_they_were_told(session, emulator):
    with session.transaction():
        call = "SELECT (azure_cognitive.detect_language('what a lovely day')).name"
        assert session.execute(call).fetchone() == ("English",)
        # What the session remembers is signed with a secret it cannot read.
        for slot in range(16):
            name = f"pgazure_bridge.answer_{slot}"
            known = session.execute("SELECT current_setting(%s, true)", (name,)).fetchone()[0]
            if known:
                forged = known.replace("English", "Klingon")
                session.execute("SELECT set_config(%s, %s, true)", (name, forged))
        assert session.execute(call).fetchone() == ("English",)
    assert emulator.stats()["requests"] == 2


def test_what_a_chat_model_writes_is_asked_for_each_time(session, emulator):
    session.execute("SELECT azure_ai.generate('say hello'), azure_ai.generate('say hello')")
    assert emulator.stats()["requests"] == 2


def test_a_call_works_in_a_transaction_that_sees_no_newer_data(session):
    with session.transaction():
        session.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY")
        assert session.execute("SELECT (azure_cognitive.detect_language('what a lovely day')).name").fetchone() == (
            "English",
        )


def test_a_session_whose_second_connection_was_ended_gets_a_new_one(session):
    call = "SELECT (azure_cognitive.detect_language(%s)).name"
    session.execute(call, ("what a lovely day",))
    ended = session.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'pgazure_bridge' AND datname = current_database()"
    ).fetchall()
    assert ended == [(True,)]
    assert session.execute(call, ("what a dull day",)).fetchone() == ("English",)


def test_prefetch_answers_a_row_at_a_time_update_without_further_requests(session, emulator):
    session.execute(
        "CREATE TABLE notes AS SELECT id, 'a lovely day, number ' || id AS body,"
        " NULL::azure_cognitive.sentiment_analysis_result AS mood FROM generate_series(1, 95) AS id"
    )
    prefetch = "SELECT pgazure.prefetch(%s, array_agg(body) || ARRAY[NULL, '', 'a lovely day, number 1'], '{\"language\": \"en\"}') FROM notes"
    assert session.execute(prefetch, (SENTIMENT,)).fetchone() == (95,)
    assert emulator.stats()["requests"] == 10
    assert session.execute(prefetch, (SENTIMENT,)).fetchone() == (95,)
    session.execute("UPDATE notes SET mood = azure_cognitive.analyze_sentiment(body, 'en', max_attempts => 5)")
    assert emulator.stats()["requests"] == 10
    assert session.execute("SELECT DISTINCT (mood).sentiment FROM notes").fetchall() == [("positive",)]
    # Another argument is another question.
    session.execute("SELECT azure_cognitive.analyze_sentiment('a lovely day, number 1', 'de')")
    assert emulator.stats()["requests"] == 11


def test_prefetch_keeps_vectors_and_lists_of_target_languages(session, emulator):
    session.execute(
        "SELECT pgazure.prefetch('azure_openai.create_embeddings', ARRAY['red', 'blue'],"
        ' \'{"deployment_name": "text-embedding-3-small", "dimensions": 8}\')'
    )
    session.execute(
        "SELECT pgazure.prefetch('azure_cognitive.translate', ARRAY['red'], '{\"target_language\": [\"de\", \"fr\"]}')"
    )
    before = emulator.stats()["requests"]
    vector = session.execute("SELECT azure_openai.create_embeddings('text-embedding-3-small', 'red', 8)").fetchone()[0]
    assert len(vector) == 8
    session.execute("SELECT azure_cognitive.translate('red', ARRAY['de', 'fr'])")
    assert emulator.stats()["requests"] == before


def test_prefetched_answers_do_not_outlive_their_time_or_their_endpoint(session, emulator):
    call = "SELECT azure_cognitive.detect_language('what a lovely day')"
    session.execute("SELECT pgazure.prefetch('azure_cognitive.detect_language', ARRAY['what a lovely day'])")
    session.execute(call)
    assert emulator.stats()["requests"] == 1
    session.execute("UPDATE pgazure_bridge.cache SET expires_at = now()")
    session.execute(call)
    assert emulator.stats()["requests"] == 2
    session.execute("UPDATE pgazure_bridge.cache SET expires_at = now() + '1 hour', place = 'elsewhere'")
    session.execute(call)
    assert emulator.stats()["requests"] == 3


def test_prefetch_needs_no_language_and_takes_one_for_each_text(session, emulator):
    prefetch = "SELECT pgazure.prefetch(%s, ARRAY['what a lovely day'], %s)"
    assert session.execute(prefetch, (SENTIMENT, "{}")).fetchone() == (1,)
    assert session.execute(prefetch, (SENTIMENT, '{"language": ["en"]}')).fetchone() == (1,)
    before = emulator.stats()["requests"]
    session.execute("SELECT azure_cognitive.analyze_sentiment('what a lovely day')")
    assert emulator.stats()["requests"] == before


def test_a_session_without_a_second_connection_is_told_why(session, functions_served):
    with session.transaction(force_rollback=True):
        session.execute("DELETE FROM pgazure_bridge.loopback")
        with pytest.raises(psycopg.DatabaseError, match=f"{SENTIMENT}: NoConnection: ") as caught:
            session.execute(f"SELECT {SENTIMENT}('what a lovely day')")
    assert caught.value.sqlstate == "ZA004"
    assert "pgazure functions install" in caught.value.diag.message_hint
    assert "password" not in str(caught.value)
    session.execute(f"SELECT {SENTIMENT}('what a lovely day')")


def test_prefetch_says_what_it_cannot_do(session):
    for wrong in (
        "pgazure.prefetch('azure_cognitive.nothing', ARRAY['a'])",
        "pgazure.prefetch('azure_cognitive.detect_language', ARRAY['a'], '{\"nothing\": 1}')",
        "pgazure.prefetch('azure_ai.generate', ARRAY['a'])",
    ):
        with pytest.raises(psycopg.errors.UndefinedFunction, match="InvalidRequest: there is no function") as caught:
            session.execute(f"SELECT {wrong}")
        assert "azure_cognitive.analyze_sentiment" in caught.value.diag.message_hint
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="retention"):
        session.execute("SELECT pgazure.prefetch('azure_cognitive.detect_language', ARRAY['a'], '{}', '0')")


def test_a_text_without_an_answer_is_a_warning_of_prefetch(session):
    warnings = []
    session.add_notice_handler(lambda notice: warnings.append(notice.message_primary))
    found = session.execute(
        "SELECT pgazure.prefetch('azure_cognitive.analyze_sentiment', ARRAY['fine', 'gut'], '{\"language\": \"xx\"}')"
    ).fetchone()
    assert found == (0,)
    assert len(warnings) == 1
    assert "UnsupportedLanguageCode" in warnings[0]


async def test_calls_of_many_sessions_share_a_request(functions_conninfo, serve_functions: Serve):
    async with serve_faults() as service:
        with serve_functions(functions_conninfo, service.endpoint, window=2.0):
            first = Hang()
            connections = [await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) for _ in range(8)]
            try:
                # The connection to itself takes a moment, which would scatter the calls.
                for connection in connections:
                    await connection.execute("SELECT azure_cognitive.detect_language('hello')")
                service.received.clear()
                service.posts.append(first)
                text = "SELECT azure_cognitive.extract_key_phrases(%s, 'en')"
                calls = [asyncio.create_task(connections[0].execute(text, ("word 0",)))]
                await asyncio.wait_for(first.arrived.wait(), 10)
                calls += [
                    asyncio.create_task(connection.execute(text, (f"word {number}",)))
                    for number, connection in enumerate(connections[1:], 1)
                ]
                await asyncio.gather(*calls[1:])
                first.release.set()
                await calls[0]
                sizes = [len(request.body["analysisInput"]["documents"]) for request in service.sent]
                assert sizes == [1, 7]
            finally:
                for connection in connections:
                    await connection.close()


async def test_status_tells_of_servers_and_calls(functions_conninfo, serve_functions: Serve):
    assert not (await read_status(functions_conninfo)).is_served
    async with serve_faults() as service:
        service.posts.append(hang := Hang())
        with serve_functions(functions_conninfo, service.endpoint):
            async with await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as connection:
                call = asyncio.create_task(connection.execute("SELECT azure_cognitive.detect_language('hello')"))
                await asyncio.wait_for(hang.arrived.wait(), 10)
                found = await read_status(functions_conninfo)
                hang.release.set()
                await call
    assert (found.is_served, found.waiting, found.in_hand, len(found.servers)) == (True, 0, 1, 1)
    assert found.edition == "flexible"


async def test_a_server_reads_settings_that_change_and_sends_no_key_elsewhere(functions_conninfo):
    from fix_functions import RunningServer
    from pgazure.config import Settings

    nothing = Settings.model_construct(None, **dict.fromkeys(Settings.model_fields))
    server = RunningServer(functions_conninfo, nothing).start()
    try:
        async with (
            serve_faults() as service,
            await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as connection,
        ):
            call = "SELECT azure_cognitive.detect_language('hello')"
            with pytest.raises(
                psycopg.DatabaseError, match=r"InvalidSetting: azure_cognitive.endpoint is not set"
            ) as error:
                await connection.execute(call)
            assert error.value.sqlstate == "ZA001"
            setting = "SELECT azure_ai.set_setting(%s, %s)"
            await connection.execute(setting, ("azure_cognitive.subscription_key", "a-key"))
            await connection.execute(setting, ("azure_cognitive.endpoint", service.endpoint))
            await asyncio.to_thread(wait_for_answer, functions_conninfo, call)
            assert service.sent[-1].headers["Ocp-Apim-Subscription-Key"] == "a-key"
            service.received.clear()
            # Whoever writes the table past the function still cannot have the key sent to a host of his own.
            await connection.execute("DELETE FROM pgazure_bridge.allowed_hosts WHERE host = '127.0.0.1'")
            with pytest.raises(psycopg.DatabaseError, match="allowed_hosts"):
                await asyncio.to_thread(wait_for_answer, functions_conninfo, call, 50)
            count = len(service.sent)
            with pytest.raises(psycopg.DatabaseError, match="allowed_hosts"):
                await connection.execute(call)
            assert len(service.sent) == count
    finally:
        server.stop()


def wait_for_answer(conninfo: str, call: str, answered: int = 1) -> None:
    """Call until so many calls were answered: the server learns of settings a moment after they are committed."""
    end = time.monotonic() + 20
    with psycopg.connect(conninfo, autocommit=True) as connection:
        while answered:
            try:
                connection.execute(call)  # type: ignore[arg-type]
            except psycopg.DatabaseError as error:
                if "is not set" not in str(error) or time.monotonic() > end:
                    raise
            else:
                answered -= 1


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_vectors_of_many_texts_are_those_of_each_text(session, isolation):
    with session.transaction():
        session.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        rows = session.execute(
            "SELECT embedding FROM azure_openai.create_embeddings('text-embedding-3-small',"
            " ARRAY['red', NULL, '', 'blue'], dimensions => 16, throw_on_error => false)"
        ).fetchall()
        single = session.execute(
            "SELECT azure_openai.create_embeddings('text-embedding-3-small', text, 16) FROM unnest(ARRAY['red', 'blue']) AS text"
        ).fetchall()
    assert [row[0] for row in rows] == [single[0][0], None, None, single[1][0]]
