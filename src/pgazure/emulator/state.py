"""What a server knows: counters, quotas, the faults that stand, the last requests. It outlives a stop and a start."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgazure.emulator.faults.orders import Orders
from pgazure.emulator.journal import Journal
from pgazure.emulator.quota import Limit, Quota
from pgazure.emulator.stats import Stats

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from pgazure.emulator.faults.kinds import Fault
    from pgazure.emulator.options import Options


@dataclass(slots=True)
class State:
    """What a server knows.

    Attributes:
        stats: Counters.
        quota: Requests and tokens per minute.
        orders: The faults that stand.
        journal: The last requests.
        wake: Ends every wait; the running server sets it.
    """

    stats: Stats
    quota: Quota
    orders: Orders
    journal: Journal
    wake: Callable[[], None] = field(default=lambda: None)

    @classmethod
    def begin(cls, options: Options) -> Self:
        """Know nothing yet but the faults that were ordered with the options."""
        journal = Journal(options.journal, options.keep_bodies)
        state = cls(Stats(), Quota(options.rpm, options.tpm), Orders(), journal)
        state.order(options.ordered, permanent=True)
        return state

    def order(self, faults: Sequence[Fault], *, permanent: bool = False) -> list[dict[str, Any]]:
        """Order faults, besides those that stand; say how they stand."""
        placed = self.orders.place(faults, permanent=permanent)
        self._limit()
        return [one.describe() for one in placed]

    def clear_faults(self) -> None:
        """Take back every fault, those of the start included."""
        self.orders.clear()
        self._limit()

    def reset(self) -> None:
        """Be as at the start: counters at zero, quotas full, no requests known, only the first faults."""
        self.stats.reset()
        self.journal.reset()
        self.orders.reset()
        self._limit()

    def _limit(self) -> None:
        limits: list[Any] = self.orders.limits()
        names = [frozenset(name.lower() for name in one.operation) for one in limits]
        self.quota.limit(Limit(named, one.rpm, one.tpm) for named, one in zip(names, limits, strict=True))
