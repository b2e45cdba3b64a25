"""Counting tokens as the OpenAI models do, without the network."""

from __future__ import annotations

from functools import cache
from typing import Any

_O200K = ("gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "gpt-oss", "chatgpt-4o", "o1", "o3", "o4")


def choose_encoding(model: str) -> str:
    """Name the encoding of ``model``: ``"o200k_base"`` or ``"cl100k_base"``.

    A deployment may have any name; one that names no known model is taken for
    an embedding model, and all of those use ``cl100k_base``.
    """
    name = model.lower()
    return "o200k_base" if name.startswith(_O200K) else "cl100k_base"


@cache
def _load(encoding: str) -> Any:
    import warnings  # noqa: PLC0415  for the next lines only

    with warnings.catch_warnings():
        # It opens its tables in a way that Python would like to see changed.
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai  # noqa: PLC0415  its tables take a while to load

    return bpe_openai.get_encoding(encoding)


def encode_bytes(text: str, model: str) -> list[bytes]:
    """Cut ``text`` into the tokens of ``model``, as UTF-8; one token may be a part of a letter."""
    encoding = _load(choose_encoding(model))
    pieces: list[bytes] = encoding.decode_tokens_bytes(encoding.encode_ordinary(text))
    return pieces


def count_tokens(text: str, model: str) -> int:
    """Count the tokens of ``text`` for ``model``, on this machine.

    Args:
        text: What is to be sent; it is not sent anywhere.
        model: Name of an OpenAI model, such as ``text-embedding-3-small``. Any other name, that of a deployment
            for instance, is taken for an embedding model.

    Returns:
        The tokens of the text itself, without those that a chat model adds for each message.
    """
    # Words that look like a control token are ordinary text here.
    return len(_load(choose_encoding(model)).encode_ordinary(text))
