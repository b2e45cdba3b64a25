"""Databases of tests: one server, and a fresh copy of a template for each test."""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Databases:
    """Makes and drops databases on one server.

    Args:
        admin: A connection in autocommit whose role may create databases.
        conninfo: How the server is reached; the database in it does not matter.
    """

    admin: Connection
    conninfo: str

    @contextmanager
    def fresh(self, template: str = "template0") -> Iterator[str]:
        """Yield the conninfo of a new database, a copy of ``template``; drop it afterwards, whoever is in it."""
        name = f"pgazure_test_{os.getpid()}_{next(_numbers)}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.admin.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield make_conninfo(self.conninfo, dbname=name)
        finally:
            self.admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
