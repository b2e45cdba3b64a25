"""The schema ``pgazure``: installed and upgraded by forward-only migrations."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import psycopg

from pgazure.errors import SchemaError
from pgazure.pipeline.storage.database import fetch_all, fetch_one
from pgazure.pipeline.storage.statements import sql_folder, statement, trusted

if TYPE_CHECKING:
    from psycopg import AsyncConnection


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of ``sql/migrations``."""

    version: int
    name: str
    text: str

    @property
    def digest(self) -> str:
        """Hash of the file: a released one never changes."""
        return sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Read the migrations in order."""
    found = []
    for file in (sql_folder() / "migrations").iterdir():
        stem, dot, ending = file.name.rpartition(".")
        if dot and ending == "sql":
            version, _, name = stem.partition("_")
            found.append(Migration(int(version), name, file.read_text(encoding="utf-8").replace("\r\n", "\n")))
    return sorted(found, key=lambda m: m.version)


def functions() -> list[str]:
    """Read the files of ``sql/functions``: views and functions for people, made anew by every install."""
    files = (file for file in (sql_folder() / "functions").iterdir() if file.name.endswith(".sql"))
    return [file.read_text(encoding="utf-8") for file in sorted(files, key=lambda file: file.name)]


async def install(connection: AsyncConnection[Any]) -> list[Migration]:
    """Bring the schema up to date; return the migrations that this took, none where it was.

    Raises:
        SchemaError: The role may not create the schema, or the schema is newer than this pgazure.
    """
    done: list[Migration] = []
    async with connection.transaction():
        await connection.execute(statement("migration_lock"), {})
        schema = await fetch_one(connection, statement("schema_exists"), {"schema": "pgazure"})
        if schema is None:
            try:
                await connection.execute(trusted("CREATE SCHEMA pgazure"), {})
            except psycopg.errors.InsufficientPrivilege:
                role = connection.info.user
                msg = (
                    f'role "{role}" may not create a schema in this database: have its owner run '
                    f'CREATE SCHEMA pgazure AUTHORIZATION "{role}"'
                )
                raise SchemaError(msg) from None
        elif not schema.may_create:
            role = connection.info.user
            msg = (
                f'role "{role}" may not create in schema pgazure: have its owner run pgazure init, or become its owner'
            )
            raise SchemaError(msg)
        await connection.execute(statement("migrations_table"), {})
        applied = {row.version: row for row in await fetch_all(connection, statement("migrations_applied"))}
        known = migrations()
        _check_applied(applied, known)
        for migration in known:
            if migration.version not in applied:
                # One file is one transaction of several statements, which takes no parameters.
                await connection.execute(trusted(migration.text))
                record = {"version": migration.version, "name": migration.name, "sha256": migration.digest}
                await connection.execute(statement("migration_record"), record)
                done.append(migration)
        for text in functions():
            await connection.execute(trusted(text))
    return done


async def check(connection: AsyncConnection[Any]) -> None:
    """Make sure that the schema is there and up to date.

    Raises:
        SchemaError: It is missing, outdated or newer; the message says what to run.
    """
    try:
        if not (await fetch_one(connection, statement("migrations_exist"))).present:
            msg = "this database has no schema pgazure yet: run pgazure init"
            raise SchemaError(msg)
        applied = {row.version: row for row in await fetch_all(connection, statement("migrations_applied"))}
    except psycopg.errors.InsufficientPrivilege:
        msg = f'role "{connection.info.user}" may not read schema pgazure: have its owner grant it'
        raise SchemaError(msg) from None
    known = migrations()
    _check_applied(applied, known)
    if missing := [m.version for m in known if m.version not in applied]:
        msg = f"schema pgazure is outdated (migration {missing[0]} is not applied): run pgazure init"
        raise SchemaError(msg)


async def require_vector(connection: AsyncConnection[Any]) -> str:
    """Make sure that the extension ``vector`` is there; return the schema it lives in.

    Raises:
        SchemaError: It is not installed and cannot be; the message says what to run.
    """
    if found := await fetch_one(connection, statement("extension_schema"), {"extension": "vector"}):
        return str(found.name)
    try:
        async with connection.transaction():
            await connection.execute(trusted("CREATE EXTENSION vector"), {})
    except psycopg.errors.FeatureNotSupported:
        msg = (
            "an embed step needs the extension vector (pgvector), which this server does not have: install it, "
            "or take the embed step out; all other steps work without it"
        )
        raise SchemaError(msg) from None
    except (psycopg.errors.UndefinedFile, psycopg.errors.InsufficientPrivilege) as error:
        msg = (
            "an embed step needs the extension vector (pgvector), which cannot be created "
            f"({str(error).splitlines()[0]}): have a superuser run CREATE EXTENSION vector in this database"
        )
        raise SchemaError(msg) from None
    found = await fetch_one(connection, statement("extension_schema"), {"extension": "vector"})
    return str(found.name)


def _check_applied(applied: dict[int, Any], known: list[Migration]) -> None:
    by_version = {m.version: m for m in known}
    if newer := sorted(applied.keys() - by_version.keys()):
        msg = f"schema pgazure has migration {newer[-1]}, which this pgazure does not know: upgrade pgazure"
        raise SchemaError(msg)
    for version, row in applied.items():
        if row.sha256 != by_version[version].digest:
            msg = f"migration {version} ({row.name}) differs from the one that was applied: reinstall pgazure"
            raise SchemaError(msg)
