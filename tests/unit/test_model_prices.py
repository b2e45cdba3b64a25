"""What models cost: tokens sent and tokens written at their own prices, rerankers by searches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import pgazure.pipeline as pl
from pgazure.flow.observe import RequestRecord
from pgazure.flow.tokens import count_tokens
from pgazure.pipeline.enrichment.prices import Charge, PriceList

LISTED = PriceList()
CHAT = RequestRecord(
    "openai", "generate", "http://x", "gpt-4.1", 1, 9, 1, 1, 1500, 200, "r", datetime.now(UTC), 1.0, 1, None, 500
)


def test_what_a_model_was_sent_and_what_it_wrote_are_billed_apart() -> None:
    assert LISTED.bill(CHAT) == Charge("token", 1500, Decimal("0.002") + Decimal("0.004"))
    assert LISTED.bill(replace(CHAT, deployment="mine")).price == Decimal("0.0025") + Decimal("0.005")
    own = PriceList({"openai": {"mine": 1}, "answers": {"mine": 3}})
    assert own.bill(replace(CHAT, deployment="mine")).price == Decimal("0.001") + Decimal("0.0015")
    assert LISTED.bill(replace(CHAT, error_code="ContentFilter")) == Charge("token", 0, Decimal(0))
    embedded = replace(CHAT, operation="create_embeddings", deployment="text-embedding-3-small", answer_tokens=None)
    assert LISTED.bill(embedded).price == Decimal("0.00003")


@pytest.mark.parametrize(
    ("record", "charge"),
    [
        (replace(CHAT, service="rerank", deployment="Cohere-rerank-v3.5", items=101), Charge("search unit", 2, Decimal("0.004"))),
        (replace(CHAT, service="ml", deployment=None), Charge("request", 1, Decimal(0))),
        (replace(CHAT, service="ml", error_code="HTTP500"), Charge("request", 0, Decimal(0))),
    ],
)  # fmt: skip
def test_rerankers_are_billed_by_searches_and_endpoints_by_requests(record: RequestRecord, charge: Charge) -> None:
    assert LISTED.bill(record) == charge


def test_an_estimate_holds_the_whole_prompt_and_the_longest_answer_that_is_expected() -> None:
    text, told = "How was the stay? " * 20, "Be kind and short."
    sent = count_tokens(text, "gpt-4.1") + count_tokens(told, "gpt-4.1")
    charge = LISTED.estimate(pl.generate(system_prompt=told), [text])
    assert charge.unit == "token"
    assert sent + 1024 < charge.units < sent + 1024 + 32
    assert charge.price > Decimal("0.008") * 1024 / 1000
    assert LISTED.estimate(pl.rank("a"), ["x"] * 250) == Charge("search unit", 3, Decimal("0.006"))
    assert LISTED.estimate(pl.invoke(), ["x"] * 2) == Charge("request", 2, Decimal(0))
    assert LISTED.estimate(pl.call("m:f", returns={"a": "text"}), ["x"]) == Charge("", 0, Decimal(0))
