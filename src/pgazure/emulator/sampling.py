# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""The parameters that steer a chat model, checked; and what it then says, cut as they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgazure.emulator import assistant
from pgazure.emulator.models import tokens
from pgazure.emulator.openai_wire import refuse_openai

if TYPE_CHECKING:
    from pgazure.emulator.assistant import Conversation, Reply
    from pgazure.emulator.chat_models import ChatModel

_RANGES = (
    ("temperature", 0, 2),
    ("top_p", 0, 1),
    ("presence_penalty", -2, 2),
    ("frequency_penalty", -2, 2),
)
_FIXED = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
_NOT_REASONING = ("logprobs", "top_logprobs", "logit_bias", "stop")
_MOST_STOPS = 4


@dataclass(frozen=True, slots=True)
class Generated:
    """What a model said.

    Attributes:
        reply: The message.
        pieces: Its text, or its refusal, token by token.
        finish: ``stop``, ``length`` or ``tool_calls``.
        tokens: What it costs.
    """

    reply: Reply
    pieces: list[str]
    finish: str
    tokens: int

    @property
    def text(self) -> str:
        """The text, or the refusal."""
        return "".join(self.pieces)


def generate(conversation: Conversation, model: ChatModel, most: int | None, stops: tuple[str, ...] = ()) -> Generated:
    """Let the model say its next message.

    Args:
        conversation: What was said so far.
        model: Which model; it decides how tokens are counted.
        most: Most tokens of the answer.
        stops: Texts that end the answer; they are not part of it.
    """
    reply = assistant.reply(conversation)
    if reply.calls:
        cost = sum(tokens.count(f"{call.name}{call.arguments}", model.encoding) for call in reply.calls)
        return Generated(reply, [], "tool_calls", cost + 1)
    text = reply.refusal if reply.refusal is not None else reply.text
    ends = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    text = text[: min(ends)] if ends else text
    pieces = tokens.cut(text, model.encoding)
    # The mark that ends an answer is a token too.
    if most is not None and len(pieces) + 1 > most:
        short = tokens.cut(text, model.encoding, most)
        return Generated(reply, short, "length", len(short))
    return Generated(reply, pieces, "stop", len(pieces) + 1)


def check_sampling(body: dict[str, Any], model: ChatModel) -> None:
    """Check temperature and its like.

    Raises:
        Refusal: A number is out of range, or the model does not take the parameter.
    """
    for name, low, high in _RANGES:
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise refuse_openai(f"Invalid type for '{name}': expected a decimal.", name, "invalid_type")
        if value > high:
            message = (
                f"Invalid '{name}': decimal above maximum value. Expected a value <= {high}, but got {value} instead."
            )
            raise refuse_openai(message, name, "decimal_above_max_value")
        if value < low:
            message = (
                f"Invalid '{name}': decimal below minimum value. Expected a value >= {low}, but got {value} instead."
            )
            raise refuse_openai(message, name, "decimal_below_min_value")
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


def read_most(body: dict[str, Any], model: ChatModel, *names: str, least: int = 1) -> int | None:
    """Most tokens that an answer may have, from whichever of the parameters is given.

    Raises:
        Refusal: It is not a whole number, or out of range, or not taken by the model.
    """
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        if model.reasons and name == "max_tokens":
            message = (
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead."
            )
            raise refuse_openai(message, name, "unsupported_parameter")
        if isinstance(value, bool) or not isinstance(value, int):
            raise refuse_openai(f"Invalid type for '{name}': expected an integer.", name, "invalid_type")
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


def check_context(model: ChatModel, prompt: int, most: int | None, param: str = "messages") -> None:
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
