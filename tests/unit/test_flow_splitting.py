"""Cutting long texts: losslessly, within the limit, at borders."""

from __future__ import annotations

import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from pgazure.flow.splitting import count_graphemes, exceeds_graphemes, split_text

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f467"
PIECES = ["a", "B", ".", " ", "\n", "é", "e\u0301", FAMILY, "字", "。", "!", "\t", "\u00a0"]
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
texts = st.lists(st.sampled_from(PIECES), max_size=100).map("".join) | any_text


@settings(max_examples=200, deadline=None)
@given(texts, st.integers(1, 50))
def test_the_parts_are_the_text_again_and_fit(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    if not text.strip():
        assert parts == []
        return
    assert "".join(part.lead + part.text + part.trail for part in parts) == text
    for part in parts:
        assert part.text
        assert part.text == part.text.strip()
        assert len(part.text) <= limit
        assert count_graphemes(part.text) <= limit


def test_cuts_fall_between_sentences() -> None:
    text = "The first sentence is here. The second one follows. A third ends it."
    assert [part.text for part in split_text(text, 55)] == [
        "The first sentence is here. The second one follows.",
        "A third ends it.",
    ]


def test_cuts_do_not_part_a_letter_from_its_marks() -> None:
    parts = split_text("e\u0301" * 50, 5)
    assert all(len(part.text) == 4 for part in parts[:-1])


@settings(max_examples=100, deadline=None)
@given(texts, st.integers(0, 100))
def test_text_elements_are_counted_as_unicode_defines_them(text: str, limit: int) -> None:
    elements = len(regex.findall(r"\X", text))
    assert count_graphemes(text) == elements
    assert exceeds_graphemes(text, limit) == (elements > limit)


def test_a_family_is_one_text_element() -> None:
    assert count_graphemes(FAMILY) == 1
    assert not exceeds_graphemes(FAMILY * 10, 10)
    assert exceeds_graphemes(FAMILY * 11, 10)
