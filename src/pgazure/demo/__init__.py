"""The demonstration: a table enriched from end to end on one machine, with no Azure account."""

from __future__ import annotations

from pgazure.demo.story import Demonstration, Findings, demonstrate

__all__ = ["Demonstration", "Findings", "demonstrate"]
