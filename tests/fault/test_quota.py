"""A quota that nobody announces is found, and hardly a request is wasted on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pgazure import AsyncClient, RequestRecord, observe_requests

if TYPE_CHECKING:
    from fix_emulator import MakeEmulator


@pytest.mark.parametrize("function", ["analyze_sentiment", "translate"])
async def test_few_requests_are_wasted_and_no_text_is_lost(make_emulator: MakeEmulator, function: str) -> None:
    server = make_emulator(rpm=1_800)
    options: dict[str, Any] = {
        f"{service}_{what}": value
        for service in ("language", "translator")
        for what, value in (("endpoint", server.endpoint), ("key", "emulator"))
    }
    records: list[RequestRecord] = []
    texts = [f"Room {number} was clean and quiet." for number in range(150)]
    async with AsyncClient(**options) as client:
        with observe_requests(records.append):
            more = {"target_language": "de"} if function == "translate" else {}
            results = await getattr(client.azure_cognitive, function)(texts, batch_size=1, **more)
    assert len(results) == len(texts)
    refused = [record for record in records if record.status_code == 429]
    assert refused, "the quota was never met"
    assert len(refused) / len(records) <= 0.05
    assert len(records) == len(texts) + len(refused)
