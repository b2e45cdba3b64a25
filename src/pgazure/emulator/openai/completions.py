# ruff: noqa: EM102, TRY003  # what is raised is built by a function, from a code and a message
"""The completions of old: a prompt and not a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from starlette.responses import Response

from pgazure.emulator.assistant import Conversation, Message
from pgazure.emulator.models import tokens
from pgazure.emulator.openai.models import COMPLETION
from pgazure.emulator.openai.sampling import (
    check_context,
    check_sampling,
    generate,
    read_choices,
    read_most,
    read_stops,
    weigh,
)
from pgazure.emulator.openai.wire import rate_answer, rate_prompt, refuse_openai, send_events, write_event
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgazure.emulator.call import Call
    from pgazure.emulator.openai.deployments import Deployment
    from pgazure.emulator.openai.models import Model
    from pgazure.emulator.openai.sampling import Generated
    from pgazure.emulator.openai.service import Account

_DEFAULT_MOST = 16
_MOST_PROMPTS = 20
_MOST_ALTERNATIVES = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request.

    Attributes:
        prompts: The prompts.
        most: Most tokens of each answer.
        stops: Texts that end an answer.
        choices: How many answers each prompt wants.
        alternatives: How many alternatives to show for each token; ``None`` where no probabilities are wanted.
        tokens: Tokens of the prompts, summed.
        items: The prompts for the counters.
    """

    prompts: Sequence[str]
    most: int
    stops: tuple[str, ...]
    choices: int
    alternatives: int | None
    tokens: int
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Completions:
    """What there is to completions."""

    name: ClassVar[str] = "Completions"
    verb: ClassVar[str] = "completion"
    capability: ClassVar[str] = COMPLETION

    def read(self, call: Call, deployment: Deployment) -> Question:
        """Check the request."""
        body, model = call.body, deployment.model
        check_sampling(body, model)
        # Where nothing is said, this API stops early.
        most = read_most(body, model, "max_tokens") or _DEFAULT_MOST
        prompts = _read_prompts(body, model)
        costs = [tokens.count(one, model.encoding) for one in prompts]
        check_context(model, max(costs), most, "prompt")
        stops = read_stops(body)
        items = [Item(self.name, f"{deployment.name} {most} {stops}", one, len(one)) for one in prompts]
        return Question(prompts, most, stops, read_choices(body), _read_alternatives(body), sum(costs), items)

    def answer(self, call: Call, question: Question, account: Account) -> Response:
        """Go on from the prompts."""
        body, model = call.body, account.deployment.model
        made = []
        for prompt in question.prompts:
            one = generate(Conversation((Message("user", prompt),)), model, question.most, question.stops)
            made += [(one, [prompt] if body.get("echo") else [])] * question.choices
        spent = sum(one.tokens for one, _ in made)
        account.charge(spent)
        head = {"id": f"cmpl-{uuid4().hex[:29]}", "object": "text_completion", "created": int(time())}
        head["model"] = model.name
        filtered = [
            {"prompt_index": place, "content_filter_results": rate_prompt()} for place in range(len(question.prompts))
        ]
        headers = account.headers(call)
        usage = {
            "completion_tokens": spent,
            "prompt_tokens": question.tokens,
            "total_tokens": question.tokens + spent,
        }
        if body.get("stream"):
            options = body.get("stream_options")
            wanted = isinstance(options, dict) and options.get("include_usage")
            events = _stream(head, filtered, made, question.alternatives, usage if wanted else None)
            return send_events(events, headers)
        choices = [
            _write_choice(place, [*before, *one.pieces], one.finish, question.alternatives)
            for place, (one, before) in enumerate(made)
        ]
        written = {**head, "prompt_filter_results": filtered, "choices": choices, "usage": usage}
        return Response(encode(written), headers=headers)


def _write_choice(place: int, pieces: list[str], finish: str | None, alternatives: int | None) -> dict[str, Any]:
    return {
        "content_filter_results": rate_answer(),
        "finish_reason": finish,
        "index": place,
        "logprobs": None if alternatives is None else _write_probabilities(pieces, alternatives),
        "text": "".join(pieces),
    }


def _write_probabilities(pieces: list[str], alternatives: int) -> dict[str, Any]:
    weighed = weigh(pieces, alternatives)
    starts = [sum(len(piece) for piece in pieces[:place]) for place in range(len(pieces))]
    return {
        "tokens": pieces,
        "token_logprobs": [one["logprob"] for one in weighed],
        "top_logprobs": [{seen["token"]: seen["logprob"] for seen in one["top_logprobs"]} for one in weighed],
        "text_offset": starts,
    }


def _stream(
    head: dict[str, Any],
    filtered: list[Any],
    made: list[tuple[Generated, list[str]]],
    alternatives: int | None,
    usage: dict[str, Any] | None,
) -> Iterator[bytes]:
    yield write_event({**head, "prompt_filter_results": filtered, "choices": []})
    for place, (one, before) in enumerate(made):
        for piece in (*before, *one.pieces):
            yield write_event(head | {"choices": [_write_choice(place, [piece], None, alternatives)]})
        yield write_event(head | {"choices": [_write_choice(place, [], one.finish, None)]})
    if usage is not None:
        yield write_event(head | {"choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def _read_prompts(body: dict[str, Any], model: Model) -> list[str]:
    given = body.get("prompt")
    prompts = [given] if isinstance(given, str) or tokens.are_ids(given) else given
    if not isinstance(prompts, list) or not prompts:
        prompts = [None]
    if len(prompts) > _MOST_PROMPTS:
        raise refuse_openai(f"Too many prompts. The max number of prompts is {_MOST_PROMPTS}.", "prompt")
    return [_read_prompt(one, model) for one in prompts]


def _read_prompt(given: Any, model: Model) -> str:
    text = tokens.decode(given, model.encoding) if tokens.are_ids(given) else given
    if isinstance(text, str):
        return text
    message = "Invalid value for 'prompt': expected a string, an array of strings, or arrays of tokens."
    raise refuse_openai(message, "prompt", "invalid_value")


def _read_alternatives(body: dict[str, Any]) -> int | None:
    count = body.get("logprobs")
    if count is None:
        return None
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _MOST_ALTERNATIVES:
        message = f"Invalid 'logprobs': expected an integer from 0 to {_MOST_ALTERNATIVES}."
        raise refuse_openai(message, "logprobs", "invalid_value")
    return count
