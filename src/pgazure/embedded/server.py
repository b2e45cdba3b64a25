"""One PostgreSQL server for as long as somebody uses it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from pgazure.embedded.account import server_account
from pgazure.embedded.binaries import Binaries, find_binaries
from pgazure.embedded.folder import Folder, copies_folder, default_folder
from pgazure.embedded.locks import FileLock
from pgazure.embedded.orders import DATABASE, PORT, RESERVED, SUPERUSER, Orders
from pgazure.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgazure.embedded.account import Account

_PAUSE = 0.01
_LEFTOVERS = 1.0  # seconds for a server to stop by itself when its keeper has died
_T = TypeVar("_T")


class EmbeddedPostgres:
    """A PostgreSQL server on a folder, shared by all who name the folder and stopped after the last of them.

    ::

        with EmbeddedPostgres("reviews") as pg, psycopg.connect(pg.conninfo) as conn:
            ...

    The server listens on a Unix socket that only this account can reach. It
    starts in about a second the first time, in a fifth of one later on, with a
    superuser ``postgres`` and an empty database ``pgazure`` (UTF-8, data checksums).
    Any number of objects, threads and processes may use one folder at once; however
    the last of them ends, ``kill -9`` included, the server is stopped after it.
    A forked child does not count as a user; it makes an object of its own.

    Run by root, the server itself runs as ``nobody``.

    A server started with ``tcp=True`` listens on 127.0.0.1 as well, on a free port
    and with a password, for clients that know no Unix sockets; where the platform
    has none, every server does. :attr:`conninfo` is then that of the port.

    Args:
        folder: Where the data is kept; made if missing. ``None`` means the platform's place for a user's data.
        durable: Whether what is committed survives a crash of the machine. ``False`` is faster, for tests.
        tcp: Whether to connect over TCP.
        settings: Parameters of the server, e.g. ``{"shared_buffers": "1GB"}``; those of the process
            that starts the server count.
        binaries: The folder of the server's programs, for another PostgreSQL than the one that is found.
        timeout: Seconds that starting, or waiting for the end, may take.

    Raises:
        EmbeddedPostgresError: On start: there are no binaries, the folder cannot be used, or the server
            does not start; the message holds the end of the server's log.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        durable: bool = True,
        tcp: bool = False,
        settings: Mapping[str, str] | None = None,
        binaries: str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
    ) -> None:
        if own := sorted(RESERVED & (settings or {}).keys()):
            msg = f"where the server listens and logs is not for settings to say: leave out {', '.join(own)}"
            raise EmbeddedPostgresError(msg)
        self._given = folder
        self._durable = durable
        self._tcp = tcp or not hasattr(socket, "AF_UNIX")
        self._settings = dict(settings or {})
        self._chosen = None if binaries is None else Path(binaries).resolve()
        self._timeout = timeout
        self._temporary = False
        self._users: FileLock | None = None
        self._owner = 0
        self._folder: Folder | None = None
        self._binaries: Binaries | None = None

    @classmethod
    def temporary(
        cls,
        *,
        durable: bool = False,
        tcp: bool = False,
        settings: Mapping[str, str] | None = None,
        binaries: str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
    ) -> Self:
        """Return a server on a new folder of its own, which is removed after the last user, however that ends."""
        server = cls(durable=durable, tcp=tcp, settings=settings, binaries=binaries, timeout=timeout)
        server._temporary = True
        return server

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'started' if self._users else 'not started'}>"

    @property
    def folder(self) -> Path:
        """The server's folder: an absolute path."""
        return _started(self._folder).path

    @property
    def conninfo(self) -> str:
        """Connection string of the database ``pgazure`` as superuser, for psycopg, psql and whatever uses libpq."""
        from psycopg.conninfo import make_conninfo  # noqa: PLC0415 (importing this module loads no driver)

        folder = _started(self._folder)
        port = folder.read_port() or PORT
        if not self._tcp:
            return make_conninfo(host=str(folder.socket.resolve()), port=port, user=SUPERUSER, dbname=DATABASE)
        password = folder.password.read_text("ascii")
        return make_conninfo(host="127.0.0.1", port=port, user=SUPERUSER, password=password, dbname=DATABASE)

    @property
    def binaries(self) -> Path:
        """The folder of the server's programs."""
        return _started(self._binaries).folder

    @property
    def version(self) -> str:
        """Version of the server, e.g. ``18.6``."""
        return _started(self._binaries).version

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the server, or join those who use it already; return when it accepts connections.

        Raises:
            EmbeddedPostgresError: See the class; or it is started already.
        """
        if self._users is not None and self._owner == os.getpid():
            msg = "this EmbeddedPostgres is started already; make another object to use the server twice"
            raise EmbeddedPostgresError(msg)
        account = server_account()
        binaries = find_binaries(account, copies_folder(), self._chosen)
        folder = Folder(self._choose_folder())
        try:
            folder.prepare(account)
            self._folder, self._binaries = folder, binaries
            self._owner, self._users = os.getpid(), FileLock(folder.users_lock)
            self._join(self._users, folder, binaries, account)
        except BaseException as error:
            self.close()
            if self._temporary:
                shutil.rmtree(folder.path, ignore_errors=True)
            if isinstance(error, OSError):
                msg = f"{folder.path} cannot be used for a server: {error.strerror or error}"
                raise EmbeddedPostgresError(msg) from error
            raise

    def close(self) -> None:
        """Stop using the server; where nobody else uses it, return when it is stopped. May be called twice."""
        users, self._users = self._users, None
        if users is None or self._owner != os.getpid():
            return
        users.close()
        folder = _started(self._folder)
        if self._await_end(folder) and self._temporary:  # left behind where the keeper was killed
            shutil.rmtree(folder.path, ignore_errors=True)

    def _choose_folder(self) -> Path:
        if not self._temporary:
            return Path(default_folder() if self._given is None else self._given).resolve()
        try:
            return Path(tempfile.mkdtemp(prefix="pgazure-")).resolve()
        except OSError as error:
            msg = f"no temporary folder can be made: {error.strerror or error}"
            raise EmbeddedPostgresError(msg) from error

    def _join(self, users: FileLock, folder: Folder, binaries: Binaries, account: Account) -> None:
        began = time.monotonic()
        joined = sent = ended = False
        while (waited := time.monotonic() - began) < self._timeout:
            # A keeper that has the lock alone is stopping its server; with a share in it none will.
            joined = joined or users.share()
            if joined:
                with FileLock(folder.server_lock) as server:
                    if server.take():
                        if sent:
                            msg = f"the server on {folder.path} did not start:\n{folder.end_of_log()}"
                            raise EmbeddedPostgresError(msg)
                        folder.check_version(binaries)
                        # No process of a server lives, so the file can only be stale, whatever it says.
                        folder.pid_file.unlink(missing_ok=True)
                        self._send_keeper(server, folder, binaries)
                        sent = True
                if _is_served(folder):
                    if self._tcp and folder.is_without_tcp():
                        msg = (
                            f"the server on {folder.path} was started without TCP, for all its users: "
                            "stop them first, or leave out tcp=True"
                        )
                        raise EmbeddedPostgresError(msg)
                    if self._accepts_connections():
                        return
                elif waited > _LEFTOVERS and folder.pid_file.exists() and not ended:
                    _end_leftover(folder, binaries, account)
                    ended = True
            time.sleep(_PAUSE)
        msg = f"the server on {folder.path} was not ready after {self._timeout:g} seconds:\n{folder.end_of_log()}"
        raise EmbeddedPostgresError(msg)

    def _send_keeper(self, server_lock: FileLock, folder: Folder, binaries: Binaries) -> None:
        orders = Orders(
            folder=str(folder.path),
            binaries=str(binaries.folder),
            major=int(binaries.major),
            durable=self._durable,
            temporary=self._temporary,
            tcp=self._tcp,
            settings=self._settings,
            server_lock=server_lock.fileno(),
        )
        try:
            subprocess.run(  # noqa: S603 (this very Python)
                orders.command(),
                check=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                start_new_session=True,
                pass_fds=[server_lock.fileno()],
            )
        except subprocess.CalledProcessError as error:
            why = error.stderr.decode(errors="replace").strip()
            msg = f"the keeper of the server on {folder.path} did not start:\n{why}"
            raise EmbeddedPostgresError(msg) from error

    def _accepts_connections(self) -> bool:
        from psycopg import pq  # noqa: PLC0415 (importing this module loads no driver)

        return pq.PGconn.ping(f"{self.conninfo} connect_timeout=2".encode()) == pq.Ping.OK

    def _await_end(self, folder: Folder) -> bool:
        """Wait until the server is stopped or somebody else is seen to use it; return whether it is stopped."""
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            try:
                with (
                    FileLock(folder.server_lock, create=False) as server,
                    FileLock(folder.users_lock, create=False) as users,
                ):
                    if server.take():
                        return True
                    # Neither we nor the keeper can have it alone: somebody else shares it.
                    if not users.take() and users.share():
                        return False
            except FileNotFoundError:  # the keeper is removing the folder
                if not folder.path.exists():
                    return True
            time.sleep(_PAUSE)
        return False


def _is_served(folder: Folder) -> bool:
    with FileLock(folder.serving_lock) as serving:
        return not serving.share()


def _end_leftover(folder: Folder, binaries: Binaries, account: Account) -> None:
    """Stop a server whose keeper was killed, where the kernel has not stopped it."""
    subprocess.run(  # noqa: S603 (the server's own program)
        [binaries.folder / "pg_ctl", "stop", "-W", "-m", "fast", "-D", folder.data],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd="/",
        **account.switch(),
    )


def _started(value: _T | None) -> _T:
    if value is None:
        msg = "this EmbeddedPostgres is not started; use it in a with statement"
        raise EmbeddedPostgresError(msg)
    return value
