"""Arguments, then the environment, then the settings in a database; and never the key of one with the address of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgazure.client import AsyncClient, Client
from pgazure.client.extension_settings import SETTING_KEYS, ExtensionSettings
from pgazure.config import Settings, load_settings
from pgazure.errors import AuthenticationError, ConfigurationError, SchemaError

if TYPE_CHECKING:
    from pgazure.emulator import Emulator

SECRET = "a-key-that-must-stay-secret"
STORED = {
    "azure_openai.endpoint": "https://db.openai.azure.com",
    "azure_openai.auth_type": "subscription-key",
    "azure_openai.subscription_key": SECRET,
    "azure_cognitive.endpoint": "https://db.cognitiveservices.azure.com",
    "azure_cognitive.auth_type": "subscription-key",
    "azure_cognitive.subscription_key": SECRET,
    "azure_cognitive.region": "westeurope",
    "azure_cognitive.translator_resource_id": "/subscriptions/1",
    "azure_ml.scoring_endpoint": "https://db.inference.ml.azure.com/score",
    "azure_ml.auth_type": "subscription-key",
    "azure_ml.endpoint_key": SECRET,
    "azure_ml.serverless_ranking_endpoint": "https://db.models.ai.azure.com/v2/rerank",
    "azure_ml.serverless_ranking_endpoint_key": SECRET,
}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)


def store(conninfo: str, settings: dict[str, str]) -> None:
    with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
        cursor.executemany("SELECT azure_ai.set_setting(%s, %s)", list(settings.items()))


async def read_all(**arguments: Any) -> dict[str, str | None]:
    async with AsyncClient(**arguments) as client:
        return {key: await client.azure_ai.get_setting(key) for key in SETTING_KEYS}


async def test_every_setting_of_the_database_is_used(recorded: str) -> None:
    assert set(STORED) == set(SETTING_KEYS)
    store(recorded, STORED)
    assert await read_all(settings_from="database", conninfo=recorded) == STORED


async def test_the_database_is_read_only_when_asked_for(recorded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store(recorded, STORED)
    monkeypatch.setenv("PGAZURE_DSN", recorded)
    assert set((await read_all()).values()) == {None}
    assert await read_all(settings_from="database") == STORED


async def test_a_service_has_its_settings_from_one_place(recorded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store(recorded, STORED)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://environment.openai.azure.com")
    found = await read_all(settings_from="database", conninfo=recorded, ml_endpoint="https://argument.ml.azure.com")
    assert found["azure_openai.endpoint"] == "https://environment.openai.azure.com"
    assert found["azure_openai.subscription_key"] is None
    assert found["azure_ml.scoring_endpoint"] == "https://argument.ml.azure.com"
    assert found["azure_ml.endpoint_key"] is None
    assert found["azure_ml.serverless_ranking_endpoint_key"] == SECRET
    assert found["azure_cognitive.subscription_key"] == SECRET


async def test_a_key_of_the_environment_never_meets_an_endpoint_of_the_database(
    recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(recorded, STORED)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "of-the-environment")
    found = await read_all(settings_from="database", conninfo=recorded)
    assert (found["azure_openai.endpoint"], found["azure_openai.subscription_key"]) == (None, "of-the-environment")


async def test_an_identity_in_the_database_counts_no_key(recorded: str) -> None:
    store(recorded, {**STORED, "azure_openai.auth_type": "managed-identity"})
    found = await read_all(settings_from="database", conninfo=recorded)
    assert found["azure_openai.subscription_key"] is None
    assert found["azure_openai.auth_type"] == "managed-identity"
    with psycopg.connect(recorded) as connection:
        connection.execute("UPDATE azure_ai.settings SET value = 'password' WHERE key = 'azure_openai.auth_type'")
    with pytest.raises(
        ConfigurationError, match=r"azure_openai\.auth_type must be subscription-key or managed-identity"
    ):
        AsyncClient(settings_from="database", conninfo=recorded)


async def test_a_table_is_enough(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("CREATE SCHEMA azure_ai; CREATE TABLE azure_ai.settings (key text, value text)")
        connection.cursor().executemany("INSERT INTO azure_ai.settings VALUES (%s, %s)", list(STORED.items()))
    assert await read_all(settings_from="database", conninfo=conninfo) == STORED


async def test_a_key_that_an_older_extension_refuses_is_unset(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(
            "CREATE SCHEMA azure_ai; CREATE FUNCTION azure_ai.get_setting(key text) RETURNS text LANGUAGE plpgsql AS $$"
            " BEGIN IF key LIKE 'azure_ml%' THEN RAISE 'unknown key'; END IF;"
            " RETURN 'https://old.openai.azure.com'; END $$"
        )
    with pytest.raises(ConfigurationError, match="auth_type must be"):
        AsyncClient(settings_from="database", conninfo=conninfo)
    with psycopg.connect(conninfo) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION azure_ai.get_setting(key text) RETURNS text LANGUAGE plpgsql AS $$"
            " BEGIN IF key LIKE 'azure_ml%' THEN RAISE 'unknown key'; END IF;"
            " RETURN CASE WHEN key LIKE '%endpoint' THEN 'https://old.openai.azure.com' END; END $$"
        )
    found = await read_all(settings_from="database", conninfo=conninfo)
    assert found["azure_openai.endpoint"] == "https://old.openai.azure.com"
    assert found["azure_ml.scoring_endpoint"] is None


def test_a_database_without_settings_or_without_the_right_to_read_them_says_so(conninfo: str) -> None:
    with pytest.raises(SchemaError, match="no settings of azure_ai"):
        Client(settings_from="database", conninfo=conninfo)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA azure_ai; CREATE TABLE azure_ai.settings (key text, value text)")
        connection.execute("CREATE ROLE pgazure_settings_reader")
        try:
            connection.execute("GRANT USAGE ON SCHEMA azure_ai TO pgazure_settings_reader")
            as_reader = make_conninfo(conninfo, options="-c role=pgazure_settings_reader")
            with pytest.raises(ConfigurationError, match="grant it azure_ai_settings_manager"):
                Client(settings_from="database", conninfo=as_reader)
        finally:
            connection.execute("DROP OWNED BY pgazure_settings_reader")
            connection.execute("DROP ROLE pgazure_settings_reader")
    with pytest.raises(ConfigurationError, match="check conninfo or PGAZURE_DSN"):
        Client(settings_from="database", conninfo="host=127.0.0.1 port=1")


async def test_a_client_works_with_the_settings_of_a_database(recorded: str, emulator: Emulator) -> None:
    settings = {"endpoint": emulator.endpoint, "subscription_key": emulator.key}
    store(recorded, {f"azure_cognitive.{name}": value for name, value in settings.items()})
    async with AsyncClient(settings_from="database", conninfo=recorded) as client:
        assert (await client.azure_cognitive.analyze_sentiment("wonderful, great")).sentiment == "positive"
        assert (await client.azure_cognitive.translate("hello", "de")).translations[0].target_language == "de"


async def test_a_setting_changed_in_memory_counts_from_the_next_call(emulator: Emulator) -> None:
    async with AsyncClient() as client:
        cognitive, settings = client.azure_cognitive, client.azure_ai
        with pytest.raises(ConfigurationError, match="AZURE_LANGUAGE_ENDPOINT"):
            await cognitive.detect_language("hello")
        await settings.set_setting("azure_cognitive.endpoint", emulator.endpoint)
        await settings.set_setting("azure_cognitive.subscription_key", "a-wrong-key")
        with pytest.raises(AuthenticationError):
            await cognitive.detect_language("hello")
        await settings.set_setting("azure_cognitive.subscription_key", emulator.key)
        assert (await cognitive.detect_language("hello, how are you?")).iso6391_name == "en"
        await settings.set_setting("azure_cognitive.subscription_key", None)
        assert await settings.get_setting("azure_cognitive.subscription_key") is None
        await settings.set_setting("azure_cognitive.endpoint", "http://elsewhere.example")
        with pytest.raises(ConfigurationError, match="AZURE_LANGUAGE_ENDPOINT must start with https"):
            await cognitive.detect_language("hello")
        with pytest.raises(TypeError, match="value must be a str or None"):
            await settings.set_setting("azure_cognitive.endpoint", 5)  # type: ignore[arg-type]


def test_a_new_endpoint_drops_the_key_of_the_former_one() -> None:
    settings = ExtensionSettings(load_settings(openai_endpoint="https://a.openai.azure.com", openai_key=SECRET))
    settings.write("azure_openai.endpoint", "https://a.openai.azure.com")
    assert settings.read("azure_openai.subscription_key") == SECRET
    settings.write("azure_openai.endpoint", "https://b.openai.azure.com")
    assert settings.read("azure_openai.subscription_key") is None
    settings.write("azure_openai.subscription_key", "new")
    settings.write("azure_openai.endpoint", "https://c.openai.azure.com")
    assert settings.read("azure_openai.subscription_key") == "new"
    assert settings.current.openai.key is not None


def test_an_identity_chosen_in_memory_leaves_the_key_unused() -> None:
    settings = ExtensionSettings(load_settings(openai_endpoint="https://a.openai.azure.com", openai_key=SECRET))
    assert settings.read("azure_openai.auth_type") == "subscription-key"
    settings.write("azure_openai.auth_type", "managed-identity")
    assert settings.current.openai.key is None
    assert settings.read("azure_openai.subscription_key") == SECRET
    settings.write("azure_openai.auth_type", "subscription-key")
    assert settings.current.openai.key is not None
    settings.write("azure_openai.auth_type", "")
    assert settings.read("azure_openai.auth_type") == "subscription-key"
    with pytest.raises(ConfigurationError, match="must be subscription-key or managed-identity"):
        settings.write("azure_openai.auth_type", "password")


def test_no_setting_shows_its_key(recorded: str) -> None:
    store(recorded, STORED)
    for client in (
        AsyncClient(settings_from="database", conninfo=recorded),
        Client(settings_from="database", conninfo=recorded),
    ):
        assert SECRET not in f"{client!r} {vars(client)}"
