"""Text Analytics v3.0 and v3.1: the official client works unchanged on their paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.ai.textanalytics import (
    AnalyzeSentimentAction,
    ExtractKeyPhrasesAction,
    RecognizeEntitiesAction,
    RecognizeLinkedEntitiesAction,
    RecognizePiiEntitiesAction,
)
from azure.core.exceptions import HttpResponseError

from emulator import clients

if TYPE_CHECKING:
    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator

FOUNDED = "Microsoft was founded by Bill Gates and Paul Allen"
MAIL = "Write to jane@example.com"


def post(server: Emulator, path: str, body: Any, **query: str) -> requests.Response:
    url = f"{server.endpoint}/text/analytics/{path}"
    return requests.post(url, params=query, json=body, headers={"api-key": server.key}, timeout=30)


def one(text: str, **more: str) -> dict[str, Any]:
    return {"documents": [{"id": "1", "text": text, **more}]}


@pytest.mark.parametrize("version", ["v3.0", "v3.1"])
def test_the_client_gets_every_analysis_of_both_versions(emulator: Emulator, version: str) -> None:
    with clients.language(emulator, api_version=version) as client:
        assert client.analyze_sentiment(["The room was lovely."])[0].sentiment == "positive"
        assert client.detect_language(["Das ist ein Haus."])[0].primary_language.iso6391_name == "de"
        assert "Bill Gates" in client.extract_key_phrases([FOUNDED])[0].key_phrases
        assert client.recognize_entities([FOUNDED])[0].entities[0].category == "Organization"
        (linked,) = client.recognize_linked_entities([FOUNDED])
        assert (linked.entities[0].bing_entity_search_api_id is None) == (version == "v3.0")


def test_opinions_and_personal_data_came_with_the_second(emulator: Emulator) -> None:
    with clients.language(emulator, api_version="v3.1") as client:
        (judged,) = client.analyze_sentiment(["The food was great."], show_opinion_mining=True)
        assert judged.sentences[0].mined_opinions[0].assessments[0].text == "great"
        (found,) = client.recognize_pii_entities([MAIL], categories_filter=["Email"])
        assert found.redacted_text == "Write to ****************"
    assert post(emulator, "v3.0/entities/recognition/pii", one(MAIL)).status_code == requests.codes.not_found
    asked = post(emulator, "v3.0/sentiment", one("The food was great."), opinionMining="true").json()
    assert "targets" not in asked["documents"][0]["sentences"][0]


def test_answers_have_no_envelope_and_errors_stand_beside_the_documents(emulator: Emulator) -> None:
    body = {"documents": [{"id": "b", "text": ""}, {"id": "a", "text": "Fine.", "language": "en"}]}
    answer = post(emulator, "v3.1/sentiment", body, showStats="true")
    assert list(answer.json()) == ["statistics", "documents", "errors", "modelVersion"]
    assert answer.headers["Transfer-Encoding"] == "chunked"
    (error,) = answer.json()["errors"]
    assert (error["id"], error["error"]["message"]) == ("b", "Invalid document in request.")
    assert answer.json()["statistics"]["erroneousDocumentsCount"] == 1


def test_options_stand_in_the_query(emulator: Emulator) -> None:
    answer = post(emulator, "v3.1/entities/recognition/general", one("🙂 Microsoft"), stringIndexType="TextElement_v8")
    assert answer.json()["documents"][0]["entities"][0]["offset"] == 2
    wide = post(emulator, "v3.1/entities/recognition/general", one("🙂 Microsoft"), stringIndexType="Utf16CodeUnit")
    assert wide.json()["documents"][0]["entities"][0]["offset"] == 3
    model = post(emulator, "v3.1/sentiment", one("Fine."), **{"model-version": "2019-10-01"}).json()
    assert model["modelVersion"] == "2019-10-01"
    wrong = post(emulator, "v3.1/sentiment", one("Fine."), **{"model-version": "bad"}).json()["error"]
    assert wrong["innererror"]["code"] == "ModelVersionIncorrect"


def test_a_job_has_its_tasks_by_kind_and_pages(emulator: Emulator) -> None:
    texts = [f"{FOUNDED} in year {number}" for number in range(23)]
    actions = [
        RecognizeEntitiesAction(),
        ExtractKeyPhrasesAction(),
        RecognizePiiEntitiesAction(),
        RecognizeLinkedEntitiesAction(),
        AnalyzeSentimentAction(),
    ]
    with clients.language(emulator, api_version="v3.1") as client:
        poller = client.begin_analyze_actions(texts, actions, show_stats=True, polling_interval=0.01)
        pages = list(poller.result())
    assert len(pages) == len(texts)
    kinds = [[result.kind for result in page] for page in pages]
    assert kinds[0] == kinds[-1]
    assert kinds[0] == ["EntityRecognition", "KeyPhraseExtraction", "PiiEntityRecognition", "EntityLinking",
                        "SentimentAnalysis"]  # fmt: skip
    assert [page[0].id for page in pages] == [str(number) for number in range(23)]


def test_a_task_without_a_name_gets_the_services(emulator: Emulator) -> None:
    body = {"analysisInput": one("Fine.", language="en"), "tasks": {"entityRecognitionTasks": [{}]}}
    place = post(emulator, "v3.1/analyze", body).headers["operation-location"]
    assert place.startswith(f"{emulator.endpoint}/text/analytics/v3.1/analyze/jobs/")
    assert "?" not in place
    job = clients.finish(emulator, place)
    (task,) = job["tasks"]["entityRecognitionTasks"]
    assert (task["taskName"], task["state"], job["displayName"]) == ("NamedEntityRecognition_latest", "succeeded", "NA")


def test_health_texts_are_a_job_of_their_own(emulator: Emulator) -> None:
    with clients.language(emulator, api_version="v3.1") as client:
        poller = client.begin_analyze_healthcare_entities(
            ["Prescribed 100mg ibuprofen, taken twice daily.", ""], polling_interval=0.01
        )
        read, failed = poller.result()
    assert {entity.category for entity in read.entities} == {"Dosage", "MedicationName", "Frequency"}
    assert {relation.relation_type for relation in read.entity_relations} == {
        "DosageOfMedication",
        "FrequencyOfMedication",
    }
    assert failed.error.code == "InvalidDocument"


def test_a_health_job_is_cancelled_by_deleting_it(make_emulator: MakeEmulator) -> None:
    server = make_emulator(job_time=60)
    with clients.language(server, api_version="v3.1") as client:
        poller = client.begin_analyze_healthcare_entities(["No cough."], polling_interval=0.01)
        poller.cancel(polling_interval=0.01)
    place = f"{server.endpoint}/text/analytics/v3.1/entities/health/jobs/{poller.id}"
    job = requests.get(place, headers={"api-key": server.key}, timeout=30).json()
    assert job["status"] == "cancelled"
    assert "results" not in job
    again = requests.delete(place, headers={"api-key": server.key}, timeout=30)
    assert again.json()["error"]["message"].endswith("as its already completed.")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("v3.1/sentiment", {"documents": []}, "MissingInputDocuments"),
        ("v3.1/sentiment", [], "InvalidRequestBodyFormat"),
        ("v3.1/entities/health/jobs", {"documents": [{"id": str(n), "text": "x"} for n in range(11)]}, "InvalidDocumentBatch"),
        ("v3.1/analyze", {"analysisInput": one("x"), "tasks": {}}, "InvalidParameterValue"),
        ("v3.1/analyze", {"analysisInput": one("x"), "tasks": []}, "InvalidParameterValue"),
        ("v3.1/analyze", {"tasks": {"sentimentAnalysisTasks": [{}]}}, "MissingInputDocuments"),
    ],
)  # fmt: skip
def test_a_request_that_makes_no_sense_is_refused(emulator: Emulator, path: str, body: Any, code: str) -> None:
    answer = post(emulator, path, body)
    assert answer.status_code == requests.codes.bad_request
    assert answer.json()["error"]["innererror"]["code"] == code


def test_too_many_documents_are_refused_as_the_client_expects(emulator: Emulator) -> None:
    with clients.language(emulator, api_version="v3.1") as client, pytest.raises(HttpResponseError) as refused:
        client.recognize_entities(["x"] * 6)
    assert "(InvalidDocumentBatch)" in refused.value.message
