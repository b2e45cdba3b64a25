"""What is special about a database: named arguments, its errors, its transactions, its connections."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from fix_conformance import Opened
from pgazure.client import AsyncClient, Client
from pgazure.errors import (
    AuthenticationError,
    BatchError,
    ConfigurationError,
    ContentFilterError,
    DeploymentNotFoundError,
    InvalidRequestError,
    RateLimitError,
    SchemaError,
    ServiceError,
    ServiceTimeoutError,
    ServiceUnavailableError,
)
from pgazure.services.database_errors import describe_database_error
from pgazure.services.database_functions import FUNCTIONS, SETTINGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONTRACT = os.environ.get("PGAZURE_CONTRACT")


async def noted(conninfo: str) -> list[tuple[str, dict[str, Any]]]:
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        cursor = await connection.execute("SELECT function, arguments FROM pgazure_bridge.recorded ORDER BY called_at")
        return await cursor.fetchall()


@pytest.fixture
async def connection(recorded: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with await psycopg.AsyncConnection.connect(recorded) as opened:
        yield opened


async def test_every_argument_arrives_under_its_name(database: Opened, recorded: str) -> None:
    options = {"timeout_ms": 9_000, "max_attempts": 3, "retry_delay_ms": 7, "disable_service_logs": True}
    await database("recognize_pii_entities", "a", "en", domain="phi", **options)
    await database("recognize_pii_entities", ["a", "b"], domain="phi", batch_size=2, **options)
    await database("translate", "a", "de", target_script="Latn", source_language="en")
    await database("create_embeddings", "model", ["a"], dimensions=3)
    one, many, translated, embedded = await noted(recorded)
    given = {"domain": "phi", **options}
    assert one == (
        "azure_cognitive.recognize_pii_entities",
        {"text": "a", "language": "en", "throw_on_error": True, **given},
    )
    assert many == (
        "azure_cognitive.recognize_pii_entities",
        # An exception would undo the results of all texts for the sake of one.
        {"text": ["a", "b"], "language": None, "batch_size": 2, "throw_on_error": False, **given},
    )
    assert translated[0] == "azure_cognitive.translate"
    wanted = {"text": "a", "target_language": "de", "source_language": "en", "target_script": "Latn"}
    assert wanted.items() <= translated[1].items()
    assert embedded[0] == "azure_openai.create_embeddings"
    assert {"input": ["a"], "deployment_name": "model", "dimensions": 3}.items() <= embedded[1].items()


async def test_retries_and_time_are_the_clients_where_the_call_does_not_say(database: Opened, recorded: str) -> None:
    await database("detect_language", "a")
    ((_, arguments),) = await noted(recorded)
    assert arguments == {
        "text": "a",
        "disable_service_logs": False,
        "timeout_ms": 30_000,
        "throw_on_error": True,
        "max_attempts": 5,
        "retry_delay_ms": 1_000,
    }


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("poison", InvalidRequestError, "InvalidDocument"),
        ("unauthorized", AuthenticationError, "401"),
        ("throttled", RateLimitError, "429"),
        ("nowhere", DeploymentNotFoundError, "DeploymentNotFound"),
        ("broken", ServiceUnavailableError, "ServiceUnavailable"),
        ("unset", ServiceError, "FunctionFailed"),
    ],
)
async def test_what_a_function_raises_is_the_same_error_as_from_a_service(
    database: Opened, text: str, kind: type[ServiceError], code: str
) -> None:
    with pytest.raises(ServiceError) as caught:
        await database("analyze_sentiment", text)
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.operation, error.service) == (code, "analyze_sentiment", "database")
    assert error.__cause__ is None


def test_codes_are_found_in_the_extensions_messages() -> None:
    class Raised:
        sqlstate = "XX000"

        def __init__(self, message: str) -> None:
            self.diag = self
            self.message_primary = message

    kinds = {
        "azure_openai.create_embeddings: content_filter: The response was filtered.": ContentFilterError,
        "azure_openai.create_embeddings: Timeout: too slow": ServiceTimeoutError,
        "azure_cognitive.translate: InvalidRequest: Bad.\n\nUnsupportedLanguageCode: No such language.": InvalidRequestError,
        "azure_ml.invoke: 404: nothing there": DeploymentNotFoundError,
    }
    for message, kind in kinds.items():
        assert type(describe_database_error(Raised(message), "f", ())) is kind
    assert describe_database_error(Raised("division by zero"), "f", ()) is None


async def test_no_text_can_pass_a_wrong_key_whatever_throw_on_error_says(database: Opened) -> None:
    for throw in (True, False):
        with pytest.raises(AuthenticationError):
            await database("analyze_sentiment", ["unauthorized", "unauthorized"], throw_on_error=throw)
    results = await database("analyze_sentiment", ["unauthorized", "b"], throw_on_error=False)
    assert results[0].code == "401"
    assert results[1].sentiment == "neutral"


async def test_warnings_become_the_reasons_of_missing_results(database: Opened) -> None:
    texts = ["poison", "fine", "throttled", None, "", "good"]
    results = await database("extract_key_phrases", texts, throw_on_error=False)
    assert [getattr(result, "code", None) for result in results] == [
        *("InvalidDocument", None, "429", None, "InvalidDocument", None)
    ]
    assert [result.retryable for result in (results[0], results[2])] == [False, True]


async def test_a_result_that_is_missing_without_a_warning_is_an_error_all_the_same(
    database: Opened, connection: psycopg.AsyncConnection[Any]
) -> None:
    await connection.execute("SET LOCAL client_min_messages = error")
    quiet = AsyncClient(backend="database", connection=connection)
    results = await quiet.azure_cognitive.extract_key_phrases(["poison", "fine"], throw_on_error=False)
    assert results[0].code == "NoResult"
    with pytest.raises(BatchError, match="NoResult"):
        await quiet.azure_cognitive.extract_key_phrases(["poison", "fine"])


async def test_no_message_repeats_a_text(database: Opened) -> None:
    text = "echo of a very private sentence"
    with pytest.raises(InvalidRequestError) as caught:
        await database("analyze_sentiment", text)
    found = await database("analyze_sentiment", [text, "b"], throw_on_error=False)
    assert "private" not in f"{caught.value} {vars(caught.value)} {found[0]!r}"


async def test_a_transaction_of_the_caller_survives_an_error_and_decides_alone(
    connection: psycopg.AsyncConnection[Any], recorded: str
) -> None:
    async with AsyncClient(backend="database", connection=connection) as client:
        await client.azure_ai.set_setting("azure_openai.endpoint", "https://kept.openai.azure.com")
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        async with connection.transaction(force_rollback=True):
            await client.azure_ai.set_setting("azure_openai.endpoint", "https://lost.openai.azure.com")
            with pytest.raises(InvalidRequestError):
                await client.azure_cognitive.analyze_sentiment("poison")
            assert await client.azure_ai.get_setting("azure_openai.endpoint") == "https://lost.openai.azure.com"
        assert await client.azure_ai.get_setting("azure_openai.endpoint") == "https://kept.openai.azure.com"
    assert not connection.closed


async def test_calls_side_by_side_share_one_connection_and_many_of_a_pool(
    connection: psycopg.AsyncConnection[Any], recorded: str
) -> None:
    texts = [f"text {number}" for number in range(40)]

    async def call_all(client: AsyncClient) -> None:
        embed = client.azure_openai.create_embeddings
        alone = await asyncio.gather(*(embed("d", text) for text in texts))
        together = await embed("d", texts)
        assert all((one == other).all() for one, other in zip(alone, together, strict=True))

    await call_all(AsyncClient(backend="database", connection=connection))
    async with AsyncConnectionPool(recorded, min_size=1, max_size=3, open=False) as pool:
        async with AsyncClient(backend="database", pool=pool) as client:
            await call_all(client)
            await client.azure_ai.generate(texts)
        assert not pool.closed


async def test_time_allowed_ends_the_statement_and_leaves_the_connection_usable(
    connection: psycopg.AsyncConnection[Any], recorded: str
) -> None:
    client = AsyncClient(backend="database", connection=connection)
    with pytest.raises(ServiceTimeoutError, match="timeout_ms=300"):
        await client.azure_cognitive.analyze_sentiment("slow", timeout_ms=300)
    assert (await client.azure_cognitive.analyze_sentiment("great")).sentiment == "positive"
    results = await client.azure_cognitive.analyze_sentiment(["slow", ""], timeout_ms=300, throw_on_error=False)
    assert [result.code for result in results] == ["Timeout", "InvalidDocument"]


async def test_a_database_without_the_extension_says_what_to_create(bare_conninfo: str) -> None:
    async with AsyncClient(backend="database", conninfo=bare_conninfo) as client:
        with pytest.raises(SchemaError, match=r"no function azure_cognitive\.analyze_sentiment .* extension azure_ai"):
            await client.azure_cognitive.analyze_sentiment("a")


async def test_an_answer_that_cannot_be_assigned_is_dropped(bare_conninfo: str) -> None:
    async with await psycopg.AsyncConnection.connect(bare_conninfo) as connection:
        await connection.execute("CREATE SCHEMA azure_openai")
        await connection.execute(
            "CREATE FUNCTION azure_openai.create_embeddings(deployment_name text, input text[], batch_size int,"
            " timeout_ms int, throw_on_error boolean, max_attempts int, retry_delay_ms int) RETURNS SETOF real[]"
            " LANGUAGE sql AS $$ SELECT CASE $1 WHEN 'holes' THEN ARRAY[1, NULL] ELSE ARRAY[1] END::real[] $$"
        )
    async with AsyncClient(backend="database", conninfo=bare_conninfo) as client:
        for deployment, texts, code in (("holes", ["a"], "WrongVector"), ("few", ["a", "b"], "WrongRowCount")):
            with pytest.raises(BatchError, match=code):
                await client.azure_openai.create_embeddings(deployment, texts)
        assert (await client.azure_openai.create_embeddings("one", ["a"]))[0].tolist() == [1.0]


@pytest.mark.parametrize("kind", [AsyncClient, Client])
async def test_a_database_that_cannot_be_reached_is_named_without_its_password(kind: Any) -> None:
    for conninfo, words in (
        ("host=127.0.0.1 port=1 user=me password=a-secret-word dbname=x", "check conninfo or PGAZURE_DSN"),
        ("host 127.0.0.1 a-secret-word", "no connection string"),
    ):
        call = Opened(kind(backend="database", conninfo=conninfo), ("azure_cognitive",))
        with pytest.raises(ConfigurationError, match=words) as caught:
            await call("analyze_sentiment", "a")
        assert "a-secret-word" not in f"{caught.value} {call.client!r} {vars(call.client)}"
        await call.close()


async def test_the_database_of_the_environment_is_used_only_when_asked_for(
    recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGAZURE_DSN", recorded)
    async with AsyncClient(backend="database") as client:
        assert await client.azure_ai.version() == "1.3.1"
    async with AsyncClient() as client:
        assert await client.azure_ai.version() != "1.3.1"


async def test_what_the_extension_does_not_have_is_refused(database: Opened) -> None:
    client: Any = database.client
    with pytest.raises(
        ConfigurationError, match=r'azure_ai\.respond is no function of the extension .* backend="services"'
    ):
        await client.azure_ai.respond("a")
    with pytest.raises(ConfigurationError, match=r"azure_language\.analyze_opinions"):
        await client.azure_language.analyze_opinions("a")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"backend": "database", "conninfo": "", "connection": object()}, "give one of conninfo, connection"),
        ({"backend": "database", "settings_from": "database"}, "leave out settings_from"),
        ({"connection": object()}, 'connection is for backend="database"'),
        ({"conninfo": "x"}, "conninfo is for"),
        ({"backend": "cloud"}, "backend must be one of services, database"),
        ({"settings_from": "file"}, "settings_from must be one of"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(arguments: dict[str, Any], words: str) -> None:
    for kind in (AsyncClient, Client):
        with pytest.raises(ConfigurationError, match=words):
            kind(**arguments)


async def test_a_blocking_client_takes_no_connection_of_an_event_loop(connection: Any) -> None:
    with pytest.raises(ConfigurationError, match="give Client conninfo"):
        Client(backend="database", connection=connection)


async def test_a_closed_client_says_so(recorded: str) -> None:
    client = AsyncClient(backend="database", conninfo=recorded)
    await client.azure_ai.version()
    await client.close()
    await client.close()
    with pytest.raises(ConfigurationError, match="the client is closed"):
        await client.azure_ai.version()


@pytest.mark.skipif(CONTRACT is None, reason="PGAZURE_CONTRACT names no file with the extension's signatures")
def test_the_functions_called_are_those_of_the_contract(recorded: str) -> None:
    contract = json.loads(Path(str(CONTRACT)).read_text())["schemas"]
    wanted: dict[tuple[str, str], list[str]] = {}
    for schema, names in FUNCTIONS.items():
        for name in [*names, *SETTINGS.get(schema, ())]:
            for function in contract[schema]["functions"]:
                if function["name"] == name and "flexible" in function["edition"]:
                    signature = ", ".join(f"{a['name']} {a['type']}" for a in function["args"])
                    wanted.setdefault((schema, name), []).append(signature)
    with psycopg.connect(recorded) as connection:
        rows = connection.execute(
            "SELECT n.nspname, p.proname, array_agg(pg_get_function_identity_arguments(p.oid)) FROM pg_proc p"
            " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname LIKE 'azure%' GROUP BY 1, 2"
        ).fetchall()
    found = {(schema, name): signatures for schema, name, signatures in rows}
    without_outputs = {
        function: sorted(s.partition(", OUT ")[0].partition("TABLE")[0] for s in signatures)
        for function, signatures in found.items()
    }
    assert without_outputs == {function: sorted(signatures) for function, signatures in wanted.items()}
