"""Databases for tests: one server a session, one fresh database a test.

``PGAZURE_TEST_BINARIES`` names the folder of another PostgreSQL's programs, ``PGAZURE_TEST_DSN``
a server that runs already; its role must be allowed to create databases and the extension ``vector``.
"""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgazure.embedded import EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BINARIES = os.environ.get("PGAZURE_TEST_BINARIES")

# Fixtures whose engines find the schema installed.
_ENGINES = {"engine", "open_engine"}

_numbers = itertools.count(1)


@dataclass(frozen=True)
class OtherServer:
    """The server that ``PGAZURE_TEST_DSN`` names, in the place of an embedded one."""

    conninfo: str


@dataclass(frozen=True)
class Databases:
    """Makes and drops databases on one server."""

    admin: psycopg.Connection
    conninfo: str
    prepared: str

    @contextmanager
    def fresh(self, template: str) -> Iterator[str]:
        """Yield the conninfo of a new database, a copy of ``template``; drop it afterwards, whoever is in it."""
        name = f"pgazure_test_{os.getpid()}_{next(_numbers)}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.admin.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield make_conninfo(self.conninfo, dbname=name)
        finally:
            self.admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def own_server(*, tcp: bool = False, settings: Mapping[str, str] | None = None) -> EmbeddedPostgres:
    """Make a server of the PostgreSQL that the suite is run against, for a test that needs one for itself."""
    return EmbeddedPostgres.temporary(tcp=tcp, settings=settings, binaries=BINARIES)


@pytest.fixture(scope="session")
def pg_server() -> Iterator[EmbeddedPostgres | OtherServer]:
    """The server of this session; ``.conninfo`` is that of a database to administer it from."""
    if other := os.environ.get("PGAZURE_TEST_DSN"):
        yield OtherServer(other)
        return
    with own_server() as server:
        yield server


@pytest.fixture(scope="session")
def pg_databases(pg_server: EmbeddedPostgres | OtherServer) -> Iterator[Databases]:
    """What makes the databases of the tests, with a template in which ``vector`` is installed."""
    name = f"pgazure_test_{os.getpid()}_prepared"
    prepared = sql.Identifier(name)
    with psycopg.connect(pg_server.conninfo, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(prepared))
        with psycopg.connect(pg_server.conninfo, dbname=name, autocommit=True) as made:
            made.execute("CREATE EXTENSION vector")
        yield Databases(admin, pg_server.conninfo, name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(prepared))


@pytest.fixture
def conninfo(request: pytest.FixtureRequest, pg_databases: Databases) -> Iterator[str]:
    """A fresh database with the extension ``vector``, and with the schema where the test asks for an engine."""
    installed = not _ENGINES.isdisjoint(request.fixturenames)
    template = request.getfixturevalue("installed_template") if installed else pg_databases.prepared
    with pg_databases.fresh(template) as fresh:
        yield fresh


@pytest.fixture
def bare_conninfo(pg_databases: Databases) -> Iterator[str]:
    """A fresh database without any extension of ours."""
    with pg_databases.fresh("template0") as fresh:
        yield fresh
