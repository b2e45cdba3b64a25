"""The local Azure endpoint that tests talk to."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator import Emulator


class MakeEmulator(Protocol):
    """Starts a server with options of its own; it ends with the test."""

    def __call__(self, **options: Any) -> Emulator: ...


@pytest.fixture(scope="session")
def emulator_server() -> Iterator[Emulator]:
    from pgazure.emulator import Emulator

    with Emulator() as server:
        yield server


@pytest.fixture
def emulator(emulator_server: Emulator) -> Emulator:
    """The session's server with its counters at zero."""
    emulator_server.reset()
    return emulator_server


@pytest.fixture
def make_emulator() -> Iterator[MakeEmulator]:
    from pgazure.emulator import Emulator

    with ExitStack() as running:
        yield lambda **options: running.enter_context(Emulator(**options))
