"""What the process that wants a server tells the one that keeps it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import Self

SUPERUSER = "postgres"
DATABASE = "pgazure"
PORT = 5432  # without TCP it names the socket's file, and no port is opened

# Parameters that the keeper sets, in no case its user.
RESERVED = frozenset(
    {"listen_addresses", "logging_collector", "port", "unix_socket_directories", "unix_socket_permissions"}
)


@dataclass(frozen=True, slots=True)
class Orders:
    """What a keeper is told.

    Attributes:
        folder: The server's folder.
        binaries: Where the server's programs are.
        major: Their major version.
        durable: Whether what is committed survives a crash of the machine.
        temporary: Whether the folder is removed when the server is no longer used.
        tcp: Whether the server listens on 127.0.0.1 as well.
        settings: Parameters of the server, by name.
        server_lock: Descriptor of the server's lock, taken by the process that gives the orders.
    """

    folder: str
    binaries: str
    major: int
    durable: bool
    temporary: bool
    tcp: bool
    settings: dict[str, str]
    server_lock: int

    def command(self) -> list[str]:
        """Return the command line of a keeper with these orders."""
        return [sys.executable, "-P", "-m", "pgazure.embedded.keeper", json.dumps(asdict(self))]

    @classmethod
    def read(cls, word: str) -> Self:
        """Return the orders that stand on a keeper's command line."""
        return cls(**json.loads(word))
