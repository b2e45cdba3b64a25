"""The states of a queued row, of a step and of a circuit, and what takes them from one to another."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pgazure.errors import AuthenticationError, CircuitOpenError, ConfigurationError, DeploymentNotFoundError
from pgazure.pipeline.enrichment.circuit import CircuitState

if TYPE_CHECKING:
    from collections.abc import Mapping

_PERMANENT = "pipeline_permanent"

AFTER_HALT = 60.0
"""Seconds until rows are tried again that no step has taken."""


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


@dataclass(frozen=True, slots=True)
class Halt:
    """Why a step stands still: no row can pass, and none is to blame.

    Attributes:
        error_class: ``pipeline_temporary`` or ``pipeline_permanent``.
        code: The service's code.
        message: What is wrong and what to do.
        seconds: When its rows are tried again.
    """

    error_class: str
    code: str
    message: str
    seconds: float = field(default=AFTER_HALT, compare=False)

    @classmethod
    def of(cls, error: Exception) -> Halt:
        """Describe an error that concerns the whole step."""
        permanent = isinstance(error, AuthenticationError | DeploymentNotFoundError | ConfigurationError)
        seconds = AFTER_HALT
        if isinstance(error, CircuitOpenError):
            permanent, seconds = error.permanent, error.retry_after or 0.0
        code = getattr(error, "code", None) or type(error).__name__
        return cls(_PERMANENT if permanent else "pipeline_temporary", str(code), str(error), seconds)

    @property
    def permanent(self) -> bool:
        """Whether it stays until somebody acts."""
        return self.error_class == _PERMANENT


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
