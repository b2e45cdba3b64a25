"""Cassettes: what went to the services and what came back, in a file that can be read and reviewed."""

from __future__ import annotations

import json
import os
import tempfile
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pgazure.errors import PgAzureError

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSION = 1
_END_OF_EVENT = "\n\n"


class CassetteError(PgAzureError):
    """A cassette cannot be used, or does not hold what a program asked for."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as they stand in a cassette: without keys, and without host names.

    Attributes:
        service: To which service it went: ``language``, ``translator``, ``openai``, ``ml`` or ``rerank``.
        method: HTTP method.
        path: Path of its URL.
        query: Parameters of its URL, sorted.
        content: What was sent: ``{"json": …}``, ``{"text": …}`` or ``{"base64": …}``; empty for nothing.
        status: HTTP status of the answer.
        headers: Headers of the answer, in their order.
        answer: What came back, as ``content``, or ``{"events": […]}`` where it came piece by piece.
    """

    service: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    content: Mapping[str, Any]
    status: int
    headers: tuple[tuple[str, str], ...]
    answer: Mapping[str, Any]


@dataclass(slots=True)
class Cassette:
    """The exchanges of one test.

    Attributes:
        exchanges: In the order in which the requests came.
        paths: For each service, the path of its endpoint.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    paths: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, file: str | Path) -> Cassette:
        """Read a cassette.

        Raises:
            CassetteError: There is none, or it is not one.
        """
        path = Path(file)
        try:
            read = json.loads(path.read_text("utf-8"))
            if read["version"] != _VERSION:
                msg = f"the cassette {path} has version {read['version']}, not {_VERSION}: record it anew"
                raise CassetteError(msg)
            return cls([_read(one) for one in read["exchanges"]], dict(read["paths"]))
        except FileNotFoundError:
            msg = f"there is no cassette {path}: record one, with --azure-ai-record=once"
            raise CassetteError(msg) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"the cassette {path} cannot be read: {type(error).__name__}: {error}"
            raise CassetteError(msg) from error

    def save(self, file: str | Path) -> None:
        """Write a cassette; a reader sees the old one or the new one, and never a part.

        Raises:
            CassetteError: The folder cannot be written to.
        """
        path = Path(file)
        written = {"version": _VERSION, "paths": self.paths, "exchanges": [_write(one) for one in self.exchanges]}
        text = json.dumps(written, ensure_ascii=False, indent=1) + "\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as opened:
                    opened.write(text)
                Path(name).chmod(0o644)
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            msg = f"the cassette {path} cannot be written: {error.strerror}"
            raise CassetteError(msg) from error


def _read(one: dict[str, Any]) -> Exchange:
    request, response = one["request"], one["response"]
    return Exchange(
        request["service"],
        request["method"],
        request["path"],
        tuple((name, value) for name, value in request["query"]),
        request["content"],
        response["status"],
        tuple((name, value) for name, value in response["headers"]),
        response["content"],
    )


def _write(one: Exchange) -> dict[str, Any]:
    return {
        "request": {
            "service": one.service,
            "method": one.method,
            "path": one.path,
            "query": one.query,
            "content": one.content,
        },
        "response": {"status": one.status, "headers": one.headers, "content": one.answer},
    }


def pack_content(body: bytes, content_type: str) -> dict[str, Any]:
    """Make of a body what stands in a cassette: JSON as JSON, events one by one, text as text."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode("ascii")}
    if "json" in content_type:
        with suppress(ValueError):
            return {"json": json.loads(text)}
    if content_type.startswith("text/event-stream"):
        return {"events": [event for event in text.split(_END_OF_EVENT) if event]}
    if content_type.startswith("application/x-www-form-urlencoded"):
        return {"form": parse_qsl(text, keep_blank_values=True)}
    return {"text": text} if text else {}


def unpack_content(content: Mapping[str, Any]) -> list[bytes]:
    """Make of what stands in a cassette the pieces of a body: one, or one for each event."""
    if "events" in content:
        return [f"{event}{_END_OF_EVENT}".encode() for event in content["events"]]
    if "json" in content:
        return [json.dumps(content["json"], ensure_ascii=False, separators=(",", ":")).encode()]
    if "base64" in content:
        return [b64decode(content["base64"])]
    return [content.get("text", "").encode()]
