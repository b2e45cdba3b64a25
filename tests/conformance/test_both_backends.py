"""A program sees no difference between the services and a database: same types, order, gaps, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pgazure.errors import BatchError, ConfigurationError, InvalidRequestError
from pgazure.types import (
    DocumentError,
    Entity,
    LanguageDetectionResult,
    LinkedEntity,
    PiiEntityRecognitionResult,
    Sentence,
    SentimentAnalysisResult,
    TranslatedTextResult,
)

if TYPE_CHECKING:
    from fix_conformance import Opened

PRAISE = "The staff in Berlin were wonderful. Everybody loves the great view of the river."
SCORN = "An awful room, terrible food and rude staff. I hate this hotel in London."
PHONE = "Please call Mary on 555-0100 before noon."
LANGUAGE = [
    "analyze_sentiment",
    "detect_language",
    "extract_key_phrases",
    "linked_entities",
    "recognize_entities",
    "recognize_pii_entities",
    "summarize_abstractive",
    "summarize_extractive",
]


def assert_sound(method: str, text: str, result: Any) -> None:
    """What holds for a result whoever computed it."""
    if method == "analyze_sentiment":
        assert type(result) is SentimentAnalysisResult
        scores = [result.positive_score, result.neutral_score, result.negative_score]
        assert all(type(score) is float for score in scores)
        assert sum(scores) == pytest.approx(1, abs=0.05)
        assert result.sentiment in {"positive", "negative", "neutral", "mixed"}
    elif method == "detect_language":
        assert type(result) is LanguageDetectionResult
        assert 0 <= result.confidence_score <= 1
    elif method == "extract_key_phrases":
        assert all(type(phrase) is str and phrase in text for phrase in result)
    elif method == "linked_entities":
        assert all(type(entity) is LinkedEntity and entity.url.startswith("https://") for entity in result)
        assert all(match.text in text for entity in result for match in entity.matches)
    elif method == "recognize_entities":
        assert all(type(entity) is Entity and type(entity.subcategory) is str for entity in result)
        assert all(entity.text in text for entity in result)
    elif method == "recognize_pii_entities":
        assert type(result) is PiiEntityRecognitionResult
        assert len(result.redacted_text) == len(text)
        assert all(entity.text not in result.redacted_text for entity in result.entities)
    elif method == "summarize_extractive":
        assert result
        assert all(type(sentence) is Sentence and sentence.text in text for sentence in result)
    else:
        assert result
        assert all(type(summary) is str for summary in result)


@pytest.mark.parametrize("method", LANGUAGE)
async def test_one_text_gives_one_result_and_many_give_the_same_in_their_order(call: Opened, method: str) -> None:
    texts = [PRAISE, None, SCORN, PHONE, PRAISE]
    alone = await call(method, PRAISE)
    assert_sound(method, PRAISE, alone)
    assert await call(method, None) is None
    results = await call(method, texts)
    assert len(results) == len(texts)
    assert results[1] is None
    assert results[0] == results[4] == alone
    for text, result in zip(texts, results, strict=True):
        if text is not None:
            assert_sound(method, text, result)
    assert await call(method, []) == []
    assert await call(method, [None, None]) == [None, None]


async def test_results_depend_on_the_text(call: Opened) -> None:
    praise, scorn = await call("analyze_sentiment", [PRAISE, SCORN])
    assert (praise.sentiment, scorn.sentiment) == ("positive", "negative")
    english, french = await call("detect_language", [PRAISE, "Bonjour, la ville est belle et le vin est bon."])
    assert (english.iso6391_name, french.iso6391_name) == ("en", "fr")
    phone = await call("recognize_pii_entities", PHONE)
    assert phone.entities
    assert "*" in phone.redacted_text


async def test_options_reach_the_function(call: Opened) -> None:
    text = "One is here. Two is there. Three is far away. Four is further still. Five is lost."
    by_offset = await call("summarize_extractive", text, sentence_count=2)
    assert len(by_offset) == 2
    assert [text.index(sentence.text) for sentence in by_offset] == sorted(text.index(s.text) for s in by_offset)
    by_rank = await call("summarize_extractive", text, sentence_count=3, sort_by="rank")
    assert [s.rank_score for s in by_rank] == sorted((s.rank_score for s in by_rank), reverse=True)


@pytest.mark.parametrize("method", ["analyze_sentiment", "extract_key_phrases", "recognize_entities"])
async def test_a_language_is_for_all_texts_or_one_for_each(call: Opened, method: str) -> None:
    expected = await call(method, [PRAISE, SCORN])
    assert await call(method, [PRAISE, SCORN], "en") == expected
    assert await call(method, [PRAISE, SCORN], ["en", "en"]) == expected
    found = await call(method, [PRAISE, None, SCORN, PHONE], ["en", "en", "xx", None], throw_on_error=False)
    assert found[0] == expected[0]
    assert found[1] is None
    assert isinstance(found[2], DocumentError)
    assert found[2].code == "UnsupportedLanguageCode"
    assert_sound(method, PHONE, found[3])


async def test_a_text_that_fails_raises_and_the_error_holds_the_other_results(call: Opened) -> None:
    with pytest.raises(BatchError, match="1 of 3 texts failed, the first at index 1") as caught:
        await call("analyze_sentiment", [PRAISE, SCORN, PRAISE], ["en", "xx", "en"])
    first, fault, last = caught.value.results
    assert first == last == await call("analyze_sentiment", PRAISE)
    assert fault.code == "UnsupportedLanguageCode"
    with pytest.raises(InvalidRequestError) as alone:
        await call("analyze_sentiment", SCORN, "xx")
    assert alone.value.code == "UnsupportedLanguageCode"
    assert isinstance(await call("analyze_sentiment", SCORN, "xx", throw_on_error=False), DocumentError)


@pytest.mark.parametrize("text", ["", "half of one\ud800", "with\x00nul"])
async def test_what_cannot_be_sent_is_an_error_in_its_place(call: Opened, text: str) -> None:
    found = await call("detect_language", [PRAISE, text], throw_on_error=False)
    assert isinstance(found[1], DocumentError)
    assert found[1].code == "InvalidDocument"
    assert_sound("detect_language", PRAISE, found[0])
    with pytest.raises(InvalidRequestError):
        await call("detect_language", text)


async def test_wrong_arguments_are_refused_alike(call: Opened) -> None:
    with pytest.raises(TypeError, match="text must be a str or a list of str"):
        await call("analyze_sentiment", b"bytes")
    with pytest.raises(TypeError, match=r"text\[1\]"):
        await call("analyze_sentiment", ["a", 5])
    with pytest.raises(TypeError):
        await call("analyze_sentiment", "a", no_such_option=1)
    with pytest.raises(ConfigurationError, match="language has 1 values for 2 texts"):
        await call("analyze_sentiment", ["a", "b"], ["en"])
    with pytest.raises(ConfigurationError, match="batch_size"):
        await call("analyze_sentiment", ["a"], batch_size=0)
    with pytest.raises(ConfigurationError, match="sort_by"):
        await call("summarize_extractive", "a", sort_by="length")
    with pytest.raises(ConfigurationError, match="deployment_name"):
        await call("create_embeddings", " ", "a")


async def test_a_translation_has_its_targets_in_the_order_asked_for(call: Opened) -> None:
    one = await call("translate", "Good morning", "de")
    assert type(one) is TranslatedTextResult
    assert [translation.target_language for translation in one.translations] == ["de"]
    assert one.detected_language is not None
    assert one.detected_language.language == "en"
    for targets in (["fr", "de", "es"], ("fr", "de", "es")):
        many = await call("translate", ["Good morning", None, "Good night"], targets)
        assert [t.target_language for t in many[0].translations] == list(targets)
        assert many[1] is None
        assert many[0].translations[1] == one.translations[0]
        assert many[2] != many[0]


async def test_a_source_language_is_for_all_texts_or_one_for_each(call: Opened) -> None:
    found = await call(
        "translate", ["Good morning", "Guten Morgen", "Good night"], "fr", source_language=["en", None, "en"]
    )
    assert [result.detected_language is None for result in found] == [True, False, True]
    assert found[0] == await call("translate", "Good morning", "fr", source_language="en")


async def test_a_script_gives_a_transliteration(call: Opened) -> None:
    for target, script in (("ja", "Latn"), (["ja", "de"], ["Latn", None]), ("ja", ["Latn"])):
        result = await call("translate", "Good morning", target, target_script=script)
        assert result.translations[0].transliteration.script == "Latn"
        assert all(translation.transliteration is None for translation in result.translations[1:])


async def test_vectors_are_float32_in_input_order(call: Opened) -> None:
    one = await call("create_embeddings", "embedder", PRAISE, dimensions=16)
    assert isinstance(one, np.ndarray)
    assert (one.dtype, one.shape) == (np.float32, (16,))
    many = await call("create_embeddings", "embedder", [SCORN, None, PRAISE, ""], dimensions=16, throw_on_error=False)
    assert many[1] is None
    assert np.array_equal(many[2], one)
    assert not np.array_equal(many[0], one)
    assert many[3].code == "InvalidDocument"


async def test_more_texts_than_one_statement_holds_come_back_in_order(call: Opened) -> None:
    texts = [f"{number}" for number in range(2_100)]
    vectors = await call("create_embeddings", "embedder", texts, dimensions=4)
    assert len(vectors) == 2_100
    for place in (0, 999, 1_000, 1_001, 2_099):
        assert np.allclose(vectors[place], await call("create_embeddings", "embedder", texts[place], dimensions=4))


async def test_a_chat_model_writes_texts_and_objects(call: Opened) -> None:
    text = await call("generate", "Say hello.")
    assert type(text) is str
    assert text
    schema = {
        "name": "greeting",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"prompt": {"type": "string"}},
            "required": ["prompt"],
            "additionalProperties": False,
        },
    }
    found = await call("generate", ["Say hello.", None], json_schema=schema)
    assert type(found[0]["prompt"]) is str
    assert found[1] is None
    assert await call("generate", None) is None


async def test_statements_are_judged_and_values_extracted(call: Opened) -> None:
    assert await call("is_true", None) is None
    assert await call("is_true", ["2 + 2 = 4", None, "2 + 2 = 5"]) == [True, None, False]
    found = await call("extract", ["Lamp, 5 stars", None], ["product", "stars: number - how many"])
    assert set(found[0]) == {"product", "stars"}
    assert found[0]["stars"] == 5
    assert found[1] is None


async def test_documents_are_ranked_with_the_callers_ids(call: Opened) -> None:
    documents = ["Bananas are yellow.", "The red shoe is on sale.", None, "A blue shoe."]
    ranked = await call("rank", "red shoe", documents, document_ids=["x", ("y", 1), "z", 7], model="gpt-4.1")
    assert {result.id for result in ranked} == {"x", ("y", 1), 7}
    assert ranked[0].id == ("y", 1)
    assert [result.rank for result in ranked] == [1, 2, 3]
    assert [r.score for r in ranked] == sorted((r.score for r in ranked), reverse=True)
    numbered = await call("rank", "red shoe", documents[:2], model="gpt-4.1")
    assert [result.id for result in numbered] == [2, 1]


async def test_a_setting_that_is_set_can_be_read(call: Opened) -> None:
    assert await call("get_setting", "azure_ml.endpoint_key") is None
    assert await call("set_setting", "azure_ml.endpoint_key", "a-key-to-keep") is None
    assert await call("get_setting", "azure_ml.endpoint_key") == "a-key-to-keep"
    for method in ("set_setting", "get_setting"):
        with pytest.raises(
            ConfigurationError, match=r"there are: azure_cognitive\.auth_type, .*azure_openai\.endpoint"
        ):
            await call(method, "azure_openai.api_key", *(["x"] if method == "set_setting" else []))
    assert "a-key-to-keep" not in f"{call.client!r} {vars(call.client)}"


async def test_the_version_is_a_version(call: Opened) -> None:
    assert (await call("version")).split(".")[0].isdigit()
