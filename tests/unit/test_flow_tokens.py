"""Counting tokens as the models do."""

from __future__ import annotations

import pytest

from pgazure.flow.tokens import choose_encoding, count_tokens


@pytest.mark.parametrize(
    ("text", "model", "tokens"),
    [
        ("", "text-embedding-3-small", 0),
        ("hello world", "text-embedding-3-small", 2),
        ("tiktoken is great!", "text-embedding-3-large", 6),
        ("<|endoftext|>", "text-embedding-3-small", 7),
    ],
)
def test_tokens_are_counted_as_the_model_counts(text: str, model: str, tokens: int) -> None:
    assert count_tokens(text, model) == tokens


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("text-embedding-3-small", "cl100k_base"),
        ("text-embedding-ada-002", "cl100k_base"),
        ("our-own-name", "cl100k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4o-mini", "o200k_base"),
        ("GPT-5-nano", "o200k_base"),
        ("o3", "o200k_base"),
    ],
)
def test_each_model_has_its_encoding(model: str, encoding: str) -> None:
    assert choose_encoding(model) == encoding


def test_no_text_has_more_tokens_than_bytes() -> None:
    for text in ("word " * 50, "字" * 50, "\U0001f600" * 50, "\u0301" * 50, "a1b2!?" * 50):
        assert count_tokens(text, "text-embedding-3-small") <= len(text.encode())
