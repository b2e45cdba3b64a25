"""Quotas: token buckets for requests and for model tokens, one pair per operation."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
        rpm: Requests per minute that there are, ``None`` without a limit.
        tpm: Tokens per minute that there are, ``None`` without a limit.
    """

    wait: float = 0.0
    requests_left: int | None = None
    tokens_left: int | None = None
    rpm: float | None = None
    tpm: float | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """One more quota, for some operations.

    Attributes:
        names: Names of operations, services or deployments, in small letters; all where there are none.
        rpm: Requests per minute; ``None`` means no limit.
        tpm: Tokens per minute; ``None`` means no limit.
    """

    names: frozenset[str]
    rpm: float | None = None
    tpm: float | None = None


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
        limits: Further quotas; a request must pass all that are about it.
    """

    rpm: float | None
    tpm: float | None
    burst: float = 2.0
    clock: Callable[[], float] = monotonic
    limits: tuple[Limit, ...] = ()
    _buckets: dict[tuple[str, Limit | None], tuple[Bucket | None, Bucket | None]] = field(default_factory=dict)
    _own: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)

    def declare(self, operation: str, rpm: float | None, tpm: float | None) -> None:
        """Give ``operation`` limits of its own; ``None`` leaves the common one."""
        self._own[operation] = (rpm, tpm)

    def admit(self, operation: str, tokens: int, names: frozenset[str] = frozenset()) -> Verdict:
        """Take one request and ``tokens`` from the quota of ``operation``, or say how long to wait.

        Args:
            operation: Name of the quota: an operation, or one and its deployment.
            tokens: Model tokens.
            names: All that a limit of its own may call it.
        """
        pairs = [self._of(operation, None)]
        pairs += [self._of(operation, one) for one in self.limits if not one.names or one.names & names]
        now = self.clock()
        wait = 0.0
        for requests, used in pairs:
            for bucket, needed in ((requests, 1.0), (used, 1e-3)):
                if bucket is not None and (bucket is requests or tokens):
                    bucket.fill(now)
                    wait = max(wait, bucket.wait(needed))
        if not wait:
            for requests, used in pairs:
                if requests is not None:
                    requests.level -= 1
                if used is not None:
                    used.level -= tokens
        requests, used = (_scarcest(each) for each in zip(*pairs, strict=True))
        rpm, tpm = (None if bucket is None else bucket.per_minute for bucket in (requests, used))
        return Verdict(wait, _whole(requests), _whole(used), rpm, tpm)

    def charge(self, operation: str, tokens: int) -> None:
        """Take what an answer cost, once it is known."""
        for (name, _), (_, used) in tuple(self._buckets.items()):
            if name == operation and used is not None:
                used.fill(self.clock())
                used.level -= tokens

    def limit(self, limits: Iterable[Limit]) -> None:
        """Set the further quotas; every bucket is full again."""
        self.limits = tuple(limits)
        self.reset()

    def reset(self) -> None:
        """Fill every bucket."""
        self._buckets.clear()

    def _of(self, operation: str, limit: Limit | None) -> tuple[Bucket | None, Bucket | None]:
        if (operation, limit) not in self._buckets:
            if limit is not None:
                rpm, tpm = limit.rpm, limit.tpm
            else:
                declared_rpm, declared_tpm = self._own.get(operation, (None, None))
                rpm, tpm = declared_rpm or self.rpm, declared_tpm or self.tpm
            self._buckets[operation, limit] = (self._full(rpm), self._full(tpm))
        return self._buckets[operation, limit]

    def _full(self, per_minute: float | None) -> Bucket | None:
        if per_minute is None:
            return None
        capacity = max(1.0, per_minute / 60 * self.burst)
        return Bucket(per_minute, capacity, capacity, self.clock())


def _whole(bucket: Bucket | None) -> int | None:
    return None if bucket is None else max(0, int(bucket.level + _ULP))


def _scarcest(buckets: Iterable[Bucket | None]) -> Bucket | None:
    return min((one for one in buckets if one is not None), key=lambda one: one.level, default=None)
