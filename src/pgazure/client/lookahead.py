"""Any number of texts through a function of the facade: read a little ahead, results in input order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Sequence
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")

# While the results of one call are taken, the others keep the service busy.
_CALLS = 4


class CallGroup:
    """The blocking calls made for one stream, to be given up together."""

    def __init__(self) -> None:
        self._futures: set[Future[Any]] = set()
        self._cancelled = False

    def add(self, future: Future[Any]) -> None:
        """Count a call in."""
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        if self._cancelled:
            future.cancel()

    def cancel(self) -> None:
        """Give up the calls under way, and those still to come."""
        self._cancelled = True
        for future in tuple(self._futures):
            future.cancel()


CALL_GROUP: ContextVar[CallGroup | None] = ContextVar("pgazure_call_group", default=None)


async def stream_results(
    method: Callable[[list[T]], Awaitable[Sequence[R]]], texts: Iterable[T] | AsyncIterable[T], read_ahead: int
) -> AsyncGenerator[R, None]:
    """Yield what ``method`` gives for ``texts``, of which at most ``read_ahead`` are held at a time."""
    chunks = _chunk(texts, max(1, read_ahead // _CALLS))
    most = min(_CALLS, read_ahead)
    calls: deque[asyncio.Future[Sequence[R]]] = deque()
    reading: asyncio.Future[list[T] | None] | None = None
    more = True
    try:
        while True:
            if more and reading is None and len(calls) < most:
                reading = asyncio.ensure_future(_next(chunks))
                # Texts that are at hand fill the window before results are handed out.
                await asyncio.sleep(0)
            if reading is not None and reading.done():
                chunk, reading = reading.result(), None
                if chunk is None:
                    more = False
                else:
                    calls.append(asyncio.ensure_future(method(chunk)))
            elif calls and calls[0].done():
                for result in calls.popleft().result():
                    yield result
            elif waiting := [future for future in (reading, *islice(calls, 1)) if future is not None]:
                # A slow source does not hold results back, nor a slow call the reading.
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            else:
                return
    finally:
        left: list[asyncio.Future[Any]] = [*calls, *([] if reading is None else [reading])]
        for future in left:
            future.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await chunks.aclose()


async def _next(chunks: AsyncGenerator[list[T], None]) -> list[T] | None:
    return await anext(chunks, None)


async def _chunk(texts: Iterable[T] | AsyncIterable[T], size: int) -> AsyncGenerator[list[T], None]:
    if not isinstance(texts, AsyncIterable):
        for chunk in _chunk_blocking(texts, size):
            yield chunk
        return
    gathered: list[T] = []
    async for text in texts:
        gathered.append(text)
        if len(gathered) == size:
            yield gathered
            gathered = []
    if gathered:
        yield gathered


def stream_blocking(
    method: Callable[[list[T]], Sequence[R]], texts: Iterable[T], read_ahead: int
) -> Generator[R, None, None]:
    """Yield what the blocking ``method`` gives for ``texts``; they are read in the caller's thread."""
    chunks = _chunk_blocking(texts, max(1, read_ahead // _CALLS))
    group = CallGroup()
    # A generator shares its caller's context, which must not learn of the group.
    context = copy_context()
    context.run(CALL_GROUP.set, group)
    most = min(_CALLS, read_ahead)
    pool = ThreadPoolExecutor(most, thread_name_prefix="pgazure-stream")
    calls: deque[Future[Sequence[R]]] = deque()
    try:
        more = True
        while more or calls:
            # One chunk at least in each round keeps the window full, and a slow source holds back no more than one.
            while more and len(calls) < most:
                if chunk := next(chunks, None):
                    calls.append(pool.submit(context.copy().run, method, chunk))
                else:
                    more = False
                if calls and calls[0].done():
                    break
            if calls:
                yield from calls.popleft().result()
    finally:
        group.cancel()
        pool.shutdown(wait=True, cancel_futures=True)


def _chunk_blocking(texts: Iterable[T], size: int) -> Generator[list[T], None, None]:
    source = iter(texts)
    while chunk := list(islice(source, size)):
        yield chunk


def check_texts(texts: Any) -> None:
    """Refuse a single text, which is a series of letters.

    Raises:
        TypeError: ``texts`` cannot be iterated over.
        ConfigurationError: It is a single text.
    """
    if isinstance(texts, str | bytes):
        msg = "texts must be a series of texts, not a single one: call the method itself for that"
        raise ConfigurationError(msg)
    if not (hasattr(texts, "__iter__") or hasattr(texts, "__aiter__")):
        msg = f"texts must be iterable, not {type(texts).__name__}"
        raise TypeError(msg)
