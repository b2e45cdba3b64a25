"""Azure AI Translator beyond the extension: other scripts, and what languages there are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, overload

from pgazure.client.execution import Call
from pgazure.client.inputs import check_name, check_option, read_names
from pgazure.client.operations import languages_operation, transliteration_operation
from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from typing import Unpack

    from pgazure.client.connections import Connections
    from pgazure.client.execution import Executor
    from pgazure.client.inputs import Raising, SequenceOf, SomeTexts, Texts
    from pgazure.client.options import CallBatch, CallChoices
    from pgazure.types import DocumentError, TransliteratedText
    from pgazure.types_language import SupportedLanguages

_SCOPES = ("translation", "transliteration", "models")


class AsyncAzureTranslator:
    """What Azure AI Translator can do beyond ``azure_cognitive.translate``."""

    def __init__(self, connections: Connections, executor: Executor) -> None:
        self._connections = connections
        self._executor = executor

    @overload
    async def transliterate(
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
    async def transliterate(
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
    async def transliterate(
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
    async def transliterate(
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
    async def transliterate(
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
    async def transliterate(
        self,
        text: SomeTexts,
        language: str,
        from_script: str,
        to_script: str,
        *,
        throw_on_error: bool,
        **options: Unpack[CallBatch],
    ) -> list[TransliteratedText | DocumentError | None]: ...
    async def transliterate(
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
        for value, name in ((language, "language"), (from_script, "from_script"), (to_script, "to_script")):
            check_name(value, name)
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.translator()
        send = partial(service.transliterate, language=language, from_script=from_script, to_script=to_script)
        operation = transliteration_operation(service, send)
        return await self._executor.run(operation, text, None, call)

    async def supported_languages(
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
        wanted = [] if scope is None else [check_option(one, "scope", _SCOPES) for one in read_names(scope, "scope")]
        # It travels in a header, where a line break would end it.
        if language is not None and not check_name(language, "language").isprintable():
            msg = "language must be a code such as de"
            raise ConfigurationError(msg)
        call = Call(1, timeout_ms, True, max_attempts, retry_delay_ms)  # noqa: FBT003  a call's fields in their order
        service = self._connections.translator()
        operation = languages_operation(service, partial(service.supported_languages, scope=wanted, language=language))
        return await self._executor.ask(operation, call)
