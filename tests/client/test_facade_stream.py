"""Any number of texts: results in input order, in memory that does not grow, for both clients."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from contextlib import aclosing, closing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from fix_facade import arguments
from fix_faults import Hang, Status
from pgazure import AsyncClient, Client
from pgazure.client.lookahead import stream_blocking, stream_results
from pgazure.errors import BatchError, ConfigurationError
from pgazure.flow.observe import RequestRecord, observe_requests
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fix_faults import FaultServer

A_MILLION = 1_000_000


@pytest.fixture
async def client(faults: FaultServer) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(**arguments(faults.endpoint)) as opened:
        yield opened


@pytest.fixture
def blocking(faults: FaultServer) -> Iterator[Client]:
    opened = Client(**arguments(faults.endpoint))
    yield opened
    opened.close()


class Source:
    """Gives texts and knows how many it has given."""

    def __init__(self, count: int, size: int = 0) -> None:
        self.count, self.size, self.given = count, size, 0

    def __iter__(self) -> Iterator[str]:
        for number in range(self.count):
            self.given += 1
            yield f"{number} ".ljust(self.size, "x")

    async def slowly(self) -> AsyncIterator[str]:
        for text in self:
            await asyncio.sleep(0)
            yield text


async def shout(texts: list[str]) -> list[str]:
    await asyncio.sleep(0)
    return [text.upper() for text in texts]


def shout_blocking(texts: list[str]) -> list[str]:
    return [text.upper() for text in texts]


async def test_a_million_texts_are_read_no_further_ahead_than_allowed() -> None:
    source, taken = Source(A_MILLION), 0
    async for result in stream_results(shout, source, 1_000):
        assert result == f"{taken} "
        taken += 1
        if source.given - taken >= 1_000:
            pytest.fail("read too far ahead")
    assert taken == A_MILLION


def test_a_million_texts_are_read_no_further_ahead_than_allowed_when_blocking() -> None:
    source, taken = Source(A_MILLION), 0
    for result in stream_blocking(shout_blocking, source, 4_000):
        assert result == f"{taken} "
        taken += 1
        if source.given - taken >= 4_000:
            pytest.fail("read too far ahead")
    assert taken == A_MILLION


@pytest.mark.parametrize("kind", ["async", "sync"])
async def test_memory_stays_flat(kind: str) -> None:
    # 40,000 texts of 5 kB are 200 MB; a thousand of them and their results are 10 MB.
    source = Source(40_000, 5_000)
    gc.collect()
    tracemalloc.start()
    try:
        if kind == "async":
            async for _ in stream_results(shout, source, 1_000):
                pass
        else:
            for _ in stream_blocking(shout_blocking, source, 1_000):
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 15_000_000


async def test_twenty_thousand_texts_come_back_in_order(client: AsyncClient, faults: FaultServer) -> None:
    numbers = [
        result.name async for result in client.stream(client.azure_cognitive.detect_language, Source(20_000).slowly())
    ]
    assert numbers == [f"{number} " for number in range(20_000)]
    assert len(faults.sent) == 20


async def test_the_blocking_client_streams_and_its_caller_reads_the_texts(
    blocking: Client, faults: FaultServer
) -> None:
    readers = set()

    def read() -> Iterator[str]:
        for text in Source(20_000):
            readers.add(threading.current_thread().name)
            yield text

    def take() -> list[str]:
        threading.current_thread().name = "caller"
        return [result.name for result in blocking.stream(blocking.azure_cognitive.detect_language, read())]

    assert await asyncio.to_thread(take) == [f"{number} " for number in range(20_000)]
    assert readers == {"caller"}
    assert len(faults.sent) == 20


async def test_arguments_and_other_functions_are_given_by_a_function(client: AsyncClient, faults: FaultServer) -> None:
    texts = Source(250)
    vectors = client.stream(lambda some: client.azure_openai.create_embeddings("d", some), texts, read_ahead=400)
    assert [len(vector) async for vector in vectors] == [4] * 250
    pairs = [("a", "de"), ("b", None), ("c", "fr")]

    async def send(some: list[tuple[str, str | None]]) -> list[list[str]]:
        return await client.azure_cognitive.extract_key_phrases([text for text, _ in some], [name for _, name in some])

    assert [phrases async for phrases in client.stream(send, pairs)] == [["a"], ["b"], ["c"]]
    sent = faults.sent[-1].body["analysisInput"]["documents"]
    assert [document.get("language") for document in sent] == ["de", "en", "fr"]


async def test_a_failing_text_ends_the_stream_unless_it_is_asked_for_as_data(
    client: AsyncClient, faults: FaultServer
) -> None:
    faults.refuse = lambda texts: (
        Status(400, body={"error": {"code": "Bad", "message": "no"}}) if "5 " in texts else None
    )
    taken: list[Any] = []
    with pytest.raises(BatchError) as caught:
        await take_all(client.stream(client.azure_cognitive.extract_key_phrases, Source(20), read_ahead=12), taken)
    assert taken == [["0 "], ["1 "], ["2 "]]
    assert [isinstance(result, DocumentError) for result in caught.value.results] == [False, False, True]
    quiet = partial(client.azure_cognitive.extract_key_phrases, throw_on_error=False)
    results = [result async for result in client.stream(quiet, Source(20), read_ahead=12)]
    assert [place for place, result in enumerate(results) if isinstance(result, DocumentError)] == [5]


async def take_all(stream: AsyncIterator[Any], taken: list[Any]) -> None:
    async for result in stream:
        taken.append(result)  # noqa: PERF401  what was taken before an error counts


async def test_a_used_up_quota_ends_the_stream(client: AsyncClient, faults: FaultServer) -> None:
    faults.posts.extend([Status(429, headers={"Retry-After": "86400"})] * 200)
    source = Source(100_000)
    with pytest.raises(BatchError) as caught:
        await take_all(client.stream(client.azure_cognitive.extract_key_phrases, source), [])
    assert caught.value.results[0].status_code == 429
    assert source.given <= 4_000


async def test_whoever_stops_listening_stops_the_requests(client: AsyncClient, faults: FaultServer) -> None:
    hang, source = Hang(), Source(100_000)
    faults.posts.append(hang)

    async def send(texts: list[str]) -> list[Any]:
        if texts[0] == "0 ":
            await asyncio.wait_for(hang.arrived.wait(), 10)
            return texts
        return await client.azure_cognitive.detect_language(texts)

    async with aclosing(client.stream(send, source)) as stream:
        assert await anext(stream) == "0 "
    await asyncio.wait_for(hang.aborted.wait(), 10)
    assert source.given <= 4_000


async def test_whoever_stops_listening_to_the_blocking_client_stops_the_requests(
    blocking: Client, faults: FaultServer
) -> None:
    hang, source = Hang(), Source(100_000)
    faults.posts.append(hang)

    def send(texts: list[str]) -> list[Any]:
        if texts[0] == "0 ":
            asyncio.run_coroutine_threadsafe(hang.arrived.wait(), faults.loop).result(10)
            return texts
        return blocking.azure_cognitive.detect_language(texts)

    def take() -> None:
        with closing(blocking.stream(send, source)) as stream:
            assert next(stream) == "0 "

    await asyncio.wait_for(asyncio.to_thread(take), 20)
    await asyncio.wait_for(hang.aborted.wait(), 10)
    assert source.given <= 4_000
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pgazure-stream")]


async def test_a_slow_source_does_not_hold_results_back() -> None:
    more = asyncio.Event()

    async def trickle() -> AsyncIterator[str]:
        yield "first"
        await more.wait()
        yield "second"

    async with aclosing(stream_results(shout, trickle(), 4)) as stream:
        assert await asyncio.wait_for(anext(stream), 10) == "FIRST"
        more.set()
        assert [result async for result in stream] == ["SECOND"]


async def test_calls_are_under_way_side_by_side() -> None:
    together = asyncio.Barrier(4)

    async def send(texts: list[str]) -> list[str]:
        await asyncio.wait_for(together.wait(), 10)
        return texts

    assert len([r async for r in stream_results(send, Source(64), 16)]) == 64
    gate = threading.Barrier(4)

    def send_blocking(texts: list[str]) -> list[str]:
        gate.wait(10)
        return texts

    assert len(await asyncio.to_thread(lambda: list(stream_blocking(send_blocking, Source(64), 16)))) == 64


async def test_observers_see_the_requests_of_both(client: AsyncClient, blocking: Client) -> None:
    records: list[RequestRecord] = []

    def take() -> None:
        with observe_requests(records.append):
            list(blocking.stream(blocking.azure_cognitive.detect_language, Source(3_000)))

    await asyncio.to_thread(take)
    with observe_requests(records.append):
        async for _ in client.stream(client.azure_cognitive.detect_language, Source(3_000)):
            pass
    assert sorted(record.items for record in records) == [1_000] * 6


@pytest.mark.parametrize("read_ahead", [1, 2, 3, 5])
async def test_a_short_look_ahead_still_gives_everything_in_order(read_ahead: int) -> None:
    assert [r async for r in stream_results(shout, Source(11), read_ahead)] == [f"{n} " for n in range(11)]
    assert list(stream_blocking(shout_blocking, Source(11), read_ahead)) == [f"{n} " for n in range(11)]
    assert [r async for r in stream_results(shout, [], read_ahead)] == []


async def test_what_is_no_series_of_texts_is_refused(client: AsyncClient, blocking: Client) -> None:
    for opened in (client, blocking):
        stream: Any = opened.stream
        with pytest.raises(ConfigurationError, match="not a single one"):
            stream(shout, "a text")
        with pytest.raises(TypeError, match="iterable, not int"):
            stream(shout, 5)
        with pytest.raises(ConfigurationError, match="read_ahead must be at least 1"):
            stream(shout, [], read_ahead=0)
