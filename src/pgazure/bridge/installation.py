"""Installing the functions in a database, and removing them without a trace."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import namedtuple_row

from pgazure.bridge.queue import REVISION
from pgazure.errors import ConfigurationError, SchemaError
from pgazure.sqlfiles import find_statement, sql_folder, trusted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from psycopg import AsyncConnection

Edition = Literal["flexible", "horizondb"]
EDITIONS: tuple[Edition, ...] = ("flexible", "horizondb")
"""Whose signatures the functions may have."""

_PUBLIC = {
    "flexible": ("azure_ai", "azure_cognitive", "azure_ml", "azure_openai"),
    "horizondb": ("azure_ai", "azure_cognitive", "azure_ml", "azure_openai", "model_registry"),
}
# With what their comments begin where an installation has created them.
_ROLES = {
    "azure_ai_settings_manager": "May read and change the settings of azure_ai",
    "model_registry_manager": "May use every model of model_registry",
}
_BRIDGE = "pgazure_bridge"
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Installation:
    """What was installed.

    Attributes:
        version: Version of pgazure.
        edition: ``flexible`` or ``horizondb``.
        is_new: Whether nothing was there before.
        loopback_role: Role as which the database connects to itself.
        cautions: What an administrator should know of this database: sentences, most often none.
    """

    version: str
    edition: Edition
    is_new: bool
    loopback_role: str
    cautions: tuple[str, ...] = ()


async def install_functions(
    conninfo: str, *, edition: Edition | None = None, loopback: str | None = None
) -> Installation:
    """Install or renew the functions of the ``azure_ai`` extension in a database; nothing is done by halves.

    Args:
        conninfo: The database, in libpq's form. The role becomes the owner of the functions.
        edition: Whose signatures; ``None`` keeps those that are installed, or takes ``flexible``.
        loopback: How the database connects to itself, in libpq's form and without ``dbname``, or the name of a
            foreign server; ``None`` creates a role for it and finds a way.

    Raises:
        ConfigurationError: The database cannot be reached.
        SchemaError: It does not allow it; the message names what is missing.
    """
    async with _connect(conninfo) as connection:
        async with connection.transaction():
            survey = await _survey(connection)
            edition = await _check(connection, survey, edition)
            owns_dblink = await _require_dblink(connection, survey)
            for text in _read_files(edition):
                await connection.execute(trusted(text))
            prepared = await _prepare_role(connection, survey, loopback)
            await _run(
                connection,
                "record_installation",
                version=version("pgazure"),
                revision=REVISION,
                edition=edition,
                owns_dblink=owns_dblink,
            )
        try:
            # A role can connect only when it is committed.
            async with connection.transaction():
                role = await _close_loop(connection, prepared)
        except SchemaError:
            if not survey.is_installed:
                await _remove(connection, cascade=True)
            raise
    return Installation(version("pgazure"), edition, not survey.is_installed, role, tuple(_caution(survey)))


async def uninstall_functions(conninfo: str, *, cascade: bool = False) -> bool:
    """Remove the functions, their types, settings and roles; say whether there was anything.

    Args:
        conninfo: The database, in libpq's form.
        cascade: Whether what others have made of them goes too: columns, views, functions.

    Raises:
        ConfigurationError: The database cannot be reached.
        SchemaError: The role may not, or something depends on them.
    """
    async with _connect(conninfo) as connection:
        return await _remove(connection, cascade=cascade)


@asynccontextmanager
async def _connect(conninfo: str) -> AsyncIterator[AsyncConnection[Any]]:
    try:
        connection = await psycopg.AsyncConnection.connect(
            conninfo, autocommit=True, row_factory=namedtuple_row, connect_timeout=10
        )
    except psycopg.Error as error:
        msg = f"cannot connect to the database: {' '.join(str(error).split())}; set PGAZURE_DSN or --dsn"
        raise ConfigurationError(msg) from None
    async with connection:
        await _run(connection, "fix_search_path")
        yield connection


async def _run(connection: AsyncConnection[Any], name: str, /, **values: Any) -> list[Any]:
    cursor = await connection.execute(find_statement("bridge", name), values)
    return await cursor.fetchall() if cursor.description else []


def _read_files(edition: str) -> Iterator[str]:
    for folder in (("bridge", "schema"), ("azure_ai",), ("azure_ai", edition)):
        place = sql_folder()
        for name in folder:
            place /= name
        if not place.is_dir():
            continue
        for file in sorted(place.iterdir(), key=lambda each: each.name):
            if file.name.endswith(".sql"):
                yield file.read_text(encoding="utf-8")


async def _survey(connection: AsyncConnection[Any]) -> Any:
    await _run(connection, "installation_lock")
    return (await _run(connection, "survey", schemas=[_BRIDGE, *_PUBLIC["horizondb"]]))[0]


async def _check(connection: AsyncConnection[Any], survey: Any, edition: Edition | None) -> Edition:
    if survey.has_extension:
        msg = (
            "the extension azure_ai is installed in this database and has these functions: use it, "
            "or run DROP EXTENSION azure_ai first"
        )
        raise SchemaError(msg)
    if survey.has_no_encoding:
        msg = (
            "this database has the encoding SQL_ASCII, which does not say what its texts are: install the functions "
            "in a database with another one, such as UTF8"
        )
        raise SchemaError(msg)
    if survey.may_create_helper is False:
        msg = (
            f'the schema pgazure belongs to {survey.helper_owner}, and role "{survey.role_name}" may not add '
            f"pgazure.prefetch to it: connect as that role, or have it run "
            f'GRANT CREATE, USAGE ON SCHEMA pgazure TO "{survey.role_name}" and GRANT USAGE ON SCHEMA pgazure TO PUBLIC'
        )
        raise SchemaError(msg)
    if not survey.is_installed:
        if survey.schemas:
            msg = (
                f"this database has a schema {', '.join(survey.schemas)} that is not of pgazure: rename or drop it, "
                "or install the functions in another database"
            )
            raise SchemaError(msg)
        if not survey.may_create_schema:
            msg = (
                f'role "{survey.role_name}" may not create schemas: have the owner of the database run '
                f'GRANT CREATE ON DATABASE "{survey.database}" TO "{survey.role_name}"'
            )
            raise SchemaError(msg)
        return edition or "flexible"
    await _check_owner(connection, survey)
    (installed,) = await _run(connection, "installed")
    if installed.revision > REVISION:
        msg = f"the functions are those of pgazure {installed.version}, which is newer: upgrade pgazure"
        raise SchemaError(msg)
    if edition not in {None, installed.edition}:
        msg = f"the functions are those of edition {installed.edition}: run pgazure functions uninstall first"
        raise SchemaError(msg)
    if installed.revision < REVISION:
        await _run(connection, "drop_transient")
        await _run(connection, "drop_exchange")
    return "horizondb" if installed.edition == "horizondb" else "flexible"


def _caution(survey: Any) -> Iterator[str]:
    if survey.is_dblink_public:
        yield (
            "everybody may execute dblink_connect, and so put a connection of his own in the place of the functions', "
            "which reads the texts of the calls in his session and answers them: have an administrator run "
            f"REVOKE EXECUTE ON FUNCTION {survey.dblink_schema}.dblink_connect(text), "
            f"{survey.dblink_schema}.dblink_connect(text, text) FROM PUBLIC"
        )
    if survey.publications:
        yield (
            f"the publication {', '.join(survey.publications)} is FOR ALL TABLES, the settings of the functions "
            "included: keep keys in the environment of pgazure functions serve, and name the tables to be published"
        )


async def _check_owner(connection: AsyncConnection[Any], survey: Any) -> None:
    (schema,) = await _run(connection, "schema_owner")
    if not schema.is_owner:
        msg = (
            f"the functions belong to {schema.owner}: connect as that role, or have it run "
            f'GRANT {schema.owner} TO "{survey.role_name}"'
        )
        raise SchemaError(msg)


async def _require_dblink(connection: AsyncConnection[Any], survey: Any) -> bool:
    if survey.dblink_schema is not None:
        if missing := await _run(connection, "missing_dblink_grants"):
            grants = "; ".join(f'GRANT {each.wanted} TO "{survey.role_name}"' for each in missing)
            msg = f'role "{survey.role_name}" may not use the extension dblink: have an administrator run {grants}'
            raise SchemaError(msg)
        return bool(survey.dblink_schema == "pgazure_dblink")
    if not survey.has_dblink:
        msg = "the functions need the extension dblink, which this server does not have: install PostgreSQL's contrib"
        raise SchemaError(msg)
    await _run(connection, "create_dblink_schema")
    try:
        async with connection.transaction():
            await _run(connection, "create_dblink")
    except psycopg.Error as error:
        msg = (
            f'role "{survey.role_name}" cannot create the extension dblink '
            f"({error.diag.message_primary}): have an administrator run CREATE EXTENSION dblink in this database"
        )
        raise SchemaError(msg) from None
    return True


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Ways for the database to connect to itself, the first that works to be taken."""

    ways: list[str]
    role_name: str | None


async def _prepare_role(connection: AsyncConnection[Any], survey: Any, loopback: str | None) -> _Prepared:
    known = await _run(connection, "loopback")
    if loopback is not None:
        return _Prepared([loopback], None)
    if known and known[0].role_name is None:
        return _Prepared([known[0].conninfo], None)
    name = f"pgazure_bridge_{survey.database_id}"
    password = secrets.token_urlsafe(32)
    ((present,),) = await _run(connection, "role_exists", name=name)
    statement = find_statement(
        "bridge",
        "change_role" if present else "create_role",
        role=sql.Identifier(name),
        password=sql.Literal(password),
    )
    try:
        async with connection.transaction():
            await connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        msg = (
            f'role "{survey.role_name}" may not {"change" if present else "create"} the role {name}, as which the '
            f"database connects to itself: have an administrator run "
            + (f'GRANT "{name}" TO "{survey.role_name}" WITH ADMIN OPTION' if present else "")
            + (f'ALTER ROLE "{survey.role_name}" CREATEROLE' if not present else "")
            + ", or name another role with --loopback 'host=… user=… password=…'"
        )
        raise SchemaError(msg) from None
    (found,) = await _run(connection, "addresses")
    hosts = [host.strip() for host in (found.sockets or "").split(",") if host.strip()]
    hosts += ["127.0.0.1", *([found.address] if found.address not in {None, "127.0.0.1"} else [])]
    ways = [make_conninfo("", host=host, port=found.port, user=name, password=password) for host in hosts]
    return _Prepared(ways, name)


async def _close_loop(connection: AsyncConnection[Any], prepared: _Prepared) -> str:
    ((may_connect_unchecked,),) = await _run(connection, "may_connect_unchecked")
    reasons = []
    for is_unchecked in (False, True) if may_connect_unchecked else (False,):
        for way in prepared.ways:
            try:
                async with connection.transaction():
                    ((role,),) = await _run(connection, "try_loopback", conninfo=way, is_unchecked=is_unchecked)
            except psycopg.Error as error:
                reasons.append(" ".join((error.diag.message_detail or error.diag.message_primary or "").split()))
                continue
            await connection.execute(find_statement("bridge", "grant_exchange", role=sql.Identifier(role)))
            await _run(
                connection, "set_loopback", conninfo=way, is_unchecked=is_unchecked, role_name=prepared.role_name
            )
            return str(role)
    msg = (
        "the database cannot connect to itself, which the functions need: "
        f"{'; '.join(dict.fromkeys(reasons))}. Let pg_hba.conf admit the role over 127.0.0.1 with scram-sha-256, or "
        "say how with --loopback 'host=… user=… password=…'; a role that is no superuser needs a password that the "
        "server asks for, or EXECUTE on dblink_connect_u(text, text)"
    )
    raise SchemaError(msg)


async def _remove(connection: AsyncConnection[Any], *, cascade: bool) -> bool:
    async with connection.transaction():
        survey = await _survey(connection)
        if not survey.is_installed:
            return False
        await _check_owner(connection, survey)
        (installed,) = await _run(connection, "installed") or [None]
        schemas = [_BRIDGE, *_PUBLIC["horizondb" if installed is None else installed.edition]]
        dependents = [row.description for row in await _run(connection, "dependents", schemas=schemas)]
        if dependents and not cascade:
            more = f" and {len(dependents) - _SHOWN} more" if len(dependents) > _SHOWN else ""
            msg = (
                f"these use the functions or their types: {', '.join(dependents[:_SHOWN])}{more}; change or drop them, "
                "or run pgazure functions uninstall --cascade, which drops them, columns with their contents"
            )
            raise SchemaError(msg)
        known = await _run(connection, "loopback")
        if survey.dblink_schema == "pgazure_dblink":
            await _run(connection, "drop_dblink")
        await _drop_helpers(connection)
        names = sql.SQL(", ").join(sql.Identifier(name) for name in schemas)
        await connection.execute(find_statement("bridge", "drop_schemas", schemas=names))
    if known and known[0].role_name is not None:
        await _drop_role(connection, known[0].role_name)
    for role, comment in _ROLES.items():
        found = await _run(connection, "role_comment", name=role)
        if found and (found[0].comment or "").startswith(comment):
            await _drop_role(connection, role)
    return True


async def _drop_helpers(connection: AsyncConnection[Any]) -> None:
    await _run(connection, "drop_helpers")
    if any(row.is_left for row in await _run(connection, "is_schema_left")):
        await _run(connection, "drop_empty_schema")


async def _drop_role(connection: AsyncConnection[Any], role: str) -> None:
    try:
        async with connection.transaction():
            await connection.execute(find_statement("bridge", "drop_role", role=sql.Identifier(role)))
    except (psycopg.errors.DependentObjectsStillExist, psycopg.errors.InsufficientPrivilege):
        # Another database of the server uses it.
        return
    except psycopg.errors.UndefinedObject:
        return
