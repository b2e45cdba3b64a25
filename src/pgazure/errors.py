"""The one tree of exceptions that pgazure raises.

::

    PgAzureError
    ├─ ConfigurationError            settings missing or contradictory
    ├─ ServiceError                  an Azure AI service could not do what was asked
    │  ├─ ServiceRequestError        the request never left
    │  ├─ ServiceResponseError       it left, and the answer is unusable
    │  ├─ ServiceTimeoutError        no answer within the time allowed
    │  ├─ CircuitOpenError           not sent, because the service refuses or fails whoever asks
    │  └─ HttpStatusError            the service answered with an error status
    │     ├─ AuthenticationError     401, 403
    │     ├─ DeploymentNotFoundError 404
    │     ├─ InvalidRequestError     400, 413, 422
    │     │  └─ ContentFilterError   the content filter refused the text
    │     ├─ RateLimitError          429
    │     └─ ServiceUnavailableError 408, 5xx
    ├─ BatchError                    some of the texts of one call failed
    ├─ SchemaError                   the database lacks what pgazure needs
    │  └─ EmbeddedPostgresError      the embedded server cannot be made or started
    └─ PipelineError                 a pipeline cannot be applied or run
       ├─ InvalidSpecError           the specification is wrong
       └─ BudgetExceededError        the budget would be crossed

Errors of psycopg on a connection that the caller supplied go through untouched.
No message holds a key or the text that was sent.
"""

from __future__ import annotations

from typing import Any


class PgAzureError(Exception):
    """Root of everything that pgazure raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        # BaseException's own reduction calls the class with ``args`` alone and
        # so loses (or demands) keyword-only attributes.
        return _rebuild, (type(self), self.args, dict(self.__dict__))


def _rebuild(kind: type[PgAzureError], args: tuple[Any, ...], state: dict[str, Any]) -> PgAzureError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(PgAzureError):
    """A setting is missing or contradicts another; the message names the setting to change."""


class ServiceError(PgAzureError):
    """An Azure AI service could not do what was asked.

    Attributes:
        service: ``"language"``, ``"translator"``, ``"openai"``, ``"ml"``, ``"rerank"`` or ``"database"``.
        operation: The function that was called, e.g. ``"analyze_sentiment"``.
        status_code: HTTP status, where there was an answer.
        code: The service's own error code, e.g. ``"InvalidDocument"``.
        request_id: The service's id of the request, for a support ticket.
        attempts: How many times the request was sent.
        retry_after: Seconds the service asked to wait, where it said so.
    """

    def __init__(
        self,
        message: str,
        *,
        service: str | None = None,
        operation: str | None = None,
        status_code: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        attempts: int = 1,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.service = service
        self.operation = operation
        self.status_code = status_code
        self.code = code
        self.request_id = request_id
        self.attempts = attempts
        self.retry_after = retry_after


class ServiceRequestError(ServiceError):
    """The request was not sent: no route, no name, connection refused."""


class ServiceResponseError(ServiceError):
    """The request was sent and the answer is unusable: cut off, not JSON, wrong ids, wrong vector count."""


class ServiceTimeoutError(ServiceError):
    """No answer within the time allowed, retries and polling included."""


class CircuitOpenError(ServiceError):
    """Nothing is sent for now: the service refuses or fails whoever asks. Only pipelines meet this.

    Attributes:
        permanent: Whether it takes a change of yours to put it right.
        retry_after: Seconds until a single request tries again.
    """

    def __init__(self, message: str, *, permanent: bool = False, **details: Any) -> None:
        super().__init__(message, **details)
        self.permanent = permanent


class HttpStatusError(ServiceError):
    """The service answered with an error status."""


class AuthenticationError(HttpStatusError):
    """The key or token was refused (401), or may not be used here (403)."""


class DeploymentNotFoundError(HttpStatusError):
    """The deployment or the resource does not exist (404)."""


class InvalidRequestError(HttpStatusError):
    """The service refused the request or one document of it (400, 413, 422)."""


class ContentFilterError(InvalidRequestError):
    """The service's content filter refused the text."""


class RateLimitError(HttpStatusError):
    """The quota is used up (429) and the attempts allowed did not outlast it."""


class ServiceUnavailableError(HttpStatusError):
    """The service failed for a time (408, 5xx)."""


class BatchError(PgAzureError):
    """Some of the texts of one call failed.

    Attributes:
        results: One entry per input in input order: a result, ``None`` for a
            ``None`` input, or a :class:`pgazure.types.DocumentError`.
    """

    def __init__(self, message: str, results: list[Any] | None = None) -> None:
        super().__init__(message)
        self.results: list[Any] = results if results is not None else []


class SchemaError(PgAzureError):
    """The database lacks what pgazure needs: a schema, an extension, a privilege, a column."""


class EmbeddedPostgresError(SchemaError):
    """The embedded server cannot be found, made or started."""


class PipelineError(PgAzureError):
    """A pipeline cannot be applied or run."""


class InvalidSpecError(PipelineError):
    """The specification of a pipeline is wrong; the message says where and what to write instead."""


class BudgetExceededError(PipelineError):
    """The next request would cross the pipeline's budget; nothing was sent for it."""
