"""The recordings, and a client before a server that plays them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from recordings import Recordings, sort_recordings
from stage import Stage, open_stage

from fix_facade import arguments
from pgazure import AsyncClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(scope="session")
def recordings() -> Recordings:
    folder = os.environ.get("PGAZURE_RECORDINGS", "")
    if not folder:
        pytest.skip("PGAZURE_RECORDINGS names no folder of recorded answers")
    return sort_recordings(Path(folder))


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[Any]:
    async with AsyncClient(**arguments(stage.endpoint, max_attempts=1)) as opened:
        yield opened
