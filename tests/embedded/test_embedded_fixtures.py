"""What the database fixtures promise to every other test."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict


def test_database_of_a_test_has_vector_and_nothing_else(conninfo):
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("SELECT '[1,2]'::vector <-> '[1,4]'").fetchone() == (2.0,)
        tables = connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone()
    assert tables == (0,)


def test_bare_database_of_a_test_has_no_extension(bare_conninfo):
    with psycopg.connect(bare_conninfo) as connection:
        assert connection.execute("SELECT extname FROM pg_extension").fetchall() == [("plpgsql",)]


def test_databases_of_a_test_are_two(conninfo, bare_conninfo):
    with psycopg.connect(conninfo) as one, psycopg.connect(bare_conninfo) as other:
        one.execute("CREATE TABLE mine ()")
        one.commit()
        assert other.execute("SELECT to_regclass('mine')").fetchone() == (None,)


def test_database_is_dropped_though_somebody_is_in_it(pg_databases):
    with pg_databases.fresh(pg_databases.prepared) as conninfo:
        left = psycopg.connect(conninfo)
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    left.close()
    name = conninfo_to_dict(conninfo)["dbname"]
    query = "SELECT count(*) FROM pg_database WHERE datname = %s"
    assert pg_databases.admin.execute(query, [name]).fetchone() == (0,)
