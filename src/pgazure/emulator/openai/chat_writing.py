"""How an answer of chat completions is written: whole, or in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from pgazure.emulator.models import tokens
from pgazure.emulator.openai.sampling import weigh
from pgazure.emulator.openai.wire import fingerprint, pad, rate_answer, rate_prompt, write_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator.openai.models import Model
    from pgazure.emulator.openai.sampling import Generated


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be written.

    Attributes:
        made: What the model said.
        model: The model.
        choices: How often it is to be said.
        alternatives: How many alternatives to show for each token; ``None`` where no probabilities are wanted.
        prompt: Tokens of the prompt.
        legacy: Whether a call is written in the form before there were tools.
        head: Time, id and model, the same in every piece.
    """

    made: Generated
    model: Model
    choices: int
    alternatives: int | None
    prompt: int
    legacy: bool
    head: dict[str, Any]

    @property
    def usage(self) -> dict[str, Any]:
        """What it cost."""
        spent = self.made.tokens * self.choices
        return {
            "completion_tokens": spent,
            "completion_tokens_details": {
                "accepted_prediction_tokens": 0,
                "audio_tokens": 0,
                "reasoning_tokens": self.made.reasoning * self.choices,
                "rejected_prediction_tokens": 0,
            },
            "prompt_tokens": self.prompt,
            "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
            "total_tokens": self.prompt + spent,
        }

    @property
    def finish(self) -> str:
        """Why it ended."""
        return "function_call" if self.legacy and self.made.finish == "tool_calls" else self.made.finish

    def weigh(self, pieces: list[str]) -> dict[str, Any] | None:
        """Probabilities of its tokens, if they are wanted."""
        if self.alternatives is None:
            return None
        weighed = weigh(pieces, self.alternatives)
        refused = self.made.reply.refusal is not None
        return {"content": None if refused else weighed, "refusal": weighed if refused else None}


def write(answer: Answer) -> dict[str, Any]:
    """Write the whole answer."""
    return {
        "choices": [_write_choice(answer, index) for index in range(answer.choices)],
        **answer.head,
        "object": "chat.completion",
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": rate_prompt()}],
        "service_tier": "default",
        "system_fingerprint": fingerprint(answer.model),
        "usage": answer.usage,
    }


def _write_choice(answer: Answer, index: int) -> dict[str, Any]:
    made = answer.made
    refused = made.reply.refusal is not None
    message: dict[str, Any] = {
        "annotations": [],
        "content": None if made.reply.calls or refused else made.text,
        "refusal": made.text if refused else None,
        "role": "assistant",
    }
    if made.reply.calls and answer.legacy:
        call = made.reply.calls[0]
        message["function_call"] = {"arguments": call.arguments, "name": call.name}
    elif made.reply.calls:
        message["tool_calls"] = [
            {
                "function": {"arguments": one.arguments, "name": one.name},
                "id": _call_id(answer, index, place),
                "type": "function",
            }
            for place, one in enumerate(made.reply.calls)
        ]
    return {
        "content_filter_results": {} if made.reply.calls else rate_answer(),
        "finish_reason": answer.finish,
        "index": index,
        "logprobs": answer.weigh(made.pieces) if not made.reply.calls else None,
        "message": message,
    }


def _call_id(answer: Answer, index: int, place: int) -> str:
    mark = f"{answer.head['id']} {index} {place}"
    return f"call_{blake2b(mark.encode(), digest_size=12).hexdigest()}"


def stream(answer: Answer, *, with_usage: bool, padded: bool) -> Iterator[bytes]:
    """Write the answer in pieces.

    Args:
        answer: The answer.
        with_usage: Whether the last piece tells what it cost.
        padded: Whether every piece has padding.
    """
    filtered = [{"prompt_index": 0, "content_filter_results": rate_prompt()}]
    first = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": filtered}
    yield write_event(first)
    for index in range(answer.choices):
        for number, (delta, finish, rated, pieces) in enumerate(_list_deltas(answer, index)):
            choice = {
                "content_filter_results": rated,
                "delta": delta,
                "finish_reason": finish,
                "index": index,
                "logprobs": answer.weigh(pieces) if pieces else None,
            }
            yield write_event(_write_chunk(answer, [choice], f"{index}.{number}", padded, None if with_usage else ()))
    if with_usage:
        yield write_event(_write_chunk(answer, [], "usage", padded, answer.usage))
    yield b"data: [DONE]\n\n"


def _list_deltas(answer: Answer, index: int) -> Iterator[tuple[dict[str, Any], str | None, dict[str, Any], list[str]]]:
    """What each chunk adds, whether it ends the choice, what the filter says of it, and its tokens."""
    made = answer.made
    if made.reply.calls:
        opened = {"content": None, "refusal": None, "role": "assistant"}
        for place, one in enumerate(made.reply.calls):
            first: dict[str, Any] = {"arguments": "", "name": one.name}
            head = opened if not place else {}
            if answer.legacy:
                yield head | {"function_call": first}, None, {}, []
            else:
                named = {"function": first, "id": _call_id(answer, index, place), "index": place, "type": "function"}
                yield head | {"tool_calls": [named]}, None, {}, []
            for piece in tokens.cut(one.arguments, answer.model.encoding):
                more = {"arguments": piece}
                if answer.legacy:
                    yield {"function_call": more}, None, {}, []
                else:
                    yield {"tool_calls": [{"function": more, "index": place}]}, None, {}, []
    else:
        name = "content" if made.reply.refusal is None else "refusal"
        yield {"content": "" if name == "content" else None, "refusal": None, "role": "assistant"}, None, {}, []
        for piece in made.pieces:
            yield {name: piece}, None, rate_answer(), [piece]
    yield {}, answer.finish, {}, []


def _write_chunk(answer: Answer, choices: list[Any], mark: str, padded: bool, usage: Any) -> dict[str, Any]:
    chunk: dict[str, Any] = {"choices": choices, **answer.head}
    if padded:
        chunk["obfuscation"] = pad(answer.head["id"], mark)
    chunk |= {
        "object": "chat.completion.chunk",
        "service_tier": "default",
        "system_fingerprint": fingerprint(answer.model),
    }
    return chunk if usage == () else chunk | {"usage": usage}
