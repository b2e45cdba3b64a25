"""What a failing service does to a call: retried, bisected, reported, never mixed up."""

from __future__ import annotations

import asyncio
import base64
import math
import struct
import time
from typing import TYPE_CHECKING, Any

import pytest

from fix_faults import Edit, Good, HalfBody, Hang, Raw, Reset, Status
from pgazure.errors import (
    AuthenticationError,
    BatchError,
    ConfigurationError,
    ContentFilterError,
    DeploymentNotFoundError,
    InvalidRequestError,
    RateLimitError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceTimeoutError,
    ServiceUnavailableError,
)
from pgazure.flow.observe import RequestRecord, observe_requests
from pgazure.types import DocumentError, SentimentAnalysisResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from fix_faults import FaultServer

WELL = SentimentAnalysisResult("positive", 1.0, 0.0, 0.0)
CALLS: dict[str, tuple[Any, ...]] = {
    "analyze_sentiment": ("text",),
    "translate": ("text", "de"),
    "create_embeddings": ("embedder", "text"),
    "summarize_abstractive": ("text",),
}


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize(
    "fault",
    [
        Status(429),
        Status(429, {"retry-after-ms": "20"}),
        Status(429, {"Retry-After": "0", "retry-after-ms": "20"}),
        Status(408),
        Status(500, body={"error": {"code": "InternalServerError", "message": "Internal server error"}}),
        Status(502, body="<html>bad gateway</html>", content_type="text/html"),
        Status(503, {"Retry-After": "0"}),
        Status(504, body="upstream request timeout", content_type="text/plain"),
        Reset(),
    ],
    ids=["429", "429-ms", "429-both", "408", "500", "502", "503", "504", "reset"],
)
async def test_a_passing_failure_is_outlasted(client: Any, faults: FaultServer, method: str, fault: Any) -> None:
    faults.posts.append(fault)
    assert await getattr(client, method)(*CALLS[method]) is not None
    assert len(faults.sent) == 2


@pytest.mark.parametrize("method", ["analyze_sentiment", "translate", "create_embeddings"])
@pytest.mark.parametrize(
    "fault",
    [HalfBody(), Raw(b"not json"), Raw(b"[]"), Raw(b"{}"), Raw(b'"text"'), Raw(b"")],
    ids=lambda f: repr(f)[:20],
)
async def test_an_unreadable_answer_is_asked_for_again(
    client: Any, faults: FaultServer, method: str, fault: Any
) -> None:
    faults.posts.append(fault)
    await getattr(client, method)(*CALLS[method])
    assert len(faults.sent) == 2
    faults.posts.append(fault)
    with pytest.raises(ServiceResponseError) as caught:
        await getattr(client, method)(*CALLS[method], max_attempts=1)
    assert "text" not in str(caught.value).split(": ", 1)[1].split("texts")[0]


def documents_of(change: Callable[[list[Any]], None]) -> Edit:
    def edit(answer: Any) -> Any:
        change(answer["results"]["documents"])
        return answer

    return Edit(edit)


def fail_first_and(change: Callable[[list[Any]], None]) -> Edit:
    """The SDK treats answers with an error in them in its own way."""

    def edit(answer: Any) -> Any:
        documents = answer["results"]["documents"]
        fault = {"code": "InvalidDocument", "message": "no"}
        answer["results"]["errors"].append({"id": documents.pop(0)["id"], "error": fault})
        change(documents)
        return answer

    return Edit(edit)


def double(documents: list[Any]) -> None:
    documents.append(documents[-1])


def double_in_place(documents: list[Any]) -> None:
    documents[-1] = documents[-2]


def lose(documents: list[Any]) -> None:
    documents.pop()


def swap_for_foreign(documents: list[Any]) -> None:
    documents[-1]["id"] = "99"


@pytest.mark.parametrize("wrap", [documents_of, fail_first_and])
@pytest.mark.parametrize("change", [double, double_in_place, lose, swap_for_foreign])
async def test_missing_doubled_and_foreign_ids_never_shift_results(
    client: Any, faults: FaultServer, wrap: Any, change: Any
) -> None:
    faults.posts.append(wrap(change))
    with pytest.raises(BatchError) as caught:
        await client.extract_key_phrases(["a", "b", "c"], max_attempts=1)
    assert {result.code for result in caught.value.results} == {"WrongDocumentIds"}
    assert all(result.request_id == "request-1" for result in caught.value.results)
    faults.posts.append(wrap(change))
    assert await client.extract_key_phrases(["a", "b", "c"]) == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize("change", [double, lose, swap_for_foreign])
async def test_wrong_ids_in_a_job_never_shift_results(client: Any, faults: FaultServer, change: Any) -> None:
    def edit(answer: Any) -> Any:
        change(answer["tasks"]["items"][0]["results"]["documents"])
        return answer

    faults.polls_until_done = 0
    faults.polls.append(Edit(edit))
    with pytest.raises(BatchError) as caught:
        await client.summarize_abstractive(["a", "b", "c"], max_attempts=1)
    assert not any(isinstance(result, list) for result in caught.value.results)


def data(change: Callable[[list[Any]], Any]) -> Edit:
    def edit(answer: Any) -> Any:
        change(answer["data"])
        return answer

    return Edit(edit)


def encode(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (data(lambda vectors: vectors.pop()), "WrongVectorCount"),
        (data(lambda vectors: vectors.append(vectors[0])), "WrongVectorCount"),
        (data(lambda vectors: vectors[1].update(index=0)), "WrongVectorCount"),
        (data(lambda vectors: vectors[1].update(index=5)), "WrongVectorCount"),
        (data(lambda vectors: vectors[1].update(embedding=encode(1, math.nan))), "WrongVector"),
        (data(lambda vectors: vectors[1].update(embedding=encode(1, math.inf))), "WrongVector"),
        (data(lambda vectors: vectors[1].update(embedding=encode(1, 2, 3))), "WrongDimensions"),
        (data(lambda vectors: vectors[1].update(embedding="")), "WrongDimensions"),
        (data(lambda vectors: vectors[1].update(embedding="AAA")), "UnreadableAnswer"),
    ],
)
async def test_a_wrong_vector_is_never_taken(client: Any, faults: FaultServer, fault: Edit, code: str) -> None:
    faults.posts.append(fault)
    results = await client.create_embeddings("embedder", ["a", "b"], dimensions=2, max_attempts=1, throw_on_error=False)
    assert [result.code for result in results] == [code, code]


async def test_vectors_are_put_in_order_by_index(client: Any, faults: FaultServer) -> None:
    faults.posts.append(data(lambda vectors: vectors.reverse()))
    vectors = await client.create_embeddings("embedder", ["a", "bb", "ccc"])
    assert [vector[0] for vector in vectors] == [1, 2, 3]


async def test_vectors_of_plain_numbers_are_taken_too(client: Any, faults: FaultServer) -> None:
    faults.posts.append(data(lambda vectors: vectors[0].update(embedding=[0.25, 0.5])))
    vector = await client.create_embeddings("embedder", "a", dimensions=2)
    assert (vector.dtype.name, vector.tolist()) == ("float32", [0.25, 0.5])


async def test_a_wrong_number_of_dimensions_is_not_asked_for_again(client: Any, faults: FaultServer) -> None:
    faults.posts.append(data(lambda vectors: vectors[0].update(embedding=encode(1, 2, 3))))
    with pytest.raises(ServiceResponseError, match="2 dimensions were expected"):
        await client.create_embeddings("embedder", "a", dimensions=2)
    assert len(faults.sent) == 1


async def test_a_translation_too_few_is_never_taken(client: Any, faults: FaultServer) -> None:
    faults.posts.append(Edit(lambda answer: {"value": answer["value"][:1]}))
    results = await client.translate(["a", "b"], "de", max_attempts=1, throw_on_error=False)
    assert [result.code for result in results] == ["WrongTranslationCount"] * 2


async def test_attempts_are_counted_and_then_the_error_is_raised(client: Any, faults: FaultServer) -> None:
    faults.posts.extend([Status(503, {"apim-request-id": "abc"})] * 3)
    with pytest.raises(ServiceUnavailableError, match="failed") as caught:
        await client.analyze_sentiment("x", max_attempts=3)
    assert len(faults.sent) == 3
    assert (caught.value.attempts, caught.value.status_code, caught.value.request_id) == (3, 503, "abc")


async def test_texts_of_a_request_that_fails_for_good_are_errors_in_place(client: Any, faults: FaultServer) -> None:
    faults.refuse = lambda texts: Status(503) if "x10" in texts else None
    results = await client.analyze_sentiment([f"x{n}" for n in range(15)], max_attempts=2, throw_on_error=False)
    assert results[:10] == [WELL] * 10
    assert all(isinstance(result, DocumentError) for result in results[10:])
    assert {(result.status_code, result.retryable) for result in results[10:]} == {(503, True)}


async def test_a_service_that_is_not_there_is_an_error_in_place(facade: Any, unused_endpoint: str) -> None:
    client = facade.open(unused_endpoint)
    for method, arguments in CALLS.items():
        with pytest.raises(ServiceRequestError, match="cannot be reached"):
            await getattr(client, method)(*arguments, max_attempts=2)
    (result,) = await client.analyze_sentiment(["x"], max_attempts=1, throw_on_error=False)
    assert (result.code, result.retryable, result.status_code) == ("NotSent", True, None)


@pytest.fixture
async def unused_endpoint() -> str:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return f"http://127.0.0.1:{port}"


DENIED = {"error": {"code": "401", "message": "Access denied due to invalid subscription key or wrong API endpoint."}}
NO_DEPLOYMENT = {
    "error": {
        "type": "invalid_request_error",
        "code": "DeploymentNotFound",
        "message": "The API deployment does not exist.",
    }
}


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("many", [False, True])
async def test_what_no_text_can_pass_always_raises(client: Any, faults: FaultServer, method: str, many: bool) -> None:
    place = 1 if method == "create_embeddings" else 0
    arguments = list(CALLS[method])
    if many:
        arguments[place] = ["a"] * 50
    for status, body, kind in (
        (401, DENIED, AuthenticationError),
        (
            403,
            {"error": {"code": "403", "message": "Access denied due to Virtual Network rules."}},
            AuthenticationError,
        ),
        (404, NO_DEPLOYMENT, DeploymentNotFoundError),
    ):
        faults.refuse = lambda _, status=status, body=body: Status(status, body=body)
        with pytest.raises(kind) as caught:
            await getattr(client, method)(*arguments, throw_on_error=False)
        assert caught.value.status_code == status
        assert caught.value.attempts == 1


async def test_a_missing_deployment_is_named(client: Any, faults: FaultServer) -> None:
    faults.posts.append(Status(404, body=NO_DEPLOYMENT))
    with pytest.raises(DeploymentNotFoundError, match="'embedder' was not found"):
        await client.create_embeddings("embedder", "x")


REFUSAL = {
    "error": {"code": "InvalidRequest", "message": "no", "innererror": {"code": "InvalidDocument", "message": "no"}}
}
FILTERED = {
    "error": {
        "code": "content_filter",
        "message": "The response was filtered.",
        "param": "prompt",
        "innererror": {"code": "ResponsibleAIPolicyViolation"},
    }
}


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refused_request_is_bisected_until_the_culprit_is_alone(
    client: Any, faults: FaultServer, status: int
) -> None:
    faults.refuse = lambda texts: Status(status, body=REFUSAL) if {"bad", "worse"} & set(texts) else None
    texts = [f"fine {n}" for n in range(100)]
    texts[17], texts[80] = "bad", "worse"
    results = await client.create_embeddings("embedder", texts, throw_on_error=False)
    wrong = [place for place, result in enumerate(results) if isinstance(result, DocumentError)]
    assert wrong == [17, 80]
    assert (results[17].status_code, results[17].code, results[17].retryable) == (status, "InvalidDocument", False)
    assert len(faults.sent) < 30
    with pytest.raises(InvalidRequestError):
        await client.create_embeddings("embedder", "bad")


async def test_a_filtered_text_is_found_and_named(client: Any, faults: FaultServer) -> None:
    faults.refuse = lambda texts: Status(400, body=FILTERED) if "vile" in texts else None
    results = await client.create_embeddings("embedder", ["a", "vile", "b"], throw_on_error=False)
    assert [isinstance(result, DocumentError) for result in results] == [False, True, False]
    assert results[1].code == "content_filter"
    with pytest.raises(ContentFilterError, match="content filter"):
        await client.create_embeddings("embedder", "vile")


async def test_a_request_refused_for_its_parameters_is_not_bisected(client: Any, faults: FaultServer) -> None:
    body = {"error": {"code": 400036, "message": "The target language is not valid."}}
    faults.refuse = lambda _: Status(400, body=body)
    results = await client.translate(["a"] * 100, "xx", throw_on_error=False)
    assert [result.code for result in results] == ["400036"] * 100
    assert len(faults.sent) == 1
    body = {"error": {"code": None, "param": "dimensions", "message": "This model does not support dimensions."}}
    faults.refuse = lambda _: Status(400, body=body)
    results = await client.create_embeddings("embedder", ["a"] * 100, dimensions=3, throw_on_error=False)
    assert "does not support dimensions" in results[0].message
    assert len(faults.sent) == 2


async def test_a_wait_of_days_ends_the_call_at_once(client: Any, faults: FaultServer) -> None:
    body = {"error": {"code": "403", "message": "Out of call volume quota. Please retry after 15 days."}}
    faults.refuse = lambda _: Status(403, {"Retry-After": "1296000"}, body)
    with pytest.raises(RateLimitError, match="1296000 s") as caught:
        await client.translate("x", "de")
    assert caught.value.retry_after == 1_296_000
    assert caught.value.attempts == 1
    faults.received.clear()
    results = await client.analyze_sentiment(["x"] * 1_000, throw_on_error=False)
    assert {(result.status_code, result.retryable) for result in results} == {(403, True)}
    assert len(faults.sent) < 40


async def test_after_a_429_nothing_of_that_quota_is_sent_before_the_time(facade: Any, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint, max_concurrency=4)
    faults.posts.append(Status(429, {"Retry-After": "1"}))
    records: list[RequestRecord] = []
    with observe_requests(records.append):
        await client.analyze_sentiment("x")
        refused, answered = records
        await client.analyze_sentiment(["x"] * 80)
    waited = (answered.started_at - refused.started_at).total_seconds()
    assert 1 <= waited < 3
    assert [record.status_code for record in records].count(429) == 1


async def test_another_operation_does_not_wait_for_the_quota_of_one(client: Any, faults: FaultServer) -> None:
    faults.posts.append(Status(429, {"Retry-After": "100"}))
    with pytest.raises(RateLimitError):
        await client.analyze_sentiment("x", max_attempts=1)
    assert await client.extract_key_phrases("x", timeout_ms=10_000) == ["x"]
    with pytest.raises(ServiceTimeoutError):
        await client.analyze_sentiment("x", timeout_ms=300)
    assert len(faults.sent) == 2


async def test_the_time_allowed_bounds_the_whole_call(client: Any, faults: FaultServer) -> None:
    hang = Hang()
    faults.posts.append(hang)
    started = time.monotonic()
    with pytest.raises(ServiceTimeoutError, match="timeout_ms=300"):
        await client.analyze_sentiment("x", timeout_ms=300)
    assert time.monotonic() - started < 5
    await asyncio.wait_for(hang.aborted.wait(), 5)


async def test_a_job_that_never_ends_is_given_up_in_time(client: Any, faults: FaultServer) -> None:
    faults.polls_until_done = 10_000
    with pytest.raises(ServiceTimeoutError):
        await client.summarize_abstractive("x", timeout_ms=500)


async def test_results_in_hand_survive_the_end_of_the_time(client: Any, faults: FaultServer) -> None:
    faults.posts.extend([Good(), Hang()])
    results = await client.analyze_sentiment(["x"] * 20, timeout_ms=1_500, throw_on_error=False)
    assert results.count(WELL) == 10
    late = [result for result in results if isinstance(result, DocumentError)]
    assert {(result.code, result.retryable) for result in late} == {("Timeout", True)}


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ({"status": "failed", "errors": [{"code": "InternalServerError", "message": "no"}]}, ServiceUnavailableError),
        ({"status": "failed", "errors": []}, ServiceUnavailableError),
        ({"status": "cancelled"}, ServiceResponseError),
        ({"status": "canceled"}, ServiceResponseError),
    ],
)
async def test_a_job_that_ends_badly_says_so(client: Any, faults: FaultServer, state: Any, kind: Any) -> None:
    faults.polls.append(Edit(lambda answer: {**answer, **state}))
    with pytest.raises(kind) as caught:
        await client.summarize_abstractive("x", max_attempts=1)
    assert caught.value.request_id == "job-1"


async def test_a_job_the_service_has_lost_is_started_again(client: Any, faults: FaultServer) -> None:
    faults.polls.append(Status(404, body={"error": {"code": "NotFound", "message": "no such job"}}))
    assert await client.summarize_abstractive("x") == ["x"]
    assert len(faults.sent) == 2


async def test_a_service_without_settings_says_which_to_set(facade: Any, faults: FaultServer, monkeypatch: Any) -> None:
    for name in ("AZURE_OPENAI_ENDPOINT", "AZURE_TEXT_TRANSLATION_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    client = facade.open(
        faults.endpoint, openai_endpoint=None, openai_key=None, translator_endpoint=None, translator_key=None
    )
    assert await client.analyze_sentiment("x") == WELL
    with pytest.raises(ConfigurationError, match="AZURE_OPENAI_ENDPOINT"):
        await client.create_embeddings("embedder", "x")
    with pytest.raises(ConfigurationError, match="AZURE_TEXT_TRANSLATION_ENDPOINT"):
        await client.translate("x", "de")
