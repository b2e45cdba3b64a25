"""Pseudo-translation: the text as it is, marked with the language it was to be put into.

Nothing in a text changes but what the request itself asks for, so placeholders, numbers and tags come through
whole, and nobody takes the result for a real translation. Since every character of the result is known to come from
the text, from the mark or from the request, alignment and sentence lengths are exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from pgazure.emulator.models import sentences
from pgazure.emulator.models.wordlists import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Span = tuple[int, int]

_TAG = re.compile(r"<[^<>]*>")
_ELEMENT = re.compile(r"<(?P<closing>/?)(?P<name>[a-z][\w:-]*)(?P<attributes>[^<>]*)>", re.IGNORECASE)
_KEPT = re.compile(
    r"""\b(?:class\s*=\s*(?:"[^"]*\bnotranslate\b[^"]*"|'[^']*\bnotranslate\b[^']*'|notranslate\b)"""
    r"""|translate\s*=\s*["']?no\b)""",
    re.IGNORECASE,
)
_NEVER_TRANSLATED = {"script", "style"}
_EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# The service takes it in plain text as well, and only when it is spelled like this.
_ENTRY = re.compile(
    r'<mstrans:dictionary\s+translation\s*=\s*"(?P<entry>[^"]*)"\s*>(?P<phrase>[^<>]*)</mstrans:dictionary>'
)
_MARKUP = re.compile(rf"{_ENTRY.pattern}|{_TAG.pattern}")
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a translation is asked to do with words.

    Attributes:
        profanity: ``NoAction``, ``Marked`` or ``Deleted``.
        marker: What marks profanity: ``Asterisk`` or ``Tag``.
        pairs: Phrases and their translations, which are used where a phrase occurs.
    """

    profanity: str = "NoAction"
    marker: str = "Asterisk"
    pairs: tuple[tuple[str, str], ...] = ()


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the source and what became of it.

    Attributes:
        start: Its start in the source.
        end: Its end in the source.
        at: Where it begins in the translation.
        text: What it became.
        kept: Whether it is the source as it was.
        spoken: Whether it is language, and not a tag or what must not be translated.
    """

    start: int
    end: int
    at: int
    text: str
    kept: bool
    spoken: bool


@dataclass(frozen=True, slots=True)
class Translated:
    """A translation and where each part of it comes from.

    Attributes:
        source: The text.
        segments: Its stretches, in order; their texts join to the translation.
        guided: Whether markup of the request had a say, beyond the model.
    """

    source: str
    segments: tuple[Segment, ...]
    guided: bool = False
    text: str = field(init=False)

    def __post_init__(self) -> None:
        """Join the stretches."""
        object.__setattr__(self, "text", "".join(segment.text for segment in self.segments))

    def align(self) -> list[tuple[Span, Span]]:
        """Pair the words of the source with those of the translation, as spans of code points."""
        found: list[tuple[Span, Span]] = []
        for segment in self.segments:
            if not segment.spoken or not segment.text or segment.start == segment.end:
                continue
            if not segment.kept:
                found.append(((segment.start, segment.end), (segment.at, segment.at + len(segment.text))))
                continue
            shift = segment.at - segment.start
            for match in _WORD.finditer(self.source, segment.start, segment.end):
                start, end = match.span()
                found.append(((start, end), (start + shift, end + shift)))
        return found

    def pair_sentences(self) -> list[tuple[Span, Span]]:
        """Pair the sentences of the source with those of the translation; both join to the whole texts."""
        cuts = [0, *(end for _, end in sentences.split(self.source))]
        if len(cuts) == 1:
            cuts.append(0)
        places = [0, *(self._place(cut) for cut in cuts[1:-1]), len(self.text)]
        return list(zip(pairwise(cuts), pairwise(places), strict=True))

    def _place(self, position: int) -> int:
        for segment in self.segments:
            if segment.start >= position:
                return segment.at
            if segment.end > position:
                # What was replaced belongs to the sentence in which it begins.
                return segment.at + (position - segment.start if segment.kept else len(segment.text))
        return len(self.text)


def visible(text: str, *, html: bool) -> str:
    """Leave out the tags of a text."""
    return _TAG.sub(" ", text) if html else text


def translate(text: str, source: str, target: str, *, html: bool) -> str:
    """Mark ``text`` as put into ``target``; one that is in that language already stays as it is."""
    return render(text, source, target, html=html).text


def render(text: str, source: str, target: str, *, html: bool, wishes: Wishes = NO_WISHES) -> Translated:
    """Mark ``text`` as put into ``target``, and do what else is asked for.

    Args:
        text: The text.
        source: Code of its language.
        target: Code of the language asked for; a text in that language gets no mark.
        html: Whether ``text`` holds tags; they are kept, and so are elements that must not be translated.
        wishes: What to do with words.
    """
    mark = "" if source == target else f"[{target}] "
    segments: list[Segment] = []
    at, guided = 0, False

    def add(start: int, end: int, became: str | None, *, spoken: bool) -> None:
        nonlocal at
        if start < end or became:
            given = text[start:end] if became is None else became
            segments.append(Segment(start, end, at, given, became is None, spoken))
            at += len(given)

    for start, end, entry in _cut(text, html=html):
        if entry is None:
            guided = True
            add(start, end, None, spoken=False)
            continue
        last = start
        head = start + len(text[start:end]) - len(text[start:end].lstrip())
        if mark and head < end:
            add(start, head, None, spoken=True)
            add(head, head, mark, spoken=False)
            last, mark = head, ""
        if entry:
            guided = True
            add(last, end, entry, spoken=True)
            continue
        for first, behind, became in _replace(text, last, end, wishes):
            add(last, first, None, spoken=True)
            add(first, behind, became, spoken=True)
            last = behind
        add(last, end, None, spoken=True)
    return Translated(text, tuple(segments), guided)


def _cut(text: str, *, html: bool) -> Iterator[tuple[int, int, str | None]]:
    """Cut a text into what is language (``""``), what has a translation given with it, and what is kept (``None``)."""
    last, kept, depth = 0, "", 0
    for match in (_MARKUP if html else _ENTRY).finditer(text):
        if last < match.start():
            yield last, match.start(), None if depth else ""
        last = match.end()
        # An entry without a translation keeps its phrase.
        yield match.start(), last, None if depth or match["phrase"] is None else match["entry"] or match["phrase"]
        element = _ELEMENT.fullmatch(match.group())
        if element is None:
            continue
        name, alone = element["name"].lower(), element["attributes"].endswith("/")
        if depth:
            depth += 0 if name != kept or alone else -1 if element["closing"] else 1
        elif not element["closing"] and not alone and name not in _EMPTY and _is_kept(name, element["attributes"]):
            kept, depth = name, 1
    if last < len(text):
        yield last, len(text), None if depth else ""


def _is_kept(name: str, attributes: str) -> bool:
    return name in _NEVER_TRANSLATED or _KEPT.search(attributes) is not None


def _replace(text: str, start: int, end: int, wishes: Wishes) -> Iterator[tuple[int, int, str]]:
    """Find what is not to stay as it is, and what it becomes."""
    pairs = dict(wishes.pairs)
    found = [(match.span(), pairs[match.group()]) for match in _find(_phrases(tuple(pairs)), text, start, end)]
    if wishes.profanity != "NoAction":
        found += [
            (_take_space(text, match) if wishes.profanity == "Deleted" else match.span(), _hide(match.group(), wishes))
            for match in _find(_profanities(), text, start, end)
        ]
    last = start
    for (first, behind), became in sorted(found):
        if first >= last:
            yield first, behind, became
            last = behind


def _find(pattern: re.Pattern[str] | None, text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    return pattern.finditer(text, start, end) if pattern else iter(())


def _take_space(text: str, match: re.Match[str]) -> Span:
    start, end = match.span()
    return (start - 1, end) if start and text[start - 1] == " " else (start, end)


def _hide(word: str, wishes: Wishes) -> str:
    if wishes.profanity == "Deleted":
        return ""
    return "***" if wishes.marker == "Asterisk" else f"<profanity>{word}</profanity>"


@cache
def _profanities() -> re.Pattern[str]:
    return _either(words("translator", "profanities"), re.IGNORECASE)


def _phrases(phrases: Sequence[str]) -> re.Pattern[str] | None:
    return _either(phrases, re.NOFLAG) if phrases else None


def _either(phrases: Sequence[str] | frozenset[str], flags: re.RegexFlag) -> re.Pattern[str]:
    # The longest first, so that a phrase is found whole where another one begins it.
    choices = "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{choices})(?!\w)", flags)
