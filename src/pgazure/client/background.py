"""The event loop behind the blocking client: one thread, any number of callers."""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from anyio.from_thread import start_blocking_portal

from pgazure.client.async_client import check_portable, renew_client
from pgazure.client.lookahead import CALL_GROUP
from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from contextlib import AbstractContextManager

    from anyio.from_thread import BlockingPortal

    from pgazure.client.async_client import AsyncClient

_END: Any = object()


class Background:
    """Runs the methods of one :class:`AsyncClient` in a thread of its own.

    The thread starts with the first call and ends with :meth:`close`, with the
    last reference, or with the process. A forked process gets a new one.

    Args:
        client: The client; it is used in the thread only.
    """

    def __init__(self, client: AsyncClient) -> None:
        check_portable(client)
        self._client = client
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._closed = False
        self._process = os.getpid()

    def call(self, schema: str, method: str, /, *args: Any, **options: Any) -> Any:
        """Call ``client.<schema>.<method>`` and wait for its result; Ctrl-C cancels the requests."""
        return self.apply(lambda client: getattr(getattr(client, schema), method)(*args, **options))

    def apply(self, call: Callable[[AsyncClient], Awaitable[Any]]) -> Any:
        """Call something with the client and wait for its result; Ctrl-C cancels the requests."""
        running = self._start()
        return running.run(lambda: call(self._client))

    def iterate(self, schema: str, method: str, /, *args: Any, **options: Any) -> Iterator[Any]:
        """Call ``client.<schema>.<method>`` and give what it yields, piece by piece."""
        running = self._start()
        pieces: AsyncIterator[Any] = getattr(getattr(self._client, schema), method)(*args, **options)
        try:
            while (piece := running.run(lambda: _next(pieces))) is not _END:
                yield piece
        finally:
            # Whoever stops listening gives up the connection and the turn too.
            # A client that is closed has done so.
            with suppress(RuntimeError):
                running.run(lambda: _close(pieces))

    def close(self) -> None:
        """Close the connections and end the thread; may be called again."""
        with self._lock:
            self._closed = True
            running, self._running = self._running, None
        if running is not None:
            running.stop()

    def _start(self) -> _Running:
        if self._process != os.getpid():
            # Threads and connections stay behind with the parent, and its lock may be held there.
            self._lock = threading.Lock()
            self._client = renew_client(self._client)
            self._running = None
            self._process = os.getpid()
        with self._lock:
            if self._closed:
                msg = "the client is closed; make a new one"
                raise ConfigurationError(msg)
            if self._running is None:
                self._running = _Running(self._client)
                weakref.finalize(self, self._running.stop)
            return self._running


class ModelBackground(Background):
    """Runs the functions of ``azure_cognitive`` with a chat model, in the thread of another one.

    Args:
        background: The other one, which is closed by itself.
        model: Name of the deployment.
    """

    def __init__(self, background: Background, model: str) -> None:
        self._background = background
        self._model = model

    def call(self, schema: str, method: str, /, *args: Any, **options: Any) -> Any:
        """Call a function of ``azure_cognitive``, the one schema there is, and wait for its result."""
        del schema
        return self._background.apply(lambda client: getattr(client.with_model(self._model), method)(*args, **options))


async def _next(pieces: AsyncIterator[Any]) -> Any:
    return await anext(pieces, _END)


async def _close(pieces: Any) -> None:
    await pieces.aclose()


class _Running:
    """A thread with an event loop in which a client lives."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._process = os.getpid()
        self._opened: AbstractContextManager[BlockingPortal] = start_blocking_portal(name="pgazure")
        self._portal = self._opened.__enter__()
        self._stopped = False

    def run(self, call: Callable[[], Awaitable[Any]]) -> Any:
        # The portal takes the caller's context along, so that its observers see the requests.
        future = self._portal.start_task_soon(call)
        if (group := CALL_GROUP.get()) is not None:
            group.add(future)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        if self._stopped or self._process != os.getpid():
            return
        self._stopped = True
        try:
            self._portal.call(self._client.close)
        finally:
            self._opened.__exit__(None, None, None)
