"""Which recorded exchange answers a request, and where they differ when none does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pgazure.testing.cassette import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pgazure.testing.cassette import Exchange

Order = Literal["lenient", "strict"]
"""``lenient`` lets requests come in any order; ``strict`` only in the recorded one."""


_MOST = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, scrubbed as those of a cassette are."""

    service: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    content: Mapping[str, Any]

    @property
    def line(self) -> str:
        """How an error names it; without its body, which may hold texts."""
        return f"{self.method} {self.path} of {self.service}"


@dataclass(slots=True)
class Player:
    """Gives recorded answers, each once; what is only read may be read again.

    Args:
        exchanges: What was recorded.
        order: In which order requests may come.
    """

    exchanges: Sequence[Exchange]
    order: Order = "lenient"
    _played: set[int] = field(default_factory=set)

    @property
    def unplayed(self) -> list[Exchange]:
        """What nobody asked for, yet."""
        return [one for number, one in enumerate(self.exchanges) if number not in self._played]

    def find(self, asked: Asked) -> Exchange:
        """Give the answer to a request.

        Raises:
            CassetteError: There is none; the message says what differs.
        """
        fitting = [number for number, one in enumerate(self.exchanges) if not any(list_differences(one, asked))]
        left = [number for number in fitting if number not in self._played]
        if self.order == "strict":
            following = next((n for n in range(len(self.exchanges)) if n not in self._played), None)
            # A job may be asked more often than when it was recorded.
            if following not in left and (asked.method != "GET" or not fitting or left):
                raise CassetteError(self._explain(asked, fitting, following))
        if left:
            self._played.add(left[0])
            return self.exchanges[left[0]]
        if fitting and asked.method == "GET":
            return self.exchanges[fitting[-1]]
        raise CassetteError(self._explain(asked, fitting, None))

    def _explain(self, asked: Asked, fitting: list[int], following: int | None) -> str:
        if not self.exchanges:
            return f"{asked.line} was not recorded: nothing was"
        if following is not None:
            if fitting:
                return (
                    f"{asked.line} was recorded as number {fitting[0] + 1}, and came when number {following + 1} "
                    f"should: let requests come in any order with order='lenient'"
                )
            differences = _list(self.exchanges[following], asked)
            return f"{asked.line} is not what was recorded next, number {following + 1}: {differences}"
        if fitting:
            times = "once" if len(fitting) == 1 else f"{len(fitting)} times"
            return f"{asked.line} was recorded {times}, and asked for once more"
        nearest = min(range(len(self.exchanges)), key=lambda number: _distance(self.exchanges[number], asked))
        differences = _list(self.exchanges[nearest], asked)
        return f"{asked.line} was not recorded; the nearest is number {nearest + 1}: {differences}"


def list_differences(recorded: Exchange, asked: Asked) -> Iterator[str]:
    """Say where a request differs from a recorded one; of texts only the length is told."""
    for name in ("service", "method", "path"):
        if getattr(recorded, name) != getattr(asked, name):
            yield f"{name} is {getattr(asked, name)}, was {getattr(recorded, name)}"
    if recorded.query != asked.query:
        yield f"query is {_join(asked.query)}, was {_join(recorded.query)}"
    # The canonical texts first: 1, 1.0 and true are equal to Python, and not to a service.
    if _canonical(recorded.content) != _canonical(asked.content):
        yield from _compare(dict(recorded.content), dict(asked.content), "body")


def _list(recorded: Exchange, asked: Asked) -> str:
    found = list(list_differences(recorded, asked))
    more = [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
    return "; ".join([*found[:_MOST], *more])


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _distance(recorded: Exchange, asked: Asked) -> tuple[bool, bool, bool, int]:
    return (
        recorded.service != asked.service,
        (recorded.method, recorded.path) != (asked.method, asked.path),
        recorded.query != asked.query,
        sum(1 for _ in list_differences(recorded, asked)),
    )


def _join(query: Sequence[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in query) or "empty"


def _compare(recorded: Any, asked: Any, where: str) -> Iterator[str]:
    where = where.removesuffix(".json")
    if isinstance(recorded, dict) and isinstance(asked, dict):
        for name in sorted(recorded.keys() | asked.keys()):
            if name not in asked:
                yield f"{where}.{name} is missing"
            elif name not in recorded:
                yield f"{where}.{name} is new"
            else:
                yield from _compare(recorded[name], asked[name], f"{where}.{name}")
    elif isinstance(recorded, list) and isinstance(asked, list):
        if len(recorded) != len(asked):
            yield f"{where} has {len(asked)} items, had {len(recorded)}"
        for place, (one, other) in enumerate(zip(recorded, asked, strict=False)):
            yield from _compare(one, other, f"{where}[{place}]")
    elif _canonical(recorded) != _canonical(asked):
        described, before = _describe(asked), _describe(recorded)
        yield f"{where} is {described}, was " + ("another one" if described == before else before)


def _describe(value: Any) -> str:
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    return json.dumps(value)
