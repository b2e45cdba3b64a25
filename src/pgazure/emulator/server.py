"""The server: in the background of a test or a demonstration, or in the foreground of a command."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from contextlib import contextmanager
from threading import Event, Thread, current_thread, main_thread
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from pgazure.emulator.app import build
from pgazure.emulator.call import CONNECTION
from pgazure.emulator.environment import list_variables
from pgazure.emulator.options import Options
from pgazure.emulator.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType, TracebackType

    from pgazure.emulator.certificates import Authority

_BACKLOG = 1_024
_GRACE = 5

P = ParamSpec("P")


def _with_options(
    _: Callable[P, Options], /
) -> Callable[[Callable[..., None]], Callable[Concatenate[Emulator, P], None]]:
    """Give ``__init__`` the parameters of the options, which are listed once."""
    return lambda initialize: initialize


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc,valid-type]  # one of two, by what is installed
    """Uvicorn's, with the connection handed down: some faults end it before its time."""

    app_state: dict[str, Any]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, CONNECTION: transport}


class _Server(uvicorn.Server):
    """Uvicorn without its hold on signals: the foreground ends quietly, the background touches none."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_end = on_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_end()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if current_thread() is not main_thread():
            yield
            return

        def end(_: int, __: FrameType | None) -> None:
            self.should_exit = True

        before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class Emulator:
    """A server in a background thread, for as long as the ``with`` block lasts.

    It is made with the parameters of :class:`~pgazure.emulator.Options`.

    Raises:
        ValueError: An option cannot be used, or the default key would be open to other machines.
        OSError: The address cannot be listened on, on entering the block.
    """

    @_with_options(Options)
    def __init__(self, *given: Any, **named: Any) -> None:
        self._options = Options(*given, **named)
        self._state = State.begin(self._options)
        self._socket: socket.socket | None = None
        self._server: _Server | None = None
        self._thread: Thread | None = None
        self._failure: BaseException | None = None
        self._authority: Authority | None = None

    @property
    def key(self) -> str:
        """The key that opens every route."""
        return self._options.key

    @property
    def endpoint(self) -> str:
        """URL to give to the SDK clients.

        Raises:
            RuntimeError: The server is not running.
        """
        if self._socket is None:
            message = "the emulator is not running: use it in a with block"
            raise RuntimeError(message)
        return _url(self._socket, self._options)

    def environment(self) -> dict[str, str]:
        """Environment variables that send the clients of every SDK here, keys and certificates included.

        Raises:
            RuntimeError: The server is not running.
        """
        return list_variables(self.endpoint, self.key, self._authority)

    def start(self) -> Self:
        """Start to listen.

        Raises:
            OSError: The address cannot be listened on.
            RuntimeError: It is running already.
        """
        if self._thread is not None:
            message = "the emulator is already running"
            raise RuntimeError(message)
        self._authority = _open_authority(self._options)
        self._socket = listen(self._options.host, self._options.port)
        ready = Event()
        self._server = _make_server(self._options, self._state, self._authority, ready.set)
        self._thread = Thread(target=self._run, args=(ready,), name="pgazure-emulator", daemon=True)
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            self.stop()
            message = "the emulator did not start"
            raise RuntimeError(message) from self._failure
        return self

    def stop(self) -> None:
        """Answer what is under way, close every connection and end the thread."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        if self._socket is not None:
            self._socket.close()
        self._server = self._thread = self._socket = None

    def stats(self) -> dict[str, Any]:
        """What was received since the start or the last reset; the same as ``GET /__stats``.

        Returns:
            ``requests`` (all that came to an inference route; polls are not counted), of which ``refused`` and
            ``throttled``; of the admitted ones ``items`` (texts, times their target languages), ``characters``,
            ``tokens``, ``distinct_texts`` and ``repeats`` (the same text, operation and parameters again);
            ``most_in_flight``; and the same for each operation in ``by_operation``, by its name on the wire:
            ``SentimentAnalysis``, ``Translate``, ``Embeddings`` …
        """
        return self._state.stats.snapshot()

    def requests(self) -> list[dict[str, Any]]:
        """The last requests to the services, the oldest first; the same as ``GET /__requests``."""
        return self._state.journal.describe()

    def order(self, *faults: str | Mapping[str, Any]) -> list[dict[str, Any]]:
        """Order faults, besides those that stand; the same as ``POST /__faults``.

        Args:
            faults: Objects with a kind, or texts as a command line has them: ``error status=429 every=3``.

        Returns:
            How they stand, each with its ``id``.

        Raises:
            ValueError: One of them is none; nothing is ordered then.
        """
        from pgazure.emulator.faults.kinds import read_faults  # noqa: PLC0415  # loads what few need

        return self._state.order(read_faults(list(faults)))

    def faults(self) -> list[dict[str, Any]]:
        """The faults that stand, and how many requests each has ``seen`` and ``struck``."""
        return self._state.orders.describe()

    def clear_faults(self) -> None:
        """Take back every fault, those of the start included."""
        self._state.clear_faults()

    def reset(self) -> None:
        """Be as at the start: counters at zero, quotas full, no requests known, only the first faults."""
        self._state.reset()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, ready: Event) -> None:
        assert self._server is not None
        assert self._socket is not None
        try:
            asyncio.run(self._server.serve([self._socket]))
        except BaseException as error:  # noqa: BLE001  # handed to the thread that waits
            self._failure = error
        finally:
            ready.set()


def serve(options: Options, on_ready: Callable[[str, dict[str, str]], None] | None = None) -> None:
    """Serve in the foreground until SIGTERM or Ctrl-C.

    Args:
        options: How.
        on_ready: Called once requests are answered, with the endpoint's URL and the environment variables that send
            the clients of every SDK there; an ``OSError`` in it ends the server.

    Raises:
        OSError: The address cannot be listened on, or a file cannot be written.
        ValueError: What is kept is no certificate authority.
    """
    authority = _open_authority(options)
    with listen(options.host, options.port) as listening:
        url = _url(listening, options)

        failures: list[OSError] = []

        def tell() -> None:
            try:
                if on_ready is not None:
                    on_ready(url, list_variables(url, options.key, authority))
            except OSError as error:
                failures.append(error)
                server.should_exit = True

        server = _make_server(options, State.begin(options), authority, tell, warm=True)
        asyncio.run(server.serve([listening]))
    for failure in failures:
        raise failure


def _open_authority(options: Options) -> Authority | None:
    if not options.https:
        return None
    from pgazure.emulator.certificates import open_authority  # noqa: PLC0415  # loads what few need

    return open_authority(options.certificate_folder)


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Raises:
        OSError: The port is in use, or the address is not one of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        message = f"there is no address {host}"
        raise OSError(errno.EADDRNOTAVAIL, message) from error
    opened = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(_BACKLOG)
    except OSError as error:
        opened.close()
        if error.errno == errno.EADDRINUSE:
            message = f"port {port} of {host} is in use: choose another one, or 0 for any that is free"
            raise OSError(errno.EADDRINUSE, message) from error
        message = f"cannot listen on {host} port {port}: {error.strerror}"
        raise OSError(error.errno, message) from error
    return opened


def _make_server(
    options: Options, state: State, authority: Authority | None, on_ready: Callable[[], None], *, warm: bool = False
) -> _Server:
    config = uvicorn.Config(
        build(options, state, warm=warm),
        http=_Protocol,
        backlog=_BACKLOG,
        lifespan="on",
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
        ssl_context_factory=(lambda _, __: authority.make_context(options.host)) if authority is not None else None,
    )
    return _Server(config, on_ready, lambda: state.wake())  # noqa: PLW0108  # it is set when the server has started


def _url(listening: socket.socket, options: Options) -> str:
    host, port = listening.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # compared, not listened on
        host = socket.gethostname()
    scheme = "https" if options.https else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
