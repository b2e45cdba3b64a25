"""How requests leave: packed, cut, side by side, watched."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fix_facade import arguments
from fix_faults import Edit, Hang, Reset, Status
from pgazure import AsyncClient
from pgazure.errors import AuthenticationError
from pgazure.flow.observe import RequestRecord, observe_requests
from pgazure.types import DocumentError, Sentence, SentimentAnalysisResult

if TYPE_CHECKING:
    from fix_faults import FaultServer

WELL = SentimentAnalysisResult("positive", 1.0, 0.0, 0.0)


def sizes(faults: FaultServer) -> list[int]:
    """Texts in each request; requests of one call may overtake each other."""

    def count(body: Any) -> int:
        if "analysisInput" in body:
            return len(body["analysisInput"]["documents"])
        return len(body.get("input") or body["inputs"])

    return sorted((count(request.body) for request in faults.sent), reverse=True)


@pytest.mark.parametrize(
    ("method", "limit"),
    [
        ("analyze_sentiment", 10),
        ("detect_language", 1000),
        ("extract_key_phrases", 10),
        ("recognize_entities", 5),
        ("recognize_pii_entities", 5),
        ("summarize_extractive", 25),
    ],
)
async def test_requests_are_as_full_as_the_service_allows(
    client: Any, faults: FaultServer, method: str, limit: int
) -> None:
    texts = [f"text {number}" for number in range(limit * 2 + 1)]
    results = await getattr(client, method)(texts, batch_size=5000)
    assert sizes(faults) == [limit, limit, 1]
    if method == "extract_key_phrases":
        assert results == [[text] for text in texts]


async def test_batch_size_makes_smaller_requests(client: Any, faults: FaultServer) -> None:
    vectors = await client.create_embeddings("embedder", ["x" * n for n in range(1, 8)], batch_size=3)
    assert sizes(faults) == [3, 3, 1]
    assert [vector[0] for vector in vectors] == [1, 2, 3, 4, 5, 6, 7]


async def test_characters_count_for_every_target_language(client: Any, faults: FaultServer) -> None:
    await client.translate(["x" * 10_000] * 5, ["de"])
    assert sizes(faults) == [5]
    faults.received.clear()
    await client.translate(["x" * 10_000] * 5, ["de", "fr"])
    assert sizes(faults) == [2, 2, 1]


async def test_a_job_holds_125000_characters(client: Any, faults: FaultServer) -> None:
    await client.summarize_abstractive(["x" * 50_000] * 3)
    assert sizes(faults) == [2, 1]


async def test_the_body_of_a_request_stays_below_the_limit_in_bytes(client: Any, faults: FaultServer) -> None:
    # Every letter takes twelve bytes in the body, and 5,120 of them are one document.
    await client.detect_language(["\U0001d4d0" * 5_120] * 40)
    assert len(faults.sent) == 3
    assert all(int(request.headers["Content-Length"]) < 1_000_000 for request in faults.sent)


async def test_vectors_are_asked_for_within_300000_tokens(client: Any, faults: FaultServer) -> None:
    await client.create_embeddings("embedder", ["a " * 8_000] * 40)
    assert sizes(faults) == [37, 3]


async def test_vectors_are_asked_for_within_a_million_bytes(client: Any, faults: FaultServer) -> None:
    await client.create_embeddings("embedder", ["word " * 6_000] * 40)
    assert sizes(faults) == [33, 7]


async def test_a_text_of_too_many_tokens_is_an_error_and_not_sent(client: Any, faults: FaultServer) -> None:
    results = await client.create_embeddings("embedder", ["short", "word " * 8_200], throw_on_error=False)
    assert isinstance(results[1], DocumentError)
    assert "8,192" in results[1].message
    assert faults.sent[0].body["input"] == ["short"]


async def test_requests_of_one_call_are_under_way_together(client: Any, faults: FaultServer) -> None:
    waiting = [Hang() for _ in range(3)]
    faults.posts.extend(waiting)
    call = asyncio.create_task(client.create_embeddings("embedder", ["x"] * 3, batch_size=1))
    await asyncio.wait_for(asyncio.gather(*(hang.arrived.wait() for hang in waiting)), 10)
    assert faults.in_flight == 3
    for hang in waiting:
        hang.release.set()
    assert len(await call) == 3


async def test_a_service_that_hides_its_quota_is_asked_little_at_first_and_more_later(
    client: Any, faults: FaultServer
) -> None:
    await client.analyze_sentiment(["x"] * 200)
    assert faults.most_in_flight <= 2
    await client.analyze_sentiment(["x"] * 800)
    waiting = [Hang() for _ in range(4)]
    faults.posts.extend(waiting)
    call = asyncio.create_task(client.analyze_sentiment(["x"] * 60))
    await asyncio.wait_for(asyncio.gather(*(hang.arrived.wait() for hang in waiting)), 10)
    for hang in waiting:
        hang.release.set()
    assert await call == [WELL] * 60


async def test_no_more_requests_are_under_way_than_the_client_allows(facade: Any, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint, max_concurrency=2)
    waiting = [Hang(), Hang()]
    faults.posts.extend(waiting)
    call = asyncio.create_task(client.analyze_sentiment(["x"] * 100))
    await asyncio.wait_for(asyncio.gather(*(hang.arrived.wait() for hang in waiting)), 10)
    for hang in waiting:
        hang.release.set()
    assert await call == [WELL] * 100
    assert len(faults.sent) == 10
    assert faults.most_in_flight == 2


async def test_results_come_back_in_order_whatever_the_order_of_the_answers(client: Any, faults: FaultServer) -> None:
    slow = Hang()
    faults.posts.append(slow)
    call = asyncio.create_task(client.extract_key_phrases([f"text {n}" for n in range(20)]))
    await asyncio.wait_for(slow.arrived.wait(), 10)
    slow.release.set()
    assert await call == [[f"text {n}"] for n in range(20)]


def reverse(answer: Any) -> Any:
    answer["results"]["documents"].reverse()
    return answer


async def test_documents_are_matched_by_id_and_not_by_place(client: Any, faults: FaultServer) -> None:
    faults.posts.append(Edit(reverse))
    assert await client.extract_key_phrases(["a", "b", "c"]) == [["a"], ["b"], ["c"]]


async def test_a_long_text_is_cut_sent_and_merged(client: Any, faults: FaultServer) -> None:
    text = "One sentence of no length at all. " * 400
    results = await client.recognize_pii_entities(["short", text])
    assert results[0].redacted_text == "*****"
    redacted = results[1].redacted_text
    assert len(redacted) == len(text)
    assert len(text) > 2 * 5_120
    sent = [d["text"] for request in faults.sent for d in request.body["analysisInput"]["documents"]]
    assert len(sent) == 4
    assert max(map(len, sent)) <= 5_120


async def test_a_long_text_is_translated_losslessly(client: Any, faults: FaultServer) -> None:
    text = "A sentence that goes on for a while.\n\n" * 1_500
    result = await client.translate(text, "de")
    pieces = [item["text"] for request in faults.sent for item in request.body["inputs"]]
    assert len(pieces) == 2
    assert result.translations[0].text.replace("[de] ", "") == text


async def test_long_html_is_refused_and_not_cut(client: Any, faults: FaultServer) -> None:
    result = await client.translate("<p>x</p>" * 7_000, "de", text_type="Html", throw_on_error=False)
    assert isinstance(result, DocumentError)
    assert "HTML" in result.message
    assert not faults.received


async def test_a_long_text_is_summed_up_with_as_many_sentences_as_were_asked_for(
    client: Any, faults: FaultServer
) -> None:
    text = "A sentence that goes on for a while. " * 4_000
    summary = await client.summarize_extractive(text, sentence_count=1)
    assert len(summary) == 1
    assert isinstance(summary[0], Sentence)
    assert len(faults.sent) == 2


async def test_a_long_text_counts_text_elements_and_not_code_points(client: Any, faults: FaultServer) -> None:
    text = "e\u0301" * 5_000
    await client.analyze_sentiment(text)
    assert faults.sent[0].body["analysisInput"]["documents"][0]["text"] == text
    await client.analyze_sentiment("e\u0301" * 5_200)
    assert len(faults.sent[1].body["analysisInput"]["documents"]) > 1


async def test_a_job_is_polled_page_by_page_through_passing_failures(client: Any, faults: FaultServer) -> None:
    faults.page_size = 10
    faults.polls.extend(
        [
            Status(500, body={"error": {"code": "InternalServerError", "message": "Internal server error"}}),
            Status(504, body="upstream request timeout", content_type="text/plain"),
            Status(408, body={"error": {"code": "Timeout", "message": "The operation was timeout."}}),
            Reset(),
        ]
    )
    records: list[RequestRecord] = []
    with observe_requests(records.append):
        results = await client.summarize_abstractive([f"text {n}" for n in range(25)])
    assert results == [[f"text {n}"] for n in range(25)]
    assert len(faults.sent) == 1
    assert [(record.status_code, record.error_code, record.items) for record in records] == [(202, None, 25)]


async def test_a_failed_page_does_not_start_the_job_again(client: Any, faults: FaultServer) -> None:
    faults.page_size = 10
    faults.polls_until_done = 0

    def fail_next(answer: Any) -> Any:
        faults.polls.append(Status(500))
        return answer

    faults.polls.append(Edit(fail_next))
    assert len(await client.summarize_extractive(["a"] * 15)) == 15
    assert len(faults.sent) == 1


async def test_every_attempt_is_recorded_once(client: Any, faults: FaultServer) -> None:
    faults.posts.extend([Status(503), Reset()])
    records: list[RequestRecord] = []
    with observe_requests(records.append):
        await client.analyze_sentiment(["x" * 1_001, "y"])
    first, second, third = records
    assert [(r.attempt, r.status_code) for r in records] == [(1, 503), (2, None), (3, 200)]
    assert [r.error_code for r in records] == ["503", "ConnectionBroken", None]
    assert third.request_id == "request-1"
    assert (first.service, first.operation, first.deployment) == ("language", "analyze_sentiment", None)
    assert first.endpoint == faults.endpoint
    assert (first.items, first.characters, first.text_records, first.targets) == (2, 1_002, 3, 1)
    assert first.started_at.utcoffset() == timedelta(0)
    assert first.started_at < second.started_at < third.started_at
    assert 0 < first.duration_ms < 20_000


async def test_records_show_what_is_billed(client: Any) -> None:
    records: list[RequestRecord] = []
    with observe_requests(records.append):
        await client.translate(["ab", "c\U0001f600"], ["de", "fr", "es"])
        await client.create_embeddings("embedder", ["a", "b", "c"])
    translation, embedding = records
    assert (translation.characters, translation.targets, translation.tokens) == (4, 3, None)
    assert (embedding.deployment, embedding.tokens, embedding.items) == ("embedder", 3, 3)


async def test_only_requests_of_the_context_are_recorded(client: Any) -> None:
    outer: list[RequestRecord] = []
    inner: list[RequestRecord] = []
    await client.analyze_sentiment("before")
    with observe_requests(outer.append):
        await client.analyze_sentiment("outer")
        with observe_requests(inner.append):
            await client.analyze_sentiment("both")
    await client.analyze_sentiment("after")
    assert (len(outer), len(inner)) == (2, 1)


async def test_a_refused_request_is_recorded_with_its_code(client: Any, faults: FaultServer) -> None:
    faults.posts.append(Status(401, body={"error": {"code": "401", "message": "Access denied."}}))
    records: list[RequestRecord] = []
    with observe_requests(records.append), pytest.raises(AuthenticationError):
        await client.analyze_sentiment("x")
    assert [(r.status_code, r.error_code) for r in records] == [(401, "401")]


async def test_a_proxy_of_the_environment_is_used(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", faults.endpoint)
    async with AsyncClient(**arguments("http://localhost:9")) as client:
        assert await client.azure_cognitive.extract_key_phrases("x") == ["x"]
    assert [request.headers["Host"] for request in faults.sent] == ["localhost:9"]
