"""Advisory locks on files: how processes agree without knowing each other.

The kernel drops a ``flock`` when the last descriptor of its open file is
closed, however the process ended. That makes a lock the one reliable sign of
life: a process id may be stale, a lock may not.
"""

from __future__ import annotations

import functools
import os
import weakref
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

_open_locks: weakref.WeakSet[FileLock] = weakref.WeakSet()


class FileLock:
    """An open lock file; nothing is locked until :meth:`share`, :meth:`take` or :meth:`wait`.

    Two objects of one process are as separate as two processes are. A forked
    child gives its copies up at once, so that it does not hold what its parent
    has let go.

    Args:
        path: The file; made with mode 0600 where ``create`` is true.
        create: Whether a missing file is made.

    Raises:
        OSError: The file cannot be opened.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
        self._fd: int | None = os.open(path, flags, 0o600)
        _watch_forks()
        _open_locks.add(self)

    def fileno(self) -> int:
        """Return the descriptor.

        Raises:
            ValueError: The lock file is closed.
        """
        if self._fd is None:
            msg = "the lock file is closed"
            raise ValueError(msg)
        return self._fd

    def share(self) -> bool:
        """Lock together with others, if nobody has the lock alone; return whether it worked."""
        return self._lock(alone=False)

    def take(self) -> bool:
        """Lock alone, if nobody else has the lock; return whether it worked."""
        return self._lock(alone=True)

    def wait(self) -> None:
        """Lock alone, as soon as everybody else has let go."""
        self._lock(alone=True, patient=True)

    def close(self) -> None:
        """Close the file; the lock goes with it, unless another process was given the descriptor."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _lock(self, *, alone: bool, patient: bool = False) -> bool:
        import fcntl  # noqa: PLC0415 (Windows has none, and must be able to import this module)

        try:
            fcntl.flock(self.fileno(), (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | (0 if patient else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True


@functools.cache
def _watch_forks() -> None:
    os.register_at_fork(after_in_child=_close_all)


def _close_all() -> None:
    for lock in list(_open_locks):
        lock.close()
