"""Pipelines: tables kept enriched, row by row.

Write a pipeline with the builders (or in ``pgazure.toml``), then hand it to an
:class:`Engine`, which applies, plans and runs it.
"""

from __future__ import annotations

from pgazure.pipeline.apply import Changes
from pgazure.pipeline.builders import (
    Pipeline,
    analyze_sentiment,
    chunk,
    detect_language,
    embed,
    extract_key_phrases,
    recognize_entities,
    recognize_pii_entities,
    summarize_abstractive,
    summarize_extractive,
    table_source,
    translate,
)
from pgazure.pipeline.engine import Engine, PipelineStatus, RowError, RunReport, StepSpend, StepStatus
from pgazure.pipeline.planning import Plan, StepPlan
from pgazure.pipeline.runner import Progress
from pgazure.pipeline.spec import PipelineSpec
from pgazure.pipeline.specfile import SpecFile, read_file

__all__ = [
    "Changes",
    "Engine",
    "Pipeline",
    "PipelineSpec",
    "PipelineStatus",
    "Plan",
    "Progress",
    "RowError",
    "RunReport",
    "SpecFile",
    "StepPlan",
    "StepSpend",
    "StepStatus",
    "analyze_sentiment",
    "chunk",
    "detect_language",
    "embed",
    "extract_key_phrases",
    "read_file",
    "recognize_entities",
    "recognize_pii_entities",
    "summarize_abstractive",
    "summarize_extractive",
    "table_source",
    "translate",
]
