"""Pipelines: tables kept enriched, row by row.

Write a pipeline with the builders (or in ``pgazure.toml``), then hand it to an
:class:`Engine`, which applies, plans and runs it.
"""

from __future__ import annotations

from pgazure.pipeline.builders import (
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
from pgazure.pipeline.comparison import Changes
from pgazure.pipeline.engine import Engine, RowError, RunReport, StepSpend
from pgazure.pipeline.generations import Generations, StepGeneration, Switch
from pgazure.pipeline.language_builders import (
    analyze_opinions,
    classify_multi_label,
    classify_single_label,
    linked_entities,
    recognize_custom_entities,
    recognize_healthcare_entities,
    transliterate,
)
from pgazure.pipeline.likeness import Likeness
from pgazure.pipeline.lineage import Passage
from pgazure.pipeline.model_builders import call, extract, generate, invoke, is_true, rank
from pgazure.pipeline.monitoring import PipelineStatus, Problem, StepStatus, find_problems
from pgazure.pipeline.orders import Order
from pgazure.pipeline.past import Kept
from pgazure.pipeline.planning import Plan, StepPlan
from pgazure.pipeline.removal import Removal
from pgazure.pipeline.runner import Progress
from pgazure.pipeline.spec import PipelineSpec
from pgazure.pipeline.specfile import SpecFile, read_file
from pgazure.pipeline.spending import Spend
from pgazure.pipeline.worker import Worker

__all__ = [
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
