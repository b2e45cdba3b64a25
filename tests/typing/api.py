"""What type checkers must see of the public API. Never run, only checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

import numpy as np
from numpy.typing import NDArray

from pgazure import (
    AsyncClient,
    Client,
    DocumentError,
    Entity,
    LanguageDetectionResult,
    PiiEntityRecognitionResult,
    RequestRecord,
    Sentence,
    SentimentAnalysisResult,
    TranslatedTextResult,
    observe_requests,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.client.inputs import Texts

Vector = NDArray[np.float32]


async def check_async(client: AsyncClient, some: Sequence[str | None], maybe: str | None, flag: bool) -> None:
    language = client.azure_cognitive
    assert_type(await language.analyze_sentiment("a"), SentimentAnalysisResult)
    assert_type(await language.analyze_sentiment("a", "en", timeout_ms=5), SentimentAnalysisResult)
    assert_type(await language.analyze_sentiment(None), None)
    assert_type(await language.analyze_sentiment(maybe), SentimentAnalysisResult | None)
    assert_type(await language.analyze_sentiment(["a"]), list[SentimentAnalysisResult])
    assert_type(await language.analyze_sentiment(("a", "b"), ["en", None]), list[SentimentAnalysisResult])
    assert_type(await language.analyze_sentiment(some, batch_size=5), list[SentimentAnalysisResult | None])
    assert_type(await language.analyze_sentiment("a", throw_on_error=False), SentimentAnalysisResult | DocumentError)
    assert_type(await language.analyze_sentiment("a", throw_on_error=flag), SentimentAnalysisResult | DocumentError)
    assert_type(
        await language.analyze_sentiment(["a"], throw_on_error=False),
        list[SentimentAnalysisResult | DocumentError | None],
    )
    assert_type(await language.detect_language("a"), LanguageDetectionResult)
    assert_type(await language.detect_language(some), list[LanguageDetectionResult | None])
    assert_type(await language.extract_key_phrases("a"), list[str])
    assert_type(await language.extract_key_phrases(["a"]), list[list[str]])
    assert_type(await language.recognize_entities("a"), list[Entity])
    assert_type(await language.recognize_pii_entities(["a"], domain="phi"), list[PiiEntityRecognitionResult])
    assert_type(await language.summarize_extractive("a", sentence_count=2, sort_by="rank"), list[Sentence])
    assert_type(await language.summarize_abstractive(["a"]), list[list[str]])
    assert_type(await language.translate("a", "de"), TranslatedTextResult)
    assert_type(await language.translate("a", ["de", "fr"]), TranslatedTextResult)
    assert_type(await language.translate(some, "de", source_language="en"), list[TranslatedTextResult | None])
    openai = client.azure_openai
    assert_type(await openai.create_embeddings("d", "a"), Vector)
    assert_type(await openai.create_embeddings("d", ["a"], dimensions=8, batch_size=9), list[Vector])
    assert_type(await openai.create_embeddings("d", ["a"], throw_on_error=False), list[Vector | DocumentError | None])


def check_sync(client: Client, some: Sequence[str | None]) -> None:
    assert_type(client.azure_cognitive.analyze_sentiment("a"), SentimentAnalysisResult)
    assert_type(client.azure_cognitive.analyze_sentiment(["a"]), list[SentimentAnalysisResult])
    assert_type(client.azure_cognitive.analyze_sentiment(some), list[SentimentAnalysisResult | None])
    assert_type(client.azure_cognitive.translate(["a"], ["de"]), list[TranslatedTextResult])
    assert_type(client.azure_openai.create_embeddings("d", "a"), Vector)
    assert_type(client.azure_openai.create_embeddings("d", ["a"]), list[Vector])
    assert_type(client.azure_cognitive.recognize_entities("a", throw_on_error=False), list[Entity] | DocumentError)


async def check_refusals(client: AsyncClient, blocking: Client) -> None:
    # Each line must be refused: the comment is itself an error where it is not needed.
    wrong: list[SentimentAnalysisResult] = await client.azure_cognitive.analyze_sentiment("a")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    await client.azure_cognitive.analyze_sentiment([1, 2])  # type: ignore[list-item]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await client.azure_cognitive.analyze_sentiment(b"a")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await client.azure_cognitive.analyze_sentiment("a", ["en"])  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await client.azure_cognitive.analyze_sentiment("a", batch_size=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await client.azure_cognitive.analyze_sentiment("a", "en", 5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await client.azure_cognitive.analyze_sentiment("a", no_such_option=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await client.azure_cognitive.detect_language("a", "en")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    blocking.azure_openai.create_embeddings("d", 5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    print(wrong)


def takes_many(texts: Texts) -> None:
    """A function for many texts, as the facade declares it."""


def check_bare_text(text: str, texts: list[str]) -> None:
    takes_many(texts)
    takes_many(tuple(texts))
    takes_many(text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def check_observing(records: list[RequestRecord]) -> None:
    with observe_requests(records.append):
        assert_type(records[0].tokens, int | None)
