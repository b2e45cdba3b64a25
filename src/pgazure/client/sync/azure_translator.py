"""``azure_translator``, blocking. Written by scripts/generate_client.py: do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from typing import Unpack

    from pgazure.client.background import Background
    from pgazure.client.inputs import Raising, SequenceOf, SomeTexts, Texts
    from pgazure.client.options import CallBatch, CallChoices
    from pgazure.types import DocumentError, TransliteratedText
    from pgazure.types_language import SupportedLanguages


class AzureTranslator:
    """What Azure AI Translator can do beyond ``azure_cognitive.translate``."""

    def __init__(self, background: Background) -> None:
        self._background = background

    @overload
    def transliterate(
        self,
        text: str,
        language: str,
        from_script: str,
        to_script: str,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[CallChoices],
    ) -> TransliteratedText: ...
    @overload
    def transliterate(
        self,
        text: None,
        language: str,
        from_script: str,
        to_script: str,
        *,
        throw_on_error: bool = True,
        **options: Unpack[CallChoices],
    ) -> None: ...
    @overload
    def transliterate(  # pyright: ignore[reportOverlappingOverload]
        self,
        text: Texts,
        language: str,
        from_script: str,
        to_script: str,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[CallBatch],
    ) -> list[TransliteratedText]: ...
    @overload
    def transliterate(
        self,
        text: SomeTexts,
        language: str,
        from_script: str,
        to_script: str,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[CallBatch],
    ) -> list[TransliteratedText | None]: ...
    @overload
    def transliterate(
        self,
        text: str,
        language: str,
        from_script: str,
        to_script: str,
        *,
        throw_on_error: bool,
        **options: Unpack[CallChoices],
    ) -> TransliteratedText | DocumentError: ...
    @overload
    def transliterate(
        self,
        text: SomeTexts,
        language: str,
        from_script: str,
        to_script: str,
        *,
        throw_on_error: bool,
        **options: Unpack[CallBatch],
    ) -> list[TransliteratedText | DocumentError | None]: ...
    def transliterate(
        self,
        text: str | SomeTexts | None,
        language: str,
        from_script: str,
        to_script: str,
        *,
        batch_size: int = 10,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Write one text or many in another script of the same language.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Code of the language of all texts, such as ``ja``.
            from_script: Code of the script they are written in, such as ``Jpan``.
            to_script: Code of the script wanted, such as ``Latn``; :meth:`supported_languages` lists them.
            batch_size: Most texts in one request; the service takes 10, of 5,000 characters together.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            A :class:`TransliteratedText`, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text, the language or a script was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        return self._background.call(
            "azure_translator",
            "transliterate",
            text,
            language,
            from_script,
            to_script,
            batch_size=batch_size,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    def supported_languages(
        self,
        *,
        scope: str | SequenceOf[str] | None = None,
        language: str | None = None,
        timeout_ms: int | None = None,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> SupportedLanguages:
        """List the languages and scripts that Translator knows; nothing is billed.

        Args:
            scope: One or several of ``"translation"``, ``"transliteration"`` and ``"models"``; ``None`` is all.
            language: Code of the language that names are given in; ``None`` is English.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            max_attempts: Times the request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            A :class:`SupportedLanguages`; what was not asked for is empty.

        Raises:
            ServiceUnavailableError: The service failed.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        result: SupportedLanguages = self._background.call(
            "azure_translator",
            "supported_languages",
            scope=scope,
            language=language,
            timeout_ms=timeout_ms,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )
        return result
