# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""``POST /language/:analyze-text``: the Language service's analyses that answer at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from pgazure.emulator.gateway import Work
from pgazure.emulator.language import documents
from pgazure.emulator.language.kinds import KINDS, Kind
from pgazure.emulator.language.versions import DATED, find_version
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import JSON_UTF8, REGION, Refusal, chunked, encode, not_found, service_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgazure.emulator.gateway import Call, Gateway
    from pgazure.emulator.language.versions import Version
    from pgazure.emulator.quota import Verdict

_NOT_IN_ITEMS = {"loggingOptOut", "stringIndexType"}


def language_headers(call: Call, version: Version | None) -> dict[str, str]:
    """Headers of every answer of the Language service."""
    headers = service_headers(call.started)
    return headers | {"x-ms-region": REGION} if version is None or version.has_region else headers


def refuse_language(call: Call, refusal: Refusal) -> Response:
    """Write an error as the Language service does: chunked, and without ``Retry-After``, 429 included."""
    if refusal.status == 404:  # noqa: PLR2004  # answered by the gateway
        return not_found()
    headers = language_headers(call, find(call)) | {"Content-Type": JSON_UTF8}
    return chunked(encode(refusal.body), refusal.status, headers)


def throttle_language(call: Call, operation: str) -> Refusal:
    """Build the 429 of the Language service."""
    version = find(call)
    message = (
        f"Requests to the {operation} Operation under Cognitive Language Service API "
        f"({version.name if version else ''}) have exceeded rate "
        "limit of your current TextAnalytics S pricing tier. Please retry later."
    )
    return Refusal(429, {"error": {"code": "429", "message": message}})


def find(call: Call) -> Version | None:
    """The version that a request asks; ``None`` where it names none that there is."""
    return find_version(call.request.url.path, call.request.query_params.get("api-version", ""))


def read_version(call: Call) -> Version:
    """The version that a request asks.

    Raises:
        Refusal: There is no such version.
    """
    version = find(call)
    if version is None:
        asked = call.request.query_params.get("api-version", "")
        known = ",".join(version.name for version in DATED)
        raise documents.refuse("InvalidParameterValue", f"Invalid api-version '{asked}'. Supported versions: {known}.")
    return version


def wants_stats(call: Call) -> bool:
    """Whether ``showStats`` is set; SDKs write it with a small and with a capital letter."""
    return call.request.query_params.get("showStats", "").lower() == "true"


def read_body(call: Call, version: Version) -> dict[str, Any]:
    """Check the size and the form of a request's body.

    Raises:
        Refusal: It is too large, or not a JSON object.
    """
    if call.size > documents.BODY_SIZE:
        message = f"Request Payload sent is too large to be processed. Limit request size to: {documents.BODY_SIZE}"
        raise documents.refuse_documents(version, "InvalidDocumentBatch", message, status=413)
    if not isinstance(call.body, dict):
        raise documents.refuse(
            "InvalidRequestBodyFormat", "Invalid request body. Ensure the request body is valid JSON."
        )
    return call.body


def read_parameters(holder: dict[str, Any]) -> dict[str, Any]:
    """The ``parameters`` of a request or task, without those that are null.

    Raises:
        Refusal: They are not an object.
    """
    parameters = holder.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise documents.refuse("InvalidRequestBodyFormat", "parameters must be an object.")
    return {name: value for name, value in parameters.items() if value is not None}


def list_items(assignment: documents.Assignment, given: Sequence[documents.Document]) -> list[Item]:
    """The texts of a request, told apart by all that their answer depends on."""
    kind = assignment.kind
    kept = {name: value for name, value in assignment.parameters.items() if name not in _NOT_IN_ITEMS}
    fixed = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode()
    return [
        Item(kind.name, f"{fixed} {document.hint}", document.text, len(document.text))
        for document in given
        if document.text.strip() and documents.find_hint_error(kind, document, assignment.version) is None
    ]


@dataclass(frozen=True, slots=True)
class AnalyzeText:
    """The route of the synchronous analyses."""

    gateway: Gateway

    def operations(self, call: Call) -> list[str]:
        """Name the kind of analysis."""
        kind = call.body.get("kind") if isinstance(call.body, dict) else None
        return [kind if isinstance(kind, str) and kind in KINDS else "AnalyzeText"]

    async def prepare(self, call: Call) -> Work:
        """Check the request."""
        version = read_version(call)
        body = read_body(call, version)
        kind = _find_kind(body.get("kind"), version)
        parameters = read_parameters(body)
        hint = "language" if kind.languages else "countryHint"
        given = documents.read_documents(body.get("analysisInput"), kind.documents or 0, hint, version)
        documents.check_parameters(kind, parameters, version)
        assignment = documents.assign(kind, parameters, version, documents.SYNC_SIZE)

        async def answer(_: Verdict) -> Response:
            return await self.gateway.compute(answer_at_once(call, assignment, given))

        return Work(list_items(assignment, given), answer)

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota."""
        del verdict
        return throttle_language(call, operation)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        return refuse_language(call, refusal)


def _find_kind(name: Any, version: Version) -> Kind:
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None or kind.documents is None or not version.knows(kind.known):
        known = ", ".join(kind.name for kind in KINDS.values() if kind.documents and version.knows(kind.known))
        raise documents.refuse("InvalidParameterValue", f"Invalid kind. Supported kinds: {known}.")
    return kind


def answer_at_once(
    call: Call, assignment: documents.Assignment, given: Sequence[documents.Document]
) -> Callable[[], Response]:
    """Make what answers a checked request, to be called where models may run."""
    kind, version = assignment.kind, assignment.version

    def compute() -> Response:
        outcomes = documents.answer_documents(assignment, given)
        model = kind.resolve_model(assignment.parameters.get("modelVersion"))
        results = documents.envelope(outcomes, model, show_stats=wants_stats(call))
        headers = language_headers(call, version) | {"Content-Type": JSON_UTF8}
        if records := sum(outcome.records for outcome in outcomes):
            name = f"Language.Text.{kind.bill}" if version.has_fine_bill else "BatchScoring"
            usage = (f"CognitiveServices.TextAnalytics.{unit}={records}" for unit in (name, "TextRecords"))
            headers["csp-billing-usage"] = ",".join(usage)
        if version.is_v3:
            return chunked(encode(results), 200, headers)
        return Response(encode({"kind": f"{kind.name}Results", "results": results}), headers=headers)

    return compute
