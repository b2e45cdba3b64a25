"""The faults that stand: each counts the requests that it is about, and says which it strikes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgazure.emulator.faults.kinds import Fault

_LATER = {"quota", "content_filter", "failed_job", "expired_job"}
_JOBS = {"failed_job", "expired_job"}


@dataclass(slots=True)
class Order:
    """A fault that stands.

    Attributes:
        fault: The fault.
        number: Its number.
        permanent: Whether it was there from the start, and is there again after a reset.
        seen: Requests that it is about, so far.
        struck: Those of them that it struck.
    """

    fault: Fault
    number: int
    permanent: bool = False
    seen: int = 0
    struck: int = 0

    def concerns(self, names: frozenset[str]) -> bool:
        """Whether it is about a request with these names, in small letters."""
        given = {name.lower() for name in self.fault.operation}
        return (not given or bool(given & names)) and (not self.fault.only or bool(self.fault.only & names))

    def strikes(self) -> bool:
        """Count a request, and say whether it is struck."""
        fault: Any = self.fault
        self.seen += 1
        if fault.times is not None and self.struck >= fault.times:
            return False
        if fault.nth:
            due = self.seen in fault.nth
        elif fault.every is not None:
            due = self.seen % fault.every == 0
        elif fault.share is not None:
            due = self.draw("share") < fault.share
        else:
            due = True
        self.struck += due
        return due

    def draw(self, what: str) -> float:
        """Draw a number from 0 to 1: the same one for the same seed and place in the row of requests."""
        fault: Any = self.fault
        return Random(f"{fault.seed} {what} {self.seen}").random()  # noqa: S311  # not for secrets

    def describe(self) -> dict[str, Any]:
        """Write it as JSON: the fault, and what became of it."""
        told = self.fault.model_dump(mode="json", exclude_defaults=True)
        return {"id": self.number, "kind": self.fault.name(), **told, "seen": self.seen, "struck": self.struck}


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that a request meets.

    Attributes:
        fault: The fault.
        number: Number of its order.
        chance: A number from 0 to 1, for what is left to chance.
    """

    fault: Any
    number: int
    chance: float


@dataclass(slots=True)
class Orders:
    """The faults that stand. The event loop alone counts; any thread may order."""

    _standing: tuple[Order, ...] = ()
    _count: int = 0
    _fates: dict[str, Fate] = field(default_factory=dict)

    def place(self, faults: Iterable[Fault], *, permanent: bool = False) -> list[Order]:
        """Order faults, besides those that stand."""
        placed = []
        for fault in faults:
            self._count += 1
            placed.append(Order(fault, self._count, permanent))
        self._standing = (*self._standing, *placed)
        return placed

    def clear(self) -> None:
        """Take back every order, those of the start included."""
        self._standing = ()
        self._fates.clear()

    def reset(self) -> None:
        """Stand as at the start: later orders are taken back, and counting begins anew."""
        self._standing = tuple(Order(one.fault, one.number, permanent=True) for one in self._standing if one.permanent)
        self._fates.clear()

    def describe(self) -> list[dict[str, Any]]:
        """Write them as JSON."""
        return [one.describe() for one in self._standing]

    def limits(self) -> list[Fault]:
        """The quotas among them."""
        return [one.fault for one in self._standing if one.fault.name() == "quota"]

    def meet(self, names: frozenset[str]) -> list[Struck]:
        """Count a request, and list what strikes it on its way."""
        if not self._standing:
            return []
        return list(
            self._strike(one for one in self._standing if one.fault.name() not in _LATER and one.concerns(names))
        )

    def filter(self, names: frozenset[str], texts: Iterable[str]) -> list[Struck]:
        """Count a prompt, and say whether the content filter refuses it."""
        orders = [one for one in self._standing if one.fault.name() == "content_filter" and one.concerns(names)]
        if not orders:
            return []
        prompt = "\n".join(texts)
        fits = (one for one in orders if re.search(getattr(one.fault, "pattern", ""), prompt, re.IGNORECASE))
        return list(self._strike(fits))

    def start_job(self, names: frozenset[str], job: str) -> list[Struck]:
        """Count a job, and decide how it ends."""
        orders = [one for one in self._standing if one.fault.name() in _JOBS and one.concerns(names)]
        struck = list(self._strike(orders))
        if struck:
            self._fates[job] = Fate(struck[0])
        return struck

    def fate(self, path: str) -> Fate | None:
        """How the job ends that a path names."""
        if not self._fates:
            return None
        return next((self._fates[part] for part in re.split(r"[/:]", path) if part in self._fates), None)

    @staticmethod
    def _strike(orders: Iterable[Order]) -> Iterator[Struck]:
        for one in orders:
            if one.strikes():
                yield Struck(one.fault, one.number, one.draw("chance"))


@dataclass(slots=True)
class Fate:
    """How a job ends.

    Attributes:
        struck: The fault that struck it.
        polls: How often it was asked for.
    """

    struck: Struck
    polls: int = 0
