"""Vectors on their way into the database, in binary form: no number is printed on the way."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg.adapt import Dumper
from psycopg.pq import Format

from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

_REAL, _REAL_ARRAY = 700, 1021


@dataclass(frozen=True, slots=True)
class Vectors:
    """The vectors of one call.

    Attributes:
        places: Places of the texts that have one, from 1.
        length: Numbers in each.
        numbers: All of them, one after the other.
    """

    places: list[int]
    length: int
    numbers: Any = field(repr=False)


def collect_vectors(results: Sequence[Any]) -> Vectors:
    """Put the vectors among ``results`` together; texts without one are left out."""
    import numpy as np  # noqa: PLC0415  imported when the first vector comes

    found = {
        place: result
        for place, result in enumerate(results, 1)
        if result is not None and not isinstance(result, DocumentError)
    }
    if not found:
        return Vectors([], 0, np.empty(0, dtype=np.float32))
    return Vectors(list(found), len(next(iter(found.values()))), np.concatenate(list(found.values())))


class VectorsDumper(Dumper):
    """Writes the numbers of :class:`Vectors` as ``real[]`` of one dimension."""

    format = Format.BINARY
    oid = _REAL_ARRAY

    def dump(self, obj: Vectors) -> bytes:
        """Write the array as the server receives it."""
        import numpy as np  # noqa: PLC0415  as above

        count = len(obj.numbers)
        if not count:
            return struct.pack(">iiI", 0, 0, _REAL)
        items = np.empty(count, dtype=[("size", ">i4"), ("value", ">f4")])
        items["size"], items["value"] = 4, obj.numbers
        return struct.pack(">iiIii", 1, 0, _REAL, count, 1) + items.tobytes()
