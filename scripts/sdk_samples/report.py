"""What came of it: one line for each package and scheme, and the details of what failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from textwrap import indent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sdk_samples.catalogue import Package
    from sdk_samples.programs import Outcome

_COLUMNS = ("", "over", "ran", "passed", "failed", "outside")


@dataclass(frozen=True, slots=True)
class Part:
    """What came of one package over one scheme."""

    package: Package
    what: str
    scheme: str
    outcomes: Sequence[Outcome]

    @property
    def ran(self) -> list[Outcome]:
        """What was run."""
        return [outcome for outcome in self.outcomes if outcome.passed is not None]

    @property
    def failed(self) -> list[Outcome]:
        """What failed."""
        return [outcome for outcome in self.ran if not outcome.passed]

    @property
    def outside(self) -> list[Outcome]:
        """What was not run."""
        return [outcome for outcome in self.outcomes if outcome.passed is None]

    @property
    def title(self) -> str:
        """Its name."""
        return f"{self.package.title}, {self.what}, over {self.scheme}"


def draw_table(parts: Sequence[Part]) -> str:
    """Draw the table of counts, and below it what is outside and what failed."""
    rows = [_COLUMNS, *(_count(part) for part in parts)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for part in parts:
        if part.outside:
            counted = Counter(outcome.reason for outcome in part.outside).most_common()
            lines += ["", f"outside: {part.title}", *(f"  {count:3} {reason}" for reason, count in counted)]
    for part in parts:
        if part.failed:
            lines += ["", f"failed: {part.title}", *(f"  {outcome.program}" for outcome in part.failed)]
    return "\n".join(lines)


def _count(part: Part) -> tuple[str, ...]:
    passed = len(part.ran) - len(part.failed)
    figures = (len(part.ran), passed, len(part.failed), len(part.outside))
    return (f"{part.package.title}, {part.what}", part.scheme, *map(str, figures))


def write_details(folder: Path, parts: Sequence[Part]) -> None:
    """Write one file for each service: what failed with its last lines, what passed, what is outside."""
    folder.mkdir(parents=True, exist_ok=True)
    for room in sorted({part.package.room for part in parts}):
        own = [part for part in parts if part.package.room == room]
        texts = [draw_table(own)]
        for part in own:
            texts += ["", f"===== {part.title}"]
            texts += [f"FAILED {outcome.program}\n{indent(outcome.reason, '    ')}\n" for outcome in part.failed]
            texts += [f"passed {outcome.program}" for outcome in part.ran if outcome.passed]
            texts += [f"outside {outcome.program}: {outcome.reason}" for outcome in part.outside]
        (folder / f"{room}.txt").write_text("\n".join(texts) + "\n", "utf-8")
