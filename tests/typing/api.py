"""What type checkers must see of the public API. Never run, only checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

import numpy as np
from numpy.typing import NDArray

from pgazure import (
    AsyncClient,
    Classification,
    Client,
    ConversationItem,
    ConversationSummary,
    DocumentError,
    Entity,
    HealthcareEntitiesResult,
    LanguageDetectionResult,
    LinkedEntity,
    LocatedEntity,
    LocatedPiiResult,
    OpinionAnalysisResult,
    PiiEntityRecognitionResult,
    RequestRecord,
    Sentence,
    SentimentAnalysisResult,
    SupportedLanguages,
    TranslatedTextResult,
    TransliteratedText,
    count_tokens,
    observe_requests,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    import psycopg

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


async def check_beyond(client: AsyncClient, some: Sequence[str | None]) -> None:
    assert_type(await client.azure_cognitive.linked_entities("a"), list[LinkedEntity])
    assert_type(await client.azure_cognitive.linked_entities(["a"], ["en"]), list[list[LinkedEntity]])
    language = client.azure_language
    assert_type(await language.analyze_opinions("a"), OpinionAnalysisResult)
    assert_type(await language.analyze_opinions(some), list[OpinionAnalysisResult | None])
    assert_type(await language.recognize_entities("a", "en"), list[LocatedEntity])
    assert_type(await language.recognize_pii_entities(["a"], categories=["Email"]), list[LocatedPiiResult])
    assert_type(await language.recognize_healthcare_entities("a"), HealthcareEntitiesResult)
    assert_type(
        await language.recognize_custom_entities("a", project_name="p", deployment_name="d"), list[LocatedEntity]
    )
    assert_type(
        await language.classify_single_label(["a"], project_name="p", deployment_name="d"), list[Classification]
    )
    assert_type(
        await language.classify_multi_label("a", project_name="p", deployment_name="d", throw_on_error=False),
        list[Classification] | DocumentError,
    )
    turns = [ConversationItem("a", "1", "Agent"), ConversationItem("b", "2", "Customer")]
    assert_type(await language.summarize_conversation(turns), list[ConversationSummary])
    assert_type(await language.summarize_conversation([turns], aspects="recap"), list[list[ConversationSummary]])
    translator = client.azure_translator
    assert_type(await translator.transliterate("a", "ja", "Jpan", "Latn"), TransliteratedText)
    assert_type(await translator.transliterate(["a"], "ja", "Jpan", "Latn", batch_size=5), list[TransliteratedText])
    assert_type(await translator.supported_languages(scope="models"), SupportedLanguages)
    assert_type(count_tokens("a", "gpt-4o"), int)
    # What must be given and is not:
    await language.classify_single_label("a")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await translator.transliterate("a", "ja")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


async def check_streams(client: AsyncClient, blocking: Client, texts: AsyncIterator[str]) -> None:
    async for found in client.stream(client.azure_cognitive.analyze_sentiment, ["a"]):
        assert_type(found, SentimentAnalysisResult)
    async for phrases in client.stream(client.azure_cognitive.extract_key_phrases, texts, read_ahead=100):
        assert_type(phrases, list[str])
    async for vector in client.stream(lambda some: client.azure_openai.create_embeddings("d", some), texts):
        assert_type(vector, Vector)
    for result in blocking.stream(blocking.azure_cognitive.analyze_sentiment, iter(["a"])):
        assert_type(result, SentimentAnalysisResult)
    for place in blocking.stream(
        lambda some: blocking.azure_language.recognize_entities(some, throw_on_error=False), ["a"]
    ):
        assert_type(place, list[LocatedEntity] | DocumentError | None)


def check_sync(client: Client, some: Sequence[str | None]) -> None:
    assert_type(client.azure_cognitive.analyze_sentiment("a"), SentimentAnalysisResult)
    assert_type(client.azure_cognitive.analyze_sentiment(["a"]), list[SentimentAnalysisResult])
    assert_type(client.azure_cognitive.analyze_sentiment(some), list[SentimentAnalysisResult | None])
    assert_type(client.azure_cognitive.translate(["a"], ["de"]), list[TranslatedTextResult])
    assert_type(client.azure_openai.create_embeddings("d", "a"), Vector)
    assert_type(client.azure_openai.create_embeddings("d", ["a"]), list[Vector])
    assert_type(client.azure_cognitive.recognize_entities("a", throw_on_error=False), list[Entity] | DocumentError)


async def check_backends(client: AsyncClient, blocking: Client, connection: psycopg.AsyncConnection[Any]) -> None:
    assert_type(await client.azure_ai.get_setting("azure_openai.endpoint"), str | None)
    assert_type(await client.azure_ai.version(), str)
    assert_type(blocking.azure_ai.version(), str)
    blocking.azure_ai.set_setting("azure_openai.endpoint", None)
    AsyncClient(backend="database", connection=connection)
    Client(settings_from="database", conninfo="dbname=app", scope="https://ai.azure.com/.default")
    AsyncClient(backend="cloud")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncClient(backend="database", connection="dbname=app")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


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
