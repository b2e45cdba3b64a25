# ruff: noqa: EM102, TRY003  # what is raised is built by a function, from a code and a message
"""Answers that are kept, to be asked for again, gone on from, listed or deleted."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from pgazure.emulator.openai.wire import openai_headers, refuse_openai
from pgazure.emulator.wire import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.emulator.call import Call

_MOST = 1_000
_MOST_LISTED = 100
_LISTED = 20


@dataclass(slots=True)
class Kept:
    """An answer that is kept.

    Attributes:
        body: The answer.
        said: What it was given to, as it came.
        memory: What was said up to its end, as the assistant reads it.
        events: The answer in pieces.
        calls: Ids of the calls in it that nobody has answered yet.
        waiting: Whether it is worked on, as far as anybody has been told.
    """

    body: dict[str, Any]
    said: tuple[Any, ...]
    memory: tuple[Any, ...] = ()
    events: Sequence[dict[str, Any]] = ()
    calls: tuple[str, ...] = ()
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """A place for the last thousand answers.

    Attributes:
        missing: What is said of an answer that is not here; ``{}`` stands for its id.
    """

    missing: str
    _kept: OrderedDict[str, Kept] = field(default_factory=OrderedDict)

    def put(self, body: dict[str, Any], said: tuple[Any, ...], **more: Any) -> None:
        """Keep an answer; the oldest goes where there are too many."""
        self._kept[body["id"]] = Kept(body, said, **more)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)

    def get(self, name: Any) -> Kept | None:
        """The answer with this id."""
        return self._kept.get(name) if isinstance(name, str) else None

    def find(self, call: Call) -> Kept:
        """The answer that the path names.

        Raises:
            Refusal: It is not here.
        """
        name = call.request.path_params["id"]
        kept = self.get(name)
        if kept is None:
            raise refuse_openai(self.missing.format(name), status=404)
        return kept

    def show(self, call: Call) -> Response:
        """Give an answer once more."""
        return Response(encode(self.find(call).body), headers=openai_headers(call))

    def delete(self, call: Call) -> Response:
        """Forget an answer."""
        body = self.find(call).body
        del self._kept[body["id"]]
        told = {"id": body["id"], "object": _deleted(body["object"]), "deleted": True}
        return Response(encode(told), headers=openai_headers(call))

    def browse(self, call: Call) -> Response:
        """List the answers."""
        wanted = call.request.query_params
        marks = {name[9:-1]: value for name, value in wanted.items() if name.startswith("metadata[")}
        data = [
            one.body
            for one in self._kept.values()
            if wanted.get("model") in (None, one.body.get("model"))
            and marks.items() <= (one.body.get("metadata") or {}).items()
        ]
        return Response(encode(self.page(call, data)), headers=openai_headers(call))

    def page(self, call: Call, data: list[Any], *, newest_first: bool = False) -> dict[str, Any]:
        """A page of a list, by ``limit``, ``order`` and ``after``.

        Args:
            call: The request.
            data: The whole list, the oldest first; every entry has an id.
            newest_first: Which order is meant where none is asked for.

        Raises:
            Refusal: ``limit`` is no number from 1 to 100, or ``order`` neither ``asc`` nor ``desc``.
        """
        wanted = call.request.query_params
        limit, order = wanted.get("limit", str(_LISTED)), wanted.get("order", "desc" if newest_first else "asc")
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= _MOST_LISTED:
            raise refuse_openai(f"Invalid 'limit': expected an integer from 1 to {_MOST_LISTED}.", "limit")
        if order not in ("asc", "desc"):
            message = f"Invalid value: '{order}'. Supported values are: 'asc' and 'desc'."
            raise refuse_openai(message, "order", "invalid_value")
        sorted_data = data if order == "asc" else data[::-1]
        ids = [one["id"] for one in sorted_data]
        start = ids.index(wanted["after"]) + 1 if wanted.get("after") in ids else 0
        shown = sorted_data[start : start + int(limit)]
        return {
            "object": "list",
            "data": shown,
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
            "has_more": start + len(shown) < len(sorted_data),
        }


def _deleted(kind: str) -> str:
    return "response" if kind == "response" else f"{kind}.deleted"
