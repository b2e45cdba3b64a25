"""Where the functions of the facade run: at the services, or in a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from pgazure.client.connections import Connections
    from pgazure.client.execution import Executor


class Schema(Protocol):
    """The functions of one schema: they check their arguments, describe an operation and hand it to an executor."""

    def __init__(self, connections: Connections, executor: Executor) -> None: ...


S = TypeVar("S", bound=Schema)


class Backend(Protocol):
    """What a client needs of the place where its functions run."""

    def bind(self, kind: type[S]) -> S:
        """Give the functions of a schema."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class ServicesBackend:
    """Runs the functions at the services, over their SDKs.

    Args:
        connections: The services.
        executor: What runs the operations.
    """

    def __init__(self, connections: Connections, executor: Executor) -> None:
        self._connections = connections
        self._executor = executor

    def bind(self, kind: type[S]) -> S:
        """Give the functions of a schema."""
        return kind(self._connections, self._executor)

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.close()
