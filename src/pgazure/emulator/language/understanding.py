# ruff: noqa: EM101  # what is raised is built by a function, from a code and a message
"""``POST /language/:analyze-conversations``: what somebody wants, as the intents of a rule file tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from pgazure.emulator.call import Checked
from pgazure.emulator.language import custom, documents
from pgazure.emulator.language.request import read_parameters, read_request
from pgazure.emulator.language.voice import language_headers
from pgazure.emulator.offsets import Ruler, read_unit
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import JSON_UTF8, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.emulator.call import Call
    from pgazure.emulator.rules import IntentRule, Rules

OPERATION = "AnalyzeConversations"
"""What such requests are counted as."""
KIND = "Conversation"
_NONE = "None"


@dataclass(frozen=True, slots=True)
class _Utterance:
    text: str
    language: str
    project: str
    target: str
    unit: str


def check_utterance(call: Call, rules: Rules) -> Checked:
    """Check a request.

    Args:
        call: The request.
        rules: The intents and entities of projects.

    Raises:
        Refusal: It is not valid.
    """
    version, body = read_request(call)
    said = _read_utterance(body)

    def answer() -> Response:
        headers = language_headers(call, version) | {"Content-Type": JSON_UTF8}
        return Response(encode({"kind": f"{KIND}Result", "result": _understand(said, rules)}), headers=headers)

    return Checked([Item(OPERATION, said.project, said.text, len(said.text))], answer)


def _read_utterance(body: dict[str, Any]) -> _Utterance:
    if body.get("kind") != KIND:
        raise documents.refuse("InvalidParameterValue", f"Invalid kind. Supported kinds: {KIND}.")
    given = body.get("analysisInput")
    item = given.get("conversationItem") if isinstance(given, dict) else None
    if not isinstance(item, dict) or not isinstance(item.get("text"), str) or not item["text"].strip():
        raise documents.refuse("InvalidParameterValue", "A conversationItem with a text is needed.")
    parameters = read_parameters(body)
    if problem := custom.find_problem(parameters):
        raise documents.refuse("InvalidParameterValue", problem)
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
    mine = custom.choose_rules(rules.intents, said.project)
    ranked = _rank(said, mine)
    is_workflow = any(rule.target for rule in mine)
    prediction = _orchestrate(mine, ranked, said) if is_workflow else _predict(ranked, said, rules)
    return {"query": said.text, "detectedLanguage": said.language, "prediction": prediction}


def _predict(ranked: Sequence[tuple[str, float]], said: _Utterance, rules: Rules) -> dict[str, Any]:
    ruler = Ruler(said.text, said.unit)
    found = [
        {"category": one.category, "text": one.text, **ruler.span(one.start, one.end), "confidenceScore": one.score}
        for one in custom.find_entities(said.text, said.language, rules.entities, said.project)
    ]
    intents = [{"category": category, "confidenceScore": score} for category, score in ranked]
    return {"topIntent": ranked[0][0], "projectKind": KIND, "intents": intents, "entities": found}


def _rank(said: _Utterance, rules: Sequence[IntentRule]) -> list[tuple[str, float]]:
    counts = custom.count_matches(said.text, rules)
    counts.setdefault(_NONE, 0)
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
