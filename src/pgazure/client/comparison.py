"""The same texts at a service and with a chat model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pgazure.client.inputs import read_texts
from pgazure.errors import ConfigurationError
from pgazure.flow.agreement import COMPARABLE, measure_agreement
from pgazure.types import Comparison

if TYPE_CHECKING:
    from pgazure.client.azure_cognitive import AsyncAzureCognitive
    from pgazure.client.inputs import Texts


async def run_both(
    by_service: AsyncAzureCognitive,
    by_model: AsyncAzureCognitive,
    operation: str,
    text: Texts,
    options: dict[str, Any],
) -> Comparison:
    """Run ``operation`` with both and compare the results.

    Raises:
        ConfigurationError: The results of ``operation`` cannot be compared.
    """
    if operation not in COMPARABLE:
        msg = f"operation must be one of {', '.join(COMPARABLE)}"
        raise ConfigurationError(msg)
    texts, single = read_texts(text, "text")
    if single:
        msg = "text must be a list of str"
        raise TypeError(msg)
    asked = {**options, "throw_on_error": False}
    try:
        async with asyncio.TaskGroup() as group:
            service = group.create_task(getattr(by_service, operation)(texts, **asked))
            model = group.create_task(getattr(by_model, operation)(texts, **asked))
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    pairs = zip(service.result(), model.result(), strict=True)
    scores = [measure_agreement(operation, one, other) for one, other in pairs]
    known = [score for score in scores if score is not None]
    return Comparison(operation, scores, sum(known) / len(known) if known else None, service.result(), model.result())
