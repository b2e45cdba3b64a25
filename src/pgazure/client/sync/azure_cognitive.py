"""``azure_cognitive``, blocking. Written by scripts/generate_client.py: do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from typing import Unpack

    from pgazure.client.background import Background
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


class AzureCognitive:
    """The functions of schema ``azure_cognitive``."""

    def __init__(self, background: Background) -> None:
        self._background = background

    @overload
    def analyze_sentiment(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> SentimentAnalysisResult: ...
    @overload
    def analyze_sentiment(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    def analyze_sentiment(  # pyright: ignore[reportOverlappingOverload]
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[SentimentAnalysisResult]: ...
    @overload
    def analyze_sentiment(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[LanguageBatch],
    ) -> list[SentimentAnalysisResult | None]: ...
    @overload
    def analyze_sentiment(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> SentimentAnalysisResult | DocumentError: ...
    @overload
    def analyze_sentiment(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[SentimentAnalysisResult | DocumentError | None]: ...
    def analyze_sentiment(
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
        return self._background.call(
            "azure_cognitive",
            "analyze_sentiment",
            text,
            language,
            batch_size=batch_size,
            disable_service_logs=disable_service_logs,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    @overload
    def detect_language(
        self, text: str, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> LanguageDetectionResult: ...
    @overload
    def detect_language(
        self, text: None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    def detect_language(  # pyright: ignore[reportOverlappingOverload]
        self, text: Texts, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[LanguageDetectionResult]: ...
    @overload
    def detect_language(
        self, text: SomeTexts, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[LanguageDetectionResult | None]: ...
    @overload
    def detect_language(
        self, text: str, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> LanguageDetectionResult | DocumentError: ...
    @overload
    def detect_language(
        self, text: SomeTexts, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[LanguageDetectionResult | DocumentError | None]: ...
    def detect_language(
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
        return self._background.call(
            "azure_cognitive",
            "detect_language",
            text,
            batch_size=batch_size,
            disable_service_logs=disable_service_logs,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    @overload
    def extract_key_phrases(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> list[str]: ...
    @overload
    def extract_key_phrases(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    def extract_key_phrases(  # pyright: ignore[reportOverlappingOverload]
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[list[str]]: ...
    @overload
    def extract_key_phrases(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[LanguageBatch],
    ) -> list[list[str] | None]: ...
    @overload
    def extract_key_phrases(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> list[str] | DocumentError: ...
    @overload
    def extract_key_phrases(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[list[str] | DocumentError | None]: ...
    def extract_key_phrases(
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
        return self._background.call(
            "azure_cognitive",
            "extract_key_phrases",
            text,
            language,
            batch_size=batch_size,
            disable_service_logs=disable_service_logs,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    @overload
    def linked_entities(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> list[LinkedEntity]: ...
    @overload
    def linked_entities(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    def linked_entities(  # pyright: ignore[reportOverlappingOverload]
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[list[LinkedEntity]]: ...
    @overload
    def linked_entities(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[LanguageBatch],
    ) -> list[list[LinkedEntity] | None]: ...
    @overload
    def linked_entities(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> list[LinkedEntity] | DocumentError: ...
    @overload
    def linked_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[list[LinkedEntity] | DocumentError | None]: ...
    def linked_entities(
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
        return self._background.call(
            "azure_cognitive",
            "linked_entities",
            text,
            language,
            batch_size=batch_size,
            disable_service_logs=disable_service_logs,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    @overload
    def recognize_entities(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> list[Entity]: ...
    @overload
    def recognize_entities(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    def recognize_entities(  # pyright: ignore[reportOverlappingOverload]
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[list[Entity]]: ...
    @overload
    def recognize_entities(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[LanguageBatch],
    ) -> list[list[Entity] | None]: ...
    @overload
    def recognize_entities(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> list[Entity] | DocumentError: ...
    @overload
    def recognize_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[list[Entity] | DocumentError | None]: ...
    def recognize_entities(
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
        return self._background.call(
            "azure_cognitive",
            "recognize_entities",
            text,
            language,
            batch_size=batch_size,
            disable_service_logs=disable_service_logs,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    @overload
    def recognize_pii_entities(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[PiiChoices]
    ) -> PiiEntityRecognitionResult: ...
    @overload
    def recognize_pii_entities(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[PiiChoices]
    ) -> None: ...
    @overload
    def recognize_pii_entities(  # pyright: ignore[reportOverlappingOverload]
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[PiiBatch]
    ) -> list[PiiEntityRecognitionResult]: ...
    @overload
    def recognize_pii_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[PiiBatch]
    ) -> list[PiiEntityRecognitionResult | None]: ...
    @overload
    def recognize_pii_entities(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[PiiChoices]
    ) -> PiiEntityRecognitionResult | DocumentError: ...
    @overload
    def recognize_pii_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[PiiBatch]
    ) -> list[PiiEntityRecognitionResult | DocumentError | None]: ...
    def recognize_pii_entities(
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
        return self._background.call(
            "azure_cognitive",
            "recognize_pii_entities",
            text,
            language,
            domain=domain,
            batch_size=batch_size,
            disable_service_logs=disable_service_logs,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    @overload
    def summarize_extractive(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[ExtractiveChoices]
    ) -> list[Sentence]: ...
    @overload
    def summarize_extractive(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[ExtractiveChoices]
    ) -> None: ...
    @overload
    def summarize_extractive(  # pyright: ignore[reportOverlappingOverload]
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[ExtractiveBatch]
    ) -> list[list[Sentence]]: ...
    @overload
    def summarize_extractive(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[ExtractiveBatch],
    ) -> list[list[Sentence] | None]: ...
    @overload
    def summarize_extractive(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[ExtractiveChoices]
    ) -> list[Sentence] | DocumentError: ...
    @overload
    def summarize_extractive(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[ExtractiveBatch]
    ) -> list[list[Sentence] | DocumentError | None]: ...
    def summarize_extractive(
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
        return self._background.call(
            "azure_cognitive",
            "summarize_extractive",
            text,
            language,
            sentence_count=sentence_count,
            sort_by=sort_by,
            batch_size=batch_size,
            disable_service_logs=disable_service_logs,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    @overload
    def summarize_abstractive(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[SummaryChoices]
    ) -> list[str]: ...
    @overload
    def summarize_abstractive(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[SummaryChoices]
    ) -> None: ...
    @overload
    def summarize_abstractive(  # pyright: ignore[reportOverlappingOverload]
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[SummaryBatch]
    ) -> list[list[str]]: ...
    @overload
    def summarize_abstractive(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[SummaryBatch],
    ) -> list[list[str] | None]: ...
    @overload
    def summarize_abstractive(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[SummaryChoices]
    ) -> list[str] | DocumentError: ...
    @overload
    def summarize_abstractive(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[SummaryBatch]
    ) -> list[list[str] | DocumentError | None]: ...
    def summarize_abstractive(
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
        return self._background.call(
            "azure_cognitive",
            "summarize_abstractive",
            text,
            language,
            sentence_count=sentence_count,
            batch_size=batch_size,
            disable_service_logs=disable_service_logs,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    @overload
    def translate(
        self,
        text: str,
        target_language: str | Texts,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[TranslationChoices],
    ) -> TranslatedTextResult: ...
    @overload
    def translate(
        self,
        text: None,
        target_language: str | Texts,
        *,
        throw_on_error: bool = True,
        **options: Unpack[TranslationChoices],
    ) -> None: ...
    @overload
    def translate(  # pyright: ignore[reportOverlappingOverload]
        self,
        text: Texts,
        target_language: str | Texts,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[TranslationBatch],
    ) -> list[TranslatedTextResult]: ...
    @overload
    def translate(
        self,
        text: SomeTexts,
        target_language: str | Texts,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[TranslationBatch],
    ) -> list[TranslatedTextResult | None]: ...
    @overload
    def translate(
        self, text: str, target_language: str | Texts, *, throw_on_error: bool, **options: Unpack[TranslationChoices]
    ) -> TranslatedTextResult | DocumentError: ...
    @overload
    def translate(
        self,
        text: SomeTexts,
        target_language: str | Texts,
        *,
        throw_on_error: bool,
        **options: Unpack[TranslationBatch],
    ) -> list[TranslatedTextResult | DocumentError | None]: ...
    def translate(
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
        return self._background.call(
            "azure_cognitive",
            "translate",
            text,
            target_language,
            source_language=source_language,
            text_type=text_type,
            profanity_action=profanity_action,
            profanity_marker=profanity_marker,
            suggested_source_language=suggested_source_language,
            source_script=source_script,
            target_script=target_script,
            batch_size=batch_size,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )
