# what is raised is built by a function, from a code and a message
"""What the routes of Azure OpenAI have in common on the wire: headers, errors, events, the content filter's view."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import StreamingResponse

from pgazure.emulator.wire import REGION, Refusal, encode, service_headers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from pgazure.emulator.call import Call
    from pgazure.emulator.openai.models import Model

_SAFE = {"filtered": False, "severity": "safe"}
_UNSEEN = {"detected": False, "filtered": False}
_FILTERED = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify "
    "your prompt and retry. To learn more about our content filtering policies please read our documentation: "
    "https://go.microsoft.com/fwlink/?linkid=2198766"
)
NO_DEPLOYMENT = "DeploymentNotFound"
"""Code of the error for a deployment that does not exist."""
_NO_DEPLOYMENT = (
    "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
    "please wait a moment and try again."
)


def check_version(call: Call) -> None:
    """Check that a request names a version, in its path or as ``api-version``.

    Raises:
        Refusal: It names none.
    """
    if "/v1/" not in call.request.url.path and not call.request.query_params.get("api-version"):
        raise Refusal(404, None)


def refuse_openai(message: str, param: str | None = None, code: str | None = None, status: int = 400) -> Refusal:
    """Build an error of the model server."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Refusal(status, {"error": error})


def refuse_type(param: str, wanted: str) -> Refusal:
    """Build the error for a parameter of another type."""
    return refuse_openai(f"Invalid type for '{param}': expected {wanted}.", param, "invalid_type")


def refuse_missing(param: str) -> Refusal:
    """Build the error for a parameter that is not there."""
    return refuse_openai(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def refuse_deployment() -> Refusal:
    """Build the error for a deployment that does not exist."""
    error = {"type": "invalid_request_error", "code": NO_DEPLOYMENT, "message": _NO_DEPLOYMENT}
    return Refusal(404, {"error": error})


def refuse_content() -> Refusal:
    """Build the error for a prompt that the content filter does not let pass."""
    rated = rate_prompt() | {"violence": {"filtered": True, "severity": "medium"}}
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": rated}
    error = {"message": _FILTERED, "type": None, "param": "prompt", "code": "content_filter", "status": 400}
    return Refusal(400, {"error": {**error, "innererror": inner}})


def rate_prompt() -> dict[str, Any]:
    """What the content filter says of a harmless prompt."""
    return {"hate": _SAFE, "jailbreak": _UNSEEN, "self_harm": _SAFE, "sexual": _SAFE, "violence": _SAFE}


def rate_answer() -> dict[str, Any]:
    """What the content filter says of a harmless answer."""
    return {
        "hate": _SAFE,
        "protected_material_code": _UNSEEN,
        "protected_material_text": _UNSEEN,
        "self_harm": _SAFE,
        "sexual": _SAFE,
        "violence": _SAFE,
    }


def bare_headers(call: Call) -> dict[str, str]:
    """Headers of what is answered before there is a model."""
    headers = service_headers(call.started)
    # Language tells how long it took; the model server does not.
    del headers["x-envoy-upstream-service-time"]
    return headers | {"x-ms-region": REGION}


def openai_headers(call: Call) -> dict[str, str]:
    """Headers of every answer of the model server."""
    more = {"Content-Type": "application/json", "skip-error-remapping": "true", "x-request-id": str(uuid4())}
    headers = bare_headers(call) | more | {"x-ms-is-spilled-over": "false"}
    asked = call.request.headers.get("x-ms-client-request-id")
    return headers | {"x-ms-client-request-id": asked} if asked else headers


EVENTS = "text/event-stream; charset=utf-8"
"""Content type of a stream."""


def send_events(events: Iterable[bytes], headers: Mapping[str, str], kind: str = EVENTS) -> StreamingResponse:
    """Send server-sent events."""

    async def send() -> AsyncIterator[bytes]:
        for event in events:
            yield event
            # A client that went away is noticed only where the loop has a turn.
            await asyncio.sleep(0)

    return StreamingResponse(send(), headers={**headers, "Content-Type": kind})


def write_event(body: Any, name: str = "") -> bytes:
    """Write one server-sent event."""
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + encode(body) + b"\n\n"


def pad(*marks: Any) -> str:
    """Padding of changing length, so that a listener cannot tell the words by the size of the packets."""
    digest = blake2b(":".join(map(str, marks)).encode()).hexdigest()
    return digest[: int(digest[-1], 16)]


def fingerprint(model: Model) -> str | None:
    """What the service calls the state of its machines; reasoning models tell none."""
    return None if model.reasons else f"fp_{blake2b(model.name.encode(), digest_size=5).hexdigest()}"
