"""How Translator answers: its headers, and the one way from a checked request to an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import Response

from pgazure.emulator.access import Issuer, audiences
from pgazure.emulator.call import Checked
from pgazure.emulator.translator.refusals import refuse
from pgazure.emulator.translator.request import FIRST, read_version
from pgazure.emulator.wire import JSON_UTF8, REGION, Refusal, chunked, encode, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pgazure.emulator.call import Call
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.stats import Item

_SECURE = "max-age=31536000; includeSubDomains"
_PLACE = "LOCL"
_TOKEN_LIFE = 600


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation found.

    Attributes:
        body: JSON of the answer.
        metered: Headers that say what it costs and who did it.
    """

    body: Any
    metered: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """A request that was checked.

    Attributes:
        items: The texts it holds.
        find: Makes the answer.
    """

    items: Sequence[Item]
    find: Callable[[], Answer]


@dataclass(frozen=True, slots=True)
class TranslatorVoice:
    """How Translator refuses.

    Attributes:
        mark: What the ids of requests begin with, in version 3.0.
    """

    mark: str

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota."""
        del call, operation, verdict
        return refuse(429000)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal: JSON, though it does not call itself so."""
        if refusal.status == 404:  # noqa: PLR2004  # answered by the gateway
            return not_found()
        headers = name_headers(call, self.mark) | refusal.headers | {"Content-Type": "text/plain; charset=utf-8"}
        return Response(encode(refusal.body), refusal.status, headers=headers)


def check_operation(call: Call, mark: str, check: Callable[[Call], Question]) -> Checked:
    """Check a request to an operation.

    Args:
        call: The request.
        mark: What the ids of its requests begin with, in version 3.0.
        check: Reads such a request, or refuses it.
    """
    question = check(call)
    return Checked(question.items, lambda: _write(call, mark, question.find()))


def _write(call: Call, mark: str, answer: Answer) -> Response:
    headers = name_headers(call, mark) | _expose(call, answer.metered) | {"Content-Type": JSON_UTF8}
    if read_version(call) == FIRST:
        return Response(encode(answer.body), headers=headers)
    return chunked(encode({"value": answer.body}), 200, headers)


def issue_token(call: Call, key: str) -> Response:
    """Give out a token for ten minutes in exchange for a key, as the services' own token service does."""
    token = Issuer(key).issue(audiences(call.request.url.path)[0], life=_TOKEN_LIFE)
    return Response(token, media_type="application/jwt; charset=us-ascii")


def is_custom(call: Call) -> bool:
    """Whether the request came by the path of a custom domain, and not by that of the global endpoint."""
    return "/translator/" in call.request.url.path


def name_headers(call: Call, mark: str) -> dict[str, str]:
    """Headers of every answer; those of a custom domain are added by the gateway before it."""
    now = f"{datetime.now(UTC):%m%dT%H%M}"
    first = read_version(call) == FIRST
    headers = {
        "X-RequestId": f"{mark}.{_PLACE}.{uuid4().hex[:4]}.{now}.{uuid4().hex[:7]}".upper()
        if first
        else f"{uuid4()}.{_PLACE}.{now}",
        "Strict-Transport-Security": _SECURE,
        "X-Content-Type-Options": "nosniff",
    }
    if not first:
        headers["x-envoy-upstream-service-time"] = str(max(1, round((monotonic() - call.started) * 1000)))
    if is_custom(call):
        headers |= {
            "apim-request-id": str(uuid4()),
            "x-ms-region": REGION,
            "Strict-Transport-Security": f"{_SECURE}; preload",
        }
    return headers


def _expose(call: Call, metered: Mapping[str, str]) -> dict[str, str]:
    """Add the header that lets programs in a browser read the others."""
    if read_version(call) != FIRST:
        # What a language model costs in tokens is not among them.
        names = ["X-RequestId", *(("X-Metered-Usage", "X-MT-System") if "sourcetokenscharged" not in metered else ())]
        separator = ","
    else:
        names = ["X-RequestId", *(("X-Metered-Usage",) if metered else ())]
        separator = "," if is_custom(call) else ", "
    return {**metered, "Access-Control-Expose-Headers": separator.join(names)}
