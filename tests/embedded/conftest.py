"""Folders that the server's account can reach, and real processes that use a server."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from pgazure.embedded import EmbeddedPostgres
from pgazure.embedded.locks import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 30.0

USE = """
import sys
from pgazure.embedded import EmbeddedPostgres
with EmbeddedPostgres(sys.argv[1], durable=False) as pg:
    print(pg.conninfo, flush=True)
    sys.stdin.read()
"""


class Life:
    """Watches a process that is not a child of this one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._watch = os.pidfd_open(pid)

    def ends(self, timeout: float = PATIENCE) -> bool:
        """Wait for the process to end; return whether it did."""
        poll = select.poll()
        poll.register(self._watch, select.POLLIN)
        return bool(poll.poll(timeout * 1000))

    @property
    def lasts(self) -> bool:
        return not self.ends(0)

    @property
    def parent(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("PPid:")[1].split()[0])

    @property
    def uid(self) -> int:
        return Path(f"/proc/{self.pid}").stat().st_uid

    def close(self) -> None:
        os.close(self._watch)


class User:
    """A process that uses the server on a folder until it is told to leave."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USE, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @property
    def conninfo(self) -> str:
        """Wait until the server is ready."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def leave(self) -> None:
        self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


def await_rest(folder: Path) -> None:
    """Wait until no keeper and no server is left on a folder."""
    if (folder / "server.lock").exists():
        deadline = time.monotonic() + PATIENCE
        with FileLock(folder / "server.lock") as lock:
            while not lock.take():
                assert time.monotonic() < deadline, f"something is still running on {folder}"
                time.sleep(0.01)


@contextmanager
def made_place() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="pgazure's tést "))
    path.chmod(0o711)
    yield path
    for lock in path.rglob("server.lock"):
        await_rest(lock.parent)
    shutil.rmtree(path)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with an awkward name through which every account may pass."""
    with made_place() as path:
        yield path


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """The folder of a server whose database remembers something."""
    with made_place() as path:
        with EmbeddedPostgres(path / "pg", durable=False) as pg, psycopg.connect(pg.conninfo) as connection:
            connection.execute("CREATE TABLE memory AS SELECT 42 AS it")
        yield path / "pg"


@pytest.fixture
def folder(made: Path) -> Iterator[Path]:
    """The folder of a server that is at rest, before the test and after it."""
    yield made
    await_rest(made)


@pytest.fixture
def use() -> Iterator[Callable[[Path], User]]:
    """Start processes that use the server on a folder."""
    users: list[User] = []

    def start(folder: Path) -> User:
        users.append(User(folder))
        return users[-1]

    yield start
    for user in users:
        user.kill()


@pytest.fixture
def watch() -> Iterator[Callable[[Path | int], Life]]:
    """Watch a process, or the server on a folder."""
    lives: list[Life] = []

    def start(what: Path | int) -> Life:
        pid = what if isinstance(what, int) else int((what / "data" / "postmaster.pid").read_text().split()[0])
        lives.append(Life(pid))
        return lives[-1]

    yield start
    for life in lives:
        life.close()


@pytest.fixture
def recall() -> Callable[[Path], int]:
    """Start the server on a folder and read what was remembered."""

    def read(folder: Path) -> int:
        with EmbeddedPostgres(folder, durable=False) as pg, psycopg.connect(pg.conninfo) as connection:
            row = connection.execute("SELECT it FROM memory").fetchone()
            assert row is not None
            return row[0]

    return read
