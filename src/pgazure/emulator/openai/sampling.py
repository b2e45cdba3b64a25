# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""The parameters that steer a chat model, checked; and what it then says, cut as they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgazure.emulator import assistant
from pgazure.emulator.models import tokens
from pgazure.emulator.openai.wire import refuse_openai, refuse_type

if TYPE_CHECKING:
    from pgazure.emulator.assistant import Conversation, Reply
    from pgazure.emulator.openai.models import Model

_RANGES = (
    ("temperature", 0, 2),
    ("top_p", 0, 1),
    ("presence_penalty", -2, 2),
    ("frequency_penalty", -2, 2),
)
_FIXED = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
_NOT_REASONING = ("logprobs", "top_logprobs", "logit_bias", "stop")
_BLOCK = 64
_MOST_STOPS = 4
_MOST_CHOICES = 128
_MOST_ALTERNATIVES = 20
_EFFORTS = {"none": 0, "minimal": 0, "low": 64, "medium": 128, "high": 256, "xhigh": 512}
# Tokens that could stand in any place, for those who want to see what else might have been said.
_USUAL = (
    *(" the", " a", " and", " to", " of", " in", " is", " it", " for", " that", " with", " on", " was", " this", " as"),
    *(",", ".", "\n", ":", '"', "I", "The"),
)
_CERTAIN, _UNLIKELY, _STEP = -0.02, -5.5, -0.25


@dataclass(frozen=True, slots=True)
class Generated:
    """What a model said.

    Attributes:
        reply: The message.
        pieces: Its text, or its refusal, token by token.
        finish: ``stop``, ``length`` or ``tool_calls``.
        tokens: What it costs, with what was thought and not said.
        reasoning: The part of it that was thought and not said.
    """

    reply: Reply
    pieces: list[str]
    finish: str
    tokens: int
    reasoning: int = 0

    @property
    def text(self) -> str:
        """The text, or the refusal."""
        return "".join(self.pieces)


def generate(
    conversation: Conversation,
    model: Model,
    most: int | None,
    stops: tuple[str, ...] = (),
    reasoning: int = 0,
) -> Generated:
    """Let the model say its next message.

    Args:
        conversation: What was said so far.
        model: Which model; it decides how tokens are counted.
        most: Most tokens of the answer, with what is thought.
        stops: Texts that end the answer; they are not part of it.
        reasoning: Tokens that the model thinks for before it speaks.
    """
    reply = assistant.reply(conversation)
    if most is not None:
        # It thinks in blocks, and keeps half of what it may spend for what it says.
        reasoning = min(reasoning, most // 2 // _BLOCK * _BLOCK)
    left = None if most is None else most - reasoning
    if reply.calls:
        cost = sum(tokens.count(f"{call.name}{call.arguments}", model.encoding) for call in reply.calls)
        return Generated(reply, [], "tool_calls", cost + 1 + reasoning, reasoning)
    text = reply.refusal if reply.refusal is not None else reply.text
    ends = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    text = text[: min(ends)] if ends else text
    pieces = tokens.cut(text, model.encoding)
    # The mark that ends an answer is a token too.
    if left is not None and len(pieces) + 1 > left:
        short = tokens.cut(text, model.encoding, left)
        return Generated(reply, short, "length", len(short) + reasoning, reasoning)
    return Generated(reply, pieces, "stop", len(pieces) + 1 + reasoning, reasoning)


def check_sampling(body: dict[str, Any], model: Model) -> None:
    """Check temperature and its like.

    Raises:
        Refusal: A number is out of range, or the model does not take the parameter.
    """
    for name, low, high in _RANGES:
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise refuse_type(name, "a decimal")
        if not low <= value <= high:
            side, sign, edge = ("above maximum", "<=", high) if value > high else ("below minimum", ">=", low)
            message = (
                f"Invalid '{name}': decimal {side} value. Expected a value {sign} {edge}, but got {value} instead."
            )
            raise refuse_openai(message, name, f"decimal_{'above_max' if value > high else 'below_min'}_value")
        if model.reasons and value != _FIXED[name]:
            message = (
                f"Unsupported value: '{name}' does not support {value} with this model. "
                f"Only the default ({_FIXED[name]}) value is supported."
            )
            raise refuse_openai(message, name, "unsupported_value")
    for name in _NOT_REASONING if model.reasons else ():
        if body.get(name):
            raise refuse_openai(
                f"Unsupported parameter: '{name}' is not supported with this model.", name, "unsupported_parameter"
            )
    seed = body.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise refuse_type("seed", "an integer")


def read_effort(given: Any, model: Model, param: str) -> tuple[str, int]:
    """How hard the model is to think, and how many tokens it thinks for.

    Raises:
        Refusal: It is none of the efforts there are, or no reasoning model.
    """
    if given is None:
        return model.effort, 0 if model.adapts else _EFFORTS.get(model.effort, 0)
    if not model.reasons:
        raise refuse_openai(
            f"Unsupported parameter: '{param}' is not supported with this model.", param, "unsupported_parameter"
        )
    if not isinstance(given, str) or given not in _EFFORTS:
        known = "'none', 'minimal', 'low', 'medium', 'high', and 'xhigh'"
        raise refuse_openai(f"Invalid value: '{given}'. Supported values are: {known}.", param, "invalid_value")
    return given, _EFFORTS[given]


def read_most(body: dict[str, Any], model: Model, *names: str, least: int = 1) -> int | None:
    """Most tokens that an answer may have, from whichever of the parameters is given.

    Raises:
        Refusal: Two are given, or it is not a whole number, or out of range, or not taken by the model.
    """
    given = [name for name in names if body.get(name) is not None]
    if len(given) > 1:
        message = f"Setting '{names[-1]}' and '{names[0]}' at the same time is not supported."
        raise refuse_openai(message, names[-1], "invalid_parameter_combination")
    for name in given:
        value = body[name]
        if model.reasons and name == "max_tokens":
            message = (
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead."
            )
            raise refuse_openai(message, name, "unsupported_parameter")
        if isinstance(value, bool) or not isinstance(value, int):
            raise refuse_type(name, "an integer")
        if value < least:
            message = (
                f"Invalid '{name}': integer below minimum value. Expected a value >= {least}, but got {value} instead."
            )
            raise refuse_openai(message, name, "integer_below_min_value")
        if value > model.longest:
            message = (
                f"{name} is too large: {value}. This model supports at most {model.longest} completion tokens, "
                f"whereas you provided {value}."
            )
            raise refuse_openai(message, name, "invalid_value")
        return int(value)
    return None


def read_stops(body: dict[str, Any]) -> tuple[str, ...]:
    """Texts that end the answer.

    Raises:
        Refusal: They are not one to four strings.
    """
    given = body.get("stop")
    stops = [given] if isinstance(given, str) else given or []
    if not isinstance(stops, list) or len(stops) > _MOST_STOPS or not all(isinstance(stop, str) for stop in stops):
        raise refuse_openai(
            "Invalid 'stop': expected a string, or an array of at most 4 strings.", "stop", "invalid_value"
        )
    return tuple(stops)


def read_choices(body: dict[str, Any]) -> int:
    """How many answers are wanted.

    Raises:
        Refusal: It is not a whole number from 1 to 128.
    """
    count = body.get("n")
    if count is None:
        return 1
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _MOST_CHOICES:
        raise refuse_openai(f"Invalid 'n': expected an integer from 1 to {_MOST_CHOICES}.", "n", "invalid_value")
    return count


def read_alternatives(body: dict[str, Any], wanted: bool) -> int | None:
    """How many alternatives to show for each token; ``None`` where no probabilities are wanted.

    Args:
        body: The request.
        wanted: Whether probabilities are asked for.

    Raises:
        Refusal: It is not a whole number from 0 to 20, or no probabilities are asked for.
    """
    count = body.get("top_logprobs")
    if not wanted:
        if count:
            raise refuse_openai(
                "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", "top_logprobs"
            )
        return None
    if count is not None and (
        isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _MOST_ALTERNATIVES
    ):
        message = f"Invalid 'top_logprobs': expected an integer from 0 to {_MOST_ALTERNATIVES}."
        raise refuse_openai(message, "top_logprobs", "invalid_value")
    return count or 0


def weigh(pieces: list[str], alternatives: int) -> list[dict[str, Any]]:
    """Give each token a probability, the same ones always, for nothing here is left to chance.

    Args:
        pieces: The tokens.
        alternatives: How many tokens to show that might have stood in its place; the first of them is itself.
    """
    weighed = []
    for piece in pieces:
        one = _write_token(piece, _CERTAIN)
        others = [text for text in _USUAL if text != piece][: max(alternatives - 1, 0)]
        seen = [one, *(_write_token(text, _UNLIKELY + _STEP * place) for place, text in enumerate(others))]
        weighed.append({**one, "top_logprobs": seen if alternatives else []})
    return weighed


def _write_token(piece: str, logprob: float) -> dict[str, Any]:
    return {"token": piece, "logprob": logprob, "bytes": list(piece.encode())}


def check_context(model: Model, prompt: int, most: int | None, param: str = "messages") -> None:
    """Check that a prompt and its answer are not too long.

    Raises:
        Refusal: They are.
    """
    if prompt > model.context:
        message = (
            f"This model's maximum context length is {model.context} tokens. However, your messages resulted in "
            f"{prompt} tokens. Please reduce the length of the messages."
        )
        raise refuse_openai(message, param, "context_length_exceeded")
    if most is not None and prompt + most > model.context:
        message = (
            f"This model's maximum context length is {model.context} tokens. However, you requested {prompt + most} "
            f"tokens ({prompt} in the messages, {most} in the completion). Please reduce the length of the messages or "
            "completion."
        )
        raise refuse_openai(message, param, "context_length_exceeded")
