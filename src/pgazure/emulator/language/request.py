# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""What every request to the Language service says: its version, its body, its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.emulator.language import documents
from pgazure.emulator.language.versions import DATED, find_version

if TYPE_CHECKING:
    from collections.abc import Container

    from pgazure.emulator.call import Call
    from pgazure.emulator.language.versions import Version


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


def read_request(call: Call) -> tuple[Version, dict[str, Any]]:
    """The version that a request asks, and its body.

    Raises:
        Refusal: There is no such version, or the body is too large, or not a JSON object.
    """
    version = read_version(call)
    if call.size > documents.BODY_SIZE:
        message = f"Request Payload sent is too large to be processed. Limit request size to: {documents.BODY_SIZE}"
        raise documents.refuse_documents(version, "InvalidDocumentBatch", message, status=413)
    if not isinstance(call.body, dict):
        raise documents.refuse(
            "InvalidRequestBodyFormat", "Invalid request body. Ensure the request body is valid JSON."
        )
    return version, call.body


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


def list_task_operations(body: Any, known: Container[str], otherwise: str) -> list[str]:
    """Name the kinds of the tasks of a request for a job that is not yet checked.

    Args:
        body: Its body.
        known: The kinds there are.
        otherwise: What to call a request that names none of them.
    """
    tasks = body.get("tasks") if isinstance(body, dict) else None
    kinds = [task.get("kind") for task in tasks if isinstance(task, dict)] if isinstance(tasks, list) else []
    return list(dict.fromkeys(kind for kind in kinds if isinstance(kind, str) and kind in known)) or [otherwise]
