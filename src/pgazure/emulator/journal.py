"""The last requests: what came, how it ended, which fault struck it; no keys, and texts only where they are wanted."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECRET_HEADERS = {
    "api-key",
    "authorization",
    "cookie",
    "ocp-apim-subscription-key",
    "proxy-authorization",
    "secret",
    "x-api-key",
    "x-functions-key",
    "x-identity-header",
}
_SECRET_PARAMETERS = {"api-key", "code", "key", "sig", "subscription-key", "token"}
_HIDDEN = "***"
_REQUEST_IDS = ("apim-request-id", "x-requestid", "x-ms-request-id", "x-request-id")


@dataclass(slots=True)
class Entry:
    """One request and its answer.

    Attributes:
        method: HTTP method.
        path: Path.
        query: Query, as it came.
        headers: Headers, as they came.
        service: Which service it was for.
        operations: What was asked for.
        arrived: When it came.
        status: Status of the answer; 0 while there is none, or where the connection was reset before it.
        elapsed: Seconds until the answer was sent, or broke off.
        items: Texts that were counted.
        faults: Kind and number of the faults that struck it.
        request_id: The answer's.
        body: The request's body, where bodies are kept.
    """

    method: str
    path: str
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    service: str
    operations: Sequence[str]
    arrived: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: int = 0
    elapsed: float = 0.0
    items: int = 0
    faults: list[tuple[str, int]] = field(default_factory=list)
    request_id: str = ""
    body: bytes | None = None

    def describe(self) -> dict[str, Any]:
        """Write it as JSON."""
        told = {
            "time": self.arrived.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "method": self.method,
            "path": self.path,
            "query": _hide_parameters(self.query.decode("latin-1")),
            "service": self.service,
            "operations": list(self.operations),
            "status": self.status,
            "ms": round(self.elapsed * 1_000, 1),
            "items": self.items,
            "request_id": self.request_id,
            "faults": [{"kind": kind, "id": number} for kind, number in self.faults],
            "headers": _hide_headers(self.headers),
        }
        if self.body is not None:
            told["body"] = self.body.decode("utf-8", "replace")
        return told


@dataclass(slots=True)
class Journal:
    """The last requests to the services.

    Args:
        most: How many are kept.
        keeps_bodies: Whether the requests' bodies are kept too.
    """

    most: int
    keeps_bodies: bool = False
    _entries: deque[Entry] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with none."""
        self._entries = deque(maxlen=self.most)

    def open(self, scope: Any, service: str, operations: Sequence[str], body: bytes = b"") -> Entry:
        """Note a request."""
        place = scope["method"], scope["path"], scope["query_string"], scope["headers"]
        entry = Entry(*place, service, operations, body=body if self.keeps_bodies else None)
        self._entries.append(entry)
        return entry

    def describe(self, last: int | None = None) -> list[dict[str, Any]]:
        """Write them as JSON, the oldest first; all of them, or the last few."""
        entries = tuple(self._entries)
        return [entry.describe() for entry in entries[max(0, len(entries) - last) if last is not None else 0 :]]

    def reset(self) -> None:
        """Forget them."""
        self._entries.clear()


def find_request_id(headers: Any) -> str:
    """The id that an answer gives to its request; empty where it gives none."""
    return next((headers[name] for name in _REQUEST_IDS if name in headers), "")


def _hide_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    told = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers)
    return {name: _HIDDEN if name in _SECRET_HEADERS else value for name, value in told}


def _hide_parameters(query: str) -> str:
    given = parse_qsl(query, keep_blank_values=True)
    return "&".join(
        f"{quote(name, safe='$')}={_HIDDEN if name.lower() in _SECRET_PARAMETERS else quote(value, safe=',:.')}"
        for name, value in given
    )
