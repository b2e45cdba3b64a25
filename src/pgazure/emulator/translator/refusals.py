"""What Translator refuses, and how it says so."""

from __future__ import annotations

from pgazure.emulator.wire import Refusal

_MESSAGES = {
    400001: "The scope parameter is not valid.",
    400003: "A language specifier is missing or not valid.",
    400004: "The target script is missing or not valid.",
    400005: "An input text is missing or not valid.",
    400006: "The combination of language and script is not valid.",
    400018: "The source script is missing or not valid.",
    400020: "One of the elements in the array of input text is not valid.",
    400021: "The API version parameter is missing or not valid.",
    400023: "One of the specified language pairs is not valid.",
    400035: "The source language is not valid.",
    400036: "The target language is not valid.",
    400042: "One of the options specified is not valid.",
    400050: "The input text is too long.",
    400064: "The translation field is missing or not valid.",
    400070: "The number of target scripts does not match the number of target languages.",
    400071: "The TextType is not valid.",
    400072: "The array of input text has too many elements.",
    400073: "The script parameter is not valid.",
    400074: "The body of the request is not valid JSON.",
    400077: "The maximum request size has been exceeded.",
    400079: "The custom system requested for translation between from and to language does not exist.",
    400080: "Transliteration is not supported for the language or script.",
    415000: "The Content-Type header is missing or not valid.",
    429000: "The server rejected the request because the client has exceeded request limits.",
}


def refuse(code: int) -> Refusal:
    """Build a refusal; its code is a number that begins with the HTTP status."""
    return Refusal(code // 1000, {"error": {"code": code, "message": _MESSAGES[code]}})
