"""One server for everybody on a folder, from the first user to the last, however they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from pgazure.embedded import EmbeddedPostgres
from pgazure.embedded.account import server_account
from pgazure.embedded.binaries import find_binaries
from pgazure.embedded.locks import FileLock

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through Linux's pidfd")

# A process lets go of its locks a moment before the kernel reports its end, and a busy machine stretches it.
AT_ONCE = 2.0


def server_of(conninfo):
    with psycopg.connect(conninfo) as connection:
        return connection.execute("SELECT pg_postmaster_start_time()").fetchone()


def test_second_process_joins_and_survives_the_first(folder, use, watch):
    first = use(folder)
    started = server_of(first.conninfo)
    second = use(folder)
    conninfo = second.conninfo
    server = watch(folder)
    first.leave()
    assert server_of(conninfo) == started
    second.leave()
    assert server.ends(AT_ONCE)


def test_processes_that_start_at_once_share_one_server(place, use):
    users = [use(place / "pg") for _ in range(4)]
    assert len({server_of(user.conninfo) for user in users}) == 1
    for user in users:
        user.leave()


def test_objects_and_threads_of_one_process_share_one_server(folder, watch):
    def come_and_go():
        with EmbeddedPostgres(folder, durable=False) as pg:
            seen.append(server_of(pg.conninfo))

    seen = []
    with EmbeddedPostgres(folder, durable=False) as pg:
        server = watch(folder)
        threads = [threading.Thread(target=come_and_go) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [server_of(pg.conninfo)] * 3
    assert server.ends(AT_ONCE)


def test_killed_user_does_not_stop_the_server_for_others(folder, use):
    killed, other = use(folder), use(folder)
    started = server_of(killed.conninfo)
    conninfo = other.conninfo
    killed.kill()
    assert server_of(conninfo) == started


def test_server_ends_when_its_only_user_is_killed(folder, use, watch, recall):
    user = use(folder)
    assert user.conninfo
    server = watch(folder)
    user.kill()
    assert server.ends()
    assert recall(folder) == 42


def test_server_ends_when_all_users_are_killed(folder, use, watch, recall):
    users = [use(folder) for _ in range(3)]
    assert all(user.conninfo for user in users)
    server = watch(folder)
    keeper = watch(server.parent)
    for user in users:
        user.process.kill()
    assert server.ends()
    assert keeper.ends()
    assert recall(folder) == 42


def test_server_ends_when_its_keeper_is_killed(folder, use, watch, recall):
    user = use(folder)
    assert user.conninfo
    server = watch(folder)
    os.kill(server.parent, signal.SIGKILL)
    assert server.ends()
    assert recall(folder) == 42  # while the first user still holds its share


def test_server_ends_when_keeper_and_users_are_killed_at_once(folder, use, watch, recall):
    users = [use(folder) for _ in range(2)]
    assert all(user.conninfo for user in users)
    server = watch(folder)
    keeper = server.parent
    for pid in (*(user.process.pid for user in users), keeper):
        os.kill(pid, signal.SIGKILL)
    assert recall(folder) == 42  # at once: the old server may be going still
    assert server.ends(AT_ONCE)


def test_killed_server_is_started_anew_by_the_next_user(folder, use, watch, recall):
    user = use(folder)
    assert user.conninfo
    server = watch(folder)
    os.kill(server.pid, signal.SIGKILL)
    assert server.ends()
    assert recall(folder) == 42


def test_keeper_told_to_end_shuts_the_server_down_cleanly(folder, use, watch):
    user = use(folder)
    assert user.conninfo
    server = watch(folder)
    keeper = watch(server.parent)
    os.kill(keeper.pid, signal.SIGTERM)
    assert keeper.ends()
    assert server.ends()
    assert "database system is shut down" in (folder / "server.log").read_text()


def test_server_without_a_keeper_is_replaced(folder, place, recall):
    account = server_account()
    account.own(place)  # for the socket
    program = find_binaries(account, place).folder / "postgres"
    words = ["-D", folder / "data", "-c", "listen_addresses=", "-c", f'unix_socket_directories="{place}"']
    with FileLock(folder / "server.lock") as lock:
        assert lock.take()
        leftover = subprocess.Popen(
            [program, *words], cwd="/", pass_fds=[lock.fileno()], stderr=subprocess.PIPE, **account.switch()
        )
    with leftover:
        assert leftover.stderr
        assert any(b"ready to accept connections" in line for line in leftover.stderr)
        assert recall(folder) == 42
        leftover.communicate(timeout=30)
    assert leftover.returncode == 0


def test_forked_child_does_not_keep_the_server(folder, watch):
    code = """
import os, sys
from pgazure.embedded import EmbeddedPostgres
pg = EmbeddedPostgres(sys.argv[1], durable=False)
pg.start()
waits, ends = os.pipe()
child = os.fork()
if child == 0:
    os.close(ends)
    pg.close()  # in a child this is nothing
    os.read(waits, 1)
    os._exit(0)
pid = (pg.folder / "data" / "postmaster.pid").read_text().split()[0]
print(pid, flush=True)
sys.stdin.readline()
pg.close()
print("closed", flush=True)
sys.stdin.readline()
os.close(ends)
os.waitpid(child, 0)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    server = watch(int(process.stdout.readline()))
    assert server.lasts  # though the child has called close
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "closed\n"
    assert server.ends(AT_ONCE)  # though the child lives
    assert process.poll() is None
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_programs_started_by_a_user_do_not_keep_the_server(folder, watch):
    pg = EmbeddedPostgres(folder, durable=False)
    pg.start()
    server = watch(folder)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False):
        pg.close()
        assert server.ends(AT_ONCE)


def test_temporary_folder_goes_with_a_killed_user():
    code = """
import sys
from pgazure.embedded import EmbeddedPostgres
with EmbeddedPostgres.temporary() as pg:
    print(pg.folder, flush=True)
    sys.stdin.read()
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    temporary = Path(process.stdout.readline().strip())
    with FileLock(temporary / "server.lock") as lock:
        process.kill()
        process.communicate(timeout=30)
        lock.wait()  # until keeper and server are gone
    assert not temporary.exists()


def test_temporary_folder_goes_though_the_keeper_was_killed(watch):
    with EmbeddedPostgres.temporary() as pg:
        temporary = pg.folder
        server = watch(temporary)
        os.kill(server.parent, signal.SIGKILL)
    assert server.ends(AT_ONCE)
    assert not temporary.exists()


def test_temporary_folder_stays_while_others_use_it(use):
    with EmbeddedPostgres.temporary() as pg:
        temporary = pg.folder
        other = use(temporary)
        conninfo = other.conninfo
    assert server_of(conninfo)
    other.leave()
    assert not temporary.exists()
