"""The functions come into a database, and go out of it, as its roles and contents allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fix_functions import as_role
from fix_pg import own_server
from pgazure.bridge import install_functions, read_status, uninstall_functions
from pgazure.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fix_functions import Serve
    from pgazure.embedded import EmbeddedPostgres
    from pgazure.emulator import Emulator

CALL = "SELECT (azure_cognitive.analyze_sentiment('what a lovely day', 'en')).sentiment"
OBJECTS = """
SELECT format('%s %s', classid::regclass, pg_describe_object(classid, objid, 0)) FROM (
    SELECT 'pg_namespace'::regclass::oid AS classid, oid AS objid FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type
    UNION ALL SELECT 'pg_class'::regclass, oid FROM pg_class UNION ALL SELECT 'pg_authid'::regclass, oid FROM pg_roles
    UNION ALL SELECT 'pg_extension'::regclass, oid FROM pg_extension
) AS everything
"""


@pytest.fixture
def bare(bare_conninfo: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(bare_conninfo, autocommit=True) as connection:
        yield connection


def list_objects(connection: psycopg.Connection) -> set[str]:
    return {row[0] for row in connection.execute(OBJECTS)}


async def test_installing_twice_changes_nothing_and_uninstalling_leaves_nothing(bare, bare_conninfo):
    before = list_objects(bare)
    first = await install_functions(bare_conninfo)
    installed = list_objects(bare)
    second = await install_functions(bare_conninfo)
    assert (first.is_new, second.is_new) == (True, False)
    assert list_objects(bare) == installed
    assert len(installed) > len(before) + 80
    assert await uninstall_functions(bare_conninfo)
    assert list_objects(bare) == before
    assert not await uninstall_functions(bare_conninfo)


async def test_what_lets_others_read_texts_or_keys_is_told_with_what_to_do(bare, bare_conninfo):
    assert (await install_functions(bare_conninfo)).cautions == ()
    await uninstall_functions(bare_conninfo)
    bare.execute("CREATE SCHEMA tools; GRANT USAGE ON SCHEMA tools TO PUBLIC; CREATE EXTENSION dblink SCHEMA tools")
    bare.execute("CREATE PUBLICATION everything FOR ALL TABLES")
    try:
        dblink, publication = (await install_functions(bare_conninfo)).cautions
        assert "publication everything is FOR ALL TABLES" in publication
        bare.execute(dblink[dblink.index("REVOKE") :])
        bare.execute("DROP PUBLICATION everything")
        assert (await install_functions(bare_conninfo)).cautions == ()
    finally:
        await uninstall_functions(bare_conninfo)
        bare.execute("DROP SCHEMA tools CASCADE")


async def test_the_functions_need_no_extension_but_dblink(bare, bare_conninfo):
    await install_functions(bare_conninfo)
    assert {name for (name,) in bare.execute("SELECT extname FROM pg_extension")} == {"plpgsql", "dblink"}
    await uninstall_functions(bare_conninfo)


async def test_a_dblink_that_was_there_stays(bare, bare_conninfo, emulator: Emulator, serve_functions: Serve):
    bare.execute('CREATE SCHEMA "other place"; CREATE EXTENSION dblink WITH SCHEMA "other place"')
    await install_functions(bare_conninfo)
    with serve_functions(bare_conninfo, emulator.endpoint):
        assert bare.execute(CALL).fetchone() == ("positive",)
        bare.execute("SELECT \"other place\".dblink_disconnect('pgazure_bridge')")
    await uninstall_functions(bare_conninfo)
    assert bare.execute("SELECT count(*) FROM pg_extension WHERE extname = 'dblink'").fetchone() == (1,)


async def test_what_uses_the_functions_is_named_and_goes_only_when_asked(bare, bare_conninfo):
    await install_functions(bare_conninfo)
    bare.execute("""
        CREATE TABLE notes (body text, judged azure_cognitive.sentiment_analysis_result);
        CREATE VIEW moods AS SELECT (azure_cognitive.analyze_sentiment(body)).sentiment FROM notes;
    """)
    with pytest.raises(SchemaError, match=r"column judged of table public.notes.* view public.moods.*--cascade"):
        await uninstall_functions(bare_conninfo)
    assert bare.execute("SELECT count(*) FROM moods").fetchone() == (0,)
    assert await uninstall_functions(bare_conninfo, cascade=True)
    columns = bare.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'notes'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    assert columns.fetchall() == [("body",)]


async def test_a_schema_that_is_not_ours_stops_the_installation(bare, bare_conninfo):
    bare.execute("CREATE SCHEMA azure_openai")
    before = list_objects(bare)
    with pytest.raises(SchemaError, match="schema azure_openai that is not of pgazure"):
        await install_functions(bare_conninfo)
    assert list_objects(bare) == before


async def test_a_schema_pgazure_of_another_role_is_named_with_its_owner_and_what_to_do(managed):
    managed.create_dblink()
    with psycopg.connect(managed.conninfo("owner"), autocommit=True) as pipelines:
        pipelines.execute("CREATE SCHEMA pgazure; GRANT CREATE ON DATABASE shop TO poor")
        managed.admin.execute("ALTER ROLE poor CREATEROLE")
        wanted = (
            r'schema pgazure belongs to owner.* role "poor" may not.*GRANT CREATE, USAGE ON SCHEMA pgazure TO "poor"'
        )
        with pytest.raises(SchemaError, match=wanted):
            await install_functions(managed.conninfo("poor"))
        pipelines.execute("GRANT CREATE, USAGE ON SCHEMA pgazure TO poor")
        assert (await install_functions(managed.conninfo("poor"))).is_new
        assert await uninstall_functions(managed.conninfo("poor"))
        assert pipelines.execute("SELECT to_regnamespace('pgazure') IS NOT NULL").fetchone() == (True,)


async def test_no_function_of_somebody_else_gets_into_those_that_are_installed(bare, bare_conninfo):
    bare.execute("""
        CREATE SCHEMA mine;
        CREATE FUNCTION mine.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS 'SELECT $1';
        CREATE FUNCTION mine.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1';
        CREATE FUNCTION mine.jsonb_build_object(VARIADIC "any") RETURNS jsonb LANGUAGE internal AS 'jsonb_build_object';
    """)
    name = conninfo_to_dict(bare_conninfo)["dbname"]
    bare.execute(sql.SQL("ALTER DATABASE {} SET search_path = mine, pg_catalog").format(sql.Identifier(str(name))))
    await install_functions(bare_conninfo)
    used = bare.execute(
        "SELECT count(*) FROM pg_depend WHERE classid = 'pg_proc'::regclass"
        " AND refobjid IN (SELECT oid FROM pg_proc WHERE pronamespace = 'mine'::regnamespace)"
    ).fetchone()
    assert used == (0,)
    await uninstall_functions(bare_conninfo)


async def test_functions_of_a_newer_version_are_left_alone(bare, bare_conninfo):
    await install_functions(bare_conninfo)
    bare.execute("UPDATE pgazure_bridge.installation SET revision = 999, version = '9.9'")
    with pytest.raises(SchemaError, match=r"pgazure 9\.9.*upgrade pgazure"):
        await install_functions(bare_conninfo)
    bare.execute("UPDATE pgazure_bridge.installation SET revision = 1")
    await uninstall_functions(bare_conninfo)


async def test_functions_of_an_older_version_are_renewed(bare, bare_conninfo, emulator, serve_functions):
    await install_functions(bare_conninfo)
    bare.execute("""
        UPDATE pgazure_bridge.installation SET revision = 0, version = '0.0.1';
        ALTER TABLE pgazure_bridge.request RENAME COLUMN answer TO reply;
        DROP PROCEDURE pgazure_bridge.submit(text, text, interval);
        CREATE FUNCTION pgazure_bridge.submit(text, text, interval) RETURNS bigint LANGUAGE sql AS 'SELECT 1';
        CREATE TABLE notes (judged azure_cognitive.sentiment_analysis_result);
    """)
    done = await install_functions(bare_conninfo)
    assert not done.is_new
    with serve_functions(bare_conninfo, emulator.endpoint):
        assert bare.execute(CALL).fetchone() == ("positive",)
    await uninstall_functions(bare_conninfo, cascade=True)


async def test_another_edition_is_not_installed_over_the_first(bare_conninfo):
    await install_functions(bare_conninfo)
    with pytest.raises(SchemaError, match=r"edition flexible.*uninstall first"):
        await install_functions(bare_conninfo, edition="horizondb")
    await uninstall_functions(bare_conninfo)


async def test_a_database_without_the_functions_says_so(bare_conninfo):
    with pytest.raises(SchemaError, match="pgazure functions install"):
        await read_status(bare_conninfo)


async def test_a_role_that_may_not_see_the_functions_is_told_whom_to_be(bare, bare_conninfo):
    await install_functions(bare_conninfo)
    bare.execute("CREATE ROLE onlooker LOGIN")
    for work in (read_status, uninstall_functions, install_functions):
        with pytest.raises(SchemaError, match=r"onlooker|belong to"):
            await work(as_role(bare_conninfo, "onlooker"))
    bare.execute("DROP ROLE onlooker")
    await uninstall_functions(bare_conninfo)


class Managed:
    """A server as providers run it: everybody logs in with a password, and the owner is no superuser."""

    def __init__(self, server: EmbeddedPostgres, admin: psycopg.Connection) -> None:
        self._server = server
        self.admin = admin

    @property
    def superuser(self) -> str:
        return self._server.conninfo

    def conninfo(self, role: str) -> str:
        return make_conninfo(self._server.conninfo, user=role, password=role, dbname="shop")

    def create_dblink(self) -> None:
        """What the provider's administrator does."""
        with psycopg.connect(self._server.conninfo, dbname="shop", autocommit=True) as connection:
            connection.execute("CREATE EXTENSION dblink")


@pytest.fixture(scope="module")
def managed_server() -> Iterator[EmbeddedPostgres]:
    with own_server(tcp=True) as server:
        yield server


@pytest.fixture
def managed(managed_server: EmbeddedPostgres) -> Iterator[Managed]:
    roles = {"owner": "CREATEROLE", "poor": "", "caller": ""}
    with psycopg.connect(managed_server.conninfo, autocommit=True) as admin:
        for role, right in roles.items():
            statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} " + right)
            admin.execute(statement.format(sql.Identifier(role), sql.Literal(role)))
        admin.execute("CREATE DATABASE shop OWNER owner")
        yield Managed(managed_server, admin)
        admin.execute("DROP DATABASE shop WITH (FORCE)")
        found = admin.execute("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres'")
        for (left,) in found.fetchall():
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(left)))


async def test_an_owner_who_is_no_superuser_is_told_what_an_administrator_must_do(managed):
    with pytest.raises(SchemaError, match=r'role "owner" cannot create the extension dblink.*CREATE EXTENSION dblink'):
        await install_functions(managed.conninfo("owner"))
    with pytest.raises(SchemaError, match='GRANT CREATE ON DATABASE "shop" TO "poor"'):
        await install_functions(managed.conninfo("poor"))
    managed.create_dblink()
    managed.admin.execute("GRANT CREATE ON DATABASE shop TO poor")
    with pytest.raises(SchemaError, match=r'ALTER ROLE "poor" CREATEROLE, or name another role with --loopback'):
        await install_functions(managed.conninfo("poor"))
    with pytest.raises(SchemaError, match="password authentication failed"):
        await install_functions(managed.conninfo("poor"), loopback=loopback_of(managed, "caller", "wrong"))
    with psycopg.connect(managed.conninfo("poor")) as connection:
        assert connection.execute("SELECT to_regnamespace('azure_ai')").fetchone() == (None,)


def loopback_of(managed: Managed, role: str, password: str) -> str:
    found: dict[str, Any] = conninfo_to_dict(managed.conninfo(role))
    return make_conninfo("", host=found["host"], port=found["port"], user=role, password=password)


async def test_any_role_may_call_and_none_sees_more_than_its_answer(managed, emulator, serve_functions):
    managed.create_dblink()
    done = await install_functions(managed.conninfo("owner"))
    assert done.loopback_role.startswith("pgazure_bridge_")
    with (
        serve_functions(managed.conninfo("owner"), emulator.endpoint),
        psycopg.connect(managed.conninfo("caller"), autocommit=True) as caller,
    ):
        assert caller.execute(CALL).fetchone() == ("positive",)
        for forbidden in (
            "SELECT * FROM pgazure_bridge.request",
            "SELECT conninfo FROM pgazure_bridge.loopback",
            "SELECT * FROM azure_ai.settings",
            "SELECT pgazure_bridge.call('azure_cognitive.detect_language', '{}')",
            "SELECT azure_ai.set_setting('azure_openai.endpoint', 'https://evil.example')",
            # The connection that the session itself uses to hand in its calls.
            "SELECT * FROM dblink('pgazure_bridge', 'SELECT conninfo FROM pgazure_bridge.loopback') AS f (c text)",
            "SELECT * FROM dblink('pgazure_bridge', 'SELECT arguments FROM pgazure_bridge.request') AS f (c text)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                caller.execute(forbidden)
        caller.execute("SELECT pgazure.prefetch('azure_cognitive.detect_language', ARRAY['some text'])")
        with psycopg.connect(managed.conninfo("owner"), autocommit=True) as owner:
            owner.execute(
                "REVOKE EXECUTE ON FUNCTION "
                "azure_cognitive.analyze_sentiment(text, text, boolean, integer, boolean, integer, integer) FROM PUBLIC"
            )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            caller.execute(CALL)
    assert await uninstall_functions(managed.conninfo("owner"))
    left = managed.admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE '%azure%'").fetchall()
    assert left == []


async def test_a_dblink_that_the_owner_may_not_use_is_told_by_the_grants_that_are_missing(
    managed, emulator, serve_functions
):
    with psycopg.connect(make_conninfo(managed.superuser, dbname="shop"), autocommit=True) as admin:
        admin.execute("CREATE SCHEMA extensions; CREATE EXTENSION dblink WITH SCHEMA extensions")
        admin.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA extensions FROM PUBLIC")
        with pytest.raises(SchemaError, match="may not use the extension dblink") as refused:
            await install_functions(managed.conninfo("owner"))
        grants = str(refused.value).partition("have an administrator run ")[2].split("; ")
        assert [grant.split(" TO ")[1] for grant in grants] == ['"owner"', '"owner"']
        for grant in grants:
            admin.execute(grant.encode())
    await install_functions(managed.conninfo("owner"))
    with (
        serve_functions(managed.conninfo("owner"), emulator.endpoint),
        psycopg.connect(managed.conninfo("caller"), autocommit=True) as caller,
    ):
        assert caller.execute(CALL).fetchone() == ("positive",)
    await uninstall_functions(managed.conninfo("owner"))


async def test_an_owner_who_may_create_no_role_names_one(managed, emulator, serve_functions):
    managed.create_dblink()
    managed.admin.execute("GRANT CREATE ON DATABASE shop TO poor")
    managed.admin.execute("CREATE ROLE azure_ai_settings_manager NOLOGIN")
    done = await install_functions(managed.conninfo("poor"), loopback=loopback_of(managed, "caller", "caller"))
    assert done.loopback_role == "caller"
    with (
        serve_functions(managed.conninfo("poor"), emulator.endpoint),
        psycopg.connect(managed.conninfo("owner"), autocommit=True) as owner,
    ):
        assert owner.execute(CALL).fetchone() == ("positive",)
    await uninstall_functions(managed.conninfo("poor"))
    assert managed.admin.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'caller'").fetchone() == (1,)
