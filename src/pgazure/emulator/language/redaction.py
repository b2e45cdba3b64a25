"""What is done with personal data that was found: kept or passed over, and masked by one policy or another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from pgazure.emulator.models.spans import Found, settle

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgazure.emulator.offsets import Ruler

CHARACTERS = "!#$%&*+-=?@^_~"
"""What a text may be masked with."""
# The first preview had names of its own for them.
_KINDS = {
    "charactermask": "characterMask",
    "maskwithcharacter": "characterMask",
    "entitymask": "entityMask",
    "maskwithentitytype": "entityMask",
    "nomask": "noMask",
    "donotredact": "noMask",
    "syntheticreplacement": "syntheticReplacement",
}
_PEOPLE = ("Sam Johnson", "Alex Morgan", "Robin Taylor", "Jamie Parker", "Chris Walker", "Pat Sullivan", "Kim Bailey")
_ADDRESSES = ("12 Elm Street", "480 Lake Avenue", "7 Mill Road", "93 Garden Way", "150 Harbour Lane")
_SUBSTITUTES = {"Person": _PEOPLE, "Address": _ADDRESSES}
_SYNONYM_REACH = r"\b[\w\s.:#]{0,20}?(?P<it>\b[A-Z]{0,3}\d{5,17}\b)"
_SYNONYM_SCORE = 0.8


@dataclass(frozen=True, slots=True)
class Policy:
    """How personal data is masked.

    Attributes:
        kind: ``characterMask``, ``entityMask``, ``noMask`` or ``syntheticReplacement``.
        categories: For which categories; for all where there are none.
        is_default: Whether it is for the categories that no other policy names.
        character: What is put for every code point.
        left: How many code points stay as they are.
        left_at_end: Whether those are the last ones, and not the first.
    """

    kind: str = "characterMask"
    categories: frozenset[str] = frozenset()
    is_default: bool = False
    character: str = "*"
    left: int = 0
    left_at_end: bool = True


@dataclass(frozen=True, slots=True)
class Mask:
    """What stands for an entity in the redacted text, from ``start`` to ``end`` of it."""

    text: str
    start: int
    end: int

    def describe(self, ruler: Ruler) -> dict[str, Any]:
        """Write it as an entity has it; the ruler is that of the redacted text."""
        offset, length = ruler.measure(self.start, self.end)
        return {"mask": self.text, "maskOffset": offset, "maskLength": length}


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without its personal data.

    Attributes:
        text: The text; ``None`` where nothing is to be redacted.
        masks: For each entity what stands for it, where that names its category.
    """

    text: str | None
    masks: tuple[Mask | None, ...]


def find_problem(parameters: dict[str, Any]) -> str | None:
    """Say what is wrong with the parameters about redaction; ``None`` where nothing is."""
    given = parameters.get("redactionPolicies", [])
    if not isinstance(given, list):
        return "Invalid value for parameter 'redactionPolicies', a list of policies is expected."
    single = parameters.get("redactionPolicy")
    for item in [*given, *([single] if single is not None else [])]:
        if problem := _find_policy_problem(item):
            return problem
    if parameters.get("redactionCharacter", "*") not in tuple(CHARACTERS):
        return f"Invalid value for parameter 'redactionCharacter', valid values are {' '.join(CHARACTERS)}."
    if sum(_is_default(item) for item in given) > 1:
        return "Invalid value for parameter 'redactionPolicies', only one policy can be the default."
    return _find_filter_problem(parameters)


def _is_default(item: dict[str, Any]) -> bool:
    return bool(item.get("isDefault") or item.get("isDefaultPolicy"))


def _find_policy_problem(item: Any) -> str | None:
    if not isinstance(item, dict) or str(item.get("policyKind", "characterMask")).lower() not in _KINDS:
        known = ", ".join(dict.fromkeys(_KINDS.values()))
        return f"Invalid value for parameter 'policyKind', valid values are {known}."
    if item.get("redactionCharacter", "*") not in tuple(CHARACTERS):
        return f"Invalid value for parameter 'redactionCharacter', valid values are {' '.join(CHARACTERS)}."
    if not _is_list(item.get("entityTypes") or []):
        return "Invalid value for parameter 'entityTypes', a list of categories is expected."
    left = item.get("unmaskLength") or 0
    if not isinstance(left, int) or left < 0:
        return "Invalid value for parameter 'unmaskLength', a whole number is expected."
    return None


def _find_filter_problem(parameters: dict[str, Any]) -> str | None:
    if not _is_list(parameters.get("excludePiiCategories") or []):
        return "Invalid value for parameter 'excludePiiCategories', a list of categories is expected."
    exclusion = parameters.get("valueExclusionPolicy") or {"excludedValues": []}
    if not isinstance(exclusion, dict) or not _is_list(exclusion.get("excludedValues")):
        return "Invalid value for parameter 'valueExclusionPolicy', an object with excludedValues is expected."
    threshold = parameters.get("confidenceScoreThreshold") or {}
    if not isinstance(threshold, dict):
        return "Invalid value for parameter 'confidenceScoreThreshold', an object is expected."
    values = [threshold.get("default", 0), *(_entry(item, "value") for item in threshold.get("overrides") or [])]
    if not all(isinstance(value, int | float) and 0 <= value <= 1 for value in values):
        return "Invalid value for parameter 'confidenceScoreThreshold', valid values are 0 to 1."
    synonyms = parameters.get("entitySynonyms") or []
    if not isinstance(synonyms, list) or not all(map(_names_synonyms, synonyms)):
        return "Invalid value for parameter 'entitySynonyms', a list of categories with synonyms is expected."
    return None


def _entry(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, dict) else None


def _names_synonyms(item: Any) -> bool:
    listed = _entry(item, "synonyms")
    named = isinstance(listed, list) and all(isinstance(_entry(entry, "synonym"), str) for entry in listed)
    return named and isinstance(_entry(item, "entityType"), str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def read_policies(parameters: dict[str, Any]) -> tuple[Policy, ...]:
    """Read the policies of a request that was checked."""
    items: list[dict[str, Any]] = [*(parameters.get("redactionPolicies") or ())]
    if parameters.get("redactionPolicy"):
        items.append(parameters["redactionPolicy"])
    if "redactionCharacter" in parameters:
        items.append({"redactionCharacter": parameters["redactionCharacter"]})
    return tuple(
        Policy(
            kind=_KINDS[str(item.get("policyKind", "characterMask")).lower()],
            categories=frozenset(item.get("entityTypes") or ()),
            is_default=_is_default(item),
            character=item.get("redactionCharacter") or "*",
            left=item.get("unmaskLength") or 0,
            left_at_end=item.get("unmaskFromEnd") is not False,
        )
        for item in items
    )


def choose(found: Iterable[Found], parameters: dict[str, Any], code: str) -> tuple[Found, ...]:
    """Keep the entities that a request wants.

    Args:
        found: The entities of a text.
        parameters: The request's parameters.
        code: Language of the text.
    """
    excluded = {*(parameters.get("excludePiiCategories") or ())}
    policy = parameters.get("valueExclusionPolicy") or {}
    values = {*(policy.get("excludedValues") or ())}
    if not policy.get("caseSensitive"):
        values = {value.casefold() for value in values}
    threshold = parameters.get("confidenceScoreThreshold") or {}
    limits = {
        item.get("entity"): item.get("value", 0)
        for item in threshold.get("overrides") or ()
        if item.get("language") in {None, "", code}
    }
    return tuple(
        one
        for one in found
        if one.category not in excluded
        and (one.text if policy.get("caseSensitive") else one.text.casefold()) not in values
        and one.score >= limits.get(one.category, threshold.get("default", 0))
    )


def find_by_synonyms(text: str, parameters: dict[str, Any], code: str, found: Sequence[Found]) -> tuple[Found, ...]:
    """Add the numbers that stand after a synonym of their category's name."""
    given = parameters.get("entitySynonyms")
    if not given:
        return tuple(found)
    more = [
        Found(match["it"], item["entityType"], "", *match.span("it"), _SYNONYM_SCORE)
        for item in given
        for entry in item.get("synonyms") or ()
        if entry.get("synonym") and entry.get("language") in {None, "", code}
        for match in re.finditer(rf"\b{re.escape(entry['synonym'])}{_SYNONYM_REACH}", text)
    ]
    return settle([*found, *more])


def redact(text: str, found: Sequence[Found], policies: Sequence[Policy]) -> Redacted:
    """Mask entities in a text.

    Args:
        text: The text.
        found: Its entities in the order of the text.
        policies: How to mask them; every code point becomes a star where there are none.
    """
    if policies and all(policy.kind == "noMask" and not policy.categories for policy in policies):
        return Redacted(None, (None,) * len(found))
    numbers: dict[tuple[str, str], int] = {}
    counts: dict[str, int] = {}
    parts: list[str] = []
    masks: list[Mask | None] = []
    length = end = 0
    for one in found:
        policy = _choose_policy(one.category, policies)
        key = (one.category, one.text.casefold())
        if policy.kind == "entityMask" and key not in numbers:
            counts[one.category] = numbers[key] = counts.get(one.category, 0) + 1
        mask = _mask(one, policy, numbers.get(key, 0))
        parts += [text[end : one.start], mask]
        start = length + one.start - end
        length, end = start + len(mask), one.end
        masks.append(Mask(mask, start, length) if policy.kind == "entityMask" else None)
    return Redacted("".join([*parts, text[end:]]), tuple(masks))


def _choose_policy(category: str, policies: Sequence[Policy]) -> Policy:
    named = [policy for policy in policies if category in policy.categories]
    default = [policy for policy in policies if policy.is_default]
    general = [policy for policy in policies if not policy.categories]
    return next(iter([*named, *default, *general]), Policy())


def _mask(one: Found, policy: Policy, number: int) -> str:
    if policy.kind == "noMask":
        return one.text
    if policy.kind == "entityMask":
        return f"[{one.category.upper()}_{number}]"
    if policy.kind == "syntheticReplacement":
        return _substitute(one)
    left = min(policy.left, len(one.text))
    masked = policy.character * (len(one.text) - left)
    if policy.left_at_end:
        return masked + one.text[len(one.text) - left :]
    return one.text[:left] + masked


def _substitute(one: Found) -> str:
    # The same value gets the same substitute everywhere, so that a text stays consistent with the next.
    seed = blake2b(one.text.casefold().encode(errors="surrogatepass"), digest_size=32).digest()
    if one.category in _SUBSTITUTES:
        choices = [value for value in _SUBSTITUTES[one.category] if value.casefold() != one.text.casefold()]
        return choices[seed[0] % len(choices)]
    changed = []
    for place, char in enumerate(one.text):
        step = 1 + seed[place % len(seed)] % 8
        if char.isdecimal() and char.isascii():
            char = str((int(char) + step) % 10)  # noqa: PLW2901
        elif char.isalpha() and char.isascii():
            first = ord("A") if char.isupper() else ord("a")
            char = chr(first + (ord(char) - first + step) % 26)  # noqa: PLW2901
        changed.append(char)
    return "".join(changed)
