"""Chunks: a text in pieces of so many tokens, cut where a reader would cut it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from semantic_text_splitter import MarkdownSplitter, TextSplitter

Method = Literal["recursive", "sentence", "token", "markdown"]

# All embedding models of Azure OpenAI count in cl100k_base; the splitter knows it by one of them.
_MODEL = "text-embedding-3-small"

_CONTINUED = 0b10

# A sentence ends with its mark, what closes behind it, and white space; in scripts without spaces with the mark.
_SENTENCE = re.compile(r".+?(?:[.!?…]+[\"'»”’)\]]*(?=\s|$)|[。！？]+[」』”）]*|\n\s*\n|$)\s*", re.DOTALL)  # noqa: RUF001 - marks of other scripts


def split(text: str, chunk_size: int, overlap: int, method: Method = "recursive") -> list[str]:
    """Split a text into pieces of at most ``chunk_size`` tokens; neighbours share up to ``overlap``."""
    # A token is at least one byte, so a short text needs no tokenizer to be known as one piece.
    if len(text.encode()) <= chunk_size:
        return [text.strip()] if text.strip() else []
    match method:
        case "token":
            return _split_tokens(text, chunk_size, overlap)
        case "sentence":
            return _split_sentences(text, chunk_size, overlap)
        case _:
            return _splitter(method, chunk_size, overlap).chunks(text)


@lru_cache(maxsize=8)
def _splitter(
    method: Literal["recursive", "markdown"], chunk_size: int, overlap: int
) -> TextSplitter | MarkdownSplitter:
    from semantic_text_splitter import MarkdownSplitter, TextSplitter  # noqa: PLC0415 - loads the tokenizer's table

    kind = MarkdownSplitter if method == "markdown" else TextSplitter
    return kind.from_tiktoken_model(_MODEL, chunk_size, overlap)


def _split_tokens(text: str, chunk_size: int, overlap: int) -> list[str]:
    """Cut after every ``chunk_size`` tokens, or a little before: within a letter, or where a piece alone has more."""
    from pgazure.flow.tokens import encode_bytes  # noqa: PLC0415 - loads the tokenizer's table

    tokens, count = encode_bytes(text, _MODEL), _counter()
    pieces, start = [], 0
    while start < len(tokens):
        end = min(start + chunk_size, len(tokens))
        while end > start + 1 and (
            (end < len(tokens) and _is_within_letter(tokens[end])) or count(_join(tokens[start:end])) > chunk_size
        ):
            end -= 1
        if piece := _join(tokens[start:end]):
            pieces.append(piece)
        if end == len(tokens):
            break
        start = max(end - overlap, start + 1)
        while start < end and _is_within_letter(tokens[start]):
            start += 1
    return pieces


def _join(tokens: list[bytes]) -> str:
    return b"".join(tokens).decode(errors="ignore").strip()


def _is_within_letter(token: bytes) -> bool:
    # In UTF-8 the first byte of a letter never begins with the bits 10.
    return token[0] >> 6 == _CONTINUED


def _split_sentences(text: str, chunk_size: int, overlap: int) -> list[str]:
    """Put whole sentences together; one that is too long by itself is cut as ``recursive`` does."""
    count = _counter()
    sentences = [
        (piece, count(piece))
        for found in _SENTENCE.findall(text)
        if found.strip()
        for piece in ([found] if count(found) <= chunk_size else _splitter("recursive", chunk_size, 0).chunks(found))
    ]
    pieces: list[str] = []
    held: list[tuple[str, int]] = []
    fresh = False
    for sentence in sentences:
        while held and sum(size for _, size in held) + sentence[1] > chunk_size:
            if fresh:
                pieces.append("".join(each for each, _ in held).strip())
                fresh = False
                while held and sum(size for _, size in held) > overlap:
                    del held[0]
            else:
                del held[0]
        held.append(sentence)
        fresh = True
    if fresh:
        pieces.append("".join(each for each, _ in held).strip())
    return pieces


def _counter() -> Callable[[str], int]:
    from pgazure.flow.tokens import count_tokens  # noqa: PLC0415 - as above

    return lambda text: count_tokens(text, _MODEL)
