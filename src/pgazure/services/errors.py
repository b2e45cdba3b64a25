"""What the SDKs raise, as the errors of pgazure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pgazure.errors import (
    AuthenticationError,
    ContentFilterError,
    DeploymentNotFoundError,
    HttpStatusError,
    InvalidRequestError,
    RateLimitError,
    ServiceError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceUnavailableError,
)
from pgazure.flow.retry import WRONG_PARAMETER
from pgazure.services.exchange import find_request_id, find_retry_after
from pgazure.services.reading import MisshapenError
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgazure.services.exchange import Document, Exchange

_LONGEST_MESSAGE = 400
_ECHO = 12

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TIMEOUT, _TOO_MANY = 401, 403, 404, 408, 429
_INVALID = {400, 413, 422}
_FILTERED = {"content_filter", "ResponsibleAIPolicyViolation"}
_ERROR, _SERVER_ERROR = 400, 500

_VARIABLES = {
    "language": ("AZURE_LANGUAGE_ENDPOINT", "AZURE_LANGUAGE_KEY"),
    "translator": ("AZURE_TEXT_TRANSLATION_ENDPOINT", "AZURE_TEXT_TRANSLATION_APIKEY"),
    "openai": ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY"),
    "ml": ("AZURE_ML_SCORING_ENDPOINT", "AZURE_ML_SCORING_KEY"),
    "rerank": ("AZURE_RERANK_ENDPOINT", "AZURE_RERANK_KEY"),
}


def describe_status(
    status_code: int,
    headers: Mapping[str, str],
    body: Any,
    *,
    service: str,
    operation: str,
    documents: Sequence[Document] = (),
    deployment: str | None = None,
) -> HttpStatusError | ServiceResponseError:
    """Make the error for an answer with an error status.

    Args:
        status_code: HTTP status.
        headers: Names in any case.
        body: The answer's JSON, or ``None`` where it is none.
        service: Who answered.
        operation: What was asked for.
        documents: What was sent, so that a message which repeats it is left out.
        deployment: Name of the model deployment, where there is one.
    """
    names = {name.lower(): value for name, value in headers.items()}
    code, said = read_error(body)
    # What refuses a key may repeat it.
    said = None if status_code == _UNAUTHORIZED else withhold_texts(said, documents)
    retry_after = find_retry_after(names)
    kind, advice = _choose(status_code, code, retry_after, service, deployment)
    message = f"{service} {operation}: {advice}" + (f" The service says: {said}" if said else "")
    return kind(
        message,
        service=service,
        operation=operation,
        status_code=status_code,
        code=code or str(status_code),
        request_id=find_request_id(names),
        retry_after=retry_after,
    )


def _choose(  # noqa: PLR0911  a table of statuses reads best as one
    status_code: int, code: str | None, retry_after: float | None, service: str, deployment: str | None
) -> tuple[type[HttpStatusError | ServiceResponseError], str]:
    endpoint, key = _VARIABLES[service]
    # A free quota that is used up for the month is a 403 that asks to wait for days.
    if status_code == _TOO_MANY or (status_code == _FORBIDDEN and (retry_after is not None or code == "403001")):
        wait = f" It asks to wait {retry_after:.0f} s." if retry_after else ""
        return RateLimitError, f"the quota is used up ({status_code}).{wait} Raise the quota or send less at a time."
    if status_code == _UNAUTHORIZED:
        return AuthenticationError, f"the key or token was refused (401). Check that {key} belongs to {endpoint}."
    if status_code == _FORBIDDEN:
        return AuthenticationError, "access was refused (403). Check the role of the identity and the network rules."
    if status_code == _NOT_FOUND:
        what = f"the deployment {deployment!r}" if deployment else "the resource"
        return DeploymentNotFoundError, f"{what} was not found (404). Check its name and {endpoint}."
    if status_code in _INVALID:
        if code in _FILTERED:
            return ContentFilterError, f"the content filter refused the text ({status_code})."
        return InvalidRequestError, f"the request was refused ({status_code})."
    if status_code == _TIMEOUT or status_code >= _SERVER_ERROR:
        return ServiceUnavailableError, f"the service failed ({status_code}). Try again later."
    if status_code < _ERROR:
        return ServiceResponseError, f"the answer cannot be read ({status_code})."
    return HttpStatusError, f"the request failed ({status_code})."


def read_error(body: Any) -> tuple[str | None, str | None]:
    """Find the innermost code and message of an error body; both may be missing."""
    if not isinstance(body, dict):
        return None, None
    error = body.get("error", body)
    if not isinstance(error, dict):
        return None, error if isinstance(error, str) else None
    if error.get("param") not in {None, "", "input", "prompt"} and error.get("code") not in _FILTERED:
        return WRONG_PARAMETER, _text(error.get("message"))
    code, message = error.get("code") or error.get("type"), error.get("message")
    inner = error.get("innererror")
    # Azure OpenAI's inner error names only the policy; the Language service's names the fault.
    if isinstance(inner, dict) and inner.get("message"):
        code, message = inner.get("code") or code, inner.get("message")
    return _text(code), _text(message)


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def withhold_texts(message: str | None, documents: Sequence[Document]) -> str | None:
    """Leave out a message that repeats what was sent; shorten one that is long."""
    if message is None or any(len(text) >= _ECHO and text in message for text in (d.text for d in documents)):
        return None
    return message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + "…"


def describe_fault(
    fault: dict[str, Any],
    documents: Sequence[Document],
    exchange: Exchange,
    *,
    refused: str = "the service refused the text",
) -> DocumentError:
    """Make the error for a document that a good answer refuses.

    Args:
        fault: What the answer says of it.
        documents: What was sent, so that a message which repeats it is left out.
        exchange: The request and its answer.
        refused: What is said where the answer says nothing that can be repeated.
    """
    # The inner error, where there is one, names the reason; the outer only says that there is one.
    inner = fault.get("innererror")
    reason = inner if isinstance(inner, dict) and inner else fault
    return DocumentError(
        code=_text(reason.get("code")) or "UnknownError",
        message=withhold_texts(_text(reason.get("message")), documents) or refused,
        request_id=exchange.request_id,
    )


def describe_azure_error(
    error: Exception,
    exchange: Exchange,
    *,
    service: str,
    operation: str,
    documents: Sequence[Document] = (),
    deployment: str | None = None,
) -> Exception:
    """Make the error for what an Azure SDK raised; what is raised before any answer is not the service's doing."""
    from aiohttp import ClientConnectorError  # noqa: PLC0415  SDKs are imported when first needed
    from azure.core import exceptions as azure  # noqa: PLC0415  as above

    reason: ServiceError
    if isinstance(error, ServiceError):
        reason = error
    elif isinstance(error, azure.HttpResponseError) and error.response is not None:
        reason = describe_status(
            error.status_code or 0,
            getattr(error.response, "headers", {}),
            _read_json(error.response),
            service=service,
            operation=operation,
            documents=documents,
            deployment=deployment,
        )
    elif _is_caused_by(error, azure.DecodeError, azure.ServiceResponseError):
        reason = _cut_off(service, operation)
    elif isinstance(error, azure.ServiceRequestError):
        # The transport calls every broken connection "not sent"; only a failed connect really is.
        sent = error.__cause__ is not None and not _is_caused_by(error, ClientConnectorError, TimeoutError)
        reason = _cut_off(service, operation) if sent else _not_sent(service, operation)
    elif isinstance(error, azure.HttpResponseError) and exchange.status_code is None:
        # Azure Identity's errors are of this kind, and come before anything is sent.
        msg = (
            f"{service} {operation}: Entra ID gave no token. Set {_VARIABLES[service][1]}, or sign in "
            "(for example with `az login`), or give the process a managed identity."
        )
        reason = AuthenticationError(msg, service=service, operation=operation, code="CredentialUnavailable")
    elif isinstance(error, MisshapenError):
        reason = _unreadable(service, operation, f": {error}")
    elif isinstance(error, azure.AzureError) or exchange.status_code is not None:
        reason = _unreadable(service, operation)
    else:
        return error
    return exchange.identify(reason)


def describe_openai_error(
    error: Exception, exchange: Exchange, *, operation: str, deployment: str, documents: Sequence[Document] = ()
) -> Exception:
    """Make the error for what the openai SDK raised; what is raised before any answer is not the service's doing."""
    import openai  # noqa: PLC0415  SDKs are imported when first needed
    from aiohttp import ClientConnectorError  # noqa: PLC0415  as above

    if isinstance(error, openai.APIStatusError):
        return describe_status(
            error.status_code,
            error.response.headers,
            _read_json(error.response),
            service="openai",
            operation=operation,
            documents=documents,
            deployment=deployment,
        )
    if isinstance(error, openai.APIConnectionError):
        return (_not_sent if _is_caused_by(error, ClientConnectorError) else _cut_off)("openai", operation)
    # Also the errors of azure-identity, which gives the token.
    return describe_azure_error(error, exchange, service="openai", operation=operation, documents=documents)


def _is_caused_by(error: BaseException | None, *kinds: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kinds):
            return True
        error = error.__cause__
    return False


def _read_json(response: Any) -> Any:
    try:
        text: Any = response.text
        return json.loads(str(text() if callable(text) else text))
    except Exception:  # noqa: BLE001  whatever is wrong with the body, it is not JSON
        return None


def _not_sent(service: str, operation: str) -> ServiceError:
    msg = f"{service} {operation}: the service cannot be reached. Check {_VARIABLES[service][0]} and the network."
    return ServiceRequestError(msg, service=service, operation=operation, code="NotSent")


def _cut_off(service: str, operation: str) -> ServiceError:
    msg = f"{service} {operation}: the connection broke before the answer was complete. Try again."
    return ServiceResponseError(msg, service=service, operation=operation, code="ConnectionBroken")


def _unreadable(service: str, operation: str, detail: str = "") -> ServiceError:
    msg = f"{service} {operation}: the answer is not what the service documents{detail}. It is dropped."
    return ServiceResponseError(msg, service=service, operation=operation, code="UnreadableAnswer")
