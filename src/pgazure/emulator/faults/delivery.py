"""How an answer that is struck goes over the wire: in pieces, or not to its end."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse

from pgazure.emulator.call import CONNECTION
from pgazure.emulator.faults.damage import damage
from pgazure.emulator.faults.kinds import HalfBody, Reset, SlowBody

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

_NOW = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer as it goes over the wire.

    Attributes:
        request: What it answers.
        status: HTTP status.
        headers: Headers, as they are sent.
        pieces: The body.
        pause: Seconds between two pieces.
        breaks_off: Whether the connection is closed after the last piece.
        is_reset: Whether it is reset, and nothing is sent.
    """

    request: Request
    status: int
    headers: list[tuple[bytes, bytes]]
    pieces: list[bytes]
    pause: float
    breaks_off: bool
    is_reset: bool

    async def send(self, send: Callable[[Any], Awaitable[None]], pause: Callable[[float], Awaitable[None]]) -> None:
        """Send what is to be sent, and end the connection where it is to end."""
        connection = self.request.scope.get("state", {}).get(CONNECTION)
        if self.is_reset:
            reset(connection)
            await self._wait_for_end()
            return
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for place, piece in enumerate(self.pieces):
            if place and self.pause:
                await pause(self.pause)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if self.breaks_off:
            connection.close()
            await self._wait_for_end()
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _wait_for_end(self) -> None:
        # The server asks why nothing was sent, unless it knows that the connection is gone.
        while (await self.request.receive())["type"] != "http.disconnect":
            pass


def reset(connection: Any) -> None:
    """Close a connection at once: what is not sent is dropped, and the other side is told so."""
    opened: socket.socket = connection.get_extra_info("socket")
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)
    connection.abort()


async def strike(request: Request, response: Response, faults: list[Any]) -> Delivery:
    """Turn an answer into one that the faults have struck."""
    pieces = await _read(response)
    whole = b"".join(pieces)
    damaged = damage(whole, faults)
    streamed = len(pieces) > 1 and damaged == whole
    headers = [(name, value) for name, value in response.raw_headers if name != b"content-length"]
    # An answer without a length was one that is sent in chunks.
    if any(name == b"content-length" for name, _ in response.raw_headers):
        headers.append((b"content-length", str(len(damaged)).encode()))
    sent, pause, breaks_off = pieces if streamed else [damaged], 0.0, False
    for one in faults:
        if isinstance(one, SlowBody):
            sent = sent if streamed else _cut(damaged, one.pieces)
            pause = one.seconds / max(1, len(sent) - 1)
        if isinstance(one, HalfBody):
            sent, breaks_off = _keep(sent, int(len(damaged) * one.share_sent)), True
    is_reset = any(isinstance(one, Reset) for one in faults)
    return Delivery(request, response.status_code, headers, sent, pause, breaks_off, is_reset)


async def _read(response: Response) -> list[bytes]:
    if not isinstance(response, StreamingResponse):
        return [bytes(response.body)]
    return [one.encode() if isinstance(one, str) else bytes(one) async for one in response.body_iterator]


def _cut(body: bytes, pieces: int) -> list[bytes]:
    size = max(1, -(-len(body) // pieces))
    return [body[start : start + size] for start in range(0, len(body), size)] or [b""]


def _keep(pieces: list[bytes], size: int) -> list[bytes]:
    kept = []
    for one in pieces:
        kept.append(one[:size])
        size -= len(kept[-1])
    return [one for one in kept if one]
