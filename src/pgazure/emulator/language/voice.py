"""How the Language service refuses, and the headers of all its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgazure.emulator.language.request import find
from pgazure.emulator.wire import JSON_UTF8, REGION, Refusal, chunked, encode, not_found, service_headers

if TYPE_CHECKING:
    from starlette.responses import Response

    from pgazure.emulator.call import Call
    from pgazure.emulator.language.versions import Version
    from pgazure.emulator.quota import Verdict


def language_headers(call: Call, version: Version | None) -> dict[str, str]:
    """Headers of every answer of the Language service."""
    headers = service_headers(call.started)
    return headers | {"x-ms-region": REGION} if version is None or version.has_region else headers


class LanguageVoice:
    """How the Language service refuses: chunked, and without ``Retry-After``, 429 included."""

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota."""
        del verdict
        version = find(call)
        message = (
            f"Requests to the {operation} Operation under Cognitive Language Service API "
            f"({version.name if version else ''}) have exceeded rate "
            "limit of your current TextAnalytics S pricing tier. Please retry later."
        )
        return Refusal(429, {"error": {"code": "429", "message": message}})

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        if refusal.status == 404:  # noqa: PLR2004  # answered by the gateway
            return not_found()
        headers = language_headers(call, find(call)) | {"Content-Type": JSON_UTF8}
        return chunked(encode(refusal.body), refusal.status, headers)
