"""Databases with the functions installed, and servers that answer them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgazure.bridge import Server, install_functions, uninstall_functions
from pgazure.config import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from fix_pg import Databases
    from pgazure.config import Settings
    from pgazure.emulator import Emulator

_SERVICES = ("language", "translator", "openai", "ml", "rerank")


def settings_for(endpoint: str, key: str = "emulator") -> Settings:
    """Settings that find every service at one endpoint, whatever the environment says."""
    found = {f"{name}_endpoint": endpoint for name in _SERVICES} | {f"{name}_key": key for name in _SERVICES}
    return load_settings(**found | {"ml_endpoint": f"{endpoint}/score"})


class RunningServer:
    """A server on an event loop of its own in a thread."""

    def __init__(self, conninfo: str, settings: Settings, **options: Any) -> None:
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None
        self._arguments = (conninfo, settings, options)
        self._thread = threading.Thread(target=self._run, name="functions-server", daemon=True)

    def _run(self) -> None:
        conninfo, settings, options = self._arguments

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._server = Server(conninfo, settings=settings, on_ready=self._ready.set, **options)
            await self._server.run()

        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001  shown to the test
            self._failure = error
        finally:
            self._ready.set()

    def start(self) -> RunningServer:
        self._thread.start()
        assert self._ready.wait(30)
        if self._failure is not None:
            raise self._failure
        return self

    def stop(self) -> None:
        assert self._loop is not None
        assert self._server is not None
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(30)
        assert not self._thread.is_alive()
        if self._failure is not None:
            raise self._failure


class Serve(Protocol):
    """Answers the functions of a database from an endpoint, for as long as the block lasts."""

    def __call__(
        self, conninfo: str, endpoint: str, key: str = "emulator", **options: Any
    ) -> AbstractContextManager[RunningServer]: ...


@pytest.fixture(scope="session")
def serve_functions() -> Serve:
    @contextmanager
    def serving(conninfo: str, endpoint: str, key: str = "emulator", **options: Any) -> Iterator[RunningServer]:
        server = RunningServer(conninfo, settings_for(endpoint, key), **options).start()
        try:
            yield server
        finally:
            server.stop()

    return serving


class Template(Protocol):
    """Gives the name of a database to copy, in which the functions of an edition are installed."""

    def __call__(self, edition: str) -> str: ...


@pytest.fixture(scope="session")
def functions_template(pg_databases: Databases) -> Iterator[Template]:
    made: dict[str, str] = {}
    with ExitStack() as databases:

        def make(edition: str) -> str:
            if edition not in made:
                conninfo = databases.enter_context(pg_databases.fresh(pg_databases.prepared))
                databases.callback(lambda: asyncio.run(uninstall_functions(conninfo, cascade=True)))
                asyncio.run(install_functions(conninfo, edition=edition))  # type: ignore[arg-type]
                made[edition] = str(conninfo_to_dict(conninfo)["dbname"])
            return made[edition]

        yield make


@pytest.fixture
def functions_conninfo(pg_databases: Databases, functions_template: Template) -> Iterator[str]:
    """A fresh database with ``vector`` and the functions; nobody answers them."""
    with pg_databases.fresh(functions_template("flexible")) as fresh:
        yield fresh


@pytest.fixture
def horizondb_conninfo(pg_databases: Databases, functions_template: Template) -> Iterator[str]:
    """The same with the signatures of edition horizondb."""
    with pg_databases.fresh(functions_template("horizondb")) as fresh:
        yield fresh


@pytest.fixture
def functions_served(functions_conninfo: str, emulator: Emulator, serve_functions: Serve) -> Iterator[str]:
    """A fresh database with the functions, answered by a server that asks the emulator."""
    with serve_functions(functions_conninfo, emulator.endpoint):
        yield functions_conninfo


@pytest.fixture
def session(functions_served: str) -> Iterator[psycopg.Connection]:
    """A session, autocommit, of a database whose functions are answered."""
    with psycopg.connect(functions_served, autocommit=True) as connection:
        yield connection


def as_role(conninfo: str, role: str, password: str | None = None) -> str:
    """The same database for another role."""
    return make_conninfo(conninfo, user=role, **({"password": password} if password else {}))


def _environment(endpoint: str, key: str = "emulator") -> dict[str, str]:
    names = {"LANGUAGE": "KEY", "TEXT_TRANSLATION": "APIKEY", "OPENAI": "API_KEY"}
    return {f"AZURE_{name}_ENDPOINT": endpoint for name in names} | {
        f"AZURE_{name}_{ending}": key for name, ending in names.items()
    }


class ServerProcess:
    """``pgazure functions serve`` as a process of its own."""

    def __init__(self, conninfo: str, endpoint: str, *arguments: str) -> None:
        kept = {name: each for name, each in os.environ.items() if not name.startswith(("AZURE_", "PG", "OPENAI_"))}
        self._process = subprocess.Popen(
            [Path(sys.executable).with_name("pgazure"), "functions", "serve", *arguments],
            env=kept | _environment(endpoint) | {"PGAZURE_DSN": conninfo},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> ServerProcess:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        if "answering" not in self._process.stdout.readline():
            self._process.kill()
            raise AssertionError(self._process.stderr.read())
        return self

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; give exit code and log."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        """Wait for its end; give exit code and log."""
        try:
            _, log = self._process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise
        return self._process.returncode, log


class StartServers(Protocol):
    """Starts server processes side by side; they are ended with the test."""

    def __call__(self, conninfo: str, endpoint: str, count: int = 1, *arguments: str) -> list[ServerProcess]: ...


@pytest.fixture
def start_servers() -> Iterator[StartServers]:
    started: list[ServerProcess] = []

    def start(conninfo: str, endpoint: str, count: int = 1, *arguments: str) -> list[ServerProcess]:
        new = [ServerProcess(conninfo, endpoint, *arguments) for _ in range(count)]
        started.extend(new)
        return [server.wait_until_ready() for server in new]

    yield start
    for server in started:
        server.end(signal.SIGKILL)
