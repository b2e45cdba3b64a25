# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""``POST /language/:analyze-text``: the Language service's analyses that answer at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from pgazure.emulator import documents
from pgazure.emulator.gateway import Work
from pgazure.emulator.language_kinds import API_VERSIONS, KINDS, Kind
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import JSON_UTF8, REGION, Refusal, chunked, encode, not_found, service_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgazure.emulator.gateway import Call, Gateway
    from pgazure.emulator.quota import Verdict

_NOT_IN_ITEMS = {"loggingOptOut", "stringIndexType"}


def language_headers(call: Call, version: str) -> dict[str, str]:
    """Headers of every answer of the Language service."""
    headers = service_headers(call.started)
    return headers | {"x-ms-region": REGION} if version >= API_VERSIONS[-1] else headers


def refuse_language(call: Call, refusal: Refusal) -> Response:
    """Write an error as the Language service does: chunked, and without ``Retry-After``, 429 included."""
    if refusal.status == 404:  # noqa: PLR2004  # answered by the gateway
        return not_found()
    headers = language_headers(call, read_version(call)) | {"Content-Type": JSON_UTF8}
    return chunked(encode(refusal.body), refusal.status, headers)


def throttle_language(operation: str, version: str) -> Refusal:
    """Build the 429 of the Language service."""
    message = (
        f"Requests to the {operation} Operation under Cognitive Language Service API ({version}) have exceeded rate "
        "limit of your current TextAnalytics S pricing tier. Please retry later."
    )
    return Refusal(429, {"error": {"code": "429", "message": message}})


def read_version(call: Call) -> str:
    """The api-version of the request; empty where there is none."""
    return call.request.query_params.get("api-version", "")


def wants_stats(call: Call) -> bool:
    """Whether ``showStats`` is set; SDKs write it with a small and with a capital letter."""
    return call.request.query_params.get("showStats", "").lower() == "true"


def check_envelope(call: Call) -> dict[str, Any]:
    """Check version and body of a request.

    Raises:
        Refusal: The version is not known, or the body is not a JSON object.
    """
    version = read_version(call)
    if version not in API_VERSIONS:
        message = f"Invalid api-version '{version}'. Supported versions: {','.join(API_VERSIONS)}."
        raise documents.refuse("InvalidParameterValue", message)
    if call.size > documents.BODY_SIZE:
        message = f"Request Payload sent is too large to be processed. Limit request size to: {documents.BODY_SIZE}"
        raise documents.refuse_documents("InvalidDocumentBatch", message, status=413)
    if not isinstance(call.body, dict):
        raise documents.refuse(
            "InvalidRequestBodyFormat", "Invalid request body. Ensure the request body is valid JSON."
        )
    return call.body


def read_parameters(holder: dict[str, Any]) -> dict[str, Any]:
    """The ``parameters`` of a request or task.

    Raises:
        Refusal: They are not an object.
    """
    parameters = holder.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise documents.refuse("InvalidRequestBodyFormat", "parameters must be an object.")
    return parameters


def items_of(kind: Kind, parameters: dict[str, Any], given: Sequence[documents.Document]) -> list[Item]:
    """The texts of a request, told apart by all that their answer depends on."""
    kept = {name: value for name, value in parameters.items() if name not in _NOT_IN_ITEMS}
    fixed = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode()
    return [
        Item(kind.name, f"{fixed} {document.hint}", document.text, len(document.text))
        for document in given
        if document.text.strip() and documents.find_hint_error(kind, document) is None
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
        body = check_envelope(call)
        name = body.get("kind")
        kind = KINDS.get(name) if isinstance(name, str) else None
        if kind is None or kind.documents is None:
            known = ", ".join(kind.name for kind in KINDS.values() if kind.documents)
            raise documents.refuse("InvalidParameterValue", f"Invalid kind. Supported kinds: {known}.")
        limit = kind.documents
        parameters = read_parameters(body)
        given = documents.read_documents(body, limit, "language" if kind.languages else "countryHint")
        documents.check_parameters(kind, parameters)

        async def answer(_: Verdict) -> Response:
            return await self.gateway.compute(_answer(call, kind, parameters, given))

        return Work(items_of(kind, parameters, given), answer)

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota."""
        del verdict
        return throttle_language(operation, read_version(call))

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        return refuse_language(call, refusal)


def _answer(
    call: Call, kind: Kind, parameters: dict[str, Any], given: Sequence[documents.Document]
) -> Callable[[], Response]:
    def compute() -> Response:
        outcomes = documents.answer_documents(kind, parameters, given, documents.SYNC_SIZE)
        results = documents.envelope(kind, outcomes, show_stats=wants_stats(call))
        version = read_version(call)
        headers = language_headers(call, version) | {"Content-Type": JSON_UTF8}
        if records := sum(outcome.records for outcome in outcomes):
            # The name on the bill became finer with this version.
            name = f"Language.Text.{kind.bill}" if version >= API_VERSIONS[-1] else "BatchScoring"
            usage = (f"CognitiveServices.TextAnalytics.{unit}={records}" for unit in (name, "TextRecords"))
            headers["csp-billing-usage"] = ",".join(usage)
        return Response(encode({"kind": f"{kind.name}Results", "results": results}), headers=headers)

    return compute
