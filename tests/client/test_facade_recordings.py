"""The facade reads what the real services have answered."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fix_faults import Edit, Status
from pgazure.errors import AuthenticationError, InvalidRequestError, ServiceError
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fix_facade import Facade
    from fix_faults import FaultServer

FOLDER = os.environ.get("PGAZURE_RECORDINGS", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="PGAZURE_RECORDINGS names no folder of recorded answers")

KINDS = {
    "SentimentAnalysis": "analyze_sentiment",
    "LanguageDetection": "detect_language",
    "KeyPhraseExtraction": "extract_key_phrases",
    "EntityRecognition": "recognize_entities",
    "PiiEntityRecognition": "recognize_pii_entities",
}


def exchanges(service: str, path_end: str) -> Iterator[tuple[Any, Any]]:
    """Give the recorded requests and answers of one route."""
    for file in sorted(Path(FOLDER, service).glob("*.json")):
        for exchange in json.loads(file.read_text())["exchanges"]:
            request = exchange["request"]
            if request["method"] == "POST" and request["path"].endswith(path_end) and isinstance(request["json"], dict):
                yield request["json"], exchange["response"]


def expect(kind: str, found: Any) -> Any:
    """What the facade makes of a recorded document, as plain data."""
    entities = [
        (e["text"], e["category"], e.get("subcategory", ""), e["confidenceScore"]) for e in found.get("entities", [])
    ]
    if kind == "SentimentAnalysis":
        scores = found["confidenceScores"]
        return (found["sentiment"], scores["positive"], scores["neutral"], scores["negative"])
    if kind == "LanguageDetection":
        language = found["detectedLanguage"]
        return (language["name"], language["iso6391Name"], language["confidenceScore"])
    if kind == "KeyPhraseExtraction":
        return found["keyPhrases"]
    return (found["redactedText"], entities) if kind == "PiiEntityRecognition" else entities


def plain(kind: str, result: Any) -> Any:
    def row(entity: Any) -> Any:
        return (entity.text, entity.category, entity.subcategory, entity.confidence_score)

    if kind == "KeyPhraseExtraction":
        return result
    if kind == "EntityRecognition":
        return [row(entity) for entity in result]
    if kind == "PiiEntityRecognition":
        return (result.redacted_text, [row(entity) for entity in result.entities])
    names = ("sentiment", "positive_score", "neutral_score", "negative_score")
    if kind == "LanguageDetection":
        names = ("name", "iso6391_name", "confidence_score")
    return tuple(getattr(result, name) for name in names)


@pytest.mark.parametrize("facade", ["async"], indirect=True)
@pytest.mark.parametrize("kind", KINDS)
async def test_every_recorded_language_answer_is_read(facade: Facade, faults: FaultServer, kind: str) -> None:
    client = facade.open(faults.endpoint)
    read = 0
    for request, response in exchanges("language", "/language/:analyze-text"):
        documents = request["analysisInput"]["documents"]
        texts = [document["text"] for document in documents]
        if request["kind"] != kind or response["status"] != 200 or not any(texts):
            continue
        if max(map(len, texts)) > 5_120:
            continue  # Such a text is cut, and the recorded refusal never met.
        # Empty texts are not sent, and what is sent gets ids of its own.
        sent = [document["id"] for document in documents if document["text"]]

        def play(_: Any, answer: Any = response["json"], sent: list[str] = sent) -> Any:
            places = {name: str(place) for place, name in enumerate(sent)}
            results = dict(answer["results"])
            for part in ("documents", "errors"):
                results[part] = [{**d, "id": places[d["id"]]} for d in results[part] if d["id"] in places]
            return {**answer, "results": results}

        faults.posts.append(Edit(play))
        results = await getattr(client, KINDS[kind])(texts, max_attempts=1, throw_on_error=False)
        answered = {document["id"]: document for document in response["json"]["results"]["documents"]}
        refused = {document["id"]: document["error"] for document in response["json"]["results"]["errors"]}
        for document, result in zip(documents, results, strict=True):
            if isinstance(result, DocumentError):
                fault = refused[document["id"]]
                assert result.code == fault.get("innererror", fault)["code"]
            else:
                assert plain(kind, result) == expect(kind, answered[document["id"]])
        read += 1
    assert read > 10


@pytest.mark.parametrize("facade", ["async"], indirect=True)
async def test_every_recorded_refusal_becomes_the_right_error(facade: Facade, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint)
    refusals = 0
    for request, response in exchanges("language", "/language/:analyze-text"):
        if request["kind"] not in KINDS or response["status"] == 200:
            continue
        faults.posts.append(Status(response["status"], body=response["json"]))
        with pytest.raises(ServiceError) as caught:
            await getattr(client, KINDS[request["kind"]])("a text", max_attempts=1)
        assert type(caught.value) is {400: InvalidRequestError, 401: AuthenticationError}[response["status"]]
        error = response["json"]["error"]
        assert caught.value.code == str(error.get("innererror", error)["code"])
        refusals += 1
    assert refusals > 20


@pytest.mark.parametrize("facade", ["async"], indirect=True)
async def test_every_recorded_translation_of_the_current_api_is_read(facade: Facade, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint)
    read = 0
    for request, response in exchanges("translator", "/translate"):
        if "inputs" not in request or response["status"] != 200:
            continue
        inputs = request["inputs"]
        targets = inputs[0]["targets"]
        if any(item["targets"] != targets for item in inputs):
            continue
        faults.posts.append(Edit(lambda _, answer=response["json"]: answer))
        results = await client.translate(
            [item["text"] for item in inputs], [target["language"] for target in targets], max_attempts=1
        )
        for result, recorded in zip(results, response["json"]["value"], strict=True):
            assert [(t.target_language, t.text) for t in result.translations] == [
                (t["language"], t["text"]) for t in recorded["translations"]
            ]
            detected = recorded.get("detectedLanguage")
            assert (result.detected_language and result.detected_language.language) == (
                detected and detected["language"]
            )
        read += 1
    assert read > 3


@pytest.mark.parametrize("facade", ["async"], indirect=True)
async def test_every_recorded_vector_is_read(facade: Facade, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint)
    read = 0
    for request, response in exchanges("openai", "/embeddings"):
        if response["status"] != 200:
            continue
        texts = [request["input"]] if isinstance(request["input"], str) else request["input"]
        faults.posts.append(Edit(lambda _, answer=response["json"]: answer))
        vectors = await client.create_embeddings("embedder", texts, max_attempts=1)
        for vector, recorded in zip(vectors, response["json"]["data"], strict=True):
            assert vector.dtype.name == "float32"
            if isinstance(recorded["embedding"], list):
                assert vector.tolist() == pytest.approx(recorded["embedding"], rel=1e-5)
            else:
                assert len(vector) == len(recorded["embedding"]) * 6 // 32
        read += 1
    assert read > 1
