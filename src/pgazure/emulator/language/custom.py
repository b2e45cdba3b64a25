"""What models of one's own answer, as the rules of a file tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pgazure.emulator.models import entities
from pgazure.emulator.models.spans import Found, settle
from pgazure.emulator.rules import TextRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

R = TypeVar("R", bound=TextRule)


def find_problem(parameters: dict[str, Any]) -> str | None:
    """Say which part of the name of a model is missing; ``None`` where none is."""
    for name in ("projectName", "deploymentName"):
        if not isinstance(parameters.get(name), str) or not parameters[name]:
            return f"The parameter '{name}' is missing."
    return None


def choose_rules(rules: Sequence[R], project: str) -> list[R]:
    """The rules of a project: its own, and those of any."""
    return [rule for rule in rules if rule.project in {"", project}]


def find_entities(text: str, language: str, rules: Sequence[TextRule], project: str) -> Iterable[Found]:
    """Find the entities of a text.

    Without a rule the project has learned what the model that comes with the service knows.
    """
    chosen = choose_rules(rules, project)
    if not chosen:
        return entities.recognize(text, language)
    return settle(
        Found(match.group(), rule.category, "", *match.span(), 1.0)
        for rule in chosen
        for match in rule.pattern.finditer(text)
        if match.group()
    )


def count_matches(text: str, rules: Sequence[TextRule]) -> dict[str, int]:
    """Count how often each category is told in a text, in the order of the rules."""
    counts = {rule.category: 0 for rule in rules}
    for rule in rules:
        counts[rule.category] += sum(1 for _ in rule.pattern.finditer(text))
    return counts
