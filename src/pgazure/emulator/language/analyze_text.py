# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""``POST /language/:analyze-text``: the Language service's analyses that answer at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from pgazure.emulator.call import Checked
from pgazure.emulator.language import documents
from pgazure.emulator.language.kinds import KINDS, Kind
from pgazure.emulator.language.request import read_parameters, read_request, wants_stats
from pgazure.emulator.language.voice import language_headers
from pgazure.emulator.wire import JSON_UTF8, chunked, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.emulator.call import Call
    from pgazure.emulator.language.versions import Version


def list_analysis_operations(body: Any) -> list[str]:
    """Name the kind of analysis that a request asks for, which is not yet checked."""
    kind = body.get("kind") if isinstance(body, dict) else None
    return [kind if isinstance(kind, str) and kind in KINDS else "AnalyzeText"]


def check_analysis(call: Call) -> Checked:
    """Check a request for an analysis.

    Raises:
        Refusal: It is not valid.
    """
    version, body = read_request(call)
    kind = _find_kind(body.get("kind"), version)
    return check_documents(call, kind, read_parameters(body), body.get("analysisInput"), version)


def check_documents(call: Call, kind: Kind, parameters: dict[str, Any], holder: Any, version: Version) -> Checked:
    """Check what is to be analyzed at once.

    Args:
        call: The request.
        kind: The kind of analysis.
        parameters: Its parameters.
        holder: What has the list of documents.
        version: The version that is asked.

    Raises:
        Refusal: The documents or the parameters are not valid.
    """
    hint = "language" if kind.languages else "countryHint"
    given = documents.read_documents(holder, kind.documents or 0, hint, version)
    documents.check_parameters(kind, parameters, version)
    assignment = documents.assign(kind, parameters, version, documents.SYNC_SIZE)
    return Checked(documents.list_items(assignment, given), lambda: _answer(call, assignment, given))


def _find_kind(name: Any, version: Version) -> Kind:
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None or kind.documents is None or not version.knows(kind.known):
        known = ", ".join(kind.name for kind in KINDS.values() if kind.documents and version.knows(kind.known))
        raise documents.refuse("InvalidParameterValue", f"Invalid kind. Supported kinds: {known}.")
    return kind


def _answer(call: Call, assignment: documents.Assignment, given: Sequence[documents.Document]) -> Response:
    kind, version = assignment.kind, assignment.version
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
