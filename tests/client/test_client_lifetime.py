"""Opening, closing, cancelling; threads, loops and forks."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from fix_facade import KEY, arguments
from fix_faults import Hang, serve_faults
from pgazure.client import AsyncClient, Client
from pgazure.config import load_settings
from pgazure.errors import ConfigurationError
from pgazure.types import SentimentAnalysisResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fix_faults import FaultServer

WELL = SentimentAnalysisResult("positive", 1.0, 0.0, 0.0)


@pytest.fixture
def far_faults() -> Iterator[FaultServer]:
    """The misbehaving server in a loop and thread of its own, for tests that block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    serving = serve_faults()
    server = asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(10)
    yield server
    asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


async def test_cancelling_the_caller_cancels_its_requests(faults: FaultServer) -> None:
    hangs = [Hang(), Hang()]
    faults.posts.extend(hangs)
    async with AsyncClient(**arguments(faults.endpoint)) as client:
        call = asyncio.create_task(client.azure_cognitive.analyze_sentiment(["x"] * 20))
        await asyncio.wait_for(asyncio.gather(*(hang.arrived.wait() for hang in hangs)), 10)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(asyncio.gather(*(hang.aborted.wait() for hang in hangs)), 10)
        assert await client.azure_cognitive.analyze_sentiment("x") == WELL


async def test_cancelling_a_job_stops_its_polls(faults: FaultServer) -> None:
    hang = Hang()
    faults.polls.append(hang)
    async with AsyncClient(**arguments(faults.endpoint)) as client:
        call = asyncio.create_task(client.azure_cognitive.summarize_abstractive("x"))
        await asyncio.wait_for(hang.arrived.wait(), 10)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(hang.aborted.wait(), 10)
    assert len(faults.received) == 2


async def test_a_closed_client_says_so_and_may_be_closed_again(faults: FaultServer) -> None:
    client = AsyncClient(**arguments(faults.endpoint))
    await client.azure_cognitive.analyze_sentiment("x")
    await client.close()
    await client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        await client.azure_cognitive.analyze_sentiment("x")


def test_an_async_client_belongs_to_one_loop(far_faults: FaultServer) -> None:
    client = AsyncClient(**arguments(far_faults.endpoint))

    async def use() -> None:
        await client.azure_cognitive.analyze_sentiment("x")
        await client.close()

    async def use_elsewhere() -> None:
        with pytest.raises(ConfigurationError, match="event loop"):
            await client.azure_cognitive.analyze_sentiment("x")

    client._connections._loop = asyncio.new_event_loop()
    asyncio.run(use_elsewhere())
    client._connections._loop.close()
    client._connections._loop = None
    asyncio.run(use())


def test_many_threads_share_one_blocking_client(far_faults: FaultServer) -> None:
    with Client(**arguments(far_faults.endpoint)) as client, ThreadPoolExecutor(8) as pool:
        results = pool.map(client.azure_cognitive.extract_key_phrases, [f"text {n}" for n in range(40)])
        assert list(results) == [[f"text {n}"] for n in range(40)]


async def test_a_blocking_client_works_inside_a_running_loop(far_faults: FaultServer) -> None:
    with Client(**arguments(far_faults.endpoint)) as client:
        assert client.azure_cognitive.analyze_sentiment("x") == WELL


def test_a_closed_blocking_client_says_so_and_ends_its_thread(far_faults: FaultServer) -> None:
    client = Client(**arguments(far_faults.endpoint))
    client.azure_cognitive.analyze_sentiment("x")
    assert "pgazure" in {thread.name for thread in threading.enumerate()}
    client.close()
    client.close()
    assert "pgazure" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(ConfigurationError, match="closed"):
        client.azure_cognitive.analyze_sentiment("x")


def test_a_forgotten_blocking_client_cleans_up_after_itself(far_faults: FaultServer) -> None:
    client = Client(**arguments(far_faults.endpoint))
    client.azure_cognitive.analyze_sentiment("x")
    del client
    assert "pgazure" not in {thread.name for thread in threading.enumerate()}


def test_a_client_that_was_never_used_starts_nothing() -> None:
    before = threading.active_count()
    Client(**arguments("http://127.0.0.1:1")).close()
    assert threading.active_count() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_gets_connections_of_its_own(far_faults: FaultServer) -> None:
    with Client(**arguments(far_faults.endpoint)) as client:
        assert client.azure_cognitive.analyze_sentiment("x") == WELL
        with warnings.catch_warnings():
            # Python warns of forking with threads, which is what is tried here.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if client.azure_cognitive.analyze_sentiment("x") == WELL else 2
                client.close()
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert client.azure_cognitive.analyze_sentiment("x") == WELL


def test_ctrl_c_ends_the_call_and_its_requests(far_faults: FaultServer) -> None:
    hang = Hang()
    far_faults.posts.append(hang)
    with Client(**arguments(far_faults.endpoint)) as client:

        def interrupt() -> None:
            asyncio.run_coroutine_threadsafe(hang.arrived.wait(), far_faults.loop).result(10)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        interrupter = threading.Thread(target=interrupt)
        interrupter.start()
        with pytest.raises(KeyboardInterrupt):
            client.azure_cognitive.analyze_sentiment("x")
        interrupter.join()
        aborted = asyncio.wait_for(hang.aborted.wait(), 10)
        asyncio.run_coroutine_threadsafe(aborted, far_faults.loop).result(15)
        assert client.azure_cognitive.analyze_sentiment("x") == WELL


SCRIPT = """
import pgazure
client = pgazure.Client(language_endpoint={endpoint!r}, language_key="k")
print(client.azure_cognitive.analyze_sentiment("x").sentiment)
{ending}
"""


@pytest.mark.parametrize("ending", ["", "client.close()", "raise SystemExit(0)"])
def test_a_program_ends_without_a_word_whether_it_closes_or_not(far_faults: FaultServer, ending: str) -> None:
    script = SCRIPT.format(endpoint=far_faults.endpoint, ending=ending)
    program = [sys.executable, "-W", "error", "-c", script]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("positive\n", "", 0)


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("numpy", "azure", "openai", "pydantic", "anyio", "aiohttp", "typer", "asyncio", "bpe_openai", "regex")
    code = f"import sys, pgazure; print([name for name in {heavy!r} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "[]\n"


def test_importing_the_clients_loads_no_sdk() -> None:
    heavy = ("numpy", "azure", "openai", "aiohttp", "bpe_openai", "regex", "semantic_text_splitter")
    code = f"import sys; from pgazure import Client, AsyncClient; print([n for n in {heavy!r} if n in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "[]\n"


EMBEDDING = """
import asyncio, sys
import pgazure

async def embed():
    async with pgazure.AsyncClient(openai_endpoint="{endpoint}", openai_key="a-key") as client:
        return await client.azure_openai.create_embeddings("small", ["one", "two"], dimensions=2)

print([len(vector) for vector in asyncio.run(embed())], "openai" in sys.modules)
"""


def test_embedding_loads_no_sdk(far_faults: FaultServer) -> None:
    # Its types take longer to load than thousands of texts to embed.
    program = [sys.executable, "-c", EMBEDDING.format(endpoint=far_faults.endpoint)]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "[2, 2] False\n"


def test_arguments_of_the_client_are_checked() -> None:
    for name, wrong in (("max_attempts", 0), ("timeout_ms", 0), ("max_concurrency", 0), ("retry_delay_ms", -1)):
        with pytest.raises(ConfigurationError, match=name):
            AsyncClient(**{name: wrong})
    settings = load_settings()
    with pytest.raises(ConfigurationError, match="settings or language_key"):
        AsyncClient(settings=settings, language_key=KEY)
    with pytest.raises(ConfigurationError, match="token credential"):
        AsyncClient(credential=KEY)
