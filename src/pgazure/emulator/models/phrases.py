# ruff: noqa: RUF001  # texts have such signs
"""Key phrases of a text."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgazure.emulator.models.sentiment_words import lexicon
from pgazure.emulator.models.wordlists import words as words_in

if TYPE_CHECKING:
    from pgazure.emulator.models.sentiment_words import Lexicon

_MOST = 30
_LONGEST = 4
_SHORT = 4
_UNKNOWN_SCORE = 1.0
_KEPT = frozenset({"best", "good", "great", "nice", "new", "old", "last", "second", "own"})
_TOKEN = re.compile(r"[^\W_]+(?:['’&.-][^\W_]+)*|[^\w\s]|\n")
_ASIAN = {"ja": re.compile(r"[\u30a0-\u30ff\u4e00-\u9fff々ー]{2,}"), "zh": re.compile(r"[\u4e00-\u9fff]{2,}")}
_ADDRESS = re.compile(r"\S+@\S+|https?://\S+|www\.\S+")
_KOREAN = re.compile(r"[\uac00-\ud7af]{2,}")
_YAKE_CODES = {"cs": "cz", "pt-br": "br", "nb": "no"}
_ASIAN_LONGEST = 8


@cache
def stop_words(code: str) -> frozenset[str]:
    """Words of a language that carry no meaning of their own; none for a language that has no list."""
    import yake  # noqa: PLC0415  # loads networkx

    folder = Path(yake.__file__).parent / "core" / "StopwordsList"
    lower = code.lower()
    for name in (_YAKE_CODES.get(lower, lower), lower.partition("-")[0], "noLang"):
        path = folder / f"stopwords_{name}.txt"
        if path.is_file():
            return frozenset(path.read_text(encoding="utf-8").lower().split())
    return frozenset()


@cache
def _extractor(code: str) -> Any:
    import yake  # noqa: PLC0415  # loads networkx

    return yake.KeywordExtractor(lan=code[:2].lower(), n=1, top=10_000, dedup_lim=1.0, stopwords=set(stop_words(code)))


@lru_cache(maxsize=1024)
def extract(text: str, code: str) -> tuple[str, ...]:
    """Extract the key phrases of ``text``, the weightiest first.

    Args:
        text: The text.
        code: Its language; a language without stop words of its own is cut at punctuation only.
    """
    base = code.lower().partition("-")[0]
    if base in _ASIAN:
        return _rank_by_count(_cut_asian(text, base))
    if base == "ko":
        return _rank_by_count(_cut_korean(text))
    # Addresses are no phrases, and their parts are not either.
    text = _ADDRESS.sub(lambda match: "." * len(match.group()), text)
    chunks = _cut(text, code)
    if base == "de":
        # Its nouns are those words that have a capital letter.
        chunks = [words for words in chunks if any(word.group()[0].isupper() for word in words)]
    if not chunks:
        return ()
    scores = dict(_extractor(code).extract_keywords(text))
    weights: dict[str, tuple[float, int, str]] = {}
    for place, words in enumerate(chunks):
        phrase = text[words[0].start() : words[-1].start() + len(_bare(words[-1].group()))]
        # In yake a small score is a good one.
        score = min(scores.get(_bare(word.group()).lower(), _UNKNOWN_SCORE) for word in words) / len(words)
        weights.setdefault(phrase.lower(), (score, place, phrase))
    return tuple(phrase for _, _, phrase in sorted(weights.values()))[:_MOST]


def _cut(text: str, code: str) -> list[list[re.Match[str]]]:
    """Cut a text into runs of words that stand between stop words, verbs and punctuation."""
    english = code.lower().startswith("en")
    # "The best day" begins with a word that matters here.
    stop = stop_words(code) - _KEPT if english else stop_words(code)
    judged = lexicon(code)
    chunks: list[list[re.Match[str]]] = []
    run: list[re.Match[str]] = []
    for match in [*_TOKEN.finditer(text), None]:
        if match is not None and not _breaks(match.group(), stop, english=english):
            run.append(match)
            continue
        words = run[-_LONGEST:]
        # A phrase does not end in an adjective.
        while english and words and words[-1].group().lower() in words_in("phrases", "adjectives"):
            words.pop()
        if words and not (len(words) == 1 and _says_little(words[0].group(), judged)):
            chunks.append(words)
        run = []
    return chunks


def _breaks(token: str, stop: frozenset[str], *, english: bool) -> bool:
    word = _bare(token).lower()
    if not token[0].isalpha() or word in stop or "'" in word:
        return True
    is_verb = word in words_in("phrases", "verbs")
    # A word all in capitals is shouted, unless it is short.
    name = token[0].isupper() and not is_verb and not (token.isupper() and len(token) > _SHORT)
    gerund = word.endswith("ing") and len(word) > _SHORT + 1 and word not in words_in("phrases", "gerunds")
    return english and not name and (is_verb or gerund or word.endswith(("ly", "ed")))


def _says_little(word: str, judged: Lexicon) -> bool:
    return bool(judged.weigh(word.lower())) or (len(word) < 3 and not word.isupper())  # noqa: PLR2004


def _bare(word: str) -> str:
    return word.removesuffix("'s").removesuffix("’s")


@cache
def _asian_breaks(base: str) -> re.Pattern[str]:
    return re.compile("|".join(sorted(words_in("phrases", f"{base} breaks"), key=lambda word: (-len(word), word))))


def _cut_asian(text: str, base: str) -> list[str]:
    pieces = [piece for run in _ASIAN[base].findall(text) for piece in _asian_breaks(base).split(run)]
    return [piece for piece in pieces if 2 <= len(piece) <= _ASIAN_LONGEST]  # noqa: PLR2004


def _cut_korean(text: str) -> list[str]:
    pieces = []
    for word in _KOREAN.findall(text):
        if word.endswith(tuple(words_in("phrases", "ko endings"))):
            continue
        particles = sorted(words_in("phrases", "ko particles"), key=lambda end: (-len(end), end))
        particle = next((end for end in particles if word.endswith(end) and len(word) - len(end) > 1), "")
        pieces.append(word[: len(word) - len(particle)])
    return pieces


def _rank_by_count(pieces: list[str]) -> tuple[str, ...]:
    first = {piece: place for place, piece in reversed(list(enumerate(pieces)))}
    ranked = sorted(first, key=lambda piece: (-pieces.count(piece), first[piece]))
    return tuple(ranked[:_MOST])
