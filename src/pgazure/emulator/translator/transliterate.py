"""``POST /transliterate``, in every version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgazure.emulator.models import scripts
from pgazure.emulator.stats import Item
from pgazure.emulator.translator.answer import Answer, Question
from pgazure.emulator.translator.languages import expect_language
from pgazure.emulator.translator.refusals import refuse
from pgazure.emulator.translator.request import FIRST, Query, check_version, choose, read_elements, read_text

if TYPE_CHECKING:
    from pgazure.emulator.call import Call

NAME = "Transliterate"
_MOST = 10
_MOST_CHARACTERS = 5_000


def check_transliteration(call: Call) -> Question:
    """Check a request for texts in other letters."""
    version = check_version(call)
    query = Query(call)
    language = expect_language(query.one("language"), 400003)
    known = scripts.list_scripts(language)
    if not known:
        raise refuse(400080)
    origin = choose(query.one("fromScript"), {script.lower(): script for script in known}, 400018)
    target = choose(query.one("toScript"), {script.lower(): script for script in known[origin]}, 400004)
    texts = [read_text(element, _MOST_CHARACTERS) for element in read_elements(call, _MOST)]
    charged = sum(map(len, texts))
    if charged > _MOST_CHARACTERS:
        raise refuse(400077)
    items = [Item(NAME, f"{language} {origin}>{target}", text, len(text)) for text in texts]
    metered = {"X-Metered-Usage": str(charged)} | ({} if version == FIRST else {"X-MT-System": "Microsoft"})

    def find() -> Answer:
        found = [{"text": scripts.transliterate(text, origin, target), "script": target} for text in texts]
        return Answer(found, metered)

    return Question(items, find)
