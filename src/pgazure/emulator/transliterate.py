"""``POST /transliterate`` and ``GET /languages`` of Translator 2026-06-06."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from pgazure.emulator.gateway import Work
from pgazure.emulator.models.wordlists import pairs, words
from pgazure.emulator.stats import Item
from pgazure.emulator.translator import API_VERSIONS, refuse_translation, translator_headers
from pgazure.emulator.translator_languages import resolve_language
from pgazure.emulator.wire import JSON_UTF8, Refusal, encode, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgazure.emulator.gateway import Call, Gateway
    from pgazure.emulator.quota import Verdict

_LATIN = "Latn"
_MOST_INPUTS = 10
_MOST_CHARACTERS = 5_000
_SCOPES = ("translation", "transliteration", "models")
_MODELS = ["general"]


@dataclass(frozen=True, slots=True)
class Transliterate:
    """The route of transliteration: any known script into Latin letters."""

    gateway: Gateway

    def operations(self, call: Call) -> list[str]:
        """Name the operation."""
        del call
        return ["Transliterate"]

    async def prepare(self, call: Call) -> Work:
        """Check the request."""
        query = call.request.query_params
        if query.get("api-version") not in API_VERSIONS:
            raise refuse_translation(400021, "The API version parameter is missing or not valid.")
        language = resolve_language(query.get("language", ""))
        script = pairs("translator", "scripts").get(language or "")
        if script is None:
            raise refuse_translation(400003, "The language is missing, not valid, or cannot be transliterated.")
        if query.get("fromScript", "").lower() != script.lower():
            raise refuse_translation(400018, "The source script is missing or not valid.")
        if query.get("toScript", "").lower() != _LATIN.lower():
            raise refuse_translation(400004, "The target script is missing or not valid.")
        texts = _read_texts(call.body)
        fixed = f"{language} {script}"
        items = [Item("Transliterate", fixed, text, len(text)) for text in texts]

        async def answer(_: Verdict) -> Response:
            return await self.gateway.compute(_answer(call, texts))

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


def _read_texts(body: Any) -> list[str]:
    given = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(given, list):
        raise refuse_translation(400074, "The body of the request is not valid JSON.")
    texts = [item.get("text") if isinstance(item, dict) else None for item in given]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise refuse_translation(400005, "An input text is missing or not valid.")
    if len(texts) > _MOST_INPUTS:
        raise refuse_translation(400072, "The array of input text has too many elements.")
    found = [text for text in texts if isinstance(text, str)]
    if sum(len(text) for text in found) > _MOST_CHARACTERS:
        raise refuse_translation(400077, "The maximum request size has been exceeded.")
    return found


def _answer(call: Call, texts: Sequence[str]) -> Callable[[], Response]:
    def compute() -> Response:
        from anyascii import anyascii  # noqa: PLC0415  # loads its tables

        headers = translator_headers(call) | {
            "Content-Type": JSON_UTF8,
            "x-metered-usage": str(sum(len(text) for text in texts)),
            "x-mt-system": "Microsoft",
        }
        value = [{"text": anyascii(text), "script": _LATIN} for text in texts]
        return Response(encode({"value": value}), headers=headers)

    return compute


def list_languages(call: Call) -> Response:
    """List what Translator knows: languages, scripts, models; all of it, or the scopes that are asked for."""
    query = call.request.query_params
    asked = [scope.strip() for scope in query.get("scope", "").split(",") if scope.strip()]
    refusal = None
    if query.get("api-version") not in API_VERSIONS:
        refusal = refuse_translation(400021, "The API version parameter is missing or not valid.")
    elif unknown := [scope for scope in asked if scope not in _SCOPES]:
        refusal = refuse_translation(400002, f"The scope parameter is not valid: {unknown[0]}.")
    if refusal is not None:
        headers = translator_headers(call) | {"Content-Type": "text/plain; charset=utf-8"}
        return Response(encode(refusal.body), refusal.status, headers=headers)
    wanted = call.request.headers.get("accept-language", "en").partition(",")[0].partition(";")[0].strip() or "en"
    known = _languages(resolve_language(wanted) or "en")
    body = encode({scope: known[scope] for scope in _SCOPES if not asked or scope in asked})
    etag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    headers = translator_headers(call) | {"Content-Type": JSON_UTF8, "ETag": etag}
    if call.request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers)


@cache
def _languages(names_in: str) -> dict[str, Any]:
    """Every scope, with names in one language."""
    translation = {code: _name(code, names_in) | {"models": _MODELS} for code in sorted(words("translator", "codes"))}
    latin = _name_script(_LATIN, names_in)
    transliteration = {}
    for code, script in sorted(pairs("translator", "scripts").items()):
        named = _name(code, names_in)
        direction = named.pop("dir")
        source = _name_script(script, names_in) | {"dir": direction, "toScripts": [latin]}
        transliteration[code] = named | {"scripts": [source]}
    return {"translation": translation, "transliteration": transliteration, "models": _MODELS}


def _name(code: str, names_in: str) -> dict[str, Any]:
    from langcodes import Language  # noqa: PLC0415  # loads tables of names

    language = Language.get(code)
    backward = code in words("translator", "from right to left")
    return {
        "name": language.display_name(names_in),
        "nativeName": language.autonym(),
        "dir": "rtl" if backward else "ltr",
    }


def _name_script(script: str, names_in: str) -> dict[str, Any]:
    from langcodes import Language  # noqa: PLC0415  # loads tables of names

    name = Language.make(script=script).script_name(names_in)
    return {"code": script, "name": name, "nativeName": name, "dir": "ltr"}
