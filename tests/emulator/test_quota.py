"""Quotas and counters."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests
from openai import RateLimitError

from emulator import clients
from pgazure.emulator.quota import Quota

if TYPE_CHECKING:
    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator

SMALL = "text-embedding-3-small"


class Clock:
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def detect(server: Emulator, *texts: str, key: str | None = None) -> requests.Response:
    documents = [{"id": str(number), "text": text} for number, text in enumerate(texts)]
    return requests.post(
        f"{server.endpoint}/language/:analyze-text?api-version=2023-04-01",
        json={"kind": "LanguageDetection", "analysisInput": {"documents": documents}},
        headers={"api-key": key or server.key},
        timeout=30,
    )


def test_requests_flow_at_the_rate_of_the_quota() -> None:
    clock = Clock()
    quota = Quota(rpm=600, tpm=None, burst=1, clock=clock)
    admitted = 0
    for _ in range(2_000):
        if clock.now >= 60:
            break
        verdict = quota.admit("a", 1)
        if verdict.wait:
            clock.now += verdict.wait
        else:
            admitted += 1
    assert admitted == pytest.approx(610, abs=1)


def test_a_request_may_use_more_tokens_than_are_left_and_the_next_one_waits_for_them() -> None:
    clock = Clock()
    quota = Quota(rpm=None, tpm=60, burst=10, clock=clock)
    assert quota.admit("a", 15).tokens_left == 0
    assert quota.admit("a", 1).wait == pytest.approx(5, abs=0.01)
    clock.now = 5.1
    assert quota.admit("a", 1).wait == 0


def test_each_operation_has_a_quota_of_its_own() -> None:
    quota = Quota(rpm=1, tpm=None, clock=Clock())
    assert quota.admit("a", 0).wait == 0
    assert quota.admit("a", 0).wait == 60
    assert quota.admit("b", 0).wait == 0
    quota.reset()
    assert quota.admit("a", 0).wait == 0


def test_the_language_service_throttles_without_saying_when_to_come_again(make_emulator: MakeEmulator) -> None:
    server = make_emulator(rpm=1)
    assert detect(server, "hello").status_code == 200
    throttled = detect(server, "again")
    assert throttled.status_code == 429
    assert throttled.json()["error"]["code"] == "429"
    assert not [name for name in throttled.headers if "retry" in name.lower() or "ratelimit" in name.lower()]
    assert server.stats()["throttled"] == 1
    assert server.stats()["items"] == 1
    server.reset()
    assert detect(server, "again").status_code == 200


def test_openai_throttles_and_says_when_to_come_again(make_emulator: MakeEmulator) -> None:
    server = make_emulator(rpm=2)
    with clients.openai(server) as client:
        client.embeddings.create(model=SMALL, input="x")
        with pytest.raises(RateLimitError) as throttled:
            client.embeddings.create(model=SMALL, input="x")
        client.embeddings.create(model="another-deployment", input="x")
    headers = throttled.value.response.headers
    assert throttled.value.code == "429"
    assert int(headers["retry-after"]) == -(-int(headers["retry-after-ms"]) // 1000)
    assert headers["x-ratelimit-remaining-requests"] == "0"


def test_translator_throttles_with_its_own_code(make_emulator: MakeEmulator) -> None:
    server = make_emulator(rpm=1)
    url = f"{server.endpoint}/translate?api-version=2026-06-06"
    body = {"inputs": [{"text": "x", "targets": [{"language": "es"}]}]}
    answers = [requests.post(url, json=body, headers={"api-key": server.key}, timeout=30) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].json()["error"]["code"] == 429000


def test_texts_are_counted_and_repeats_seen(emulator: Emulator) -> None:
    detect(emulator, "one", "two", "two")
    detect(emulator, "one")
    with clients.language(emulator) as client:
        client.analyze_sentiment(["one"])
        client.analyze_sentiment(["one"], show_opinion_mining=True)
    stats = emulator.stats()
    assert (stats["requests"], stats["items"], stats["distinct_texts"], stats["repeats"]) == (4, 6, 4, 2)
    assert stats["characters"] == 18
    assert stats["by_operation"]["LanguageDetection"]["repeats"] == 2
    assert stats["by_operation"]["SentimentAnalysis"]["repeats"] == 0


def test_refused_texts_are_not_counted(emulator: Emulator) -> None:
    assert detect(emulator, "x", key="wrong").status_code == 401
    assert detect(emulator, *["x"] * 1001).status_code == 400
    stats = emulator.stats()
    assert (stats["requests"], stats["refused"], stats["items"], stats["characters"]) == (2, 2, 0, 0)


def test_tokens_and_translations_are_counted(emulator: Emulator) -> None:
    with clients.openai(emulator) as client:
        client.embeddings.create(model=SMALL, input=["hello world", "hello"])
        client.embeddings.create(model=SMALL, input=["hello"], dimensions=8)
    with clients.translator(emulator) as client:
        client.translate(["Hello"], to_language=["es", "de"])
        client.translate(["Hello"], to_language=["de"])
    by_operation = emulator.stats()["by_operation"]
    assert by_operation["Embeddings"]["tokens"] == 4
    assert by_operation["Embeddings"]["repeats"] == 0
    translated = by_operation["Translate"]
    assert (translated["items"], translated["characters"], translated["repeats"]) == (3, 15, 1)


def test_counters_are_read_and_reset_over_http_without_a_key(emulator: Emulator) -> None:
    detect(emulator, "x")
    assert requests.get(f"{emulator.endpoint}/__stats", timeout=30).json() == emulator.stats()
    requests.post(f"{emulator.endpoint}/__reset", timeout=30)
    assert emulator.stats()["requests"] == 0


async def test_two_hundred_requests_at_once_are_all_answered(make_emulator: MakeEmulator) -> None:
    server = make_emulator(latency=0.5)
    async with clients.async_openai(server) as client, clients.async_language(server) as language:
        embeddings = [client.embeddings.create(model=SMALL, input=f"text {number}") for number in range(100)]
        moods: list[Any] = [language.analyze_sentiment([f"Room {number} was lovely."]) for number in range(100)]
        answers = await asyncio.gather(*embeddings, *moods)
    assert len(answers) == 200
    stats = server.stats()
    assert (stats["requests"], stats["refused"], stats["throttled"], stats["distinct_texts"]) == (200, 0, 0, 200)
    assert stats["most_in_flight"] > 50
    assert stats["by_operation"]["Embeddings"]["most_in_flight"] <= 100


def test_answers_take_at_least_the_latency(make_emulator: MakeEmulator) -> None:
    server = make_emulator(latency=0.2)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: detect(server, f"text {number}"), range(4)))
    assert all(answer.elapsed.total_seconds() >= 0.2 for answer in answers)
