"""Who may call, and that nobody gets in between: EXECUTE on a function of the four schemas is the right that counts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from fix_functions import RunningServer
from fix_surface import find_services
from pgazure.bridge import install_functions, uninstall_functions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator import Emulator

CALLS = (
    "SELECT (azure_cognitive.analyze_sentiment('I love the view.', 'en')).sentiment",
    "SELECT count(*) FROM azure_cognitive.analyze_sentiment(ARRAY['I love the view.'], 'en')",
    "SELECT cardinality(azure_openai.create_embeddings('text-embedding-3-small', 'a view', 8))",
    "SELECT azure_ai.is_true('2 + 2 = 4')",
    "SELECT id FROM azure_ai.rank('red shoe', ARRAY['a red shoe'], ARRAY['x'])",
    "SELECT azure_ai.version()",
)


@pytest.fixture
def ordinary(surface: str) -> Iterator[psycopg.Connection]:
    """A session, in a transaction that is rolled back, of a role that was granted nothing."""
    with psycopg.connect(surface) as connection:
        connection.execute("CREATE ROLE pgazure_test_user")
        connection.execute("SET LOCAL ROLE pgazure_test_user")
        yield connection
        connection.rollback()


@pytest.mark.parametrize("call", CALLS)
def test_a_role_that_was_granted_nothing_calls_every_function(ordinary: psycopg.Connection, call: str) -> None:
    assert ordinary.execute(call.encode()).fetchone() is not None


def test_a_function_that_is_taken_away_stays_away_whatever_path_is_tried(ordinary: psycopg.Connection) -> None:
    ordinary.execute("RESET ROLE")
    ordinary.execute(
        "REVOKE EXECUTE ON FUNCTION azure_cognitive.detect_language(text, boolean, integer, boolean, integer, integer)"
        " FROM PUBLIC"
    )
    ordinary.execute("GRANT CREATE ON SCHEMA public TO pgazure_test_user")
    ordinary.execute("SET LOCAL ROLE pgazure_test_user")
    call = "pgazure_bridge.call('azure_cognitive.detect_language', jsonb_build_object('text', 'Good morning'))"
    for statement in (
        "SELECT azure_cognitive.detect_language('Good morning')",
        f"SELECT {call}",
        f"CREATE FUNCTION public.ask() RETURNS jsonb LANGUAGE sql BEGIN ATOMIC SELECT {call}; END",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"), ordinary.transaction():
            ordinary.execute(statement.encode())
    (sentiment,) = ordinary.execute(CALLS[0]).fetchone() or ()  # type: ignore[arg-type]
    assert sentiment == "positive"


def test_nobody_puts_a_function_of_his_own_in_between(bare_conninfo: str, emulator: Emulator) -> None:
    """A function of a closer fit in a schema that all may write to would be taken for the one of PostgreSQL."""
    with psycopg.connect(bare_conninfo, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION public.jsonb_build_object(text, text, text, text[], text, text) RETURNS jsonb LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE 'in between'; END $$"
        )
        connection.execute(
            "CREATE FUNCTION public.jsonb_build_object(text, text, text, text, text, text) RETURNS jsonb LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE 'in between'; END $$"
        )
        asyncio.run(install_functions(bare_conninfo))
        server = RunningServer(bare_conninfo, find_services(emulator)).start()
        try:
            assert connection.execute(
                "SELECT id FROM azure_ai.rank('red', ARRAY['a red shoe'], 'gpt-4.1')"
            ).fetchall() == [(1,)]
            assert connection.execute("SELECT azure_ai.generate('Say hello.') IS NULL").fetchone() == (False,)
        finally:
            server.stop()
            asyncio.run(uninstall_functions(bare_conninfo))


def test_a_database_without_vector_has_all_functions(bare_conninfo: str, emulator: Emulator) -> None:
    asyncio.run(install_functions(bare_conninfo))
    server = RunningServer(bare_conninfo, find_services(emulator)).start()
    try:
        with psycopg.connect(bare_conninfo) as connection:
            assert connection.execute("SELECT FROM pg_extension WHERE extname = 'vector'").fetchone() is None
            for call in CALLS:
                assert connection.execute(call.encode()).fetchone() is not None
    finally:
        server.stop()
        asyncio.run(uninstall_functions(bare_conninfo))
