"""A PostgreSQL server of one's own: found, made, started and stopped by the Python process that needs it."""

from __future__ import annotations

from pgazure.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres"]
