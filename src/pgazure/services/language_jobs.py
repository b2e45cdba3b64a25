"""Following a job of Azure AI Language until it has ended, and fetching its results."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl, urlencode, urlsplit

from pgazure.errors import DeploymentNotFoundError, ServiceError, ServiceResponseError, ServiceUnavailableError
from pgazure.flow.retry import LONGEST_WAIT, back_off, is_retryable
from pgazure.services.errors import describe_azure_error, describe_status, read_error, withhold_texts
from pgazure.services.exchange import watch_exchange
from pgazure.services.reading import read_optional, read_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pgazure.services.exchange import Document, Exchange

SERVICE = "language"

_FIRST_POLL = 0.1
_SLOWEST_POLL = 2.0
_POLL_GROWTH = 1.5
_FAILURES_IN_A_ROW = 8
_JOB_LOST = "JobLost"
_ERROR = 400
# What ends a job. The SDK for conversations waits on for ever where a job was cancelled or done in part.
_ENDED = {"succeeded", "failed", "canceled", "cancelled", "partiallycompleted", "partiallysucceeded"}


async def finish_job(job: Any, operation: str, documents: Sequence[Document], wait: float | None) -> Any:
    """Ask for the state of ``job``, a polling method of an SDK, until it has ended.

    Args:
        job: What asks.
        operation: The facade's name of the operation.
        documents: What was sent, so that a message which repeats it is left out.
        wait: Seconds the answer to the first request asks to wait.

    Returns:
        The JSON of the last answer.

    Raises:
        ServiceUnavailableError: The job failed.
        ServiceResponseError: It was cancelled, or the service no longer knows it.
    """
    # The SDK's own loop waits 5 s between polls, and then makes objects of the results.
    pace, body = _FIRST_POLL, None
    while job.status().lower() not in _ENDED:
        await asyncio.sleep(min(wait, LONGEST_WAIT) if wait else pace)
        exchange = await _insist(operation, documents, job.update_status)
        pace, wait, body = min(pace * _POLL_GROWTH, _SLOWEST_POLL), exchange.retry_after, exchange.body
    status = job.status().lower()
    if status == "failed":
        fail_job(body, operation, documents)
    if status.startswith("cancel"):
        msg = f"{SERVICE} {operation}: the job was cancelled at the service"
        raise ServiceResponseError(msg, service=SERVICE, operation=operation, code="JobCancelled")
    return body


def fail_job(body: Any, operation: str, documents: Sequence[Document]) -> NoReturn:
    """Say why a job has no results.

    Raises:
        ServiceUnavailableError: Always.
    """
    code, said = read_error({"error": next(iter((body or {}).get("errors") or []), {})})
    said = withhold_texts(said, documents) or "not why"
    msg = f"{SERVICE} {operation}: the service could not finish the job and says: {said}"
    raise ServiceUnavailableError(msg, service=SERVICE, operation=operation, code=code or "JobFailed")


async def collect_pages(
    job: Any, first: Any, location: str, operation: str, documents: Sequence[Document]
) -> list[Any]:
    """Fetch what a finished job has found.

    Args:
        job: What asks.
        first: The JSON of the answer that said that it has ended; it is the first page.
        location: Where ``job`` was asked for.
        operation: The facade's name of the operation.
        documents: What was sent, so that a message which repeats it is left out.

    Returns:
        The JSON of each page.
    """
    pages = [first]
    while link := read_optional(pages[-1], "nextLink", read_text):
        # The key goes where it has gone before, whatever the link says.
        there, asked = urlsplit(location), dict(parse_qsl(urlsplit(link).query))
        page = there._replace(query=urlencode(dict(parse_qsl(there.query)) | asked)).geturl()
        pages.append((await _insist(operation, documents, partial(_fetch, job, page))).body)
    return pages


async def _fetch(job: Any, page: str) -> None:
    response = await job.request_status(page)
    response.http_response.raise_for_status()


async def _insist(operation: str, documents: Sequence[Document], ask: Callable[[], Awaitable[object]]) -> Exchange:
    # Single polls and pages fail now and then with 500, 408 or 504 while the job, which is paid for, goes on.
    failed = 0
    while True:
        with watch_exchange() as exchange:
            try:
                await ask()
            except Exception as error:  # noqa: BLE001  an odd answer ends in KeyError and the like
                reason = _describe_poll(error, exchange, operation, documents)
            else:
                return exchange
        failed += 1
        if not isinstance(reason, ServiceError) or not is_retryable(reason) or reason.code == _JOB_LOST:
            raise reason
        if failed == _FAILURES_IN_A_ROW:
            raise reason
        await asyncio.sleep(back_off(failed, _FIRST_POLL, 0.0, reason.retry_after))


def _describe_poll(error: Exception, exchange: Exchange, operation: str, documents: Sequence[Document]) -> Exception:
    reason: Exception
    if exchange.status_code is not None and exchange.status_code >= _ERROR:
        # The SDK raises an error without the answer.
        reason = describe_status(
            exchange.status_code,
            exchange.headers,
            exchange.body,
            service=SERVICE,
            operation=operation,
            documents=documents,
        )
    else:
        reason = describe_azure_error(error, exchange, service=SERVICE, operation=operation, documents=documents)
    if isinstance(reason, DeploymentNotFoundError):
        msg = f"{SERVICE} {operation}: the service no longer knows the job it has started"
        return ServiceResponseError(msg, service=SERVICE, operation=operation, code=_JOB_LOST)
    return reason
