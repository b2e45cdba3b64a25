"""What a service says and what a database can hold are not the same; a session hears of it, and never waits for ever."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from fix_faults import Edit, Raw, Status, serve_faults
from pgazure.bridge import install_functions, uninstall_functions
from pgazure.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fix_faults import FaultServer
    from fix_functions import Serve
    from fix_pg import Databases

TRANSLATE = "SELECT ((azure_cognitive.translate(%s, 'de', throw_on_error => %s)).translations)[1].text"
SCORE = "SELECT azure_ml.invoke('{\"input\": []}')"


def say(text: str) -> Edit:
    """Have the first translation of an answer be a text."""

    def change(good: Any) -> Any:
        good["value"][0]["translations"][0]["text"] = text
        return good

    return Edit(change)


@pytest.fixture
async def faults(functions_conninfo: str, serve_functions: Serve) -> AsyncIterator[FaultServer]:
    async with serve_faults() as service:
        with serve_functions(functions_conninfo, service.endpoint):
            yield service


@pytest.fixture
async def asking(functions_conninfo: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(functions_conninfo, autocommit=True) as connection:
        # A session that is told nothing would wait for ever.
        await connection.execute("SET statement_timeout = '10s'")
        yield connection


@pytest.mark.parametrize("odd", ["half of a \ud83d pair", "a \0 in it"])
async def test_an_answer_that_is_no_text_for_the_database_is_an_error_or_null(faults, asking, odd):
    faults.posts.append(say(odd))
    with pytest.raises(psycopg.DatabaseError, match=r"azure_cognitive.translate: UnusableAnswer: ") as caught:
        await asking.execute(TRANSLATE, ("one", True))
    assert caught.value.sqlstate == "ZA502"
    faults.posts.append(say(odd))
    assert await (await asking.execute(TRANSLATE, ("two", False))).fetchone() == (None,)
    faults.posts.append(say(odd))
    many = "SELECT azure_cognitive.translate(ARRAY['one', 'two'], 'de', throw_on_error => false)"
    first, second = await (await asking.execute(many)).fetchall()
    assert first == (None,)
    assert "[de] two" in second[0]


async def test_letters_that_look_like_an_escaped_nul_are_an_answer(faults, asking):
    faults.posts.append(say(r"write \u0000 or \\u0000"))
    assert await (await asking.execute(TRANSLATE, ("one", True))).fetchone() == (r"write \u0000 or \\u0000",)


async def test_an_error_of_the_service_in_no_text_is_an_error_of_the_call(faults, asking):
    faults.posts.append(Status(400, body={"error": {"code": "400077", "message": "no \ud83d and \0 here"}}))
    with pytest.raises(psycopg.DatabaseError, match=r"azure_cognitive.translate: InvalidRequest: ") as caught:
        await asking.execute(TRANSLATE, ("one", True))
    assert caught.value.sqlstate == "ZA400"


async def test_a_model_may_answer_integers_of_any_length(faults, asking):
    faults.posts.append(Raw(b'{"id": 123456789012345678901234567890}'))
    assert await (await asking.execute(SCORE)).fetchone() == ({"id": 123456789012345678901234567890},)
    faults.posts.append(Raw(b'{"id": "\\ud83d"}'))
    with pytest.raises(psycopg.DatabaseError, match=r"azure_ml.invoke: UnusableAnswer: "):
        await asking.execute(SCORE)


@contextmanager
def encoded(databases: Databases, encoding: str) -> Iterator[str]:
    """A database of another encoding."""
    name = sql.Identifier(f"pgazure_test_{encoding.lower()}")
    databases.admin.execute(
        sql.SQL("CREATE DATABASE {} ENCODING {} LOCALE 'C' TEMPLATE template0").format(name, sql.Literal(encoding))
    )
    try:
        yield make_conninfo(databases.conninfo, dbname=name.as_string().strip('"'), client_encoding="utf8")
    finally:
        databases.admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


async def test_a_database_of_another_encoding_gets_what_it_can_hold(pg_databases, serve_functions):
    with encoded(pg_databases, "LATIN1") as conninfo:
        await install_functions(conninfo)
        try:
            async with serve_faults() as service:
                with serve_functions(conninfo, service.endpoint):
                    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as asking:
                        await asking.execute("SET statement_timeout = '10s'")
                        assert await (await asking.execute(TRANSLATE, ("schön", True))).fetchone() == ("[de] schön",)
                        service.posts.append(say("語"))
                        with pytest.raises(psycopg.DatabaseError, match="characters that this database cannot hold"):
                            await asking.execute(TRANSLATE, ("one", True))
                        service.posts.append(Status(400, body={"error": {"code": "400077", "message": "語"}}))
                        with pytest.raises(psycopg.DatabaseError, match="InvalidRequest"):
                            await asking.execute(TRANSLATE, ("one", True))
                        # The server lives.
                        assert await (await asking.execute(TRANSLATE, ("two", True))).fetchone() == ("[de] two",)
        finally:
            await uninstall_functions(conninfo)


def test_a_database_without_an_encoding_is_refused(pg_databases):
    with (
        encoded(pg_databases, "SQL_ASCII") as conninfo,
        pytest.raises(SchemaError, match="has the encoding SQL_ASCII"),
    ):
        asyncio.run(install_functions(make_conninfo(conninfo, client_encoding="")))
