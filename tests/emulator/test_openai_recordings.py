"""Recorded exchanges with Azure OpenAI: the same requests get answers of the same shape."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest
import requests

from emulator import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator.shapes import Exchange
    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator

RECORDINGS = shapes.find_folder("PGAZURE_RECORDINGS")
WIRE = shapes.find_folder("PGAZURE_WIRE")
# Nobody's deployment: where it is the only one, every other is missing.
NOBODY = "nobody"


NEW = "began in 2026: the recordings from before lack it, and the later ones have it"
OLD = "an older machine of the service sent it, or lacked it: the later recordings of the route say otherwise"
MASKED = "the recording's own: whoever made it took headers out or put others in"
TOTAL, MATCHING, MATCHING_BUT_FOR_AGE = 78, 30, 61
RECORDED: dict[str, dict[str, int]] = {
    NEW: {
        "$.moderation is too many": 1,
        "$.prompt_cache_retention is str, not NoneType": 1,
        "$.reasoning.context is too many": 1,
        "$.reasoning.mode is too many": 1,
        "$.service_tier is too many": 23,
        "$.tool_usage is too many": 1,
        "$.usage.input_tokens_details.cache_write_tokens is too many": 1,
        "$stream.service_tier is too many": 12,
        "header azureai-fe-is-streaming is too many": 1,
        "header azureai-fe-offer-type is too many": 1,
        "header skip-error-remapping is too many": 24,
        "header x-ms-aoai-configured-data-retention-days is too many": 1,
        "header x-ms-deployment-name is too many": 6,
        "header x-ms-is-spilled-over is too many": 24,
        "header x-ms-served-model is too many": 38,
        "header x-ratelimit-abusepenalty-active is too many": 24,
        "header x-ratelimit-key is too many": 37,
        "header x-ratelimit-limit-requests is too many": 6,
        "header x-ratelimit-limit-tokens is too many": 6,
        "header x-ratelimit-renewalperiod-requests is too many": 24,
        "header x-ratelimit-renewalperiod-tokens is too many": 24,
        "header x-ratelimit-reset-requests is too many": 24,
        "header x-ratelimit-reset-tokens is too many": 24,
    },
    OLD: {
        "$.choices[].message.annotations is too many": 2,
        "$.choices[].message.refusal is too many": 1,
        "$.system_fingerprint is str, not NoneType": 1,
        "$.usage.completion_tokens_details is too many": 1,
        "$.usage.prompt_tokens_details is too many": 1,
        "$stream.choices[].delta is too many": 1,
        "$stream.choices[].delta.refusal is too many": 2,
        "$stream.obfuscation is too many": 3,
        "$stream.system_fingerprint is str, not NoneType": 2,
        "header access-control-allow-origin is missing": 5,
        "header cache-control is missing": 3,
        "header cmp-upstream-response-duration is missing": 3,
        "header content-type is 'text/event-stream; charset=utf-8', not 'text/event-stream'": 2,
        "header x-ms-client-request-id is missing": 6,
    },
    "how much is thought, and whether a word more is said, is the model's decision": {
        "$.content_filters has another length": 2,
        "$.content_filters is list, not NoneType": 1,
        "$.output has another length": 1,
        "$.output[].content is too many": 1,
        "$.output[].role is too many": 1,
        "$.output[].status is too many": 1,
        "$.output[].summary is missing": 1,
        "$stream has 4 kinds of pieces in a row, not 5": 2,
    },
    "how the service renders calls, and reasoning that is over, into its prompt is not known": {
        "$.usage.input_tokens differs": 1,
        "$.usage.input_tokens differs after a call": 3,
        "$.usage.prompt_tokens differs": 3,
        "$.usage.prompt_tokens differs after a call": 4,
    },
    MASKED: {
        "$.prompt_filter_results[] has its keys in another order": 1,
        "header ms-azureml-model-time is missing": 1,
        "header x-accel-buffering is too many": 1,
        "header x-content-type-options is too many": 1,
        "header x-ms-rai-invoked is too many": 1,
        "header x-ms-region is too many": 1,
        "header x-ratelimit-remaining-requests is too many": 1,
        "header x-ratelimit-remaining-tokens is too many": 1,
        "header x-request-id is too many": 1,
    },
    "tells of the machines of the service, or is in a single recording": {
        "$.output[].phase is missing": 1,
        "$.usage.latency_checkpoint is missing": 2,
        "$stream.latency_checkpoint is missing": 2,
        "header azureai-fe-is-streaming is missing": 1,
    },
}
"""How answers differ from recorded ones, by the reason why that is accepted: the difference, and how often."""
WIRED: dict[str, dict[str, int]] = {
    "the service's own errors and lists, as far as they were recorded, tell no limits": {
        "header x-ratelimit-limit-requests is missing": 4,
        "header x-ratelimit-limit-tokens is missing": 4,
        "header x-ratelimit-remaining-requests is missing": 4,
        "header x-ratelimit-remaining-tokens is missing": 4,
    },
    "how long to wait depends on the quota": {
        "$.error says something else": 1,
    },
    "a greeting asks for no tool here": {
        "$.choices[].message.content is str, not NoneType": 1,
        "$.choices[].message.tool_calls is missing": 1,
        "$.output[].arguments is missing": 1,
        "$.output[].call_id is missing": 1,
        "$.output[].name is missing": 1,
    },
    "it is the recording's server that is small: one model, short vectors, few kinds of pieces": {
        "$.data has another length": 2,
        "$.data[].embedding has another length": 1,
        "$stream has 6 kinds of pieces in a row, not 5": 1,
    },
}
"""What answers lack that the server had which was there when the requests of the SDK were taken down."""


def flatten(table: dict[str, dict[str, int]]) -> dict[str, int]:
    """The differences of a table without their reasons."""
    return {difference: count for found in table.values() for difference, count in found.items()}


def list_exchanges(folder: Path | None, pattern: str) -> list[Exchange]:
    paths = sorted(folder.glob(pattern)) if folder else []
    return [exchange for path in paths for exchange in shapes.read_exchanges(path)]


def read_events(text: str) -> list[Any]:
    """The JSON of server-sent events; ``[DONE]`` as it stands."""
    found = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [event if event == "[DONE]" else json.loads(event) for event in found]


def name_deployment(exchange: Exchange) -> str:
    parts = exchange.path.split("/")
    return parts[parts.index("deployments") + 1] if "deployments" in parts else str(exchange.body["model"])


def find_model(exchange: Exchange) -> str:
    """The model that answered; nobody's, where none did."""
    events = [exchange.answer] if exchange.answer is not None else read_events(exchange.text or "")
    named = (event.get("model") for event in events if event != "[DONE]")
    return next((str(model) for model in named if model), name_deployment(exchange) if exchange.status < 400 else "")


def settle(value: Any) -> Any:
    """The value with the content filter's view, whose keys come and go and change places, told in one word."""
    if isinstance(value, list):
        return [settle(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: rate(inner) if name == "content_filter_results" and isinstance(inner, dict) else settle(inner)
        for name, inner in value.items()
    }


def rate(view: dict[str, Any]) -> str:
    forms = {frozenset(each) for each in view.values()}
    known = {frozenset({"filtered", "severity"}), frozenset({"filtered", "detected"})}
    return "rated" if forms <= known else f"rated by {sorted(view)}"


def outline(event: Any) -> Any:
    """Names and types of a piece of a stream."""
    if isinstance(event, dict):
        return [(name, outline(value)) for name, value in event.items()]
    return [outline(one) for one in event] if isinstance(event, list) else type(event).__name__


def compare_streams(given: str, recorded: str) -> Iterator[str]:
    """How the sequence of pieces differs, where pieces of one shape that follow each other count as one."""
    sides = [[next(run) for _, run in groupby(settle(read_events(text)), outline)] for text in (given, recorded)]
    kinds = [[piece.get("type", "") if isinstance(piece, dict) else piece for piece in side] for side in sides]
    if kinds[0] != kinds[1]:
        yield f"$stream has {len(kinds[0])} kinds of pieces in a row, not {len(kinds[1])}"
        return
    for one, other in zip(*sides, strict=False):
        yield from shapes.compare(one, other, path="$stream")


def compare_values(given: Any, exchange: Exchange) -> Iterator[str]:
    """Values that the request determines: the model, how many tokens it has, how long a vector is."""
    recorded = exchange.answer
    if given.get("model") != recorded.get("model"):
        yield f"$.model is {given.get('model')}, not {recorded.get('model')}"
    usage = [side.get("usage") or {} for side in (given, recorded)]
    for name in ("prompt_tokens", "input_tokens"):
        # Only the vocabularies of OpenAI are known.
        if usage[0].get(name) != usage[1].get(name) and "gpt" in recorded["model"]:
            said = exchange.body.get("messages", exchange.body.get("input"))
            yield f"$.usage.{name} differs" + (" after a call" if len(said) > 2 else "")
    for one, other in zip(given.get("data", ()), recorded.get("data", ()), strict=True):
        if measure(one["embedding"]) != measure(other["embedding"]):
            yield "$.data[].embedding has another length"


def measure(vector: Any) -> int:
    return len(base64.b64decode(vector)) // 4 if isinstance(vector, str) else len(vector)


def list_differences(exchange: Exchange, answer: requests.Response, *, values: bool = True) -> list[str]:
    if answer.status_code != exchange.status:
        return [f"status is {answer.status_code}, not {exchange.status}"]
    found = list(shapes.compare_headers(answer.headers, exchange.headers, ignored={"date"}))
    if exchange.answer is None:
        return found + list(compare_streams(answer.text, exchange.text or ""))
    given = answer.json()
    found += shapes.compare(settle(given), settle(exchange.answer), filled={"tool_calls"})
    if exchange.status >= 400 and given["error"] != {**given["error"], **exchange.answer["error"]}:
        found.append("$.error says something else")
    if exchange.status < 400 and values:
        found += compare_values(given, exchange)
    return found


def plan(exchanges: list[Exchange]) -> list[tuple[dict[str, str], list[Exchange]]]:
    """Servers, by their deployments, and the exchanges for each: names stood for several models over the years."""
    servers: list[tuple[dict[str, str], list[Exchange]]] = [({NOBODY: "gpt-4.1"}, [])]
    for exchange in exchanges:
        name, model = name_deployment(exchange), find_model(exchange)
        if not model:
            servers[0][1].append(exchange)
            continue
        fitting = next((one for one in servers[1:] if one[0].get(name, model) == model), None)
        if fitting is None:
            fitting = ({}, [])
            servers.append(fitting)
        fitting[0][name] = model
        fitting[1].append(exchange)
    return servers


def send(endpoint: str, key: str, exchange: Exchange) -> requests.Response:
    headers = {"api-key": "wrong" if exchange.status == 401 else key}
    headers |= {name: "asked" for name in exchange.sent if name.lower() == "x-ms-client-request-id"}
    return requests.request(
        exchange.method,
        endpoint + exchange.path,
        params=exchange.query,
        json=exchange.body,
        headers=headers,
        timeout=60,
    )


def rebuild(exchange: Exchange) -> Exchange:
    """The exchange as it was: without a path of faults, with the whole of a long list, a stream as its text."""
    body, answer, text = exchange.body, exchange.answer, exchange.text
    if exchange.file == "aoai.error.too_many_inputs":
        body = body | {"input": ["x"] * 2_049}
    if "sse" in answer:
        text = "\n\n".join(f"data: {one if one == '[DONE]' else json.dumps(one)}" for one in answer["sse"])
        answer = None
    path = re.sub("^/fault/e[0-9]+", "", exchange.path)
    return replace(exchange, path=path, body=body, answer=answer, text=text, sent={})


def order_fault(exchange: Exchange) -> list[str]:
    """What makes the emulator answer as the wire's server did on a path of faults."""
    return [f"error status={exchange.status}"] if exchange.status in {403, 408, 500, 503} else []


@pytest.mark.skipif(RECORDINGS is None, reason="PGAZURE_RECORDINGS does not name the folder of recordings")
def test_every_recorded_request_gets_an_answer_of_the_recorded_shape(make_emulator: MakeEmulator) -> None:
    comparison = shapes.Comparison()
    for deployments, theirs in plan(list_exchanges(RECORDINGS, "openai/*.json")):
        server = make_emulator(deployments=[f"{name}={model}" for name, model in deployments.items()])
        for exchange in theirs:
            comparison.add(exchange.name, list_differences(exchange, send(server.endpoint, server.key, exchange)))
    age = {difference for reason in (NEW, OLD, MASKED) for difference in RECORDED[reason]}
    unlike = {name for difference, names in comparison.found.items() if difference not in age for name in names}
    matching, differing = len(comparison.matching), len(comparison.differing)
    assert comparison.counts == flatten(RECORDED), comparison.report()
    assert (matching + differing, matching) == (TOTAL, MATCHING)
    assert TOTAL - len(unlike) == MATCHING_BUT_FOR_AGE


@pytest.mark.skipif(WIRE is None, reason="PGAZURE_WIRE does not name the folder of requests on the wire")
def test_every_request_of_the_sdk_gets_an_answer_of_the_modelled_shape(make_emulator: MakeEmulator) -> None:
    comparison = shapes.Comparison()
    servers: dict[str, Emulator] = {}
    for exchange in list_exchanges(WIRE, "aoai.*.json"):
        options: dict[str, Any] = {"filter_word": "TRIGGER_FILTER", "faults": order_fault(exchange)}
        options |= {"deployments": [NOBODY]} if exchange.status == 404 else {}
        options |= {"rpm": 1} if exchange.status == 429 else {}
        server = servers.get(repr(options)) or make_emulator(**options)
        servers[repr(options)] = server
        asked = rebuild(exchange)
        if exchange.status == 429:
            send(server.endpoint, server.key, asked)
        answer = send(server.endpoint, server.key, asked)
        # Its server was a model: what it said is no measure, but how it said it.
        comparison.add(exchange.file, list_differences(asked, answer, values=False))
    # What it left out, and in which order it said the rest, is for the recordings of the service to tell.
    lacking = {
        difference: count
        for difference, count in comparison.counts.items()
        if not difference.endswith((" is too many", " in another order"))
    }
    assert lacking == flatten(WIRED), comparison.report()
