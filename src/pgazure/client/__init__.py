"""The facade: one module per schema of the ``azure_ai`` extension."""

from __future__ import annotations

from pgazure.client.async_client import AsyncClient
from pgazure.client.sync import Client

__all__ = ["AsyncClient", "Client"]
