"""Reading the conversations a caller passes: one or many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from pgazure.client.inputs import SequenceOf
from pgazure.services.exchange import Transcript
from pgazure.types_language import ConversationItem

if TYPE_CHECKING:
    from collections.abc import Sequence

Conversation: TypeAlias = SequenceOf[ConversationItem]
"""The turns of one conversation."""


def read_conversations(value: Any) -> Transcript | list[Transcript]:
    """Read one conversation or many.

    Raises:
        TypeError: ``value`` is neither.
    """
    turns = _read_list(value, "conversation")
    if turns and all(isinstance(turn, list | tuple) for turn in turns):
        return [_read_turns(turn, f"conversation[{place}]") for place, turn in enumerate(turns)]
    return _read_turns(turns, "conversation")


def _read_turns(value: Any, name: str) -> Transcript:
    turns = _read_list(value, name)
    for place, turn in enumerate(turns):
        if not isinstance(turn, ConversationItem) or not isinstance(turn.text, str):
            msg = f"{name}[{place}] must be a ConversationItem with a text, not {type(turn).__name__}"
            raise TypeError(msg)
    return Transcript(turns)


def _read_list(value: Any, name: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        msg = f"{name} must be a list of ConversationItem, or a list of such lists, not {type(value).__name__}"
        raise TypeError(msg)
    return value
