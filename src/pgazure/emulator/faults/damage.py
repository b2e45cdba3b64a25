"""What faults do to the body of an answer."""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from pgazure.emulator.faults.kinds import Doubled, ExpiredJob, InvalidJson, Missing, NotANumber, WrongVectors
from pgazure.emulator.wire import encode, not_found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.emulator.faults.orders import Fate

_EVENT = b"data: "
_NAN = "\0NaN\0"
_FLOAT = 4


def damage(body: bytes, faults: list[Any]) -> bytes:
    """Change a body as the faults have it; what is neither JSON nor a stream of it stays as it is."""
    if body.startswith((b"data:", b"event:")):
        return _break_last(body) if any(isinstance(one, InvalidJson) for one in faults) else body
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    for one in faults:
        match one:
            case Missing():
                for parts in find_parts(read):
                    del parts[max(0, len(parts) - one.count) :]
            case Doubled():
                for parts in find_parts(read):
                    parts[:0] = parts[:1]
            case WrongVectors():
                _miscount(read, one)
            case NotANumber():
                _spoil_number(read)
            case _:
                pass
    written = encode(read).replace(encode(_NAN), b"NaN")
    return written[:-1] if any(isinstance(one, InvalidJson) for one in faults) else written


def find_parts(read: Any) -> Iterator[list[Any]]:
    """The lists of an answer that hold one entry for each text, or for each of what was asked for.

    Documents of Language (of every task of a job), translations, vectors, choices, output, ranks, scores.
    """
    if isinstance(read, list):
        yield read
        return
    if not isinstance(read, dict):
        return
    tasks = read.get("tasks")
    items = tasks.get("items") if isinstance(tasks, dict) else None
    holders = [read, read.get("results"), *(one.get("results") for one in items or [] if isinstance(one, dict))]
    if isinstance(tasks, dict) and items is None:
        # Before 2022 each kind of task had a list of its own.
        holders += [one.get("results") for listed in tasks.values() if isinstance(listed, list) for one in listed]
    for holder in holders:
        if isinstance(holder, dict):
            for name in ("documents", "conversations", "value", "data", "choices", "output", "results"):
                if isinstance(holder.get(name), list):
                    yield holder[name]


def _miscount(read: Any, fault: WrongVectors) -> None:
    vectors = read.get("data") if isinstance(read, dict) else None
    if not isinstance(vectors, list) or not vectors:
        return
    if fault.numbers_by:
        for one in vectors:
            one["embedding"] = _resize(one["embedding"], fault.numbers_by)
    if fault.by < 0:
        del vectors[max(0, len(vectors) + fault.by) :]
    vectors += [{**vectors[-1], "index": len(vectors) + more} for more in range(fault.by)]


def _resize(vector: Any, by: int) -> Any:
    if isinstance(vector, str):
        content = b64decode(vector)
        kept = content[: max(0, len(content) + by * _FLOAT)] + struct.pack("<f", 0.5) * max(0, by)
        return b64encode(kept).decode()
    return [*vector[: max(0, len(vector) + by)], *([0.5] * max(0, by))]


def _spoil_number(read: Any) -> bool:
    """Put NaN in the place of the first number with a fraction, or of the first vector."""
    places: Any = ()
    if isinstance(read, dict | list):
        places = read.items() if isinstance(read, dict) else enumerate(read)
    holder: Any = read
    for place, value in places:
        if isinstance(value, float):
            holder[place] = _NAN
            return True
        if place == "embedding" and isinstance(value, str):
            content = struct.pack("<f", float("nan")) + b64decode(value)[_FLOAT:]
            holder[place] = b64encode(content).decode()
            return True
        if _spoil_number(value):
            return True
    return False


def _break_last(stream: bytes) -> bytes:
    """Take the last bracket of the last event of a stream that has one."""
    place = stream.rfind(b"}\n")
    return stream if place < 0 else stream[:place] + stream[place + 1 :]


def end_job(fate: Fate, response: Response) -> Response:
    """Answer a poll of a job whose end is ordered."""
    fault = fate.struck.fault
    if isinstance(fault, ExpiredJob):
        fate.polls += 1
        return not_found() if fate.polls > fault.polls else response
    if response.status_code != 200:  # noqa: PLR2004
        return response
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(fail_job(bytes(response.body), fault.task), headers=headers)


def fail_job(body: bytes, task: int | None) -> bytes:
    """Write a job's answer as that of one that failed, or one task of which did."""
    read = orjson.loads(body)
    tasks = read.get("tasks", {})
    items = tasks.get("items")
    if items is None:
        # Before 2022 each kind of task had a list of its own.
        items = [one for listed in tasks.values() if isinstance(listed, list) for one in listed]
    hit = [place for place in range(len(items)) if task in {None, place}]
    total = tasks.get("total", len(items))
    failed = len(hit) if task is not None else total
    read["status"] = "failed" if task is None else "partiallyCompleted"
    names = ", ".join(str(items[place].get("taskName", place)) for place in hit)
    message = f"{failed} out of {total} job tasks failed. Failed job tasks : {names}."
    errors = [{"code": "InternalServerError", "message": message, "target": f"#/tasks/items/{place}"} for place in hit]
    read["errors"] = errors or [{"code": "InternalServerError", "message": message}]
    for place in hit:
        items[place]["status"] = "failed"
        items[place].pop("results", None)
    tasks |= {"completed": total - failed, "failed": failed, "inProgress": 0}
    return encode(read)
