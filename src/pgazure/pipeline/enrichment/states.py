"""The states of a queued row, of a step and of a circuit, and what takes them from one to another."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pgazure.pipeline.enrichment.circuit import CircuitState

if TYPE_CHECKING:
    from collections.abc import Mapping


class RowState(StrEnum):
    """Where a row of a source stands with its pipeline."""

    SETTLED = "settled"
    DUE = "due"
    LEASED = "leased"
    PAUSING = "pausing"


class StepState(StrEnum):
    """Whether a step does anything."""

    WORKS = "works"
    HALTED = "halted"


ROW_MOVES: Mapping[tuple[RowState, RowState], frozenset[str]] = {
    (RowState.SETTLED, RowState.DUE): frozenset({"gather", "enqueue"}),
    (RowState.DUE, RowState.LEASED): frozenset({"claim"}),
    (RowState.LEASED, RowState.SETTLED): frozenset({"settle"}),
    (RowState.LEASED, RowState.PAUSING): frozenset({"release"}),
    (RowState.LEASED, RowState.LEASED): frozenset({"heartbeat"}),
    (RowState.LEASED, RowState.DUE): frozenset({"gather", "enqueue", "rescue", "expire"}),
    (RowState.PAUSING, RowState.DUE): frozenset({"gather", "enqueue", "elapse", "wake"}),
}
"""A row that is not in the queue is settled; one in it is due, leased by a run, or pausing until it is due again."""

STEP_MOVES: Mapping[tuple[StepState, StepState], frozenset[str]] = {
    (StepState.WORKS, StepState.HALTED): frozenset({"halt"}),
    (StepState.HALTED, StepState.WORKS): frozenset({"resume"}),
}
"""A step is halted by what concerns all its rows, and resumed by a result or by a run that somebody starts."""

CIRCUIT_MOVES: Mapping[tuple[CircuitState, CircuitState], frozenset[str]] = {
    (CircuitState.CLOSED, CircuitState.OPEN): frozenset({"fail"}),
    (CircuitState.OPEN, CircuitState.TRYING): frozenset({"elapse", "try"}),
    (CircuitState.TRYING, CircuitState.OPEN): frozenset({"enter", "fail"}),
    (CircuitState.TRYING, CircuitState.CLOSED): frozenset({"succeed"}),
    (CircuitState.OPEN, CircuitState.CLOSED): frozenset({"succeed"}),
}
"""See :mod:`pgazure.pipeline.enrichment.circuit`; to enter is to send the one request that tries."""
