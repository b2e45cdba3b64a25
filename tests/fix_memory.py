"""What thousands of tests cost beside their own work: temporary folders are in memory, and garbage is soon found.

A database is copied for nearly every test, at ten times the CPU time where that is on a disk.
``TMPDIR`` names another place.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
# Each process of the suite has a server of its own; a container's usual 64 MB hold none.
_NEEDED = 4 << 30


def pytest_configure() -> None:
    """Let this process, and all that it starts, make temporary folders in memory, where that will do."""
    if "TMPDIR" not in os.environ and _holds_servers(_MEMORY):
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None


def _holds_servers(folder: Path) -> bool:
    if not os.access(folder, os.W_OK):
        return False
    # Some tests run copies of programs.
    return shutil.disk_usage(folder).free >= _NEEDED and not os.statvfs(folder).f_flag & os.ST_NOEXEC


def pytest_collection_finish() -> None:
    """Take the tests themselves out of the garbage collector's sight: it would look at them all again and again."""
    gc.collect()
    gc.freeze()
