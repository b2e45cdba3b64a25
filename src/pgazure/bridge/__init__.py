"""The functions of the ``azure_ai`` extension on any Postgres: installed in a database, answered by a server."""

from __future__ import annotations

from pgazure.bridge.installation import EDITIONS, Installation, install_functions, uninstall_functions
from pgazure.bridge.server import Server
from pgazure.bridge.status import FunctionsStatus, ServerStatus, read_status

__all__ = [
    "EDITIONS",
    "FunctionsStatus",
    "Installation",
    "Server",
    "ServerStatus",
    "install_functions",
    "read_status",
    "uninstall_functions",
]
