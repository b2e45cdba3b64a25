"""Recorded exchanges with the real service: the same request gets an answer of the same shape."""

from __future__ import annotations

import json
import os
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator import Emulator

FOLDER = os.environ.get("PGAZURE_RECORDINGS")
KINDS = {
    "SentimentAnalysis",
    "LanguageDetection",
    "KeyPhraseExtraction",
    "EntityRecognition",
    "PiiEntityRecognition",
    "ExtractiveSummarization",
}
VERSIONS = {"2022-05-01", "2023-04-01"}
# Made by the connection and by the machine that answered, not by the service.
TRANSPORT = {"connection", "server", "x-http2-stream-id", "x-ms-region", "transfer-encoding", "content-length"}
# Lists whose length depends on what a model finds.
FOUND = {"entities", "sentences", "keyPhrases", "targets", "assessments", "relations"}

pytestmark = pytest.mark.skipif(FOLDER is None, reason="PGAZURE_RECORDINGS does not name the folder of recordings")


def exchanges() -> Iterator[Any]:
    for path in sorted(Path(FOLDER or "").glob("language/*.json")):
        recorded = json.loads(path.read_text(encoding="utf-8"))
        for number, exchange in enumerate(recorded["exchanges"]):
            request, version = exchange["request"], dict(exchange["request"]["query"]).get("api-version")
            body = request.get("json")
            if request["method"] != "POST" or version not in VERSIONS or not isinstance(body, dict):
                continue
            kinds = {task["kind"] for task in body["tasks"]} if "tasks" in body else {body.get("kind")}
            if kinds <= KINDS:
                yield pytest.param(exchange, recorded["exchanges"][number + 1 :], id=f"{path.stem}-{number}")


def send(emulator: Emulator, request: dict[str, Any], key: str) -> requests.Response:
    headers = {"Ocp-Apim-Subscription-Key": key, "Content-Type": "application/json"}
    url = emulator.endpoint + request["path"]
    return requests.request(
        request["method"], url, params=request["query"], json=request.get("json"), headers=headers, timeout=30
    )


def shape(value: Any, name: str = "") -> Any:
    """Names, their order and the types of values; of lists that a model fills, only what an entry may hold."""
    if isinstance(value, dict):
        return [(key, shape(entry, key)) for key, entry in value.items()]
    if isinstance(value, list):
        return [] if name in FOUND else [shape(entry) for entry in value]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def entries(value: Any, name: str = "") -> Iterator[tuple[str, list[str]]]:
    """The keys of every entry of a list that a model fills; the subcategory comes and goes."""
    for key, entry in value.items() if isinstance(value, dict) else [(name, entry) for entry in value]:
        if isinstance(entry, dict | list):
            if key in FOUND and isinstance(entry, dict):
                yield key, [word for word in entry if word != "subcategory"]
            yield from entries(entry, key)


def check_headers(answer: requests.Response, recorded: dict[str, str], *, bill: bool = True) -> None:
    expected = {name.lower() for name in recorded} - TRANSPORT
    given = {name.lower() for name in answer.headers} - TRANSPORT
    if not bill:
        expected, given = expected - {"csp-billing-usage"}, given - {"csp-billing-usage"}
    assert given == expected
    if "Content-Type" in recorded:
        assert answer.headers["Content-Type"] == recorded["Content-Type"]


def check_results(given: dict[str, Any], recorded: dict[str, Any]) -> None:
    assert [one["id"] for one in given["documents"]] == [one["id"] for one in recorded["documents"]]
    codes = [[(one["id"], one["error"]["innererror"]["code"]) for one in side["errors"]] for side in (given, recorded)]
    assert codes[0] == codes[1]
    warnings = [[[w["code"] for w in one["warnings"]] for one in side["documents"]] for side in (given, recorded)]
    assert warnings[0] == warnings[1]
    assert given.get("statistics") == recorded.get("statistics")
    assert shape(given) == shape(recorded)
    known = dict(entries(recorded))
    for name, keys in entries(given):
        assert keys == known.get(name, keys)


@pytest.mark.parametrize(("exchange", "following"), list(exchanges()))
def test_answers_have_the_recorded_shape(
    emulator: Emulator, exchange: dict[str, Any], following: list[dict[str, Any]]
) -> None:
    request, recorded = exchange["request"], exchange["response"]
    answer = send(emulator, request, "wrong" if recorded["status"] == 401 else emulator.key)

    assert answer.status_code == recorded["status"]
    check_headers(answer, recorded["headers"])
    if recorded["status"] == 202:
        assert answer.content == b""
        last = [
            e for e in following if e["request"]["method"] == "GET" and e["response"]["json"]["status"] == "succeeded"
        ]
        check_job(emulator, answer.headers["operation-location"], last)
        return
    if recorded["status"] == 401:
        assert int(answer.headers["Content-Length"]) == int(recorded["headers"]["Content-Length"])
        assert answer.json() == recorded["json"]
        return
    if recorded["status"] >= 400:
        check_error(answer, recorded)
        return
    assert list(answer.json()) == list(recorded["json"])
    assert answer.json()["kind"] == recorded["json"]["kind"]
    assert answer.headers.get("csp-billing-usage") == recorded["headers"].get("csp-billing-usage")
    check_results(answer.json()["results"], recorded["json"]["results"])
    check_spans(request["json"], answer.json()["results"])


def check_error(answer: requests.Response, recorded: dict[str, Any]) -> None:
    assert answer.headers["Transfer-Encoding"] == "chunked"
    given, expected = answer.json()["error"], recorded["json"]["error"]
    assert shape(given) == shape(expected)
    assert (given["code"], given["message"]) == (expected["code"], expected["message"])
    assert given["innererror"]["code"] == expected["innererror"]["code"]
    # Lists of versions and languages change from month to month.
    if "version" not in expected["innererror"]["message"]:
        assert given["innererror"]["message"] == expected["innererror"]["message"]


def check_job(emulator: Emulator, location: str, polls: list[dict[str, Any]]) -> None:
    assert location.startswith(f"{emulator.endpoint}/language/analyze-text/jobs/")
    if not polls:
        return
    recorded = polls[0]
    query = [pair for pair in recorded["request"]["query"] if pair[0] != "api-version"]
    headers = {"Ocp-Apim-Subscription-Key": emulator.key}
    deadline = monotonic() + 30
    answer = requests.get(location, params=query, headers=headers, timeout=30)
    while answer.json()["status"] != "succeeded" and monotonic() < deadline:
        answer = requests.get(location, params=query, headers=headers, timeout=30)
    check_headers(answer, recorded["response"]["headers"])
    given, expected = answer.json(), recorded["response"]["json"]
    assert list(given) == list(expected)
    assert given["status"] == "succeeded"
    assert {name: value for name, value in given["tasks"].items() if name != "items"} == {
        name: value for name, value in expected["tasks"].items() if name != "items"
    }
    for task, other in zip(
        *(sorted(side["tasks"]["items"], key=lambda task: task["taskName"]) for side in (given, expected)), strict=True
    ):
        assert list(task) == list(other)
        assert (task["kind"], task["taskName"], task["status"]) == (other["kind"], other["taskName"], other["status"])
        check_results(task["results"], other["results"])
    assert ("nextLink" in given) == ("nextLink" in expected)
    if "nextLink" in given:
        assert given["nextLink"].partition("?")[2] == expected["nextLink"].partition("?")[2]


def check_spans(body: dict[str, Any], results: dict[str, Any]) -> None:
    texts = {one["id"]: one["text"] for one in body["analysisInput"]["documents"]}
    for document in results["documents"]:
        text = texts[document["id"]]
        for part in [*document.get("entities", []), *document.get("sentences", [])]:
            assert text[part["offset"] : part["offset"] + part["length"]] == part["text"]
        if "redactedText" in document:
            expected = text
            for part in document["entities"]:
                start, end = part["offset"], part["offset"] + part["length"]
                expected = expected[:start] + "*" * (end - start) + expected[end:]
            assert document["redactedText"] == expected


def test_personal_data_of_the_recordings_is_found(emulator: Emulator) -> None:
    names = ("pii__redacted_text@2023-04-01", "pii__categories_filter@2022-05-01", "encoding__emoji_family@2023-04-01")
    for name in names:
        recorded = json.loads((Path(FOLDER or "") / "language" / f"{name}.json").read_text(encoding="utf-8"))
        for exchange in recorded["exchanges"]:
            answer = send(emulator, exchange["request"], emulator.key).json()["results"]["documents"]
            expected = exchange["response"]["json"]["results"]["documents"]
            assert [one["redactedText"] for one in answer] == [one["redactedText"] for one in expected]
            assert [[part["category"] for part in one["entities"]] for one in answer] == [
                [part["category"] for part in one["entities"]] for one in expected
            ]


def test_translations_have_the_recorded_shape(emulator: Emulator) -> None:
    for path in sorted(Path(FOLDER or "").glob("translator/translate__*@2025-10-01-preview.json")):
        for exchange in json.loads(path.read_text(encoding="utf-8"))["exchanges"]:
            request, recorded = exchange["request"], exchange["response"]
            targets = [target for one in request["json"]["inputs"] for target in one["targets"]]
            if any("deploymentName" in target or "script" in target for target in targets):
                continue
            answer = send(emulator, request, emulator.key)
            assert answer.status_code == recorded["status"]
            check_headers(answer, recorded["headers"])
            assert shape(answer.json()) == shape(recorded["json"])
            assert answer.headers["sourcecharacterscharged"] == recorded["headers"]["sourcecharacterscharged"]
            for one, other in zip(answer.json()["value"], recorded["json"]["value"], strict=True):
                for given, expected in zip(one["translations"], other["translations"], strict=True):
                    assert given["language"] == expected["language"]
                    assert given["sourceCharacters"] == expected["sourceCharacters"]


def test_embeddings_have_the_recorded_shape(emulator: Emulator) -> None:
    path = (
        Path(FOLDER or "") / "openai" / "embeddings__openllmetry.test_azure_openai_embeddings@2023-07-01-preview.json"
    )
    exchange = json.loads(path.read_text(encoding="utf-8"))["exchanges"][0]
    answer = send(emulator, exchange["request"], emulator.key)
    recorded = exchange["response"]
    assert answer.status_code == recorded["status"]
    assert answer.headers["Content-Type"] == recorded["headers"]["Content-Type"]
    assert shape(answer.json()) == shape(recorded["json"])
    assert answer.json()["usage"] == recorded["json"]["usage"]
    given, expected = (side["data"][0]["embedding"] for side in (answer.json(), recorded["json"]))
    # The recorded deployment was a large model.
    assert len(given) * 2 == len(expected) or len(given) == len(expected)
