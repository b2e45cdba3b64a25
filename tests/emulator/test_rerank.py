"""Cohere rerank: texts are ordered by relevance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.core import PipelineClient
from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.core.rest import HttpRequest

if TYPE_CHECKING:
    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator

DOCUMENTS = [
    "The kitchen is well equipped.",
    "A silent bedroom, two minutes from the train.",
    "Loud music every night.",
    "The parking lot is free.",
]
QUERY = "quiet room near the station"


def rerank(server: Emulator, path: str = "/v2/rerank", **body: Any) -> requests.Response:
    given = {"model": "Cohere-rerank-v4.0-fast", "query": QUERY, "documents": DOCUMENTS} | body
    headers = {"Authorization": f"Bearer {server.key}"}
    return requests.post(server.endpoint + path, json=given, headers=headers, timeout=30)


@pytest.mark.parametrize(
    "path", ["/v1/rerank", "/v2/rerank", "/providers/cohere/v1/rerank", "/providers/cohere/v2/rerank"]
)
def test_the_most_relevant_comes_first(emulator: Emulator, path: str) -> None:
    answer = rerank(emulator, path).json()
    scores = [one["relevance_score"] for one in answer["results"]]
    assert answer["results"][0]["index"] == 1
    assert sorted(scores, reverse=True) == scores
    assert scores[0] > 0.8
    assert scores[1] < 0.1
    assert {one["index"] for one in answer["results"]} == {0, 1, 2, 3}
    assert answer["meta"]["api_version"]["version"] == path[-8]
    assert answer["meta"]["billed_units"] == {"search_units": 1}
    assert rerank(emulator, path).json()["results"] == answer["results"]


def test_only_as_many_as_asked_for_come_back(emulator: Emulator) -> None:
    assert len(rerank(emulator, top_n=2).json()["results"]) == 2
    assert len(rerank(emulator, top_n=99).json()["results"]) == 4
    assert rerank(emulator, documents=["x"] * 101).json()["meta"]["billed_units"] == {"search_units": 2}


def test_objects_are_ranked_by_their_fields(emulator: Emulator) -> None:
    documents = [{"title": "quiet room", "text": "x"}, {"title": "x", "text": "a quiet room near the station"}]
    by_text = rerank(emulator, "/v1/rerank", documents=documents, return_documents=True).json()["results"]
    assert by_text[0] == by_text[0] | {"index": 1, "document": documents[1]}
    by_title = rerank(emulator, "/v1/rerank", documents=documents, rank_fields=["title"]).json()["results"]
    assert by_title[0]["index"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"query": ""},
        {"query": None},
        {"documents": []},
        {"documents": "x"},
        {"documents": [5]},
        {"top_n": 0},
        {"documents": ["x"] * 1001},
    ],
)
def test_requests_that_are_not_valid_are_refused(emulator: Emulator, body: dict[str, Any]) -> None:
    answer = rerank(emulator, **body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_pipeline_of_the_sdks_is_served(emulator: Emulator) -> None:
    policy = AzureKeyCredentialPolicy(AzureKeyCredential(emulator.key), "Authorization", prefix="Bearer")
    with PipelineClient(emulator.endpoint, policies=[policy]) as client:
        body = {"model": "m", "query": QUERY, "documents": DOCUMENTS, "top_n": 1}
        answer = client.send_request(HttpRequest("POST", f"{emulator.endpoint}/v2/rerank", json=body))
    assert answer.json()["results"][0]["index"] == 1
    counted = emulator.stats()["by_operation"]["Rerank"]
    assert (counted["requests"], counted["items"]) == (1, 4)


def test_keys_and_quotas_hold(make_emulator: MakeEmulator) -> None:
    server = make_emulator(rpm=60)
    url = f"{server.endpoint}/v2/rerank"
    assert requests.post(url, json={}, headers={"Authorization": "Bearer wrong"}, timeout=30).status_code == 401
    answers = [rerank(server) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
