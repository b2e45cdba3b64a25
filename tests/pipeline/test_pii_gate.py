"""Where only redacted text may be seen, a pipeline with a way around is refused, and none is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import column, make_notes, notes
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.specification.spec import read_spec

if TYPE_CHECKING:
    import psycopg

    from pgazure.emulator import Emulator

DUTCH = "Het huis was erg mooi en de tuin was groot. We komen volgend jaar zeker terug met de kinderen."
PII = pl.recognize_pii_entities()
WITHIN = pl.redacted_only(pl.embed("text-embedding-3-small", input="redacted_text"))


@pytest.mark.parametrize(
    ("steps", "way"),
    [
        ([PII, pl.redacted_only(pl.analyze_sentiment())], "text of the source → analyze_sentiment"),
        (
            [PII, pl.summarize_extractive(), pl.redacted_only(pl.translate(["de"], input="extractive_summary"))],
            "text of the source → summarize_extractive → translate",
        ),
        (
            [PII, pl.chunk(), pl.redacted_only(pl.embed("text-embedding-3-small"))],
            "text of the source → chunk → embed",
        ),
        (
            [PII, pl.redacted_only(pl.generate("Answer {stars}: {input}", model="m", input="redacted_text"))],
            "column stars → generate",
        ),
    ],
)
def test_every_way_around_redaction_is_refused_by_name(steps: list[pl.PipelineSpec], way: str) -> None:
    with pytest.raises(InvalidSpecError) as refused:
        notes(*steps)
    assert f"leads around it: {way};" in str(refused.value)


def test_a_way_through_redaction_is_allowed() -> None:
    notes(PII, WITHIN)
    notes(PII, pl.chunk(input="redacted_text"), pl.redacted_only(pl.embed("text-embedding-3-small")))
    notes(
        PII,
        pl.summarize_extractive(input="redacted_text"),
        pl.redacted_only(pl.translate(["de"], input="extractive_summary")),
    )


def test_a_whole_pipeline_may_be_gated() -> None:
    notes(pl.detect_language(), PII, pl.analyze_sentiment(input="redacted_text"), sees="redacted")
    with pytest.raises(InvalidSpecError, match="leads around it: text of the source → analyze_sentiment"):
        notes(pl.detect_language(), PII, pl.analyze_sentiment(), sees="redacted")


def test_the_gate_is_kept_in_every_spelling() -> None:
    spelled = notes(PII, WITHIN).to_json()
    assert spelled["steps"][1]["embed"]["sees"] == "redacted"
    assert read_spec("notes", spelled) == notes(PII, WITHIN)
    spelled["steps"][1]["embed"].pop("input")
    with pytest.raises(InvalidSpecError, match="leads around it: text of the source → embed"):
        read_spec("notes", spelled)


async def test_a_row_that_could_not_be_redacted_does_not_reach_the_gated_step(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, "Maria Lopez lives in Seattle.", DUTCH)
    await engine.apply(notes(pl.detect_language(), PII, WITHIN))
    report = await engine.run("notes")
    assert report.parked == 1
    assert emulator.stats()["by_operation"]["Embeddings"]["items"] == 1
    (text,) = column(db, "SELECT chunk_text FROM notes_embeddings")
    assert "Lopez" not in text
    assert "***" in text


async def test_gating_a_step_pays_for_nothing_again(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, "Maria Lopez lives in Seattle.")
    await engine.apply(notes(PII, pl.embed("text-embedding-3-small", input="redacted_text")))
    await engine.run("notes")
    await engine.apply(notes(PII, WITHIN))
    assert (await engine.run("notes")).requests == 0
