"""On the samples that come with the package, what is planned for the demo's steps is what is paid."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import make_notes, notes

if TYPE_CHECKING:
    import psycopg


def read_sample(name: str) -> list[str]:
    with Path(str(files("pgazure.samples") / name)).open(encoding="utf-8", newline="") as opened:
        _, *rows = csv.reader(opened)
    return ["\n".join(row) for row in rows]


@pytest.mark.parametrize("sample", ["reviews.csv", "listings.csv"])
async def test_the_plan_of_a_sample_is_within_one_percent_of_the_ledger(
    engine: pl.Engine, db: psycopg.Connection, sample: str
) -> None:
    bodies = read_sample(sample)
    assert len(bodies) > 10
    make_notes(db, *bodies)
    # A number of steps read what another one gives: the plan is about theirs.
    steps = [
        pl.detect_language(),
        pl.analyze_sentiment(),
        pl.extract_key_phrases(),
        pl.recognize_entities(),
        pl.recognize_pii_entities(),
        pl.translate(["es", "de"]),
        pl.summarize_extractive(sentence_count=2),
        pl.summarize_abstractive(sentence_count=2),
        pl.chunk(),
        pl.embed("text-embedding-3-small", dimensions=8, input="redacted_text"),
    ]
    await engine.apply(notes(*steps))
    plan = await engine.plan("notes")
    planned = {step.step: step for step in plan.steps if step.unit}
    report = await engine.run("notes")
    assert report.left == 0
    assert abs(plan.price - report.price) <= report.price / 100
    spent = {step.step: step.charge for step in report.steps}
    assert planned.keys() == spent.keys()
    for name, charge in spent.items():
        if name != "embed":
            assert abs(planned[name].units - charge.units) <= charge.units / 100, name
            assert abs(planned[name].price - charge.price) <= charge.price / 100, name
