"""Search over what pipelines have embedded."""

from __future__ import annotations

from pgazure.search.vector import Hit, search

__all__ = ["Hit", "search"]
