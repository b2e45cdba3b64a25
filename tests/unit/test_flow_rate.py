"""Pacing: a quota is found and kept, with headers and without."""

from __future__ import annotations

import heapq
import math
from collections import deque

import pytest

from pgazure.flow.rate import RateControl


def test_without_refusals_only_the_ceiling_counts() -> None:
    control = RateControl(3)
    for _ in range(3):
        assert control.delay(0) == 0
        control.start(0)
    assert control.delay(0) == math.inf
    control.finish(1)
    assert control.delay(1) == 0


def test_a_careful_start_grows_with_what_passes() -> None:
    control = RateControl(8, careful=True)
    allowed = []
    for _ in range(400):
        started = 0
        while control.delay(0) == 0:
            control.start(0)
            started += 1
        allowed.append(started)
        for _ in range(started):
            control.finish(0)
        control.succeed(0, 0)
    assert allowed[0] == 2
    assert allowed == sorted(allowed)
    assert allowed[-1] == 8


def test_a_refusal_stops_everything_for_as_long_as_is_asked_and_then_one_tries() -> None:
    control = RateControl(8)
    control.start(0)
    control.refuse(0, 10, 0, retry_after=7)
    control.finish(10)
    assert control.delay(12) == 5
    assert control.delay(17) == 0
    control.start(17)
    assert control.delay(17) == math.inf
    control.succeed(17, 18)
    assert control.delay(18) < math.inf


def test_refusals_of_requests_sent_together_count_once() -> None:
    control = RateControl(8)
    for _ in range(8):
        control.refuse(0, 1, 0)
    assert control.refusals == 1
    assert control.opens_at == 1.5
    control.refuse(2, 3, 0)
    assert control.refusals == 2
    assert control.opens_at == 4


def test_an_answer_from_before_the_refusal_proves_nothing() -> None:
    control = RateControl(8)
    control.start(0)
    control.start(1)
    control.refuse(0, 5, 0)
    control.succeed(1, 6)
    assert control.refusals == 1


def test_a_quota_used_up_according_to_the_headers_is_waited_for() -> None:
    control = RateControl(8)
    control.start(0)
    control.succeed(0, 1, pause=4)
    assert control.delay(2) == 3


def exhaust(control: RateControl, passed: int, seconds: float, begin: float = 0) -> float:
    """Let ``passed`` requests through one upon the other, then refuse until ``seconds`` have gone by."""
    control.start(begin)
    for number in range(1, passed):
        now = begin + number * 0.01
        control.start(now)
        control.finish(now)
        control.succeed(now - 0.01, now)
    now = begin + passed * 0.01
    control.start(now)
    control.finish(now)
    control.succeed(now - 0.01, now)
    control.finish(now)
    control.refuse(now, now, 0, retry_after=begin + seconds - now)
    control.start(begin + seconds)
    control.finish(begin + seconds)
    control.succeed(begin + seconds, begin + seconds)
    return begin + seconds


def test_the_first_measurement_is_raised_and_the_second_is_exact() -> None:
    control = RateControl(8)
    now = exhaust(control, passed=99, seconds=10)
    assert 10 < control.rate <= 12
    exhaust(control, passed=99, seconds=10, begin=now)
    assert control.rate == pytest.approx(10)


def test_after_a_refusal_requests_keep_the_pace_that_the_quota_allows() -> None:
    control = RateControl(8)
    now = exhaust(control, passed=99, seconds=10, begin=exhaust(control, passed=99, seconds=10))
    # Three requests may make up for a moment lost.
    for _ in range(3):
        assert control.delay(now + 1) == 0
        control.start(now + 1)
    assert control.delay(now + 1) == pytest.approx(0.05, abs=0.01)
    control.start(now + 1.05)
    assert control.delay(now + 1.05) == pytest.approx(0.1, abs=0.01)


def test_time_in_which_too_few_ask_is_no_part_of_the_measurement() -> None:
    control = RateControl(8)
    now = exhaust(control, passed=99, seconds=10, begin=exhaust(control, passed=99, seconds=10))
    for _ in range(60):
        control.start(now)
        control.finish(now + 0.1)
        control.succeed(now, now + 0.1)
        now += 1
    control.start(now)
    control.finish(now)
    control.refuse(now, now, 0)
    control.start(now + 1)
    control.finish(now + 1)
    control.succeed(now + 1, now + 1)
    assert control.rate > 8


def test_no_more_are_under_way_than_the_service_says_are_left() -> None:
    control = RateControl(8)
    control.start(0)
    control.finish(1)
    control.succeed(0, 1, left=2)
    for _ in range(2):
        assert control.delay(1) == 0
        control.start(1)
    assert control.delay(1) == math.inf


def test_without_further_refusals_the_pace_grows() -> None:
    control = RateControl(8)
    now = exhaust(control, passed=99, seconds=10) + 1
    gaps = []
    for _ in range(600):
        control.start(now)
        control.finish(now)
        gaps.append(control.delay(now))
        now += gaps[-1]
    assert gaps[-1] < gaps[10] / 2


def test_one_refusal_of_few_requests_says_nothing_of_the_quota() -> None:
    control = RateControl(8)
    exhaust(control, passed=3, seconds=10)
    assert control.rate == math.inf


def test_a_slow_caller_is_not_taken_for_a_small_quota() -> None:
    control = RateControl(8)
    for second in range(30):
        control.start(second)
        control.finish(second + 0.1)
        control.succeed(second, second + 0.1)
    control.start(30)
    control.refuse(30, 30.1, 0, retry_after=1)
    control.finish(30.1)
    control.start(31.1)
    control.succeed(31.1, 31.2)
    assert control.rate > 5


def test_a_service_that_wakes_up_slowly_is_not_taken_for_a_small_quota() -> None:
    control = RateControl(8)
    now = 0.0
    for gap in [5.0] + [0.05] * 30:
        control.start(now)
        now += gap
        control.finish(now)
        control.succeed(now - gap, now)
    control.start(now)
    control.finish(now)
    control.refuse(now, now, 0)
    control.start(now + 0.5)
    control.finish(now + 0.6)
    control.succeed(now + 0.5, now + 0.6)
    assert control.rate > 10


def test_after_a_long_silence_the_pace_is_forgotten() -> None:
    control = RateControl(8)
    now = exhaust(control, passed=99, seconds=10)
    control.start(now + 100)
    assert control.rate == math.inf
    assert control.delay(now + 100) == 0


def simulate(
    quota: int,
    window: float,
    latency: float,
    kind: str,
    *,
    with_headers: bool,
    careful: bool = False,
    enough: float = math.inf,
) -> tuple[float, float]:
    """Let 16 callers ask a service with a quota; give the share of the quota used and that of requests refused."""
    control = RateControl(16, careful=careful)
    now, end = 0.0, 20 * window
    passed: deque[float] = deque()
    tokens, filled = float(quota), 0.0
    accepted = refused = 0
    callers = 16
    running: list[tuple[float, float, bool, float]] = []
    while now < end and accepted < enough:
        delay = control.delay(now)
        if callers and delay == 0:
            callers -= 1
            control.start(now)
            if kind == "bucket":
                tokens, filled = min(quota, tokens + (now - filled) * quota / window), now
                passes, left = tokens >= 1, (1 - tokens) * window / quota
                tokens -= passes
            else:
                opened = now - window if kind == "sliding" else math.floor(now / window) * window
                while passed and passed[0] < opened:
                    passed.popleft()
                passes = len(passed) < quota
                left = (passed[0] if kind == "sliding" and passed else opened) + window - now
            if passes:
                passed.append(now)
            accepted += passes
            refused += not passes
            heapq.heappush(running, (now + latency, now, passes, left))
            continue
        wake = now + delay if callers and delay < math.inf else math.inf
        if running and running[0][0] <= wake:
            now, started, passes, left = heapq.heappop(running)
            control.finish(now)
            callers += 1
            if passes:
                control.succeed(started, now)
            else:
                control.refuse(started, now, 0.5, math.ceil(left) if with_headers else None)
        else:
            now = wake
    return min(accepted / (quota * now / window), 1), refused / (accepted + refused)


@pytest.mark.parametrize("with_headers", [False, True])
@pytest.mark.parametrize("kind", ["fixed", "sliding", "bucket"])
@pytest.mark.parametrize(("quota", "window", "latency"), [(1000, 60, 0.05), (300, 60, 0.1), (100, 10, 0.1)])
def test_a_quota_is_used_up_with_few_refusals(
    quota: int, window: float, latency: float, kind: str, with_headers: bool
) -> None:
    used, refused = simulate(quota, window, latency, kind, with_headers=with_headers)
    assert used > 0.9
    assert refused < 0.05


@pytest.mark.parametrize("with_headers", [False, True])
@pytest.mark.parametrize("latency", [0.005, 0.05, 0.3])
def test_few_of_the_first_requests_are_refused(latency: float, with_headers: bool) -> None:
    used, refused = simulate(20, 2, latency, "bucket", with_headers=with_headers, careful=True, enough=200)
    assert used > 0.8
    assert refused <= 0.02
