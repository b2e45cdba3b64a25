"""The facade, asynchronous and blocking, before a server that misbehaves on order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fix_facade import Facade
from fix_faults import FaultServer, serve_faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(params=["async", "sync"])
async def facade(request: pytest.FixtureRequest) -> AsyncIterator[Facade]:
    opened = Facade(request.param)
    yield opened
    await opened.close()


@pytest.fixture
async def faults() -> AsyncIterator[FaultServer]:
    async with serve_faults() as server:
        yield server
