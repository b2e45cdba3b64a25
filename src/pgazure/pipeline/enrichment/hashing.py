"""Hashes by which equal work is known."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgazure.pipeline.specification.spec import Step


def hash_input(step: Step, text: str, *decisive: str | None) -> bytes:
    """Hash one piece of work: 16 bytes over the step's signature, ``decisive`` values and the text.

    Work with the same hash has the same result, in whatever row, run or pipeline it turns up.
    """
    digest = blake2b(step.signature, digest_size=16)
    for value in decisive:
        digest.update(b"\x00" if value is None else b"\x01" + value.encode() + b"\x00")
    digest.update(b"\x02")
    digest.update(text.encode())
    return digest.digest()


def hash_work(digests: Iterable[bytes]) -> bytes:
    """Hash all that a step has to do for one row, given the hashes of its units."""
    digest = blake2b(digest_size=16)
    for each in digests:
        digest.update(each)
    return digest.digest()
