"""A server for clients that know no Unix sockets."""

from __future__ import annotations

import socket
import stat

import psycopg
import pytest

from pgazure.embedded import EmbeddedPostgres
from pgazure.errors import EmbeddedPostgresError


@pytest.fixture(scope="module")
def server():
    with EmbeddedPostgres.temporary(tcp=True) as running:
        yield running


def test_a_connection_over_tcp_is_asked_for_a_password(server):
    with psycopg.connect(server.conninfo) as connection:
        address = connection.execute("SELECT inet_server_addr()::text, current_user").fetchone()
    assert address == ("127.0.0.1/32", "postgres")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.conninfo, password="guessed")


def test_the_password_is_in_a_file_that_only_its_owner_reads(server):
    file = server.folder / "password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text()) >= 32
    assert file.read_text() not in repr(server)
    assert file.read_text() not in (server.folder / "server.log").read_text()


def test_users_of_the_socket_and_of_the_port_share_one_server(server):
    with (
        EmbeddedPostgres(server.folder) as other,
        psycopg.connect(other.conninfo) as near,
        psycopg.connect(server.conninfo) as far,
    ):
        query = "SELECT pg_postmaster_start_time(), inet_server_addr() IS NULL"
        (one, by_socket), (two, by_port) = near.execute(query).fetchone(), far.execute(query).fetchone()
    assert one == two
    assert by_socket
    assert not by_port


def test_a_server_without_tcp_is_told_apart_at_once():
    with EmbeddedPostgres.temporary() as near:
        with psycopg.connect(near.conninfo) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        with pytest.raises(EmbeddedPostgresError, match="started without TCP"):
            EmbeddedPostgres(near.folder, tcp=True).start()


def test_where_there_are_no_unix_sockets_every_server_uses_tcp(monkeypatch):
    monkeypatch.delattr(socket, "AF_UNIX")
    server = EmbeddedPostgres.temporary()
    monkeypatch.undo()
    with server, psycopg.connect(server.conninfo) as connection:
        assert connection.info.host == "127.0.0.1"
