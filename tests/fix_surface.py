"""Databases with the functions of either edition, answered for the whole session; tests roll back what they do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from fix_functions import RunningServer
from pgazure.config import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fix_functions import Template
    from fix_pg import Databases
    from pgazure.config import Settings
    from pgazure.emulator import Emulator

_SERVICES = ("language", "translator", "openai", "ml", "rerank")


def find_services(emulator: Emulator) -> Settings:
    """Settings with which every function is answered by an emulator."""
    endpoints = {f"{name}_endpoint": emulator.endpoint for name in _SERVICES} | {
        "ml_endpoint": f"{emulator.endpoint}/score"
    }
    return load_settings(**endpoints, **{f"{name}_key": emulator.key for name in _SERVICES})


@contextmanager
def served(databases: Databases, template: str, emulator: Emulator) -> Iterator[str]:
    with databases.fresh(template) as conninfo:
        server = RunningServer(conninfo, find_services(emulator)).start()
        try:
            yield conninfo
        finally:
            server.stop()


@pytest.fixture(scope="session")
def surface(pg_databases: Databases, functions_template: Template, emulator_server: Emulator) -> Iterator[str]:
    """A database with ``vector`` and the functions of edition flexible, answered from the session's emulator."""
    with served(pg_databases, functions_template("flexible"), emulator_server) as conninfo:
        yield conninfo


@pytest.fixture(scope="session")
def surface_horizondb(
    pg_databases: Databases, functions_template: Template, emulator_server: Emulator
) -> Iterator[str]:
    """The same of edition horizondb."""
    with served(pg_databases, functions_template("horizondb"), emulator_server) as conninfo:
        yield conninfo
