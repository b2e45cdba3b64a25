"""No request is over a limit of its service, whatever the texts, and nothing of them is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgazure.client.azure_openai import AsyncAzureOpenAI
from pgazure.client.execution import Executor
from pgazure.client.operations import language_operation, translation_operation, transliteration_operation
from pgazure.flow.retry import RetryPolicy
from pgazure.flow.tokens import count_tokens
from pgazure.services.exchange import Answer, Document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.client.execution import Operation
    from pgazure.flow.splitting import Part

# Letters of one byte and of many, escaped and not, of one code point and of seventeen; borders and none.
UNITS = [
    "a",
    "word ",
    "Satz. ",
    "é",
    "e\u0301",
    "\\",
    '"',
    "\n\n",
    "😀",
    "👩‍👩‍👧‍👧",
    "z" + "\u0335" * 16,
    "한글 ",
    "\x01",
]
stretches = st.tuples(st.sampled_from(UNITS), st.integers(1, 2_500)).map(lambda pair: pair[0] * pair[1])
texts = st.lists(stretches, min_size=1, max_size=4).map("".join)
quick = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


class Service:
    endpoint = "https://example.org"


class Requests:
    """Takes what would be sent."""

    def __init__(self) -> None:
        self.sent: list[list[Document]] = []

    async def send(self, documents: Sequence[Document]) -> Answer[str]:
        self.sent.append(list(documents))
        return Answer([document.text for document in documents])


def join(parts: Sequence[Part], results: Sequence[str]) -> str:
    return "".join(part.lead + text + part.trail for part, text in zip(parts, results, strict=True))


def graphemes(text: str) -> int:
    return len(regex.findall(r"\X", text))


async def run(operation: Operation[Any], given: list[str]) -> list[Any]:
    from pgazure.client.execution import Call

    executor = Executor(RetryPolicy(), 1)
    return await executor.run(
        operation, given, None, Call(2_000, None, throw_on_error=False, max_attempts=None, retry_delay_ms=None)
    )


def check_language(requests: Requests, *, items: int, each: int, total: int | None) -> None:
    for request in requests.sent:
        assert len(request) <= items
        assert all(graphemes(d.text) <= each for d in request)
        assert total is None or sum(graphemes(d.text) for d in request) <= total
        body = json.dumps([{"id": str(n), "text": d.text, "language": "zh-Hans"} for n, d in enumerate(request)])
        assert len(body) <= 1_000_000


@pytest.mark.parametrize("items", [5, 10, 1_000])
@quick
@given(given=st.lists(texts, min_size=1, max_size=12))
async def test_a_request_to_language_is_within_its_limits(items: int, given: list[str]) -> None:
    requests = Requests()
    service: Any = Service()
    operation = language_operation(service, "any", requests.send, join, items=items)
    results = await run(operation, given)
    check_language(requests, items=items, each=5_120, total=None)
    assert [r for r, t in zip(results, given, strict=True) if t.strip()] == [t for t in given if t.strip()]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(given=st.lists(st.tuples(texts, st.integers(1, 9)).map(lambda pair: pair[0] * pair[1]), min_size=1, max_size=6))
async def test_a_job_of_language_is_within_its_limits(given: list[str]) -> None:
    requests = Requests()
    service: Any = Service()
    operation = language_operation(service, "any", requests.send, join, items=25, job=True)
    results = await run(operation, given)
    check_language(requests, items=25, each=125_000, total=125_000)
    assert [r for r, t in zip(results, given, strict=True) if t.strip()] == [t for t in given if t.strip()]


@pytest.mark.parametrize(
    "given",
    [
        ["a" * 124_999, "b", "c"],
        ["word " * 25_600, "é" * 60_000, "Satz. " * 11_000],
        ["b. " * 100_000, "e\u0301" * 126_000],
        [f"{n} " * 2_500 for n in range(60)],
    ],
)
async def test_a_job_of_language_holds_no_more_than_it_may_in_all(given: list[str]) -> None:
    requests = Requests()
    service: Any = Service()
    operation = language_operation(service, "any", requests.send, join, items=25, job=True)
    assert await run(operation, given) == given
    assert len(requests.sent) > 1
    check_language(requests, items=25, each=125_000, total=125_000)


async def test_a_text_of_few_letters_and_many_bytes_is_cut_too() -> None:
    service: Any = Service()
    for job, text in ((True, "😀" * 120_000), (False, ("z" + "\u0335" * 40) * 5_000)):
        requests = Requests()
        operation = language_operation(service, "any", requests.send, join, items=25, job=job)
        assert await run(operation, [text]) == [text]
        assert len(requests.sent) > 1
        check_language(requests, items=25, each=125_000 if job else 5_120, total=125_000)


@pytest.mark.parametrize("targets", [1, 2, 7])
@quick
@given(given=st.lists(texts, min_size=1, max_size=12))
async def test_a_translation_counts_characters_for_each_target(targets: int, given: list[str]) -> None:
    from pgazure.types import TranslatedTextResult, Translation

    requests = Requests()

    async def send(documents: Sequence[Document]) -> Answer[TranslatedTextResult]:
        answer = await requests.send(documents)
        return Answer([TranslatedTextResult([Translation("de", str(text))]) for text in answer.results])

    service: Any = Service()
    results = await run(translation_operation(service, send, targets=targets, html=False), given)
    for request in requests.sent:
        assert len(request) <= 1_000
        assert sum(len(d.text) for d in request) * targets <= 50_000
    done = [r.translations[0].text for r, t in zip(results, given, strict=True) if t.strip()]
    assert done == [t for t in given if t.strip()]


@quick
@given(given=st.lists(texts, min_size=1, max_size=12))
async def test_a_transliteration_is_within_its_limits(given: list[str]) -> None:
    from pgazure.types import TransliteratedText

    requests = Requests()

    async def send(documents: Sequence[Document]) -> Answer[TransliteratedText]:
        answer = await requests.send(documents)
        return Answer([TransliteratedText("Latn", str(text)) for text in answer.results])

    service: Any = Service()
    results = await run(transliteration_operation(service, send), given)
    for request in requests.sent:
        assert len(request) <= 10
        assert all(len(d.text) <= 1_000 for d in request)
        assert sum(len(d.text) for d in request) <= 5_000
    assert [r.text for r, t in zip(results, given, strict=True) if t.strip()] == [t for t in given if t.strip()]


many_tokens = st.integers(1, 2_000).map(lambda count: "\U00013000" * count)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    given=st.lists(texts | many_tokens, min_size=1, max_size=60),
    heavy=st.sampled_from(["\U00013000" * 2_000, "word " * 6_000]),
    full=st.integers(0, 60),
)
async def test_a_request_for_embeddings_is_within_its_limits(given: list[str], heavy: str, full: int) -> None:
    given = [*given, *([heavy] * full)]
    sent: list[list[str]] = []

    class OpenAI:
        endpoint = "https://example.org"

        async def create_embeddings(self, documents: Sequence[Document], **_: Any) -> Answer[int]:
            sent.append([document.text for document in documents])
            return Answer([len(document.text) for document in documents])

    class Connections:
        def openai(self) -> OpenAI:
            return OpenAI()

    connections: Any = Connections()
    schema = AsyncAzureOpenAI(connections, Executor(RetryPolicy(), 1))
    model = "text-embedding-3-small"
    results = await schema.create_embeddings(model, given, batch_size=2_048, throw_on_error=False)
    tokens = {text: count_tokens(text, model) for text in given}
    for request in sent:
        assert len(request) <= 2_048
        assert all(tokens[text] <= 8_192 for text in request)
        assert sum(tokens[text] for text in request) <= 300_000
        assert len(json.dumps({"input": request}, ensure_ascii=False).encode()) <= 1_048_576
    assert [getattr(result, "code", result) for result in results] == [
        len(text) if tokens[text] <= 8_192 else "InvalidDocument" for text in given
    ]
