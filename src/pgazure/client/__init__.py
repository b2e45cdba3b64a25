"""The facade: one module per schema of the ``azure_ai`` extension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.client.async_client import AsyncClient

if TYPE_CHECKING:
    from pgazure.client.sync import Client

__all__ = ["AsyncClient", "Client"]


def __getattr__(name: str) -> Any:
    # What is asynchronous, such as a run of a pipeline, has no use for the shells of the same around a thread.
    if name != "Client":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from pgazure.client.sync import Client  # noqa: PLC0415  as above

    return Client
