"""Online endpoints of Azure Machine Learning: answers by rule, and sensible ones without."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pgazure.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

    from fix_emulator import MakeEmulator

RULES = """
[[score]]
path = "input_data.data[*]"
pattern = "forbidden"
status = 424
answer = { message = "the model failed" }

[[score]]
deployment = "blue"
answer = { color = "blue", text = "{{input_data.data[0]}}", all = "{{input_data.data[*]}}", note = "got {{params.k}}!" }

[[score]]
path = "question"
pattern = "^hello"
answer = ["world"]
"""


def score(server: Emulator, body: Any, deployment: str | None = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {server.key}"}
    if deployment is not None:
        headers["azureml-model-deployment"] = deployment
    return requests.post(f"{server.endpoint}/score", json=body, headers=headers, timeout=30)


def test_pairs_of_texts_get_their_relevance(emulator: Emulator) -> None:
    near, far = score(emulator, {"pairs": [["quiet room", "a silent bedroom"], ["quiet room", "the bus"]]}).json()
    assert near > 0.5
    assert far < 0.1


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"input_data": {"columns": ["a"], "index": [0, 1], "data": [["one"], ["three"]]}, "params": {}}, [3, 5]),
        ({"input_data": {"input_string": ["one", "three"]}}, [3, 5]),
        ({"input_data": ["one", [1, 2]]}, [3, 2]),
        ({"data": "three"}, [5]),
        ({"x": 1}, [7]),
        ([], []),
    ],
)
def test_without_a_rule_rows_are_measured(emulator: Emulator, body: Any, answer: Any) -> None:
    found = score(emulator, body)
    assert found.json() == answer
    assert found.headers["azureml-model-deployment"] == "default"


@pytest.mark.parametrize("form", ["toml", "json"])
def test_a_rule_file_says_what_is_answered(make_emulator: MakeEmulator, tmp_path: Path, form: str) -> None:
    import tomllib

    file = tmp_path / f"rules.{form}"
    file.write_text(RULES if form == "toml" else json.dumps(tomllib.loads(RULES)), encoding="utf-8")
    server = make_emulator(rules=file)
    data = {"input_data": {"data": ["one", "two"]}, "params": {"k": 3}}
    assert score(server, data, "blue").json() == {
        "color": "blue",
        "text": "one",
        "all": ["one", "two"],
        "note": "got 3!",
    }
    assert score(server, data, "green").json() == [3, 3]
    assert score(server, {"question": "Hello you"}).json() == ["world"]
    failed = score(server, {"input_data": {"data": ["fine", "forbidden"]}}, "blue")
    assert (failed.status_code, failed.json()) == (424, {"message": "the model failed"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[score]]\npath = 'x'", "score 1: a rule has answer"),
        ("[[score]]\nanswer = 1\nstatus = 99", "status must be an HTTP status"),
        ("[[entities]]\ncategory = 'x'\npattern = '['", "entities 1: the pattern is no regular expression"),
        ("[other]", "may have .*score, but it has other"),
        ("= 5", "neither TOML nor JSON"),
    ],
)
def test_a_mistake_in_a_rule_file_is_named(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=problem):
        Emulator(rules=file)
    with pytest.raises(ValueError, match="cannot be read"):
        Emulator(rules=tmp_path / "none.toml")


def test_keys_and_bodies_are_checked(emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/score"
    assert requests.post(url, json={}, timeout=30).status_code == 401
    headers = {"Authorization": f"Bearer {emulator.key}"}
    assert requests.post(url, data="{", headers=headers, timeout=30).status_code == 400
    assert score(emulator, {}, "no such?").status_code == 404
