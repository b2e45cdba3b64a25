"""Answers of Language that make no sense, field by field."""

from __future__ import annotations

import asyncio
import copy
import re
from typing import TYPE_CHECKING, Any

import pytest

from fix_facade import arguments
from fix_faults import Edit, Raw, Status
from pgazure import AsyncClient, ServiceResponseError, ServiceUnavailableError
from pgazure.types import DocumentError, Entity, SentimentAnalysisResult

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fix_faults import FaultServer

REQUESTS = [
    ("azure_cognitive", "analyze_sentiment"),
    ("azure_cognitive", "detect_language"),
    ("azure_cognitive", "extract_key_phrases"),
    ("azure_cognitive", "recognize_entities"),
    ("azure_cognitive", "recognize_pii_entities"),
    ("azure_cognitive", "linked_entities"),
    ("azure_language", "recognize_entities"),
    ("azure_language", "recognize_pii_entities"),
    ("azure_language", "analyze_opinions"),
]
JOBS = [
    ("azure_cognitive", "summarize_extractive"),
    ("azure_cognitive", "summarize_abstractive"),
    ("azure_language", "recognize_healthcare_entities"),
    ("azure_language", "recognize_custom_entities"),
    ("azure_language", "classify_single_label"),
    ("azure_language", "classify_multi_label"),
]
MODEL = {"project_name": "p", "deployment_name": "d"}

MISSING = object()
NONSENSE = (MISSING, None, -1, "7", [None])
NO_NUMBERS = (float("nan"), True)
# What the service leaves out where it has nothing to say.
OPTIONAL = {"bingId", "targets", "assessments", "assertion", "certainty", "links"}
OPTIONAL_IN = {("entities", "id"), ("entities", "name"), ("relations", "confidenceScore")}


@pytest.fixture
async def client(faults: FaultServer) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(**arguments(faults.endpoint, careful=False, max_concurrency=32)) as opened:
        yield opened


def walk(found: Any) -> Iterator[tuple[Any, ...]]:
    items = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for key, value in items:
        yield (key,)
        yield from ((key, *path) for path in walk(value))


def spoil(answer: Any, path: tuple[Any, ...], nonsense: Any) -> Any:
    *way, last = path
    place = answer = copy.deepcopy(answer)
    for key in way:
        place = place[key]
    if nonsense is MISSING:
        del place[last]
    else:
        place[last] = nonsense
    return answer


def look(answer: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        answer = answer[key]
    return answer


def could_be(path: tuple[Any, ...], good: Any, other: Any) -> bool:
    """Whether the service could say ``other`` where it has said ``good``: then it is another result, and no nonsense."""
    if other is MISSING and isinstance(path[-1], int):
        return True  # An answer may find less.
    if other is MISSING or other is None:
        return path[-1] in OPTIONAL or path[-3::2] in OPTIONAL_IN
    if isinstance(good, float):
        return type(other) in {int, float} and other == other  # noqa: PLR0124  NaN is no number
    if type(good) is not type(other):
        return False
    return not isinstance(good, int) or isinstance(good, bool) or other >= 0


@pytest.mark.parametrize(("schema", "operation"), REQUESTS + JOBS)
async def test_nonsense_in_any_field_is_dropped_or_does_not_matter(
    client: AsyncClient, faults: FaultServer, schema: str, operation: str
) -> None:
    job = (schema, operation) in JOBS
    options: Any = MODEL if "custom" in operation or "classify" in operation else {}
    function = getattr(getattr(client, schema), operation)
    queue = faults.polls if job else faults.posts
    faults.polls_until_done = 0
    samples: list[Any] = []
    queue.append(Edit(lambda answer: samples.append(copy.deepcopy(answer)) or answer))
    await function("case0", **options)
    cases = [
        (path, nonsense)
        for path in walk(samples[0])
        # What surrounds a job's results is the polling's business.
        if not job or path[0] == "tasks"
        for nonsense in NONSENSE + (NO_NUMBERS if type(look(samples[0], path)) in {int, float} else ())
        if not could_be(path, look(samples[0], path), nonsense)
    ]

    def spoil_its_own(answer: Any) -> Any:
        # The text tells which of the requests under way this is.
        number = re.search(r"case(\d+)", str(answer))
        assert number is not None
        return spoil(answer, *cases[int(number[1])])

    texts = [f"case{number}" for number in range(len(cases))]
    good = await function(texts, **options)
    queue.extend([Edit(spoil_its_own)] * len(cases))
    outcomes = await asyncio.gather(
        *(function(text, max_attempts=1, throw_on_error=False, **options) for text in texts)
    )
    dropped = {
        number
        for number, outcome in enumerate(outcomes)
        if isinstance(outcome, DocumentError)
        and outcome.code in {"UnreadableAnswer", "WrongDocumentIds"} | ({"JobFailed"} if job else set())
    }
    for number, outcome in enumerate(outcomes):
        assert number in dropped or outcome == good[number], cases[number]
    # Every field that makes a result is among those that were dropped.
    assert {path[-1] for path, _ in (cases[number] for number in dropped)} >= {"documents", "id", "results", "kind"}
    assert not any(path[-1] in {"modelVersion", "warnings"} for path, _ in (cases[number] for number in dropped))


@pytest.mark.parametrize("schema", ["azure_cognitive", "azure_language"])
async def test_an_empty_subcategory_is_an_empty_text(client: AsyncClient, faults: FaultServer, schema: str) -> None:
    for said, wanted in (({"subcategory": None}, ""), ({"subcategory": "Age"}, "Age"), ({}, "")):
        faults.posts.append(
            Edit(lambda answer, said=said: answer["results"]["documents"][0]["entities"][0].update(said) or answer)
        )
        (entity,) = await getattr(client, schema).recognize_entities("Ada")
        assert entity.subcategory == wanted


async def test_what_is_wrong_with_an_answer_is_said_and_nothing_of_it_repeated(
    client: AsyncClient, faults: FaultServer
) -> None:
    secret = "the secret is out"
    wrongs = {
        "there is no sentiment": lambda found: found.pop("sentiment"),
        "positive is not a number": lambda found: found["confidenceScores"].update(positive=secret),
        "confidenceScores is not an object": lambda found: found.update(confidenceScores=secret),
        "id is not a text": lambda found: found.update(id=0),
    }
    for wrong, change in wrongs.items():
        faults.posts.append(Edit(lambda answer, change=change: [change(answer["results"]["documents"][0]), answer][1]))
        with pytest.raises(ServiceResponseError, match=f"{wrong}. It is dropped") as caught:
            await client.azure_cognitive.analyze_sentiment(secret, max_attempts=1)
        assert secret not in str(caught.value)
        assert (caught.value.code, caught.value.status_code) == ("UnreadableAnswer", 200)
        assert caught.value.request_id
        assert caught.value.__suppress_context__


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"7", b"{}", b'{"kind": null}', b'{"results": []}'])
async def test_an_answer_that_is_no_result_at_all_is_dropped(
    client: AsyncClient, faults: FaultServer, body: bytes
) -> None:
    faults.posts.append(Raw(body))
    with pytest.raises(ServiceResponseError) as caught:
        await client.azure_cognitive.analyze_sentiment("good", max_attempts=1)
    assert caught.value.code == "UnreadableAnswer"
    faults.posts.append(Raw(body))
    assert await client.azure_cognitive.analyze_sentiment("good") == SentimentAnalysisResult("positive", 1.0, 0.0, 0.0)


async def test_results_of_another_kind_are_dropped(client: AsyncClient, faults: FaultServer) -> None:
    # Its documents have every field that is read.
    faults.posts.append(Edit(lambda answer: {**answer, "kind": "PiiEntityRecognitionResults"}))
    with pytest.raises(ServiceResponseError, match="kind is that of another operation"):
        await client.azure_cognitive.recognize_entities("Ada", max_attempts=1)
    assert await client.azure_cognitive.recognize_entities("Ada") == [Entity("Ada", "Person", "", 0.9)]


async def test_what_no_result_holds_is_not_read(client: AsyncClient, faults: FaultServer) -> None:
    # The SDK cannot make its objects of this: it is not given the answer.
    faults.posts.append(
        Edit(lambda answer: [answer["results"]["documents"][0].update(sentences="none"), answer][1]),
    )
    found = await client.azure_cognitive.analyze_sentiment("good", max_attempts=1)
    assert found == SentimentAnalysisResult("positive", 1.0, 0.0, 0.0)


async def test_warnings_statistics_and_fields_unheard_of_do_no_harm(client: AsyncClient, faults: FaultServer) -> None:
    def add(answer: Any) -> Any:
        answer["results"]["statistics"] = {"documentsCount": 1}
        answer["results"]["documents"][0] |= {"warnings": [{"code": "DocumentTruncated"}], "news": [{}]}
        return answer

    faults.posts.append(Edit(add))
    assert await client.azure_cognitive.extract_key_phrases("x", max_attempts=1) == ["x"]


async def test_a_document_that_failed_says_why_with_its_inner_error(client: AsyncClient, faults: FaultServer) -> None:
    secret = "a text that no message repeats"
    for error, code, message in (
        ({"code": "A", "message": "a", "innererror": {"code": "B", "message": "b"}}, "B", "b"),
        ({"code": "A", "message": "a"}, "A", "a"),
        ({"code": "A", "message": "a", "innererror": None}, "A", "a"),
        ({"message": f"bad: {secret}"}, "UnknownError", "the service refused the text"),
        ({}, "UnknownError", "the service refused the text"),
    ):

        def refuse(answer: Any, error: Any = error) -> Any:
            answer["results"] |= {"documents": [], "errors": [{"id": "0", "error": error}]}
            return answer

        faults.posts.append(Edit(refuse))
        outcome: Any = await client.azure_cognitive.analyze_sentiment(secret, throw_on_error=False)
        assert isinstance(outcome, DocumentError)
        assert (outcome.code, outcome.message) == (code, message)
        assert outcome.request_id is not None


async def test_a_job_says_why_it_failed(client: AsyncClient, faults: FaultServer) -> None:
    reason = [{"code": "InvalidRequest", "message": "no model of that name"}]
    faults.polls_until_done = 0

    def fail_task(answer: Any) -> Any:
        del answer["tasks"]["items"][0]["results"]
        return {**answer, "status": "partiallyCompleted", "errors": reason}

    for edit in (fail_task, lambda answer: {**answer, "status": "failed", "errors": reason}):
        faults.polls.append(Edit(edit))
        with pytest.raises(ServiceUnavailableError, match="no model of that name") as caught:
            await client.azure_cognitive.summarize_extractive("good", max_attempts=1)
        assert caught.value.code == "InvalidRequest"


async def test_pages_of_a_job_are_fetched_from_where_the_job_was_whatever_the_link_says(
    client: AsyncClient, faults: FaultServer
) -> None:
    faults.polls_until_done, faults.page_size = 0, 2

    def mislead(answer: Any) -> Any:
        query = answer["nextLink"].partition("?")[2].replace("&api-version=2023-04-01", "")
        return {**answer, "nextLink": f"http://elsewhere.invalid/other?{query}"}

    faults.polls.extend([Edit(mislead), Status(504, body="upstream", content_type="text/plain"), Edit(mislead)])
    texts = [f"text {number}" for number in range(5)]
    assert await client.azure_cognitive.summarize_abstractive(texts) == [[text] for text in texts]
    polls = [request for request in faults.received if request.method == "GET"]
    assert [poll.query.get("skip") for poll in polls] == [None, "2", "2", "4"]
    assert {poll.query["api-version"] for poll in polls} == {"2023-04-01"}
    assert len({poll.path for poll in polls}) == 1
