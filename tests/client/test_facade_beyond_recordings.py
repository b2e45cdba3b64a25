"""What goes beyond the extension is read as the real services have answered it, with its places."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fix_faults import Edit
from pgazure.types import DocumentError, LinkedEntity, LinkedEntityMatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fix_facade import Facade
    from fix_faults import FaultServer

FOLDER = os.environ.get("PGAZURE_RECORDINGS", "")
pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="PGAZURE_RECORDINGS names no folder of recorded answers"),
    pytest.mark.parametrize("facade", ["async"], indirect=True),
]

CUSTOM = {"project_name": "project", "deployment_name": "deployment"}
JOBS: dict[str, tuple[str, dict[str, Any]]] = {
    "Healthcare": ("recognize_healthcare_entities", {}),
    "CustomEntityRecognition": ("recognize_custom_entities", CUSTOM),
    "CustomSingleLabelClassification": ("classify_single_label", CUSTOM),
    "CustomMultiLabelClassification": ("classify_multi_label", CUSTOM),
}


def recorded(service: str) -> Iterator[list[Any]]:
    for file in sorted(Path(FOLDER, service).glob("*.json")):
        yield json.loads(file.read_text())["exchanges"]


def asked(kind: str, *, opinions: bool = False) -> Iterator[tuple[list[Any], Any]]:
    """Give the documents and the answer of each recorded request of a kind."""
    for exchange in (exchange for exchanges in recorded("language") for exchange in exchanges):
        sent, response = exchange["request"]["json"], exchange["response"]
        if not exchange["request"]["path"].endswith("/language/:analyze-text") or response["status"] != 200:
            continue
        if sent["kind"] != kind or opinions != bool((sent.get("parameters") or {}).get("opinionMining")):
            continue
        documents = sent["analysisInput"]["documents"]
        if any(d["text"] for d in documents) and max(len(d["text"]) for d in documents) <= 5_120:
            yield documents, response["json"]


def finished_jobs(kind: str) -> Iterator[tuple[list[Any], Any]]:
    """Give the documents and the last state of each recorded job with one task of a kind."""
    for exchanges in recorded("language"):
        posts = [e for e in exchanges if e["request"]["path"].endswith("/language/analyze-text/jobs")]
        if len(posts) != 1 or [t["kind"] for t in posts[0]["request"]["json"]["tasks"]] != [kind]:
            continue
        states = [e["response"]["json"] for e in exchanges if e["request"]["method"] == "GET"]
        done = [s for s in states if s and s.get("status") == "succeeded" and "nextLink" not in s]
        documents = posts[0]["request"]["json"]["analysisInput"]["documents"]
        if done and any(d["text"] for d in documents) and len(done[-1]["tasks"]["items"]) == 1:
            results = done[-1]["tasks"]["items"][0]["results"]
            if len(results["documents"]) + len(results["errors"]) == len(documents):
                yield documents, done[-1]


def renumber(results: Any, documents: list[Any]) -> Any:
    """Give the answer the ids that the facade sends: empty texts are not sent."""
    sent = [d["id"] for d in documents if d["text"]]
    places = {name: str(place) for place, name in enumerate(sent)}
    return {
        **results,
        **{
            part: [{**d, "id": places[d["id"]]} for d in results[part] if d["id"] in places]
            for part in ("documents", "errors")
        },
    }


def located(entity: Any) -> tuple[Any, ...]:
    return (entity.text, entity.category, entity.subcategory, entity.confidence_score, entity.offset, entity.length)


def expect_located(entity: Any) -> tuple[Any, ...]:
    names = ("text", "category", "subcategory", "confidenceScore", "offset", "length")
    return tuple(entity.get(name, "") for name in names)


def check_place(text: str, *things: Any) -> None:
    for thing in things:
        assert text[thing.offset : thing.offset + thing.length] == thing.text


async def test_every_recorded_linked_entity_is_read(facade: Facade, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint)
    read = 0
    for documents, answer in asked("EntityLinking"):
        faults.posts.append(Edit(lambda _, a=answer, d=documents: {**a, "results": renumber(a["results"], d)}))
        found = await client.linked_entities([d["text"] for d in documents], max_attempts=1, throw_on_error=False)
        answered = {d["id"]: d for d in answer["results"]["documents"]}
        for document, result in zip(documents, found, strict=True):
            if document["id"] not in answered:
                assert isinstance(result, DocumentError)
                continue
            assert result == [
                LinkedEntity(
                    name=e["name"],
                    data_source_entity_id=e.get("id", ""),
                    language=e["language"],
                    data_source=e["dataSource"],
                    url=e["url"],
                    matches=[LinkedEntityMatch(m["text"], m["confidenceScore"]) for m in e["matches"]],
                    bing_entity_search_api_id=e.get("bingId", ""),
                )
                for e in answered[document["id"]]["entities"]
            ]
            read += len(result)
    assert read > 30


@pytest.mark.parametrize("kind", ["EntityRecognition", "PiiEntityRecognition"])
async def test_every_recorded_entity_keeps_its_place(facade: Facade, faults: FaultServer, kind: str) -> None:
    client = facade.open(faults.endpoint)
    method = {"EntityRecognition": "recognize_entities", "PiiEntityRecognition": "recognize_pii_entities"}[kind]
    read = 0
    for documents, answer in asked(kind):
        faults.posts.append(Edit(lambda _, a=answer, d=documents: {**a, "results": renumber(a["results"], d)}))
        texts = [d["text"] for d in documents]
        found = await client.of("azure_language", method)(texts, max_attempts=1, throw_on_error=False)
        answered = {d["id"]: d for d in answer["results"]["documents"]}
        for document, result in zip(documents, found, strict=True):
            if document["id"] not in answered:
                assert isinstance(result, DocumentError)
                continue
            entities = result if kind == "EntityRecognition" else result.entities
            if kind == "PiiEntityRecognition":
                assert result.redacted_text == answered[document["id"]]["redactedText"]
            assert [located(e) for e in entities] == [expect_located(e) for e in answered[document["id"]]["entities"]]
            check_place(document["text"], *entities)
            read += len(entities)
    assert read > 30


async def test_every_recorded_opinion_finds_its_assessments(facade: Facade, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint)
    opinions = 0
    for documents, answer in asked("SentimentAnalysis", opinions=True):
        faults.posts.append(Edit(lambda _, a=answer, d=documents: {**a, "results": renumber(a["results"], d)}))
        texts = [d["text"] for d in documents]
        found = await client.of("azure_language", "analyze_opinions")(texts, max_attempts=1)
        for document, result, written in zip(documents, found, answer["results"]["documents"], strict=True):
            assert result.sentiment == written["sentiment"]
            assert len(result.sentences) == len(written["sentences"])
            for sentence, raw in zip(result.sentences, written["sentences"], strict=True):
                assert (sentence.sentiment, sentence.neutral_score) == (
                    raw["sentiment"],
                    raw["confidenceScores"]["neutral"],
                )
                check_place(document["text"], sentence, *sentence.targets)
                for target, aim in zip(sentence.targets, raw["targets"], strict=True):
                    said = [int(r["ref"].rsplit("/", 1)[1]) for r in aim["relations"]]
                    assert [(a.text, a.is_negated, a.offset) for a in target.assessments] == [
                        (
                            raw["assessments"][i]["text"],
                            raw["assessments"][i]["isNegated"],
                            raw["assessments"][i]["offset"],
                        )
                        for i in said
                    ]
                    check_place(document["text"], *target.assessments)
                    opinions += 1
    assert opinions > 3


@pytest.mark.parametrize("kind", JOBS)
async def test_every_recorded_job_is_read(facade: Facade, faults: FaultServer, kind: str) -> None:
    client = facade.open(faults.endpoint)
    method, options = JOBS[kind]
    read = 0
    for documents, state in finished_jobs(kind):
        (item,) = state["tasks"]["items"]
        ready = {
            **state,
            "tasks": {
                **state["tasks"],
                "items": [{**item, "taskName": "0", "results": renumber(item["results"], documents)}],
            },
        }
        faults.polls.append(Edit(lambda _, answer=ready: answer))
        found = await client.of("azure_language", method)(
            [d["text"] for d in documents], max_attempts=1, throw_on_error=False, **options
        )
        answered = {d["id"]: d for d in item["results"]["documents"]}
        for document, result in zip(documents, found, strict=True):
            if document["id"] not in answered:
                assert isinstance(result, DocumentError)
                continue
            check_job_result(kind, document["text"], result, answered[document["id"]])
            read += 1
    assert read > 1


def check_job_result(kind: str, text: str, result: Any, written: Any) -> None:
    if kind == "CustomSingleLabelClassification":
        (label,) = written["class"]
        assert (result.category, result.confidence_score) == (label["category"], label["confidenceScore"])
    elif kind == "CustomMultiLabelClassification":
        assert [(c.category, c.confidence_score) for c in result] == [
            (label["category"], label["confidenceScore"]) for label in written["class"]
        ]
    elif kind == "CustomEntityRecognition":
        assert [located(e) for e in result] == [expect_located(e) for e in written["entities"]]
        check_place(text, *result)
    else:
        assert [located(e) for e in result.entities] == [expect_located(e) for e in written["entities"]]
        check_place(text, *result.entities)
        for entity, raw in zip(result.entities, written["entities"], strict=True):
            assert entity.normalized_text == raw.get("name")
            assert [(s.name, s.entity_id) for s in entity.data_sources] == [
                (link["dataSource"], link["id"]) for link in raw.get("links", [])
            ]
            asserted = entity.assertion and (
                entity.assertion.conditionality,
                entity.assertion.certainty,
                entity.assertion.association,
            )
            assert asserted == (
                tuple(raw["assertion"].get(name) for name in ("conditionality", "certainty", "association"))
                if "assertion" in raw
                else None
            )
        for relation, raw in zip(result.relations, written["relations"], strict=True):
            assert relation.relation_type == raw["relationType"]
            assert [(role.name, role.entity) for role in relation.roles] == [
                (e["role"], result.entities[int(e["ref"].rsplit("/", 1)[1])]) for e in raw["entities"]
            ]


async def test_the_recorded_transliterations_of_the_current_api_are_read(facade: Facade, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint)
    read = 0
    for exchange in (exchange for exchanges in recorded("translator") for exchange in exchanges):
        sent, response = exchange["request"]["json"], exchange["response"]
        if not exchange["request"]["path"].endswith("/transliterate") or "inputs" not in sent:
            continue
        query = dict(exchange["request"]["query"])
        faults.posts.append(Edit(lambda _, answer=response["json"]: answer))
        found = await client.of("azure_translator", "transliterate")(
            [item["text"] for item in sent["inputs"]], query["language"], query["fromScript"], query["toScript"]
        )
        assert [(r.script, r.text) for r in found] == [(i["script"], i["text"]) for i in response["json"]["value"]]
        assert {k: faults.sent[-1].query[k] for k in ("language", "fromScript", "toScript")} == {
            k: query[k] for k in ("language", "fromScript", "toScript")
        }
        read += len(found)
    assert read > 1


async def test_the_recorded_languages_of_the_current_api_are_read(facade: Facade, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint)
    read = 0
    for exchange in (exchange for exchanges in recorded("translator") for exchange in exchanges):
        query = dict(exchange["request"]["query"])
        if not exchange["request"]["path"].endswith("/languages") or query["api-version"] == "3.0":
            continue
        answer = exchange["response"]["json"]
        faults.polls.append(Edit(lambda _, answer=answer: answer))
        found = await client.of("azure_translator", "supported_languages")(scope=query.get("scope", "").split(","))
        assert found.models == answer.get("models", [])
        assert {code: found.translation[code].name for code in found.translation} == {
            code: language["name"] for code, language in answer.get("translation", {}).items()
        }
        read += 1
    assert read > 0
