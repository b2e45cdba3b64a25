"""Sharing a quota: together workers use all of it, whoever comes and goes, and little is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from pgazure.flow.sharing import Answered, RateBook, Report

STEP = 0.005


@dataclass
class Service:
    """A bucket that holds two seconds' worth of the quota and fills steadily."""

    per_second: float
    level: float = 0.0
    filled_at: float = 0.0
    admitted: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.level = 2 * self.per_second

    def ask(self, now: float) -> bool:
        self.level = min(2 * self.per_second, self.level + (now - self.filled_at) * self.per_second)
        self.filled_at = now
        if self.level < 1:
            self.refused += 1
            return False
        self.level -= 1
        self.admitted += 1
        return True


@dataclass
class SimulatedWorker:
    """A process that always has more to send, at most so much at a time."""

    name: str
    ceiling: int = 16
    latency: float = 0.05
    under_way: list[tuple[float, float, bool]] = field(default_factory=list)
    answers: list[tuple[float, float, bool]] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)
    free: bool = False
    ask_at: float = 0.0
    passed: int = 0

    def live(self, now: float, book: RateBook, service: Service) -> RateBook:
        for answer in [each for each in self.under_way if each[1] <= now]:
            self.under_way.remove(answer)
            self.answers.append(answer)
            self.passed += not answer[2]
            if answer[2]:
                self.turns.clear()
                self.free, self.ask_at = False, now
        # The careful start is each worker's own.
        for _ in range(min(self.ceiling, 2 + self.passed // 32) - len(self.under_way)):
            if self.turns and self.turns[0] <= now:
                self.turns.pop(0)
            elif now >= self.ask_at:
                # As in the database: read, changed and written back.
                book = RateBook.from_json(json.loads(json.dumps(book.to_json())))
                report = Report(
                    [Answered(now - s, now - e, refused) for s, e, refused in self.answers],
                    len(self.under_way) + len(self.turns),
                    self.ceiling,
                )
                self.answers.clear()
                permit = book.exchange(self.name, report, now, 0.5)
                self.free, self.ask_at = permit.free, now + permit.again
                self.turns += [now + turn for turn in permit.turns]
                continue
            elif not self.free:
                break
            self.under_way.append((now, now + self.latency, not service.ask(now)))
        return book


def storm(workers: list[SimulatedWorker], per_second: float, seconds: float) -> Service:
    """Let workers send for so long."""
    service, book = Service(per_second), RateBook.from_json({})
    for step in range(int(seconds / STEP)):
        for worker in workers:
            book = worker.live(step * STEP, book, service)
    return service


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("per_second", [5, 40])
def test_workers_together_use_a_quota_up_and_have_little_refused(count: int, per_second: float) -> None:
    seconds = 200
    service = storm([SimulatedWorker(str(n)) for n in range(count)], per_second, seconds)
    assert service.admitted / (per_second * (seconds + 2)) >= 0.97
    assert service.refused / (service.admitted + service.refused) <= 0.02


def test_while_no_limit_is_known_nothing_is_held_back() -> None:
    permit = RateBook.from_json({}).exchange("a", Report([Answered(0.2, 0.1)], 3, 20), 100.0, 0.5)
    assert permit.free
    assert permit.turns == ()


def limited(now: float = 100.0) -> RateBook:
    """A book in which ten requests a second are known to pass."""
    return RateBook.from_json({"rate": 10.0, "_since": now, "_last_at": now, "_slot_at": now})


def test_turns_follow_each_other_whoever_gets_them() -> None:
    book = limited()
    one = book.exchange("a", Report(wanted=2), 100.0, 0.5).turns
    other = book.exchange("b", Report(wanted=5), 100.0, 0.5).turns
    assert [*one, *other] == pytest.approx([0.0, 0.1, 0.2], rel=0.01)


def test_a_refusal_stops_everybody_until_one_request_has_passed() -> None:
    book = limited()
    book.exchange("a", Report([Answered(0.1, 0.0, refused=True, pause=4.0)]), 101.0, 0.5)
    assert book.exchange("b", Report(wanted=5), 104.0, 0.5).turns == []
    assert len(book.exchange("b", Report(wanted=5), 105.0, 0.5).turns) == 1
    assert book.exchange("a", Report(wanted=5), 105.1, 0.5).turns == []
    book.exchange("b", Report([Answered(0.1, 0.0)]), 105.2, 0.5)
    assert len(book.exchange("a", Report(wanted=5), 105.3, 0.5).turns) > 0


def test_a_worker_that_was_killed_holds_nobody_back() -> None:
    book = limited()
    book.exchange("dead", Report(under_way=3, wanted=3), 100.0, 0.5)
    book.exchange("a", Report([Answered(0.1, 0.0, refused=True)]), 101.0, 0.5)
    assert book.exchange("a", Report(wanted=5), 103.0, 0.5).turns == []
    assert len(book.exchange("a", Report(wanted=5), 116.0, 0.5).turns) == 1


def test_time_in_which_nobody_asked_is_no_part_of_the_measurement() -> None:
    book = limited()
    book.exchange("a", Report([Answered(0.2, 0.1)]), 100.5, 0.5)
    before = book.to_json()["_since"]
    book.exchange("a", Report([Answered(0.2, 0.1)]), 130.5, 0.5)
    assert book.to_json()["_since"] - before == pytest.approx(29.9, abs=0.2)
