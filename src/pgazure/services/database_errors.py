"""What the functions of a database raise, as the errors of pgazure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pgazure.errors import (
    AuthenticationError,
    ContentFilterError,
    DeploymentNotFoundError,
    InvalidRequestError,
    PgAzureError,
    RateLimitError,
    SchemaError,
    ServiceError,
    ServiceTimeoutError,
    ServiceUnavailableError,
)
from pgazure.services.errors import withhold_texts
from pgazure.services.exchange import Document
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVICE = "database"

_NO_FUNCTION, _NO_SCHEMA, _AMBIGUOUS = "42883", "3F000", "42725"

# "schema.function: Code: message", then a line "Code: message" for each inner error; the innermost is the last.
_RAISED = re.compile(r"(?P<function>azure_\w+\.\w+): (?P<said>.*)", re.DOTALL)
_CODED = re.compile(r"(?P<code>\w+): (?P<message>.+)", re.DOTALL)

_KINDS: dict[type[ServiceError], set[str]] = {
    AuthenticationError: {
        *("401", "403", "unauthorized", "forbidden", "permissiondenied", "invalidapikey", "accessdenied"),
        "authenticationerror",
    },
    DeploymentNotFoundError: {"404", "notfound", "deploymentnotfound", "resourcenotfound"},
    RateLimitError: {"429", "toomanyrequests", "ratelimitreached", "ratelimitexceeded", "quotaexceeded"},
    ContentFilterError: {"content_filter", "contentfilter", "responsibleaipolicyviolation"},
    ServiceTimeoutError: {"timeout", "requesttimeout", "operationtimedout"},
    ServiceUnavailableError: {
        *("408", "500", "502", "503", "504", "internalservererror", "serviceunavailable", "serverbusy"),
        "badgateway",
    },
    InvalidRequestError: {"400", "413", "422", "badrequest"},
}


def describe_database_error(error: Any, function: str, texts: Sequence[str]) -> PgAzureError | None:
    """Make the error for what psycopg raised; ``None`` where that is not the function's doing.

    Args:
        error: A ``psycopg.Error``.
        function: The function called, with its schema.
        texts: What was sent, so that a message which repeats it is left out.
    """
    if error.sqlstate in {_NO_FUNCTION, _NO_SCHEMA, _AMBIGUOUS}:
        msg = (
            f"the database has no function {function} with these arguments: create the extension azure_ai in it, "
            'update the extension, or use backend="services"'
        )
        return SchemaError(msg)
    raised = read_raised(error.diag.message_primary, texts)
    if raised is None:
        return None
    return _describe(*raised)


def describe_common_fault(function: str, outcomes: Sequence[object]) -> ServiceError | None:
    """Make the error for a reason to fail that is none of the texts'; ``None`` where there is no such reason.

    Args:
        function: The function called, without its schema.
        outcomes: What became of each text.
    """
    faults = [outcome for outcome in outcomes if isinstance(outcome, DocumentError)]
    if not faults or len(faults) < len(outcomes) or len({fault.code for fault in faults}) > 1:
        return None
    error = _describe(function, faults[0])
    return None if type(error) is ServiceError or isinstance(error, InvalidRequestError) else error


def _describe(function: str, fault: DocumentError) -> ServiceError:
    msg = f"{SERVICE} {function}: {fault.code}: {fault.message}"
    return _choose(fault.code)(msg, service=SERVICE, operation=function, code=fault.code)


def read_raised(message: str | None, texts: Sequence[str]) -> tuple[str, DocumentError] | None:
    """Read the function's name, a code and a message from what a function said; ``None`` if it was no function."""
    found = _RAISED.fullmatch(message or "")
    if found is None:
        return None
    lines = [line for line in found["said"].splitlines() if line.strip()]
    coded = next((match for line in reversed(lines) if (match := _CODED.fullmatch(line.strip()))), None)
    said = coded["message"] if coded is not None else found["said"]
    code = coded["code"] if coded is not None else "FunctionFailed"
    documents = [Document(text) for text in texts]
    kept = withhold_texts(said, documents) or "the function failed"
    return found["function"].split(".")[1], DocumentError(code, kept, retryable=_is_passing(code))


def _choose(code: str) -> type[ServiceError]:
    plain = code.lower()
    kind = next((kind for kind, codes in _KINDS.items() if plain in codes), None)
    if kind is not None:
        return kind
    return InvalidRequestError if plain.startswith(("invalid", "unsupported", "missing")) else ServiceError


def _is_passing(code: str) -> bool:
    return issubclass(_choose(code), RateLimitError | ServiceTimeoutError | ServiceUnavailableError)
