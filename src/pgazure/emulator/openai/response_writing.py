"""How an answer of the Responses API is written: whole, and as events."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import blake2b
from time import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pgazure.emulator.models import tokens
from pgazure.emulator.openai.sampling import weigh
from pgazure.emulator.openai.wire import pad, rate_answer, rate_prompt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator.openai.response_input import Question
    from pgazure.emulator.openai.sampling import Generated

_ENCRYPTED = "reasoning.encrypted_content"
_NO_TOKENS = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "total_tokens": 0,
}
_SEARCHES = ("web_search", "web_search_preview")
_SEARCH: dict[str, Any] = {
    "search_content_types": ["text"],
    "search_context_size": "medium",
    "user_location": {"type": "approximate", "city": None, "country": "US", "region": None, "timezone": None},
}
# What an answer repeats of its request, and what it says where the request is silent.
_ECHOED: dict[str, Any] = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": "in_memory",
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
    "metadata": {},
}
_LAST = ("metadata",)
_FIRST = ("id", "object", "created_at", "status")


def write(question: Question, made: Generated, deployment: str) -> dict[str, Any]:
    """Write the finished answer."""
    now = int(time())
    cut_off = made.finish == "length"
    status = "incomplete" if cut_off else "completed"
    prompt_length = sum(len(one.text) for one in question.conversation.messages)
    filters = [
        _write_filter("prompt", rate_prompt(), prompt_length),
        _write_filter("completion", rate_answer(), len(made.text)),
    ]
    written = {
        "id": f"resp_{uuid4().hex}{uuid4().hex[:18]}",
        "object": "response",
        "created_at": now,
        "status": status,
        "completed_at": None if cut_off else now,
        "content_filters": filters,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut_off else None,
        "model": deployment,
        "moderation": None,
        "output": _write_output(question, made, status),
        "reasoning": _write_reasoning(question),
        "service_tier": "default",
        "text": _write_text(question.body.get("text")),
        "tool_usage": {"image_gen": _NO_TOKENS, "web_search": {"num_requests": 0}},
        "tools": [_write_tool(tool) for tool in question.body.get("tools") or ()],
        "usage": {
            "input_tokens": question.tokens,
            "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
            "output_tokens": made.tokens,
            "output_tokens_details": {"reasoning_tokens": made.reasoning},
            "total_tokens": question.tokens + made.tokens,
        },
        **{name: _or(question.body.get(name), value) for name, value in _ECHOED.items()},
    }
    between = sorted(written.keys() - {*_FIRST, *_LAST})
    # As the service sorts them, all but the first and the last by name; it counts before it names the user.
    between = [name for name in between if name not in {"usage", "user"}] + ["usage", "user"]
    return {name: written[name] for name in (*_FIRST, *between, *_LAST)}


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _write_filter(source: str, rated: dict[str, Any], length: int) -> dict[str, Any]:
    return {
        "blocked": False,
        "source_type": source,
        "content_filter_raw": [],
        "content_filter_results": rated,
        "content_filter_offsets": {"start_offset": 0, "end_offset": length, "check_offset": 0},
    }


def _write_reasoning(question: Question) -> dict[str, Any]:
    if not question.effort:
        return {"effort": None, "summary": None}
    asked = question.body.get("reasoning") or {}
    return {"context": "current_turn", "effort": question.effort, "mode": "standard", "summary": asked.get("summary")}


def _write_text(asked: Any) -> dict[str, Any]:
    given = asked if isinstance(asked, dict) else {}
    form = given.get("format") or {"type": "text"}
    if form.get("type") == "json_schema":
        names = ("type", "description", "name", "schema", "strict")
        form = {name: form.get(name, True if name == "strict" else None) for name in names}
    return {"format": form, "verbosity": given.get("verbosity") or "medium"}


def _write_tool(tool: dict[str, Any]) -> dict[str, Any]:
    if tool.get("type") != "function":
        return {"type": tool["type"]} | _SEARCH | tool if tool.get("type") in _SEARCHES else tool
    known = {"type": "function", "description": None, "name": None, "output_schema": None, "parameters": None}
    return known | {"strict": True} | tool


def _write_output(question: Question, made: Generated, status: str) -> list[dict[str, Any]]:
    output: list[dict[str, Any]] = []
    if made.reasoning:
        thought: dict[str, Any] = {"id": f"rs_{uuid4().hex}", "type": "reasoning", "content": []}
        if _ENCRYPTED in (question.body.get("include") or ()):
            thought["encrypted_content"] = _seal(thought["id"], made.reasoning)
        output.append(thought | {"summary": []})
    if made.reply.calls:
        return output + [
            {
                "id": f"fc_{uuid4().hex}",
                "type": "function_call",
                "status": "completed",
                "arguments": one.arguments,
                "call_id": f"call_{uuid4().hex[:24]}",
                "name": one.name,
            }
            for one in made.reply.calls
        ]
    message = {"id": f"msg_{uuid4().hex}", "type": "message", "status": status}
    return [*output, {**message, "content": [_write_part(question, made, made.pieces)], "role": "assistant"}]


def _seal(name: str, length: int) -> str:
    """Something as opaque and about as long as what the service sends; nobody thought anything here."""
    blocks = (blake2b(f"{name} {place}".encode()).digest() for place in range(length // 16))
    return "gAAAAA" + urlsafe_b64encode(b"".join(blocks)).decode()


def _write_part(question: Question, made: Generated, pieces: list[str]) -> dict[str, Any]:
    text = "".join(pieces)
    if made.reply.refusal is not None:
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "annotations": [], "logprobs": _weigh(question, pieces), "text": text}


def _weigh(question: Question, pieces: list[str]) -> list[dict[str, Any]]:
    return [] if question.alternatives is None else weigh(pieces, question.alternatives)


def write_queued(done: dict[str, Any]) -> dict[str, Any]:
    """Write what is known of an answer before the work on it begins."""
    return _write_begun(done, "queued")


def write_cancelled(done: dict[str, Any]) -> dict[str, Any]:
    """Write an answer that was given up."""
    return _write_begun(done, "cancelled")


def _write_begun(done: dict[str, Any], status: str) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "output": [],
        "usage": None,
        "completed_at": None,
        "content_filters": None,
        "incomplete_details": None,
    }
    return done | empty | {"status": status, "service_tier": "auto"}


def list_events(question: Question, made: Generated, done: dict[str, Any], encoding: str) -> Iterator[dict[str, Any]]:
    """List the events of an answer, each with its number."""
    options = question.body.get("stream_options")
    padded = not isinstance(options, dict) or options.get("include_obfuscation") is not False
    for number, event in enumerate(_list_events(question, made, done, encoding)):
        if padded and event["type"].endswith(".delta"):
            event["obfuscation"] = pad(done["id"], number)
        event["sequence_number"] = number
        yield {"type": event["type"]} | dict(sorted(event.items()))


def _list_events(question: Question, made: Generated, done: dict[str, Any], encoding: str) -> Iterator[dict[str, Any]]:
    begun = _write_begun(done, "in_progress")
    if done["background"]:
        yield {"type": "response.created", "response": _write_begun(done, "queued")}
        yield {"type": "response.queued", "response": _write_begun(done, "queued")}
    else:
        yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(done["output"]):
        started: dict[str, Any] = item
        inside: list[dict[str, Any]] = []
        place = {"item_id": item["id"], "output_index": index}
        if item["type"] == "function_call":
            started = item | {"status": "in_progress", "arguments": ""}
            inside = [
                {"type": "response.function_call_arguments.delta", "delta": piece, **place}
                for piece in tokens.cut(item["arguments"], encoding)
            ]
            whole = {"arguments": item["arguments"], "name": item["name"]}
            inside.append({"type": "response.function_call_arguments.done", **whole, **place})
        elif item["type"] == "message":
            started = item | {"status": "in_progress", "content": []}
            inside = list(_list_text_events(question, made, place | {"content_index": 0}))
        yield {"type": "response.output_item.added", "item": started, "output_index": index}
        yield from inside
        yield {"type": "response.output_item.done", "item": item, "output_index": index}
    yield {"type": f"response.{done['status']}", "response": done}


def _list_text_events(question: Question, made: Generated, place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    refused = made.reply.refusal is not None
    name, key = ("refusal", "refusal") if refused else ("output_text", "text")

    def weighed(pieces: list[str]) -> dict[str, Any]:
        return {} if refused else {"logprobs": _weigh(question, pieces)}

    yield {"type": "response.content_part.added", "part": _write_part(question, made, []), **place}
    for piece in made.pieces:
        yield {"type": f"response.{name}.delta", "delta": piece, **weighed([piece]), **place}
    yield {"type": f"response.{name}.done", key: made.text, **weighed(made.pieces), **place}
    yield {"type": "response.content_part.done", "part": _write_part(question, made, made.pieces), **place}
