"""What one request of Language and Translator holds, and how longer texts are cut."""

from __future__ import annotations

from functools import partial
from json import dumps
from typing import TYPE_CHECKING, TypeVar

from pgazure.client.execution import Operation
from pgazure.flow.merging import merge_translations, merge_transliterations
from pgazure.flow.packing import Capacity, Weight
from pgazure.flow.splitting import count_graphemes, exceeds_graphemes, split_text
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pgazure.flow.splitting import Part
    from pgazure.services.conversations import ConversationService
    from pgazure.services.exchange import Answer, Document
    from pgazure.services.language import LanguageService
    from pgazure.services.translator import TranslatorService
    from pgazure.types import TranslatedTextResult, TransliteratedText
    from pgazure.types_language import ConversationSummary, SupportedLanguages

R = TypeVar("R")

_DOCUMENT_CHARACTERS = 5_120
_JOB_CHARACTERS = 125_000
_TRANSLATOR_CHARACTERS = 50_000
_TRANSLATOR_TEXTS = 1_000
_TRANSLITERATION_CHARACTERS = 5_000
_TRANSLITERATION_TEXT = 1_000
_TRANSLITERATION_TEXTS = 10
# The service takes 1 MB; the rest is for ids, languages and brackets.
_LANGUAGE_BYTES = 900_000
_BYTES_A_DOCUMENT = 64
# What one code point may take in the request: two escapes of six bytes.
_BYTES_A_CHARACTER = 12


def language_operation(
    service: LanguageService,
    name: str,
    send: Callable[[Sequence[Document]], Awaitable[Answer[R]]],
    merge: Callable[[Sequence[Part], Sequence[R]], R],
    *,
    items: int,
    job: bool = False,
) -> Operation[R]:
    """Describe an operation of Language: 5,120 text elements a document or, in a job, 125,000 for all of them."""
    limit = _JOB_CHARACTERS if job else _DOCUMENT_CHARACTERS
    return Operation(
        service="language",
        name=name,
        endpoint=service.endpoint,
        send=send,
        capacity=Capacity(items, characters=_JOB_CHARACTERS if job else None, size=_LANGUAGE_BYTES),
        weigh=_weigh_job_document if job else _weigh_document,
        cut=partial(_cut_document, limit),
        merge=merge,
        # A job takes longer than the quota needs for another one.
        careful=not job,
    )


def translation_operation(
    service: TranslatorService,
    send: Callable[[Sequence[Document]], Awaitable[Answer[TranslatedTextResult]]],
    *,
    targets: int,
    html: bool,
) -> Operation[TranslatedTextResult]:
    """Describe a translation: 1,000 texts and 50,000 characters a request, counted for each target language."""
    limit = _TRANSLATOR_CHARACTERS // targets
    return Operation(
        service="translator",
        name="translate",
        endpoint=service.endpoint,
        send=send,
        capacity=Capacity(_TRANSLATOR_TEXTS, characters=_TRANSLATOR_CHARACTERS),
        weigh=partial(_weigh_translation, targets),
        cut=partial(_refuse_long_html if html else _cut_plain, limit),
        merge=merge_translations,
        targets=targets,
        careful=True,
    )


def conversation_operation(
    service: ConversationService, send: Callable[[Sequence[Document]], Awaitable[Answer[list[ConversationSummary]]]]
) -> Operation[list[ConversationSummary]]:
    """Describe the summary of a conversation: one a request, 125,000 text elements."""
    return Operation(
        service="language",
        name="summarize_conversation",
        endpoint=service.endpoint,
        send=send,
        capacity=Capacity(1),
        weigh=_weigh_nothing,
        cut=_refuse_long_conversation,
    )


def transliteration_operation(
    service: TranslatorService, send: Callable[[Sequence[Document]], Awaitable[Answer[TransliteratedText]]]
) -> Operation[TransliteratedText]:
    """Describe a transliteration: 10 texts of 1,000 characters a request, 5,000 together."""
    return Operation(
        service="translator",
        name="transliterate",
        endpoint=service.endpoint,
        send=send,
        capacity=Capacity(_TRANSLITERATION_TEXTS, characters=_TRANSLITERATION_CHARACTERS),
        weigh=partial(_weigh_translation, 1),
        cut=partial(_cut_plain, _TRANSLITERATION_TEXT),
        merge=merge_transliterations,
        careful=True,
    )


def languages_operation(
    service: TranslatorService, send: Callable[[Sequence[Document]], Awaitable[Answer[SupportedLanguages]]]
) -> Operation[SupportedLanguages]:
    """Describe the question for the languages, which is about no text."""
    return Operation(
        service="translator",
        name="supported_languages",
        endpoint=service.endpoint,
        send=send,
        capacity=Capacity(1),
        weigh=_weigh_nothing,
        cut=_cut_nothing,
    )


def _weigh_nothing(_document: Document) -> Weight:
    return Weight()


def _cut_nothing(_text: str) -> None:
    return None


def _refuse_long_conversation(text: str) -> DocumentError | None:
    if not exceeds_graphemes(text, _JOB_CHARACTERS):
        return None
    return DocumentError(
        "InvalidDocument",
        f"the conversation has more than {_JOB_CHARACTERS:,} characters; sum up its stretches one by one",
    )


def _weigh_document(document: Document) -> Weight:
    return Weight(size=len(dumps(document.text)) + _BYTES_A_DOCUMENT)


def _weigh_job_document(document: Document) -> Weight:
    text = document.text
    characters = len(text) if text.isascii() else count_graphemes(text)
    return Weight(characters=characters, size=len(dumps(text)) + _BYTES_A_DOCUMENT)


def _cut_document(limit: int, text: str) -> list[Part] | None:
    if not exceeds_graphemes(text, limit) and _fits_a_request(text):
        return None
    parts = split_text(text, limit)
    if all(_fits_a_request(part.text) for part in parts):
        return parts
    return split_text(text, min(limit, (_LANGUAGE_BYTES - _BYTES_A_DOCUMENT) // _BYTES_A_CHARACTER))


def _fits_a_request(text: str) -> bool:
    # Counting is needed only where the heaviest code points would make the text too heavy.
    limit = _LANGUAGE_BYTES - _BYTES_A_DOCUMENT
    return len(text) * _BYTES_A_CHARACTER <= limit or len(dumps(text)) <= limit


def _weigh_translation(targets: int, document: Document) -> Weight:
    return Weight(characters=len(document.text) * targets)


def _cut_plain(limit: int, text: str) -> list[Part] | None:
    return split_text(text, limit) if len(text) > limit else None


def _refuse_long_html(limit: int, text: str) -> DocumentError | None:
    if len(text) <= limit:
        return None
    return DocumentError(
        "InvalidDocument",
        f"the text has {len(text):,} characters and the service takes {limit:,} with so many target languages; "
        "HTML is not cut, as that could break its tags",
    )
