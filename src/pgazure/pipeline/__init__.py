"""Pipelines: tables kept enriched, row by row.

Write a pipeline with the builders (or in ``pgazure.toml``), then hand it to an
:class:`Engine`, which applies, plans and runs it.
"""

from __future__ import annotations

from pgazure.pipeline.engine import Engine
from pgazure.pipeline.enrichment.planning import Plan, StepPlan
from pgazure.pipeline.enrichment.run import RunReport, StepSpend
from pgazure.pipeline.enrichment.runner import Progress
from pgazure.pipeline.enrichment.worker import Worker
from pgazure.pipeline.observation.lineage import Passage
from pgazure.pipeline.observation.monitoring import PipelineStatus, Problem, StepStatus, find_problems
from pgazure.pipeline.observation.spending import Spend
from pgazure.pipeline.revision.comparison import Changes
from pgazure.pipeline.revision.generations import Generations, StepGeneration, Switch
from pgazure.pipeline.revision.likeness import Likeness
from pgazure.pipeline.revision.orders import Order
from pgazure.pipeline.revision.removal import Removal
from pgazure.pipeline.specification.budget import Budget
from pgazure.pipeline.specification.builders import (
    Pipeline,
    analyze_sentiment,
    chunk,
    detect_language,
    embed,
    extract_key_phrases,
    recognize_entities,
    recognize_pii_entities,
    redacted_only,
    summarize_abstractive,
    summarize_extractive,
    table_source,
    translate,
)
from pgazure.pipeline.specification.language_builders import (
    analyze_opinions,
    classify_multi_label,
    classify_single_label,
    linked_entities,
    recognize_custom_entities,
    recognize_healthcare_entities,
    transliterate,
)
from pgazure.pipeline.specification.model_builders import call, extract, generate, invoke, is_true, rank
from pgazure.pipeline.specification.spec import PipelineSpec
from pgazure.pipeline.specification.specfile import SpecFile, read_file
from pgazure.pipeline.storage.past import Kept
from pgazure.pipeline.storage.row_errors import RowError

__all__ = [
    "Budget",
    "Changes",
    "Engine",
    "Generations",
    "Kept",
    "Likeness",
    "Order",
    "Passage",
    "Pipeline",
    "PipelineSpec",
    "PipelineStatus",
    "Plan",
    "Problem",
    "Progress",
    "Removal",
    "RowError",
    "RunReport",
    "SpecFile",
    "Spend",
    "StepGeneration",
    "StepPlan",
    "StepSpend",
    "StepStatus",
    "Switch",
    "Worker",
    "analyze_opinions",
    "analyze_sentiment",
    "call",
    "chunk",
    "classify_multi_label",
    "classify_single_label",
    "detect_language",
    "embed",
    "extract",
    "extract_key_phrases",
    "find_problems",
    "generate",
    "invoke",
    "is_true",
    "linked_entities",
    "rank",
    "read_file",
    "recognize_custom_entities",
    "recognize_entities",
    "recognize_healthcare_entities",
    "recognize_pii_entities",
    "redacted_only",
    "summarize_abstractive",
    "summarize_extractive",
    "table_source",
    "translate",
    "transliterate",
]
