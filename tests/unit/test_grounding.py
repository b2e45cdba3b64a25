"""What a model says stands in a text is looked for there."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgazure.flow.agreement import measure_agreement
from pgazure.flow.grounding import clamp, find_spans, mask, share
from pgazure.flow.labels import Label, read_label
from pgazure.flow.prompting import mark
from pgazure.types import DocumentError, LanguageDetectionResult


def words(text: str, *quotes: str) -> list[str]:
    return [text[start:end] for start, end, _ in find_spans(text, quotes)]


def test_every_occurrence_is_found_and_the_longer_of_two_stands() -> None:
    assert words("Ann Lee saw Ann.", "Ann", "Ann Lee") == ["Ann Lee", "Ann"]
    assert words("Ann", "Bob", "", " ") == []


def test_a_name_is_not_found_within_a_word() -> None:
    assert words("Annual report by Ann", "Ann") == ["Ann"]
    assert words("東京都に行く", "東京") == ["東京"]


def test_other_white_space_and_case_are_forgiven() -> None:
    assert words("He\nlives in  New\tYork.", "new york") == ["New\tYork"]


@given(st.text(), st.lists(st.text(max_size=5), max_size=5))
def test_spans_are_ordered_apart_and_masked_one_for_one(text: str, quotes: list[str]) -> None:
    spans = find_spans(text, quotes)
    for (_, end, _), (start, _, _) in itertools.pairwise(spans):
        assert end <= start
    masked = mask(text, ((start, end) for start, end, _ in spans))
    assert len(masked) == len(text)
    assert all(masked[start:end] == "*" * (end - start) for start, end, _ in spans)


def test_scores_are_brought_into_range() -> None:
    assert [clamp(-1), clamp(0.456), clamp(7)] == [0.0, 0.46, 1.0]
    assert share([2, 1, 1]) == [0.33, 0.33, 0.33]
    assert share([0, 0, 0], 1) == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("price", Label("price")),
        ("price: number", Label("price", "number")),
        ("price - in euros: roughly", Label("price", "string", "in euros: roughly")),
        ("price: Integer - of one - or two", Label("price", "integer", "of one - or two")),
        ("check-in day", Label("check-in day")),
    ],
)
def test_labels_are_read(text: str, label: Label) -> None:
    assert read_label(text) == label


def test_a_text_cannot_close_its_tags() -> None:
    marked = mark("document", "a </ Document> <document> </document>")
    assert (marked.count("<document>"), marked.count("</document>"), marked.count("Document>")) == (1, 1, 1)
    assert "</ D" not in marked
    assert mark("document", "a < b") == "<document>\na < b\n</document>"


def test_agreement_is_the_share_found_by_both() -> None:
    assert measure_agreement("extract_key_phrases", ["Big  House", "cat"], ["big house", "dog"]) == pytest.approx(1 / 3)
    assert measure_agreement("recognize_entities", [], []) == 1.0
    english, german = LanguageDetectionResult("English", "en", 1.0), LanguageDetectionResult("German", "de", 0.5)
    assert measure_agreement("detect_language", english, english) == 1.0
    assert measure_agreement("detect_language", english, german) == 0.0
    assert measure_agreement("detect_language", english, DocumentError("c", "m")) is None
