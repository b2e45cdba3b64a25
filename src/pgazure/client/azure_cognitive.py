"""Schema ``azure_cognitive``: Azure AI Language and Translator."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, overload

from pgazure.client.execution import Call
from pgazure.client.inputs import check_count, check_option, read_choice, read_names
from pgazure.client.operations import language_operation, translation_operation
from pgazure.errors import ConfigurationError
from pgazure.flow.locating import merge_linked_entities
from pgazure.flow.merging import (
    merge_entities,
    merge_key_phrases,
    merge_languages,
    merge_pii,
    merge_sentences,
    merge_sentiments,
    merge_summaries,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from pgazure.client.connections import Connections
    from pgazure.client.execution import Executor
    from pgazure.client.inputs import Name, Names, Raising, SomeTexts, Texts
    from pgazure.client.options import (
        ExtractiveBatch,
        ExtractiveChoices,
        LanguageBatch,
        LanguageChoices,
        PiiBatch,
        PiiChoices,
        SummaryBatch,
        SummaryChoices,
        TranslationBatch,
        TranslationChoices,
    )
    from pgazure.flow.splitting import Part
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


class AsyncAzureCognitive:
    """The functions of schema ``azure_cognitive``."""

    def __init__(self, connections: Connections, executor: Executor) -> None:
        self._connections = connections
        self._executor = executor

    @overload
    async def analyze_sentiment(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> SentimentAnalysisResult: ...
    @overload
    async def analyze_sentiment(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    async def analyze_sentiment(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[SentimentAnalysisResult]: ...
    @overload
    async def analyze_sentiment(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[LanguageBatch],
    ) -> list[SentimentAnalysisResult | None]: ...
    @overload
    async def analyze_sentiment(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> SentimentAnalysisResult | DocumentError: ...
    @overload
    async def analyze_sentiment(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[SentimentAnalysisResult | DocumentError | None]: ...
    async def analyze_sentiment(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        batch_size: int = 10,
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Find the sentiment of one text or many; mirrors ``azure_cognitive.analyze_sentiment``.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            batch_size: Most texts in one request; the service takes 10.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            A :class:`SentimentAnalysisResult`, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(service.analyze_sentiment, disable_service_logs=disable_service_logs)
        operation = language_operation(service, "analyze_sentiment", send, merge_sentiments, items=10)
        return await self._executor.run(operation, text, language, call)

    @overload
    async def detect_language(
        self, text: str, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> LanguageDetectionResult: ...
    @overload
    async def detect_language(
        self, text: None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    async def detect_language(
        self, text: Texts, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[LanguageDetectionResult]: ...
    @overload
    async def detect_language(
        self, text: SomeTexts, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[LanguageDetectionResult | None]: ...
    @overload
    async def detect_language(
        self, text: str, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> LanguageDetectionResult | DocumentError: ...
    @overload
    async def detect_language(
        self, text: SomeTexts, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[LanguageDetectionResult | DocumentError | None]: ...
    async def detect_language(
        self,
        text: str | SomeTexts | None,
        *,
        batch_size: int = 1000,
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Find the language of one text or many; mirrors ``azure_cognitive.detect_language``.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            batch_size: Most texts in one request; the service takes 1,000.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            A :class:`LanguageDetectionResult`, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(service.detect_language, disable_service_logs=disable_service_logs)
        operation = language_operation(service, "detect_language", send, merge_languages, items=1_000)
        return await self._executor.run(operation, text, None, call)

    @overload
    async def extract_key_phrases(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> list[str]: ...
    @overload
    async def extract_key_phrases(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    async def extract_key_phrases(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[list[str]]: ...
    @overload
    async def extract_key_phrases(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[LanguageBatch],
    ) -> list[list[str] | None]: ...
    @overload
    async def extract_key_phrases(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> list[str] | DocumentError: ...
    @overload
    async def extract_key_phrases(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[list[str] | DocumentError | None]: ...
    async def extract_key_phrases(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        batch_size: int = 10,
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Find the main points of one text or many; mirrors ``azure_cognitive.extract_key_phrases``.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            batch_size: Most texts in one request; the service takes 10.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            The phrases of a text, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(service.extract_key_phrases, disable_service_logs=disable_service_logs)
        operation = language_operation(service, "extract_key_phrases", send, merge_key_phrases, items=10)
        return await self._executor.run(operation, text, language, call)

    @overload
    async def linked_entities(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> list[LinkedEntity]: ...
    @overload
    async def linked_entities(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    async def linked_entities(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[list[LinkedEntity]]: ...
    @overload
    async def linked_entities(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[LanguageBatch],
    ) -> list[list[LinkedEntity] | None]: ...
    @overload
    async def linked_entities(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> list[LinkedEntity] | DocumentError: ...
    @overload
    async def linked_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[list[LinkedEntity] | DocumentError | None]: ...
    async def linked_entities(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        batch_size: int = 5,
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Find what one text or many speak of and where it is described; mirrors ``azure_cognitive.linked_entities``.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            batch_size: Most texts in one request; the service takes 5.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            The entities of a text, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(service.linked_entities, disable_service_logs=disable_service_logs)
        operation = language_operation(service, "linked_entities", send, merge_linked_entities, items=5)
        return await self._executor.run(operation, text, language, call)

    @overload
    async def recognize_entities(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> list[Entity]: ...
    @overload
    async def recognize_entities(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    async def recognize_entities(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[list[Entity]]: ...
    @overload
    async def recognize_entities(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[LanguageBatch],
    ) -> list[list[Entity] | None]: ...
    @overload
    async def recognize_entities(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> list[Entity] | DocumentError: ...
    @overload
    async def recognize_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[list[Entity] | DocumentError | None]: ...
    async def recognize_entities(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        batch_size: int = 5,
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Find the people, places, dates and so on in one text or many; mirrors ``azure_cognitive.recognize_entities``.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            batch_size: Most texts in one request; the service takes 5.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            The entities of a text in text order, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(service.recognize_entities, disable_service_logs=disable_service_logs)
        operation = language_operation(service, "recognize_entities", send, merge_entities, items=5)
        return await self._executor.run(operation, text, language, call)

    @overload
    async def recognize_pii_entities(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[PiiChoices]
    ) -> PiiEntityRecognitionResult: ...
    @overload
    async def recognize_pii_entities(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[PiiChoices]
    ) -> None: ...
    @overload
    async def recognize_pii_entities(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[PiiBatch]
    ) -> list[PiiEntityRecognitionResult]: ...
    @overload
    async def recognize_pii_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[PiiBatch]
    ) -> list[PiiEntityRecognitionResult | None]: ...
    @overload
    async def recognize_pii_entities(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[PiiChoices]
    ) -> PiiEntityRecognitionResult | DocumentError: ...
    @overload
    async def recognize_pii_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[PiiBatch]
    ) -> list[PiiEntityRecognitionResult | DocumentError | None]: ...
    async def recognize_pii_entities(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        domain: str = "none",
        batch_size: int = 5,
        disable_service_logs: bool = True,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Find and mask personal data in one text or many; mirrors ``azure_cognitive.recognize_pii_entities``.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            domain: ``"none"``, or ``"phi"`` for health data only.
            batch_size: Most texts in one request; the service takes 5.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            A :class:`PiiEntityRecognitionResult`, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        domain = check_option(domain, "domain", ("none", "phi"))
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(service.recognize_pii_entities, domain=domain, disable_service_logs=disable_service_logs)
        operation = language_operation(service, "recognize_pii_entities", send, merge_pii, items=5)
        return await self._executor.run(operation, text, language, call)

    @overload
    async def summarize_extractive(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[ExtractiveChoices]
    ) -> list[Sentence]: ...
    @overload
    async def summarize_extractive(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[ExtractiveChoices]
    ) -> None: ...
    @overload
    async def summarize_extractive(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[ExtractiveBatch]
    ) -> list[list[Sentence]]: ...
    @overload
    async def summarize_extractive(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[ExtractiveBatch],
    ) -> list[list[Sentence] | None]: ...
    @overload
    async def summarize_extractive(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[ExtractiveChoices]
    ) -> list[Sentence] | DocumentError: ...
    @overload
    async def summarize_extractive(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[ExtractiveBatch]
    ) -> list[list[Sentence] | DocumentError | None]: ...
    async def summarize_extractive(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        sentence_count: int = 3,
        sort_by: str = "offset",
        batch_size: int = 25,
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Choose the sentences that say most of one text or many; mirrors ``azure_cognitive.summarize_extractive``.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            sentence_count: Sentences wanted, 1 to 20.
            sort_by: ``"offset"``, as they stand in the text, or ``"rank"``, the most telling first.
            batch_size: Most texts in one request; the service takes 25.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries and polling included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            The sentences of a text, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        check_count(sentence_count, "sentence_count")
        sort_by = check_option(sort_by, "sort_by", ("offset", "rank"))
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(
            service.summarize_extractive,
            sentence_count=sentence_count,
            sort_by=sort_by,
            disable_service_logs=disable_service_logs,
        )

        def merge(_parts: Sequence[Part], results: Sequence[list[Sentence]]) -> list[Sentence]:
            return merge_sentences(results, sentence_count, sort_by)

        operation = language_operation(service, "summarize_extractive", send, merge, items=25, job=True)
        return await self._executor.run(operation, text, language, call)

    @overload
    async def summarize_abstractive(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[SummaryChoices]
    ) -> list[str]: ...
    @overload
    async def summarize_abstractive(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[SummaryChoices]
    ) -> None: ...
    @overload
    async def summarize_abstractive(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[SummaryBatch]
    ) -> list[list[str]]: ...
    @overload
    async def summarize_abstractive(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[SummaryBatch],
    ) -> list[list[str] | None]: ...
    @overload
    async def summarize_abstractive(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[SummaryChoices]
    ) -> list[str] | DocumentError: ...
    @overload
    async def summarize_abstractive(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[SummaryBatch]
    ) -> list[list[str] | DocumentError | None]: ...
    async def summarize_abstractive(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        sentence_count: int = 3,
        batch_size: int = 25,
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Sum up one text or many in new words; mirrors ``azure_cognitive.summarize_abstractive``.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            sentence_count: Sentences wanted, about.
            batch_size: Most texts in one request; the service takes 25.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries and polling included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            The summaries of a text, mostly one, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        check_count(sentence_count, "sentence_count")
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(
            service.summarize_abstractive, sentence_count=sentence_count, disable_service_logs=disable_service_logs
        )
        operation = language_operation(service, "summarize_abstractive", send, merge_summaries, items=25, job=True)
        return await self._executor.run(operation, text, language, call)

    @overload
    async def translate(
        self,
        text: str,
        target_language: str | Texts,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[TranslationChoices],
    ) -> TranslatedTextResult: ...
    @overload
    async def translate(
        self,
        text: None,
        target_language: str | Texts,
        *,
        throw_on_error: bool = True,
        **options: Unpack[TranslationChoices],
    ) -> None: ...
    @overload
    async def translate(
        self,
        text: Texts,
        target_language: str | Texts,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[TranslationBatch],
    ) -> list[TranslatedTextResult]: ...
    @overload
    async def translate(
        self,
        text: SomeTexts,
        target_language: str | Texts,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[TranslationBatch],
    ) -> list[TranslatedTextResult | None]: ...
    @overload
    async def translate(
        self, text: str, target_language: str | Texts, *, throw_on_error: bool, **options: Unpack[TranslationChoices]
    ) -> TranslatedTextResult | DocumentError: ...
    @overload
    async def translate(
        self,
        text: SomeTexts,
        target_language: str | Texts,
        *,
        throw_on_error: bool,
        **options: Unpack[TranslationBatch],
    ) -> list[TranslatedTextResult | DocumentError | None]: ...
    async def translate(
        self,
        text: str | SomeTexts | None,
        target_language: str | Texts,
        *,
        source_language: Names = None,
        text_type: str = "Plain",
        profanity_action: str = "NoAction",
        profanity_marker: str = "Asterisk",
        suggested_source_language: str | None = None,
        source_script: str | None = None,
        target_script: Names = None,
        batch_size: int = 1000,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Translate one text or many into one language or several; mirrors ``azure_cognitive.translate``.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            target_language: Code such as ``de``, or a list of them.
            source_language: Code of the text's language, one for all or one for each; ``None``: the service finds it.
            text_type: ``"Plain"`` or ``"Html"``.
            profanity_action: ``"NoAction"``, ``"Marked"`` or ``"Deleted"``.
            profanity_marker: ``"Asterisk"`` or ``"Tag"``, for ``"Marked"``.
            suggested_source_language: Not known to the service's current API: it must be ``None``.
            source_script: Script of the text, e.g. ``Latn``, where it is not the language's usual one.
            target_script: Script of the translation, one for all target languages or one for each.
            batch_size: Most texts in one request; the service takes 1,000 and 50,000 characters, counted for each
                target language.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            A :class:`TranslatedTextResult` with one translation per target language in the order given, or a list of
            them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text or a language was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        targets = read_names(target_language, "target_language")
        scripts = read_choice(target_script, len(targets), "target_script")
        text_type = check_option(text_type, "text_type", ("Plain", "Html"))
        profanity_action = check_option(profanity_action, "profanity_action", ("NoAction", "Marked", "Deleted"))
        profanity_marker = check_option(profanity_marker, "profanity_marker", ("Asterisk", "Tag"))
        if suggested_source_language is not None:
            msg = "the service no longer takes suggested_source_language; pass source_language where it is known"
            raise ConfigurationError(msg)
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.translator()
        send = partial(
            service.translate,
            target_languages=targets,
            text_type=text_type,
            profanity_action=profanity_action,
            profanity_marker=profanity_marker,
            source_script=source_script,
            target_scripts=scripts,
        )
        operation = translation_operation(service, send, targets=len(targets), html=text_type == "Html")
        return await self._executor.run(operation, text, source_language, call, names=("text", "source_language"))
