"""``POST /translate``, in every version."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from pgazure.emulator.models import scripts, tokens, translation
from pgazure.emulator.offsets import Ruler
from pgazure.emulator.stats import Item
from pgazure.emulator.translator.answer import Answer, Question
from pgazure.emulator.translator.detection import UNIT, detect, measure
from pgazure.emulator.translator.orders import read_first_orders, read_orders
from pgazure.emulator.translator.refusals import refuse
from pgazure.emulator.translator.request import FIRST, Query, check_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.emulator.call import Call
    from pgazure.emulator.models.translation import Translated
    from pgazure.emulator.translator.orders import Order, Target

NAME = "Translate"
_MOST_CHARACTERS = 50_000
_OWN = "Microsoft"
_VOCABULARY = "o200k_base"
# What the service's own prompt costs, and the frame around an answer.
_PROMPT_TOKENS = 300
_FRAME_TOKENS = 12
_NOT_ALIGNED = {"zh-Hant", "yue", "sr-Cyrl"}
_ALIGNED = ({"ja", "ko"}, {"ja", "zh-Hans"}, {"zh-Hans", "zh-Hant"})


def check_translation(call: Call, deployments: Sequence[str]) -> Question:
    """Check a request for translations.

    Args:
        call: The request.
        deployments: Language models that there are; any will do where none is named.
    """
    first = check_version(call) == FIRST
    query = Query(call)
    aligned = first and query.flag("includeAlignment", default=False)
    measured = first and query.flag("includeSentenceLength", default=False)
    orders = read_first_orders(call) if first else read_orders(call, deployments)
    if sum(len(order.text) * len(order.targets) for order in orders) > _MOST_CHARACTERS:
        raise refuse(400077)
    items = [
        Item(NAME, repr((order.source, order.script, order.fallback, order.html, target)), order.text, len(order.text))
        for order in orders
        for target in order.targets
    ]

    def find() -> Answer:
        done = [_translate(order) for order in orders]
        if first:
            return _write_first(done, aligned=aligned, measured=measured)
        return _write(done)

    return Question(items, find)


@dataclass(frozen=True, slots=True)
class Done:
    """A text that was translated.

    Attributes:
        order: What was asked for.
        text: The text in the usual letters of its language.
        source: Code of its language.
        score: How sure that is; ``None`` where the request named it.
        found: A translation for each target.
    """

    order: Order
    text: str
    source: str
    score: float | None
    found: tuple[Translated, ...]


def _translate(order: Order) -> Done:
    source, score = order.source, None
    if source is None:
        source, score = detect(translation.visible(order.text, html=order.html))
        if not score and order.fallback:
            source = order.fallback
    text = order.text
    if order.script:
        text = scripts.transliterate(text, order.script, scripts.native_script(source))
    found = [translation.render(text, source, to.language, html=order.html, wishes=to.wishes) for to in order.targets]
    return Done(order, text, source, score, tuple(found))


def _detected(done: Done) -> dict[str, Any]:
    return {} if done.score is None else {"detectedLanguage": {"language": done.source, "score": done.score}}


def _respell(text: str, target: Target) -> str:
    return scripts.transliterate(text, scripts.native_script(target.language), target.script) if target.script else text


def _write_first(done: Sequence[Done], *, aligned: bool, measured: bool) -> Answer:
    """Write an answer of version 3.0."""
    body = [
        {
            **_detected(one),
            **({"sourceText": {"text": one.text}} if one.order.script else {}),
            "translations": [
                {
                    "text": found.text,
                    **(
                        {"transliteration": {"text": _respell(found.text, target), "script": target.script}}
                        if target.script
                        else {}
                    ),
                    "to": target.language,
                    **({"alignment": {"proj": _align(one, target, found)}} if aligned else {}),
                    **({"sentLen": _measure(found)} if measured else {}),
                }
                for target, found in zip(one.order.targets, one.found, strict=True)
            ],
        }
        for one in done
    ]
    charged = sum(len(one.order.text) * len(one.found) for one in done)
    systems = ",".join(_OWN for one in done for _ in one.found)
    return Answer(body, {"X-Metered-Usage": str(charged), "X-MT-System": systems})


def _align(done: Done, target: Target, found: Translated) -> str:
    """Write which words became which, as places in both texts; empty where the service does not tell."""
    pair = {done.source, target.language}
    told = pair in _ALIGNED or ("en" in pair and not pair & _NOT_ALIGNED)
    if done.order.html or found.guided or not told:
        return ""
    rulers = Ruler(found.source, UNIT), Ruler(found.text, UNIT)

    def place(span: tuple[int, int], ruler: Ruler) -> str:
        start, length = ruler.measure(*span)
        return f"{start}:{start + length - 1}"

    return " ".join(f"{place(one, rulers[0])}-{place(other, rulers[1])}" for one, other in found.align())


def _measure(found: Translated) -> dict[str, list[int]]:
    pairs = found.pair_sentences()
    return {
        "srcSentLen": measure((one for one, _ in pairs), found.source),
        "transSentLen": measure((other for _, other in pairs), found.text),
    }


def _write(done: Sequence[Done]) -> Answer:
    """Write an answer of a later version."""
    total: Counter[str] = Counter()
    systems: dict[str, None] = {}
    body = []
    for one in done:
        translations = []
        for target, found in zip(one.order.targets, one.found, strict=True):
            text = _respell(found.text, target)
            cost = _count(one.order.text, text, target)
            total.update(cost)
            systems[target.deployment or _OWN] = None
            script = {"script": target.named_script} if target.named_script else {}
            translations.append({"language": target.language, **script, "text": text, **cost})
        body.append({**_detected(one), "translations": translations})
    metered = {"x-mt-system": ",".join(systems)}
    if "sourceCharacters" in total:
        metered["sourcecharacterscharged"] = str(total["sourceCharacters"])
    if "sourceTokens" in total:
        metered["sourcetokenscharged"] = str(total["instructionTokens"] + total["sourceTokens"])
        metered["targettokenscharged"] = str(total["responseTokens"] + total["targetTokens"])
    return Answer(body, metered)


def _count(source: str, text: str, target: Target) -> dict[str, int]:
    """Count what a translation costs: characters, or tokens where a language model makes it."""
    if target.deployment is None:
        return {"sourceCharacters": len(source)}
    guidance = " ".join((*target.style, *chain.from_iterable(target.wishes.pairs)))
    return {
        "instructionTokens": _PROMPT_TOKENS + tokens.count(guidance, _VOCABULARY),
        "sourceTokens": tokens.count(source, _VOCABULARY),
        "responseTokens": _FRAME_TOKENS,
        "targetTokens": tokens.count(text, _VOCABULARY),
    }
