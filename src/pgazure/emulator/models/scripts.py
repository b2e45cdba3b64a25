"""The same words in other letters: into Latin ones by a table, and back by reading that table the other way round.

From Latin letters into those of an alphabet or of an Indian script, letter by letter and without knowing the language;
what is not written letter by letter, such as Chinese and Japanese, stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from pgazure.emulator.models.wordlists import pairs, read_table

LATIN = "Latn"
_HAN = ("Hans", "Hant")
_VIRAMA = 9
_VOWELS = "aeiou"
_BLOCKS = {
    "Arab": "0621-064a",
    "Armn": "0561-0586",
    "Beng": "0980-09ff",
    "Cyrl": "0430-045f",
    "Deva": "0900-097f",
    "Geor": "10d0-10f0",
    "Grek": "03b1-03ce",
    "Gujr": "0a80-0aff",
    "Guru": "0a00-0a7f",
    "Hebr": "05d0-05ea",
    "Knda": "0c80-0cff",
    "Mlym": "0d00-0d7f",
    "Orya": "0b00-0b7f",
    "Taml": "0b80-0bff",
    "Telu": "0c00-0c7f",
}
_INDIAN_NAME = re.compile(r"\w+ (?:LETTER|VOWEL SIGN) (\w+)")
_LATIN_WORD = re.compile(r"[A-Za-z'`]+")


def native_script(language: str) -> str:
    """Script that a language is usually written in."""
    if script := pairs("translator", "scripts").get(language):
        return script
    from langcodes import Language  # noqa: PLC0415  # loads tables of names

    return str(Language.get(language).maximize().script)


def list_languages() -> list[str]:
    """List the languages that can be written in other letters."""
    return sorted(pairs("translator", "scripts"))


def list_scripts(language: str) -> dict[str, tuple[str, ...]]:
    """List the scripts of a language, and into which others each can be put; empty where there is nothing to do."""
    native = pairs("translator", "scripts").get(language)
    if native is None:
        return {}
    if native in _HAN:
        other = _HAN[native == _HAN[0]]
        return {native: (LATIN, other), LATIN: (native, other)}
    return {native: (LATIN,), LATIN: (native,)}


def transliterate(text: str, origin: str, target: str) -> str:
    """Write ``text`` in the script ``target``.

    Args:
        text: The text; what is not in ``origin`` stays as it is.
        origin: Script that it is in, an ISO 15924 code.
        target: Script that it is to be in.
    """
    if origin == target:
        return text
    if target == LATIN:
        from anyascii import anyascii  # noqa: PLC0415  # loads its tables

        return str(anyascii(text))
    if {origin, target} == set(_HAN):
        return text.translate(_han(target))
    return _LATIN_WORD.sub(lambda match: _spell(match.group(), target), text) if target in _BLOCKS else text


@cache
def _han(target: str) -> dict[int, str]:
    table = read_table("translator")["simplified and traditional"].split()
    ordered = table if target == "Hant" else [pair[::-1] for pair in table]
    return {ord(pair[0]): pair[1] for pair in ordered}


def _spell(word: str, script: str) -> str:
    """Spell a word in Latin letters with those of another script, the longest piece that has a letter first."""
    letters, signs, virama = _letters(script)
    lower = word.lower()
    spelled: list[str] = []
    before, position = "", 0
    while position < len(lower):
        piece = next(
            (lower[position : position + size] for size in (4, 3, 2, 1) if lower[position:][:size] in letters), ""
        )
        if not piece:
            spelled.append(word[position])
            before, position = "", position + 1
            continue
        consonant = bool(virama and before) and before[0] not in _VOWELS
        if consonant and piece[0] in _VOWELS:
            # A consonant has an "a" of its own, but not at the end of a word.
            last = position + 1 == len(lower)
            spelled.append("" if piece == "a" and not last else signs.get("aa" if piece == "a" else piece, ""))
        else:
            doubled = consonant and piece == before
            letter = letters[piece]
            spelled.append((virama if doubled else "") + (letter.upper() if word[position].isupper() else letter))
        before, position = piece, position + len(piece)
    return "".join(spelled)


@cache
def _letters(script: str) -> tuple[dict[str, str], dict[str, str], str]:
    """Letters and vowel signs of a script by how they are written in Latin letters, and its sign for "no vowel"."""
    from anyascii import anyascii  # noqa: PLC0415  # loads its tables

    first, _, last = _BLOCKS[script].partition("-")
    chars = [chr(code) for code in range(int(first, 16), int(last, 16) + 1)]
    virama = next((char for char in chars if unicodedata.combining(char) == _VIRAMA), "")
    sounds = [
        *(entry for entry in pairs("translator", "letters").items() if entry[0].startswith(script)),
        *((_name_sound(char), char) for char in chars if virama),
        *((anyascii(char).lower(), char) for char in chars),
    ]
    letters: dict[str, str] = {}
    signs: dict[str, str] = {}
    for sound, char in sounds:
        category = unicodedata.category(char)
        if category in {"Lo", "Ll"}:
            letters.setdefault(sound.removeprefix(f"{script}-"), char)
        elif category in {"Mc", "Mn"} and char != virama:
            signs.setdefault(sound, char)
    letters.pop("", None)  # what has no sound
    return letters, signs, virama


def _name_sound(char: str) -> str:
    """Sound of an Indian letter by its name, which tells apart what Latin letters do not: TA from TTA."""
    match = _INDIAN_NAME.fullmatch(unicodedata.name(char, ""))
    sound = match[1].lower() if match else ""
    return sound if sound[:1] in _VOWELS else sound.removesuffix("a")
