"""What is run against a server: the tests that meet PostgreSQL, and the demonstration."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pgazure import samples
from pgazure.demo import demonstrate
from pgazure.demo.table import read_sheet
from pgazure.embedded import EmbeddedPostgres
from pgazure.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_COMPLETE = "complete"

TESTS = ("tests/sql", "tests/migration", "tests/pipeline")


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one server: its version, and what is to be printed of tests and demonstration."""

    version: str
    tests: str
    demonstration: str
    seconds: float
    is_passed: bool


def try_server(programs: Path, tests: Sequence[str], *, limit: float) -> Trial:
    """Run the tests and the demonstration on the server of a folder of programs."""
    began = time.monotonic()
    version, demonstration = _demonstrate(programs)
    environment = os.environ | {"PGAZURE_TEST_BINARIES": str(programs)}
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(command, check=False, env=environment, text=True, stdout=subprocess.PIPE, timeout=limit)
    except subprocess.TimeoutExpired:
        return Trial(version, f"not done after {limit:.0f} s", demonstration, time.monotonic() - began, is_passed=False)
    lines = done.stdout.splitlines() or ["nothing was printed"]
    if done.returncode:
        print("\n".join(line for line in lines if re.match(r"(E  |FAILED|ERROR)", line)))
    told = lines[-1].strip("= ")
    is_passed = done.returncode == 0 and demonstration == _COMPLETE
    return Trial(version, told, demonstration, time.monotonic() - began, is_passed=is_passed)


def _demonstrate(programs: Path) -> tuple[str, str]:
    sheet = read_sheet(samples.reviews_csv())
    with EmbeddedPostgres.temporary(binaries=programs) as server, Emulator() as emulator:
        story = asyncio.run(
            demonstrate(server.conninfo, emulator.endpoint, emulator.key, sheet, text="comments", key="id")
        )
        # An error beside a row, of a language that a step does not know, is a result like any other.
        runs = [replace(run, parked=0) for run in (story.run, story.second_run) if run is not None]
        return server.version, _COMPLETE if all(run.complete for run in runs) else "left something undone"
