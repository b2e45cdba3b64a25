"""What the server received: counted, and told apart by hash; no text is kept."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Item:
    """One text received for one operation; a text that is translated into two languages is two.

    Attributes:
        operation: E.g. ``SentimentAnalysis``, ``Translate``, ``Embeddings``.
        parameters: All that the answer depends on besides the text.
        text: The text.
        characters: Characters metered for it.
    """

    operation: str
    parameters: str
    text: str
    characters: int

    def fingerprint(self) -> int:
        """Hash that is equal for the same text, operation and parameters."""
        digest = blake2b(digest_size=8)
        for part in (self.operation, self.parameters, self.text):
            digest.update(part.encode("utf-8", "surrogatepass"))
            digest.update(b"\0")
        return int.from_bytes(digest.digest(), "big")


@dataclass(slots=True)
class Tally:
    """Counters of one operation, or of all."""

    requests: int = 0
    refused: int = 0
    throttled: int = 0
    items: int = 0
    characters: int = 0
    tokens: int = 0
    distinct_texts: int = 0
    repeats: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    def snapshot(self) -> dict[str, int]:
        """Counters as JSON; the number of requests in flight at this moment is left out."""
        names = (name for name in self.__slots__ if name != "in_flight")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class Stats:
    """Counts of everything received since the start or the last reset."""

    _all: Tally = field(default_factory=Tally)
    _by_operation: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    _seen: set[int] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def arrival(self, operations: Sequence[str]) -> Iterator[None]:
        """Count one request for ``operations`` and hold it in flight for the length of the block."""
        with self._lock:
            tallies = [self._all, *(self._by_operation[name] for name in operations)]
            for tally in tallies:
                tally.requests += 1
                tally.in_flight += 1
                tally.most_in_flight = max(tally.most_in_flight, tally.in_flight)
        try:
            yield
        finally:
            with self._lock:
                for tally in tallies:
                    tally.in_flight -= 1

    def refuse(self, operations: Sequence[str], status: int) -> None:
        """Count an answer with an error status."""
        with self._lock:
            for tally in (self._all, *(self._by_operation[name] for name in operations)):
                if status == 429:  # noqa: PLR2004  # Too Many Requests
                    tally.throttled += 1
                else:
                    tally.refused += 1

    def receive(self, items: Sequence[Item], tokens: int) -> None:
        """Count the texts of an admitted request."""
        marks = [(item, item.fingerprint()) for item in items]
        with self._lock:
            for item, mark in marks:
                known = mark in self._seen
                self._seen.add(mark)
                for tally in (self._all, self._by_operation[item.operation]):
                    tally.items += 1
                    tally.characters += item.characters
                    tally.repeats += known
                    tally.distinct_texts += not known
            for name in {item.operation for item in items}:
                self._by_operation[name].tokens += tokens
            self._all.tokens += tokens

    def spend(self, operations: Sequence[str], tokens: int) -> None:
        """Count the tokens of an answer."""
        with self._lock:
            for tally in (self._all, *(self._by_operation[name] for name in operations)):
                tally.tokens += tokens

    def snapshot(self) -> dict[str, Any]:
        """All counters as JSON."""
        with self._lock:
            by_operation = {name: tally.snapshot() for name, tally in sorted(self._by_operation.items())}
            return {**self._all.snapshot(), "by_operation": by_operation}

    def reset(self) -> None:
        """Set every counter to zero; requests in flight stay in flight."""
        with self._lock:
            self._seen.clear()
            # Requests that are in flight hold on to their tallies, and count down where they counted up.
            self._all = Tally()
            self._by_operation.clear()
