# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""The documents of a Language request: checked, answered one by one, put into the service's envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgazure.emulator import analysis
from pgazure.emulator.offsets import UNITS, count_text_elements
from pgazure.emulator.rules import NO_RULES
from pgazure.emulator.wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.emulator.language_kinds import Kind
    from pgazure.emulator.rules import Rules

SYNC_SIZE = 5_120
JOB_DOCUMENTS = 25
JOB_SIZE = 125_000
BODY_SIZE = 1_048_576
_RECORD = 1_000
_LIMITS_PAGE = "For additional details on the data limitations see https://aka.ms/text-analytics-data-limits"
_LANGUAGES_PAGE = "For additional details see https://aka.ms/language-service/language-support"
_MODELS_PAGE = "For additional details see https://aka.ms/text-analytics-model-versioning"


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
    """What became of one document.

    Attributes:
        body: The result, or the error, as it stands in the answer.
        characters: Its length in code points; zero for an error.
        failed: Whether it is an error.
    """

    body: dict[str, Any]
    characters: int
    failed: bool

    @property
    def records(self) -> int:
        """Billing units: one for each thousand characters begun; an error costs nothing."""
        return -(-self.characters // _RECORD)


def refuse(code: str, message: str, *, outer: str = "Invalid Request.", status: int = 400) -> Refusal:
    """Build a refusal of a whole request."""
    error = {"code": "InvalidRequest", "message": outer, "innererror": {"code": code, "message": message}}
    return Refusal(status, {"error": error})


def refuse_documents(code: str, message: str, status: int = 400) -> Refusal:
    """Build a refusal of a whole request for its documents' sake."""
    return refuse(code, message, outer="Invalid Document in request.", status=status)


def read_documents(body: Any, limit: int, hint: str) -> list[Document]:
    """Check the documents of a request.

    Args:
        body: The request's JSON.
        limit: Most documents allowed.
        hint: Name of the field with the language or the country.

    Raises:
        Refusal: There are none, or too many, or an id is missing or not unique.
    """
    given = body.get("analysisInput")
    given = given.get("documents") if isinstance(given, dict) else None
    if not isinstance(given, list) or not given:
        raise refuse("MissingInputDocuments", "Missing input documents.")
    if len(given) > limit:
        message = f"Batch request contains too many records. Max {limit} records are permitted."
        raise refuse_documents("InvalidDocumentBatch", message)
    documents = [_read_document(item, hint) for item in given]
    if len({document.id for document in documents}) < len(documents):
        message = "Request contains duplicated Ids. Make sure each document has a unique Id."
        raise refuse_documents("InvalidDocument", message)
    return documents


def _read_document(item: Any, hint: str) -> Document:
    fields = [item.get(name) for name in ("id", "text", hint)] if isinstance(item, dict) else [None, None, None]
    name, text, given = (value if value is not None else "" for value in fields)
    if not isinstance(name, str) or not isinstance(text, str) or not isinstance(given, str):
        message = f"A document is an object whose id, text and {hint} are strings."
        raise refuse("InvalidRequestBodyFormat", message)
    if not name:
        raise refuse_documents("InvalidDocument", "Document Id is missing or empty.")
    return Document(name, text, given)


def check_parameters(kind: Kind, parameters: dict[str, Any]) -> None:
    """Check the parameters that every kind has.

    Raises:
        Refusal: One of them has a value that does not exist.
    """
    version = parameters.get("modelVersion") or "latest"
    if version not in ("latest", *kind.models):
        known = ",".join(("latest", *kind.models))
        message = f"Invalid model version. Possible values are: {known}. {_MODELS_PAGE}"
        raise refuse("ModelVersionIncorrect", message)
    unit = parameters.get("stringIndexType")
    if kind.has_offsets and unit is not None and unit not in UNITS:
        message = f"Invalid value for parameter 'stringIndexType', valid values are {', '.join(UNITS)}."
        raise refuse("InvalidParameterValue", message, outer="Invalid parameter in request")
    if problem := analysis.find_problem(kind.name, parameters):
        raise refuse("InvalidParameterValue", problem, outer="Invalid parameter in request")


def answer_document(  # noqa: PLR0917  # what an answer depends on
    kind: Kind, parameters: dict[str, Any], document: Document, size: int, place: int, rules: Rules = NO_RULES
) -> Outcome:
    """Analyze one document.

    Args:
        kind: What is asked for.
        parameters: The request's parameters.
        document: The document.
        size: Most text elements it may have.
        place: Its place in the answer's list of documents.
        rules: What custom models answer.
    """
    error = _find_error(kind, document, size)
    if error is not None:
        return Outcome({"id": document.id, "error": error}, 0, failed=True)
    hint = document.hint if not kind.languages else kind.resolve_language(document.hint or "en") or "en"
    characters = len(document.text)
    statistics = {"charactersCount": characters, "transactionsCount": -(-characters // _RECORD)}
    asked = analysis.Question(document.id, document.text, hint, parameters, statistics, place, rules)
    body = analysis.ANSWERS[kind.name](asked)
    return Outcome(body, characters, failed=False)


def find_hint_error(kind: Kind, document: Document) -> dict[str, Any] | None:
    """The error in a document's language or country, if there is one."""
    hint = document.hint
    if not kind.languages:
        if hint and not (len(hint) == 2 and hint.isascii() and hint.isalpha()):  # noqa: PLR2004  # ISO 3166-1 alpha-2
            message = "Country hint is not valid. Please specify an ISO 3166-1 alpha-2 two letter country code."
            return _document_error("InvalidCountryHint", message, "Invalid Country Hint.")
    elif hint and kind.resolve_language(hint) is None:
        known = ",".join(kind.languages)
        message = f"Invalid language code '{hint}'. Supported languages: {known}. {_LANGUAGES_PAGE}"
        return _document_error("UnsupportedLanguageCode", message, "Invalid Language Code.")
    return None


def _find_error(kind: Kind, document: Document, size: int) -> dict[str, Any] | None:
    if not document.text.strip():
        return _document_error("InvalidDocument", "Document text is empty.")
    if error := find_hint_error(kind, document):
        return error
    # Every text element has at least one code point, so most texts need no segmentation.
    if len(document.text) > size and count_text_elements(document.text) > size:
        message = (
            "A document within the request was too large to be processed. "
            f"Limit document size to: {size} text elements. {_LIMITS_PAGE}"
        )
        return _document_error("InvalidDocument", message)
    return None


def _document_error(code: str, message: str, outer: str = "Invalid Document in request.") -> dict[str, Any]:
    return {"code": "InvalidArgument", "message": outer, "innererror": {"code": code, "message": message}}


def answer_documents(
    kind: Kind, parameters: dict[str, Any], documents: Sequence[Document], size: int, rules: Rules = NO_RULES
) -> list[Outcome]:
    """Analyze documents in their order."""
    outcomes: list[Outcome] = []
    valid = 0
    for document in documents:
        outcome = answer_document(kind, parameters, document, size, valid, rules)
        valid += not outcome.failed
        outcomes.append(outcome)
    return outcomes


def envelope(kind: Kind, outcomes: Sequence[Outcome], *, show_stats: bool) -> dict[str, Any]:
    """Put outcomes into the shape of an answer: results and errors apart, each in the request's order."""
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
    return results | {"documents": valid, "errors": failed, "modelVersion": kind.model}
