"""Pacing for one endpoint, deployment and operation, learned from what the service answers."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from pgazure.flow.retry import LONGEST_WAIT, back_off

# Pauses after a 429 that says no time, in seconds.
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 3.0
# A careful start: this many requests side by side, one more for each so many that pass, and so many more for each
# second. What is under way when the quota ends is refused.
_CAREFUL = 2
_STEP = 32
_STEPS_A_SECOND = 2.0
# Requests that make a measurement.
_ENOUGH = 5
# Seconds of silence after which the quota may be another one.
_FORGET_AFTER = 60.0
# Requests, and most seconds of the pause after them, that make the measurement where the latest went faster than all:
# what came slowly before them, from a service that was waking up or whose quota was smaller, says nothing of it.
_LATEST = 20
_LONGEST_COUNTED = 1.0
_FASTER = 1.25
# Requests that are to pass for each one that is refused, and for each second of a pause: where the quota is not
# saved up meanwhile, the pause is lost. Pauses over so many seconds are the rest of a window, and lose nothing.
_WORTH = 100
_WORTH_SECONDS = 30.0
_LONGEST_LOSS = 2.0
_FIRST_GOAL = 100.0
# How much faster requests follow each other when the goal has passed: so much with each goal, and so much with its
# cube, by which a quota that was raised is found.
_GROWTH = 0.04
_ACCELERATION = 0.03
# What is kept below a measurement when the goal was missed, and the least that is kept of the rate before it: a short
# measurement may be of a bad moment.
_BELOW = 0.98
_LEAST = 0.8


@dataclass(slots=True)
class RateControl:
    """How many requests may be under way, how fast they may follow each other, and from when on.

    A 429 stops everything that has the same quota: for as long as the service
    asks, else for a pause that doubles with each 429 in a row. Then a single
    request tries whether the quota is open again. When it is, the requests that
    passed since the last such time, divided by the time they took, are what the
    quota allows. From then on requests keep that pace, and go faster the more
    of them pass without a 429: so the quota is used up, and a higher one is
    found. How soon they do depends on what the last 429 cost, so that about one
    request in a hundred is refused. Services that send no rate headers are found
    out in the same way. Where an answer says how many requests are left, little
    more than those are under way for the first seconds, and after each measurement.

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
    _closed_at: float = -math.inf
    _passed: int = 0
    _refused: int = 0
    _pressed: int = 0
    _goal: float = _FIRST_GOAL
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
            # Time in which nobody asked says nothing of the quota.
            idle = max(0.0, now - max(self._last_at, self.opens_at, self._slot_at))
            self._since += idle
            if idle > _FORGET_AFTER:
                self.rate, self._goal, self._answered, self._left = math.inf, _FIRST_GOAL, 0, None
                self._first_at = None
                self._since, self._passed, self._refused, self._pressed = now, 0, 0, 0
        self.under_way += 1
        if math.isinf(self.rate):
            return
        gap = 1 / self._pace()
        if self._slot_at > now - gap:
            # Only who is held back learns that more would have passed.
            self._pressed += 1
        self._slot_at = max(now - gap, self._slot_at) + gap

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
        wait = own if retry_after is None else retry_after
        self.opens_at = max(self.opens_at, now + min(wait, LONGEST_WAIT))

    def _most(self, now: float) -> int:
        if self.refusals:
            return 1
        if self._left is not None:
            since, passed, first = self._since, self._passed, max(1, self._left)
        elif self.careful and math.isinf(self.rate):
            since, passed, first = self._first_at, self._answered, _CAREFUL
        else:
            return self.ceiling
        seconds = 0.0 if since is None else now - since
        return min(self.ceiling, first + passed // _STEP + int(seconds * _STEPS_A_SECOND))

    def _measure(self, now: float) -> None:
        assert self._since is not None
        elapsed = max(now - self._since, 1e-3)
        if self._passed < _ENOUGH:
            # Too few for a measurement, and enough to know that it was too fast.
            self.rate = max(_LEAST * self.rate, self._passed / elapsed)
            return
        pause = now - self._closed_at
        lost = min(pause, _LONGEST_LOSS)
        # A short pause says more of who waited than of the quota, a long one is the rest of a window.
        ended = self._closed_at if pause < _LONGEST_PAUSE else now
        found = self._passed / elapsed
        if math.isinf(self.rate):
            self.rate = max(found, self._measure_latest(ended + min(pause, _LONGEST_COUNTED)))
            self._goal = _FIRST_GOAL
        else:
            if self._passed >= self._goal:
                pace, found = self._pace(), self._passed / max(elapsed - lost, elapsed / 2)
                self.rate = max(found, self._measure_latest(ended) if pace > _FASTER * found else 0.0)
            else:
                # What follows the first measurement, which is a guess, may say that it was far too high.
                least = 0.0 if self._goal == _FIRST_GOAL else _LEAST * self.rate
                self.rate = max(_BELOW * found, least)
            self._goal = max(_WORTH * self._refused, _WORTH_SECONDS * lost * found)
        self._since, self._passed, self._refused, self._pressed = now, 0, 0, 0

    def _measure_latest(self, end: float) -> float:
        return _LATEST / max(end - self._latest[0], 1e-3) if len(self._latest) == _LATEST else 0.0

    def _pace(self) -> float:
        goals = self._pressed / self._goal
        return self.rate * (1 + _GROWTH * goals + _ACCELERATION * goals**3)
