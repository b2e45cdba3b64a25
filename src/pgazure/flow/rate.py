"""Pacing for one endpoint, deployment and operation, learned from what the service answers."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from pgazure.flow.retry import LONGEST_WAIT, back_off

# Pauses after a 429 that says no time, in seconds. The first is always the same: what a quota saves up
# meanwhile is then in every measurement, and falsifies none.
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 3.0
# A careful start: this many requests side by side, and one more for each so many that pass. What is under
# way when the quota ends is refused.
_CAREFUL = 2
_STEP = 32
# Requests that make a measurement.
_ENOUGH = 5
# Seconds of silence after which the quota may be another one.
_FORGET_AFTER = 60.0
# Requests that make the first one, where the latest went faster than all: what came slowly before them, from a
# service that was waking up, says nothing of the quota.
_LATEST = 20
# How much faster requests follow each other after a whole cycle without a 429; from there on with the cube
# of the time. Chosen by simulating fixed windows, sliding windows and token buckets: on average 97 % of the
# quota is used and under 1 % of the requests are refused, and of the first 200 under 2 %.
_GROWTH = 0.02
# Seconds; a measurement over less says too little to go faster soon.
_SHORTEST_CYCLE = 10.0


@dataclass(slots=True)
class RateControl:
    """How many requests may be under way, how fast they may follow each other, and from when on.

    A 429 stops everything that has the same quota: for as long as the service
    asks, else for a pause that doubles with each 429 in a row. Then a single
    request tries whether the quota is open again. When it is, the requests that
    passed since the last such time, divided by the time they took, are what the
    quota allows. From then on requests keep that pace, and go ever faster the
    longer no 429 comes: so the quota is used up, few requests are refused, and a
    higher quota is found. Services that send no rate headers are found out in
    the same way.

    All times are in seconds of one monotonic clock, which the caller reads.

    Attributes:
        ceiling: Most requests under way, 1 or more.
        careful: Whether to begin with few requests under way, and add to them as they pass.
        under_way: How many are.
        opens_at: Nothing starts before this time.
        refusals: 429s in a row, those of requests sent together counted once.
        rate: Requests a second that the quota was found to allow; infinity while no 429 has come.
    """

    ceiling: int
    careful: bool = False
    under_way: int = 0
    opens_at: float = -math.inf
    refusals: int = 0
    rate: float = math.inf
    _refused_at: float = -math.inf
    _slot_at: float = -math.inf
    _last_at: float = -math.inf
    _since: float | None = None
    _passed: int = 0
    _answered: int = 0
    _latest: deque[float] = field(default_factory=lambda: deque(maxlen=_LATEST))
    _cycle: float = _SHORTEST_CYCLE
    _opened_at: float = 0.0

    def delay(self, now: float) -> float:
        """Say how long the next request must wait: 0 is now, infinity is until another one ends."""
        if self.under_way >= self._most():
            return math.inf
        return max(0.0, self.opens_at - now, self._slot_at - now)

    def start(self, now: float) -> None:
        """Count a request that is being sent."""
        if self._since is None:
            self._since = now
        elif not self.under_way:
            # Time in which nobody asked says nothing of the quota.
            idle = max(0.0, now - max(self._last_at, self.opens_at, self._slot_at))
            self._since += idle
            if idle > _FORGET_AFTER:
                self.rate, self._answered = math.inf, 0
        self.under_way += 1
        self._slot_at = max(now - 1 / self._pace(now), self._slot_at) + 1 / self._pace(now)

    def finish(self, now: float) -> None:
        """Count a request out, whatever came of it."""
        self.under_way -= 1
        self._last_at = now

    def succeed(self, started_at: float, now: float, pause: float | None = None) -> None:
        """Learn from an answer; ``pause`` is what its rate headers ask for when the quota is used up."""
        self._passed += 1
        self._answered += 1
        self._latest.append(now)
        if self.refusals and started_at >= self._refused_at:
            self.refusals = 0
            self._measure(now)
        if pause:
            self.opens_at = max(self.opens_at, now + min(pause, LONGEST_WAIT))

    def refuse(self, started_at: float, now: float, chance: float, retry_after: float | None = None) -> None:
        """Learn from a 429. ``chance`` is a random number in [0, 1)."""
        if started_at >= self._refused_at:
            self._refused_at = now
            self.refusals += 1
        own = min(back_off(self.refusals, _FIRST_PAUSE, chance), _LONGEST_PAUSE)
        wait = own if retry_after is None else retry_after
        self.opens_at = max(self.opens_at, now + min(wait, LONGEST_WAIT))

    def _most(self) -> int:
        if self.refusals:
            return 1
        return min(self.ceiling, _CAREFUL + self._answered // _STEP) if self.careful else self.ceiling

    def _measure(self, now: float) -> None:
        assert self._since is not None
        elapsed = max(now - self._since, 1e-3)
        self._opened_at = now
        if self._passed >= _ENOUGH:
            found = self._passed / elapsed
            if self.rate == math.inf and len(self._latest) == _LATEST:
                found = max(found, _LATEST / max(now - self._latest[0], 1e-3))
            self.rate = found
            self._cycle, self._since, self._passed = max(elapsed, _SHORTEST_CYCLE), now, 0

    def _pace(self, now: float) -> float:
        return self.rate * (1 + _GROWTH * ((now - self._opened_at) / self._cycle) ** 3)
