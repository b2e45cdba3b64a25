"""Azure AI Translator over ``azure-ai-translation-text``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.errors import ConfigurationError, ServiceResponseError
from pgazure.services.auth import choose_credential
from pgazure.services.azure_pipeline import pipeline_options
from pgazure.services.errors import describe_azure_error
from pgazure.services.exchange import Answer, watch_exchange
from pgazure.types import DetectedLanguage, TranslatedTextResult, Translation, TransliteratedText
from pgazure.types_language import (
    Script,
    SourceScript,
    SupportedLanguages,
    TranslationLanguage,
    TransliterationLanguage,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure.ai.translation.text.models import TranslateInputItem

    from pgazure.config import ServiceSettings
    from pgazure.services.auth import Identity
    from pgazure.services.exchange import Document

SERVICE = "translator"


class TranslatorService:
    """Azure AI Translator.

    Args:
        settings: Endpoint, key, region, resource id.
        identity: The credential used where there is no key.

    Raises:
        ConfigurationError: Entra ID with a region and without a resource id.
    """

    def __init__(self, settings: ServiceSettings, identity: Identity) -> None:
        from azure.ai.translation.text.aio import TextTranslationClient  # noqa: PLC0415  slow to import

        if settings.key is None and settings.region and not settings.resource_id:
            msg = "Entra ID with a region needs the resource id too: set AZURE_TEXT_TRANSLATION_RESOURCE_ID"
            raise ConfigurationError(msg)
        self.endpoint = settings.endpoint
        self._client = TextTranslationClient(
            settings.endpoint,
            choose_credential(settings, identity),
            region=settings.region,
            resource_id=settings.resource_id,
            credential_scopes=[identity.scope(settings.endpoint)],
            **pipeline_options(settings),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def translate(
        self,
        documents: Sequence[Document],
        *,
        target_languages: Sequence[str],
        text_type: str,
        profanity_action: str,
        profanity_marker: str,
        source_script: str | None,
        target_scripts: Sequence[str | None],
    ) -> Answer[TranslatedTextResult]:
        """Send one request; at most 1,000 documents and 50,000 characters, counted for each target language."""
        with watch_exchange() as exchange:
            try:
                inputs = _inputs(
                    documents,
                    target_languages=target_languages,
                    text_type=text_type,
                    profanity_action=profanity_action,
                    profanity_marker=profanity_marker,
                    source_script=source_script,
                    target_scripts=target_scripts,
                )
                found = await self._client.translate(inputs)
                results = [_convert(item, target_languages, target_scripts) for item in found]
                _check(results, len(documents), target_languages)
            except Exception as error:  # noqa: BLE001  the SDK lets AttributeError and the like out on an odd answer
                # The SDK's exceptions hold the request with its key and texts: they are not chained.
                raise describe_azure_error(
                    error, exchange, service=SERVICE, operation="translate", documents=documents
                ) from None
            return Answer(results, status_code=exchange.status_code, request_id=exchange.request_id)

    async def transliterate(
        self, documents: Sequence[Document], *, language: str, from_script: str, to_script: str
    ) -> Answer[TransliteratedText]:
        """Send one request; at most 10 documents of 1,000 characters each and 5,000 together."""
        with watch_exchange() as exchange:
            try:
                found = await self._client.transliterate(
                    [document.text for document in documents],
                    language=language,
                    from_script=from_script,
                    to_script=to_script,
                )
                results = [TransliteratedText(item.script, item.text) for item in found]
                _check_count(len(results), len(documents))
            except Exception as error:  # noqa: BLE001  as above
                raise describe_azure_error(
                    error, exchange, service=SERVICE, operation="transliterate", documents=documents
                ) from None
            return Answer(results, status_code=exchange.status_code, request_id=exchange.request_id)

    async def supported_languages(
        self, _documents: Sequence[Document] = (), *, scope: Sequence[str], language: str | None
    ) -> Answer[SupportedLanguages]:
        """Send one request; it needs no key and is not billed."""
        with watch_exchange() as exchange:
            try:
                found = await self._client.get_supported_languages(
                    scope=",".join(scope) or None, accept_language=language
                )
                result = _convert_languages(found)
            except Exception as error:  # noqa: BLE001  as above
                raise describe_azure_error(error, exchange, service=SERVICE, operation="supported_languages") from None
            return Answer([result], status_code=exchange.status_code, request_id=exchange.request_id)


def _inputs(
    documents: Sequence[Document],
    *,
    target_languages: Sequence[str],
    text_type: str,
    profanity_action: str,
    profanity_marker: str,
    source_script: str | None,
    target_scripts: Sequence[str | None],
) -> list[TranslateInputItem]:
    from azure.ai.translation.text.models import (  # noqa: PLC0415  SDKs are imported when first needed
        TranslateInputItem,
        TranslationTarget,
    )

    # What is the service's default is not sent.
    marked = profanity_action == "Marked"
    targets = [
        TranslationTarget(
            language=language,
            script=script,
            profanity_action=None if profanity_action == "NoAction" else profanity_action,
            profanity_marker=profanity_marker if marked else None,
        )
        for language, script in zip(target_languages, target_scripts, strict=True)
    ]
    return [
        TranslateInputItem(
            text=document.text,
            targets=targets,
            language=document.language,
            script=source_script,
            text_type=None if text_type == "Plain" else text_type,
        )
        for document in documents
    ]


def _convert(item: Any, targets: Sequence[str], scripts: Sequence[str | None]) -> TranslatedTextResult:
    # The SDK's models are mappings too, and each attribute is made anew of the JSON: reading that is far quicker.
    detected = item.get("detectedLanguage")
    translations = []
    for index, translation in enumerate(item["translations"]):
        script = scripts[index] if index < len(targets) else None
        translations.append(
            Translation(
                target_language=translation["language"],
                text=translation["text"],
                transliteration=TransliteratedText(script, translation["text"]) if script else None,
            )
        )
    return TranslatedTextResult(
        translations, None if detected is None else DetectedLanguage(detected["language"], float(detected["score"]))
    )


def _check(results: Sequence[TranslatedTextResult], count: int, targets: Sequence[str]) -> None:
    # The service spells a code its own way (zh-cn comes back as zh-Hans), so that only the number can be compared.
    if len(results) != count or any(len(result.translations) != len(targets) for result in results):
        msg = (
            f"{SERVICE} translate: {count} texts were sent for {len(targets)} languages and the answer has another"
            " number of translations; it cannot be assigned to the texts and is dropped"
        )
        raise ServiceResponseError(msg, service=SERVICE, operation="translate", code="WrongTranslationCount")
    if any(not isinstance(t.text, str) for result in results for t in result.translations):
        msg = f"{SERVICE} translate: a translation of the answer has no text; the answer is dropped"
        raise ServiceResponseError(msg, service=SERVICE, operation="translate", code="UnreadableAnswer")


def _check_count(found: int, count: int) -> None:
    if found != count:
        msg = (
            f"{SERVICE} transliterate: {count} texts were sent and the answer has {found};"
            " it cannot be assigned to the texts and is dropped"
        )
        raise ServiceResponseError(msg, service=SERVICE, operation="transliterate", code="WrongTransliterationCount")


def _convert_languages(found: Any) -> SupportedLanguages:
    return SupportedLanguages(
        translation={
            code: TranslationLanguage(
                name=language.name,
                native_name=language.native_name,
                direction=_direction(language),
                models=list(language.models or []),
            )
            for code, language in (found.translation or {}).items()
        },
        transliteration={
            code: TransliterationLanguage(
                name=language.name,
                native_name=language.native_name,
                scripts=[
                    SourceScript(_convert_script(script), [_convert_script(other) for other in script.to_scripts])
                    for script in language.scripts
                ],
            )
            for code, language in (found.transliteration or {}).items()
        },
        models=list(found.models or []),
    )


def _convert_script(script: Any) -> Script:
    return Script(script.code, script.name, script.native_name, _direction(script))


def _direction(written: Any) -> str:
    return str(getattr(written.dir, "value", written.dir))
