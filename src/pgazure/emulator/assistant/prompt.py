"""A message taken apart: what is asked, and the texts that it is asked about."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from pgazure.emulator.models import sentences
from pgazure.emulator.models.wordlists import words

_TAG = re.compile(
    r"<(?P<name>[A-Za-z][\w-]*)(?P<attributes>(?:\s+[\w-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+))*)\s*>"
    r"(?P<body>.*?)</(?P=name)\s*>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))")
_FENCE = re.compile(r"(?P<fence>```|\"\"\"|''')(?:[a-z]+\n|\n)?(?P<body>.*?)(?P=fence)", re.DOTALL)
_LABEL = re.compile(
    r"(?:^|\n)[ \t]*(?:#+[ \t]*|\*\*)?"
    r"(?P<name>text|document|review|input|content|article|passage|email|message|comment|feedback|transcript)"
    r"(?:\*\*)?[ \t]*:(?:\*\*)?\s*(?P<body>.+)",
    re.IGNORECASE | re.DOTALL,
)
_NUMBERED = re.compile(
    r"^[ \t]*(?:\[(?P<a>\d+)\]|\((?P<b>\d+)\)|(?:document|doc|passage|text|item|option)\s*#?(?P<c>\d+)\s*[:.)]|"
    r"(?P<d>\d+)[.):])[ \t]*(?P<body>.+?)(?=^[ \t]*(?:\[\d+\]|\(\d+\)|(?:document|doc|passage|text|item|option)"
    r"\s*#?\d+\s*[:.)]|\d+[.):])|\Z)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_QUERY = re.compile(r"(?:^|\n)[ \t]*(?:search )?(?:query|question)[ \t]*:[ \t]*(?P<body>[^\n]+)", re.IGNORECASE)
_HEAD = re.compile(r"(?P<head>[^\n:]{3,200}):\s+(?P<rest>\S.*)", re.DOTALL)
_QUERIES = frozenset({"query", "question", "search_query", "q"})
_STATEMENTS = frozenset({"statement", "claim", "assertion", "hypothesis"})
_ORDERS = frozenset(
    {"instruction", "instructions", "task", "prompt", "schema", "example", "examples", "labels", "fields"}
)
_INDEXES = ("index", "id", "n", "number", "i", "key")


@dataclass(frozen=True, slots=True)
class Section:
    """A text that stands between delimiters.

    Attributes:
        name: Name of the delimiter.
        body: The text.
        index: What the delimiter calls it; empty where it does not.
    """

    name: str
    body: str
    index: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A message taken apart.

    Attributes:
        order: What is asked.
        documents: The texts it is asked about; the whole message where none is marked off.
        marked: Whether the texts stood between delimiters, or after a colon.
        query: What to search for; empty where nothing is.
        statement: What is to be judged true or false; empty where it is not marked off.
    """

    order: str
    documents: tuple[Section, ...]
    marked: bool
    query: str = ""
    statement: str = ""

    @property
    def text(self) -> str:
        """All texts in one."""
        return "\n\n".join(one.body for one in self.documents)


def read(message: str, *, answers_in_words: bool = False) -> Prompt:
    """Take a message apart.

    Args:
        message: The message.
        answers_in_words: Whether a question at its head is the order, and no part of the text.
    """
    sections = _read_tags(message) or _read_json(message)
    if sections:
        order = _leave_out_tags(message)
        chosen = [one for one in sections if one.name not in _QUERIES | _STATEMENTS | _ORDERS]
        queries = [one.body for one in sections if one.name in _QUERIES]
        statements = [one.body for one in sections if one.name in _STATEMENTS]
        query = queries[0] if queries else _find_query(order)
        orders = "\n".join([order, *(one.body for one in sections if one.name in _ORDERS)]).strip()
        texts = tuple(chosen) or tuple(Section("text", body) for body in queries + statements)
        return Prompt(orders, texts, bool(chosen), query, statements[0] if statements else "")
    if fences := list(_FENCE.finditer(message)):
        order = _FENCE.sub("", message).strip()
        return Prompt(
            order, tuple(Section("text", one["body"].strip()) for one in fences), marked=True, query=_find_query(order)
        )
    query = _find_query(message)
    numbered = list(_NUMBERED.finditer(message))
    if query and len(numbered) > 1:
        texts = tuple(
            Section("document", one["body"].strip(), one["a"] or one["b"] or one["c"] or one["d"]) for one in numbered
        )
        return Prompt(message[: numbered[0].start()].strip(), texts, marked=True, query=query)
    return _read_plain(message.strip(), query, questions=answers_in_words)


def _read_plain(message: str, query: str, *, questions: bool) -> Prompt:
    if label := _LABEL.search(message):
        order = message[: label.start()].strip()
        return Prompt(order, (Section(label["name"].lower(), label["body"].strip()),), bool(order), query)
    head = _HEAD.match(message)
    if head and _is_order(head["head"]):
        return Prompt(head["head"], (Section("text", head["rest"].strip()),), marked=True, query=query)
    spans = [sentences.trim(message, *span) for span in sentences.split(message)]
    if len(spans) > 1:
        first, last = message[slice(*spans[0])], message[slice(*spans[-1])]
        asks = questions and first.endswith("?")
        if _is_order(first) and (asks or _points(first) or "\n" in message[spans[0][1] : spans[1][0]]):
            return Prompt(first, (Section("text", message[spans[1][0] :].strip()),), marked=True, query=query)
        if _is_order(last) and _points(last):
            return Prompt(last, (Section("text", message[: spans[-1][0]].strip()),), marked=True, query=query)
    return Prompt(message, (Section("text", message),), marked=False, query=query)


def _read_tags(message: str) -> list[Section]:
    found: list[Section] = []
    for match in _TAG.finditer(message):
        name = match["name"].lower()
        if name not in words("assistant", "delimiters"):
            continue
        inner = _read_tags(match["body"]) if name in words("assistant", "containers") else []
        attributes = {key.lower(): a or b or c for key, a, b, c in _ATTRIBUTE.findall(match["attributes"])}
        index = next((attributes[key] for key in _INDEXES if key in attributes), "")
        found += inner or [Section(name, match["body"].strip(), index)]
    return found


def _leave_out_tags(message: str) -> str:
    def drop(match: re.Match[str]) -> str:
        return " " if match["name"].lower() in words("assistant", "delimiters") else match.group()

    return _TAG.sub(drop, message).strip()


def _read_json(message: str) -> list[Section]:
    """Read texts that are given as a JSON object, such as ``{"query": …, "documents": […]}``."""
    start, end = message.find("{"), message.rfind("}")
    if start < 0 or end < start:
        return []
    try:
        given = json.loads(message[start : end + 1])
    except ValueError:
        return []
    if not isinstance(given, dict):
        return []
    found: list[Section] = []
    for name, value in given.items():
        if name.lower() not in words("assistant", "delimiters"):
            continue
        for one in value if isinstance(value, list) else [value]:
            body = one.get("text") or one.get("content") if isinstance(one, dict) else one
            index = next((str(one[key]) for key in _INDEXES if key in one), "") if isinstance(one, dict) else ""
            if isinstance(body, str):
                found.append(Section(name.lower(), body.strip(), index))
    return found


def _find_query(text: str) -> str:
    match = _QUERY.search(text)
    return match["body"].strip().strip("\"'") if match else ""


def _is_order(text: str) -> bool:
    lower = [word.strip(".,:;!?\"'()") for word in text.lower().split()]
    return bool(lower) and (
        lower[0] in words("assistant", "order verbs")
        or (lower[0] == "please" and len(lower) > 1)
        or text.rstrip().endswith("?")
    )


def _points(text: str) -> bool:
    """Whether an order points at a text beside it."""
    return (
        re.search(
            r"\b(?:this|that|these|the)\s+(?:\w+\s+){0,2}?(?:text|review|passage|article|document|comment|email|message|"
            r"sentence|paragraph|feedback|content|description|note|story)\b|\b(?:above|below|following)\b",
            text,
            re.IGNORECASE,
        )
        is not None
    )
