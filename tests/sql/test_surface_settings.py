"""Settings: which there are, who may see them, what they may be, and where a key may be sent."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from fix_functions import RunningServer
from fix_surface import find_services
from pgazure.client.extension_settings import SETTING_KEYS
from pgazure.config import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator import Emulator


SECRET = "a-key-for-nobody-else"
VALUES = {
    **dict.fromkeys(
        (key for key in SETTING_KEYS if key.endswith("endpoint")), "https://me.cognitiveservices.azure.com/"
    ),
    **dict.fromkeys((key for key in SETTING_KEYS if key.endswith("auth_type")), "managed-identity"),
    **dict.fromkeys((key for key in SETTING_KEYS if key.endswith("_key")), SECRET),
    "azure_cognitive.region": "westeurope",
    "azure_cognitive.translator_resource_id": "/subscriptions/1",
}


@pytest.fixture
def owner(surface: str) -> Iterator[psycopg.Connection]:
    """A session of the owner in a transaction that is rolled back."""
    with psycopg.connect(surface) as connection:
        connection.execute("DELETE FROM azure_ai.settings")
        connection.execute("CREATE ROLE pgazure_test_user")
        yield connection
        connection.rollback()


@contextmanager
def acting_as(connection: psycopg.Connection, role: str) -> Iterator[None]:
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
    try:
        yield
    finally:
        connection.execute("RESET ROLE")


@contextmanager
def refused(connection: psycopg.Connection, kind: type[psycopg.Error], words: str) -> Iterator[pytest.ExceptionInfo]:
    """Expect an error, and go on in the transaction."""
    with pytest.raises(kind, match=words) as caught, connection.transaction():
        yield caught


def write(connection: psycopg.Connection, key: str | None, value: str | None) -> None:
    connection.execute("SELECT azure_ai.set_setting(%s, %s)", [key, value])


def read(connection: psycopg.Connection, key: str | None) -> str | None:
    row = connection.execute("SELECT azure_ai.get_setting(%s)", [key]).fetchone()
    assert row is not None
    return row[0]


def test_every_setting_of_the_extension_is_there_and_is_what_it_was_set_to(owner: psycopg.Connection) -> None:
    assert set(VALUES) == set(SETTING_KEYS)
    assert len(VALUES) == 13
    for key, value in VALUES.items():
        assert read(owner, key) is None
        write(owner, key, value)
        assert read(owner, key) == value
    write(owner, "azure_cognitive.region", "uksouth")
    assert read(owner, "azure_cognitive.region") == "uksouth"
    for nothing in (None, ""):
        write(owner, "azure_cognitive.region", "uksouth")
        write(owner, "azure_cognitive.region", nothing)
        assert read(owner, "azure_cognitive.region") is None


@pytest.mark.parametrize("key", ["azure_openai.api_key", "azure_ml.serverless_ranking_key", "", None])
def test_an_unknown_key_is_refused_and_the_known_ones_are_named(owner: psycopg.Connection, key: str | None) -> None:
    for act in (lambda: write(owner, key, SECRET), lambda: read(owner, key)):
        with refused(owner, psycopg.errors.InvalidParameterValue, "no setting of this name") as caught:
            act()
        hint = caught.value.diag.message_hint
        assert hint == f"There are: {', '.join(SETTING_KEYS)}."
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("azure_openai.auth_type", "password", "is subscription-key or managed-identity"),
        ("azure_openai.endpoint", "me.openai.azure.com", "no address of a service"),
        ("azure_openai.endpoint", "ftp://me.openai.azure.com", "no address of a service"),
        ("azure_openai.endpoint", "https://me.openai.azure.com?x=1", "no address of a service"),
        ("azure_openai.endpoint", "https://user:word@me.openai.azure.com", "no address of a service"),
        (
            "azure_ml.scoring_endpoint",
            "https://evil.example\\@me.inference.ml.azure.com/score",
            "no address of a service",
        ),
    ],
)
def test_a_value_that_cannot_be_is_refused(owner: psycopg.Connection, key: str, value: str, words: str) -> None:
    with refused(owner, psycopg.errors.InvalidParameterValue, words):
        write(owner, key, value)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example",
        "https://me.openai.azure.com.evil.example",
        "https://evilopenai.azure.com",
        "https://openai.azure.com",
        "http://127.0.0.2:8080",
        "http://[::2]:80/",
    ],
)
def test_a_key_is_sent_only_to_hosts_that_the_owner_lets_in(owner: psycopg.Connection, endpoint: str) -> None:
    with refused(owner, psycopg.errors.InsufficientPrivilege, "a key may not be sent to") as caught:
        write(owner, "azure_openai.endpoint", endpoint)
    assert "pgazure_bridge.allowed_hosts" in str(caught.value.diag.message_hint)


def test_the_hosts_of_azure_and_this_machine_are_let_in_and_others_by_the_owner(owner: psycopg.Connection) -> None:
    for endpoint in (
        "https://me.openai.azure.com",
        "https://ME.OpenAI.Azure.com/",
        "https://westeurope.api.cognitive.microsoft.com/",
        "https://api.cognitive.microsofttranslator.com",
        "https://me.westeurope.inference.ml.azure.com/score",
        "http://localhost:8765",
        "http://127.0.0.1:8765/",
        "http://[::1]:8765",
    ):
        write(owner, "azure_openai.endpoint", endpoint)
    owner.execute("INSERT INTO pgazure_bridge.allowed_hosts VALUES ('gateway.example')")
    write(owner, "azure_openai.endpoint", "https://gateway.example/openai")
    with refused(owner, psycopg.errors.InsufficientPrivilege, "may not be sent"):
        write(owner, "azure_openai.endpoint", "https://other.gateway.example/openai")


def test_an_ordinary_role_neither_reads_nor_writes_settings(owner: psycopg.Connection) -> None:
    write(owner, "azure_openai.subscription_key", SECRET)
    with acting_as(owner, "pgazure_test_user"):
        for statement in (
            "SELECT azure_ai.get_setting('azure_openai.subscription_key')",
            "SELECT azure_ai.set_setting('azure_openai.subscription_key', 'x')",
            "SELECT * FROM azure_ai.settings",
            "SELECT * FROM pgazure_bridge.allowed_hosts",
            "INSERT INTO pgazure_bridge.allowed_hosts VALUES ('evil.example')",
            "SELECT pgazure_bridge.call('azure_cognitive.detect_language', '{}')",
        ):
            with refused(owner, psycopg.errors.InsufficientPrivilege, "permission denied"):
                owner.execute(statement)  # type: ignore[arg-type]


def test_a_settings_manager_has_the_settings_and_not_the_hosts(owner: psycopg.Connection) -> None:
    owner.execute("GRANT azure_ai_settings_manager TO pgazure_test_user")
    with acting_as(owner, "pgazure_test_user"):
        write(owner, "azure_openai.subscription_key", SECRET)
        assert read(owner, "azure_openai.subscription_key") == SECRET
        write(owner, "azure_openai.endpoint", "https://me.openai.azure.com")
        with refused(owner, psycopg.errors.InsufficientPrivilege, "may not be sent"):
            write(owner, "azure_openai.endpoint", "https://evil.example")
        for statement in (
            "INSERT INTO pgazure_bridge.allowed_hosts VALUES ('evil.example')",
            "UPDATE azure_ai.settings SET value = 'https://evil.example' WHERE key = 'azure_openai.endpoint'",
            "SELECT pgazure_bridge.call('azure_cognitive.detect_language', '{}')",
        ):
            with refused(owner, psycopg.errors.InsufficientPrivilege, "permission denied"):
                owner.execute(statement)  # type: ignore[arg-type]


def test_an_endpoint_of_a_host_that_was_taken_out_gets_no_key(
    owner: psycopg.Connection,
) -> None:
    write(owner, "azure_openai.endpoint", "https://me.openai.azure.com")
    owner.execute("DELETE FROM pgazure_bridge.allowed_hosts WHERE host = '*.openai.azure.com'")
    row = owner.execute(
        "SELECT pgazure_bridge.is_allowed_host(pgazure_bridge.find_host(value)) FROM azure_ai.settings"
    ).fetchone()
    assert row == (False,)


def test_a_setting_counts_from_the_next_call_on_and_the_servers_environment_before_it(
    functions_conninfo: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    call = "SELECT (azure_cognitive.analyze_sentiment('I love the view.', 'en')).sentiment"
    server = RunningServer(functions_conninfo, load_settings()).start()
    try:
        with psycopg.connect(functions_conninfo, autocommit=True) as connection:
            with pytest.raises(psycopg.Error, match=r"azure_cognitive\.endpoint"):
                connection.execute(call)
            write(connection, "azure_cognitive.endpoint", emulator.endpoint)
            write(connection, "azure_cognitive.subscription_key", "a-wrong-key")
            with pytest.raises(psycopg.Error, match="Unauthorized"):
                connection.execute(call)
            write(connection, "azure_cognitive.subscription_key", emulator.key)
            assert connection.execute(call).fetchall() == [("positive",)]
            connection.execute("DELETE FROM pgazure_bridge.allowed_hosts WHERE host = '127.0.0.1'")
            with pytest.raises(psycopg.Error, match="allowed_hosts"):
                connection.execute(call)
    finally:
        server.stop()
    server = RunningServer(functions_conninfo, find_services(emulator)).start()
    try:
        with psycopg.connect(functions_conninfo, autocommit=True) as connection:
            write(connection, "azure_cognitive.subscription_key", "a-wrong-key")
            assert connection.execute(call).fetchall() == [("positive",)]
    finally:
        server.stop()
