# ruff: noqa: EM101, TRY003  # what is raised is built by a function, from a code and a message
"""How every request to a model begins and is accounted for, whatever the operation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

from starlette.responses import Response

from pgazure.emulator.call import Work
from pgazure.emulator.openai.deployments import Deployment, Deployments
from pgazure.emulator.openai.makers import XAI_HEADERS
from pgazure.emulator.openai.models import EMBEDDINGS, XAI
from pgazure.emulator.openai.wire import (
    NO_DEPLOYMENT,
    bare_headers,
    check_version,
    openai_headers,
    refuse_content,
    refuse_deployment,
    refuse_openai,
)
from pgazure.emulator.wire import Refusal, chunked, encode, not_found

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from pgazure.emulator.call import Call
    from pgazure.emulator.gateway import Gateway
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.stats import Item

_NAME = re.compile(r"[\x20-\x7e]{1,256}")
_UNLIMITED = 1_000_000
_QUOTA_PAGE = "https://aka.ms/oai/quotaincrease"
_RENEWAL = 60
_OFFER = "paygo"
_SESSION = "d000-20250101000000"
_SCREENED = {"x-accel-buffering": "no", "x-ms-rai-invoked": "true"}
_INFERENCE = "/models/"


class Question(Protocol):
    """A checked request."""

    @property
    def items(self) -> Sequence[Item]:
        """The texts in it, for the counters."""
        ...

    @property
    def tokens(self) -> int:
        """Tokens of the prompt."""
        ...

    @property
    def prompts(self) -> Sequence[str]:
        """What the content filter looks at."""
        ...


Q = TypeVar("Q", bound=Question)


@dataclass(frozen=True, slots=True)
class Account:
    """What a request is charged to, and what is left.

    Attributes:
        service: The common part.
        operation: Name of the operation.
        deployment: Name of the deployment.
        verdict: What is left of the quota.
    """

    service: ModelServer
    operation: str
    deployment: Deployment
    verdict: Verdict

    def charge(self, tokens: int) -> None:
        """Take what the answer cost."""
        self.service.gateway.quota.charge(quota_name(self.deployment), tokens)
        self.service.gateway.stats.spend([self.operation], tokens)

    def headers(self, call: Call) -> dict[str, str]:
        """Headers of an answer."""
        path, model = call.request.url.path, self.deployment.model
        front = {
            "azureai-fe-is-streaming": str(bool(call.body.get("stream"))),
            "azureai-fe-offer-type": _OFFER,
        }
        if model.maker == XAI:
            return bare_headers(call) | {"Content-Type": "application/json"} | front | XAI_HEADERS
        if path.startswith(_INFERENCE):
            return bare_headers(call) | {"Content-Type": "application/json", "skip-error-remapping": "true"} | front
        headers = openai_headers(call) | self.service.limits(self.deployment, self.verdict)
        headers["x-ms-served-model"] = model.name
        if path.endswith("/responses"):
            return headers | front | {"x-ms-aoai-configured-data-retention-days": "30"}
        headers |= {"azureml-model-session": _SESSION, "x-ms-deployment-name": self.deployment.name}
        return headers if EMBEDDINGS in model.capabilities else headers | _SCREENED


class Operation(Protocol[Q]):
    """What differs between the operations.

    Attributes:
        name: Its name for the counters: ``ChatCompletions``.
        verb: What an error calls it: ``chatCompletion``.
        capability: What a model must be able to do.
    """

    name: ClassVar[str]
    verb: ClassVar[str]
    capability: ClassVar[str]

    def read(self, call: Call, deployment: Deployment) -> Q:
        """Check the request.

        Raises:
            Refusal: It is not valid.
        """
        ...

    def answer(self, call: Call, question: Q, account: Account) -> Response:
        """Make the answer."""
        ...


@dataclass(frozen=True, slots=True)
class ModelServer:
    """The common part of the routes.

    Attributes:
        gateway: What stands before the services.
        deployments: The deployments there are.
        filter_word: The content filter refuses a prompt that holds this, whatever its case; none, where it is empty.
    """

    gateway: Gateway
    deployments: Deployments = field(default_factory=Deployments)
    filter_word: str = ""

    def find_deployment(self, call: Call, capability: str, verb: str) -> Deployment:
        """The deployment that a request is for.

        Raises:
            Refusal: The body is no JSON object, the version or the name is missing, there is no such deployment, or
                its model is for something else.
        """
        body = call.body
        name = call.request.path_params.get("deployment")
        check_version(call)
        if not isinstance(body, dict):
            raise refuse_openai("We could not parse the JSON body of your request.")
        if name is None:
            name = body.get("model")
            if not isinstance(name, str) or not name:
                raise refuse_openai("you must provide a model parameter", "model")
        if not _NAME.fullmatch(name):
            # It comes back in a header, which not every letter may stand in.
            raise refuse_openai("the model parameter is not the name of a deployment", "model")
        found = self.deployments.find(name, capability)
        if found is None:
            raise refuse_deployment()
        if capability not in found.model.capabilities:
            message = (
                f"The {verb} operation does not work with the specified model, {found.model.name}. Please choose "
                "different model and try again. You can learn more about which models can be used with each "
                "operation here: https://go.microsoft.com/fwlink/?linkid=2197993."
            )
            raise Refusal(400, {"error": {"code": "OperationNotSupported", "message": message}})
        return found

    def filter(self, texts: Sequence[str]) -> None:
        """Let the content filter see a prompt.

        Raises:
            Refusal: It holds the word that is filtered.
        """
        word = self.filter_word.lower()
        if word and any(word in text.lower() for text in texts):
            raise refuse_content()

    def throttle(self, call: Call, operation: str, deployment: Deployment, verdict: Verdict) -> Refusal:
        """Refuse for want of quota, and say when to come again."""
        seconds = max(1, ceil(verdict.wait))
        version = call.request.query_params.get("api-version", "v1")
        message = (
            f"Requests to the {operation}_Create Operation under Azure OpenAI API version {version} have exceeded "
            f"call rate limit of your current OpenAI S0 pricing tier. Please retry after {seconds} "
            f"second{'s' if seconds > 1 else ''}. Please go here: {_QUOTA_PAGE} if you would like to further "
            "increase the default rate limit."
        )
        headers = {
            "Retry-After": str(seconds),
            "retry-after-ms": str(max(1, ceil(verdict.wait * 1000))),
            **self.limits(deployment, verdict),
        }
        return Refusal(429, {"error": {"code": "429", "message": message}}, headers)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        if refusal.body is None:
            return not_found()
        if refusal.body["error"].get("code") == NO_DEPLOYMENT:
            # Without a Content-Type, as the service sends it.
            return chunked(encode(refusal.body), 404, bare_headers(call))
        return Response(encode(refusal.body), refusal.status, headers=openai_headers(call) | refusal.headers)

    def limits(self, deployment: Deployment, verdict: Verdict) -> dict[str, str]:
        """Headers that say how much of the quota there is, and is left."""
        headers = {"x-ratelimit-key": deployment.name, "x-ratelimit-abusepenalty-active": "False"}
        reset = str(ceil(verdict.wait))
        for what, limit, left in (
            ("requests", verdict.rpm, verdict.requests_left),
            ("tokens", verdict.tpm, verdict.tokens_left),
        ):
            headers |= {
                f"x-ratelimit-limit-{what}": str(_UNLIMITED if limit is None else int(limit)),
                f"x-ratelimit-remaining-{what}": str(_UNLIMITED if left is None else left),
                f"x-ratelimit-renewalperiod-{what}": str(_RENEWAL),
                f"x-ratelimit-reset-{what}": reset,
            }
        return headers


@dataclass(frozen=True, slots=True)
class Inference(Generic[Q]):
    """The routes of one operation.

    Attributes:
        server: The common part.
        operation: What differs.
    """

    server: ModelServer
    operation: Operation[Q]

    @property
    def voice(self) -> Self:
        """Itself: what is left of a quota is told by deployment, and that is looked for by what the operation needs."""
        return self

    def operations(self, call: Call) -> list[str]:
        """Name the operation."""
        del call
        return [self.operation.name]

    async def prepare(self, call: Call) -> Work:
        """Check the request."""
        server, operation = self.server, self.operation
        deployment = server.find_deployment(call, operation.capability, operation.verb)
        # Counting tokens takes time, and loading the vocabulary seconds.
        question = await server.gateway.compute(lambda: operation.read(call, deployment))
        server.filter(question.prompts)

        async def answer(verdict: Verdict) -> Response:
            account = Account(server, operation.name, deployment, verdict)
            return await server.gateway.compute(lambda: operation.answer(call, question, account))

        return Work(question.items, answer, question.tokens, (quota_name(deployment),), refuse_content)

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota, and say when to come again."""
        del operation
        deployment = self.server.find_deployment(call, self.operation.capability, self.operation.verb)
        return self.server.throttle(call, self.operation.name, deployment, verdict)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        return self.server.refuse(call, refusal)


def quota_name(deployment: Deployment) -> str:
    """Name of a deployment's quota, which all operations share."""
    return f"deployment {deployment.name}"
