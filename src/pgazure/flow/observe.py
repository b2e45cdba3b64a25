"""Watching the requests that leave: one record for each, handed to a callback of the context."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request to a service and what came of it.

    A summary is a job of several requests: it makes one record, that of the
    request which started it, with the outcome and the duration of the whole job.

    Attributes:
        service: ``"language"``, ``"translator"`` or ``"openai"``.
        operation: The function that was called, e.g. ``"analyze_sentiment"``.
        endpoint: Base URL of the service.
        deployment: Name of the model deployment; ``None`` outside Azure OpenAI.
        items: Texts in the request.
        characters: Their Unicode code points, as the services bill them.
        text_records: Started blocks of 1,000 code points, at least one for each text.
        targets: Languages translated into; 1 for everything else.
        tokens: Tokens the service says it has billed, where it bills tokens.
        status_code: HTTP status; ``None`` where no answer came.
        request_id: The service's id of the request.
        started_at: When the request was sent, with its time zone (UTC).
        duration_ms: Milliseconds until the outcome was known.
        attempt: 1 for the first time this request is sent, 2 for the second.
        error_code: Why the request failed; ``None`` where it did not.
        answer_tokens: How many of ``tokens`` a chat model wrote; ``None`` where none did.
    """

    service: str
    operation: str
    endpoint: str
    deployment: str | None
    items: int
    characters: int
    text_records: int
    targets: int
    tokens: int | None
    status_code: int | None
    request_id: str | None
    started_at: datetime
    duration_ms: float
    attempt: int
    error_code: str | None
    answer_tokens: int | None = None


_OBSERVERS: ContextVar[tuple[Callable[[RequestRecord], None], ...]] = ContextVar("pgazure_observers", default=())


@contextmanager
def observe_requests(callback: Callable[[RequestRecord], None]) -> Iterator[None]:
    """Call ``callback`` with a :class:`RequestRecord` for every request sent within this context.

    Contexts may be nested: each callback sees every request of its own context.
    With the blocking ``Client`` the callback runs in the client's own thread,
    before the call returns.
    """
    token = _OBSERVERS.set((*_OBSERVERS.get(), callback))
    try:
        yield
    finally:
        _OBSERVERS.reset(token)


def report_request(record: RequestRecord) -> None:
    """Hand ``record`` to the callbacks of the current context."""
    for callback in _OBSERVERS.get():
        callback(record)
