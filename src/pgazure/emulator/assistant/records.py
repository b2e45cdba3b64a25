"""Lists of things that a text holds, for answers that are lists of objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pgazure.emulator.assistant.fields import split
from pgazure.emulator.assistant.reading import Reading
from pgazure.emulator.models import linking, opinions, relevance, translation
from pgazure.emulator.models.wordlists import pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.emulator.assistant.fields import Request
    from pgazure.emulator.models.spans import Found

Record = dict[str, Any]


def key_of(name: str) -> str:
    """What a field of a record is called here; its own name where it is called nothing."""
    found = split(name)
    joined = "".join(found)
    synonyms = pairs("fields", "records")
    if joined in synonyms:
        return synonyms[joined]
    known = [synonyms[word] for word in reversed(found) if word in synonyms]
    return known[0] if known else joined


def list_records(name: str, fields: Sequence[str], request: Request) -> list[Record] | None:  # noqa: PLR0911  # one shape after another
    """Records for a list of objects.

    Args:
        name: Name of the list.
        fields: Names of the objects' fields.
        request: What they are taken from.

    Returns:
        ``None`` where it is a list of something else.
    """
    keys = {key_of(field) for field in fields}
    named = {*split(name)}
    if "relevance" in keys or ("index" in keys and request.prompt.query and keys & {"score", "relevance"}):
        return _rank(request)
    if "url" in keys or named & {"linked", "links", "linking"}:
        return [
            {
                "text": one.name,
                "url": one.url,
                "source": "Wikipedia",
                "language": "en",
                **_list_matches(one, request.reading.text),
            }
            for one in linking.find(request.reading.text)
        ]
    if named & {"pii", "personal", "sensitive"}:
        return [_describe(one) for one in request.reading.pii]
    if "target" in keys and keys & {"sentiment", "assessment"}:
        return _list_opinions(request.reading)
    if "sentence" in named or "sentences" in named or (keys >= {"text", "score"} and "category" not in keys):
        return [
            {"text": text, "score": rank, "sentiment": Reading(text).judgement.mood.label}
            for text, rank in request.reading.rank(20)
        ]
    if "translations" in named or (keys >= {"language", "text"} and len(keys) == 2):  # noqa: PLR2004
        return _translate(request)
    if "category" in keys and keys & {"text", "index"}:
        return [_describe(one) for one in request.reading.entities]
    return None


def _rank(request: Request) -> list[Record]:
    query = request.prompt.query or request.prompt.order
    scored = [
        (round(relevance.score(query, one.body), 4), place, one) for place, one in enumerate(request.prompt.documents)
    ]
    scored.sort(key=lambda one: (-one[0], one[1]))
    return [
        {"index": _whole(one.index, place), "relevance": value, "score": value, "text": one.body}
        for value, place, one in scored
    ]


def _whole(index: str, place: int) -> int | str:
    return int(index) if re.fullmatch(r"\d+", index) else index or place


def _describe(one: Found) -> Record:
    return {
        "text": one.text,
        "index": one.text,
        "category": one.category,
        "subcategory": one.subcategory,
        "score": one.score,
        "offset": one.start,
        "length": one.end - one.start,
        "end": one.end,
    }


def _list_matches(one: linking.Linked, text: str) -> Record:
    matches = [
        {"text": text[start:end], "offset": start, "length": end - start, "end": end, "score": one.score}
        for start, end in one.matches
    ]
    return matches[0] | {"text": one.name, "matches": matches}


def _list_opinions(reading: Reading) -> list[Record]:
    found: list[Record] = []
    for sentence in reading.judgement.sentences:
        mined = opinions.mine(reading.text[sentence.start : sentence.end], reading.code, sentence.start)
        for target in mined.targets:
            said = ", ".join(
                reading.text[mined.assessments[place].start : mined.assessments[place].end]
                for place in target.relations
            )
            text = reading.text[target.start : target.end]
            found.append(
                {
                    "target": text,
                    "text": text,
                    "sentiment": target.label,
                    "assessment": said,
                    "score": max(target.scores.values()),
                }
            )
    return found


def _translate(request: Request) -> list[Record]:
    import langcodes  # noqa: PLC0415  # loads tables of names

    targets: list[str] = []
    for word in re.findall(r"\b[A-Z][a-z]+\b|\b[a-z]{2}\b(?=[,.\s]|$)", request.prompt.order):
        try:
            found = langcodes.find(word) if word[0].isupper() else langcodes.get(word)
        except LookupError:
            continue
        if found.is_valid() and word not in {"to", "in", "it", "is", "or", "an", "as", "no", "so", "be", "my"}:
            targets.append(str(found.to_tag()))
    return [
        {
            "language": target,
            "text": translation.translate(request.reading.text, request.reading.iso, target, html=False),
        }
        for target in dict.fromkeys(targets)
    ]
