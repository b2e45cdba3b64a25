# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""The documents of a Language request: checked, answered one by one, put into the service's envelope."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from pgazure.emulator.language import analysis
from pgazure.emulator.language.versions import Span
from pgazure.emulator.models import language
from pgazure.emulator.offsets import UNITS, count_text_elements
from pgazure.emulator.rules import NO_RULES
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.emulator.language.kinds import Kind
    from pgazure.emulator.language.versions import Version
    from pgazure.emulator.rules import Rules

SYNC_SIZE = 5_120
JOB_DOCUMENTS = 25
JOB_SIZE = 125_000
BODY_SIZE = 1_048_576
_RECORD = 1_000
_NOT_IN_ITEMS = {"loggingOptOut", "stringIndexType"}
_LIMITS_PAGE = "For additional details on the data limitations see https://aka.ms/text-analytics-data-limits"
_LANGUAGES_PAGE = "For additional details see https://aka.ms/language-service/language-support"
_MODELS_PAGE = "For additional details see https://aka.ms/text-analytics-model-versioning"
_AUTODETECTION = Span("2024-11-01", "2022-10-01")
_DEFAULTED = Span(None, "2022-10-01", until="2022-10-01-preview")
# Language detection and the other analyses have different names for Chinese.
_CODES = {"zh_chs": "zh-Hans", "zh_cht": "zh-Hant"}


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a request.

    Attributes:
        id: Chosen by the caller; unique in the request.
        text: The text.
        hint: Its language, or the country hint of language detection; empty where none is given.
    """

    id: str
    text: str
    hint: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document, or of one conversation.

    Attributes:
        body: The result, or the error, as it stands in the answer; with ``statistics``, which are left out where
            nobody asks for them.
        records: Billing units; an error costs nothing.
        failed: Whether it is an error.
    """

    body: dict[str, Any]
    records: int
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is to be done with documents.

    Attributes:
        kind: The kind of analysis.
        parameters: Its parameters.
        version: The version that it is asked of.
        size: Most text elements of a document.
        rules: What custom models answer.
        default_language: Where a language is to be detected and cannot be; empty for none.
    """

    kind: Kind
    parameters: dict[str, Any]
    version: Version
    size: int
    rules: Rules = NO_RULES
    default_language: str = ""


def count_records(characters: int) -> int:
    """Count billing units: one for each thousand characters begun."""
    return -(-characters // _RECORD)


def assign(
    kind: Kind, parameters: dict[str, Any], version: Version, size: int, *, default_language: str = ""
) -> Assignment:
    """Say what is to be done; what the version does not know of the parameters is passed over."""
    known = kind.list_parameters(version)
    kept = {name: value for name, value in parameters.items() if name in known}
    return Assignment(kind, kept, version, size, default_language=default_language)


def refuse(code: str, message: str, *, outer: str = "Invalid Request.", status: int = 400) -> Refusal:
    """Build a refusal of a whole request."""
    error = {"code": "InvalidRequest", "message": outer, "innererror": {"code": code, "message": message}}
    return Refusal(status, {"error": error})


def refuse_documents(version: Version, code: str, message: str, status: int = 400) -> Refusal:
    """Build a refusal of a whole request for its documents' sake."""
    return refuse(code, message, outer=version.invalid_document, status=status)


def read_documents(holder: Any, limit: int, hint: str, version: Version) -> list[Document]:
    """Check the documents of a request.

    Args:
        holder: What has the list of documents.
        limit: Most documents allowed.
        hint: Name of the field with the language or the country.
        version: The version that is asked.

    Raises:
        Refusal: There are none, or too many, or an id is missing or not unique.
    """
    given = holder.get("documents") if isinstance(holder, dict) else None
    if not isinstance(given, list) or not given:
        raise refuse("MissingInputDocuments", "Missing input documents.")
    check_count(given, limit, version)
    documents = [_read_document(item, hint, version) for item in given]
    if len({document.id for document in documents}) < len(documents):
        message = "Request contains duplicated Ids. Make sure each document has a unique Id."
        raise refuse_documents(version, "InvalidDocument", message)
    return documents


def check_count(given: Any, limit: int, version: Version) -> None:
    """Check the number of documents.

    Raises:
        Refusal: There are too many.
    """
    if isinstance(given, list) and len(given) > limit:
        message = f"Batch request contains too many records. Max {limit} records are permitted."
        raise refuse_documents(version, "InvalidDocumentBatch", message)


def _read_document(item: Any, hint: str, version: Version) -> Document:
    fields = [item.get(name) for name in ("id", "text", hint)] if isinstance(item, dict) else [None, None, None]
    name, text, given = (value if value is not None else "" for value in fields)
    if not isinstance(name, str) or not isinstance(text, str) or not isinstance(given, str):
        message = f"A document is an object whose id, text and {hint} are strings."
        raise refuse("InvalidRequestBodyFormat", message)
    if not name:
        raise refuse_documents(version, "InvalidDocument", "Document Id is missing or empty.")
    return Document(name, text, given)


def check_parameters(kind: Kind, parameters: dict[str, Any], version: Version) -> None:
    """Check the parameters of a request.

    Raises:
        Refusal: One of them is not known, or has a value that does not exist.
    """
    asked = parameters.get("modelVersion") or "latest"
    if asked not in ("latest", *kind.models):
        known = ",".join(("latest", *kind.models))
        message = f"Invalid model version. Possible values are: {known}. {_MODELS_PAGE}"
        raise refuse("ModelVersionIncorrect", message)
    if problem := find_problem(kind, parameters, version):
        raise refuse("InvalidParameterValue", problem, outer="Invalid parameter in request")


def find_problem(kind: Kind, parameters: dict[str, Any], version: Version) -> str | None:
    """Say what is wrong with parameters; ``None`` where nothing is."""
    known = kind.list_parameters(version)
    if version.refuses_unknown and (unknown := next((name for name in parameters if name not in known), None)):
        return f"Invalid value for parameter '{unknown}', valid values are {', '.join(known)}."
    unit = parameters.get("stringIndexType")
    if kind.has_offsets and unit is not None and unit not in UNITS:
        return f"Invalid value for parameter 'stringIndexType', valid values are {', '.join(UNITS)}."
    return analysis.find_problem(kind.name, parameters)


def answer_document(assignment: Assignment, document: Document, place: int) -> Outcome:
    """Analyze one document.

    Args:
        assignment: What to do.
        document: The document.
        place: Its place in the answer's list of documents.
    """
    kind, version = assignment.kind, assignment.version
    detected: dict[str, Any] = {}
    if document.hint == "auto" and kind.languages and version.knows(_AUTODETECTION):
        document, detected = _tell_language(assignment, document)
    error = _find_error(kind, document, assignment.size, version)
    if error is not None:
        return Outcome({"id": document.id, "error": error}, 0, failed=True)
    hint = document.hint if not kind.languages else kind.resolve_language(document.hint or "en") or "en"
    characters, records = len(document.text), count_records(len(document.text))
    statistics = {"charactersCount": characters, "transactionsCount": records}
    asked = analysis.Question(
        document.id, document.text, hint, assignment.parameters, statistics, place, assignment.rules, version
    )
    return Outcome(analysis.ANSWERS[kind.name](asked) | detected, records)


def _tell_language(assignment: Assignment, document: Document) -> tuple[Document, dict[str, Any]]:
    found = language.detect(document.text, "")
    code = _CODES.get(found.code, found.code)
    unclear = found == language.UNKNOWN or assignment.kind.resolve_language(code) is None
    default = assignment.default_language
    told = {"name": found.name, "iso6391Name": found.code, "confidenceScore": found.score}
    body: dict[str, Any] = {"detectedLanguage": told}
    if assignment.version.knows(_DEFAULTED):
        body["isLanguageDefaulted"] = bool(unclear and default)
    return replace(document, hint=default if unclear and default else code), body


def find_hint_error(kind: Kind, document: Document, version: Version) -> dict[str, Any] | None:
    """The error in a document's language or country, if there is one."""
    hint = document.hint
    if hint == "auto" and kind.languages and version.knows(_AUTODETECTION):
        return None
    if not kind.languages:
        if hint and not (len(hint) == 2 and hint.isascii() and hint.isalpha()):  # noqa: PLR2004  # ISO 3166-1 alpha-2
            message = "Country hint is not valid. Please specify an ISO 3166-1 alpha-2 two letter country code."
            return _document_error("InvalidCountryHint", message, "Invalid Country Hint.")
    elif hint and kind.resolve_language(hint) is None:
        named = f" '{hint}'" if version.names_language else ""
        known = ",".join(kind.languages)
        message = f"Invalid language code{named}. Supported languages: {known}. {_LANGUAGES_PAGE}"
        return _document_error("UnsupportedLanguageCode", message, "Invalid Language Code.")
    return None


def _find_error(kind: Kind, document: Document, size: int, version: Version) -> dict[str, Any] | None:
    if not document.text.strip():
        return _document_error("InvalidDocument", "Document text is empty.", version.invalid_document)
    if error := find_hint_error(kind, document, version):
        return error
    # Every text element has at least one code point, so most texts need no segmentation.
    if len(document.text) > size and count_text_elements(document.text) > size:
        message = (
            "A document within the request was too large to be processed. "
            f"Limit document size to: {size} text elements. {_LIMITS_PAGE}"
        )
        return _document_error("InvalidDocument", message, version.invalid_document)
    return None


def _document_error(code: str, message: str, outer: str) -> dict[str, Any]:
    return {"code": "InvalidArgument", "message": outer, "innererror": {"code": code, "message": message}}


def list_items(assignment: Assignment, documents: Sequence[Document]) -> list[Item]:
    """The texts of a request, told apart by all that their answer depends on."""
    kind = assignment.kind
    kept = {name: value for name, value in assignment.parameters.items() if name not in _NOT_IN_ITEMS}
    fixed = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode()
    return [
        Item(kind.name, f"{fixed} {document.hint}", document.text, len(document.text))
        for document in documents
        if document.text.strip() and find_hint_error(kind, document, assignment.version) is None
    ]


def answer_documents(assignment: Assignment, documents: Sequence[Document]) -> list[Outcome]:
    """Analyze documents in their order."""
    outcomes: list[Outcome] = []
    valid = 0
    for document in documents:
        outcome = answer_document(assignment, document, valid)
        valid += not outcome.failed
        outcomes.append(outcome)
    return outcomes


def envelope(
    outcomes: Sequence[Outcome], model: str, *, show_stats: bool = False, name: str = "documents"
) -> dict[str, Any]:
    """Put outcomes into the shape of an answer: results and errors apart, each in the request's order.

    Args:
        outcomes: What became of the documents.
        model: The model's version.
        show_stats: Whether to say how much they cost.
        name: What the answer calls them.
    """
    valid = [outcome.body for outcome in outcomes if not outcome.failed]
    failed = [outcome.body for outcome in outcomes if outcome.failed]
    results: dict[str, Any] = {}
    if show_stats:
        results["statistics"] = {
            "documentsCount": len(outcomes),
            "validDocumentsCount": len(valid),
            "erroneousDocumentsCount": len(failed),
            "transactionsCount": sum(outcome.records for outcome in outcomes),
        }
    else:
        valid = [{name: value for name, value in body.items() if name != "statistics"} for body in valid]
    return results | {name: valid, "errors": failed, "modelVersion": model}
