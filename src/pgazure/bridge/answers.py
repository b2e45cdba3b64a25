"""What the facade gives, as the SQL functions read it: JSON, with errors in the extension's form."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import orjson

from pgazure.errors import (
    AuthenticationError,
    ConfigurationError,
    ContentFilterError,
    DeploymentNotFoundError,
    InvalidRequestError,
    RateLimitError,
    ServiceError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceTimeoutError,
    ServiceUnavailableError,
)
from pgazure.flow.characters import has_nul
from pgazure.types import DocumentError, PiiEntityRecognitionResult

if TYPE_CHECKING:
    from pgazure.bridge.catalog import Question


@dataclasses.dataclass(frozen=True, slots=True)
class _Kind:
    """How errors of a class read in SQL."""

    error: type[Exception]
    name: str
    sqlstate: str
    summary: str
    hint: str


# Numbers of HTTP are easy to remember.
_KINDS = (
    _Kind(
        ContentFilterError,
        "ContentFilter",
        "ZA499",
        "the content filter refused the text",
        "Change the text, or the filter of the deployment.",
    ),
    _Kind(
        AuthenticationError,
        "Unauthorized",
        "ZA401",
        "the service refused the key or identity",
        "Check key and endpoint: azure_ai.set_setting, or the environment of pgazure functions serve.",
    ),
    _Kind(
        DeploymentNotFoundError,
        "NotFound",
        "ZA404",
        "there is no such deployment or resource",
        "Check the names of deployment and endpoint.",
    ),
    _Kind(
        RateLimitError,
        "TooManyRequests",
        "ZA429",
        "the quota is used up",
        "Raise max_attempts, send fewer texts at a time, or raise the quota.",
    ),
    _Kind(
        InvalidRequestError,
        "InvalidRequest",
        "ZA400",
        "the service refused the request",
        "throw_on_error => false gives NULL in the place of a text that fails.",
    ),
    _Kind(
        ServiceTimeoutError,
        "Timeout",
        "ZA408",
        "there was no answer in time",
        "Raise timeout_ms or send fewer texts at a time.",
    ),
    _Kind(
        ServiceUnavailableError,
        "ServiceUnavailable",
        "ZA503",
        "the service failed",
        "Try again later, or raise max_attempts.",
    ),
    _Kind(
        ServiceRequestError,
        "NotSent",
        "ZA503",
        "the service cannot be reached",
        "Check the endpoint, and the network of pgazure functions serve.",
    ),
    _Kind(
        ServiceResponseError,
        "UnusableAnswer",
        "ZA502",
        "the answer cannot be used",
        "Try again, or raise max_attempts.",
    ),
    _Kind(ServiceError, "ServiceError", "ZA500", "the call failed", "The log of pgazure functions serve may say more."),
    _Kind(
        ConfigurationError,
        "InvalidSetting",
        "ZA001",
        "",
        "Check the arguments and the settings: azure_ai.set_setting, or the environment of pgazure functions serve.",
    ),
    _Kind(TypeError, "InvalidArgument", "22023", "", "Check the arguments."),
)
_UNEXPECTED = _Kind(
    Exception, "InternalError", "ZA500", "the server failed", "The log of pgazure functions serve says more."
)

# What a text that failed with its whole request carries of the class of that error.
_BY_STATUS: dict[int, type[Exception]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: DeploymentNotFoundError,
    408: ServiceUnavailableError,
    429: RateLimitError,
}
_BY_CODE: dict[str, type[Exception]] = {
    "Timeout": ServiceTimeoutError,
    "NotSent": ServiceRequestError,
    "content_filter": ContentFilterError,
    "ResponsibleAIPolicyViolation": ContentFilterError,
    "UnusableAnswer": ServiceResponseError,
}
_SERVER_ERROR = 500


def write_answer(question: Question, results: list[Any]) -> str:
    """Write the results of a call as JSON: one, or a list in input order. Vectors that go beside it are named."""
    if question.gives_vectors:
        return "vectors"
    written = [_plain(result) for result in results]
    return _dump(written if question.is_list else written[0]).decode()


def refuse_unwritable(results: list[Any], codec: str) -> list[Any]:
    """Put a :class:`DocumentError` in the place of each result that a database cannot hold.

    Args:
        results: One for each text.
        codec: Encoding of the database, under Python's name.
    """
    if _is_writable(results, codec):
        return results
    fault = DocumentError("UnusableAnswer", "the answer has characters that this database cannot hold")
    return [result if _is_writable([result], codec) else fault for result in results]


def _is_writable(results: list[Any], codec: str) -> bool:
    try:
        written = _dump([_plain(result) for result in results])
        if codec != "utf-8":
            written.decode().encode(codec)
    except (TypeError, ValueError, RecursionError):
        # Half of a surrogate pair, or a character of another encoding.
        return False
    return not has_nul(written)


def _dump(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        # It knows integers of 64 bits at most; a model may answer longer ones.
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=dataclasses.asdict).encode()


def _plain(result: Any) -> Any:
    if isinstance(result, PiiEntityRecognitionResult):
        # As in the extension, where nothing was found there are no entities.
        return {"redacted_text": result.redacted_text, "entities": result.entities or None}
    if dataclasses.is_dataclass(result) or isinstance(result, str | bool | int | float | list | dict | None):
        return None if isinstance(result, DocumentError) else result
    # A vector: as PostgreSQL writes an array, which is one cast and no element of JSON for each number.
    return "{" + orjson.dumps(result, option=orjson.OPT_SERIALIZE_NUMPY).decode()[1:-1] + "}"


def describe_error(function: str, error: BaseException) -> dict[str, str]:
    """Give SQLSTATE, message, detail and hint of what a call raised, without texts and keys."""
    kind = next((kind for kind in _KINDS if isinstance(error, kind.error)), _UNEXPECTED)
    if kind is _UNEXPECTED:
        return _write(function, kind, f"{kind.summary} ({type(error).__name__})", "The call was not finished.")
    if not isinstance(error, ServiceError):
        return _write(function, kind, str(error), "Nothing was sent.")
    said = f"{kind.summary}\n\n{error.code or type(error).__name__}: {error}"
    return _write(function, kind, said, _about(error.attempts, error.status_code, error.request_id))


def describe_document_error(function: str, fault: DocumentError) -> dict[str, str]:
    """Give the same for a text that has no result."""
    wanted = _BY_CODE.get(fault.code) or _BY_STATUS.get(fault.status_code or 0)
    if wanted is None:
        failed = fault.retryable or (fault.status_code or 0) >= _SERVER_ERROR
        wanted = ServiceUnavailableError if failed else InvalidRequestError
    kind = next(kind for kind in _KINDS if kind.error is wanted)
    said = f"{kind.summary}\n\n{fault.code}: {fault.message}"
    return _write(function, kind, said, _about(None, fault.status_code, fault.request_id))


def _about(attempts: int | None, status_code: int | None, request_id: str | None) -> str:
    known = [
        f"HTTP status {status_code}" if status_code is not None else "",
        f"request id {request_id}" if request_id else "",
        f"{attempts} attempt{'' if attempts == 1 else 's'}" if attempts else "",
    ]
    about = ", ".join(part for part in known if part) or "the text itself is not shown"
    return f"{about[0].upper()}{about[1:]}."


def _write(function: str, kind: _Kind, said: str, detail: str) -> dict[str, str]:
    # A service may say what is no text for PostgreSQL.
    said = said.encode("utf-8", "replace").decode().replace("\0", "?")
    return {
        "sqlstate": kind.sqlstate,
        "message": f"{function}: {kind.name}: {said}",
        "detail": detail,
        "hint": kind.hint,
    }


def write_problems(warnings: list[dict[str, str]], error: dict[str, str] | None) -> str | None:
    """Write warnings and error as JSON; ``None`` where there is neither."""
    if not warnings and error is None:
        return None
    problems: dict[str, Any] = {"warnings": warnings}
    if error is not None:
        problems["error"] = error
    return orjson.dumps(problems).decode()
