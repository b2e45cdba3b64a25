"""The facade before the local Azure endpoint, as an application would use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pgazure.errors import AuthenticationError
from pgazure.flow.observe import RequestRecord, observe_requests
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from fix_facade import Facade
    from pgazure.emulator import Emulator

EMULATOR_KEYS = {"language_key": "emulator", "translator_key": "emulator", "openai_key": "emulator"}


@pytest.fixture
def client(facade: Facade, emulator: Emulator) -> Any:
    return facade.open(emulator.endpoint, **EMULATOR_KEYS)


async def test_sentiment_tells_praise_from_blame_for_every_text_in_its_place(client: Any) -> None:
    texts = ["Wonderful, I love it!", "Terrible, I hate it!", None] * 20
    results = await client.analyze_sentiment(texts)
    assert [result and result.sentiment for result in results] == ["positive", "negative", None] * 20
    for result in results[:2]:
        assert result.positive_score + result.neutral_score + result.negative_score == pytest.approx(1, abs=0.02)


async def test_languages_are_detected(client: Any) -> None:
    results = await client.detect_language(["Das ist ein sehr schönes Haus.", "Ceci est une très belle maison."])
    assert [result.iso6391_name for result in results] == ["de", "fr"]


async def test_personal_data_is_masked(client: Any) -> None:
    text = "Write to anna@example.com please."
    result = await client.recognize_pii_entities(text)
    assert "anna@example.com" not in result.redacted_text
    assert len(result.redacted_text) == len(text)
    assert "anna@example.com" in [entity.text for entity in result.entities]


async def test_summaries_choose_sentences_of_the_text(client: Any) -> None:
    text = "The hotel was clean. The staff of the hotel was kind. It rained. The breakfast of the hotel was rich."
    sentences = await client.summarize_extractive([text], sentence_count=2)
    assert len(sentences[0]) == 2
    assert all(sentence.text.strip() in text for sentence in sentences[0])
    assert await client.summarize_abstractive([text, text]) == [await client.summarize_abstractive(text)] * 2


async def test_translation_goes_into_every_language_asked_for(client: Any) -> None:
    result = await client.translate("Good morning, dear friends.", ["de", "fr"])
    assert [translation.target_language for translation in result.translations] == ["de", "fr"]
    assert result.detected_language.language == "en"


async def test_embeddings_have_unit_length_and_belong_to_their_texts(client: Any) -> None:
    texts = [f"review number {number} about hotels" for number in range(150)]
    vectors = await client.create_embeddings("text-embedding-3-small", texts, dimensions=64, batch_size=32)
    assert all(np.linalg.norm(vector) == pytest.approx(1, abs=1e-3) for vector in vectors)
    for place in (0, 31, 32, 149):
        alone = await client.create_embeddings("text-embedding-3-small", texts[place], dimensions=64)
        assert np.array_equal(alone, vectors[place])


async def test_what_is_observed_is_what_arrived(client: Any, emulator: Emulator) -> None:
    records: list[RequestRecord] = []
    with observe_requests(records.append):
        await client.analyze_sentiment([f"text {number}" for number in range(25)])
        await client.create_embeddings("text-embedding-3-small", ["a", "b"])
    assert [(r.operation, r.items) for r in sorted(records, key=lambda r: (r.service, -r.items))] == [
        ("analyze_sentiment", 10),
        ("analyze_sentiment", 10),
        ("analyze_sentiment", 5),
        ("create_embeddings", 2),
    ]
    assert all(record.request_id and record.status_code == 200 for record in records)
    assert (records[-1].tokens or 0) > 0


async def test_a_language_the_service_does_not_know_is_a_document_error(client: Any) -> None:
    results = await client.analyze_sentiment(["fine", "fein"], ["en", "xx"], throw_on_error=False)
    assert not isinstance(results[0], DocumentError)
    assert isinstance(results[1], DocumentError)
    assert results[1].code == "UnsupportedLanguageCode"


async def test_a_wrong_key_is_refused(facade: Facade, emulator: Emulator) -> None:
    client = facade.open(emulator.endpoint, **dict.fromkeys(EMULATOR_KEYS, "wrong"))
    for method, arguments in (
        ("analyze_sentiment", ("x",)),
        ("translate", ("x", "de")),
        ("create_embeddings", ("text-embedding-3-small", "x")),
    ):
        with pytest.raises(AuthenticationError):
            await getattr(client, method)(*arguments)
