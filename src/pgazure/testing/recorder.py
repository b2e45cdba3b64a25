"""The recorder: a local endpoint that hands requests on and keeps what came back, or answers from what was kept."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import Future
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Literal, Self, get_args

from aiohttp import web

from pgazure.errors import ConfigurationError
from pgazure.testing.cassette import Cassette, CassetteError
from pgazure.testing.matching import Order, Player
from pgazure.testing.relay import Relay
from pgazure.testing.scrubbing import Scrubber
from pgazure.testing.upstream import SERVICES, check_service, read_upstream, split_prefix

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from pgazure.testing.cassette import Exchange
    from pgazure.testing.scrubbing import ScrubText

Mode = Literal["none", "once", "new", "all"]
"""``none`` only replays; ``once`` records where there is no cassette yet; ``new`` records what the cassette lacks;
``all`` records everything anew."""


class Recorder:
    """A local endpoint for each service, for as long as the ``with`` block lasts.

    A program that is given these endpoints talks to the services through the
    recorder, or, when the cassette is replayed, to nobody else. It is plain HTTP,
    so the program may be written in any language. Keys, tokens, cookies and names of
    resources do not reach the cassette; request ids do.

    Args:
        file: The cassette.
        mode: What is replayed and what recorded.
        endpoints: Where the services are: hosts of Azure, over https, or this machine. None are needed to replay.
        order: ``"strict"`` wants requests in the order in which they were recorded.
        scrub_text: Called with each string of a body, both of requests and of answers; the cassette has what it gives.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(
        self,
        file: str | Path,
        *,
        mode: Mode = "none",
        endpoints: Mapping[str, str] | None = None,
        order: Order = "lenient",
        scrub_text: ScrubText | None = None,
    ) -> None:
        for value, allowed, name in ((mode, get_args(Mode), "mode"), (order, get_args(Order), "order")):
            if value not in allowed:
                msg = f"{name} must be one of {', '.join(allowed)}, not {value!r}"
                raise ConfigurationError(msg)
        self.file = Path(file)
        self._records = mode in {"new", "all"} or (mode == "once" and not self.file.exists())
        given = endpoints if endpoints and self._records else {}
        self._upstreams = {service: read_upstream(service, endpoint) for service, endpoint in given.items()}
        self._replays = mode != "all" and (self.file.exists() or not self._records)
        self._order: Order = order
        self._scrub_text = scrub_text
        self._cassette = Cassette()
        self._paths: dict[str, str] = {}
        self._relay: Relay | None = None
        self._thread: _Served | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.file.name}>"

    @property
    def records(self) -> bool:
        """Whether requests may be handed on to the services."""
        return self._records

    @property
    def recorded(self) -> list[Exchange]:
        """What was recorded since the start, in the order in which the requests came."""
        return [one for one in self._started().recorded if one is not None]

    @property
    def unplayed(self) -> list[Exchange]:
        """What stands in the cassette and was not asked for."""
        player = self._started().player
        return player.unplayed if player is not None else []

    @property
    def problems(self) -> list[str]:
        """What could not be answered, and why; the program got an error instead."""
        return list(self._started().problems)

    def endpoint(self, service: str) -> str:
        """Give the URL that a program is to use as the endpoint of a service.

        Raises:
            ConfigurationError: There is no such service.
            CassetteError: The recorder was not started.
        """
        check_service(service)
        return self._started().local[service] + self._paths.get(service, "")

    def start(self) -> Self:
        """Read the cassette, and begin to answer.

        Raises:
            CassetteError: The cassette is missing or cannot be read; or the recorder runs already.
        """
        if self._thread is not None:
            msg = "the recorder runs already"
            raise CassetteError(msg)
        self._cassette = Cassette.load(self.file) if self._replays else Cassette()
        prefixes = self._split_paths()
        player = Player(self._cassette.exchanges, self._order) if self._replays else None
        self._relay = relay = Relay(player, self._upstreams, Scrubber(self._scrub_text))
        sockets = {service: socket.create_server(("127.0.0.1", 0)) for service in SERVICES}
        for service, opened in sockets.items():
            relay.local[service] = f"http://127.0.0.1:{opened.getsockname()[1]}{prefixes.get(service, '')}"
        self._thread = _Served(relay, sockets)
        self._thread.start()
        return self

    def stop(self, *, save: bool = True) -> None:
        """Stop to answer, and write the cassette where something was recorded.

        Args:
            save: Whether to write it.

        Raises:
            CassetteError: It cannot be written.
        """
        if self._thread is None:
            return
        self._thread.stop()
        self._thread = None
        if save and self.recorded:
            kept = self._cassette.exchanges if self._replays else []
            Cassette([*kept, *self.recorded], self._cassette.paths).save(self.file)

    def check(self) -> None:
        """Check that every request could be answered.

        Raises:
            CassetteError: One could not; the message says which and why.
        """
        if problems := self.problems:
            advice = "" if self._records else "\nto record it: --azure-ai-record=new, or all for everything anew"
            msg = f"the cassette {self.file} does not answer:\n" + "\n".join(problems) + advice
            raise CassetteError(msg)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What a failed program sent is no more than a part of what it should send.
        self.stop(save=kind is None)

    def _split_paths(self) -> dict[str, str]:
        for service, upstream in self._upstreams.items():
            self._cassette.paths[service] = f"{upstream.prefix}{upstream.path}"
        prefixes = {service: split_prefix(path)[0] for service, path in self._cassette.paths.items()}
        self._paths = {service: split_prefix(path)[1] for service, path in self._cassette.paths.items()}
        return prefixes

    def _started(self) -> Relay:
        if self._relay is None:
            msg = "the recorder was not started: use it in a with block"
            raise CassetteError(msg)
        return self._relay


class _Served:
    """The relay behind one listening socket for each service, in a thread of its own."""

    def __init__(self, relay: Relay, sockets: Mapping[str, socket.socket]) -> None:
        self._relay = relay
        self._sockets = sockets
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = Thread(target=self._run, name="pgazure-recorder", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.result()

    def stop(self) -> None:
        loop, end = self._ready.result()
        loop.call_soon_threadsafe(end.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _serve(self) -> None:
        end = asyncio.Event()
        async with AsyncExitStack() as running:
            for service, opened in self._sockets.items():
                runner = web.ServerRunner(web.Server(partial(self._relay.attend, service)), shutdown_timeout=1)
                await runner.setup()
                running.push_async_callback(runner.cleanup)
                await web.SockSite(runner, opened).start()
            self._ready.set_result((asyncio.get_running_loop(), end))
            await end.wait()
