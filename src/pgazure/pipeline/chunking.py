"""Chunks: a text in pieces of so many tokens, cut where a reader would cut it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semantic_text_splitter import TextSplitter

# All embedding models of Azure OpenAI count in cl100k_base; the splitter knows it by one of them.
_MODEL = "text-embedding-3-small"


@lru_cache(maxsize=8)
def _splitter(chunk_size: int, overlap: int) -> TextSplitter:
    from semantic_text_splitter import TextSplitter  # noqa: PLC0415 - loads the tokenizer's table

    return TextSplitter.from_tiktoken_model(_MODEL, chunk_size, overlap)


def split(text: str, chunk_size: int, overlap: int) -> list[str]:
    """Split a text into pieces of at most ``chunk_size`` tokens; neighbours share up to ``overlap``."""
    # A token is at least one byte, so a short text needs no tokenizer to be known as one piece.
    if len(text.encode()) <= chunk_size:
        return [text.strip()] if text.strip() else []
    return _splitter(chunk_size, overlap).chunks(text)
