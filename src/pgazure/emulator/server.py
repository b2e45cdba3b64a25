"""The server: in the background of a test or a demonstration, or in the foreground of a command."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from contextlib import contextmanager
from ipaddress import ip_address
from threading import Event, Thread, current_thread, main_thread
from typing import TYPE_CHECKING, Any, Self

import uvicorn

from pgazure.emulator.app import FILTER_WORD, Options, build
from pgazure.emulator.quota import Quota
from pgazure.emulator.rules import NO_RULES, load
from pgazure.emulator.stats import Stats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from types import FrameType, TracebackType

    from pgazure.emulator.rules import Rules

_BACKLOG = 1_024
_DEFAULT_KEY = "emulator"
_GRACE = 2


class _Server(uvicorn.Server):
    """Uvicorn without its hold on signals: the foreground ends quietly, the background touches none."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

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

    Args:
        key: The key that opens every route, in any of the services' headers.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        latency: Seconds that every answer takes at least.
        rpm: Requests per minute and operation; ``None`` means no limit.
        tpm: Tokens per minute and deployment; ``None`` means no limit.
        accept_any_token: Let in every bearer token, as if it came from Entra ID.
        job_time: Seconds that a job takes at least.
        deployments: Deployments of Azure OpenAI; any name will do where none is given.
        filter_word: The content filter of Azure OpenAI refuses prompts that hold this, whatever its case; never,
            where it is empty.
        rules: A TOML or JSON file that says what scoring endpoints and custom models answer.

    Raises:
        ValueError: An option cannot be used, or the default key would be open to other machines.
        OSError: The address cannot be listened on, on entering the block.
    """

    def __init__(
        self,
        key: str = _DEFAULT_KEY,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        latency: float = 0.0,
        rpm: float | None = None,
        tpm: float | None = None,
        accept_any_token: bool = False,
        job_time: float = 0.0,
        deployments: Sequence[str] = (),
        filter_word: str = FILTER_WORD,
        rules: str | Path | None = None,
    ) -> None:
        self._options = Options(
            key, latency, rpm, tpm, accept_any_token, job_time, tuple(deployments), filter_word, _load_rules(rules)
        )
        _check_exposure(host, key, accept_any_token=accept_any_token)
        self._address = (host, port)
        self._stats = Stats()
        self._quota = Quota(rpm, tpm)
        self._socket: socket.socket | None = None
        self._server: _Server | None = None
        self._thread: Thread | None = None
        self._failure: BaseException | None = None

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
        return _url(self._socket)

    def start(self) -> Self:
        """Start to listen.

        Raises:
            OSError: The address cannot be listened on.
            RuntimeError: It is running already.
        """
        if self._thread is not None:
            message = "the emulator is already running"
            raise RuntimeError(message)
        self._socket = listen(*self._address)
        ready = Event()
        self._server = _make_server(self._options, self._stats, self._quota, ready.set)
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
        return self._stats.snapshot()

    def reset(self) -> None:
        """Set the counters to zero and fill the quotas; the same as ``POST /__reset``."""
        self._stats.reset()
        self._quota.reset()

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


def serve(
    key: str = _DEFAULT_KEY,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    latency: float = 0.0,
    rpm: float | None = None,
    tpm: float | None = None,
    accept_any_token: bool = False,
    job_time: float = 0.0,
    deployments: Sequence[str] = (),
    filter_word: str = FILTER_WORD,
    rules: str | Path | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve in the foreground until SIGTERM or Ctrl-C.

    Args:
        key: As in :class:`Emulator`.
        host: As in :class:`Emulator`.
        port: As in :class:`Emulator`.
        latency: As in :class:`Emulator`.
        rpm: As in :class:`Emulator`.
        tpm: As in :class:`Emulator`.
        accept_any_token: As in :class:`Emulator`.
        job_time: As in :class:`Emulator`.
        deployments: As in :class:`Emulator`.
        filter_word: As in :class:`Emulator`.
        rules: As in :class:`Emulator`.
        on_ready: Called with the endpoint's URL once requests are answered.

    Raises:
        ValueError: An option cannot be used, or the default key would be open to other machines.
        OSError: The address cannot be listened on.
    """
    options = Options(
        key, latency, rpm, tpm, accept_any_token, job_time, tuple(deployments), filter_word, _load_rules(rules)
    )
    _check_exposure(host, key, accept_any_token=accept_any_token)
    with listen(host, port) as listening:
        url = _url(listening)
        tell = (lambda: on_ready(url)) if on_ready is not None else (lambda: None)
        asyncio.run(_make_server(options, Stats(), Quota(rpm, tpm), tell).serve([listening]))


def _load_rules(file: str | Path | None) -> Rules:
    return NO_RULES if file is None else load(file)


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


def _check_exposure(host: str, key: str, *, accept_any_token: bool) -> None:
    try:
        local = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local and (key == _DEFAULT_KEY or accept_any_token):
        message = f"{host} is open to other machines: choose a key of your own, and do not accept any token"
        raise ValueError(message)


def _make_server(options: Options, stats: Stats, quota: Quota, on_ready: Callable[[], None]) -> _Server:
    config = uvicorn.Config(
        build(options, stats, quota),
        backlog=_BACKLOG,
        lifespan="on",
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    return _Server(config, on_ready)


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # compared, not listened on
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
