"""Personal data in what was said, in each of the forms that a transcript writes it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from pgazure.emulator.language import redaction
from pgazure.emulator.models import pii
from pgazure.emulator.models.spans import Found, settle
from pgazure.emulator.offsets import Ruler

_FORMS = ("text", "itn", "maskedItn", "lexical")
_CATEGORIES = {
    "Address": "Address",
    "Email": "Email",
    "Person": "Person",
    "PhoneNumber": "Phone",
    "CreditCardNumber": "CreditCard",
    "USSocialSecurityNumber": "USSocialSecurityNumber",
    "IPAddress": "NumericIdentifier",
    "InternationalBankingAccountNumber": "NumericIdentifier",
    "ABARoutingNumber": "NumericIdentifier",
    "BRCPFNumber": "NumericIdentifier",
    "ESDNI": "NumericIdentifier",
    "USUKPassportNumber": "NumericIdentifier",
    "USDriversLicenseNumber": "NumericIdentifier",
}
_NO_CATEGORY = {"All", "Default"}
_WORD = re.compile(r"\S+")


def find_problem(parameters: dict[str, Any]) -> str | None:
    """Say what is wrong with the parameters of a task; ``None`` where nothing is."""
    wanted = parameters.get("piiCategories", [])
    known = {*_CATEGORIES.values()} | _NO_CATEGORY
    if not isinstance(wanted, list) or not all(name in known for name in wanted):
        return f"Invalid value for parameter 'piiCategories', valid values are {', '.join(sorted(known))}."
    if parameters.get("redactionSource", "text") not in _FORMS:
        return f"Invalid value for parameter 'redactionSource', valid values are {', '.join(_FORMS)}."
    return redaction.find_problem(parameters)


def redact_item(
    item: dict[str, Any], source: str, parameters: dict[str, Any], language: str, unit: str
) -> dict[str, Any]:
    """Find and mask the personal data of one item of a conversation.

    Args:
        item: The item as it was sent.
        source: In which of its forms to look for entities.
        parameters: The task's parameters.
        language: Its language.
        unit: Unit of offsets.
    """
    forms = {name: item[name] for name in _FORMS if isinstance(item.get(name), str)}
    told = [one for form in forms.values() for one in _recognize(form, parameters, language)]
    policies = redaction.read_policies(parameters)
    content: dict[str, Any] = {}
    entities: list[dict[str, Any]] = []
    spoken: tuple[Found, ...] = ()
    for name, form in forms.items():
        found = _find_again(form, told)
        redacted = redaction.redact(form, found, policies)
        if redacted.text is not None:
            content[name] = redacted.text
        if name == source or (source not in forms and not entities):
            entities = _list(form, found, redacted, unit)
            spoken = found
    timings = item.get("wordLevelTimings") or item.get("audioTimings")
    if isinstance(timings, list):
        timed = timings if parameters.get("redactAudioTiming") else []
        content["audioTimings"] = _find_timings(timed, spoken)
    return {"id": item["id"], "redactedContent": content, "entities": entities}


def _recognize(form: str, parameters: dict[str, Any], language: str) -> list[Found]:
    wanted = {*(parameters.get("piiCategories") or ())}
    everything = not wanted or bool(wanted & _NO_CATEGORY)
    found = [
        replace(one, category=_CATEGORIES[one.category])
        for one in pii.recognize(form, language)
        if one.category in _CATEGORIES
    ]
    return [one for one in redaction.choose(found, parameters, language) if everything or one.category in wanted]


def _find_again(form: str, told: list[Found]) -> tuple[Found, ...]:
    # What is a name in one form is one in all of them, though one of them has no capital letters.
    return settle(
        replace(one, text=match.group(), start=match.start(), end=match.end())
        for one in told
        for match in re.finditer(rf"(?<!\w){re.escape(one.text)}(?!\w)", form, re.IGNORECASE)
    )


def _list(form: str, found: tuple[Found, ...], redacted: redaction.Redacted, unit: str) -> list[dict[str, Any]]:
    ruler, masked = Ruler(form, unit), Ruler(redacted.text or "", unit)
    listed = []
    for one, mask in zip(found, redacted.masks, strict=True):
        entity: dict[str, Any] = {"text": one.text, "category": one.category, **ruler.span(one.start, one.end)}
        entity["confidenceScore"] = one.score
        listed.append(entity if mask is None else entity | mask.describe(masked))
    return listed


def _find_timings(timings: list[Any], found: tuple[Found, ...]) -> list[dict[str, Any]]:
    spoken = {word.casefold().strip(".,;:!?") for one in found for word in _WORD.findall(one.text)}
    return [
        {"offset": timing.get("offset"), "duration": timing.get("duration")}
        for timing in timings
        if isinstance(timing, dict) and str(timing.get("word", "")).casefold().strip(".,;:!?") in spoken
    ]
