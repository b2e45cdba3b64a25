"""Sharing what a service allows: one book for all workers, to which each reports and from which it gets its turns.

Pure: whoever keeps the book brings the clock, and makes sure that one worker at a time looks into it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgazure.flow.rate import RateControl

if TYPE_CHECKING:
    from collections.abc import Sequence

# Seconds between two reports while nothing holds requests back.
_REPORT_EVERY = 0.3
# Turns are given for so many seconds ahead, and made up for so many seconds back. Those that are given out
# when the service refuses are lost; asking for each by itself would take longer than a request.
_AHEAD = 0.25
_BEHIND = 0.1
# While one request tries whether the quota is open again, the others ask again so often, in seconds.
_TRIED_EVERY = 0.1
_ASK_AGAIN_WITHIN = 1.0
# A worker that has said nothing for so long has nothing under way any more.
_SILENCE = 15.0
# There is no ceiling for all workers together: each has its own.
_NO_CEILING = 1 << 30


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a service.

    Attributes:
        started: Seconds ago that its request began.
        ended: Seconds ago that it came.
        refused: Whether it was a 429.
        pause: What the service asks to wait, in seconds, where it asks for something.
    """

    started: float
    ended: float
    refused: bool = False
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that failed for no fault of its texts, for all that is known.

    Attributes:
        started: Seconds ago that its first attempt began.
        permanent: Whether it takes a change to put it right: of a key, a deployment, a quota.
        certain: Whether it concerns every worker, whatever the others are answered.
        code: The service's code.
        message: What is wrong and what to do.
        status_code: HTTP status, where there was an answer.
        retry_after: Seconds that the service asks to wait, where it does.
    """

    started: float
    permanent: bool
    certain: bool
    code: str
    message: str
    status_code: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker says when it asks for turns.

    Attributes:
        answers: What came since its last report.
        under_way: Its requests without an answer, and turns that it has not used.
        wanted: Requests that wait for a turn.
        failure: The request that ends a trial, or makes one necessary.
    """

    answers: Sequence[Answered] = ()
    under_way: int = 0
    wanted: int = 0
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Closure:
    """Why nothing is sent: the service refuses or fails, whoever asks.

    Attributes:
        failure: What it said; ``started`` means nothing here.
        seconds: Until a request tries again.
    """

    failure: Failure
    seconds: float


@dataclass(frozen=True, slots=True)
class Permit:
    """What a worker may do.

    Attributes:
        free: Nothing is known of a limit: its requests need no turns.
        turns: When it may send a request each, in seconds from now.
        again: Seconds after which it asks again.
        trial: A single request may try whether the service works again.
        closure: Why it may send nothing.
    """

    free: bool = False
    turns: Sequence[float] = ()
    again: float = _REPORT_EVERY
    trial: bool = False
    closure: Closure | None = None


@dataclass(slots=True)
class RateBook(RateControl):
    """The rate control of all workers together.

    It learns as that of a single process does, from the answers of all, and hands
    out turns: times at which a request may be sent.

    Attributes:
        workers: Requests under way of each worker, and when it last reported.
    """

    workers: dict[str, tuple[int, float]] = field(default_factory=dict)

    def exchange(self, worker: str, report: Report, now: float, chance: float) -> Permit:
        """Take a report and say what the worker may do; ``chance`` is a random number in [0, 1)."""
        answers = sorted(report.answers, key=lambda answer: -answer.ended)
        if answers:
            self._skip_idle(now - max(answer.started for answer in answers))
        for answer in answers:
            started, ended = now - answer.started, now - answer.ended
            self._since = started if self._since is None else self._since
            self._last_at = max(self._last_at, ended)
            if self.refusals and started < self.opens_at - _BEHIND:
                # Sent by a worker that had not heard of the refusal: it is one of those sent together with it.
                started = -math.inf
            if answer.refused:
                self.refuse(started, ended, chance, answer.pause)
            else:
                self.succeed(started, ended, answer.pause)
        living = {name: each for name, each in self.workers.items() if now - each[1] < _SILENCE and name != worker}
        self.under_way = report.under_way + sum(count for count, _ in living.values())
        free = math.isinf(self.rate) and not self.refusals and self.opens_at <= now
        permit = Permit(free=True) if free else self._give_turns(report.wanted, now)
        self.workers = living | {worker: (report.under_way + len(permit.turns), now)}
        return permit

    def _give_turns(self, wanted: int, now: float) -> Permit:
        turns: list[float] = []
        while len(turns) < wanted:
            if self.refusals and self.under_way:
                return Permit(turns=turns, again=_TRIED_EVERY)
            at = max(now - _BEHIND, self.opens_at, self._slot_at)
            if at > now + _AHEAD:
                return Permit(turns=turns, again=min(max(at - now - _AHEAD / 2, 0.01), _ASK_AGAIN_WITHIN))
            self.start(at)
            turns.append(max(0.0, at - now))
        return Permit(turns=turns, again=_AHEAD)

    def _skip_idle(self, started: float) -> None:
        """Leave time in which nobody asked out of the measurement."""
        if self._since is not None and not self.under_way and not any(count for count, _ in self.workers.values()):
            self._leave_out(started - max(self._last_at, self.opens_at, self._slot_at, self._since))

    def to_json(self) -> dict[str, Any]:
        """Spell the book for a JSON column, which knows no infinity."""
        values = {name: getattr(self, name) for name in _KEPT}
        spelled = {
            name: None if isinstance(value, float) and math.isinf(value) else value for name, value in values.items()
        }
        return spelled | {"latest": list(self._latest), "workers": {name: list(w) for name, w in self.workers.items()}}

    @classmethod
    def from_json(cls, spelled: dict[str, Any]) -> RateBook:
        """Read a book; an empty one knows nothing yet."""
        book = cls(_NO_CEILING)
        for name in _KEPT:
            if spelled.get(name) is not None:
                setattr(book, name, spelled[name])
        book._latest.extend(spelled.get("latest", ()))
        book.workers = {name: (count, seen) for name, (count, seen) in spelled.get("workers", {}).items()}
        return book


# ``None`` stands for the infinity that each of them begins with.
_KEPT = (
    "opens_at",
    "refusals",
    "rate",
    "_refused_at",
    "_slot_at",
    "_last_at",
    "_since",
    "_opened_at",
    "_closed_at",
    "_passed",
    "_refused",
    "_guessed",
    "_cycle",
)
