"""Chunks are no longer than asked for, lose nothing, and are cut where their method says."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgazure.flow.tokens import count_tokens
from pgazure.pipeline.enrichment.chunking import split

METHODS = ("recursive", "sentence", "token", "markdown")
MODEL = "text-embedding-3-small"
STORY = "".join(f"River {n} ran past mill {n}. Was {n} deep? Nobody {n} knew! 日本語{n}の文章です。" for n in range(30))
WORDS = st.text(st.sampled_from("ab .?!\n。é日👩🏽#*\u0301"), max_size=400)


@pytest.mark.parametrize("method", METHODS)
@given(WORDS)
@settings(max_examples=40, deadline=None)
def test_a_chunk_is_no_longer_than_asked_for_and_nothing_but_white_space_is_lost(method, text: str) -> None:
    chunks = split(text, 16, 0, method)
    assert all(count_tokens(chunk, MODEL) <= 16 and chunk.strip() for chunk in chunks)
    assert "".join("".join(chunks).split()) == "".join(text.split())


@pytest.mark.parametrize("method", METHODS)
def test_neighbours_share_what_the_overlap_allows(method) -> None:
    chunks = split(STORY, 64, 24, method)
    assert len(chunks) > len(split(STORY, 64, 0, method)) > 5
    for one, other in pairwise(chunks):
        shared = next((n for n in range(len(other), 0, -1) if one.endswith(other[:n].strip())), 0)
        assert 0 < count_tokens(other[:shared], MODEL) <= 24 + 1


def test_sentences_stay_whole() -> None:
    for chunk in split(STORY, 32, 0, "sentence"):
        assert chunk[-1] in ".?!。"


def test_markdown_is_cut_before_its_headings() -> None:
    text = "".join(f"# Part {n}\n\n{'Some words here. ' * 8}\n\n" for n in range(4))
    assert [chunk[:8] for chunk in split(text, 60, 0, "markdown")] == [f"# Part {n}" for n in range(4)]


def test_tokens_are_counted_exactly() -> None:
    chunks = split("word " * 100, 20, 0, "token")
    assert [count_tokens(chunk, MODEL) for chunk in chunks[:-1]] == [20] * (len(chunks) - 1)
