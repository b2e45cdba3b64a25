"""What goes to a service and what comes back, whichever SDK carries it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from pgazure.errors import ServiceResponseError
from pgazure.flow.retry import read_retry_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pgazure.errors import ServiceError
    from pgazure.types import DocumentError
    from pgazure.types_language import ConversationItem

R = TypeVar("R")

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0

_REQUEST_IDS = ("apim-request-id", "x-requestid", "x-request-id", "x-ms-request-id")


@dataclass(frozen=True, slots=True)
class Document:
    """A text on its way to a service.

    Attributes:
        text: Not empty, without NUL and lone surrogates, within the service's limits.
        language: Its language, where the caller knows it.
    """

    text: str = field(repr=False)
    language: str | None = None


class Transcript(str):
    """A conversation as the text that is counted and billed; it remembers who said what.

    Args:
        items: The turns.
    """

    __slots__ = ("items",)

    items: tuple[ConversationItem, ...]

    def __new__(cls, items: Sequence[ConversationItem]) -> Self:
        """Join the turns, one a line."""
        transcript = super().__new__(cls, "\n".join(item.text for item in items))
        transcript.items = tuple(items)
        return transcript


@dataclass(frozen=True, slots=True)
class Answer(Generic[R]):
    """What a service said to one request.

    Attributes:
        results: One per document, in the order sent.
        status_code: HTTP status.
        request_id: The service's id of the request.
        tokens: Tokens billed, where tokens are billed.
        answer_tokens: How many of them a chat model wrote.
        pause: Seconds the rate headers ask to wait because the quota is used up.
        left: How many more requests like this the quota has, where the rate headers say so.
    """

    results: Sequence[R | DocumentError]
    status_code: int | None = None
    request_id: str | None = None
    tokens: int | None = None
    pause: float | None = None
    answer_tokens: int | None = None
    left: int | None = None


@dataclass(slots=True)
class Exchange:
    """The answers seen by one call of an SDK, whatever the SDK hands out of them.

    Attributes:
        status_code: Status of the first answer; for a job that is the one that names the job.
        headers: Headers of the latest answer, names in lower case.
        request_id: The service's id of the first request.
        body: JSON of the latest answer.
    """

    status_code: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    request_id: str | None = None
    body: Any = None

    def record(self, status_code: int, headers: Mapping[str, str], body: Any) -> None:
        """Remember an answer."""
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body
        if self.status_code is None:
            self.status_code = status_code
            self.request_id = find_request_id(self.headers)

    def identify(self, error: ServiceError) -> ServiceError:
        """Say in ``error`` which request it is about, where it does not: an unusable answer is billed too."""
        if error.status_code is None:
            error.status_code = self.status_code
        error.request_id = error.request_id or self.request_id
        return error

    @property
    def retry_after(self) -> float | None:
        """Seconds the latest answer asks to wait."""
        return find_retry_after(self.headers)


_EXCHANGE: ContextVar[Exchange | None] = ContextVar("pgazure_exchange", default=None)


@contextmanager
def watch_exchange() -> Iterator[Exchange]:
    """Record the answers that arrive within this context."""
    exchange = Exchange()
    token = _EXCHANGE.set(exchange)
    try:
        yield exchange
    finally:
        _EXCHANGE.reset(token)


def current_exchange() -> Exchange | None:
    """Give the exchange that is being watched."""
    return _EXCHANGE.get()


def find_request_id(headers: Mapping[str, str]) -> str | None:
    """Find the service's id of a request in lower-case ``headers``."""
    return next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None)


def find_retry_after(headers: Mapping[str, str]) -> float | None:
    """Find the seconds that lower-case ``headers`` ask to wait."""
    milliseconds = headers.get("retry-after-ms") or headers.get("x-ms-retry-after-ms")
    return read_retry_after(headers.get("retry-after"), milliseconds, time.time())


def find_pause(headers: Mapping[str, str]) -> float | None:
    """Find the seconds until the quota is open again, where lower-case ``headers`` say that it is used up."""
    pauses = [
        wait
        for kind in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{kind}") == "0"
        and (wait := read_duration(headers.get(f"x-ratelimit-reset-{kind}"))) is not None
    ]
    return max(pauses, default=None)


def find_left(headers: Mapping[str, str], tokens: int | None) -> int | None:
    """Find how many more requests of so many tokens pass, where lower-case ``headers`` say what is left."""
    requests, rest = (_read_count(headers.get(f"x-ratelimit-remaining-{kind}")) for kind in ("requests", "tokens"))
    found = [requests, rest // tokens if rest is not None and tokens else None]
    return min((count for count in found if count is not None), default=None)


def _read_count(text: str | None) -> int | None:
    # Some answers say -1, for which there is no meaning.
    return int(text) if text is not None and text.isdecimal() else None


def read_duration(text: str | None) -> float | None:
    """Read seconds as ``6``, ``6s``, ``120ms`` or ``1m30s``; ``None`` for anything else."""
    if not text:
        return None
    total, number = 0.0, ""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    rest = text.strip()
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789."))
        number, rest = rest[:digits], rest[digits:]
        unit = next((unit for unit in ("ms", "h", "m", "s") if rest.startswith(unit)), None)
        try:
            value = float(number)
        except ValueError:
            return None
        if unit is None:
            return value if not rest and not total else None
        total += value * units[unit]
        rest = rest[len(unit) :]
    return total


def match_by_id(found: Sequence[tuple[str, R]], count: int, *, service: str, operation: str) -> list[R]:
    """Put the results of the documents ``"0"`` … back in order.

    Raises:
        ServiceResponseError: An id is missing, doubled or foreign.
    """
    by_id = dict(found)
    wanted = [str(index) for index in range(count)]
    if len(found) != count or by_id.keys() != set(wanted):
        msg = (
            f"{service} answered for {len(found)} documents where {count} were sent, or mixed up their ids;"
            " the answer cannot be assigned to the texts and is dropped"
        )
        raise ServiceResponseError(msg, service=service, operation=operation, code="WrongDocumentIds")
    return [by_id[name] for name in wanted]
