"""The language of a text."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from pgazure.emulator.models.wordlists import pairs, read_table, words


@dataclass(frozen=True, slots=True)
class Detected:
    """A language as the service names it.

    Attributes:
        name: English name.
        code: The service's code.
        score: Confidence with two decimals.
    """

    name: str
    code: str
    score: float


@dataclass(frozen=True, slots=True)
class Script:
    """A script as the service names it.

    Attributes:
        name: English name.
        code: ISO 15924 code.
    """

    name: str
    code: str


_TABLE = "languages"
_ENOUGH = 4000
UNKNOWN = Detected("(Unknown)", "(Unknown)", 0.0)

_SCRIPTS = (
    (re.compile(r"[\u3040-\u30ff]"), "ja"),
    (re.compile(r"[\uac00-\ud7af\u1100-\u11ff]"), "ko"),
    (re.compile(r"[\u4e00-\u9fff]"), "zh"),
    (re.compile(r"[\u0e00-\u0e7f]"), "th"),
    (re.compile(r"[\u0370-\u03ff]"), "el"),
    (re.compile(r"[\u0590-\u05ff]"), "he"),
    (re.compile(r"[\u10a0-\u10ff]"), "ka"),
    (re.compile(r"[\u0530-\u058f]"), "hy"),
    (re.compile(r"[\u0b80-\u0bff]"), "ta"),
    (re.compile(r"[\u0c00-\u0c7f]"), "te"),
    (re.compile(r"[\u0c80-\u0cff]"), "kn"),
    (re.compile(r"[\u0d00-\u0d7f]"), "ml"),
    (re.compile(r"[\u0a80-\u0aff]"), "gu"),
    (re.compile(r"[\u0a00-\u0a7f]"), "pa"),
    (re.compile(r"[\u0980-\u09ff]"), "bn"),
    (re.compile(r"[\u1780-\u17ff]"), "km"),
    (re.compile(r"[\u1000-\u109f]"), "my"),
    (re.compile(r"[\u0e80-\u0eff]"), "lo"),
)
# Not \w: the vowel signs of Indian scripts are not word characters to it.
_WORD = re.compile(r"[^\W\d_](?:[^\s\d.,!?;:()\[\]\"'“”«»।…/|-]*[^\W\d_]|)[\u0300-\u036f\u0900-\u0dff]*")


@cache
def _names() -> dict[str, str]:
    lines = read_table(_TABLE)["names"].splitlines()
    return {code: name for code, _, name in (line.partition(" ") for line in lines)}


@cache
def _common_words() -> dict[str, frozenset[str]]:
    sections = (section.removesuffix(" words") for section in read_table(_TABLE) if section.endswith(" words"))
    return {code: words(_TABLE, f"{code} words") for code in sections}


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  # loads the model

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known = {"zh", *_names()} & set(identifier.labels)
    identifier.set_languages(sorted(known))
    return identifier


@lru_cache(maxsize=2048)
def detect(text: str, country: str) -> Detected:
    """Detect the language of ``text``.

    Args:
        text: The text; what follows the first thousand or so letters does not change the answer.
        country: ISO 3166-1 alpha-2 code that settles a doubt, or an empty string.
    """
    found = _WORD.findall(text[:_ENOUGH].lower())
    letters = "".join(found)
    # Emoticons have at most one letter, and no language is told from one Latin letter.
    if not letters or (len(letters) == 1 and letters.isascii()):
        return UNKNOWN
    by_script = _by_script(letters)
    if by_script is not None:
        return by_script
    return _by_letters(text[:_ENOUGH], found, country.upper())


def find_script(text: str) -> Script | None:
    """Find the script of most letters of ``text``; ``None`` where it has none that is known."""
    known = pairs(_TABLE, "scripts")
    letters = "".join(char for char in text[:_ENOUGH] if char.isalpha())
    names = Counter(unicodedata.name(char, "").partition(" ")[0] for char in letters)
    for name, _ in names.most_common():
        if name == "CJK" and not names.keys() & {"HIRAGANA", "KATAKANA"}:
            many = _count(letters, "traditional") > _count(letters, "simplified")
            return Script("HanTraditional", "Hant") if many else Script("HanSimplified", "Hans")
        if name in known:
            written, _, code = known[name].partition(":")
            return Script(written, code)
    return None


def _by_script(letters: str) -> Detected | None:
    for pattern, code in _SCRIPTS:
        share = len(pattern.findall(letters)) / len(letters)
        if code == "ja" and share < 0.05:  # noqa: PLR2004  # a few kana in Chinese are quotations
            continue
        if share > (0.05 if code == "ja" else 0.5):
            if code == "zh":
                many = _count(letters, "traditional") > _count(letters, "simplified")
                code = "zh_cht" if many else "zh_chs"  # noqa: PLW2901
            return Detected(_names()[code], code, 1.0)
    return None


def _count(letters: str, script: str) -> int:
    known = read_table(_TABLE)[script]
    return sum(char in known for char in letters)


def _by_letters(text: str, found: list[str], country: str) -> Detected:
    scores = {code: float(score) for code, score in _identifier().rank(text)}
    votes = {code: sum(word in common for word in found) for code, common in _common_words().items() if code in scores}
    # The shorter the text, the more its words count, and the country where they say nothing.
    weight = 3.0 / (1.0 + len(found) / 8)
    for code, vote in votes.items():
        scores[code] = scores.get(code, 0.0) + weight * vote / len(found)
    hinted = pairs(_TABLE, "countries").get(country)
    if hinted and not any(votes.values()) and len(found) <= 3:  # noqa: PLR2004
        scores[hinted] = scores.get(hinted, 0.0) + 0.6
    best = max(scores, key=lambda code: (scores[code], code))
    if best == "zh":
        best = "zh_chs"
    share = scores.get(best, 1.0) / (sum(scores.values()) or 1.0)
    sure = min(1.0, 0.55 + 0.45 * share + min(len(found), 12) * 0.025)
    return Detected(_names()[best], best, round(sure, 2))
