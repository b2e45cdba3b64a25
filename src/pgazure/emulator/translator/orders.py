"""What a request for translations asks for, in either of its forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgazure.emulator.models import scripts
from pgazure.emulator.models.translation import NO_WISHES, Wishes
from pgazure.emulator.translator.languages import expect_language
from pgazure.emulator.translator.refusals import refuse
from pgazure.emulator.translator.request import Query, choose, lower_names, read_elements, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgazure.emulator.call import Call

_MOST = 1_000
_LONGEST = 50_000
_MOST_PAIRS = 5
_GENERAL = "general"
_ACTIONS = {name.lower(): name for name in ("NoAction", "Marked", "Deleted")}
_MARKERS = {name.lower(): name for name in ("Asterisk", "Tag")}
_KINDS = {"plain": False, "html": True}
_STYLES = {
    "tone": {name: name for name in ("formal", "informal", "neutral")},
    "gender": {name: name for name in ("female", "male", "neutral")},
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a text is to be put into.

    Attributes:
        language: Code of the language.
        script: Script that is asked for, and that the language is not usually written in; ``None`` where none is.
        named_script: Script as the request named it; ``None`` where it named none.
        wishes: What is to be done with words.
        deployment: Language model that is to do it; ``None`` for Translator's own.
        style: Tone, gender and data set that are asked for.
    """

    language: str
    script: str | None = None
    named_script: str | None = None
    wishes: Wishes = NO_WISHES
    deployment: str | None = None
    style: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """One text to translate.

    Attributes:
        text: The text.
        source: Code of its language; ``None`` where it is to be detected.
        script: Script that it is in, where that is not the usual one of its language.
        fallback: Code of its language where none can be detected.
        html: Whether it holds tags.
        targets: What it is to be put into.
    """

    text: str
    source: str | None
    script: str | None
    fallback: str | None
    html: bool
    targets: tuple[Target, ...]


def read_first_orders(call: Call) -> list[Order]:
    """Read a request of version 3.0, whose options are in the query and hold for every text.

    Raises:
        Refusal: It is not valid.
    """
    query = Query(call)
    languages = [expect_language(code, 400036) for code in query.all("to") or [""]]
    wanted = query.all("toScript") or [""] * len(languages)
    if len(wanted) != len(languages):
        raise refuse(400070)
    wishes = Wishes(
        choose(query.one("profanityAction") or "NoAction", _ACTIONS),
        choose(query.one("profanityMarker") or "Asterisk", _MARKERS),
    )
    # There are no systems of customers here, so every category falls back on the general one.
    if (query.one("category") or _GENERAL).lower() != _GENERAL and not query.flag("allowFallback", default=True):
        raise refuse(400079)
    targets = tuple(
        Target(language, _choose_target_script(language, script), script or None, wishes)
        for language, script in zip(languages, wanted, strict=True)
    )
    source = _read_source(query.one("from"))
    script = _choose_source_script(source, query.one("fromScript"))
    fallback = _read_source(query.one("suggestedFrom"))
    html = choose(query.one("textType") or "plain", _KINDS, 400071)
    return [
        Order(read_text(element, _LONGEST), source, script, fallback, html, targets)
        for element in read_elements(call, _MOST)
    ]


def read_orders(call: Call, deployments: Sequence[str]) -> list[Order]:
    """Read a request of a later version, whose options stand with each text.

    Args:
        call: The request.
        deployments: Language models that there are; any will do where none is named.

    Raises:
        Refusal: It is not valid.
    """
    return [_read_order(element, deployments) for element in read_elements(call, _MOST)]


def _read_order(element: Mapping[str, Any], deployments: Sequence[str]) -> Order:
    text = read_text(element, _LONGEST)
    targets = element.get("targets")
    if not isinstance(targets, list) or not targets:
        raise refuse(400036)
    source = _read_source(element.get("language"))
    return Order(
        text,
        source,
        _choose_source_script(source, element.get("script")),
        None,
        choose(element.get("texttype") or "plain", _KINDS, 400071),
        tuple(_read_target(target, deployments) for target in targets),
    )


def _read_target(given: object, deployments: Sequence[str]) -> Target:
    target = lower_names(given, 400036)
    language = expect_language(target.get("language"), 400036)
    script = target.get("script") or None
    wishes = Wishes(
        choose(target.get("profanityaction") or "NoAction", _ACTIONS),
        choose(target.get("profanitymarker") or "Asterisk", _MARKERS),
        _read_pairs(target.get("referencetextpairs") or []),
    )
    style = [f"{name}={choose(target[name], known)}" for name, known in _STYLES.items() if target.get(name)]
    # Reference pairs take the place of a data set of them.
    if (dataset := _read_word(target.get("adaptivedatasetid"))) and not wishes.pairs:
        style.append(f"dataset={dataset}")
    return Target(
        language,
        _choose_target_script(language, script),
        script,
        wishes,
        _read_deployment(target, deployments),
        tuple(style),
    )


def _read_deployment(target: Mapping[str, Any], deployments: Sequence[str]) -> str | None:
    name = _read_word(target.get("deploymentname")) or _GENERAL
    fallback = target.get("allowfallback", True)
    if not isinstance(fallback, bool):
        fallback = choose(fallback, {"true": True, "false": False})
    if name.lower() == _GENERAL:
        return None
    if not (name.isascii() and name.isprintable()):
        # It is named in a header of the answer.
        raise refuse(400042)
    if deployments and name not in deployments:
        if not fallback:
            raise refuse(400079)
        return None
    return name


def _read_pairs(given: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(given, list) or len(given) > _MOST_PAIRS:
        raise refuse(400042)
    pairs = [lower_names(pair, 400042) for pair in given]
    found = tuple((_read_word(pair.get("source")), _read_word(pair.get("target"))) for pair in pairs)
    if not all(source and target for source, target in found):
        raise refuse(400042)
    return found


def _read_word(value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise refuse(400042)
    return value or ""


def _read_source(code: object) -> str | None:
    return expect_language(code, 400035) if code else None


def _choose_target_script(language: str, script: object) -> str | None:
    native = scripts.native_script(language)
    if not script or (isinstance(script, str) and script.lower() == native.lower()):
        return None
    return choose(script, {name.lower(): name for name in scripts.list_scripts(language).get(native, ())}, 400004)


def _choose_source_script(language: str | None, script: object) -> str | None:
    if not script:
        return None
    if language is None:
        # Whose letters they are is not known before the language is.
        raise refuse(400006)
    native = scripts.native_script(language)
    known = scripts.list_scripts(language)
    found = choose(script, {name.lower(): name for name in (native, *known)}, 400018)
    return None if found == native else found
