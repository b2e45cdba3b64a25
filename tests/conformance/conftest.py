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

    from fix_pg import Databases
    from pgazure.emulator import Emulator

STANDIN = Path(__file__).parent / "standin.sql"


@pytest.fixture(scope="session")
def standin_database(pg_databases: Databases) -> Iterator[str]:
    """A database with functions that are declared as the extension's are."""
    with pg_databases.fresh("template0") as conninfo:
        with psycopg.connect(conninfo) as connection:
            connection.execute(STANDIN.read_text())  # type: ignore[arg-type]
        yield conninfo


@pytest.fixture
def standin(standin_database: str) -> str:
    """The database of the session without the traces of other tests."""
    with psycopg.connect(standin_database) as connection:
        connection.execute("TRUNCATE standin.calls, azure_ai.settings")
    return standin_database


@pytest.fixture(params=["services-async", "services-sync", "database-async", "database-sync"])
async def call(request: pytest.FixtureRequest, emulator: Emulator, standin: str) -> AsyncIterator[Opened]:
    """The functions of the facade, wherever they run."""
    backend, _, kind = request.param.partition("-")
    make: Any = AsyncClient if kind == "async" else Client
    options = {f"{service}_endpoint": emulator.endpoint for service in ("language", "translator", "openai")}
    options |= {f"{service}_key": emulator.key for service in ("language", "translator", "openai")}
    if backend == "database":
        options = {"backend": "database", "conninfo": standin}
    opened = Opened(make(retry_delay_ms=1, timeout_ms=30_000, **options), SCHEMAS)
    yield opened
    await opened.close()


@pytest.fixture
async def database(standin: str) -> AsyncIterator[Opened]:
    """The functions in the database."""
    opened = Opened(AsyncClient(backend="database", conninfo=standin, timeout_ms=30_000), SCHEMAS)
    yield opened
    await opened.close()
