"""The commands over the functions."""

from __future__ import annotations

import json

from psycopg.conninfo import make_conninfo


def test_the_commands_install_show_and_remove_the_functions(cli, bare_conninfo):
    done = cli("functions", "install", "--dsn", bare_conninfo, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["edition"] == "flexible"
    shown = cli("functions", "status", "--dsn", bare_conninfo)
    assert "no server: run pgazure functions serve" in shown.out
    again = cli("functions", "install", "--dsn", bare_conninfo)
    assert "up to date (edition flexible" in again.out
    assert "functions removed" in cli("functions", "uninstall", "--dsn", bare_conninfo).out
    assert "no functions of pgazure" in cli("functions", "uninstall", "--dsn", bare_conninfo).out


def test_wrong_usage_is_told_without_a_traceback(cli, bare_conninfo):
    for arguments, code, says in (
        (("install", "--edition", "other"), 2, "--edition is one of flexible, horizondb"),
        (("status",), 3, "run pgazure functions install"),
        (("serve",), 3, "run pgazure functions install"),
    ):
        ended = cli("functions", *arguments, "--dsn", bare_conninfo)
        assert (ended.code, says in ended.err) == (code, True), ended.err
    unreachable = cli("functions", "serve", "--dsn", "host=127.0.0.1 port=1 password=hidden")
    assert unreachable.code == 2
    assert "cannot connect to the database" in unreachable.err
    assert "hidden" not in unreachable.err
    absent = cli("functions", "serve", "--dsn", make_conninfo(bare_conninfo, dbname="no_such_database"))
    assert absent.code == 2
    assert "no_such_database" in absent.err.partition(";")[0]
