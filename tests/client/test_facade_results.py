"""What the facade gives back: shapes, order, types, for both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from fix_faults import Edit, Status
from pgazure.errors import BatchError, ConfigurationError, InvalidRequestError
from pgazure.types import (
    DetectedLanguage,
    DocumentError,
    Entity,
    LanguageDetectionResult,
    PiiEntityRecognitionResult,
    Sentence,
    SentimentAnalysisResult,
    TranslatedTextResult,
    Translation,
    TransliteratedText,
)

if TYPE_CHECKING:
    from fix_faults import FaultServer

WELL = SentimentAnalysisResult("positive", 1.0, 0.0, 0.0)
TEXT = "It was fine."
RESULTS = {
    "analyze_sentiment": WELL,
    "detect_language": LanguageDetectionResult(TEXT, "en", 1.0),
    "extract_key_phrases": [TEXT],
    "recognize_entities": [Entity(TEXT, "Person", "", 0.9)],
    "recognize_pii_entities": PiiEntityRecognitionResult("************", [Entity(TEXT, "Person", "", 0.9)]),
    "summarize_extractive": [Sentence(TEXT, 1.0)],
    "summarize_abstractive": [TEXT],
}


@pytest.mark.parametrize("method", RESULTS)
async def test_one_text_gives_one_result_and_many_give_a_list(client: Any, method: str) -> None:
    function = getattr(client, method)
    assert await function(TEXT) == RESULTS[method]
    assert await function([TEXT, None, TEXT]) == [RESULTS[method], None, RESULTS[method]]
    assert await function((TEXT,)) == [RESULTS[method]]
    assert await function([]) == []
    assert await function(None) is None


async def test_translations_come_for_every_target_language_in_order(client: Any) -> None:
    assert await client.translate("hello", ["de", "fr"]) == TranslatedTextResult(
        [Translation("de", "[de] hello"), Translation("fr", "[fr] hello")], DetectedLanguage("en", 0.9)
    )
    known = await client.translate(["hello", None], "de", source_language="en")
    assert known == [TranslatedTextResult([Translation("de", "[de] hello")]), None]


async def test_a_script_of_the_target_gives_a_transliteration(client: Any, faults: FaultServer) -> None:
    result = await client.translate("hello", ["ja", "de"], target_script=["Latn", None], source_script="Latn")
    assert result.translations[0].transliteration == TransliteratedText("Latn", "[ja] hello")
    assert result.translations[1].transliteration is None
    sent = faults.sent[0].body["inputs"][0]
    assert sent["targets"] == [{"language": "ja", "script": "Latn"}, {"language": "de"}]
    assert sent["script"] == "Latn"


async def test_only_what_differs_from_the_service_defaults_is_sent_to_the_translator(
    client: Any, faults: FaultServer
) -> None:
    await client.translate("hello", "de")
    assert faults.sent[0].body == {"inputs": [{"text": "hello", "targets": [{"language": "de"}]}]}
    await client.translate("hello", "de", text_type="html", profanity_action="marked", profanity_marker="tag")
    item = faults.sent[1].body["inputs"][0]
    assert item["textType"] == "Html"
    assert item["targets"] == [{"language": "de", "profanityAction": "Marked", "profanityMarker": "Tag"}]


async def test_vectors_are_float32_arrays_in_input_order(client: Any) -> None:
    vector = await client.create_embeddings("embedder", "four")
    assert isinstance(vector, np.ndarray)
    assert vector.dtype == np.float32
    assert vector.shape == (4,)
    many = await client.create_embeddings("embedder", ["a", None, "bbb"], dimensions=2)
    assert many[1] is None
    assert [vector.tolist() for vector in (many[0], many[2])] == [[1.0, 0.5], [3.0, 0.5]]


async def test_languages_are_one_for_all_or_one_for_each(client: Any, faults: FaultServer) -> None:
    await client.analyze_sentiment(["a", "b", "c"], ["de", None, "fr"])
    await client.analyze_sentiment(["a", "b"], "es")
    sent = [[d["language"] for d in r.body["analysisInput"]["documents"]] for r in faults.sent]
    assert sent == [["de", "en", "fr"], ["es", "es"]]
    with pytest.raises(ConfigurationError, match="language has 2 values for 3 texts"):
        await client.analyze_sentiment(["a", "b", "c"], ["de", "fr"])


async def test_parameters_reach_the_service_under_its_own_names(client: Any, faults: FaultServer) -> None:
    await client.recognize_pii_entities("a", domain="PHI")
    await client.recognize_pii_entities("a", disable_service_logs=False)
    await client.summarize_extractive("a", sentence_count=5, sort_by="rank")
    await client.summarize_abstractive("a", sentence_count=2)
    phi, plain, extractive, abstractive = (request.body for request in faults.sent)
    assert phi["parameters"]["domain"] == "phi"
    assert phi["parameters"]["loggingOptOut"] is True
    assert "domain" not in plain["parameters"]
    assert plain["parameters"]["loggingOptOut"] is False
    parameters = extractive["tasks"][0]["parameters"]
    assert (parameters["sentenceCount"], parameters["sortBy"]) == (5, "Rank")
    assert abstractive["tasks"][0]["parameters"]["sentenceCount"] == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "is empty"), ("a\x00b", "NUL"), ("a\ud800b", "surrogate")],
)
async def test_a_text_that_no_service_takes_is_not_sent(
    client: Any, faults: FaultServer, text: str, reason: str
) -> None:
    results = await client.analyze_sentiment(["good", text], throw_on_error=False)
    assert results[0] == WELL
    assert isinstance(results[1], DocumentError)
    assert reason in results[1].message
    assert not results[1].retryable
    assert len(faults.sent[0].body["analysisInput"]["documents"]) == 1
    with pytest.raises(InvalidRequestError, match=reason):
        await client.analyze_sentiment(text)
    assert len(faults.sent) == 1


def fail_second(answer: Any) -> Any:
    documents = answer["results"]["documents"]
    document = documents.pop(1)
    inner = {"code": "UnsupportedLanguageCode", "message": "Invalid language code."}
    error = {"code": "InvalidArgument", "message": "Invalid Document in request.", "innererror": inner}
    answer["results"]["errors"].append({"id": document["id"], "error": error})
    return answer


async def test_a_refused_document_stands_as_an_error_in_its_place(client: Any, faults: FaultServer) -> None:
    faults.posts.append(Edit(fail_second))
    results = await client.analyze_sentiment(["a", "b", "c"], "xx", throw_on_error=False)
    assert results[0] == results[2] == WELL
    assert (results[1].code, results[1].message) == ("UnsupportedLanguageCode", "Invalid language code.")
    assert results[1].request_id == "request-1"
    assert results[1].status_code is None


async def test_many_texts_with_an_error_raise_with_all_results(client: Any, faults: FaultServer) -> None:
    faults.posts.append(Edit(fail_second))
    with pytest.raises(BatchError, match="1 of 3 texts failed, the first at index 1") as caught:
        await client.analyze_sentiment(["a", "b", "c"])
    assert caught.value.results[0] == caught.value.results[2] == WELL
    assert isinstance(caught.value.results[1], DocumentError)


async def test_one_text_with_an_error_raises_what_the_service_said(client: Any, faults: FaultServer) -> None:
    refusal = {"error": {"code": 400036, "message": "The target language is not valid."}}
    faults.posts.append(Status(400, body=refusal, content_type="text/plain"))
    with pytest.raises(InvalidRequestError, match="The target language is not valid") as caught:
        await client.translate("hello", "xx")
    assert (caught.value.code, caught.value.status_code) == ("400036", 400)
    assert (caught.value.service, caught.value.operation) == ("translator", "translate")


@pytest.mark.parametrize("wrong", [42, b"bytes", {"a": 1}, {"a"}, 4.2, object()])
async def test_what_is_no_text_and_no_list_is_a_type_error(client: Any, wrong: Any) -> None:
    with pytest.raises(TypeError, match="text must be a str or a list of str"):
        await client.analyze_sentiment(wrong)


@pytest.mark.parametrize("wrong", [1, b"bytes", ["nested"]])
async def test_an_element_that_is_no_text_is_a_type_error(client: Any, faults: FaultServer, wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"text\[1\] must be a str or None"):
        await client.analyze_sentiment(["fine", wrong])
    with pytest.raises(TypeError, match=r"input\[0\] must be a str or None"):
        await client.create_embeddings("embedder", [wrong])
    assert not faults.received


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("analyze_sentiment", {"batch_size": 0}),
        ("analyze_sentiment", {"timeout_ms": 0}),
        ("analyze_sentiment", {"max_attempts": 0}),
        ("analyze_sentiment", {"retry_delay_ms": -1}),
        ("recognize_pii_entities", {"domain": "secret"}),
        ("summarize_extractive", {"sort_by": "length"}),
        ("summarize_abstractive", {"sentence_count": 0}),
    ],
)
async def test_an_argument_out_of_range_is_named(
    client: Any, faults: FaultServer, method: str, options: dict[str, Any]
) -> None:
    (name,) = options
    with pytest.raises(ConfigurationError, match=name):
        await getattr(client, method)("text", **options)
    with pytest.raises(TypeError, match=name):
        await getattr(client, method)("text", **dict.fromkeys(options, 1.5))
    assert not faults.received


async def test_arguments_of_translation_are_checked(client: Any) -> None:
    for target in ("", [], ["de", ""]):
        with pytest.raises(ConfigurationError, match="target_language"):
            await client.translate("a", target)
    with pytest.raises(ConfigurationError, match="target_script has 1 values"):
        await client.translate("a", ["de", "fr"], target_script=["Latn"])
    with pytest.raises(ConfigurationError, match="suggested_source_language"):
        await client.translate("a", "de", suggested_source_language="en")


async def test_a_deployment_needs_a_name(client: Any) -> None:
    for name in ("", "  ", None):
        with pytest.raises(ConfigurationError, match="deployment_name"):
            await client.create_embeddings(name, "text")
    with pytest.raises(ConfigurationError, match="dimensions"):
        await client.create_embeddings("embedder", "text", dimensions=0)
