"""How long something takes, as it is written on a command line and in files."""

from __future__ import annotations

import re

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|)")
_UNITS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def read_duration(text: str) -> float:
    """Read ``50ms``, ``0.5s``, ``2`` or ``15d`` as seconds.

    Raises:
        ValueError: It is none of these.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is not a duration: write 50ms, 0.5s, 2m, 1h or 15d"
        raise ValueError(message)
    return float(match[1]) * _UNITS[match[2]]
