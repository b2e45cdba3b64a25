# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""Embeddings."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.responses import Response

from pgazure.emulator.models import tokens
from pgazure.emulator.openai.makers import write_cohere_embeddings
from pgazure.emulator.openai.models import COHERE, EMBEDDINGS
from pgazure.emulator.openai.wire import bare_headers, refuse_openai
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.emulator.call import Call
    from pgazure.emulator.openai.deployments import Deployment
    from pgazure.emulator.openai.models import Model
    from pgazure.emulator.openai.service import Account

_MOST_INPUTS = 2_048


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request.

    Attributes:
        texts: The inputs as text.
        tokens: Their tokens, summed.
        size: Length of the vectors asked for.
        as_base64: Whether vectors are sent as base64 of little-endian float32.
        items: The texts for the counters.
        prompts: What the content filter looks at: it does not look at what is embedded.
    """

    texts: Sequence[str]
    tokens: int
    size: int
    as_base64: bool
    items: Sequence[Item]
    prompts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What there is to embeddings."""

    name: ClassVar[str] = "Embeddings"
    verb: ClassVar[str] = "embeddings"
    capability: ClassVar[str] = EMBEDDINGS

    def read(self, call: Call, deployment: Deployment) -> Question:
        """Check the request."""
        body, model = call.body, deployment.model
        texts, spent = _read_inputs(body.get("input"), model)
        form = body.get("encoding_format", "float")
        if form not in ("float", "base64"):
            message = f"'{form}' is not one of ['float', 'base64'] - 'encoding_format'"
            raise refuse_openai(message, "encoding_format")
        size = _read_size(body, model)
        items = [Item(self.name, f"{deployment.name} {size}", text, len(text)) for text in texts]
        return Question(texts, spent, size, form == "base64", items)

    def answer(self, call: Call, question: Question, account: Account) -> Response:
        """Make the vectors."""
        from pgazure.emulator.models import embedding  # noqa: PLC0415  # loads numpy

        model = account.deployment.model
        vectors = [embedding.embed(text, model.name, model.dimensions, question.size) for text in question.texts]
        if model.maker == COHERE:
            values = [vector.tolist() for vector in vectors]
            characters = sum(len(text) for text in question.texts)
            body, seen = write_cohere_embeddings(model, values, question.tokens, characters)
            return Response(encode(body), headers=bare_headers(call) | seen)
        data = [
            {
                "object": "embedding",
                "index": index,
                "embedding": b64encode(vector.tobytes()).decode() if question.as_base64 else vector.tolist(),
            }
            for index, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": question.tokens, "total_tokens": question.tokens}
        body = {"object": "list", "data": data, "model": model.name, "usage": usage}
        return Response(encode(body), headers=account.headers(call))


def _read_size(body: dict[str, Any], model: Model) -> int:
    size = body.get("dimensions")
    if size is None:
        return model.dimensions
    if not model.shortens:
        raise refuse_openai("This model does not support specifying dimensions.", "dimensions")
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= model.dimensions:
        message = f"Invalid value for 'dimensions' = {size}. Must be between 1 and {model.dimensions}."
        raise refuse_openai(message, "dimensions")
    return size


def _read_inputs(given: Any, model: Model) -> tuple[list[str], int]:
    inputs = _as_list(given)
    if len(inputs) > _MOST_INPUTS:
        raise refuse_openai(f"Too many inputs. The max number of inputs is {_MOST_INPUTS}.")
    vocabulary = tokens.encoding(model.encoding)
    texts, total = [], 0
    for one in inputs:
        if isinstance(one, str):
            text, count = one, len(vocabulary.encode_ordinary(one))
        else:
            text, count = _decode(one, model), len(one)
        if not count:
            raise refuse_openai("'$.input' is invalid. Please check the API reference.", "input")
        if count > model.context:
            message = (
                f"This model's maximum context length is {model.context} tokens, however you requested {count} tokens "
                f"({count} in your prompt; 0 for the completion). Please reduce your prompt; or completion length."
            )
            raise refuse_openai(message)
        texts.append(text)
        total += count
    return texts, total


def _as_list(given: Any) -> list[Any]:
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and given:
        if all(isinstance(one, str) for one in given):
            return given
        if tokens.are_ids(given):
            return [given]
        if all(map(tokens.are_ids, given)):
            return given
    if given in (None, []):
        raise refuse_openai("'input' is a required property", "input")
    raise refuse_openai("'$.input' is invalid. Please check the API reference.", "input")


def _decode(ids: list[int], model: Model) -> str:
    text = tokens.decode(ids, model.encoding)
    if text is None:
        raise refuse_openai("Invalid token ids in 'input'.", "input")
    return text
