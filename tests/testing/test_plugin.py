"""The fixtures work in a project that has nothing but pgazure and pytest, and cost nothing where no test asks."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from pgazure.emulator import Emulator

KEY = "a-key-that-no-cassette-may-hold"
TESTS = """
    import json, os
    import psycopg
    import pytest
    from azure.ai.textanalytics import TextAnalyticsClient
    from azure.core.credentials import AzureKeyCredential
    from openai import OpenAI

    @pytest.fixture(scope="session")
    def pgazure_template(pgazure_template):
        with psycopg.connect(pgazure_template) as conn:
            conn.execute("CREATE TABLE rooms (name text)")
        return pgazure_template

    @pytest.mark.parametrize("number", range(3))
    def test_a_database_of_its_own(pgazure_database, number):
        with psycopg.connect(pgazure_database) as conn:
            assert conn.execute("SELECT count(*) FROM rooms").fetchone() == (0,)
            conn.execute("INSERT INTO rooms VALUES ('a')")

    @pytest.mark.parametrize("number", range(3))
    def test_counters_at_zero(azure_ai_emulator, azure_ai_environment, number):
        with TextAnalyticsClient(os.environ["AZURE_LANGUAGE_ENDPOINT"], AzureKeyCredential(os.environ["AZURE_LANGUAGE_KEY"])) as client:
            client.detect_language(["Guten Morgen"])
        assert azure_ai_emulator.stats()["requests"] == 1

    def test_a_fault_of_one_test(azure_ai_emulator, azure_ai_sync_client):
        azure_ai_emulator.order({"kind": "error", "status": 401})
        with pytest.raises(Exception):
            azure_ai_sync_client.azure_cognitive.detect_language("Guten Morgen")

    def test_is_not_one_of_the_next(azure_ai_sync_client):
        assert azure_ai_sync_client.azure_cognitive.detect_language("Guten Morgen").iso6391_name == "de"

    def test_openai_finds_it(azure_ai_environment):
        with OpenAI() as client:
            assert client.embeddings.create(model="text-embedding-3-small", input="quiet").data

    @pytest.mark.asyncio
    async def test_the_asynchronous_client(azure_ai_client):
        found = await azure_ai_client.azure_cognitive.detect_language("Bonjour tout le monde")
        assert found.iso6391_name == "fr"

    def test_another_key_is_not_kept(azure_ai_environment, monkeypatch):
        assert "AZURE_CLIENT_SECRET" not in os.environ
"""
WITH_CASSETTE = """
    import pytest
    from azure.ai.textanalytics import TextAnalyticsClient
    from azure.core.credentials import AzureKeyCredential
    import os

    @pytest.mark.parametrize("text", ["Guten Morgen", "Bonjour!"])
    def test_language(azure_ai_cassette, text):
        with TextAnalyticsClient(os.environ["AZURE_LANGUAGE_ENDPOINT"], AzureKeyCredential(os.environ["AZURE_LANGUAGE_KEY"])) as client:
            [found] = client.detect_language([text])
        assert found.primary_language.iso6391_name in ("de", "fr")
"""


@pytest.fixture
def project(tmp_path):
    """A project that knows nothing of this one, and runs pytest in a process of its own."""

    def run(tests, *arguments, **variables):
        (tmp_path / "test_project.py").write_text(textwrap.dedent(tests), encoding="utf-8")
        asked = "" if "no:asyncio" in arguments else "asyncio_default_fixture_loop_scope = function\n"
        (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n{asked}")
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "PYTEST_"))}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *PLUGIN, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env={**keep, **variables}, capture_output=True, text=True, check=False, timeout=120
        )

    return run


# Where the installed metadata is older than the plugin, it is named.
def _plugin():
    from importlib.metadata import entry_points

    known = any(entry.value == "pgazure.testing.plugin" for entry in entry_points(group="pytest11"))
    return () if known else ("-p", "pgazure.testing.plugin")


PLUGIN = _plugin()


def test_a_fresh_project_uses_the_fixtures_in_any_order_and_in_several_processes(project):
    done = project(TESTS, "-n", "2", "-p", "randomly", AZURE_CLIENT_SECRET="a-real-one")
    assert "11 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
def test_the_asynchronous_client_works_under_anyio_too(project):
    tests = """
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_client(azure_ai_client):
            assert (await azure_ai_client.azure_cognitive.detect_language("Guten Morgen")).iso6391_name == "de"
    """
    done = project(tests, "-p", "no:asyncio")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_plugin_loads_nothing_where_no_test_asks(project):
    tests = """
        import sys

        def test_nothing():
            heavy = {"azure", "openai", "numpy", "aiohttp", "psycopg", "starlette", "uvicorn", "yake", "pydantic"}
            assert sorted(heavy & set(sys.modules)) == []
            assert "pgazure.testing.plugin" in sys.modules
    """
    # These load some of it themselves.
    done = project(tests, "-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:randomly")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_cassette_is_recorded_beside_the_test_and_replayed_without_the_service(project, tmp_path):
    with Emulator(key=KEY) as service:
        live = {"AZURE_LANGUAGE_ENDPOINT": service.endpoint, "AZURE_LANGUAGE_KEY": KEY}
        recorded = project(WITH_CASSETTE, "--azure-ai-record=once", **live)
    assert "2 passed" in recorded.stdout, recorded.stdout + recorded.stderr
    cassettes = sorted((tmp_path / "cassettes" / "test_project").iterdir())
    assert [file.name for file in cassettes] == ["test_language-Bonjour.json", "test_language-Guten-Morgen.json"]
    assert not [file for file in cassettes if KEY in file.read_text("utf-8")]
    replayed = project(WITH_CASSETTE)
    assert "2 passed" in replayed.stdout, replayed.stdout + replayed.stderr


def test_a_test_whose_requests_were_not_recorded_fails_and_is_told_what_to_do(project):
    with Emulator(key=KEY) as service:
        live = {"AZURE_LANGUAGE_ENDPOINT": service.endpoint, "AZURE_LANGUAGE_KEY": KEY}
        project(WITH_CASSETTE, "--azure-ai-record=once", **live)
    swallowing = WITH_CASSETTE.replace("        with Text", "        with pytest.raises(Exception), Text")
    swallowing = swallowing.replace("detect_language([text])", "detect_language([text + ' again'])")
    swallowing = swallowing.replace("        assert found", "        # assert found")
    done = project(swallowing)
    assert done.returncode == 1
    assert "--azure-ai-record=new" in done.stdout
    assert "analysisInput.documents[0].text" in done.stdout


def test_a_missing_cassette_is_told_before_anything_is_sent(project):
    done = project(WITH_CASSETTE)
    assert "record one, with --azure-ai-record=once" in done.stdout
    assert "2 errors" in done.stdout


def test_a_failed_test_leaves_no_cassette(project, tmp_path):
    failing = WITH_CASSETTE.replace('in ("de", "fr")', "== 'xx'")
    with Emulator(key=KEY) as service:
        project(failing, "--azure-ai-record=once", AZURE_LANGUAGE_ENDPOINT=service.endpoint, AZURE_LANGUAGE_KEY=KEY)
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.slow
def test_another_server_is_used_where_one_is_named(project, pg_server):
    tests = """
        def test_database(pgazure_database):
            import psycopg

            with psycopg.connect(pgazure_database) as conn:
                assert conn.execute("SHOW data_directory").fetchone() == ({where!r},)
    """
    import psycopg

    with psycopg.connect(pg_server.conninfo) as conn:
        [where] = conn.execute("SHOW data_directory").fetchone()
    done = project(tests.format(where=where), "--pgazure-dsn", pg_server.conninfo)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
