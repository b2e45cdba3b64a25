"""The gate: steps that must see redacted text only, and the paths around it, which are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgazure.pipeline.specification.spec import PipelineSpec
    from pgazure.pipeline.specification.steps import Step

# Where a whole pipeline is gated: what redaction itself needs, and what does not leave the machine.
_BEFORE_THE_GATE = {"recognize_pii_entities", "detect_language", "chunk"}


def find_way_around(pipeline: PipelineSpec) -> str | None:
    """Describe the first path on which text reaches a gated step unredacted; ``None`` where there is none."""
    for step in pipeline.steps:
        if (step.sees or (step.operation not in _BEFORE_THE_GATE and pipeline.sees)) and (
            path := _trace(pipeline, step, ())
        ):
            return (
                f"step {step.title} may see redacted text only, and this way leads around it: {' → '.join(path)}; "
                "write input = 'redacted_text', and have a recognize_pii_entities step"
            )
    return None


def _trace(pipeline: PipelineSpec, step: Step, after: tuple[str, ...]) -> tuple[str, ...] | None:
    """Follow what a step reads back to the source; ``None`` where redaction lies on every way."""
    path = (step.title, *after)
    if step.columns:
        return (f"column {step.columns[0]}", *path)
    reads = pipeline.input_of(step)
    if reads == "redacted_text":
        return None
    if reads == "text":
        return ("text of the source", *path)
    giver = next(other for other in pipeline.steps if other.gives == reads)
    return _trace(pipeline, giver, path)
