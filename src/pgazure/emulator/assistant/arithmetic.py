"""Sums and comparisons that stand in a text."""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_WORDS = (
    (re.compile(r"\bplus\b", re.IGNORECASE), "+"),
    (re.compile(r"\bminus\b", re.IGNORECASE), "-"),
    (re.compile(r"\b(?:times|multiplied by)\b", re.IGNORECASE), "*"),
    (re.compile(r"\bdivided by\b", re.IGNORECASE), "/"),
    (re.compile(r"(?<=\d)\s*[×x]\s*(?=\d)"), "*"),  # noqa: RUF001  # texts have this sign
    (re.compile(r"÷"), "/"),
    (re.compile(r"(?<=\d),(?=\d{3}\b)"), ""),
)
_NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
# A number in words counts where an operation, or what a sum comes to, stands beside it.
_NAMED = re.compile(rf"\b(?:{'|'.join(_NAMES)})\b", re.IGNORECASE)
_OPERATES = re.compile(
    rf"\b(?:{'|'.join(_NAMES)}|\d+)\s+(?:plus|minus|times|multiplied by|divided by)\s+(?:{'|'.join(_NAMES)}|\d+)\b",
    re.IGNORECASE,
)
_NUMBER = r"-?\d+(?:\.\d+)?"
_SUM = re.compile(rf"\(*\s*{_NUMBER}\s*\)*(?:\s*(?:\*\*|[-+*/^])\s*\(*\s*{_NUMBER}\s*\)*)+")
_EQUALS = r"(?:=|==|is equal to|equals|is|makes|are)"
_COMPARE: tuple[tuple[re.Pattern[str], Callable[[float, float], bool]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), compare)
    for pattern, compare in (
        (r"^(?:>=|is (?:at least|greater than or equal to))$", operator.ge),
        (r"^(?:<=|is (?:at most|less than or equal to))$", operator.le),
        (r"^(?:>|is (?:greater|more|larger|bigger|higher) than)$", operator.gt),
        (r"^(?:<|is (?:less|smaller|fewer|lower) than)$", operator.lt),
        (r"^(?:!=|is not(?: equal to)?|does not equal)$", operator.ne),
        (rf"^{_EQUALS}$", operator.eq),
    )
)
_STATEMENT = re.compile(
    r"^\s*(?P<left>[\d.()+*/^ -]*\d[\d.()+*/^ -]*?)\s*(?P<sign>[<>!=]=?|is [a-z ]*?than(?: or equal to)?|"
    r"is at (?:least|most)|"
    rf"is not(?: equal to)?|does not equal|{_EQUALS})\s*(?P<right>[\d.()+*/^ -]*\d[\d.()+*/^ -]*?)\s*[.!?]?\s*$",
    re.IGNORECASE,
)
_PROPERTY = re.compile(
    r"^\s*(?P<number>\d+) is (?P<not>not )?(?:an? )?(?P<what>even|odd|prime)(?: number)?\s*[.!?]?\s*$", re.IGNORECASE
)
_SIGNS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_LARGEST = 1e15
_LONGEST = 200


def find_sum(text: str) -> str:
    """The first sum in ``text`` as it is written, words put into signs; empty where there is none."""
    match = _SUM.search(_to_signs(text))
    return match.group().strip() if match else ""


def compute(expression: str) -> float | None:
    """Compute a sum of numbers and ``+ - * /``; ``None`` where it is none, or has no value."""
    if len(expression) > _LONGEST:
        return None
    try:
        value = _compute(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError, RecursionError):
        return None
    return value if abs(value) < _LARGEST else None


def _compute(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_compute(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        return _SIGNS[type(node.op)](_compute(node.left), _compute(node.right))
    message = "not a sum"
    raise ValueError(message)


def write(value: float) -> str:
    """Write a number as people do: no point where nothing follows it."""
    return str(int(value)) if value == int(value) else f"{value:.6g}"


def decide(statement: str) -> bool | None:
    """Whether a statement about numbers is true; ``None`` where it is none."""
    if match := _PROPERTY.match(statement):
        number = int(match["number"])
        return _has(number, match["what"].lower()) != bool(match["not"]) if number < _LARGEST else None
    match = _STATEMENT.match(_to_signs(statement))
    if not match:
        return None
    left, right = compute(match["left"]), compute(match["right"])
    if left is None or right is None:
        return None
    sign = " ".join(match["sign"].lower().split())
    return next((compare(left, right) for pattern, compare in _COMPARE if pattern.match(sign)), None)


def _has(number: int, what: str) -> bool:
    if what == "prime":
        return number > 1 and all(number % divisor for divisor in range(2, min(int(number**0.5), 10_000_000) + 1))
    return number % 2 == (what == "odd")


def _to_signs(text: str) -> str:
    if _OPERATES.search(text):
        text = _NAMED.sub(lambda match: str(_NAMES.index(match.group().lower())), text)
    for pattern, sign in _WORDS:
        text = pattern.sub(sign, text)
    return text
