"""Answers of models that others than OpenAI made, in the shapes that the service passes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pgazure.emulator.openai.wire import write_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator.openai.chat_writing import Answer
    from pgazure.emulator.openai.models import Model

XAI_HEADERS = {
    "Cache-Control": "no-cache",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "*",
    "Vary": "access-control-request-headers",
    "azureai-requested-tier": "default",
    "azureai-processed-tier": "default",
}
"""Headers of an answer of one of xAI's models."""
_SEEN = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store, no-transform, must-revalidate, no-cache, max-age=0, private",
    "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Pragma": "no-cache",
    "Vary": "Origin",
}


def write_cohere_embeddings(
    model: Model, vectors: list[list[float]], spent: int, characters: int
) -> tuple[dict[str, Any], dict[str, str]]:
    """Write vectors as Cohere's models give them, which is never base64.

    Args:
        model: The model.
        vectors: The vectors.
        spent: Tokens of the texts.
        characters: Characters of the texts.

    Returns:
        The answer and its headers.
    """
    data = [{"index": index, "object": "embedding", "embedding": vector} for index, vector in enumerate(vectors)]
    usage = {"prompt_tokens": spent, "completion_tokens": 0, "total_tokens": spent}
    body = {"id": str(uuid4()), "object": "list", "data": data, "model": model.name, "usage": usage}
    counted = {"num-tokens": spent, "prompt-token-len": spent, "num-chars": characters, "sampling-token-len": 0}
    return body, _SEEN | {name: str(value) for name, value in counted.items()}


def write_xai(answer: Answer) -> dict[str, Any]:
    """Write a chat completion as xAI's models give it."""
    made = answer.made
    message: dict[str, Any] = {"role": "assistant", "content": "" if made.reply.calls else made.text}
    if made.reply.calls:
        message["tool_calls"] = [
            {
                "id": f"call_{place:08}",
                "index": place,
                "type": "function",
                "function": {"name": one.name, "arguments": one.arguments},
            }
            for place, one in enumerate(made.reply.calls)
        ]
    choice = {"message": message, "finish_reason": made.finish}
    usage = _count(answer)
    ordered = {name: usage[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    details = dict.fromkeys(("cached_tokens", "audio_tokens"), 0) | usage["prompt_tokens_details"]
    ordered |= {"audio_prompt_tokens": 0, "prompt_tokens_details": details}
    ordered |= {"completion_tokens_details": usage["completion_tokens_details"], "num_sources_used": 0}
    return {
        "id": answer.head["id"].removeprefix("chatcmpl-"),
        "model": answer.model.name,
        "choices": [{"index": index, **choice} for index in range(answer.choices)],
        "usage": ordered,
        "created": answer.head["created"],
        "object": "chat.completion",
        "prompt_filter_results": None,
    }


def stream_xai(answer: Answer, *, with_usage: bool) -> Iterator[bytes]:
    """Write it in pieces."""
    head = {
        "id": answer.head["id"].removeprefix("chatcmpl-"),
        "object": "chat.completion.chunk",
        "created": answer.head["created"],
        "model": answer.model.name,
    }
    last = {"system_fingerprint": "fp_0000000000", "service_tier": "default"}
    for index in range(answer.choices):
        for delta, finish in _list_deltas(answer):
            end = {"finish_reason": finish} if finish else {}
            yield write_event(head | {"choices": [{"index": index, "delta": delta, **end}]} | last)
    if with_usage:
        yield write_event(head | {"choices": [], "usage": _count(answer) | {"cost_in_usd_ticks": 0}} | last)
    yield b"data: [DONE]\n\n"


def _list_deltas(answer: Answer) -> Iterator[tuple[dict[str, Any], str]]:
    made = answer.made
    if made.reply.calls:
        calls = [
            {
                "id": f"call_{place:08}",
                "function": {"name": one.name, "arguments": one.arguments},
                "index": place,
                "type": "function",
            }
            for place, one in enumerate(made.reply.calls)
        ]
        yield {"role": "assistant", "tool_calls": calls}, ""
    for place, piece in enumerate(made.pieces):
        yield {"content": piece} | ({"role": "assistant"} if not place else {}), ""
    yield {}, made.finish


def _count(answer: Answer) -> dict[str, Any]:
    spent = answer.made.tokens * answer.choices
    return {
        "prompt_tokens": answer.prompt,
        "completion_tokens": spent,
        "total_tokens": answer.prompt + spent,
        "prompt_tokens_details": {
            "text_tokens": answer.prompt,
            "audio_tokens": 0,
            "image_tokens": 0,
            "cached_tokens": 0,
        },
        "completion_tokens_details": dict.fromkeys(
            ("reasoning_tokens", "audio_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"), 0
        ),
        "num_sources_used": 0,
    }
