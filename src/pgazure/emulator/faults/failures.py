"""How each service says that something went wrong with it, or with the way to it."""

from __future__ import annotations

from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from pgazure.emulator.quota import Verdict
from pgazure.emulator.wire import Refusal, access_denied, encode, gateway_answer

if TYPE_CHECKING:
    from pgazure.emulator.call import Call, Voice
    from pgazure.emulator.faults.kinds import Failure

_DAY = 86_400
_FIREWALL = "Access denied due to Virtual Network/Firewall rules."
_UPSTREAM = "upstream request timeout"
_TIMEOUT = ("Timeout", "The operation was timeout.")
_UNEXPECTED = "An unexpected error occurred. If the error persists, report it with the X-RequestId of the answer."
_USED_UP = (
    "Out of call volume quota for TextAnalytics F0 pricing tier. Please retry after {days} days. "
    "To increase your call volume switch to a paid tier."
)
_UNAVAILABLE = "The service is temporarily unable to process your request. Please try again later."
# By service and status: code and message. The gateway before the services has the room of the empty name.
_SAID: dict[tuple[str, int], tuple[Any, str]] = {
    ("", 403): ("403", _FIREWALL),
    ("", 408): _TIMEOUT,
    ("Language", 500): ("InternalServerError", "Internal server error"),
    ("Language", 503): ("ServiceUnavailable", "The service is temporarily unavailable. Please retry later."),
    ("Translator", 408): (408001, "The translation system requested is being prepared. Please retry in a few minutes."),
    ("Translator", 500): (500000, _UNEXPECTED),
    ("Translator", 503): (503000, "The service is temporarily unavailable. Please retry."),
    ("OpenAI", 500): ("InternalServerError", "The server had an error processing your request."),
    ("OpenAI", 503): ("ServiceUnavailable", _UNAVAILABLE),
}  # fmt: skip
_OTHER = "The request cannot be answered."
_TOO_MANY = "Rate limit is exceeded. Try again later."
_REASONS = {
    400: ("BadRequest", "The request is not valid."),
    404: ("404", "Resource not found"),
    409: ("Conflict", "The request is in conflict with the state of the resource."),
    500: ("InternalServerError", "Internal server error"),
    501: ("NotImplemented", "The operation is not implemented."),
    502: ("BadGateway", "The service received an answer that is not valid."),
    503: ("ServiceUnavailable", _UNAVAILABLE),
}
_TELLING = ("retry-after", "retry-after-ms", "x-ms-retry-after-ms")
_QUOTA_USED_UP = {
    "Language": ("403", _USED_UP),
    "Translator": (403001, "The operation is not allowed because the subscription has exceeded its free quota."),
}


def fail(call: Call, room: str, voice: Voice, operation: str, fault: Failure) -> Response:
    """Answer with an error status, as the service or the gateway before it does.

    Args:
        call: The request.
        room: The service.
        voice: How it writes.
        operation: What is asked for.
        fault: The status, and what is different from what the service would say.
    """
    response = _write(call, room, voice, operation, fault)
    headers = response.headers
    if fault.bare:
        for name in [name for name in headers if name in _TELLING or name.startswith("x-ratelimit-")]:
            del headers[name]
    if fault.retry_after is not None:
        headers["Retry-After"] = str(round(fault.retry_after))
    if fault.retry_after_ms is not None:
        headers["retry-after-ms"] = str(fault.retry_after_ms)
    headers.update(fault.headers)
    return response


def _write(call: Call, room: str, voice: Voice, operation: str, fault: Failure) -> Response:
    status = fault.status
    if fault.body is not None or status == HTTPStatus.GATEWAY_TIMEOUT:
        # The proxy before the services does not speak JSON.
        body = _UPSTREAM if fault.body is None else fault.body
        plain = isinstance(body, str)
        content = body.encode() if plain else encode(body)
        return Response(content, status, media_type="text/plain" if plain else "application/json")
    if status == HTTPStatus.UNAUTHORIZED:
        return access_denied()
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttle(call, voice, operation, fault)
    if (room, status) not in _SAID and ("", status) in _SAID and not _tells_quota(room, fault):
        code, message = _SAID["", status]
        return gateway_answer(status, code, message)
    if _tells_quota(room, fault):
        code, message = _QUOTA_USED_UP[room]
        message = message.format(days=max(1, round((fault.retry_after or 0) / _DAY)))
    else:
        code, message = _SAID.get((room, status)) or _REASONS.get(status) or (str(status), _OTHER)
    if room == "Translator" and not isinstance(code, int):
        code = status * 1_000
    return voice.refuse(call, Refusal(status, {"error": {"code": code, "message": message}}))


def _tells_quota(room: str, fault: Failure) -> bool:
    return fault.status == HTTPStatus.FORBIDDEN and fault.retry_after is not None and room in _QUOTA_USED_UP


def _throttle(call: Call, voice: Voice, operation: str, fault: Failure) -> Response:
    wait = fault.retry_after if fault.retry_after is not None else (fault.retry_after_ms or 1_000) / 1_000
    try:
        refusal = voice.throttle(call, operation, Verdict(wait, 0))
    except Refusal:
        # Some say for which deployment, and not every request is for one.
        headers = {"Retry-After": str(ceil(wait))}
        refusal = Refusal(fault.status, {"error": {"code": "429", "message": _TOO_MANY}}, headers)
    return voice.refuse(call, refusal)
