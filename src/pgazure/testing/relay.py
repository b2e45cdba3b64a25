"""One request at the recorder: answered from the cassette, or handed on to the service and kept."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from aiohttp import web
from yarl import URL

from pgazure.testing.cassette import CassetteError, Exchange, pack_content, unpack_content
from pgazure.testing.matching import Asked
from pgazure.testing.upstream import is_allowed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgazure.testing.matching import Player
    from pgazure.testing.scrubbing import Scrubber
    from pgazure.testing.upstream import Upstream

# What belongs to one connection, or is said anew of the answer that the program gets.
_OF_CONNECTION = {
    "connection",
    "content-encoding",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_LOCATIONS = {"azure-asyncoperation", "location", "operation-location"}
_REFUSED = 400
_UNREACHABLE = 502
_EVENTS = "text/event-stream"


@dataclass(slots=True)
class Relay:
    """What stands behind the endpoints of a recorder.

    Attributes:
        player: What was recorded before; ``None`` where nothing is replayed.
        upstreams: Where each service is; empty where nothing is recorded.
        scrubber: What takes secrets out.
        local: For each service, where the recorder answers for it.
        recorded: What was recorded now, by the order of arrival; ``None`` for what did not end well.
        problems: What could not be answered.
    """

    player: Player | None
    upstreams: dict[str, Upstream]
    scrubber: Scrubber
    local: dict[str, str] = field(default_factory=dict)
    recorded: list[Exchange | None] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _hosts: dict[str, set[str]] = field(default_factory=dict)

    async def attend(self, service: str, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request that came to the endpoint of a service."""
        body = await request.content.read()
        headers = list(request.headers.items())
        query = parse_qsl(request.url.raw_query_string, keep_blank_values=True)
        self.scrubber.learn(headers, query)
        asked = self._scrub_request(service, request, query, body)
        problem = f"{asked.line} cannot be recorded: there is no endpoint for {service}"
        if self.player is not None:
            try:
                return await self._replay(self.player.find(asked), request)
            except CassetteError as error:
                problem = str(error)
        if (upstream := self.upstreams.get(service)) is None:
            return self._refuse(problem, _REFUSED, "CassetteMismatch")
        place = len(self.recorded)
        self.recorded.append(None)
        try:
            response, exchange = await self._forward(upstream, request, body, asked)
        except aiohttp.ClientError as error:
            problem = f"{asked.line} could not be handed on: {type(error).__name__}"
            return self._refuse(problem, _UNREACHABLE, "ServiceUnreachable")
        self.recorded[place] = exchange
        return response

    def _scrub_request(
        self, service: str, request: web.BaseRequest, query: Iterable[tuple[str, str]], body: bytes
    ) -> Asked:
        path = self._strip(service, request.url.raw_path)
        content = pack_content(body, request.headers.get("Content-Type", ""))
        return Asked(
            service,
            request.method,
            self.scrubber.scrub_string(path),
            tuple(sorted(self.scrubber.scrub_pairs(query))),
            self.scrubber.scrub_content(content),
        )

    def _strip(self, service: str, path: str) -> str:
        return path.removeprefix(urlsplit(self.local[service]).path)

    def _refuse(self, problem: str, status: int, code: str) -> web.Response:
        self.problems.append(problem)
        return web.json_response({"error": {"code": code, "message": problem}}, status=status)

    async def _replay(self, exchange: Exchange, request: web.BaseRequest) -> web.StreamResponse:
        local = self.local[exchange.service]
        recorded = re.compile(rf"https?://{re.escape(_placeholder(exchange.service))}")
        response = web.StreamResponse(status=exchange.status)
        for name, value in exchange.headers:
            response.headers.add(name, recorded.sub(lambda _: local, value))
        pieces = [recorded.sub(lambda _: local, piece.decode()).encode() for piece in unpack_content(exchange.answer)]
        if "events" in exchange.answer:
            response.enable_chunked_encoding()
        else:
            response.content_length = sum(map(len, pieces))
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        await response.write_eof()
        return response

    async def _forward(
        self, upstream: Upstream, request: web.BaseRequest, body: bytes, asked: Asked
    ) -> tuple[web.StreamResponse, Exchange]:
        path = self._strip(upstream.service, request.url.raw_path)
        query = f"?{request.url.raw_query_string}" if request.url.raw_query_string else ""
        url = URL(f"{upstream.origin}{path}{query}", encoded=True)
        sent = [
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in _OF_CONNECTION | {"host", "accept-encoding"}
        ]
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=300)
        async with (
            aiohttp.ClientSession(trust_env=True, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(
                request.method,
                url,
                data=body or None,
                headers=[*sent, ("Accept-Encoding", "identity")],
                skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
                allow_redirects=False,
            ) as answer,
        ):
            headers = [pair for pair in answer.headers.items() if pair[0].lower() not in _OF_CONNECTION]
            hosts = self._learn_hosts(upstream, headers)
            here = _Rewriter(hosts, self.local[upstream.service])
            response = web.StreamResponse(status=answer.status)
            for name, value in headers:
                response.headers.add(name, here.rewrite(value))
            kind = answer.headers.get("Content-Type", "")
            if kind.startswith(_EVENTS):
                raw = await _pass_on(answer, response, request)
            else:
                raw = await answer.read()
                rewritten = here.rewrite_body(raw)
                response.content_length = len(rewritten)
                await response.prepare(request)
                await _write(response, rewritten)
            with suppress(ConnectionError):
                await response.write_eof()
        there = _Rewriter(hosts, f"https://{_placeholder(upstream.service)}")
        kept = [(name, there.rewrite(value)) for name, value in headers]
        content = self.scrubber.scrub_content(pack_content(there.rewrite_body(raw), kind))
        exchange = Exchange(
            asked.service,
            asked.method,
            asked.path,
            asked.query,
            asked.content,
            answer.status,
            tuple(self.scrubber.scrub_headers(kept)),
            content,
        )
        return response, exchange

    def _learn_hosts(self, upstream: Upstream, headers: Iterable[tuple[str, str]]) -> set[str]:
        # A service may name another of its hosts, where a job can be asked for as well as at this one.
        known = self._hosts.setdefault(upstream.service, {urlsplit(upstream.origin).netloc})
        for name, value in headers:
            parts = urlsplit(value) if name.lower() in _LOCATIONS else None
            if parts is not None and is_allowed(parts.scheme, parts.hostname or ""):
                known.add(parts.netloc)
        return known


@dataclass(frozen=True, slots=True)
class _Rewriter:
    hosts: set[str]
    origin: str

    def rewrite(self, value: str) -> str:
        names = "|".join(re.escape(host) for host in sorted(self.hosts))
        return re.sub(rf"https?://(?:{names})(?![\w.:-])", lambda _: self.origin, value, flags=re.IGNORECASE)

    def rewrite_body(self, body: bytes) -> bytes:
        try:
            return self.rewrite(body.decode("utf-8")).encode()
        except UnicodeDecodeError:
            return body


def _placeholder(service: str) -> str:
    return f"{service}.cassette.invalid"


async def _pass_on(answer: aiohttp.ClientResponse, response: web.StreamResponse, request: web.BaseRequest) -> bytes:
    response.enable_chunked_encoding()
    await response.prepare(request)
    pieces: list[bytes] = []
    async for piece in answer.content.iter_any():
        pieces.append(piece)
        await _write(response, piece)
    return b"".join(pieces)


async def _write(response: web.StreamResponse, piece: bytes) -> None:
    # A program may go when it has what it wants; what the service says is recorded to its end.
    with suppress(ConnectionError):
        await response.write(piece)
