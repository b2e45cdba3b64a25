"""Deployments of Azure OpenAI: declared by name or in a file, or made on first use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from emulator import clients
from pgazure.emulator.openai.deployments import read_deployments

if TYPE_CHECKING:
    from pathlib import Path

    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator

DECLARED = """
[[deployments]]
name = "vectors"
model = "text-embedding-3-large"
dimensions = 1024
context = 10

[[deployments]]
name = "talk"
model = "house-model"
capabilities = ["chat_completion"]
context = 60
max_output_tokens = 20
rpm = 60
tpm = 600
"""


def post(server: Emulator, path: str, **body: Any) -> requests.Response:
    url = f"{server.endpoint}/openai/deployments/{path}?api-version=2024-10-21"
    return requests.post(url, json=body, headers={"api-key": server.key}, timeout=30)


def say(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def server(make_emulator: MakeEmulator, tmp_path: Path) -> Emulator:
    file = tmp_path / "deployments.toml"
    file.write_text(DECLARED, encoding="utf-8")
    return make_emulator(deployments=["plain=gpt-4o"], deployments_file=file)


def test_what_a_file_declares_is_what_there_is(server: Emulator) -> None:
    with clients.openai(server) as client:
        vectors = client.embeddings.create(model="vectors", input="hello")
        assert (len(vectors.data[0].embedding), vectors.model) == (1024, "text-embedding-3-large")
        spoken = client.chat.completions.create(model="talk", messages=say("What is 2 + 3?"))
        assert (spoken.choices[0].message.content, spoken.model) == ("5", "house-model")
        assert client.chat.completions.create(model="plain", messages=say("hi")).model == "gpt-4o-2024-11-20"
        assert client.models.retrieve("house-model").id == "house-model"
    missing = post(server, "gpt-4o/chat/completions", messages=say("hi"))
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "DeploymentNotFound")


def test_a_deployment_does_what_its_model_can_and_no_more(server: Emulator) -> None:
    for path, body in (("talk/embeddings", {"input": "x"}), ("vectors/chat/completions", {"messages": say("x")})):
        refused = post(server, path, **body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "OperationNotSupported")
    refused = post(server, "plain/completions", prompt="x")
    assert "The completion operation does not work with the specified model" in refused.json()["error"]["message"]


def test_declared_limits_are_the_limits(server: Emulator) -> None:
    long = post(server, "talk/chat/completions", messages=say("word " * 70)).json()["error"]
    assert (long["code"], "maximum context length is 60 tokens" in long["message"]) == ("context_length_exceeded", True)
    wordy = post(server, "talk/chat/completions", messages=say("hi"), max_tokens=21).json()["error"]
    assert "supports at most 20 completion tokens" in wordy["message"]
    large = post(server, "vectors/embeddings", input="word " * 11).json()["error"]
    assert "maximum context length is 10 tokens" in large["message"]
    headers = post(server, "talk/chat/completions", messages=say("hi")).headers
    limits = {name: headers[f"x-ratelimit-limit-{name}"] for name in ("requests", "tokens")}
    assert limits == {"requests": "60", "tokens": "600"}


def test_all_operations_of_a_deployment_share_its_quota(server: Emulator) -> None:
    url = f"{server.endpoint}/openai/v1/responses"
    answers = [
        post(server, "talk/chat/completions", messages=say("hi")),
        requests.post(url, json={"model": "talk", "input": "hi"}, headers={"api-key": server.key}, timeout=30),
        post(server, "talk/chat/completions", messages=say("hi")),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "ChatCompletions_Create Operation" in answers[2].json()["error"]["message"]
    assert int(answers[2].headers["Retry-After"]) >= 1
    assert post(server, "vectors/embeddings", input="hi").status_code == 200


def test_a_file_may_be_json(tmp_path: Path) -> None:
    file = tmp_path / "deployments.json"
    file.write_text(json.dumps({"deployments": [{"name": "a", "model": "o3"}]}), encoding="utf-8")
    (found,) = read_deployments([], file)
    assert (found.name, found.model.name, found.model.reasons) == ("a", "o3-2025-04-16", True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = ", "is neither TOML nor JSON"),
        ("other = 1", "must hold a list 'deployments'"),
        ('[[deployments]]\nname = "a"', "deployment 1: a deployment has a name and a model"),
        ('[[deployments]]\nname = "a"\nmodel = "b"\nsize = 1', "may have capabilities, dimensions"),
        ('[[deployments]]\nname = "a"\nmodel = "b"\ntpm = 0', "tpm must be a number above zero"),
        ('[[deployments]]\nname = "a"\nmodel = "b"\ndimensions = 100', "dimensions must be a multiple of 256"),
        ('[[deployments]]\nname = "a"\nmodel = "b"\ncapabilities = ["sing"]', "capabilities must be a list of"),
        ('[[deployments]]\nname = "a"\nmodel = "b"\n' * 2, "the deployment a is declared twice"),
    ],
)
def test_a_mistake_in_a_file_of_deployments_is_named(
    make_emulator: MakeEmulator, tmp_path: Path, text: str, problem: str
) -> None:
    file = tmp_path / "deployments.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=problem):
        make_emulator(deployments_file=file)


def test_any_name_will_do_where_nothing_is_declared(emulator: Emulator) -> None:
    with clients.openai(emulator) as client:
        assert client.chat.completions.create(model="anything", messages=say("hi")).choices
        assert client.embeddings.create(model="anything", input="hi").data
        assert client.completions.create(model="anything", prompt="hi").choices


@pytest.mark.parametrize("path", ["//openai/v1/embeddings", "/models/embeddings", "/openai/v1/embeddings"])
def test_every_path_that_the_service_takes_is_answered(emulator: Emulator, path: str) -> None:
    url = f"{emulator.endpoint}{path}?api-version=2024-05-01-preview"
    body = {"model": "text-embedding-3-small", "input": "x"}
    assert requests.post(url, json=body, headers={"api-key": emulator.key}, timeout=30).status_code == 200


def test_models_of_other_makers_are_answered_for_in_their_own_shape(emulator: Emulator) -> None:
    headers = {"api-key": emulator.key}
    url = f"{emulator.endpoint}/models/chat/completions?api-version=2024-05-01-preview"
    body: dict[str, Any] = {"model": "grok-3", "messages": say("What is 2 + 3?")}
    spoken = requests.post(url, json=body, headers=headers, timeout=30).json()
    assert spoken["choices"][0] == {
        "index": 0,
        "message": {"role": "assistant", "content": "5"},
        "finish_reason": "stop",
    }
    url = f"{emulator.endpoint}/openai/v1/embeddings"
    body = {"model": "Cohere-embed-v3-english", "input": ["a", "b"], "encoding_format": "base64"}
    vectors = requests.post(url, json=body, headers=headers, timeout=30).json()
    assert [(one["index"], len(one["embedding"])) for one in vectors["data"]] == [(0, 1024), (1, 1024)]
