"""The facade's signatures are those of the azure_ai extension, and the blocking client's those of the asynchronous one."""

from __future__ import annotations

import inspect
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import pytest

import pgazure
from pgazure.client.async_client import AsyncClient
from pgazure.client.azure_cognitive import AsyncAzureCognitive
from pgazure.client.azure_openai import AsyncAzureOpenAI
from pgazure.client.sync import Client
from pgazure.client.sync.azure_cognitive import AzureCognitive
from pgazure.client.sync.azure_openai import AzureOpenAI

ROOT = Path(__file__).parents[2]

# The extension's arguments in its order, with its defaults. Retries and time allowed are the client's own
# where the call does not say (None), and what must be given has no default (...).
RETRIES = {"timeout_ms": None, "throw_on_error": True, "max_attempts": None, "retry_delay_ms": None}
LANGUAGE: dict[str, dict[str, Any]] = {
    "analyze_sentiment": {"text": ..., "language": None, "batch_size": 10, "disable_service_logs": False},
    "detect_language": {"text": ..., "batch_size": 1000, "disable_service_logs": False},
    "extract_key_phrases": {"text": ..., "language": None, "batch_size": 10, "disable_service_logs": False},
    "linked_entities": {"text": ..., "language": None, "batch_size": 5, "disable_service_logs": False},
    "recognize_entities": {"text": ..., "language": None, "batch_size": 5, "disable_service_logs": False},
    "recognize_pii_entities": {
        "text": ...,
        "language": None,
        "domain": "none",
        "batch_size": 5,
        "disable_service_logs": True,
    },
    "summarize_abstractive": {
        "text": ...,
        "language": None,
        "sentence_count": 3,
        "batch_size": 25,
        "disable_service_logs": False,
    },
    "summarize_extractive": {
        "text": ...,
        "language": None,
        "sentence_count": 3,
        "sort_by": "offset",
        "batch_size": 25,
        "disable_service_logs": False,
    },
    "translate": {
        "text": ...,
        "target_language": ...,
        "source_language": None,
        "text_type": "Plain",
        "profanity_action": "NoAction",
        "profanity_marker": "Asterisk",
        "suggested_source_language": None,
        "source_script": None,
        "target_script": None,
        "batch_size": 1000,
    },
}
EXPECTED = {name: {**arguments, **RETRIES} for name, arguments in LANGUAGE.items()}
EMBEDDINGS = {"deployment_name": ..., "input": ..., "batch_size": 100, "dimensions": None, **RETRIES}

TWINS = [(AsyncAzureCognitive, AzureCognitive), (AsyncAzureOpenAI, AzureOpenAI)]


def arguments_of(function: Any) -> dict[str, Any]:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return {p.name: ... if p.default is p.empty else p.default for p in parameters}


def public_methods(kind: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")]


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("kind", [AsyncAzureCognitive, AzureCognitive])
def test_arguments_order_and_defaults_are_those_of_the_extension(kind: type, name: str) -> None:
    assert list(arguments_of(getattr(kind, name)).items()) == list(EXPECTED[name].items())


@pytest.mark.parametrize("kind", [AsyncAzureOpenAI, AzureOpenAI])
def test_arguments_of_embeddings_are_those_of_the_extension(kind: Any) -> None:
    assert list(arguments_of(kind.create_embeddings).items()) == list(EMBEDDINGS.items())


@pytest.mark.parametrize(("written", "generated"), TWINS)
def test_only_binding_arguments_and_the_language_are_positional(written: type, generated: type) -> None:
    for kind in (written, generated):
        for name in public_methods(kind):
            parameters = list(inspect.signature(getattr(kind, name)).parameters.values())[1:]
            positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
            assert set(positional) <= {"text", "language", "target_language", "deployment_name", "input"}


@pytest.mark.parametrize(("written", "generated"), TWINS)
def test_both_clients_have_the_same_methods_overloads_and_words(written: type, generated: type) -> None:
    assert public_methods(written) == public_methods(generated)
    for name in public_methods(written):
        there, here = getattr(written, name), getattr(generated, name)
        assert inspect.signature(there) == inspect.signature(here)
        assert inspect.getdoc(there) == inspect.getdoc(here)
        assert [inspect.signature(o) for o in typing.get_overloads(there)] == [
            inspect.signature(o) for o in typing.get_overloads(here)
        ]
        assert len(typing.get_overloads(there)) == 6


def test_both_clients_are_made_alike() -> None:
    assert inspect.signature(AsyncClient) == inspect.signature(Client)


def test_every_method_says_what_it_takes_gives_and_raises() -> None:
    for kind, _ in TWINS:
        for name in public_methods(kind):
            words = inspect.getdoc(getattr(kind, name)) or ""
            for argument in arguments_of(getattr(kind, name)):
                assert f"    {argument}: " in words
            assert "Returns:" in words
            assert "Raises:" in words
            assert f".{name}``" in words


def test_the_committed_client_is_the_one_that_would_be_generated() -> None:
    script = [sys.executable, str(ROOT / "scripts" / "generate_client.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_client_that_was_edited_is_noticed(tmp_path: Path) -> None:
    client = tmp_path / "src" / "pgazure" / "client"
    for source in (ROOT / "src" / "pgazure" / "client").rglob("*.py"):
        target = client / source.relative_to(ROOT / "src" / "pgazure" / "client")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text())
    script = tmp_path / "scripts" / "generate_client.py"
    script.parent.mkdir()
    script.write_text((ROOT / "scripts" / "generate_client.py").read_text())
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    edited = client / "sync" / "azure_openai.py"
    edited.write_text(edited.read_text() + "\n# by hand\n")
    (client / "sync" / "left_over.py").write_text("")

    def check(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(script), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    refused = check("--check")
    assert refused.returncode == 1
    assert "azure_openai.py" in refused.stderr
    assert "left_over.py" in refused.stderr
    assert "without --check" in refused.stderr
    (client / "sync" / "left_over.py").unlink()
    assert check().returncode == 0
    assert check("--check").returncode == 0


def test_every_public_name_is_there_and_sorted() -> None:
    assert list(pgazure.__all__) == sorted(pgazure.__all__)
    for name in pgazure.__all__:
        assert getattr(pgazure, name) is not None
    assert set(pgazure.__all__) <= set(dir(pgazure))
    with pytest.raises(AttributeError, match="no_such_name"):
        pgazure.no_such_name  # noqa: B018
