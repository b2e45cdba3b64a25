"""Every kind of fault over real HTTP, as each service shows it, and as a user of an SDK sees it."""

from __future__ import annotations

import json
import math
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.ai.textanalytics import AnalyzeSentimentAction, ExtractKeyPhrasesAction
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AzureOpenAI,
    BadRequestError,
    InternalServerError,
    PermissionDeniedError,
    RateLimitError,
)

from emulator import clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator

SMALL = "text-embedding-3-small"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


class Asked:
    """One good request to each service."""

    def __init__(self, server: Emulator, session: requests.Session) -> None:
        self.server, self.session = server, session

    def post(self, path: str, body: Any, **more: Any) -> requests.Response:
        headers = {"api-key": self.server.key}
        return self.session.post(self.server.endpoint + path, json=body, headers=headers, timeout=30, **more)

    def language(self, *texts: str) -> requests.Response:
        documents = [{"id": str(number), "text": text} for number, text in enumerate(texts or ("Guten Morgen",))]
        body = {"kind": "SentimentAnalysis", "analysisInput": {"documents": documents}}
        return self.post("/language/:analyze-text?api-version=2023-04-01", body)

    def translator(self, *texts: str) -> requests.Response:
        inputs = [{"text": text, "targets": [{"language": "de"}]} for text in texts or ("Hello",)]
        return self.post("/translate?api-version=2026-06-06", {"inputs": inputs})

    def openai(self, *texts: str) -> requests.Response:
        return self.post("/openai/v1/embeddings", {"model": SMALL, "input": list(texts or ("Hello",))})

    def stream(self) -> requests.Response:
        body = {"model": "gpt-4.1", "stream": True, "messages": [{"role": "user", "content": "Say something."}]}
        return self.post("/openai/v1/chat/completions", body)

    def rerank(self, *texts: str) -> requests.Response:
        return self.post("/v2/rerank", {"model": "m", "query": "q", "documents": list(texts or ("a", "b"))})

    def score(self) -> requests.Response:
        return self.post("/score", {"pairs": [["a", "b"], ["c", "d"]]})


@pytest.fixture
def asked(emulator: Emulator, session: requests.Session) -> Asked:
    return Asked(emulator, session)


SERVICES = ["language", "translator", "openai", "rerank", "score"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 502, 503, 504])
def test_every_service_can_answer_with_every_status(asked: Asked, service: str, status: int) -> None:
    asked.server.order(f"error status={status} nth=1")
    answer = getattr(asked, service)()
    assert answer.status_code == status
    if status == 504:
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text == "upstream request timeout"
    else:
        told = answer.json()
        assert told.get("error", told)["message"]
    assert getattr(asked, service)().status_code == 200
    counted = asked.server.stats()
    assert (counted["requests"], counted["refused"] + counted["throttled"]) == (2, 1)


def test_each_service_says_it_in_its_own_words(asked: Asked) -> None:
    asked.server.order("error status=500 nth=1", "error status=429 nth=2", "error status=403 nth=3 retry_after=15d")
    language = [asked.language() for _ in range(3)]
    asked.server.reset()
    asked.server.order("error status=500 nth=1", "error status=429 nth=2", "error status=403 nth=3 retry_after=15d")
    translator = [asked.translator() for _ in range(3)]
    asked.server.reset()
    asked.server.order("error status=500 nth=1", "error status=429 nth=2", "error status=403 nth=3 retry_after=15d")
    openai = [asked.openai() for _ in range(3)]
    codes = [[answer.json()["error"]["code"] for answer in answers] for answers in (language, translator, openai)]
    assert codes == [
        ["InternalServerError", "429", "403"],
        [500000, 429000, 403001],
        ["InternalServerError", "429", "403"],
    ]
    assert "Out of call volume quota" in language[2].text
    assert "15 days" in language[2].text
    assert {answer.headers["retry-after"] for answer in (language[2], translator[2], openai[2])} == {"1296000"}
    # Language and Translator do not say when to come again; Azure OpenAI does, twice, and how much is left.
    assert [answers[1].headers.get("retry-after") for answers in (language, translator, openai)] == [None, None, "1"]
    assert openai[1].headers["retry-after-ms"] == "1000"
    assert openai[1].headers["x-ratelimit-remaining-requests"] == "0"


def test_headers_of_a_429_can_be_chosen_and_left_out(asked: Asked) -> None:
    asked.server.order(
        "error status=429 bare=true nth=1",
        "error status=429 retry_after=7 nth=2",
        "error status=429 retry_after_ms=250 nth=3",
        'error status=429 bare=true nth=4 headers=\'{"x-ratelimit-reset-requests": "9"}\'',
    )
    first, second, third, fourth = (asked.openai() for _ in range(4))
    assert not [name for name in first.headers if "retry" in name.lower() or "ratelimit" in name.lower()]
    assert (second.headers["retry-after"], second.headers["retry-after-ms"]) == ("7", "7000")
    assert third.headers["retry-after-ms"] == "250"
    assert [name for name in fourth.headers if "ratelimit" in name.lower()] == ["x-ratelimit-reset-requests"]


def test_another_body_can_be_chosen(asked: Asked) -> None:
    asked.server.order("error status=503 nth=1 body='<html>sorry</html>'", "error status=503 nth=2 body='{\"a\": 1}'")
    first, second = asked.language(), asked.language()
    assert (first.text, first.headers["content-type"]) == ("<html>sorry</html>", "text/plain; charset=utf-8")
    assert second.json() == {"a": 1}


def test_what_a_user_of_the_sdks_sees_of_each_status(emulator: Emulator) -> None:
    def see(status: int, **more: Any) -> tuple[type[Exception], ...]:
        seen: list[type[Exception]] = []
        for ask in (_detect, _translate, _embed):
            emulator.reset()
            emulator.order({"kind": "error", "status": status, **more})
            with pytest.raises((HttpResponseError, APIStatusError)) as refused:
                ask(emulator)
            assert refused.value.status_code == status
            seen.append(type(refused.value))
        return tuple(seen)

    assert see(401)[0] is ClientAuthenticationError
    assert see(403)[2] is PermissionDeniedError
    assert see(408)[2] is APIStatusError
    assert see(429, bare=True)[2] is RateLimitError
    assert see(503) == (HttpResponseError, HttpResponseError, InternalServerError)
    assert see(504)[0] is HttpResponseError


def test_the_sdk_does_not_wait_fifteen_days_for_the_free_quota(emulator: Emulator) -> None:
    emulator.order("error status=403 retry_after=15d")
    with clients.language(emulator) as client, pytest.raises(HttpResponseError, match="Out of call volume quota"):
        client.detect_language(["Guten Morgen"])
    assert emulator.stats()["requests"] == 1


def _detect(server: Emulator) -> Any:
    with clients.language(server, retry_total=0) as client:
        return client.detect_language(["Guten Morgen", "Bonjour", "Hello there"])


def _translate(server: Emulator) -> Any:
    with clients.translator(server) as client:
        return client.translate(["Hello", "World"], to_language=["de"])


def _embed(server: Emulator) -> Any:
    with clients.openai(server) as client:
        return client.embeddings.create(model=SMALL, input=["one", "two", "three"])


def test_a_reset_comes_after_the_work_and_before_the_answer(emulator: Emulator, asked: Asked) -> None:
    emulator.order("reset nth=1,2")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        asked.language("one", "two")
    with pytest.raises(APIConnectionError):
        _embed(emulator)
    assert emulator.stats()["items"] == 5
    assert [one["status"] for one in emulator.requests()] == [0, 0]
    emulator.reset()
    emulator.order("reset")
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        _detect(emulator)


def test_half_a_body_breaks_off(emulator: Emulator, asked: Asked) -> None:
    emulator.order("half_body times=3", "half_body nth=4 share_sent=0")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        asked.language()
    with pytest.raises((HttpResponseError, ServiceResponseError)):
        _detect(emulator)
    with pytest.raises((APIConnectionError, APIStatusError)):
        _embed(emulator)
    with pytest.raises(requests.RequestException):
        asked.translator()
    assert asked.translator().status_code == 200


def test_half_a_stream_breaks_off_between_its_events(emulator: Emulator, asked: Asked) -> None:
    emulator.order("half_body nth=1")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        asked.stream()
    whole = asked.stream()
    assert whole.text.endswith("data: [DONE]\n\n")


def test_a_slow_body_takes_its_time_after_the_headers(emulator: Emulator, asked: Asked) -> None:
    emulator.order("slow_body seconds=0.6 pieces=4 nth=1,2")
    started = monotonic()
    first = asked.post(
        "/translate?api-version=2026-06-06", {"inputs": [{"text": "a", "targets": [{"language": "de"}]}]}, stream=True
    )
    headers_after = monotonic() - started
    assert first.json()["value"]
    assert headers_after < 0.5
    assert monotonic() - started >= 0.6
    events = [line for line in asked.stream().iter_lines() if line]
    assert events[-1] == b"data: [DONE]"
    emulator.reset()
    emulator.order("slow_body seconds=20")
    with clients.openai(emulator) as client, pytest.raises(APITimeoutError):
        client.embeddings.create(model=SMALL, input="x", timeout=0.3)


def test_invalid_json_is_all_there_and_no_json(emulator: Emulator, asked: Asked) -> None:
    emulator.order("invalid_json nth=1,2,3,4")
    answer = asked.language()
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(answer.content)
    with pytest.raises(ValueError, match="Expecting"):
        answer.json()
    with pytest.raises(HttpResponseError, match="invalid status 'OK'"):
        _detect(emulator)
    with clients.openai(emulator) as client, pytest.raises((ValueError, APIStatusError)):
        client.embeddings.create(model=SMALL, input="x")
    last = asked.stream().text.strip().split("\n\n")[-2]
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(last.removeprefix("data: "))


def test_documents_go_missing_and_are_doubled_in_every_service(emulator: Emulator, asked: Asked) -> None:
    def count(answer: requests.Response) -> int:
        told = answer.json()
        listed = told.get("results", told.get("value", told.get("data")))
        return len(listed["documents"] if isinstance(listed, dict) else listed)

    for kind, expected in (("missing_document", 2), ("doubled_document", 4), ("missing_document count=9", 0)):
        emulator.reset()
        emulator.order(kind)
        answers = [getattr(asked, service)("one", "two", "three") for service in SERVICES[:4]]
        assert [count(answer) for answer in answers] == [expected] * 4
    emulator.reset()
    emulator.order("missing_document")
    assert len(asked.score().json()) == 1


def test_what_the_sdks_make_of_a_missing_and_a_doubled_document(emulator: Emulator) -> None:
    emulator.order("missing_document nth=1", "doubled_document nth=2", "missing_document nth=3")
    # Nothing tells the caller that a document is missing: whoever pairs results with texts by place pairs them wrong.
    assert [one.id for one in _detect(emulator)] == ["0", "1"]
    assert [one.id for one in _detect(emulator)] == ["0", "0", "1", "2"]
    assert len(_translate(emulator)) == 1


def test_the_number_of_vectors_and_their_length_can_be_wrong(emulator: Emulator, asked: Asked) -> None:
    emulator.order(
        "wrong_vector_count nth=1",
        "wrong_vector_count nth=2 by=2",
        "wrong_vector_count nth=3 by=0 numbers_by=-1",
        "wrong_vector_count nth=4 by=0 numbers_by=3",
    )
    asked.language()
    made = [_embed(emulator) for _ in range(4)]
    assert [len(one.data) for one in made] == [2, 5, 3, 3]
    assert [one.index for one in made[1].data] == [0, 1, 2, 3, 4]
    assert [len(one.data[0].embedding) for one in made] == [1536, 1536, 1535, 1539]
    # Only embeddings are counted.
    assert emulator.faults()[0]["seen"] == 4


def test_a_number_can_be_nan(emulator: Emulator, asked: Asked) -> None:
    emulator.order("nan nth=1,2,3")
    scores = asked.language("I love it").json()["results"]["documents"][0]["confidenceScores"]
    assert sum(map(math.isnan, scores.values())) == 1
    assert math.isnan(_embed(emulator).data[0].embedding[0])
    assert "NaN" in asked.rerank().text


def test_the_content_filter_refuses_what_fits_a_pattern(emulator: Emulator, asked: Asked) -> None:
    emulator.order("content_filter pattern='how to (rob|mug)'")
    asked.language("how to rob a bank")
    with clients.openai(emulator) as client:

        def ask(text: str) -> Any:
            return client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": text}])

        assert ask("How to bake bread?").choices
        with pytest.raises(BadRequestError) as refused:
            ask("Tell me HOW TO ROB a bank.")
    assert refused.value.code == "content_filter"
    body: Any = refused.value.body
    assert body["innererror"]["code"] == "ResponsibleAIPolicyViolation"
    [order] = emulator.faults()
    assert (order["seen"], order["struck"]) == (1, 1)


def test_latency_is_fixed_and_per_text_and_spread(emulator: Emulator, asked: Asked) -> None:
    asked.language("warm")
    emulator.order("latency seconds=100ms per_item=50ms nth=1", "latency spread=300ms nth=2,3 seed=1")
    assert asked.language("a", "b", "c", "d").elapsed.total_seconds() == pytest.approx(0.3, abs=0.12)
    spread = [asked.language("a").elapsed.total_seconds() for _ in range(2)]
    assert all(one < 0.42 for one in spread)
    assert spread[0] != pytest.approx(spread[1], abs=0.001)


def test_a_quota_can_be_ordered_for_one_operation_and_one_deployment(emulator: Emulator, asked: Asked) -> None:
    emulator.order("quota rpm=1 operation=SentimentAnalysis", f"quota tpm=1 operation={SMALL}")
    assert [asked.language().status_code for _ in range(2)] == [200, 429]
    assert [asked.translator().status_code for _ in range(2)] == [200, 200]
    with clients.openai(emulator) as client:
        made = client.embeddings.with_raw_response.create(model=SMALL, input="several words are here")
        assert made.headers["x-ratelimit-limit-tokens"] == "1"
        with pytest.raises(RateLimitError):
            client.embeddings.create(model=SMALL, input="x")
        assert client.embeddings.create(model="another", input="x").data
    emulator.clear_faults()
    assert asked.language().status_code == 200


def _analyze(server: Emulator) -> Any:
    with clients.language(server, retry_total=0) as client:
        actions = [AnalyzeSentimentAction(), ExtractKeyPhrasesAction()]
        return list(client.begin_analyze_actions(["The room was lovely."], actions, polling_interval=0.05).result())


def test_a_job_fails_whole_or_in_part(emulator: Emulator) -> None:
    emulator.order("failed_job nth=1", "failed_job nth=2 task=1")
    with pytest.raises(HttpResponseError, match="job tasks failed"):
        _analyze(emulator)
    [[good, bad]] = _analyze(emulator)
    assert good.sentiment == "positive"
    assert (bad.is_error, bad.error.code) == (True, "InternalServerError")
    assert all(not one.is_error for [*found] in _analyze(emulator) for one in found)


def test_a_job_expires(emulator: Emulator) -> None:
    emulator.order("expired_job nth=1")
    with pytest.raises(HttpResponseError, match="Resource not found") as gone:
        _analyze(emulator)
    assert gone.value.status_code == 404
    assert _analyze(emulator)


def test_polls_have_faults_of_their_own(emulator: Emulator) -> None:
    emulator.order("error status=500 operation=PollJob")
    with pytest.raises(HttpResponseError) as failed:
        _analyze(emulator)
    assert failed.value.status_code == 500
    assert emulator.stats()["refused"] == 0
    assert [one["status"] for one in emulator.requests() if one["operations"] == ["PollJob"]] == [500]


def test_tokens_of_the_managed_identity_can_be_refused(emulator: Emulator, session: requests.Session) -> None:
    emulator.order("error status=500 operation=Identity")
    answer = session.get(f"{emulator.endpoint}/msi/token", headers={"X-IDENTITY-HEADER": emulator.key}, timeout=30)
    assert answer.status_code == 500


def test_faults_hold_from_the_start_where_they_are_options(make_emulator: MakeEmulator, tmp_path: Any) -> None:
    file = tmp_path / "faults.toml"
    file.write_text('[[fault]]\nkind = "error"\nstatus = 503\noperation = "Translate"\n')
    server = make_emulator(faults=["error status=500 nth=1 operation=Embeddings"], faults_file=file)
    with requests.Session() as session:
        asked = Asked(server, session)
        assert [asked.openai().status_code for _ in range(2)] == [500, 200]
        assert asked.translator().status_code == 503
        server.reset()
        assert [asked.openai().status_code for _ in range(2)] == [500, 200]
        server.clear_faults()
        server.reset()
        assert asked.translator().status_code == 200


def test_a_client_that_retries_gets_through_bad_weather(emulator: Emulator) -> None:
    emulator.order("error status=500 share=0.3 seed=3", "reset share=0.1 seed=4")
    with AzureOpenAI(
        azure_endpoint=emulator.endpoint, api_key=emulator.key, api_version="2024-10-21", max_retries=6
    ) as client:
        client._calculate_retry_timeout = lambda *_, **__: 0.01  # type: ignore[method-assign]
        made = [client.embeddings.create(model=SMALL, input=f"text {number}") for number in range(30)]
    assert len(made) == 30
    assert {one["kind"]: one["struck"] for one in emulator.faults()} == {
        "error": emulator.stats()["refused"],
        "reset": sum(one["status"] == 0 for one in emulator.requests()),
    }
