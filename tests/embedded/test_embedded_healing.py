"""What a crash leaves behind heals; what is not ours is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pgazure.embedded import EmbeddedPostgres
from pgazure.embedded.account import server_account
from pgazure.errors import EmbeddedPostgresError


def write_pid_file(folder, pid):
    file = folder / "data" / "postmaster.pid"
    file.write_text(f"{pid}\n{folder}/data\n1700000000\n5432\n{folder}/socket\n\n  1234567         0\nready   \n")
    server_account().own(file)


def test_pid_file_of_a_dead_process_does_not_hinder(folder, recall):
    with subprocess.Popen(["true"]) as ended:
        pass
    write_pid_file(folder, ended.pid)
    assert recall(folder) == 42


def test_pid_file_of_an_unrelated_process_does_not_hinder_nor_harm_it(folder, recall):
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, **server_account().switch()) as unrelated:
        write_pid_file(folder, unrelated.pid)
        assert recall(folder) == 42
        assert unrelated.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through Linux's pidfd")
def test_data_folder_that_initdb_did_not_finish_is_made_anew(place, use, watch):
    user = use(place / "pg")
    while not (unfinished := list(place.glob("pg/making-*/global"))):
        assert user.process.poll() is None
    user.process.kill()
    keeper = keeper_of(place / "pg")
    life = watch(keeper)
    os.kill(keeper, signal.SIGKILL)
    assert life.ends()
    assert unfinished[0].exists()
    assert not (place / "pg" / "data").exists()
    with EmbeddedPostgres(place / "pg", durable=False):
        assert not list(place.glob("pg/making-*"))


def keeper_of(folder):
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = command.read_text()
        except OSError:
            continue
        if (
            "pgazure.embedded.keeper" in words
            and str(folder).encode("ascii", "backslashreplace").decode()[-12:] in words
        ):
            return int(command.parent.name)
    raise AssertionError("there is no keeper")


@pytest.mark.parametrize("made_before", ["pg", "pg/data"])
def test_empty_folder_is_filled(place, made_before):
    (place / made_before).mkdir(parents=True)
    if made_before == "pg/data":
        (place / "pg" / "users.lock").touch()
    with EmbeddedPostgres(place / "pg", durable=False):
        assert (place / "pg" / "data" / "PG_VERSION").exists()


@pytest.mark.parametrize("content", ["notes.txt", "PG_VERSION"])
def test_folder_with_something_else_is_refused_and_untouched(place, content):
    folder = place / "pg"
    folder.mkdir(mode=0o755)
    (folder / content).write_text("18\n")
    with pytest.raises(EmbeddedPostgresError, match="not empty and was not made by pgazure") as caught:
        EmbeddedPostgres(folder).start()
    assert str(folder) in str(caught.value)
    assert [entry.name for entry in folder.iterdir()] == [content]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_file_in_the_folders_place_is_refused(place):
    (place / "pg").write_text("not a folder")
    with pytest.raises(EmbeddedPostgresError, match="cannot be used for a server"):
        EmbeddedPostgres(place / "pg").start()
    assert (place / "pg").read_text() == "not a folder"


@pytest.fixture
def unlike(folder):
    """Change a file of the data folder for the length of a test."""
    kept = []

    def change(name, content):
        file = folder / "data" / name
        kept.append((file, file.rename(folder.parent / name)))
        if content is not None:
            file.write_text(content)
            server_account().own(file)

    yield change
    for file, original in kept:
        original.replace(file)


def test_data_of_another_major_version_is_refused_with_both_versions(folder, unlike):
    unlike("PG_VERSION", "13\n")
    with pytest.raises(
        EmbeddedPostgresError, match=r"made by PostgreSQL 13, and the server that was found is \d+\.\d+"
    ):
        EmbeddedPostgres(folder).start()


def test_damaged_data_folder_is_refused_and_not_overwritten(folder, unlike):
    unlike("PG_VERSION", None)
    with pytest.raises(EmbeddedPostgresError, match="is damaged: it has no PG_VERSION"):
        EmbeddedPostgres(folder).start()
    assert (folder / "data" / "base").is_dir()


def test_error_holds_the_end_of_the_servers_log(folder, unlike):
    unlike("pg_wal", None)
    with pytest.raises(EmbeddedPostgresError, match=r'did not start:\n(.*\n)*.*"pg_wal" does not exist'):
        EmbeddedPostgres(folder).start()


def test_failed_start_is_no_hindrance_to_the_next(folder, unlike, recall):
    good = (folder / "data" / "postgresql.conf").read_text()
    unlike("postgresql.conf", good + "no_such_parameter = 1\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_parameter"):
        EmbeddedPostgres(folder).start()
    (folder / "data" / "postgresql.conf").write_text(good)
    assert recall(folder) == 42


def test_time_limit_is_kept(place):
    with pytest.raises(EmbeddedPostgresError, match=r"was not ready after 0\.05 seconds"):
        EmbeddedPostgres(place / "pg", durable=False, timeout=0.05).start()
    with EmbeddedPostgres(place / "pg", durable=False) as pg:  # what was begun is finished or ended, never in the way
        assert pg.conninfo


def test_full_disk_is_explained(place):
    disk = place / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m,mode=711", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        with pytest.raises(EmbeddedPostgresError, match="No space left on device"):
            EmbeddedPostgres(disk / "pg", durable=False).start()
    finally:
        subprocess.run(["umount", disk], check=True)
