"""Characters that PostgreSQL cannot hold."""

from __future__ import annotations

import re

# The escape of a NUL, and not a backslash before such letters.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def has_nul(json: bytes) -> bool:
    """Tell whether a text in a piece of JSON holds a NUL."""
    return _NUL.search(json) is not None
