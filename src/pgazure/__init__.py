"""Azure AI for any Postgres."""

from __future__ import annotations
