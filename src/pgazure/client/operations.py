"""What one request of Language and Translator holds, and how longer texts are cut."""

from __future__ import annotations

from functools import partial
from json import dumps
from typing import TYPE_CHECKING, TypeVar

from pgazure.client.execution import Operation
from pgazure.flow.merging import merge_translations
from pgazure.flow.packing import Capacity, Weight
from pgazure.flow.splitting import count_graphemes, exceeds_graphemes, split_text
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pgazure.flow.splitting import Part
    from pgazure.services.exchange import Answer, Document
    from pgazure.services.language import LanguageService
    from pgazure.services.translator import TranslatorService
    from pgazure.types import TranslatedTextResult

R = TypeVar("R")

_DOCUMENT_CHARACTERS = 5_120
_JOB_CHARACTERS = 125_000
_TRANSLATOR_CHARACTERS = 50_000
_TRANSLATOR_TEXTS = 1_000
# The service takes 1 MB; the rest is for ids, languages and brackets.
_LANGUAGE_BYTES = 900_000
_BYTES_A_DOCUMENT = 64


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
    )


def _weigh_document(document: Document) -> Weight:
    return Weight(size=len(dumps(document.text)) + _BYTES_A_DOCUMENT)


def _weigh_job_document(document: Document) -> Weight:
    text = document.text
    characters = len(text) if text.isascii() else count_graphemes(text)
    return Weight(characters=characters, size=len(dumps(text)) + _BYTES_A_DOCUMENT)


def _cut_document(limit: int, text: str) -> list[Part] | None:
    return split_text(text, limit) if exceeds_graphemes(text, limit) else None


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
