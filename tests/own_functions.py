"""Functions that the pipelines of the tests call, as a user's own module would hold them."""

from __future__ import annotations

import asyncio

SEEN: list[str] = []


async def measure(text: str) -> dict[str, object]:
    """Say how long a text is and whether it asks something."""
    SEEN.append(text)
    await asyncio.sleep(0)
    return {"length": len(text), "asks": text.endswith("?"), "words": text.split()}


async def shout(text: str) -> str:
    """Answer with one value."""
    SEEN.append(text)
    if "secret" in text:
        msg = f"cannot shout {text}"
        raise ValueError(msg)
    return text.upper()


async def lie(text: str) -> str:
    """Return a text where a number is declared."""
    return text


def wait(text: str) -> str:
    """Be no async function."""
    return text
