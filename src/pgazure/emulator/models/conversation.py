"""What a conversation comes to: the trouble, its end, its title, its course."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pgazure.emulator.models import phrases, sentences, sentiment, summary

_AGENT = re.compile(r"agent|support|assistant|representative|advisor|bot|operator", re.IGNORECASE)
_TROUBLE = re.compile(
    r"\b(?:error|issue|problem|trouble|fail|broken|wrong|can'?t|cannot|unable|not work|doesn'?t|won'?t|stop|slow|"
    r"lost|missing|"
    r"refund|cancel|complain|help|how (?:do|can|to))",
    re.IGNORECASE,
)
_REMEDY = re.compile(
    r"\b(?:try|please|you (?:can|should|need|have)|restart|reset|update|upgrade|install|click|press|go to|will|"
    r"i'?ll|refund|replace|"
    r"sent|fixed|resolved|solved|works|thank)",
    re.IGNORECASE,
)
_TASK = re.compile(
    r"\b(?:i'?ll|i will|we'?ll|we will|let me|please|need to|should|by (?:monday|tuesday|wednesday|thursday|"
    r"friday|tomorrow))\b",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\W*(?:hello|hi|hey|good (?:morning|afternoon|evening)|thanks?|thank you|bye|goodbye|ok|okay|yes|no|"
    r"sure)\b[^.?!]{0,40}[.?!]*$",
    re.IGNORECASE,
)
_NARRATED = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """What one participant said at one time.

    Attributes:
        id: Chosen by the caller.
        text: The words.
        participant: Who said it.
        role: In what role, e.g. ``Agent``; empty where it is not told.
    """

    id: str
    text: str
    participant: str
    role: str

    @property
    def is_agent(self) -> bool:
        """Whether it was said by the one who helps."""
        return bool(_AGENT.search(self.role or self.participant))


@dataclass(frozen=True, slots=True)
class Outcome:
    """A summary of one aspect.

    Attributes:
        text: The summary.
        turns: What it sums up.
    """

    text: str
    turns: tuple[Turn, ...]


def sum_up(turns: tuple[Turn, ...], aspect: str, code: str) -> list[Outcome]:
    """Sum up one aspect of a conversation.

    Args:
        turns: The conversation.
        aspect: ``issue``, ``resolution``, ``chapterTitle``, ``narrative``, ``recap`` or ``follow-up tasks``.
        code: Its language.

    Returns:
        None where nothing in the conversation belongs to the aspect.
    """
    said = tuple(turn for turn in turns if turn.text.strip() and not _GREETING.match(turn.text.strip()))
    said = said or tuple(turn for turn in turns if turn.text.strip())
    if not said:
        return []
    asked = tuple(turn for turn in said if not turn.is_agent) or said
    helped = tuple(turn for turn in said if turn.is_agent)
    if aspect == "issue":
        return [_report("Customer", [_pick(asked, _TROUBLE, code)])]
    if aspect == "resolution":
        return [_report("Agent", [_pick(helped, _REMEDY, code)])] if helped else []
    if aspect == "chapterTitle":
        return [_entitle(said, code)]
    if aspect == "follow-up tasks":
        return [_report(_name(turn), [turn]) for turn in said if _TASK.search(turn.text)]
    return [_narrate(said, code, 2 if aspect == "recap" else _NARRATED)]


def _pick(turns: tuple[Turn, ...], sign: re.Pattern[str], code: str) -> Turn:
    """The turn that has most signs of what is looked for, then the one that is unhappiest, then the longest."""
    return max(
        turns,
        key=lambda turn: (
            len(sign.findall(turn.text)),
            sentiment.judge(turn.text, code).mood.scores["negative"],
            len(turn.text),
        ),
    )


def _name(turn: Turn) -> str:
    return turn.role or turn.participant or "Somebody"


def _report(who: str, turns: list[Turn]) -> Outcome:
    text = " ".join(turns[0].text.split())
    return Outcome(f"{who}: {text}", tuple(turns))


def _entitle(turns: tuple[Turn, ...], code: str) -> Outcome:
    text = "\n".join(turn.text for turn in turns)
    found = phrases.extract(text, code)[:2]
    first = text[slice(*sentences.trim(text, *sentences.split(text)[0]))]
    title = " and ".join(found) if found else first
    return Outcome(title[:1].upper() + title[1:], turns)


def _narrate(turns: tuple[Turn, ...], code: str, count: int) -> Outcome:
    text = "\n\n".join(turn.text for turn in turns)
    chosen = sorted(summary.extract(text, code, count), key=lambda one: one.start)
    kept: list[tuple[Turn, str]] = []
    for one in chosen:
        words = text[one.start : one.end]
        turn = next((turn for turn in turns if words in turn.text), turns[0])
        kept.append((turn, words))
    if not kept:
        kept = [(turns[0], turns[0].text)]
    return Outcome(
        " ".join(f"{_name(turn)}: {words}" for turn, words in kept), tuple(dict.fromkeys(turn for turn, _ in kept))
    )
