"""The facade over both backends, asynchronous and blocking, behind one way to call it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from fix_conformance import SCHEMAS, Opened
from pgazure.client import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fix_functions import Template
    from fix_pg import Databases
    from pgazure.emulator import Emulator

SERVICES = ("language", "translator", "openai")
RECORDER = Path(__file__).parent / "recorder.sql"


@pytest.fixture(scope="session")
def recorded_database(pg_databases: Databases, functions_template: Template) -> Iterator[str]:
    """A database with the functions, and with a recorder in place of the way to a server."""
    with pg_databases.fresh(functions_template("flexible")) as conninfo:
        with psycopg.connect(conninfo) as connection:
            connection.execute(RECORDER.read_text())  # type: ignore[arg-type]
        yield conninfo


@pytest.fixture
def recorded(recorded_database: str) -> str:
    """The database of the session without the traces of other tests."""
    with psycopg.connect(recorded_database) as connection:
        connection.execute("TRUNCATE pgazure_bridge.recorded, azure_ai.settings")
    return recorded_database


@pytest.fixture
def answered(surface: str) -> Iterator[str]:
    """A database whose functions a server answers from the emulator; the settings that a test leaves are removed."""
    yield surface
    with psycopg.connect(surface) as connection:
        connection.execute("DELETE FROM azure_ai.settings")


@pytest.fixture(params=["services-async", "services-sync", "database-async", "database-sync"])
async def call(request: pytest.FixtureRequest, emulator: Emulator, answered: str) -> AsyncIterator[Opened]:
    """The functions of the facade, wherever they run."""
    backend, _, kind = request.param.partition("-")
    make: Any = AsyncClient if kind == "async" else Client
    options = {f"{service}_endpoint": emulator.endpoint for service in SERVICES}
    options |= {f"{service}_key": emulator.key for service in SERVICES}
    if backend == "database":
        options = {"backend": "database", "conninfo": answered}
    opened = Opened(make(retry_delay_ms=1, timeout_ms=30_000, **options), SCHEMAS)
    yield opened
    await opened.close()


@pytest.fixture
async def database(recorded: str) -> AsyncIterator[Opened]:
    """The functions in the database."""
    opened = Opened(AsyncClient(backend="database", conninfo=recorded, timeout_ms=30_000), SCHEMAS)
    yield opened
    await opened.close()
