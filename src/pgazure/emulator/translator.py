"""``POST /translate`` of Translator 2026-06-06."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import Response

from pgazure.emulator.gateway import Work
from pgazure.emulator.models import language, translation
from pgazure.emulator.stats import Item
from pgazure.emulator.translator_languages import resolve_language
from pgazure.emulator.wire import JSON_UTF8, Refusal, encode, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgazure.emulator.gateway import Call, Gateway
    from pgazure.emulator.quota import Verdict

API_VERSIONS = ("2026-06-06", "2025-10-01-preview")
_MOST_INPUTS = 1_000
_MOST_CHARACTERS = 50_000
_EXPOSED = "X-RequestId,X-Metered-Usage,X-MT-System"
_TEXT_TYPES = {"plain", "html"}


@dataclass(frozen=True, slots=True)
class Input:
    """One text to translate.

    Attributes:
        text: The text.
        source: Its language; ``None`` where it is to be detected.
        html: Whether it holds tags that are kept.
        targets: Languages to translate into, and the script of each; ``None`` where none was asked for.
    """

    text: str
    source: str | None
    html: bool
    targets: tuple[tuple[str, str | None], ...]


def refuse_translation(code: int, message: str) -> Refusal:
    """Build a refusal; the code is a number that begins with the HTTP status."""
    return Refusal(code // 1000, {"error": {"code": code, "message": message}})


@dataclass(frozen=True, slots=True)
class Translate:
    """The route of translation."""

    gateway: Gateway

    def operations(self, call: Call) -> list[str]:
        """Name the operation."""
        del call
        return ["Translate"]

    async def prepare(self, call: Call) -> Work:
        """Check the request."""
        if call.request.query_params.get("api-version") not in API_VERSIONS:
            raise refuse_translation(400021, "The API version parameter is missing or not valid.")
        if "json" not in call.request.headers.get("content-type", ""):
            raise refuse_translation(415000, "The Content-Type header is missing or not valid.")
        if not isinstance(call.body, dict) or not isinstance(call.body.get("inputs"), list):
            raise refuse_translation(400074, "The body of the request is not valid JSON.")
        given = call.body["inputs"]
        if not given:
            raise refuse_translation(400005, "An input text is missing or not valid.")
        if len(given) > _MOST_INPUTS:
            raise refuse_translation(400072, "The array of input text has too many elements.")
        inputs = [_read_input(item) for item in given]
        charged = sum(len(one.text) * len(one.targets) for one in inputs)
        if charged > _MOST_CHARACTERS:
            raise refuse_translation(400077, "The maximum request size has been exceeded.")
        items = [
            Item("Translate", f"{one.source or ''}>{target} {script} {one.html}", one.text, len(one.text))
            for one in inputs
            for target, script in one.targets
        ]

        async def answer(_: Verdict) -> Response:
            return await self.gateway.compute(_answer(call, inputs, charged))

        return Work(items, answer)

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota."""
        del call, operation, verdict
        message = "The server rejected the request because the client has exceeded request limits."
        return refuse_translation(429000, message)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal: JSON, though it does not call itself so."""
        if refusal.status == 404:  # noqa: PLR2004  # answered by the gateway
            return not_found()
        headers = translator_headers(call) | {"Content-Type": "text/plain; charset=utf-8"}
        return Response(encode(refusal.body), refusal.status, headers=headers)


def _answer(call: Call, inputs: Sequence[Input], charged: int) -> Callable[[], Response]:
    def compute() -> Response:
        headers = translator_headers(call) | {
            "Content-Type": JSON_UTF8,
            "Access-Control-Expose-Headers": _EXPOSED,
            "sourcecharacterscharged": str(charged),
            "x-mt-system": "Microsoft",
        }
        return Response(encode({"value": [_translate(one) for one in inputs]}), headers=headers)

    return compute


def _translate(one: Input) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    source = one.source
    if source is None:
        found = language.detect(translation.visible(one.text, html=one.html), "")
        # Translator has no name for an unknown language.
        source = resolve_language(found.code) or "en"
        answer["detectedLanguage"] = {"language": source, "score": found.score}
    answer["translations"] = [
        {
            "language": target,
            **({"script": script} if script else {}),
            "text": translation.translate(one.text, source, target, html=one.html),
            "sourceCharacters": len(one.text),
        }
        for target, script in one.targets
    ]
    return answer


def _read_input(item: Any) -> Input:
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        raise refuse_translation(400005, "An input text is missing or not valid.")
    text = item["text"]
    if len(text) > _MOST_CHARACTERS:
        raise refuse_translation(400050, "The input text is too long.")
    targets = item.get("targets")
    if not isinstance(targets, list) or not targets:
        raise refuse_translation(400036, "The target language is not valid.")
    resolved = []
    for target in targets:
        code = target.get("language") if isinstance(target, dict) else None
        known = resolve_language(code) if isinstance(code, str) else None
        if known is None:
            raise refuse_translation(400036, "The target language is not valid.")
        script = target.get("script")
        if script is not None and not isinstance(script, str):
            raise refuse_translation(400004, "The target script is missing or not valid.")
        resolved.append((known, script))
    source = item.get("language")
    known = resolve_language(source) if isinstance(source, str) and source else None
    if source and known is None:
        raise refuse_translation(400035, "The source language is not valid.")
    text_type = item.get("textType") or "Plain"
    if not isinstance(text_type, str) or text_type.lower() not in _TEXT_TYPES:
        raise refuse_translation(400071, "The TextType is not valid.")
    return Input(text, known, text_type.lower() == "html", tuple(resolved))


def translator_headers(call: Call) -> dict[str, str]:
    """Headers of every answer of Translator."""
    elapsed = max(1, round((monotonic() - call.started) * 1000))
    headers = {
        "x-requestid": f"{uuid4()}.LOCAL.0000T0000",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "x-envoy-upstream-service-time": str(elapsed),
    }
    if "/translator/" in call.request.url.path:
        headers["apim-request-id"] = str(uuid4())
    return headers
