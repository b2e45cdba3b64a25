"""What work costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import pgazure.pipeline as pl
from pgazure.errors import InvalidSpecError
from pgazure.flow.observe import RequestRecord
from pgazure.pipeline.enrichment.prices import Charge, PriceList

LISTED = PriceList()
RECORD = RequestRecord(
    "language", "analyze_sentiment", "http://x", None, 2, 2500, 4, 1, None, 200, "r", datetime.now(UTC), 1.0, 1, None
)


@pytest.mark.parametrize(
    ("step", "texts", "charge"),
    [
        (pl.analyze_sentiment(), ["x" * 1000, "x" * 1001, "x"], Charge("text record", 4, Decimal("0.004"))),
        (pl.summarize_abstractive(), ["x" * 999], Charge("text record", 1, Decimal("0.002"))),
        (pl.translate(["de", "fr"]), ["x" * 500, "ä" * 500], Charge("character", 1000, Decimal("0.01"))),
        (pl.embed("text-embedding-3-small"), ["one two three"] * 2, Charge("token", 6, Decimal("0.00000012"))),
        (pl.embed("mine", dimensions=3), ["one two three"], Charge("token", 3, Decimal("0.00000039"))),
        (pl.chunk(), ["x" * 5000], Charge("", 0, Decimal(0))),
    ],
)
def test_an_estimate_counts_in_the_units_that_are_billed(step, texts: list[str], charge: Charge) -> None:
    assert LISTED.estimate(step, texts) == charge


def test_a_text_that_is_sent_in_parts_is_estimated_in_parts() -> None:
    sentence = "The river ran slowly past the old mill and on to the sea. "
    text = sentence * 150
    one = LISTED.estimate(pl.summarize_extractive(), [text])
    cut = LISTED.estimate(pl.analyze_sentiment(), [text])
    assert one.units == -(-len(text) // 1000)
    assert cut.units > one.units


@pytest.mark.parametrize(
    ("record", "charge"),
    [
        (RECORD, Charge("text record", 4, Decimal("0.004"))),
        (
            replace(RECORD, service="translator", operation="translate", characters=300, targets=3),
            Charge("character", 900, Decimal("0.009")),
        ),
        (
            replace(
                RECORD,
                service="openai",
                operation="create_embeddings",
                deployment="text-embedding-3-large",
                tokens=1000,
            ),
            Charge("token", 1000, Decimal("0.00013")),
        ),
        (replace(RECORD, error_code="401", status_code=401), Charge("text record", 0, Decimal(0))),
        (replace(RECORD, status_code=None), Charge("text record", 0, Decimal(0))),
    ],
)
def test_a_bill_counts_what_was_answered(record: RequestRecord, charge: Charge) -> None:
    assert LISTED.bill(record) == charge


def test_prices_of_ones_own_lie_over_the_list() -> None:
    prices = PriceList({"language": {"analyze_sentiment": 2}, "openai": {"mine": 10, "default": 1.5}})
    assert prices.charge("language", "analyze_sentiment", 1000).price == 2
    assert prices.charge("language", "extract_key_phrases", 1000).price == 1
    assert prices.charge("openai", "mine", 1_000_000).price == 10
    assert prices.charge("openai", "another", 1_000_000).price == Decimal("1.5")


@pytest.mark.parametrize(
    ("own", "complaint"),
    [
        ({"speech": {}}, "there is no table speech; there are: language, translator, openai"),
        ({"language": 3}, "there is no table language"),
        ({"language": {"sing": 1}}, "prices.language: there is no operation sing"),
        ({"openai": {"mine": -1}}, "prices.openai.mine must be a number of USD"),
        ({"openai": {"mine": "1"}}, "must be a number"),
        ({"openai": {"mine": True}}, "must be a number"),
    ],
)
def test_prices_that_cannot_be_are_refused(own: dict, complaint: str) -> None:
    with pytest.raises(InvalidSpecError, match=complaint):
        PriceList(own)
