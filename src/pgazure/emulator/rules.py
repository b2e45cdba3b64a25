"""Answers by rule: what a trained model of one's own would say, written in a file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pgazure.emulator.settings_file import read_settings_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

_REFERENCE = re.compile(r"\{\{\s*([\w.\[\]*-]+)\s*\}\}")
_STEP = re.compile(r"\[(\d+|\*)\]|([^.\[\]]+)")
_KINDS = {"score", "entities", "classes", "intents"}
_TARGETS = ("", "Conversation", "Luis", "QuestionAnswering")


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """What a scoring endpoint answers to some requests.

    Attributes:
        answer: The answer; ``{{path}}`` in it stands for what the request has there.
        path: Where in the request to look; the whole request where it is empty.
        pattern: What must stand there; any value will do where it is ``None``.
        deployment: For which deployment; any where it is empty.
        status: HTTP status.
    """

    answer: Any
    path: str = ""
    pattern: re.Pattern[str] | None = None
    deployment: str = ""
    status: int = 200


@dataclass(frozen=True, slots=True)
class TextRule:
    """A category of a custom model and how its texts, or parts of texts, are told.

    Attributes:
        category: The category.
        pattern: What tells it.
        project: In which project; any where it is empty.
    """

    category: str
    pattern: re.Pattern[str]
    project: str = ""


@dataclass(frozen=True, slots=True)
class IntentRule(TextRule):
    """What somebody may want of a project for conversations, and how it is told.

    Attributes:
        target: Kind of the project that an orchestration hands it to: ``Conversation``, ``Luis`` or
            ``QuestionAnswering``; empty where the project answers itself.
        answer: What question answering says.
    """

    target: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a file.

    Attributes:
        score: Of scoring endpoints, the first that fits wins.
        entities: Of custom entity recognition.
        classes: Of custom classification; the first that fits is the single label.
        intents: Of projects for conversations; that with most matches is the top intent.
    """

    score: tuple[ScoreRule, ...] = ()
    entities: tuple[TextRule, ...] = ()
    classes: tuple[TextRule, ...] = ()
    intents: tuple[IntentRule, ...] = ()


NO_RULES = Rules()
"""What is answered where there is no rule file."""


def load(file: str | Path) -> Rules:
    """Read a rule file: TOML, or JSON where its name ends so.

    Raises:
        ValueError: It cannot be read, or a rule in it is not one; the message says which.
    """
    given = read_settings_file(file, "rule file")
    unknown = sorted(given.keys() - _KINDS) if isinstance(given, dict) else ["a list"]
    if unknown:
        message = f"the rule file {file} may have {', '.join(sorted(_KINDS))}, but it has {', '.join(unknown)}"
        raise ValueError(message)

    def read_all(kind: str, read: Callable[[Any, str], T]) -> tuple[T, ...]:
        items = given.get(kind, [])
        if not isinstance(items, list):
            message = f"the rule file {file}: {kind} must be a list of rules"
            raise ValueError(message)  # noqa: TRY004  # a mistake in a file, as the others are
        return tuple(read(item, f"{file}: {kind} {place + 1}") for place, item in enumerate(items))

    return Rules(
        read_all("score", _read_score),
        read_all("entities", _read_text),
        read_all("classes", _read_text),
        read_all("intents", _read_intent),
    )


def _read_score(item: Any, where: str) -> ScoreRule:
    _check(item, {"answer"}, {"path", "pattern", "deployment", "status"}, where)
    status = item.get("status", 200)
    if not isinstance(status, int) or not 200 <= status <= 599:  # noqa: PLR2004
        message = f"{where}: status must be an HTTP status"
        raise ValueError(message)
    pattern = _compile(item["pattern"], where) if "pattern" in item else None
    return ScoreRule(item["answer"], str(item.get("path", "")), pattern, str(item.get("deployment", "")), status)


def _read_text(item: Any, where: str) -> TextRule:
    _check(item, {"category", "pattern"}, {"project"}, where)
    return TextRule(str(item["category"]), _compile(item["pattern"], where), str(item.get("project", "")))


def _read_intent(item: Any, where: str) -> IntentRule:
    _check(item, {"category", "pattern"}, {"project", "target", "answer"}, where)
    target = str(item.get("target", ""))
    if target not in _TARGETS:
        message = f"{where}: target must be one of {', '.join(_TARGETS[1:])}"
        raise ValueError(message)
    pattern, project = _compile(item["pattern"], where), str(item.get("project", ""))
    return IntentRule(str(item["category"]), pattern, project, target, str(item.get("answer", "")))


def _check(item: Any, needed: set[str], allowed: set[str], where: str) -> None:
    if not isinstance(item, dict) or needed - item.keys() or item.keys() - needed - allowed:
        message = f"{where}: a rule has {', '.join(sorted(needed))}, and may have {', '.join(sorted(allowed))}"
        raise ValueError(message)


def _compile(pattern: Any, where: str) -> re.Pattern[str]:
    try:
        return re.compile(str(pattern), re.IGNORECASE)
    except re.error as error:
        message = f"{where}: the pattern is no regular expression: {error}"
        raise ValueError(message) from error


def find_values(body: Any, path: str) -> list[Any]:
    """The values that stand at ``path`` of a JSON value, e.g. ``input_data.data[0][1]`` or ``pairs[*]``."""
    found = [body]
    for index, name in _STEP.findall(path.removeprefix("$")):
        if index == "*":
            found = [one for value in found if isinstance(value, list) for one in value]
        elif index:
            found = [value[int(index)] for value in found if isinstance(value, list) and int(index) < len(value)]
        else:
            found = [value[name] for value in found if isinstance(value, dict) and name in value]
    return found


def fits(rule: ScoreRule, body: Any, deployment: str) -> bool:
    """Whether a rule is for this request."""
    if rule.deployment and rule.deployment != deployment:
        return False
    values = find_values(body, rule.path)
    if rule.pattern is None:
        return bool(values)
    texts = (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values)
    return any(rule.pattern.search(text) for text in texts)


def render(answer: Any, body: Any) -> Any:
    """The answer with every ``{{path}}`` replaced by what the request has there."""
    if isinstance(answer, dict):
        return {name: render(value, body) for name, value in answer.items()}
    if isinstance(answer, list):
        return [render(value, body) for value in answer]
    if not isinstance(answer, str):
        return answer
    if whole := _REFERENCE.fullmatch(answer):
        found = find_values(body, whole[1])
        return found if "*" in whole[1] else next(iter(found), None)
    return _REFERENCE.sub(lambda match: str(next(iter(find_values(body, match[1])), "")), answer)
