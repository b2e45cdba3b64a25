# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""``POST /language/:analyze-conversations``: what somebody wants, as the intents of a rule file tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from pgazure.emulator.gateway import Work
from pgazure.emulator.language import documents
from pgazure.emulator.language.analyze_text import (
    language_headers,
    read_body,
    read_parameters,
    read_version,
    refuse_language,
    throttle_language,
)
from pgazure.emulator.models import entities
from pgazure.emulator.models.spans import Found, settle
from pgazure.emulator.offsets import Ruler, read_unit
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import JSON_UTF8, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgazure.emulator.gateway import Call, Gateway
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.rules import IntentRule, Rules
    from pgazure.emulator.wire import Refusal

KIND = "Conversation"
_NONE = "None"


@dataclass(frozen=True, slots=True)
class _Utterance:
    text: str
    language: str
    project: str
    target: str
    unit: str


@dataclass(frozen=True, slots=True)
class AnalyzeConversations:
    """The route.

    Args:
        gateway: Computes.
        rules: The intents and entities of projects.
    """

    gateway: Gateway
    rules: Rules

    def operations(self, call: Call) -> list[str]:
        """Name the analysis."""
        del call
        return ["AnalyzeConversations"]

    async def prepare(self, call: Call) -> Work:
        """Check the request."""
        version = read_version(call)
        said = _read_utterance(read_body(call, version))

        async def answer(_: Verdict) -> Response:
            body = await self.gateway.compute(lambda: _understand(said, self.rules))
            headers = language_headers(call, version) | {"Content-Type": JSON_UTF8}
            return Response(encode({"kind": f"{KIND}Result", "result": body}), headers=headers)

        return Work([Item("AnalyzeConversations", said.project, said.text, len(said.text))], answer)

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota."""
        del verdict
        return throttle_language(call, operation)

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        return refuse_language(call, refusal)


def _read_utterance(body: dict[str, Any]) -> _Utterance:
    if body.get("kind") != KIND:
        raise documents.refuse("InvalidParameterValue", f"Invalid kind. Supported kinds: {KIND}.")
    given = body.get("analysisInput")
    item = given.get("conversationItem") if isinstance(given, dict) else None
    if not isinstance(item, dict) or not isinstance(item.get("text"), str) or not item["text"].strip():
        raise documents.refuse("InvalidParameterValue", "A conversationItem with a text is needed.")
    parameters = read_parameters(body)
    for name in ("projectName", "deploymentName"):
        if not isinstance(parameters.get(name), str) or not parameters[name]:
            raise documents.refuse("InvalidParameterValue", f"The parameter '{name}' is missing.")
    unit = read_unit(parameters.get("stringIndexType"))
    if unit is None:
        raise documents.refuse("InvalidParameterValue", "Invalid value for parameter 'stringIndexType'.")
    target = parameters.get("directTarget")
    language = item.get("language")
    return _Utterance(
        item["text"],
        language if isinstance(language, str) and language else "en",
        parameters["projectName"],
        target if isinstance(target, str) else "",
        unit,
    )


def _understand(said: _Utterance, rules: Rules) -> dict[str, Any]:
    mine = [rule for rule in rules.intents if rule.project in {"", said.project}]
    ranked = _rank(said, mine)
    is_workflow = any(rule.target for rule in mine)
    prediction = _orchestrate(mine, ranked, said) if is_workflow else _predict(ranked, said, rules)
    return {"query": said.text, "detectedLanguage": said.language, "prediction": prediction}


def _predict(ranked: Sequence[tuple[str, float]], said: _Utterance, rules: Rules) -> dict[str, Any]:
    ruler = Ruler(said.text, said.unit)
    found = []
    for one in _find_entities(said, rules):
        offset, length = ruler.measure(one.start, one.end)
        span = {"offset": offset, "length": length}
        found.append({"category": one.category, "text": one.text, **span, "confidenceScore": one.score})
    intents = [{"category": category, "confidenceScore": score} for category, score in ranked]
    return {"topIntent": ranked[0][0], "projectKind": KIND, "intents": intents, "entities": found}


def _rank(said: _Utterance, rules: Sequence[IntentRule]) -> list[tuple[str, float]]:
    counts = {rule.category: 0 for rule in rules} | {_NONE: 0}
    for rule in rules:
        counts[rule.category] += sum(1 for _ in rule.pattern.finditer(said.text))
    if said.target in counts:
        counts[said.target] = max(counts.values()) + 1
    total = sum(counts.values())
    if not total:
        counts[_NONE] = total = 1
    scores = [(category, round(count / total, 2)) for category, count in counts.items()]
    return sorted(scores, key=lambda entry: -entry[1])


def _orchestrate(rules: Sequence[IntentRule], ranked: Sequence[tuple[str, float]], said: _Utterance) -> dict[str, Any]:
    known = {rule.category: rule for rule in rules}
    intents: dict[str, Any] = {}
    for category, score in ranked:
        rule = known.get(category)
        intent: dict[str, Any] = {"confidenceScore": score, "targetProjectKind": rule.target if rule else "NonLinked"}
        if category == ranked[0][0] and rule is not None:
            intent["result"] = _answer(said, rule)
        intents[category] = intent
    return {"topIntent": ranked[0][0], "projectKind": "Orchestration", "intents": intents}


def _answer(said: _Utterance, rule: IntentRule) -> dict[str, Any]:
    if rule.target == "QuestionAnswering":
        answer = {"questions": [said.text], "answer": rule.answer, "confidenceScore": 1.0, "id": 1, "source": "rules"}
        return {"answers": [answer | {"metadata": {}, "dialog": {"isContextOnly": False, "prompts": []}}]}
    if rule.target == "Luis":
        told = {"topIntent": rule.category, "intents": {rule.category: {"score": 1.0}}, "entities": {}}
        return {"query": said.text, "prediction": told}
    intents = [{"category": rule.category, "confidenceScore": 1.0}]
    top = {"topIntent": rule.category, "projectKind": KIND, "intents": intents, "entities": []}
    return {"query": said.text, "prediction": top}


def _find_entities(said: _Utterance, rules: Rules) -> Iterable[Found]:
    mine = [rule for rule in rules.entities if rule.project in {"", said.project}]
    if not mine:
        return entities.recognize(said.text, said.language)
    return settle(
        Found(match.group(), rule.category, "", *match.span(), 1.0)
        for rule in mine
        for match in rule.pattern.finditer(said.text)
        if match.group()
    )
