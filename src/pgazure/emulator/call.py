"""A request on its way: what a service sees of it, and what the gateway asks of a service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.stats import Item
    from pgazure.emulator.wire import Refusal

CONNECTION = "connection"
"""Name under which the server hands down a request's connection."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a service sees it.

    Attributes:
        request: The HTTP request.
        body: Its JSON; ``None`` where it is not JSON.
        size: Bytes of its body.
        started: Monotonic time of its arrival.
    """

    request: Request
    body: Any
    size: int
    started: float


@dataclass(frozen=True, slots=True)
class Work:
    """A valid request, ready to be admitted.

    Attributes:
        items: The texts it holds.
        answer: Makes the answer, given what is left of the quota.
        tokens: Model tokens it costs.
        quota: Names of the quotas it is taken from; the operations' where none is given.
        refuse_content: Refuses it for the content filter; ``None`` where the service has no such filter.
    """

    items: Sequence[Item]
    answer: Callable[[Verdict], Awaitable[Response]]
    tokens: int = 0
    quota: Sequence[str] = field(default_factory=tuple)
    refuse_content: Callable[[], Refusal] | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A valid request that a model answers at once.

    Attributes:
        items: The texts it holds.
        answer: Makes the answer; it is called where models may run.
    """

    items: Sequence[Item]
    answer: Callable[[], Response]


class Voice(Protocol):
    """How a service refuses."""

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Say that the quota is used up."""
        ...

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal as this service does."""
        ...


class Service(Protocol):
    """One inference route."""

    @property
    def voice(self) -> Voice:
        """How it refuses."""
        ...

    def operations(self, call: Call) -> Sequence[str]:
        """Name what is asked for, as far as it can be told before the request is checked."""
        ...

    async def prepare(self, call: Call) -> Work:
        """Check the request.

        Raises:
            Refusal: It is not valid.
        """
        ...


def name_always(operation: str) -> Callable[[Any], list[str]]:
    """Call every request the same, whatever is in its body."""
    return lambda _: [operation]
