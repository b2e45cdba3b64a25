"""The languages and scripts that Translator knows, and the list of them."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from pgazure.emulator.models import dictionary, scripts
from pgazure.emulator.models.wordlists import pairs, read_table, words
from pgazure.emulator.translator.answer import name_headers
from pgazure.emulator.translator.refusals import refuse
from pgazure.emulator.translator.request import FIRST, Query, check_version
from pgazure.emulator.wire import JSON_UTF8, encode

if TYPE_CHECKING:
    from pgazure.emulator.call import Call

MODELS = ("gpt-4o", "gpt-4o-mini")
"""Language models that texts can be put into other languages by."""

_TABLE = "translator"


def resolve_language(code: str) -> str | None:
    """Find the language that ``code`` means, as it is written in answers; ``None`` where there is none."""
    lower = code.lower()
    if known := _codes().get(lower):
        return known
    # A region that makes no difference is dropped: en-GB is en.
    return _codes().get(lower.partition("-")[0]) if "-" in lower else None


def expect_language(code: object, refusal: int) -> str:
    """Find the language that ``code`` means.

    Raises:
        Refusal: There is none.
    """
    known = resolve_language(code) if isinstance(code, str) else None
    if known is None:
        raise refuse(refusal)
    return known


@cache
def _codes() -> dict[str, str]:
    return pairs(_TABLE, "aliases") | {code.lower(): code for code in words(_TABLE, "codes")}


def list_languages(call: Call) -> Response:
    """List what Translator knows: languages, scripts, and the dictionary or models; all, or the scopes asked for.

    Raises:
        Refusal: The version or a scope is not known.
    """
    version = check_version(call)
    scopes = ("translation", "transliteration", "dictionary" if version == FIRST else "models")
    asked = [scope.strip().lower() for scope in (Query(call).one("scope") or "").split(",") if scope.strip()]
    if not set(asked) <= set(scopes):
        raise refuse(400001)
    wanted = call.request.headers.get("accept-language", "en").partition(",")[0].partition(";")[0].strip()
    names_in = resolve_language(wanted) or "en"
    body = encode({scope: _list_scope(scope, names_in, version) for scope in scopes if not asked or scope in asked})
    etag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    kind = "application/json" if version == FIRST else JSON_UTF8
    headers = name_headers(call, "LANG") | {"Access-Control-Expose-Headers": "X-RequestId", "ETag": etag}
    if call.request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers | {"Content-Type": kind})


@cache
def _list_scope(scope: str, names_in: str, version: str) -> Any:
    if scope == "models":
        return MODELS
    if scope == "transliteration":
        return {code: _list_scripts(code, names_in) for code in scripts.list_languages()}
    if scope == "dictionary":
        return {
            code: _name(code, names_in)
            | {"translations": [_name(other, names_in) | {"code": other} for other in dictionary.list_targets(code)]}
            for code in dictionary.list_sources()
        }
    # Every model knows every language.
    models: dict[str, Any] = {} if version == FIRST else {"models": MODELS}
    return {code: _name(code, names_in) | models for code in sorted(words(_TABLE, "codes"))}


def _list_scripts(code: str, names_in: str) -> dict[str, Any]:
    named = _name(code, names_in)
    del named["dir"]
    listed = [
        _name_script(script, names_in) | {"toScripts": [_name_script(other, names_in) for other in others]}
        for script, others in scripts.list_scripts(code).items()
    ]
    return named | {"scripts": listed}


def _name(code: str, names_in: str) -> dict[str, Any]:
    from langcodes import Language  # noqa: PLC0415  # loads tables of names

    language = Language.get(code)
    english, native = _own_names().get(code, ("", ""))
    named = english if names_in == "en" else ""
    backward = code in words(_TABLE, "from right to left")
    return {
        "name": named or _begin_large(language.display_name(names_in)),
        "nativeName": native or _begin_large(language.autonym()),
        "dir": "rtl" if backward else "ltr",
    }


@cache
def _own_names() -> dict[str, tuple[str, str]]:
    lines = (line.split("|") for line in read_table(_TABLE)["names"].splitlines())
    return {code: (english, native) for code, english, native in lines}


def _name_script(script: str, names_in: str) -> dict[str, Any]:
    from langcodes import Language  # noqa: PLC0415  # loads tables of names

    name = _begin_large(Language.make(script=script).script_name(names_in))
    return {"code": script, "name": name, "nativeName": name, "dir": "rtl" if script in {"Arab", "Hebr"} else "ltr"}


def _begin_large(name: str) -> str:
    return name[:1].upper() + name[1:]
