"""The facade, asynchronous and blocking, behind one way to call it."""

from __future__ import annotations

import asyncio
from typing import Any

from pgazure.client import AsyncClient, Client

KEY = "a-key-that-must-stay-secret"


def arguments(endpoint: str, **more: Any) -> dict[str, Any]:
    """Arguments of a client for a local server that is quick to give up."""
    return {
        "language_endpoint": endpoint,
        "language_key": KEY,
        "translator_endpoint": endpoint,
        "translator_key": KEY,
        "openai_endpoint": endpoint,
        "openai_key": KEY,
        "retry_delay_ms": 1,
        "timeout_ms": 20_000,
        **more,
    }


class Facade:
    """One of the two clients behind one way to call it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clients: list[Any] = []

    def open(self, endpoint: str, **more: Any) -> Any:
        client: Any = (AsyncClient if self.kind == "async" else Client)(**arguments(endpoint, **more))
        self.clients.append(client)
        return _Caller(self.kind, client)

    async def close(self) -> None:
        for client in self.clients:
            if self.kind == "async":
                await client.close()
            else:
                await asyncio.to_thread(client.close)


class _Caller:
    def __init__(self, kind: str, client: Any) -> None:
        self._kind = kind
        self.client = client

    def __getattr__(self, method: str) -> Any:
        return self.of("azure_openai" if method == "create_embeddings" else "azure_cognitive", method)

    def of(self, schema: str, method: str) -> Any:
        """Give one method of one schema."""
        function = getattr(getattr(self.client, schema), method)

        async def call(*args: Any, **options: Any) -> Any:
            if self._kind == "async":
                return await function(*args, **options)
            return await asyncio.to_thread(function, *args, **options)

        return call
