"""Jobs of Azure AI Language: started, polled, paged through, cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.ai.textanalytics import (
    AbstractiveSummaryAction,
    AnalyzeSentimentAction,
    ExtractiveSummaryAction,
    ExtractKeyPhrasesAction,
    RecognizeEntitiesAction,
    RecognizePiiEntitiesAction,
)
from azure.core.exceptions import HttpResponseError

from emulator import clients

if TYPE_CHECKING:
    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator

STORY = (
    "The city opened a new tram line on Monday. The tram line connects the harbour with the central station. "
    "Cats are popular pets. The mayor said that the tram line will carry thousands of passengers to the station. "
    "Tickets cost two euros."
)


def start(
    server: Emulator, *texts: str, tasks: list[Any] | None = None, version: str = "2023-04-01"
) -> requests.Response:
    documents = [{"id": str(number), "text": text, "language": "en"} for number, text in enumerate(texts)]
    chosen = tasks if tasks is not None else [{"kind": "ExtractiveSummarization", "taskName": "t"}]
    return requests.post(
        f"{server.endpoint}/language/analyze-text/jobs?api-version={version}",
        json={"analysisInput": {"documents": documents}, "tasks": chosen},
        headers={"api-key": server.key},
        timeout=30,
    )


def poll(server: Emulator, url: str) -> Any:
    return requests.get(url, headers={"api-key": server.key}, timeout=30).json()


def test_extractive_summaries_are_sentences_of_the_text_in_either_order(emulator: Emulator) -> None:
    with clients.language(emulator) as client:
        ranked = next(
            iter(
                client.begin_extract_summary(
                    [STORY], max_sentence_count=3, order_by="Rank", polling_interval=0.01
                ).result()
            )
        )
        ordered = next(
            iter(
                client.begin_extract_summary(
                    [STORY], max_sentence_count=3, order_by="Offset", polling_interval=0.01
                ).result()
            )
        )
    for one in ranked.sentences:
        assert STORY[one.offset : one.offset + one.length] == one.text
    scores = [one.rank_score for one in ranked.sentences]
    assert len(scores) == 3
    assert scores[0] == 1.0
    assert scores == sorted(scores, reverse=True)
    assert "tram line" in ranked.sentences[0].text
    assert [one.offset for one in ordered.sentences] == sorted(one.offset for one in ranked.sentences)
    assert all("Cats" not in one.text for one in ranked.sentences)


def test_abstractive_summaries_are_shorter_than_the_text(emulator: Emulator) -> None:
    with clients.language(emulator) as client:
        result = next(iter(client.begin_abstract_summary([STORY], sentence_count=2, polling_interval=0.01).result()))
    (summary,) = result.summaries
    assert len(summary.text) < len(STORY) * 0.7
    assert "tram line" in summary.text
    assert (summary.contexts[0].offset, summary.contexts[0].length) == (0, len(STORY))


async def test_the_asynchronous_client_gets_summaries(emulator: Emulator) -> None:
    async with clients.async_language(emulator) as client:
        poller = await client.begin_abstract_summary([STORY] * 22, polling_interval=0.01)
        results = [result async for result in await poller.result()]
    assert [result.id for result in results] == [str(number) for number in range(22)]


def test_a_job_may_have_several_tasks_and_more_documents_than_a_page(emulator: Emulator) -> None:
    actions = [
        RecognizeEntitiesAction(),
        RecognizePiiEntitiesAction(),
        ExtractKeyPhrasesAction(),
        AnalyzeSentimentAction(show_opinion_mining=True),
        ExtractiveSummaryAction(),
        AbstractiveSummaryAction(),
    ]
    texts = [f"Number {number}: the hotel was lovely and the staff kind." for number in range(24)] + [""]
    with clients.language(emulator) as client:
        documents = list(client.begin_analyze_actions(texts, actions, show_stats=True, polling_interval=0.01).result())
    assert len(documents) == 25
    for number, results in enumerate(documents[:24]):
        assert [result.kind for result in results] == [
            "EntityRecognition",
            "PiiEntityRecognition",
            "KeyPhraseExtraction",
            "SentimentAnalysis",
            "ExtractiveSummarization",
            "AbstractiveSummarization",
        ]
        assert {result.id for result in results} == {str(number)}
        assert results[3].sentiment == "positive"
    assert all(result.error.code == "InvalidDocument" for result in documents[24])


def test_a_job_that_takes_time_shows_how_far_it_is(make_emulator: MakeEmulator) -> None:
    server = make_emulator(job_time=0.6)
    tasks = [{"kind": kind, "taskName": kind} for kind in ("KeyPhraseExtraction", "EntityRecognition")]
    accepted = start(server, STORY, tasks=tasks)
    assert accepted.content == b""
    assert accepted.headers["Content-Length"] == "0"
    assert "Content-Type" not in accepted.headers
    seen: dict[str, tuple[int, int, int]] = {}
    while "succeeded" not in seen:
        job = poll(server, accepted.headers["operation-location"])
        counts = job["tasks"]
        seen.setdefault(job["status"], (counts["completed"], counts["inProgress"], len(counts["items"])))
    assert seen == {"notStarted": (0, 2, 0), "running": (0, 2, 0), "succeeded": (2, 0, 2)}


def test_a_job_can_be_cancelled_until_it_is_done(make_emulator: MakeEmulator) -> None:
    server = make_emulator(job_time=60)
    place = start(server, STORY).headers["operation-location"]
    cancel = place.replace("?", ":cancel?")
    accepted = requests.post(cancel, headers={"api-key": server.key}, timeout=30)
    assert (accepted.status_code, accepted.headers["operation-location"]) == (202, place)
    job = poll(server, place)
    assert job["status"] == "cancelled"
    assert job["tasks"]["items"][0]["status"] == "cancelled"
    assert job["tasks"]["items"][0]["results"] == {"documents": [], "errors": [], "modelVersion": "latest"}
    refused = requests.post(cancel, headers={"api-key": server.key}, timeout=30)
    assert refused.status_code == 400
    assert "already completed" in refused.json()["error"]["message"]


def test_limits_of_jobs_are_kept(emulator: Emulator) -> None:
    many = start(emulator, *["x"] * 26)
    assert many.status_code == 400
    assert many.json()["error"]["innererror"]["message"].endswith("Max 25 records are permitted.")
    assert start(emulator, "a" * 60_000, "b" * 65_000).status_code == 202
    large = start(emulator, "a" * 60_000, "b" * 65_001)
    assert large.status_code == 413
    assert large.json()["error"]["innererror"]["message"].endswith("Limit request size to: 125000")
    empty = start(emulator, "", " ")
    assert empty.json()["error"]["innererror"]["code"] == "InvalidDocumentBatch"


@pytest.mark.parametrize(
    "tasks",
    [
        [],
        [{"kind": "LanguageDetection"}],
        [{"kind": "Nonsense"}],
        ["text"],
        [{"kind": "ExtractiveSummarization", "parameters": {"sentenceCount": 0}}],
        [{"kind": "ExtractiveSummarization", "parameters": {"sortBy": "Length"}}],
        [{"kind": "AbstractiveSummarization", "parameters": {"sentenceCount": True}}],
    ],
)
def test_a_job_that_makes_no_sense_is_refused(emulator: Emulator, tasks: list[Any]) -> None:
    answer = start(emulator, STORY, tasks=tasks)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "InvalidRequest"


def test_the_older_version_has_no_summaries(emulator: Emulator) -> None:
    assert start(emulator, STORY, version="2022-05-01").status_code == 400


def test_the_sdk_reports_a_bad_model_version_of_a_task(emulator: Emulator) -> None:
    with clients.language(emulator) as client, pytest.raises(HttpResponseError) as refused:
        client.begin_extract_summary([STORY], model_version="bad")
    assert refused.value.status_code == 400


def test_an_unknown_job_is_not_found_and_a_wrong_key_sees_none(emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/language/analyze-text/jobs/none?api-version=2023-04-01"
    assert requests.get(url, headers={"api-key": emulator.key}, timeout=30).status_code == 404
    assert requests.get(url, headers={"api-key": "wrong"}, timeout=30).status_code == 401
