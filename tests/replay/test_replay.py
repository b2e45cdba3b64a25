"""Every recorded answer that the facade can ask for goes through the real SDK and comes out field by field."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from expectation import expect, flatten
from recordings import JOB_KINDS, SYNC_KINDS, Exchange, Recordings, Refusal, Spoken

from pgazure import (
    AuthenticationError,
    BatchError,
    DeploymentNotFoundError,
    DocumentError,
    HttpStatusError,
    InvalidRequestError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stage import Stage

DETAILED = {
    "EntityRecognition": "azure_language.recognize_entities",
    "PiiEntityRecognition": "azure_language.recognize_pii_entities",
}
CLASSES = {
    400: InvalidRequestError,
    401: AuthenticationError,
    404: DeploymentNotFoundError,
    413: InvalidRequestError,
}


def find(client: Any, function: str) -> Any:
    """Give the facade's function."""
    schema, name = function.split(".")
    return getattr(getattr(client, schema), name)


def functions_for(spoken: Spoken) -> Iterator[str]:
    """Name the facade's functions that read such an answer."""
    yield (SYNC_KINDS | JOB_KINDS)[spoken.kind]
    if spoken.kind in DETAILED:
        yield DETAILED[spoken.kind]
    if spoken.options.get("opinions"):
        yield "azure_language.analyze_opinions"


def plays(recordings: Recordings, kind: type) -> list[Any]:
    return [play for found in recordings.plays.values() for play in found if isinstance(play, kind)]


UNUSABLE = Counter(
    {
        "wire form 3.0, which the SDK neither sends nor reads": 16,
        "a conversation or a tool, where the facade sends one prompt": 15,
        "the recording ends before the job does, or the job was cancelled": 7,
        "DynamicClassification exists in no version that the SDK speaks": 1,
        "names a model deployment, which the facade does not": 1,
        "a streamed response, where the facade asks for a whole one": 1,
    }
)


def test_every_recording_is_played_or_has_a_reason_not_to(recordings: Recordings) -> None:
    played, unusable = len(recordings.plays), Counter(recordings.unusable.values())
    assert played + unusable.total() >= 544
    assert played >= 503
    assert unusable <= UNUSABLE, unusable - UNUSABLE


# At least so many are there of each; the second number has today's route and envelope.
SHARES = {
    "SentimentAnalysis": (94, 54),
    "LanguageDetection": (53, 41),
    "KeyPhraseExtraction": (57, 33),
    "EntityRecognition": (67, 33),
    "PiiEntityRecognition": (94, 49),
    "EntityLinking": (61, 32),
    "ExtractiveSummarization": (5, 4),
    "Healthcare": (36, 21),
    "CustomEntityRecognition": (11, 7),
    "CustomSingleLabelClassification": (6, 3),
    "CustomMultiLabelClassification": (6, 3),
}


@pytest.mark.parametrize("kind", SHARES)
async def test_every_recorded_document_comes_out_field_by_field(
    client: Any, stage: Stage, recordings: Recordings, kind: str
) -> None:
    spoken = [play for play in plays(recordings, Spoken) if play.kind == kind]
    assert len(spoken) >= SHARES[kind][0]
    assert sum(play.as_recorded for play in spoken) >= SHARES[kind][1]
    wrong = [
        f"{play.file} {name}: {fault}"
        for play in spoken
        for name in functions_for(play)
        if (fault := await play_and_compare(client, stage, play, name))
    ]
    assert not wrong, "\n".join(wrong)


async def play_and_compare(client: Any, stage: Stage, spoken: Spoken, name: str) -> str | None:
    """Call the function as the recording was made; say what is not as recorded."""
    stage.set(spoken)
    function = find(client, name)
    documents = spoken.documents.values()
    options: dict[str, Any] = {key: value for key, value in spoken.options.items() if key != "opinions"}
    if "language" in inspect.signature(function).parameters:
        options["language"] = [document.get("language") for document in documents]
    results = await function([document["text"] for document in documents], throw_on_error=False, **options)
    if stage.strange:
        return "the facade sent what was never sent"
    # One request for what fits into one: a request of then was never larger than a request of today.
    whole = sum(bool(document["text"]) for document in documents)
    most = inspect.signature(function).parameters["batch_size"].default
    if len(stage.asked) != -(-whole // most):
        return f"{len(stage.asked)} requests for {whole} texts"
    for (place, document), result in zip(spoken.documents.items(), results, strict=True):
        if place in spoken.found:
            expected = expect(name, spoken.found[place])
            if flatten(result) != expected:
                return f"document {place}: {flatten(result)} is not {expected}"
            continue
        fault = spoken.refused[place]
        code = (fault.get("innererror") or fault)["code"]
        if not isinstance(result, DocumentError) or result.code != code:
            return f"document {place}: {result} is not the error {code}"
        if document["text"] and result.request_id != spoken.request_id:
            return f"document {place}: request id {result.request_id}"
    return None


async def test_every_refusal_is_the_right_error(client: Any, stage: Stage, recordings: Recordings) -> None:
    refusals = plays(recordings, Refusal)
    assert len(refusals) >= 97
    for refusal in refusals:
        stage.say(refusal.status, refusal.headers, refusal.body)
        function = find(client, refusal.function)
        with pytest.raises(HttpStatusError) as caught:
            await function("a text")
        error = refusal.body["error"]
        inner = error.get("innererror") or {}
        assert type(caught.value) is CLASSES[refusal.status], refusal.file
        assert caught.value.status_code == refusal.status
        assert caught.value.code == str((inner if inner.get("message") else error)["code"]), refusal.file
        assert caught.value.request_id == refusal.headers.get("apim-request-id")
        assert len(stage.asked) == 1


async def test_refused_texts_are_errors_in_place_and_a_refused_key_is_raised(
    client: Any, stage: Stage, recordings: Recordings
) -> None:
    for refusal in plays(recordings, Refusal):
        texts = [d["text"] for d in refusal.documents if isinstance(d.get("text"), str) and 0 < len(d["text"]) < 5_120]
        if not texts:
            continue
        stage.say(refusal.status, refusal.headers, refusal.body)
        call = find(client, refusal.function)(texts[:5], throw_on_error=False)
        if refusal.status in {401, 404}:
            with pytest.raises(CLASSES[refusal.status]):
                await call
            continue
        results = await call
        assert {(result.status_code, result.retryable) for result in results} == {(refusal.status, False)}
        assert {result.request_id for result in results} == {refusal.headers.get("apim-request-id")}
        with pytest.raises(BatchError):
            await find(client, refusal.function)([*texts[:5], None])


def openai_exchanges(recordings: Recordings, end: str, *, good: bool) -> list[Exchange]:
    found = [e for e in plays(recordings, Exchange) if e.path.endswith(end)]
    return [e for e in found if (e.status == 200) is good]


async def test_every_recorded_vector_comes_out(client: Any, stage: Stage, recordings: Recordings) -> None:
    exchanges = openai_exchanges(recordings, "/embeddings", good=True)
    assert len(exchanges) >= 5
    for exchange in exchanges:
        stage.say(200, exchange.answer["headers"], exchange.answer["json"])
        given = exchange.body["input"]
        texts = [given] if isinstance(given, str) else given
        vectors = await client.azure_openai.create_embeddings(exchange.body["model"], texts)
        assert stage.asked[0][1]["input"] == texts
        for vector, item in zip(vectors, exchange.answer["json"]["data"], strict=True):
            recorded = item["embedding"]
            if isinstance(recorded, str):
                assert len(vector) == len(recorded) * 6 // 32
            else:
                assert vector.tolist() == pytest.approx(recorded, rel=1e-6)


async def test_every_recorded_chat_comes_out(client: Any, stage: Stage, recordings: Recordings) -> None:
    compared: Counter[str] = Counter()
    for exchange in openai_exchanges(recordings, "/chat/completions", good=True):
        messages = exchange.body["messages"]
        prompt = messages[-1]["content"]
        if not isinstance(prompt, str):
            prompt = "".join(part["text"] for part in prompt)
        options = {"system_prompt": messages[0]["content"]} if len(messages) > 1 else {}
        if exchange.body.get("stream"):
            stage.say(200, exchange.answer["headers"], exchange.answer["text"])
            pieces = [piece async for piece in client.azure_ai.generate_stream(prompt, model="model", **options)]
            assert "".join(pieces) == "".join(_deltas(exchange.answer["text"])), exchange.file
            compared["stream"] += 1
            continue
        stage.say(200, exchange.answer["headers"], exchange.answer["json"])
        text = await client.azure_ai.generate(prompt, model="model", **options)
        assert text == exchange.answer["json"]["choices"][0]["message"]["content"], exchange.file
        assert stage.asked[0][1]["messages"][-1]["content"] == prompt
        compared["whole"] += 1
    assert compared["whole"] >= 20
    assert compared["stream"] >= 5


def _deltas(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.startswith("data: {"):
            for choice in json.loads(line.removeprefix("data: "))["choices"]:
                yield (choice.get("delta") or {}).get("content") or ""


async def test_every_recorded_response_comes_out(client: Any, stage: Stage, recordings: Recordings) -> None:
    compared = 0
    for exchange in openai_exchanges(recordings, "/responses", good=True):
        stage.say(200, exchange.answer["headers"], exchange.answer["json"])
        text = await client.azure_ai.respond("a prompt", model="model")
        output = exchange.answer["json"]["output"]
        said = [part["text"] for item in output if item["type"] == "message" for part in item["content"]]
        assert text == "".join(said), exchange.file
        compared += 1
    assert compared >= 1


async def test_every_refusal_of_azure_openai_is_the_right_error(
    client: Any, stage: Stage, recordings: Recordings
) -> None:
    refused = 0
    for exchange in openai_exchanges(recordings, "", good=False):
        body = exchange.answer["json"]
        stage.say(exchange.status, exchange.answer["headers"], body)
        for call in (
            client.azure_openai.create_embeddings("gone", "a text"),
            client.azure_ai.generate("a text", model="gone"),
        ):
            with pytest.raises(CLASSES[exchange.status]) as caught:
                await call
            assert caught.value.code == str(body["error"]["code"])
            assert caught.value.request_id == exchange.request_id
            refused += 1
    assert refused >= 12


async def test_every_recorded_translation_comes_out(client: Any, stage: Stage, recordings: Recordings) -> None:
    compared = 0
    for exchange in plays(recordings, Exchange):
        if not exchange.path.endswith("/translate"):
            continue
        for item, recorded in zip(exchange.body["inputs"], exchange.answer["json"]["value"], strict=True):
            stage.say(200, exchange.answer["headers"], {"value": [recorded]})
            targets = item["targets"]
            marked = targets[0]
            (result,) = await client.azure_cognitive.translate(
                [item["text"]],
                [target["language"] for target in targets],
                source_language=item.get("language"),
                text_type=item.get("textType", "Plain"),
                profanity_action=marked.get("profanityAction", "NoAction"),
                profanity_marker=marked.get("profanityMarker", "Asterisk"),
                source_script=item.get("script"),
                target_script=[target.get("script") for target in targets] if "script" in marked else None,
            )
            assert stage.asked[0][1] == {"inputs": [item]}, exchange.file
            assert [(t.target_language, t.text) for t in result.translations] == [
                (t["language"], t["text"]) for t in recorded["translations"]
            ]
            detected = recorded.get("detectedLanguage")
            assert flatten(result.detected_language) == (detected and (detected["language"], detected["score"]))
            compared += 1
    assert compared >= 6


async def test_recorded_transliterations_and_models_come_out(client: Any, stage: Stage, recordings: Recordings) -> None:
    (exchange,) = (e for e in plays(recordings, Exchange) if e.path.endswith("/transliterate"))
    stage.say(200, exchange.answer["headers"], exchange.answer["json"])
    options = dict(exchange.request["query"])
    results = await client.azure_translator.transliterate(
        [item["text"] for item in exchange.body["inputs"]],
        options["language"],
        options["fromScript"],
        options["toScript"],
    )
    assert stage.asked[0][1] == exchange.body
    assert [(r.text, r.script) for r in results] == [
        (item["text"], item["script"]) for item in exchange.answer["json"]["value"]
    ]
    (exchange,) = (e for e in plays(recordings, Exchange) if e.path.endswith("/languages"))
    stage.say(200, exchange.answer["headers"], exchange.answer["json"])
    assert (await client.azure_translator.supported_languages()).models == exchange.answer["json"]["models"]


def test_no_exchange_is_left_without_a_test(recordings: Recordings) -> None:
    routes = {exchange.path.rsplit("/", 1)[-1] for exchange in plays(recordings, Exchange)}
    assert routes == {"completions", "embeddings", "languages", "responses", "translate", "transliterate"}
