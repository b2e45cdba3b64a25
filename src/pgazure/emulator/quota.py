"""Quotas: token buckets for requests and for model tokens, one pair per operation."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# The quotient of a refill may fall this short of a whole unit.
_ULP = 1e-9


@dataclass(slots=True)
class Bucket:
    """A bucket that fills at a steady rate.

    Attributes:
        per_minute: Units that flow in per minute.
        capacity: Most units it holds, at least one.
        level: Units in it now; below zero after a request that was larger than what was left.
    """

    per_minute: float
    capacity: float
    level: float
    filled_at: float

    def fill(self, now: float) -> None:
        """Let in what has flowed since the last time."""
        self.level = min(self.capacity, self.level + (now - self.filled_at) * self.per_minute / 60)
        self.filled_at = now

    def wait(self, needed: float) -> float:
        """Seconds until ``needed`` units are in the bucket; zero where they are."""
        short = needed - self.level
        return 0.0 if short <= _ULP else short * 60 / self.per_minute


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request is admitted, and how much of the quota is left.

    Attributes:
        wait: Seconds until a request like this is admitted; zero means it is admitted now.
        requests_left: Whole requests left, ``None`` without a limit.
        tokens_left: Tokens left, ``None`` without a limit.
    """

    wait: float = 0.0
    requests_left: int | None = None
    tokens_left: int | None = None


@dataclass(slots=True)
class Quota:
    """Admit requests up to a number per minute and operation.

    A request is admitted while a whole request is left and any tokens are; its tokens are then
    taken even if that leaves less than none, as the real service's running count does.

    Args:
        rpm: Requests per minute and operation; ``None`` means no limit.
        tpm: Tokens per minute and operation; ``None`` means no limit.
        burst: Seconds' worth of the quota that may be used at once.
        clock: Monotonic seconds.
    """

    rpm: float | None
    tpm: float | None
    burst: float = 2.0
    clock: Callable[[], float] = monotonic
    _buckets: dict[str, tuple[Bucket | None, Bucket | None]] = field(default_factory=dict)

    def admit(self, operation: str, tokens: int) -> Verdict:
        """Take one request and ``tokens`` from the quota of ``operation``, or say how long to wait."""
        requests, used = self._of(operation)
        now = self.clock()
        wait = 0.0
        for bucket, needed in ((requests, 1.0), (used, 1e-3)):
            if bucket is not None and (bucket is requests or tokens):
                bucket.fill(now)
                wait = max(wait, bucket.wait(needed))
        if not wait:
            if requests is not None:
                requests.level -= 1
            if used is not None:
                used.level -= tokens
        return Verdict(wait, _whole(requests), _whole(used))

    def charge(self, operation: str, tokens: int) -> None:
        """Take what an answer cost, once it is known."""
        _, used = self._of(operation)
        if used is not None:
            used.fill(self.clock())
            used.level -= tokens

    def reset(self) -> None:
        """Fill every bucket."""
        self._buckets.clear()

    def _of(self, operation: str) -> tuple[Bucket | None, Bucket | None]:
        if operation not in self._buckets:
            self._buckets[operation] = (self._full(self.rpm), self._full(self.tpm))
        return self._buckets[operation]

    def _full(self, per_minute: float | None) -> Bucket | None:
        if per_minute is None:
            return None
        capacity = max(1.0, per_minute / 60 * self.burst)
        return Bucket(per_minute, capacity, capacity, self.clock())


def _whole(bucket: Bucket | None) -> int | None:
    return None if bucket is None else max(0, int(bucket.level + _ULP))
