"""Which account of the operating system the server runs as."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from pgazure.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from pathlib import Path


class Switch(TypedDict, total=False):
    """Arguments of :class:`subprocess.Popen` that start a program under another account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the server runs as.

    Attributes:
        name: Its name, for messages.
        uid: Its user id.
        gid: Its group id.
        switched: Whether it is another account than that of this process.
    """

    name: str
    uid: int
    gid: int
    switched: bool

    def switch(self) -> Switch:
        """Return what :class:`subprocess.Popen` needs to run a program under this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switched else {}

    def own(self, path: Path) -> None:
        """Give a file or folder that this process has made to the account."""
        if self.switched:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def closed_parent(self, path: Path) -> Path | None:
        """Return the topmost existing folder above ``path`` that another account may not pass through."""
        for parent in reversed(path.parents):
            if not self.switched or not parent.exists():
                break
            state = parent.stat()
            bit = 0o100 if state.st_uid == self.uid else 0o010 if state.st_gid == self.gid else 0o001
            if not state.st_mode & bit:
                return parent
        return None


def server_account() -> Account:
    """Return the account for the server: this process's own, or ``nobody`` where that is root.

    Raises:
        EmbeddedPostgresError: This is Windows, or this is root and there is no account ``nobody``.
    """
    if sys.platform == "win32":
        msg = (
            "the embedded server needs Linux or macOS; on Windows use WSL, "
            "or set PGAZURE_DSN to a PostgreSQL server that is running"
        )
        raise EmbeddedPostgresError(msg)
    import pwd  # noqa: PLC0415 (Windows has none, and must be able to import this module)

    uid = os.geteuid()
    if uid != 0:
        return Account(str(uid), uid, os.getegid(), switched=False)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        msg = "PostgreSQL does not run as root, and there is no account 'nobody' to run it as; use an ordinary account"
        raise EmbeddedPostgresError(msg) from None
    return Account(nobody.pw_name, nobody.pw_uid, nobody.pw_gid, switched=True)


def make_passable(path: Path) -> None:
    """Make a folder and those above it, where missing, so that every account may pass through, whatever the umask."""
    if not path.exists():
        make_passable(path.parent)
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
