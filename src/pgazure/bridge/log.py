"""The log of a server: one JSON object a line, without texts and keys."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

_KNOWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonLines(logging.Formatter):
    """Writes a record as a line of JSON; of an exception its class and where it was raised, not what it says."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _KNOWN},
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["where"] = [f"{at.filename}:{at.lineno}" for at in traceback.extract_tb(record.exc_info[2])][-5:]
        return json.dumps(line, default=str, ensure_ascii=False)


def write_log() -> None:
    """Write the log of this package to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    log = logging.getLogger("pgazure")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
