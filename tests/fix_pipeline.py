"""Pipelines under test: an engine on a fresh database, a client of the local endpoint, the command line."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

import pgazure.pipeline as pl
from pgazure.client import AsyncClient

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    from fix_pg import Databases
    from pgazure.emulator import Emulator

_VARIABLES = ("LANGUAGE", "TEXT_TRANSLATION", "OPENAI")


def services(endpoint: str, key: str = "emulator") -> dict[str, Any]:
    """Arguments of a client that finds every service at one endpoint."""
    names = ("language", "translator", "openai", "ml", "rerank")
    found = {f"{n}_endpoint": endpoint for n in names} | {f"{n}_key": key for n in names}
    return found | {"ml_endpoint": f"{endpoint}/score"}


def environment(endpoint: str, key: str = "emulator") -> dict[str, str]:
    """The same for the environment of a command."""
    return {f"AZURE_{name}_ENDPOINT": endpoint for name in _VARIABLES} | {
        "AZURE_LANGUAGE_KEY": key,
        "AZURE_TEXT_TRANSLATION_APIKEY": key,
        "AZURE_OPENAI_API_KEY": key,
    }


@pytest.fixture(scope="session")
def installed_template(pg_databases: Databases) -> Iterator[str]:
    """The name of a database to copy, in which the schema is installed."""

    async def install(conninfo: str) -> None:
        async with pl.Engine(conninfo) as engine:
            await engine.init()

    with pg_databases.fresh(pg_databases.prepared) as conninfo:
        asyncio.run(install(conninfo))
        yield str(conninfo_to_dict(conninfo)["dbname"])


@pytest.fixture
def db(conninfo: str) -> Iterator[psycopg.Connection]:
    """A session of the table's owner, who knows nothing of pipelines."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(**services(emulator.endpoint), retry_delay_ms=20) as client:
        yield client


@pytest.fixture
async def engine(conninfo: str, client: AsyncClient) -> AsyncIterator[pl.Engine]:
    """An engine with the schema installed."""
    async with pl.Engine(conninfo, client=client) as engine:
        yield engine


class OpenEngine(Protocol):
    """Opens an engine whose services are at another endpoint, or answer to another key."""

    def __call__(
        self, endpoint: str, key: str = "emulator", **options: Any
    ) -> AbstractAsyncContextManager[pl.Engine]: ...


@pytest.fixture
def open_engine(conninfo: str) -> OpenEngine:
    @asynccontextmanager
    async def opened(endpoint: str, key: str = "emulator", **options: Any) -> AsyncIterator[pl.Engine]:
        options = {"retry_delay_ms": 20} | options
        async with (
            AsyncClient(**services(endpoint, key), **options) as client,
            pl.Engine(conninfo, client=client) as engine,
        ):
            yield engine

    return opened


def make_notes(db: psycopg.Connection, *bodies: str | None) -> None:
    """A table of texts, keyed 1, 2, 3 …"""
    db.execute("CREATE TABLE notes (id bigint PRIMARY KEY, body text, stars integer)")
    add_notes(db, *bodies)


def add_notes(db: psycopg.Connection, *bodies: str | None) -> None:
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM notes").fetchone() or (0,)
    with db.cursor() as cursor:
        cursor.executemany("INSERT INTO notes (id, body) VALUES (%s, %s)", list(enumerate(bodies, last + 1)))


def notes(*steps: Any, **more: Any) -> pl.PipelineSpec:
    """A pipeline over that table."""
    return pl.Pipeline("notes", source=pl.table_source("public.notes", text="body"), steps=list(steps), **more)


def column(db: psycopg.Connection, query: str, *parameters: Any) -> list[Any]:
    """The first column of a query's rows."""
    return [row[0] for row in db.execute(query, parameters).fetchall()]


def value(db: psycopg.Connection, query: str, *parameters: Any) -> Any:
    """The only value of a query."""
    ((found,),) = db.execute(query, parameters).fetchall()
    return found


async def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    """Wait for a condition that another process or thread brings about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come about"
        await asyncio.sleep(0.005)


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str


class Cli(Protocol):
    """Runs a command in this process, with the error handling of the installed one."""

    def __call__(self, *arguments: str) -> Outcome: ...


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Cli]:
    """The command line in an empty folder, with no setting but those a test makes."""
    from pgazure.cli.main import run

    for name in os.environ:
        if name.startswith(("AZURE_", "PG", "OPENAI_")) and name != "PGAZURE_RECORDINGS":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["pgazure", *arguments])
        capsys.readouterr()
        code: Any = 0
        try:
            run()
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    # A command that writes a log goes on writing it, to a standard error that ends with the test.
    log = logging.getLogger("pgazure")
    level = log.level
    monkeypatch.setattr(log, "handlers", [*log.handlers])
    monkeypatch.setattr(log, "propagate", log.propagate)
    yield invoke
    log.setLevel(level)


class Start(Protocol):
    """Starts ``pgazure`` with these arguments against an endpoint; it is ended with the block if it still runs."""

    def __call__(self, endpoint: str, *arguments: str, **variables: str) -> AbstractAsyncContextManager[Process]: ...


@pytest.fixture
def start(conninfo: str, tmp_path: Path) -> Start:
    kept = {name: each for name, each in os.environ.items() if not name.startswith(("AZURE_", "PG", "OPENAI_"))}
    command = Path(sys.executable).with_name("pgazure")

    @asynccontextmanager
    async def started(endpoint: str, *arguments: str, **variables: str) -> AsyncIterator[Process]:
        process = await asyncio.create_subprocess_exec(
            command,
            *arguments,
            env=kept | environment(endpoint) | {"PGAZURE_DSN": conninfo} | variables,
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    return started
