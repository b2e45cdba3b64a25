"""Exchanges recorded with the real services, and how an answer of the emulator differs from a recorded one.

A test reads exchanges (:func:`read_exchanges`), sends each (:func:`send`), and gets from :func:`compare` what differs,
as short lines that hold no id and no index, so that the same difference is the same line everywhere. A
:class:`Comparison` counts them and tells apart those that are accepted for a reason from those that are not.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

TRANSPORT = frozenset({"connection", "server", "transfer-encoding", "content-length", "keep-alive", "content-encoding"})
"""Headers that the connection makes, and not the service."""


@dataclass(frozen=True)
class Exchange:
    """A request that was sent to a real service, and its answer.

    Attributes:
        file: Name of the file, without its ending.
        number: Place in the file.
        method: HTTP method.
        path: Path of the request.
        query: Query of the request, as pairs.
        sent: Headers of the request.
        body: JSON of the request; ``None`` where there is none.
        status: HTTP status of the answer.
        headers: Headers of the answer.
        answer: JSON of the answer; ``None`` where there is none.
        text: Text of an answer that is not JSON.
    """

    file: str
    number: int
    method: str
    path: str
    query: list[tuple[str, str]]
    sent: dict[str, str]
    body: Any
    status: int
    headers: dict[str, str]
    answer: Any
    text: str | None

    @property
    def name(self) -> str:
        """What a report calls it."""
        return f"{self.file}#{self.number}"

    @property
    def options(self) -> dict[str, str]:
        """Its query by name."""
        return dict(self.query)


def find_folder(variable: str) -> Path | None:
    """Find the folder that an environment variable names; ``None`` where it is not set."""
    folder = os.environ.get(variable)
    return Path(folder) if folder else None


def read_exchanges(path: Path) -> list[Exchange]:
    """Read a file of ``PGAZURE_RECORDINGS`` or ``PGAZURE_WIRE``, whose layouts differ."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return [_read(path.stem, number, item) for number, item in enumerate(kept.get("exchanges", ()))]


def _read(file: str, number: int, item: dict[str, Any]) -> Exchange:
    if "request" in item:
        request, response = item["request"], item["response"]
        answer, headers = response.get("json"), response.get("headers") or {}
        body, status, text = request.get("json"), response["status"], response.get("text")
    else:
        request, body, status = item, item.get("body"), item["status"]
        answer, headers, text = item.get("response"), item.get("response_headers") or {}, None
    return Exchange(
        file=file,
        number=number,
        method=request["method"],
        path=request["path"],
        query=[(name, value) for name, value in request.get("query") or ()],
        sent=request.get("headers") or {},
        body=body,
        status=status,
        headers=headers,
        answer=answer,
        text=text,
    )


def send(
    endpoint: str,
    key: str,
    exchange: Exchange,
    *,
    header: str = "Ocp-Apim-Subscription-Key",
    session: requests.Session | None = None,
) -> Any:
    """Send a recorded request to ``endpoint``; a request that was turned away gets a wrong key again.

    Args:
        endpoint: Where.
        key: The key that is right there.
        exchange: What was recorded.
        header: The header for the key.
        session: Keeps connections; each request has one of its own where there is none.
    """
    offered = "wrong" if exchange.status == requests.codes.unauthorized else key
    return (session or requests).request(
        exchange.method,
        endpoint + exchange.path,
        params=exchange.query,
        json=exchange.body,
        headers={header: offered},
        timeout=60,
        allow_redirects=False,
    )


def compare(
    given: Any, recorded: Any, *, filled: Collection[str] = (), optional: Collection[str] = (), path: str = "$"
) -> Iterator[str]:
    """List how the structure of ``given`` differs from that of ``recorded``: names, their order, types, lengths.

    Args:
        given: JSON of the emulator.
        recorded: JSON of the service.
        filled: Names of lists that a model fills: they may have any length, and each entry has to have the shape of
            some recorded entry; nothing can be told of them where the recorded list is empty.
        optional: Names that may be there or not.
        path: Where in the answer this stands.
    """
    if isinstance(given, dict) and isinstance(recorded, dict):
        kept = [[name for name in side if name not in optional] for side in (given, recorded)]
        for name in kept[1]:
            if name not in given:
                yield f"{path}.{name} is missing"
        for name in kept[0]:
            if name not in recorded:
                yield f"{path}.{name} is too many"
        if sorted(kept[0]) == sorted(kept[1]) and kept[0] != kept[1]:
            yield f"{path} has its keys in another order"
        for name in given:
            if name in recorded:
                yield from _compare_member(name, given[name], recorded[name], filled, optional, path)
    elif isinstance(given, list) and isinstance(recorded, list):
        if len(given) != len(recorded):
            yield f"{path} has another length"
        for one, other in zip(given, recorded, strict=False):
            yield from compare(one, other, filled=filled, optional=optional, path=f"{path}[]")
    elif _name_type(given) != _name_type(recorded):
        yield f"{path} is {_name_type(given)}, not {_name_type(recorded)}"


def _compare_member(
    name: str, given: Any, recorded: Any, filled: Collection[str], optional: Collection[str], path: str
) -> Iterator[str]:
    place = f"{path}.{name}"
    if name not in filled or not isinstance(given, list) or not isinstance(recorded, list):
        yield from compare(given, recorded, filled=filled, optional=optional, path=place)
        return
    for one in given if recorded else ():
        found = [list(compare(one, other, filled=filled, optional=optional, path=f"{place}[]")) for other in recorded]
        yield from min(found, key=len)


def _name_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


def compare_headers(
    given: Mapping[str, str], recorded: Mapping[str, str], *, ignored: Collection[str] = ()
) -> Iterator[str]:
    """List header names that only one side has, and a content type that differs."""
    left = TRANSPORT | {name.lower() for name in ignored}
    names = [{name.lower() for name in side} - left for side in (given, recorded)]
    yield from (f"header {name} is missing" for name in sorted(names[1] - names[0]))
    yield from (f"header {name} is too many" for name in sorted(names[0] - names[1]))
    types = [{name.lower(): value for name, value in side.items()}.get("content-type") for side in (given, recorded)]
    if "content-type" not in left and types[0] and types[1] and types[0].lower() != types[1].lower():
        yield f"header content-type is {types[0]!r}, not {types[1]!r}"


@dataclass
class Comparison:
    """What came of comparing many exchanges.

    Attributes:
        matching: Names of the exchanges that matched.
        found: Names of the exchanges that showed a difference, by difference.
    """

    matching: list[str] = field(default_factory=list)
    found: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, differences: Sequence[str]) -> None:
        """Note what became of one exchange."""
        if not differences:
            self.matching.append(name)
        for difference in dict.fromkeys(differences):
            self.found[difference].append(name)

    @property
    def differing(self) -> set[str]:
        """Names of the exchanges that did not match."""
        return {name for names in self.found.values() for name in names}

    @property
    def counts(self) -> dict[str, int]:
        """How many exchanges show each difference."""
        return {difference: len(names) for difference, names in sorted(self.found.items())}

    def report(self, most: int = 3) -> str:
        """Write counts and differences, each with the first few exchanges that show it."""
        total = len(self.matching) + len(self.differing)
        lines = [f"{len(self.matching)} of {total} exchanges match"]
        for difference, names in sorted(self.found.items(), key=lambda item: (-len(item[1]), item[0])):
            lines.append(f"{len(names):4}  {difference}  ({', '.join(names[:most])})")
        return "\n".join(lines)
