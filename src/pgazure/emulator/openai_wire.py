# ruff: noqa: EM101, TRY003  # what is raised is built by a function, from a code and a message
"""What the routes of Azure OpenAI have in common: deployments, headers, quotas, errors, the content filter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import Response

from pgazure.emulator.wire import REGION, Refusal, chunked, encode, not_found, service_headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgazure.emulator.gateway import Call, Gateway
    from pgazure.emulator.quota import Verdict

_NAME = re.compile(r"[\x20-\x7e]{1,256}")
_UNLIMITED = 1_000_000
_QUOTA_PAGE = "https://aka.ms/oai/quotaincrease"
_SAFE = {"filtered": False, "severity": "safe"}
_UNSEEN = {"filtered": False, "detected": False}
_HARMS = ("hate", "self_harm", "sexual", "violence")
_NO_DEPLOYMENT = (
    "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
    "please wait a moment and try again."
)
_FILTERED = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify "
    "your prompt and retry. To learn more about our content filtering policies please read our documentation: "
    "https://go.microsoft.com/fwlink/?linkid=2198766"
)


def refuse_openai(message: str, param: str | None = None, code: str | None = None, status: int = 400) -> Refusal:
    """Build an error of the model server."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Refusal(status, {"error": error})


def rate_prompt() -> dict[str, Any]:
    """What the content filter says of a harmless prompt."""
    return {"hate": _SAFE, "jailbreak": _UNSEEN, "self_harm": _SAFE, "sexual": _SAFE, "violence": _SAFE}


def rate_answer() -> dict[str, Any]:
    """What the content filter says of a harmless answer."""
    rated: dict[str, Any] = dict.fromkeys(_HARMS, _SAFE)
    return rated | {"protected_material_code": _UNSEEN, "protected_material_text": _UNSEEN}


@dataclass(frozen=True, slots=True)
class ModelServer:
    """The common part of the routes.

    Attributes:
        gateway: What stands before the services.
        deployments: Names of the deployments there are; any name will do where none is given.
        filter_word: The content filter refuses a prompt that holds this, whatever its case.
    """

    gateway: Gateway
    deployments: tuple[str, ...] = ()
    filter_word: str = ""

    def read_deployment(self, call: Call) -> str:
        """Name of the deployment that a request is for.

        Raises:
            Refusal: The body is no JSON object, the version or the name is missing, or there is no such deployment.
        """
        body = call.body
        deployment = call.request.path_params.get("deployment")
        if "/v1/" not in call.request.url.path and not call.request.query_params.get("api-version"):
            raise Refusal(404, None)
        if not isinstance(body, dict):
            raise refuse_openai("We could not parse the JSON body of your request.")
        if deployment is None:
            deployment = body.get("model")
            if not isinstance(deployment, str) or not deployment:
                raise refuse_openai("you must provide a model parameter", "model")
        if not _NAME.fullmatch(deployment):
            # It comes back in a header, which not every letter may stand in.
            raise refuse_openai("the model parameter is not the name of a deployment", "model")
        if self.deployments and deployment not in self.deployments:
            error = {"type": "invalid_request_error", "code": "DeploymentNotFound", "message": _NO_DEPLOYMENT}
            raise Refusal(404, {"error": error})
        return str(deployment)

    def filter(self, texts: Iterable[str]) -> None:
        """Let the content filter see a prompt.

        Raises:
            Refusal: It holds the word that is filtered.
        """
        word = self.filter_word.lower()
        if not word or not any(word in text.lower() for text in texts):
            return
        rated = rate_prompt() | {"violence": {"filtered": True, "severity": "medium"}}
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": rated}
        error = {"message": _FILTERED, "type": None, "param": "prompt", "code": "content_filter", "status": 400}
        raise Refusal(400, {"error": {**error, "innererror": inner}})

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota, and say when to come again."""
        seconds = max(1, ceil(verdict.wait))
        version = call.request.query_params.get("api-version", "v1")
        message = (
            f"Requests to the {operation} Operation under Azure OpenAI API version {version} have exceeded "
            f"call rate limit of your current OpenAI S0 pricing tier. Please retry after {seconds} "
            f"second{'s' if seconds > 1 else ''}. Please go here: {_QUOTA_PAGE} if you would like to further "
            "increase the default rate limit."
        )
        headers = {
            "Retry-After": str(seconds),
            "retry-after-ms": str(max(1, ceil(verdict.wait * 1000))),
            **self.limits(verdict),
            "x-ratelimit-reset-requests": str(seconds),
        }
        return Refusal(429, {"error": {"code": "429", "message": message}}, headers)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        if refusal.status == 404:  # noqa: PLR2004
            if refusal.body is None:
                return not_found()
            # Without a Content-Type, as the service sends it.
            return chunked(encode(refusal.body), 404, service_headers(call.started) | {"x-ms-region": REGION})
        headers = openai_headers(call) | refusal.headers
        return Response(encode(refusal.body), refusal.status, headers=headers)

    def limits(self, verdict: Verdict) -> dict[str, str]:
        """Headers that say how much of the quota there is, and is left."""
        quota = self.gateway.quota
        requests, tokens = quota.rpm, quota.tpm
        left, tokens_left = verdict.requests_left, verdict.tokens_left
        return {
            "x-ratelimit-limit-requests": str(_UNLIMITED if requests is None else int(requests)),
            "x-ratelimit-limit-tokens": str(_UNLIMITED if tokens is None else int(tokens)),
            "x-ratelimit-remaining-requests": str(_UNLIMITED if left is None else left),
            "x-ratelimit-remaining-tokens": str(_UNLIMITED if tokens_left is None else tokens_left),
        }

    def answer_headers(self, call: Call, verdict: Verdict, deployment: str) -> dict[str, str]:
        """Headers of an answer to a prompt."""
        seen = {"x-ms-deployment-name": deployment, "x-ms-rai-invoked": "true"}
        return openai_headers(call) | self.limits(verdict) | seen


def openai_headers(call: Call) -> dict[str, str]:
    """Headers of every answer of Azure OpenAI."""
    headers = service_headers(call.started) | {"Content-Type": "application/json", "x-ms-region": REGION}
    return headers | {"x-request-id": str(uuid4())}
