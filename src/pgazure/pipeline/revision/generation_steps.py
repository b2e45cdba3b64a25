"""The steps that fill generations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.pipeline.specification.spec import STEPS
from pgazure.pipeline.storage.database import fetch_all
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from pgazure.pipeline.specification.spec import PipelineSpec, Step


async def add_generations(connection: AsyncConnection[Any], pipeline_id: int, pipeline: PipelineSpec) -> PipelineSpec:
    """Return a pipeline with one more step for each generation that is to be filled."""
    rows = await fetch_all(connection, statement("generation_list"), {"pipeline_id": pipeline_id})
    titles = {step.title for step in pipeline.steps}
    new = [
        shadow_step(read_step(row), row.step, row.result_table, row.generation)
        for row in rows
        if row.state == "new" and row.step in titles
    ]
    return pipeline.with_steps([*pipeline.steps, *new]) if new else pipeline


def name_generation(step: str, generation: int) -> str:
    """Name the step that fills a generation."""
    return f"{step}_g{generation}"


def read_step(row: Any) -> Step:
    """Read the step that a generation is made by."""
    ((operation, parameters),) = row.spec.items()
    return STEPS[operation].model_validate(parameters)


def shadow_step(step: Step, title: str, table: str, generation: int) -> Step:
    """Make the step that fills a generation, beside the one that readers see."""
    return step.model_copy(update={"name": name_generation(title, generation), "table": table})
