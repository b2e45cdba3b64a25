"""What the tests of other projects use: fixtures for pytest, and a recorder of what goes to the services.

The fixtures need no import: pytest finds them, and they load what they need when a test asks for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgazure.testing.cassette import Cassette, CassetteError, Exchange
    from pgazure.testing.recorder import Recorder

__all__ = ["Cassette", "CassetteError", "Exchange", "Recorder"]

_HOMES = {
    "Cassette": "pgazure.testing.cassette",
    "CassetteError": "pgazure.testing.cassette",
    "Exchange": "pgazure.testing.cassette",
    "Recorder": "pgazure.testing.recorder",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module  # noqa: PLC0415  pytest loads this package at every start

    return getattr(import_module(_HOMES[name]), name)
