# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""Embeddings of Azure OpenAI: deployments and ``/openai/v1``."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from pgazure.emulator.gateway import Work
from pgazure.emulator.models.tokens import encoding
from pgazure.emulator.openai_wire import openai_headers, refuse_openai
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgazure.emulator.gateway import Call
    from pgazure.emulator.openai_wire import ModelServer
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.wire import Refusal

_MOST_INPUTS = 2_048
_MOST_TOKENS = 8_192


@dataclass(frozen=True, slots=True)
class Model:
    """An embedding model.

    Attributes:
        name: As the answer calls it.
        size: Length of its vectors.
        shortens: Whether ``dimensions`` may be given.
    """

    name: str
    size: int
    shortens: bool = True


_SMALL = Model("text-embedding-3-small", 1536)
_LARGE = Model("text-embedding-3-large", 3072)
_ADA = Model("text-embedding-ada-002", 1536, shortens=False)


def find_model(deployment: str) -> Model:
    """The model behind a deployment, told from its name; a name that tells nothing means the small one."""
    lower = deployment.lower()
    if "ada-002" in lower:
        return _ADA
    return _LARGE if "3-large" in lower else _SMALL


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request.

    Attributes:
        deployment: Name of the deployment.
        model: The model behind it.
        texts: The inputs as text.
        tokens: Their tokens, summed.
        size: Length of the vectors asked for.
        as_base64: Whether vectors are sent as base64 of little-endian float32.
    """

    deployment: str
    model: Model
    texts: Sequence[str]
    tokens: int
    size: int
    as_base64: bool


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The routes of embeddings."""

    server: ModelServer

    def operations(self, call: Call) -> list[str]:
        """Name the operation."""
        del call
        return ["Embeddings"]

    async def prepare(self, call: Call) -> Work:
        """Check the request."""
        # Counting tokens takes time, and loading the vocabulary seconds.
        question = await self.server.gateway.compute(lambda: _read(call, self.server.read_deployment(call)))
        fixed = f"{question.deployment} {question.size}"
        items = [Item("Embeddings", fixed, text, len(text)) for text in question.texts]

        async def answer(verdict: Verdict) -> Response:
            return await self.server.gateway.compute(self._answer(call, question, verdict))

        return Work(items, answer, question.tokens, (f"Embeddings {question.deployment}",))

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota, and say when to come again."""
        del operation
        return self.server.throttle(call, "Embeddings_Create", verdict)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        return self.server.refuse(call, refusal)

    def _answer(self, call: Call, question: Question, verdict: Verdict) -> Callable[[], Response]:
        def compute() -> Response:
            from pgazure.emulator.models import embedding  # noqa: PLC0415  # loads numpy

            data = []
            for index, text in enumerate(question.texts):
                vector = embedding.embed(text, question.model.name, question.model.size, question.size)
                value = b64encode(vector.tobytes()).decode() if question.as_base64 else vector.tolist()
                data.append({"object": "embedding", "index": index, "embedding": value})
            usage = {"prompt_tokens": question.tokens, "total_tokens": question.tokens}
            body = {"object": "list", "data": data, "model": question.model.name, "usage": usage}
            limits = self.server.limits(verdict)
            headers = openai_headers(call) | limits | {"x-ms-deployment-name": question.deployment}
            return Response(encode(body), headers=headers)

        return compute


def _read(call: Call, deployment: str) -> Question:
    body = call.body
    model = find_model(deployment)
    texts, tokens = _read_inputs(body.get("input"))
    as_base64 = body.get("encoding_format", "float")
    if as_base64 not in ("float", "base64"):
        message = f"'{as_base64}' is not one of ['float', 'base64'] - 'encoding_format'"
        raise refuse_openai(message, "encoding_format")
    return Question(deployment, model, texts, tokens, _read_size(body, model), as_base64 == "base64")


def _read_size(body: dict[str, Any], model: Model) -> int:
    size = body.get("dimensions")
    if size is None:
        return model.size
    if not model.shortens:
        raise refuse_openai("This model does not support specifying dimensions.", "dimensions")
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= model.size:
        message = f"Invalid value for 'dimensions' = {size}. Must be between 1 and {model.size}."
        raise refuse_openai(message, "dimensions")
    return size


def _read_inputs(given: Any) -> tuple[list[str], int]:
    inputs = _as_list(given)
    if len(inputs) > _MOST_INPUTS:
        raise refuse_openai(f"Too many inputs. The max number of inputs is {_MOST_INPUTS}.")
    vocabulary = encoding("cl100k_base")
    texts, total = [], 0
    for one in inputs:
        if isinstance(one, str):
            text, count = one, len(vocabulary.encode_ordinary(one))
        else:
            text, count = _decode(one), len(one)
        if not count:
            raise refuse_openai("'$.input' is invalid. Please check the API reference.", "input")
        if count > _MOST_TOKENS:
            message = (
                f"This model's maximum context length is {_MOST_TOKENS} tokens, however you requested {count} tokens "
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
        if _is_tokens(given):
            return [given]
        if all(isinstance(one, list) and _is_tokens(one) for one in given):
            return given
    if given in (None, []):
        raise refuse_openai("'input' is a required property", "input")
    raise refuse_openai("'$.input' is invalid. Please check the API reference.", "input")


def _is_tokens(given: list[Any]) -> bool:
    return all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in given)


def _decode(tokens: list[int]) -> str:
    try:
        return str(encoding("cl100k_base").decode(tokens))
    except KeyError:
        raise refuse_openai("Invalid token ids in 'input'.", "input") from None
