"""Services with quotas, and clients before them, on a clock that costs no time."""

from __future__ import annotations

import asyncio
import json
import math
import random
import selectors
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pgazure.client.gate import Gate, Lane, SharedGate
from pgazure.flow.sharing import RateBook

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from pgazure.flow.sharing import Permit, Report

_NEARLY = 1e-9


class _Clock(selectors.DefaultSelector):
    """Wakes up at once and says that the time has gone by."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits and nobody will wake them")
        self.now += max(0.0, timeout)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def run_in_no_time(main: Coroutine[Any, Any, None]) -> None:
    """Run ``main`` on a clock of its own, which starts at 0 and jumps to whatever comes next."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(main)


class Quota(Protocol):
    """What a service counts, in requests or in tokens."""

    def wait(self, now: float) -> float:
        """Seconds until a request passes; 0 where it passes now."""
        ...

    def take(self, now: float, cost: float) -> None:
        """Count a request that has passed."""

    def left(self, now: float) -> float:
        """How much may be used now."""
        ...

    def allowed(self, start: float, end: float) -> float:
        """The most that may be used in that time by whoever has used up what came before."""
        ...


@dataclass
class Bucket:
    """A bucket that fills steadily and holds ``burst`` seconds' worth."""

    per_second: float
    burst: float = 2.0
    factor: Callable[[float], float] = lambda _: 1.0
    level: float = math.inf
    filled_at: float = 0.0

    def _fill(self, now: float) -> None:
        rate = self.per_second * self.factor(now)
        most = max(1.0, rate * self.burst)
        self.level = min(most, self.level + (now - self.filled_at) * rate)
        self.filled_at = now

    def wait(self, now: float) -> float:
        self._fill(now)
        short = 1 - self.level
        return short / self.per_second / self.factor(now) if short > _NEARLY else 0.0

    def take(self, now: float, cost: float) -> None:
        self._fill(now)
        self.level -= cost

    def left(self, now: float) -> float:
        self._fill(now)
        return max(0.0, self.level)

    def allowed(self, start: float, end: float) -> float:
        burst = max(1.0, self.per_second * self.burst) if start == 0 else 0.0
        return burst + integrate(lambda now: self.per_second * self.factor(now), start, end)


@dataclass
class FixedWindow:
    """So many in each window, whose first one has begun ``phase`` seconds before the clock."""

    most: float
    window: float
    phase: float = 0.0
    factor: Callable[[float], float] = lambda _: 1.0
    number: int = -1
    used: float = 0.0

    def _turn(self, now: float) -> None:
        number = math.floor((now + self.phase) / self.window + _NEARLY)
        if number != self.number:
            self.number, self.used = number, 0.0

    def wait(self, now: float) -> float:
        return (self.number + 1) * self.window - self.phase - now if self.left(now) < _NEARLY else 0.0

    def take(self, now: float, cost: float) -> None:
        self._turn(now)
        self.used += cost

    def left(self, now: float) -> float:
        self._turn(now)
        return max(0.0, round(self.most * self.factor(now)) - self.used)

    def allowed(self, start: float, end: float) -> float:
        first, last = (math.floor((at + self.phase) / self.window + _NEARLY) for at in (start, end - 1e-6))
        return sum(
            round(self.most * self.factor(max(number * self.window - self.phase, 0.0)))
            for number in range(first, last + 1)
        )


@dataclass
class SlidingWindow:
    """So many within any ``window`` seconds."""

    most: float
    window: float
    factor: Callable[[float], float] = lambda _: 1.0
    passed: deque[tuple[float, float]] = field(default_factory=deque)
    used: float = 0.0

    def _forget(self, now: float) -> None:
        while self.passed and self.passed[0][0] <= now - self.window:
            self.used -= self.passed.popleft()[1]

    def wait(self, now: float) -> float:
        left = self.left(now)
        return self.passed[0][0] + self.window - now if left < 1 - _NEARLY and self.passed else 0.0

    def take(self, now: float, cost: float) -> None:
        self._forget(now)
        self.passed.append((now, cost))
        self.used += cost

    def left(self, now: float) -> float:
        self._forget(now)
        return max(0.0, self.most * self.factor(now) - self.used)

    def allowed(self, start: float, end: float) -> float:
        burst = self.most if start == 0 else 0.0
        return burst + integrate(
            lambda now: self.most / self.window * self.factor(now), max(start, burst and self.window), end
        )


def integrate(rate: Callable[[float], float], start: float, end: float, steps: int = 1000) -> float:
    step = (end - start) / steps
    return sum(rate(start + (number + 0.5) * step) for number in range(steps)) * step


@dataclass(frozen=True)
class Told:
    """What a service says of its quota."""

    seconds: bool = False
    milliseconds: bool = False
    remaining: bool = False


@dataclass
class Service:
    """Counts what it lets pass and what it refuses, by the time that the request came."""

    requests: Quota
    tokens: Quota | None = None
    told: Told = field(default_factory=Told)
    latency: float = 0.05
    seed: int = 1
    passed: list[tuple[float, float]] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    async def answer(self, gate: Gate, cost: float) -> bool:
        loop = asyncio.get_running_loop()
        async with gate.turn() as started:
            latency = self.latency * self.random.uniform(0.6, 1.4)
            await asyncio.sleep(latency / 2)
            now = loop.time()
            wait = max(self.requests.wait(now), self.tokens.wait(now) if self.tokens else 0.0)
            if wait:
                self.refused.append(now)
            else:
                self.passed.append((now, cost))
                self.requests.take(now, 1)
                if self.tokens:
                    self.tokens.take(now, cost)
            left = self._left(now, cost) if self.told.remaining else None
            await asyncio.sleep(latency / 2)
            if not wait:
                gate.succeed(started, None, left)
                return True
            after = None
            if self.told.seconds:
                after = float(max(1, math.ceil(wait)))
            if self.told.milliseconds:
                after = max(1, math.ceil(wait * 1000)) / 1000
            gate.refuse(started, after)
            return False

    def _left(self, now: float, cost: float) -> int:
        left = self.requests.left(now)
        if self.tokens:
            left = min(left, self.tokens.left(now) / cost)
        return int(left + _NEARLY)

    def use(self, start: float, end: float) -> float:
        """The share of the quota that was used in that time: of requests or tokens, whichever was scarcer."""
        shares = [sum(start <= at < end for at, _ in self.passed) / self.requests.allowed(start, end)]
        if self.tokens:
            shares.append(sum(cost for at, cost in self.passed if start <= at < end) / self.tokens.allowed(start, end))
        return max(shares)

    def waste(self, start: float, end: float) -> float:
        """The share of the requests that were refused in that time."""
        refused = sum(start <= at < end for at in self.refused)
        passed = sum(start <= at < end for at, _ in self.passed)
        return refused / max(1, refused + passed)


@dataclass
class BookOffice:
    """Hands out the turns of one book, which is written down and read again each time."""

    delay: float = 0.005
    kept: str = "{}"
    asked: int = 0

    def of(self, worker: str) -> _Desk:
        return _Desk(self, worker)


@dataclass
class _Desk:
    office: BookOffice
    worker: str

    async def ask(self, lane: Lane, report: Report) -> Permit | None:
        assert lane.operation
        await asyncio.sleep(self.office.delay)
        self.office.asked += 1
        book = RateBook.from_json(json.loads(self.office.kept))
        permit = book.exchange(self.worker, report, asyncio.get_running_loop().time(), 0.5)
        self.office.kept = json.dumps(book.to_json())
        return permit


def send_until(
    service: Service,
    end: float,
    *,
    gates: int = 1,
    shared: bool = False,
    ceiling: int = 16,
    careful: bool = True,
    cost: Callable[[random.Random], float] = lambda _: 1.0,
    most: float = math.inf,
) -> float:
    """Let clients send as much as they can until ``end``, or until ``most`` requests have passed; gives the time."""
    took = end

    async def main() -> None:
        nonlocal took
        office = BookOffice()
        loop = asyncio.get_running_loop()
        chance = random.Random(7)

        async def call(gate: Gate) -> None:
            while len(service.passed) < most:
                await service.answer(gate, cost(chance))

        made: Sequence[Gate] = [
            SharedGate(ceiling, careful=careful, office=office.of(str(n)), lane=Lane("s", "", "o"))
            if shared
            else Gate(ceiling, careful=careful)
            for n in range(gates)
        ]
        tasks = [asyncio.ensure_future(call(gate)) for gate in made for _ in range(ceiling)]
        if most < math.inf:
            await asyncio.wait(tasks, timeout=end)
        else:
            await asyncio.sleep(end)
        took = loop.time()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    random.seed(3)
    run_in_no_time(main())
    return took
