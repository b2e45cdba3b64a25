"""The plugin for pytest: fixtures that load what they need when a test asks for one."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    from pgazure import AsyncClient, Client
    from pgazure.emulator import Emulator
    from pgazure.testing.databases import Databases
    from pgazure.testing.recorder import Recorder

P = ParamSpec("P")
R = TypeVar("R")

_MODES = ("none", "once", "new", "all")
_failed = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("pgazure")
    group.addoption(
        "--azure-ai-record",
        choices=_MODES,
        default="none",
        help="what azure_ai_cassette records from the services: nothing; where there is no cassette; what a cassette "
        "lacks; everything anew",
    )
    group.addoption(
        "--pgazure-dsn",
        help="server for pgazure_database, in libpq's form; without it, an embedded one",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line(
        "markers",
        "azure_ai_cassette(name=None, order='lenient', scrub_text=None): how azure_ai_cassette records and replays",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep in mind that a test failed: what it sent by then is no cassette."""
    if call.when == "call" and call.excinfo is not None:
        item.stash[_failed] = True
    return (yield)


@pytest.fixture(scope="session")
def azure_ai_emulator_options() -> dict[str, Any]:
    """Options of the session's emulator; a project overrides this with its own."""
    return {}


@pytest.fixture(scope="session")
def azure_ai_emulator_server(azure_ai_emulator_options: dict[str, Any]) -> Iterator[Emulator]:
    """The emulator of this session."""
    from pgazure.emulator import Emulator  # noqa: PLC0415  loaded by who asks for it

    with Emulator(**azure_ai_emulator_options) as server:
        yield server


@pytest.fixture
def azure_ai_emulator(azure_ai_emulator_server: Emulator) -> Emulator:
    """The session's emulator with its counters at zero and its quotas full."""
    azure_ai_emulator_server.reset()
    return azure_ai_emulator_server


@pytest.fixture
def azure_ai_environment(azure_ai_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment's variables, set so that the SDKs and pgazure use the emulator; they are given, too."""
    from pgazure.testing.environment import set_variables  # noqa: PLC0415  loaded by who asks for it

    return set_variables(monkeypatch, azure_ai_emulator.environment())


def _choose_fixture() -> Callable[[Callable[P, R]], Callable[P, R]]:
    chosen: Any = pytest.fixture
    with suppress(ImportError):
        # Its strict mode runs only the asynchronous fixtures that are its own; the plugin of anyio runs these as well.
        from pytest_asyncio import fixture as chosen  # noqa: PLC0415  there only where it is installed
    return cast("Callable[[Callable[P, R]], Callable[P, R]]", chosen)


@_choose_fixture()
async def azure_ai_client(azure_ai_environment: Mapping[str, str]) -> AsyncIterator[AsyncClient]:
    """An ``AsyncClient`` for the emulator, in the event loop of the test."""
    del azure_ai_environment
    from pgazure import AsyncClient  # noqa: PLC0415  loaded by who asks for it

    async with AsyncClient() as client:
        yield client


@pytest.fixture
def azure_ai_sync_client(azure_ai_environment: Mapping[str, str]) -> Iterator[Client]:
    """A ``Client`` for the emulator."""
    del azure_ai_environment
    from pgazure import Client  # noqa: PLC0415  loaded by who asks for it

    with Client() as client:
        yield client


@pytest.fixture(scope="session")
def pgazure_databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """What makes the databases of this session, on an embedded server or on that of ``--pgazure-dsn``."""
    import psycopg  # noqa: PLC0415  loaded by who asks for it

    from pgazure.embedded import EmbeddedPostgres  # noqa: PLC0415  as above
    from pgazure.testing.databases import Databases  # noqa: PLC0415  as above

    if conninfo := request.config.getoption("--pgazure-dsn"):
        with psycopg.connect(conninfo, autocommit=True) as admin:
            yield Databases(admin, conninfo)
        return
    with EmbeddedPostgres.temporary() as server, psycopg.connect(server.conninfo, autocommit=True) as admin:
        yield Databases(admin, server.conninfo)


@pytest.fixture(scope="session")
def pgazure_template(pgazure_databases: Databases) -> Iterator[str]:
    """The database that each test gets a copy of; a project overrides this to put its tables there."""
    with pgazure_databases.fresh() as conninfo:
        yield conninfo


@pytest.fixture
def pgazure_database(pgazure_databases: Databases, pgazure_template: str) -> Iterator[str]:
    """The conninfo of a database of the test's own."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415  loaded by who asks for it

    with pgazure_databases.fresh(str(conninfo_to_dict(pgazure_template)["dbname"])) as conninfo:
        yield conninfo


@pytest.fixture
def azure_ai_cassette(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """A recorder with a cassette beside the test, and the environment's variables set to use it."""
    from pgazure.testing.environment import name_local, read_endpoints, set_variables  # noqa: PLC0415  as above
    from pgazure.testing.recorder import Recorder  # noqa: PLC0415  as above

    marker = request.node.get_closest_marker("azure_ai_cassette")
    options = dict(marker.kwargs) if marker else {}
    file = _place(request.node, options.pop("name", None))
    mode: Any = request.config.getoption("--azure-ai-record")
    endpoints = read_endpoints() if mode != "none" else {}
    with Recorder(file, mode=mode, endpoints=endpoints, **options) as recorder:
        set_variables(monkeypatch, name_local(recorder), keep_identity=recorder.records)
        yield recorder
        # What a failed test sent is no more than a part of what it should send.
        recorder.stop(save=not request.node.stash.get(_failed, False))
    recorder.check()


def _place(node: pytest.Item, name: str | None) -> Path:
    # What a name of a test may hold and a file may not.
    written = re.sub(r"[^\w.-]+", "-", name or node.name).strip("-")
    return node.path.parent / "cassettes" / node.path.stem / f"{written}.json"
