"""The quota, used whole: whatever a service counts and says, nearly all of it is used and little is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fix_quota import Bucket, FixedWindow, Service, SlidingWindow, Told, send_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from fix_quota import Quota

NOTHING = Told()
SECONDS = Told(seconds=True)
MILLISECONDS = Told(milliseconds=True)
EVERYTHING = Told(seconds=True, milliseconds=True, remaining=True)


def check(service: Service, start: float, end: float, *, used: float = 0.97) -> None:
    assert service.use(start, end) >= used
    assert service.waste(start, end) <= 0.02


@pytest.mark.parametrize("latency", [0.02, 0.5])
@pytest.mark.parametrize("told", [NOTHING, SECONDS, MILLISECONDS, EVERYTHING])
@pytest.mark.parametrize(
    "quota", [lambda: Bucket(10), lambda: FixedWindow(1000, 60, phase=20)], ids=["bucket", "minute"]
)
def test_a_quota_is_used_whole(quota: Callable[[], Quota], told: Told, latency: float) -> None:
    service = Service(quota(), told=told, latency=latency)
    send_until(service, 160, careful=not told.remaining)
    check(service, 100, 160)


# A pause saves nothing up where the quota is counted in windows that slide, or that are shorter than the pause. So
# less of it is used, the shorter the window.
@pytest.mark.parametrize("told", [NOTHING, SECONDS, MILLISECONDS])
@pytest.mark.parametrize(
    ("quota", "used"),
    [
        (lambda: SlidingWindow(300, 60), 0.85),
        (lambda: FixedWindow(100, 10, phase=3), 0.94),
        (lambda: SlidingWindow(100, 10), 0.90),
        (lambda: FixedWindow(20, 1, phase=0.3), 0.75),
    ],
    ids=["sliding minute", "ten seconds", "sliding ten seconds", "second"],
)
def test_a_quota_counted_otherwise_is_used_for_the_most_part(
    quota: Callable[[], Quota], used: float, told: Told
) -> None:
    service = Service(quota(), told=told, latency=0.1)
    send_until(service, 297)
    check(service, 177, 297, used=used)


def test_a_quota_counted_by_the_second_is_used_where_the_service_says_what_is_left() -> None:
    service = Service(FixedWindow(20, 1, phase=0.3), told=EVERYTHING)
    send_until(service, 100, careful=False)
    check(service, 20, 100, used=0.95)


def test_clients_that_know_nothing_of_each_other_share_a_quota() -> None:
    service = Service(Bucket(20), told=SECONDS)
    send_until(service, 200, gates=3)
    check(service, 100, 200)


@pytest.mark.parametrize("told", [NOTHING, EVERYTHING])
@pytest.mark.parametrize("latency", [0.05, 0.5])
def test_workers_that_share_what_they_know_use_a_quota_whole(told: Told, latency: float) -> None:
    service = Service(Bucket(20), told=told, latency=latency)
    send_until(service, 160, gates=2, shared=True)
    check(service, 60, 160)


@pytest.mark.parametrize("told", [NOTHING, SECONDS, EVERYTHING])
@pytest.mark.parametrize("per_second", [10, 20])
def test_a_minute_from_a_cold_start_uses_a_quota_whole(told: Told, per_second: float) -> None:
    service = Service(Bucket(per_second), told=told)
    send_until(service, 62, careful=not told.remaining)
    check(service, 0, 62)


def test_a_quota_that_halves_and_comes_back_is_followed() -> None:
    service = Service(Bucket(10, factor=lambda now: 0.5 if 300 <= now < 600 else 1.0))
    send_until(service, 1000)
    check(service, 0, 1000)


def test_tokens_are_a_quota_too() -> None:
    def cost(chance: Random) -> float:
        return chance.choice([100.0, 400.0])

    service = Service(Bucket(50), Bucket(2500), told=EVERYTHING, latency=0.2)
    send_until(service, 240, careful=False, cost=cost)
    check(service, 100, 240, used=0.95)


def test_few_of_the_first_requests_are_refused_where_the_service_says_what_is_left() -> None:
    service = Service(Bucket(10), told=EVERYTHING)
    took = send_until(service, 60, careful=False, most=200)
    assert service.waste(0, took) <= 0.03
