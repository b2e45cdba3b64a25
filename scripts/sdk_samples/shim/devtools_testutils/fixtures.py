"""Fixtures that the tests expect to be there."""

from __future__ import annotations

import os
from typing import Any

import pytest


class _Variables:
    def get(self, name: str) -> str:
        return os.environ[name]

    def sanitize_batch(self, _: Any) -> None:
        pass


@pytest.fixture(scope="session")
def test_proxy() -> None:
    """Start nothing: what would record is not here."""


@pytest.fixture(scope="session")
def environment_variables() -> _Variables:
    """Hand out variables."""
    return _Variables()


@pytest.fixture
def recorded_test() -> dict[str, Any]:
    """Record nothing."""
    return {}
