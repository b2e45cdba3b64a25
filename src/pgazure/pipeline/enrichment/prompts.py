"""The prompts of steps that a chat model answers, as the client sends them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pgazure.client.chat_requests import extracting, judging
from pgazure.client.ranking import ranking
from pgazure.flow.json_schema import read_wrapper
from pgazure.pipeline.specification import spec
from pgazure.services.chat import Prompting
from pgazure.services.exchange import Document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.pipeline.specification.model_steps import ChatStep


def write_prompt(step: ChatStep, texts: Sequence[str]) -> str:
    """Write all that a request about these texts says: instructions, texts, and the form of the answer."""
    prompting = _prompt(step)
    messages = prompting.messages([Document(text) for text in texts])
    parts = [message["content"] for message in messages]
    if prompting.json_schema is not None:
        parts.append(json.dumps(prompting.json_schema))
    return "\n".join(parts)


def _prompt(step: ChatStep) -> Prompting[Any]:
    match step:
        case spec.Generate():
            schema = None if step.json_schema is None else read_wrapper(step.json_schema)
            return Prompting(step.operation, step.model, step.system_prompt, schema)
        case spec.Extract():
            return extracting(step.model, list(step.data))
        case spec.Rank():
            return ranking(step.model, step.query)
        case _:
            return judging(step.model)
