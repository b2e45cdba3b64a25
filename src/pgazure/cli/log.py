"""The log of a command: nothing but its messages, or one JSON object a line."""

from __future__ import annotations

import logging
from typing import Literal

LogFormat = Literal["text", "json"]

_log = logging.getLogger("pgazure.cli")
_as_json = False


def start_log(wanted: LogFormat) -> None:
    """Write what happens to standard error as JSON, where that is wanted."""
    global _as_json  # noqa: PLW0603 - one process, one standard error
    _as_json = wanted == "json"
    if _as_json:
        from pgazure.bridge.log import write_log  # noqa: PLC0415

        write_log()


def logs_json() -> bool:
    """Tell whether standard error is for machines."""
    return _as_json


def log_line(message: str, level: int = logging.INFO, **facts: object) -> None:
    """Write one line of the log."""
    _log.log(level, message, extra=facts)
