"""The routes of Translator."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pgazure.emulator.call import name_always
from pgazure.emulator.translator import detection, dictionary, translate, transliterate
from pgazure.emulator.translator.answer import TranslatorVoice, check_operation, issue_token
from pgazure.emulator.translator.languages import list_languages

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.routing import Route

    from pgazure.emulator.call import Call
    from pgazure.emulator.room import Room
    from pgazure.emulator.translator.answer import Question

# The global endpoint, and a custom domain; the resource is what some clients need to see in an endpoint's address.
_CUSTOM = ("/translator/text", "/translator/text/{version}")
_PREFIXES = ("", *_CUSTOM, *(f"/{{resource}}{path}" for path in _CUSTOM))
_TOKENS = "/sts/v1.0/issueToken"


def routes(room: Room) -> list[Route]:
    """List the routes: on the path of the global endpoint, and on those of a custom domain."""
    check_translation = partial(translate.check_translation, deployments=room.options.deployments)
    operations: list[tuple[str, str, str, Callable[[Call], Question]]] = [
        ("translate", translate.NAME, "TRAN", check_translation),
        ("transliterate", transliterate.NAME, "TLIT", transliterate.check_transliteration),
        ("detect", detection.DETECT, "DTCT", detection.check_detection),
        ("breaksentence", detection.BREAK, "BKST", detection.check_sentences),
        ("dictionary/lookup", dictionary.LOOKUP, "DTLK", dictionary.check_lookup),
        ("dictionary/examples", dictionary.EXAMPLES, "DTEX", dictionary.check_examples),
    ]
    listed = [
        route
        for path, name, mark, check in operations
        for route in room.answer(
            TranslatorVoice(mark),
            name_always(name),
            partial(check_operation, mark=mark, check=check),
            *(f"{prefix}/{path}" for prefix in _PREFIXES),
        )
    ]
    # Nobody needs a key for the list of languages.
    listed += room.attend(
        TranslatorVoice("LANG"),
        "Languages",
        list_languages,
        *(f"{prefix}/languages" for prefix in _PREFIXES),
        keyless=True,
    )
    listed += room.attend(
        TranslatorVoice(""), "IssueToken", partial(issue_token, key=room.options.key), _TOKENS, method="POST"
    )
    return listed
