# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""Embeddings of Azure OpenAI: deployments and ``/openai/v1``."""

from __future__ import annotations

import warnings
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import Response

from pgazure.emulator.gateway import Work
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import REGION, Refusal, encode, not_found, service_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgazure.emulator.gateway import Call, Gateway
    from pgazure.emulator.quota import Verdict

_MOST_INPUTS = 2_048
_MOST_TOKENS = 8_192
_UNLIMITED = 1_000_000
_QUOTA_PAGE = "https://aka.ms/oai/quotaincrease"


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


@cache
def _encoding() -> Any:
    with warnings.catch_warnings():
        # It reads its vocabulary through a function that Python 3.11 and 3.12 call deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai  # noqa: PLC0415  # loads a vocabulary that the other services do not need

        return bpe_openai.get_encoding("cl100k_base")


def refuse_openai(message: str, param: str | None = None, code: str | None = None, status: int = 400) -> Refusal:
    """Build an error of the model server."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Refusal(status, {"error": error})


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The routes of embeddings."""

    gateway: Gateway

    def operations(self, call: Call) -> list[str]:
        """Name the operation."""
        del call
        return ["Embeddings"]

    async def prepare(self, call: Call) -> Work:
        """Check the request."""
        # Counting tokens takes time, and loading the vocabulary seconds.
        question = await self.gateway.compute(lambda: _read(call))
        fixed = f"{question.deployment} {question.size}"
        items = [Item("Embeddings", fixed, text, len(text)) for text in question.texts]

        async def answer(verdict: Verdict) -> Response:
            return await self.gateway.compute(self._answer(call, question, verdict))

        return Work(items, answer, question.tokens, (f"Embeddings {question.deployment}",))

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota, and say when to come again."""
        del operation
        seconds = max(1, ceil(verdict.wait))
        version = call.request.query_params.get("api-version", "v1")
        message = (
            f"Requests to the Embeddings_Create Operation under Azure OpenAI API version {version} have exceeded "
            f"call rate limit of your current OpenAI S0 pricing tier. Please retry after {seconds} "
            f"second{'s' if seconds > 1 else ''}. Please go here: {_QUOTA_PAGE} if you would like to further "
            "increase the default rate limit."
        )
        headers = {
            "Retry-After": str(seconds),
            "retry-after-ms": str(max(1, ceil(verdict.wait * 1000))),
            **self._limits(verdict),
            "x-ratelimit-reset-requests": str(seconds),
        }
        return Refusal(429, {"error": {"code": "429", "message": message}}, headers)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        if refusal.status == 404:  # noqa: PLR2004  # answered by the gateway
            return not_found()
        headers = _headers(call) | refusal.headers
        return Response(encode(refusal.body), refusal.status, headers=headers)

    def _limits(self, verdict: Verdict) -> dict[str, str]:
        quota = self.gateway.quota
        requests, tokens = quota.rpm, quota.tpm
        left, tokens_left = verdict.requests_left, verdict.tokens_left
        return {
            "x-ratelimit-limit-requests": str(_UNLIMITED if requests is None else int(requests)),
            "x-ratelimit-limit-tokens": str(_UNLIMITED if tokens is None else int(tokens)),
            "x-ratelimit-remaining-requests": str(_UNLIMITED if left is None else left),
            "x-ratelimit-remaining-tokens": str(_UNLIMITED if tokens_left is None else tokens_left),
        }

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
            headers = _headers(call) | self._limits(verdict) | {"x-ms-deployment-name": question.deployment}
            return Response(encode(body), headers=headers)

        return compute


def _read(call: Call) -> Question:
    body = call.body
    deployment = call.request.path_params.get("deployment")
    if deployment is not None and not call.request.query_params.get("api-version"):
        raise Refusal(404, None)
    if not isinstance(body, dict):
        raise refuse_openai("We could not parse the JSON body of your request.")
    if deployment is None:
        deployment = body.get("model")
        if not isinstance(deployment, str) or not deployment:
            raise refuse_openai("you must provide a model parameter", "model")
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
    encoding = _encoding()
    texts, total = [], 0
    for one in inputs:
        if isinstance(one, str):
            text, count = one, len(encoding.encode_ordinary(one))
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
        return str(_encoding().decode(tokens))
    except KeyError:
        raise refuse_openai("Invalid token ids in 'input'.", "input") from None


def _headers(call: Call) -> dict[str, str]:
    headers = service_headers(call.started) | {"Content-Type": "application/json", "x-ms-region": REGION}
    return headers | {"x-request-id": str(uuid4())}
