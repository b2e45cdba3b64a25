"""The folder of an embedded server: what lies where in it, and whether it may be used.

::

    <folder>/            0700; for root 0710, with the group of the server's account
    ├─ users.lock        shared by everybody who uses the server, alone by the keeper once nobody does
    ├─ server.lock       held while a keeper or any process of its server lives
    ├─ serving.lock      held by the keeper alone, as long as the server that runs is its own
    ├─ password          0600; what a connection over TCP is asked for
    ├─ server.log        what initdb and the server said; server.log.1 is that of the run before
    ├─ socket/           0700; a link to a short private folder where the path is too long for a socket
    ├─ making-…/         a data folder that initdb has not finished
    └─ data/             the data folder, renamed from making-… when complete
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from pgazure.embedded.account import make_passable
from pgazure.embedded.orders import PORT
from pgazure.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from pgazure.embedded.account import Account
    from pgazure.embedded.binaries import Binaries

_LOG_LINES = 20
_PORT_LINE, _ADDRESS_LINE, _STATUS_LINE = 3, 5, 7  # of postmaster.pid, from 0
_ROOTS_DATA = Path("/var/lib/pgazure")


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one embedded server.

    Attributes:
        path: Its absolute path, without symbolic links.
    """

    path: Path

    @property
    def users_lock(self) -> Path:
        """Lock file of those who use the server."""
        return self.path / "users.lock"

    @property
    def server_lock(self) -> Path:
        """Lock file that is held while a keeper or any process of its server lives."""
        return self.path / "server.lock"

    @property
    def serving_lock(self) -> Path:
        """Lock file that is held by a keeper whose server runs or is about to."""
        return self.path / "serving.lock"

    @property
    def log(self) -> Path:
        """What ``initdb`` and the server said since the keeper started."""
        return self.path / "server.log"

    @property
    def password(self) -> Path:
        """File that holds the superuser's password."""
        return self.path / "password"

    @property
    def data(self) -> Path:
        """The data folder; complete where it exists."""
        return self.path / "data"

    @property
    def pid_file(self) -> Path:
        """The server's own sign of life, which it leaves behind when it is killed."""
        return self.data / "postmaster.pid"

    @property
    def socket(self) -> Path:
        """The folder of the server's socket, or a link to it."""
        return self.path / "socket"

    def prepare(self, account: Account) -> None:
        """Make the folder where it is missing, and close it to everybody but its owner and the server's account.

        Raises:
            EmbeddedPostgresError: The folder is somebody else's or holds something else, or the account
                may not pass through a folder above it.
            OSError: It cannot be made.
        """
        if (closed := account.closed_parent(self.path)) is not None:
            msg = (
                f"{closed} is closed to the account {account.name!r}, which the server of {self.path} runs as because "
                "PostgreSQL does not run as root; choose a folder elsewhere, or work as an ordinary account"
            )
            raise EmbeddedPostgresError(msg)
        if account.switched:
            make_passable(self.path.parent)
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.stat().st_uid != os.geteuid():
            msg = f"{self.path} belongs to another account; choose another folder, or work as the account that owns it"
            raise EmbeddedPostgresError(msg)
        # Listed first: whoever makes the same folder at this moment puts the lock file into it first.
        if any(self.path.iterdir()) and not self.users_lock.exists():
            msg = (
                f"{self.path} is not empty and was not made by pgazure; nothing was changed in it; "
                "choose an empty folder or one that does not exist"
            )
            raise EmbeddedPostgresError(msg)
        if account.switched:
            os.chown(self.path, -1, account.gid)
        self.path.chmod(0o710 if account.switched else 0o700)

    def has_data(self) -> bool:
        """Tell whether there is a data folder; one that ``initdb`` did not finish is none."""
        return self.data.exists() and any(self.data.iterdir())

    def check_version(self, binaries: Binaries) -> None:
        """Make sure that the binaries can open the data folder, if there is one.

        Raises:
            EmbeddedPostgresError: Another major version made the data folder, or it is damaged.
        """
        if not self.has_data():
            return
        try:
            major = (self.data / "PG_VERSION").read_text("ascii", errors="replace").strip()
        except FileNotFoundError:
            msg = f"{self.data} is damaged: it has no PG_VERSION; restore it from a backup, or move it away"
            raise EmbeddedPostgresError(msg) from None
        if major != binaries.major:
            msg = (
                f"{self.data} was made by PostgreSQL {major}, and the server that was found is {binaries.version} "
                f"(in {binaries.folder}); install binaries of PostgreSQL {major}, or choose another folder"
            )
            raise EmbeddedPostgresError(msg)

    def read_port(self) -> int | None:
        """Return the port of the server that runs; ``None`` while it is not known."""
        port = self._read_pid_file(_PORT_LINE)
        return int(port) if port is not None and port.isdecimal() else None

    def is_without_tcp(self) -> bool:
        """Tell whether the server that runs listens on its socket alone; ``False`` while it is not known."""
        # Until the server is ready the line of the address may only not be written yet.
        return self._read_pid_file(_ADDRESS_LINE) == "" and self._read_pid_file(_STATUS_LINE) == "ready"

    def _read_pid_file(self, line: int) -> str | None:
        try:
            return self.pid_file.read_text("utf-8", errors="replace").splitlines()[line].strip()
        except (OSError, IndexError):
            return None

    def end_of_log(self) -> str:
        """Return the last lines of the log; empty where there is none."""
        try:
            lines = self.log.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-_LOG_LINES:])


def default_folder() -> Path:
    """Return where the data is kept when no folder is named: the platform's place for a user's data.

    For root it is below ``/var/lib``: root's own folders are closed to the account that the server runs as.
    """
    if sys.platform != "win32" and os.geteuid() == 0:
        return _ROOTS_DATA / "postgres"
    return Path(platformdirs.user_data_dir("pgazure", appauthor=False)) / "postgres"


def copies_folder() -> Path:
    """Return where root keeps copies of binaries that the server's account cannot reach."""
    return _ROOTS_DATA / "binaries"


def holds_sockets(path: Path) -> bool:
    """Tell whether a socket in this folder can be named to the system, the server and libpq.

    The system takes about 100 bytes; the others take a comma for the end of a name.
    """
    try:
        name = f"{path}/.s.PGSQL.{PORT}".encode()
    except UnicodeEncodeError:
        return False
    return len(name) <= 100 and b"," not in name  # noqa: PLR2004 (macOS has room for 103, Linux for 107)
