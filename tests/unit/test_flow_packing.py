"""Packing: full, in order, within every limit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pgazure.flow.packing import Capacity, Weight, pack

weights = st.builds(Weight, st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
limits = st.none() | st.integers(1, 100)
capacities = st.builds(Capacity, st.integers(1, 8), limits, limits, limits)


def fits(batch: list[Weight], capacity: Capacity) -> bool:
    return len(batch) <= capacity.items and all(
        limit is None or sum(getattr(weight, kind) for weight in batch) <= limit
        for kind, limit in (("characters", capacity.characters), ("tokens", capacity.tokens), ("size", capacity.size))
    )


def identity(weight: Weight) -> Weight:
    return weight


@settings(max_examples=150, deadline=None)
@given(st.lists(weights, max_size=40), capacities)
def test_requests_keep_order_and_limits_and_are_full(items: list[Weight], capacity: Capacity) -> None:
    batches = list(pack(items, capacity, identity))
    assert [item for batch in batches for item in batch] == items
    assert all(batches)
    for batch in batches:
        assert fits(batch, capacity) or len(batch) == 1
    for batch, following in pairwise(batches):
        assert not fits([*batch, following[0]], capacity)


def test_packing_looks_no_further_ahead_than_the_next_request() -> None:
    taken: list[int] = []

    def numbers() -> Any:
        for number in range(1_000):
            taken.append(number)
            yield number

    assert next(pack(numbers(), Capacity(10), lambda _: Weight())) == list(range(10))
    assert len(taken) == 11


def test_what_is_too_heavy_goes_alone() -> None:
    heavy, light = Weight(characters=200), Weight(characters=1)
    assert list(pack([light, heavy, light], Capacity(10, characters=100), identity)) == [[light], [heavy], [light]]
