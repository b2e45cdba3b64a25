"""Azure AI Translator over ``azure-ai-translation-text``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.errors import ConfigurationError, ServiceResponseError
from pgazure.services.auth import choose_credential
from pgazure.services.azure_pipeline import pipeline_options
from pgazure.services.errors import describe_azure_error
from pgazure.services.exchange import Answer, watch_exchange
from pgazure.types import DetectedLanguage, TranslatedTextResult, Translation, TransliteratedText

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
    detected = item.detected_language
    translations = []
    for index, translation in enumerate(item.translations):
        script = scripts[index] if index < len(targets) else None
        translations.append(
            Translation(
                target_language=translation.language,
                text=translation.text,
                transliteration=TransliteratedText(script, translation.text) if script else None,
            )
        )
    return TranslatedTextResult(
        translations, DetectedLanguage(detected.language, float(detected.score)) if detected is not None else None
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
