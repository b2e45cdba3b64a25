"""Vectors on their way to and from the database: in binary, and never as Python floats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.types import TypeInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection
    from psycopg.abc import Buffer

# Types of pgvector, and how their numbers lie on the wire.
_NUMBERS = {"vector": ">f4", "halfvec": ">f2"}

# One dimension without NULLs: ndim, flags, oid of the elements, their count, the lower bound.
_ARRAY_HEADER = (">i4", ">i4", ">u4", ">i4", ">i4")


class Vectors:
    """Vectors of one length, at least one, for a parameter of type ``vector[]``."""

    __slots__ = ("rows",)

    def __init__(self, rows: Sequence[Any]) -> None:
        self.rows = rows


class HalfVectors(Vectors):
    """The same for ``halfvec[]``."""

    __slots__ = ()


PARAMETERS: dict[str, type[Vectors]] = {"vector": Vectors, "halfvec": HalfVectors}


async def fetch_types(connection: AsyncConnection[Any]) -> dict[str, TypeInfo]:
    """Read which of pgvector's types the database has."""
    found = {kind: await TypeInfo.fetch(connection, kind) for kind in _NUMBERS}
    return {kind: info for kind, info in found.items() if info is not None}


def register_types(connection: AsyncConnection[Any], types: dict[str, TypeInfo]) -> None:
    """Let a session send and read vectors: single ones as arrays of numpy, many as :class:`Vectors`."""
    from pgvector.psycopg.vector import register_vector_info  # noqa: PLC0415 - brings numpy

    for kind, info in types.items():
        if kind == "vector":
            register_vector_info(connection, info)
        adapters = connection.adapters
        adapters.register_dumper(PARAMETERS[kind], _array_dumper(kind, info))
        adapters.register_loader(info.oid, _loader(kind, Format.BINARY))


def _array_dumper(kind: str, info: TypeInfo) -> type[Dumper]:
    import numpy as np  # noqa: PLC0415 - loaded where a database has vectors

    number = np.dtype(_NUMBERS[kind])

    class ArrayDumper(Dumper):
        format = Format.BINARY
        oid = info.array_oid

        def dump(self, obj: Vectors) -> Buffer | None:
            count, length = len(obj.rows), len(obj.rows[0])
            element = np.dtype([("size", ">i4"), ("length", ">i2"), ("unused", ">i2"), ("numbers", number, (length,))])
            header = np.array((1, 0, info.oid, count, 1), ",".join(_ARRAY_HEADER)).tobytes()
            # The one copy of the numbers: megabytes, which every further one would double.
            message = bytearray(len(header) + count * element.itemsize)
            message[: len(header)] = header
            array = np.frombuffer(message, element, offset=len(header))
            array["size"] = element.itemsize - 4
            array["length"] = length
            np.stack(obj.rows, out=array["numbers"], casting="same_kind")
            return message

    return ArrayDumper


def _loader(kind: str, wire: Format) -> type[Loader]:
    import numpy as np  # noqa: PLC0415 - as above

    number = np.dtype(_NUMBERS[kind])

    class ArrayLoader(Loader):
        format = wire

        def load(self, data: Buffer) -> Any:
            return np.frombuffer(data, number, offset=4).astype(np.float32)

    return ArrayLoader
