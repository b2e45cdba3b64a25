"""The process that owns a server: ``python -m pgazure.embedded.keeper ORDERS``.

Nobody stops a server on purpose. Whoever uses it holds a shared lock; the
keeper waits for the same lock alone, which the kernel grants it when the last
user is gone, however it went, and then stops the server. On Linux the kernel
also stops the server should the keeper itself be killed. Elsewhere such a
server lives on until the next user finds it.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pgazure.embedded.account import Account, server_account
from pgazure.embedded.folder import Folder, holds_sockets
from pgazure.embedded.locks import FileLock
from pgazure.embedded.orders import DATABASE, PORT, SUPERUSER, Orders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FIRST_BUILTIN_LOCALE = 17
_PATIENCE = 60.0  # seconds for a server to stop before it is made to
_PR_SET_PDEATHSIG = 1


class Keeper:
    """Makes, starts, watches and stops one server."""

    def __init__(self, orders: Orders, account: Account) -> None:
        self.orders = orders
        self.account = account
        self.folder = Folder(Path(orders.folder))
        self.users_lock = FileLock(self.folder.users_lock)
        self.serving_lock = FileLock(self.folder.serving_lock)

    def keep(self) -> None:
        """Run the server until nobody uses it."""
        if not self.folder.has_data():
            self._make_data()
        self._make_socket_folder()
        self.serving_lock.wait()
        server = self._start()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: server.send_signal(signal.SIGINT))
        guard = threading.Thread(target=self._stop_unused, args=(server,), daemon=True)
        guard.start()
        server.wait()
        self._remove_socket_folder()
        # Where it ended by itself there may be users still, who read the log; the first of them removes the folder.
        if self.orders.temporary and self.users_lock.take():
            shutil.rmtree(self.folder.path, ignore_errors=True)

    def _make_data(self) -> None:
        for unfinished in self.folder.path.glob("making-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        making = Path(tempfile.mkdtemp(prefix="making-", dir=self.folder.path))
        self.account.own(making)
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        locale = ["--locale=C", *(builtin if self.orders.major >= _FIRST_BUILTIN_LOCALE else [])]
        access = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--username={SUPERUSER}"]
        password = secrets.token_urlsafe(24)
        commands = f"ALTER ROLE {SUPERUSER} PASSWORD '{password}'\nCREATE DATABASE {DATABASE}\n"
        layout = ["-D", str(making), "--encoding=UTF8", "--data-checksums", "--no-sync", "--no-instructions"]
        steps: list[tuple[list[str], bytes]] = [
            (["initdb", *layout, *locale, *access], b""),
            (["postgres", "--single", "-F", "-D", str(making), SUPERUSER], commands.encode()),
        ]
        if self.orders.durable:
            steps.append((["initdb", "-D", str(making), "--sync-only"], b""))
        for step, said in steps:
            if self._run(*step, said=said) != 0:
                shutil.rmtree(making, ignore_errors=True)
                _fail(f"the data folder could not be made: {step[0]} failed")
        self.folder.password.unlink(missing_ok=True)
        with open(self.folder.password, "x", opener=_open_private) as file:
            file.write(password)
        making.rename(self.folder.data)

    def _make_socket_folder(self) -> None:
        self._remove_socket_folder()
        sockets = self.folder.socket
        if holds_sockets(sockets):
            sockets.mkdir(mode=0o700)
        else:
            short = Path(tempfile.mkdtemp(prefix="pgazure-", dir="/tmp"))
            sockets.symlink_to(short)
        self.account.own(sockets.resolve())

    def _remove_socket_folder(self) -> None:
        sockets = self.folder.socket
        if sockets.is_symlink():
            shutil.rmtree(sockets.readlink(), ignore_errors=True)
            sockets.unlink()
        elif sockets.exists():
            shutil.rmtree(sockets, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        lasting = (
            {} if self.orders.durable else dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        )
        settings = {
            **lasting,
            **self.orders.settings,
            "listen_addresses": "127.0.0.1" if self.orders.tcp else "",
            "port": str(_find_port() if self.orders.tcp else PORT),
            "unix_socket_directories": str(self.folder.socket.resolve()),
            "unix_socket_permissions": "0700",
            "logging_collector": "off",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return subprocess.Popen(  # noqa: S603 (the server's own program)
            [self._program("postgres"), "-D", str(self.folder.data), *words],
            stdin=subprocess.DEVNULL,
            cwd="/",
            env=_bare_environment(),
            pass_fds=[self.orders.server_lock],
            preexec_fn=_die_with_keeper(signal.SIGINT),  # noqa: PLW1509 (this process has no second thread yet)
            **self.account.switch(),
        )

    def _stop_unused(self, server: subprocess.Popen[bytes]) -> None:
        self.users_lock.wait()
        server.send_signal(signal.SIGINT)
        try:
            server.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)

    def _program(self, name: str) -> str:
        return str(Path(self.orders.binaries) / name)

    def _run(self, program: str, *words: str, said: bytes = b"") -> int:
        return subprocess.run(  # noqa: S603 (the server's own programs)
            [self._program(program), *words],
            input=said,
            check=False,
            cwd="/",
            env=_bare_environment(),
            preexec_fn=_die_with_keeper(signal.SIGKILL),
            **self.account.switch(),
        ).returncode


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _bare_environment() -> dict[str, str]:
    # The server needs nothing of its user's environment, and must not learn the keys in it.
    return {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}


def _die_with_keeper(number: signal.Signals) -> Callable[[], None] | None:
    """Return what a child does first, so that the kernel signals it when the keeper dies."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    keeper = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != keeper:  # it died in between
            os._exit(1)

    return ask


def _fail(why: str) -> NoReturn:
    print(why, file=sys.stderr, flush=True)  # noqa: T201 (standard error is the server's log)
    sys.exit(1)


def _open_log(folder: Folder) -> None:
    if folder.log.exists():
        folder.log.replace(folder.log.with_name("server.log.1"))
    log = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def main(words: Sequence[str]) -> None:
    """Become the keeper that the orders ask for; the calling process goes on at once."""
    orders = Orders.read(words[0])
    os.set_inheritable(orders.server_lock, False)  # noqa: FBT003 (the standard library's signature)
    os.umask(0o077)
    os.chdir("/")
    try:
        _open_log(Folder(Path(orders.folder)))
        if os.fork():
            os._exit(0)
        Keeper(orders, server_account()).keep()
    except OSError as error:
        _fail(f"the server could not be kept: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
