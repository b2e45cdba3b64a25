"""Pacing for one endpoint, deployment and operation, learned from what the service answers."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from pgazure.flow.retry import LONGEST_WAIT, back_off

# The least pause after a 429, in seconds: what a quota saves up meanwhile is what passes before the next one.
_LEAST_PAUSE = 0.2
# Pauses after a 429 that says no time.
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 3.0
# A careful start: this many requests side by side, one more for each so many that pass, and so many more for each
# second. What is under way when the quota ends is refused.
_CAREFUL = 2
_STEP = 32
_STEPS_A_SECOND = 2.0
# Where answers say what is left, no more than that are under way, and one more for each so many that pass, as
# what they say may be wrong.
_DOUBT = 128
# Requests that make a measurement.
_ENOUGH = 5
# Requests that make the first one where the latest went faster than all: what came slowly before them, from a
# service that was waking up, says nothing of the quota.
_LATEST = 20
# The first measurement is raised by so much: a rate that is too high is corrected at once, one that is too low late.
_HOPE = 1.2
# The least that a later one keeps of the rate before it: it may be of a bad moment.
_LEAST = 0.7
# How much faster than the measurement requests follow each other: so much at once, which uses what a quota has saved
# up, and so much with the cube of the time without a 429, by which a quota that was raised is found. That time is
# counted in cycles: the time between two 429s, and no less than makes one request of so many a refused one.
_MARGIN = 0.01
_ACCELERATION = 0.03
_WORTH = 100
_SHORTEST_CYCLE = 10.0
_LONGEST_CYCLE = 20.0
# Where the pace has grown so much, the quota is another one than that which was measured.
_FASTER = 1.25
# Seconds that requests may make up for: whoever sends them is not always on time.
_LATE = 0.25
# Seconds of silence after which the quota may be another one.
_FORGET_AFTER = 60.0


@dataclass(slots=True)
class RateControl:
    """How many requests may be under way, how fast they may follow each other, and from when on.

    A 429 stops everything that has the same quota: for as long as the service
    asks, else for a pause that doubles with each 429 in a row. Then a single
    request tries whether the quota is open again. When it is, the requests that
    passed since the last such time, divided by the time they took, are what the
    quota allows: what was saved up during the pause included. From then on
    requests go a little faster than that, and ever faster the longer no 429
    comes: so the quota is used up, few requests are refused, and a higher quota
    is found. Services that send no rate headers are found out in the same way.
    Where an answer says how many requests are left, no more than those are under way.

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
    _opened_at: float = math.inf
    _closed_at: float = -math.inf
    _passed: int = 0
    _refused: int = 0
    _guessed: bool = False
    _cycle: float = _SHORTEST_CYCLE
    _answered: int = 0
    _left: int | None = None
    _first_at: float | None = None
    _latest: deque[float] = field(default_factory=lambda: deque(maxlen=_LATEST))

    def delay(self, now: float) -> float:
        """Say how long the next request must wait: 0 is now, infinity is until another one ends."""
        if self.under_way >= self._most(now):
            return math.inf
        return max(0.0, self.opens_at - now, self._slot_at - now)

    def start(self, now: float) -> None:
        """Count a request that is being sent."""
        if self._since is None:
            self._since = now
        elif not self.under_way:
            self._leave_out(now - max(self._last_at, self.opens_at, self._slot_at))
        elif math.isfinite(self.rate):
            self._leave_out(now - max(self.opens_at, self._slot_at + _LATE))
        self.under_way += 1
        if math.isfinite(self.rate):
            gap = 1 / self._pace(now)
            self._slot_at = max(now - max(gap, _LATE), self._slot_at) + gap

    def finish(self, now: float) -> None:
        """Count a request out, whatever came of it."""
        self.under_way -= 1
        self._last_at = now

    def succeed(self, started_at: float, now: float, pause: float | None = None, left: int | None = None) -> None:
        """Learn from an answer.

        Args:
            started_at: When its request began.
            now: When it came.
            pause: What its rate headers ask to wait, in seconds, when the quota is used up.
            left: How many more requests the quota has now, where they say so.
        """
        self._left = left
        self._first_at = now if self._first_at is None else self._first_at
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
        self._refused += 1
        if started_at >= self._refused_at:
            self._closed_at = self._closed_at if self.refusals else now
            self._refused_at = now
            self.refusals += 1
        own = min(back_off(self.refusals, _FIRST_PAUSE, chance), _LONGEST_PAUSE)
        wait = own if retry_after is None else max(_LEAST_PAUSE, retry_after)
        self.opens_at = max(self.opens_at, now + min(wait, LONGEST_WAIT))

    def _leave_out(self, idle: float) -> None:
        """Leave time in which nobody asked out of the measurement: it says nothing of the quota."""
        if idle <= 0 or self._since is None:
            return
        self._since += idle
        self._opened_at += idle
        if idle > _FORGET_AFTER:
            self.rate, self._cycle, self._guessed = math.inf, _SHORTEST_CYCLE, False
            self._answered, self._first_at, self._left = 0, None, None
            self._passed, self._refused = 0, 0

    def _most(self, now: float) -> int:
        if self.refusals:
            return 1
        if self._left is not None:
            return min(self.ceiling, max(1, self._left) + self._passed // _DOUBT)
        if self.careful and math.isinf(self.rate):
            seconds = 0.0 if self._first_at is None else now - self._first_at
            return min(self.ceiling, _CAREFUL + self._answered // _STEP + int(seconds * _STEPS_A_SECOND))
        return self.ceiling

    def _measure(self, now: float) -> None:
        assert self._since is not None
        pace = self._pace(self._closed_at)
        self._opened_at = self._slot_at = now
        if self._passed < _ENOUGH:
            return
        elapsed = max(now - self._since, 1e-3)
        found = self._passed / elapsed
        if math.isinf(self.rate):
            self.rate, self._guessed = _HOPE * max(found, self._measure_latest(now)), True
        else:
            if pace > _FASTER * self.rate:
                # The quota was raised meanwhile: only the latest show by how much.
                found = max(found, self._measure_latest(self._closed_at))
            # What follows a guess may say that it was far too high.
            least = 0.0 if self._guessed else _LEAST * self.rate
            self.rate, self._guessed = max(min(found, pace), least), False
        self._cycle = min(max(elapsed, _WORTH * self._refused / self.rate, _SHORTEST_CYCLE), _LONGEST_CYCLE)
        self._since, self._passed, self._refused = now, 0, 0

    def _measure_latest(self, end: float) -> float:
        return _LATEST / max(end - self._latest[0], 1e-3) if len(self._latest) == _LATEST else 0.0

    def _pace(self, now: float) -> float:
        cycles = max(0.0, now - self._opened_at) / self._cycle
        return self.rate * (1 + _MARGIN + _ACCELERATION * cycles**3)
