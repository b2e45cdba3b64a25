"""The functions of the facade behind one way to call them, whichever client they belong to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pgazure.client import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SCHEMAS = ("azure_cognitive", "azure_openai", "azure_ai", "azure_ml")


class Opened:
    """A client of either kind: ``await opened("analyze_sentiment", ...)``."""

    def __init__(self, client: AsyncClient | Client, schemas: tuple[str, ...]) -> None:
        self.client = client
        self._schemas = schemas

    async def __call__(self, method: str, *args: Any, **options: Any) -> Any:
        schema = next(s for s in self._schemas if hasattr(getattr(self.client, s), method))
        function: Callable[..., Any] = getattr(getattr(self.client, schema), method)
        if isinstance(self.client, AsyncClient):
            answer: Awaitable[Any] = function(*args, **options)
            return await answer
        return await asyncio.to_thread(function, *args, **options)

    async def close(self) -> None:
        if isinstance(self.client, AsyncClient):
            await self.client.close()
        else:
            await asyncio.to_thread(self.client.close)
