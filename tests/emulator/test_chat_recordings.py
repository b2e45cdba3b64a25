"""Recorded answers of Azure OpenAI: the local server's have the same fields."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator import Emulator

FOLDER = os.environ.get("PGAZURE_RECORDINGS")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="PGAZURE_RECORDINGS does not name the folder of recordings")
# What a service says of its own inside, or of what is not asked for here.
INSIDE = {"latency_checkpoint", "service_tier", "moderation", "tool_usage", "prompt_cache_retention", "reasoning"}
ECHOED = {"tools", "text", "arguments", "metadata", "content_filter_results", "tool_choice"}


def exchanges(kind: str) -> Iterator[Any]:
    for file in sorted(Path(FOLDER or "").glob(f"openai/{kind}__*.json")):
        for exchange in json.loads(file.read_text(encoding="utf-8"))["exchanges"]:
            body, answer = exchange["request"]["json"], exchange["response"]
            model = (answer["json"] or {}).get("model", "") if kind != "chat_completions_stream" else answer["text"]
            # Azure serves models of other makers too, which have ways of their own.
            if answer["status"] == 200 and body and "grok" not in model:
                yield pytest.param(exchange, id=f"{file.stem[:60]}")


def send(server: Emulator, exchange: Any) -> requests.Response:
    query = "&".join(f"{name}={value}" for name, value in exchange["request"]["query"])
    path = exchange["request"]["path"]
    path = path if path.startswith("/openai/") else "/openai/deployments/gpt-4.1/chat/completions"
    url = f"{server.endpoint}{path}?{query}"
    return requests.post(url, json=exchange["request"]["json"], headers={"api-key": server.key}, timeout=30)


def fields(value: Any, path: str = "") -> set[str]:
    """Paths of all fields."""
    if isinstance(value, list):
        return {found for one in value for found in fields(one, f"{path}[]")}
    if not isinstance(value, dict):
        return set()
    found = set()
    for name, inner in value.items():
        if name not in INSIDE:
            found |= {f"{path}.{name}"} | (set() if name in ECHOED else fields(inner, f"{path}.{name}"))
    return found


@pytest.mark.parametrize("exchange", list(exchanges("chat_completions")))
def test_answers_have_the_recorded_fields(emulator: Emulator, exchange: Any) -> None:
    answer = send(emulator, exchange)
    assert answer.status_code == 200, answer.text
    recorded = fields(exchange["response"]["json"])
    given = fields(answer.json())
    # Whether a tool is called is the model's decision, and older models said less.
    optional = {
        field for field in recorded | given if ".tool_calls" in field or "_details" in field or "annotations" in field
    }
    assert recorded - given - optional == set()
    if exchange["response"]["json"]["model"].startswith("gpt-4.1"):
        assert given - recorded - optional == set()


@pytest.mark.parametrize("exchange", list(exchanges("chat_completions_stream")))
def test_streams_have_the_recorded_fields(emulator: Emulator, exchange: Any) -> None:
    def read(text: str) -> list[Any]:
        events = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
        assert events[-1] == "[DONE]"
        return [json.loads(event) for event in events[:-1]]

    recorded, given = read(exchange["response"]["text"]), read(send(emulator, exchange).text)
    assert set(given[0]) == set(recorded[0])
    assert fields(given[0]) >= fields(recorded[0]) - {".prompt_filter_results[].content_filter_results"}
    assert bool(given[-1].get("usage")) == bool(recorded[-1].get("usage"))
    last = [next(chunk for chunk in reversed(chunks) if chunk["choices"])["choices"][0] for chunks in (given, recorded)]
    assert last[0]["delta"] == last[1]["delta"] == {}
    assert last[0]["finish_reason"] in {"stop", "tool_calls"}


@pytest.mark.parametrize("exchange", list(exchanges("responses")))
def test_responses_have_the_recorded_fields(emulator: Emulator, exchange: Any) -> None:
    answer = send(emulator, exchange)
    assert answer.status_code == 200, answer.text
    recorded, given = fields(exchange["response"]["json"]), fields(answer.json())
    outputs = {field for field in recorded | given if field.startswith(".output[]")}
    assert recorded - given - outputs == set()
