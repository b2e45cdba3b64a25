"""The functions in a database beside the same calls from Python, in one run against one local service.

Three processes as in earnest: PostgreSQL, ``pgazure functions serve``, and a service that answers after 50 ms. What
the service itself takes is measured in the same run by a bare HTTP client, and CPU time is that of Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import psycopg

from pgazure import AsyncClient
from pgazure.bridge import install_functions
from pgazure.embedded import EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from multiprocessing.connection import Connection

ROOT = Path(__file__).resolve().parents[1]
KEY = "a-key"
DIMENSIONS = 1536
MANY = 1_000
ROWS = 10_000
SAMPLE = 100
SESSIONS = 32
SENTENCE = "Room {} was clean and quiet, and the staff found our lost luggage within the hour."


def serve(ready: Connection, latency: float) -> None:
    """Answer after ``latency`` seconds until the other end is closed."""
    sys.path.insert(0, str(ROOT / "tests"))
    import numpy as np  # noqa: PLC0415
    from aiohttp import web  # noqa: PLC0415

    from fix_faults import FaultServer  # noqa: PLC0415  the path is known only here

    numbers = np.random.default_rng(1)

    class Service(FaultServer):
        async def answer(self, request: web.Request) -> web.StreamResponse:
            await asyncio.sleep(latency)
            if not request.path.endswith("/embeddings"):
                return await super().answer(request)
            texts = (await request.json())["input"]
            vectors = numbers.standard_normal((len(texts), DIMENSIONS)).astype("<f4") / 40
            data = [
                {"object": "embedding", "index": place, "embedding": base64.b64encode(vector.tobytes()).decode()}
                for place, vector in enumerate(vectors)
            ]
            usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
            body = json.dumps({"object": "list", "model": "local", "data": data, "usage": usage})
            return web.Response(text=body, content_type="application/json")

    async def run() -> None:
        service = Service()
        app = web.Application(client_max_size=8 * 2**20)
        app.router.add_route("*", "/{path:.*}", service.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        service.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.send(service.endpoint)
        await asyncio.to_thread(ready.poll, None)

    asyncio.run(run())


def services(endpoint: str) -> dict[str, Any]:
    """Arguments of a client."""
    return {
        "language_endpoint": endpoint,
        "language_key": KEY,
        "openai_endpoint": endpoint,
        "openai_key": KEY,
    }


@contextmanager
def service(latency: float) -> Iterator[str]:
    """Run the service in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, latency), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.terminate()
        process.join()


@contextmanager
def server(conninfo: str, endpoint: str) -> Iterator[int]:
    """Run ``pgazure functions serve``."""
    environment = {
        "AZURE_LANGUAGE_ENDPOINT": endpoint,
        "AZURE_LANGUAGE_KEY": KEY,
        "AZURE_OPENAI_ENDPOINT": endpoint,
        "AZURE_OPENAI_API_KEY": KEY,
        "PGAZURE_DSN": conninfo,
    }
    command = [Path(sys.executable).with_name("pgazure"), "functions", "serve"]
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "answering" in process.stdout.readline()
        yield process.pid
    finally:
        process.terminate()
        process.communicate()


def measure(work: Callable[[], Any]) -> float:
    """Time one run, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


async def measure_async(work: Awaitable[Any]) -> float:
    """Time one run, in seconds."""
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def ask_bare(http: aiohttp.ClientSession, endpoint: str, text: str) -> None:
    """Send what a call sends, and read the answer."""
    documents = [{"id": "0", "text": text, "language": "en"}]
    body = {"kind": "SentimentAnalysis", "analysisInput": {"documents": documents}}
    async with http.post(f"{endpoint}/language/:analyze-text", json=body) as response:
        await response.json()


def spent(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def one_at_a_time(
    connection: psycopg.Connection, client: AsyncClient, run: asyncio.Runner, *, endpoint: str, server: int, count: int
) -> None:
    """One text a call, by turns, so that all have the same machine."""

    async def connect() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    http = run.run(connect())
    call = "SELECT azure_cognitive.analyze_sentiment(%s, 'en')"
    bare: list[float] = []
    in_sql: list[float] = []
    in_python: list[float] = []

    def take_turns(turns: int) -> None:
        for times in (bare, in_sql, in_python):
            times.clear()
        for _ in range(turns):
            text = SENTENCE.format(time.monotonic())
            bare.append(run.run(measure_async(ask_bare(http, endpoint, text))))
            in_sql.append(measure(lambda: connection.execute(call, (text,))))  # noqa: B023  called at once
            in_python.append(run.run(measure_async(client.azure_cognitive.analyze_sentiment(text + "!", "en"))))

    # Connections are opened and statements prepared.
    take_turns(10)
    behind = connection.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name IN ('pgazure_bridge', 'pgazure functions serve')"
    ).fetchall()
    processes = {
        "pgazure functions serve": [server],
        "the session's backend": [connection.info.backend_pid],
        "the other backends": [pid for (pid,) in behind],
    }
    before = {name: sum(map(spent, pids)) for name, pids in processes.items()}
    take_turns(count)
    after = {name: sum(map(spent, pids)) for name, pids in processes.items()}
    own, sql, python = (statistics.median(times) * 1e3 for times in (bare, in_sql, in_python))
    print(f"one text, median: SQL {sql:.1f} ms, Python {python:.1f} ms, the service {own:.1f} ms by a bare client")
    print(f"  over the service's own time: SQL {sql - own:.1f} ms, Python {python - own:.1f} ms")
    each = ", ".join(f"{name} {(after[name] - before[name]) * 1e3 / count:.1f}" for name in processes)
    print(f"  CPU ms a call: {each}")
    run.run(http.close())


def many_at_once(connection: psycopg.Connection, client: AsyncClient, run: asyncio.Runner, name: str) -> list[float]:
    """1,000 texts in one call, three times by turns."""
    in_sql, in_python = [], []
    for turn in range(3):
        texts = [SENTENCE.format(f"{time.monotonic()} {turn} {number}") for number in range(MANY)]
        if name == "analyze_sentiment":
            call = "SELECT count(*) FROM azure_cognitive.analyze_sentiment(%s::text[], 'en')"
            python: Any = client.azure_cognitive.analyze_sentiment(texts, "en")
        else:
            call = "SELECT count(*) FROM azure_openai.create_embeddings('text-embedding-3-small', %s::text[])"
            python = client.azure_openai.create_embeddings("text-embedding-3-small", texts)
        in_sql.append(measure(lambda: connection.execute(call, (texts,))))  # noqa: B023  called at once
        in_python.append(run.run(measure_async(python)))
    return [statistics.median(in_sql), statistics.median(in_python)]


def update_rows(connection: psycopg.Connection) -> tuple[float, float, float]:
    """The statement that everybody writes: seconds without prefetch (extrapolated), of the prefetch, of the UPDATE."""
    connection.execute(
        "CREATE TABLE reviews AS SELECT id, format('Review %%s: the room was clean and quiet.', id) AS body, "
        "NULL::azure_cognitive.sentiment_analysis_result AS mood FROM generate_series(1, %s) AS id",
        (ROWS,),
    )
    update = "UPDATE reviews SET mood = azure_cognitive.analyze_sentiment(body, 'en')"
    sample = measure(lambda: connection.execute(f"{update} WHERE id <= {SAMPLE}"))  # type: ignore[arg-type]
    prefetch = measure(
        lambda: connection.execute(
            "SELECT pgazure.prefetch('azure_cognitive.analyze_sentiment', array_agg(body), '{\"language\": \"en\"}') "
            "FROM reviews"
        )
    )
    return sample / SAMPLE * ROWS, prefetch, measure(lambda: connection.execute(update))


def many_sessions(conninfo: str, calls: int) -> float:
    """Calls a second of many sessions, one text a call."""

    def ask(session: int) -> None:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            for number in range(calls):
                text = SENTENCE.format(f"{session} {number}")
                connection.execute("SELECT azure_cognitive.analyze_sentiment(%s, 'en')", (text,))

    def all_of_them() -> None:
        with ThreadPoolExecutor(SESSIONS) as pool:
            list(pool.map(ask, range(SESSIONS)))

    return SESSIONS * calls / measure(all_of_them)


async def many_tasks(client: AsyncClient, calls: int) -> float:
    """The same from Python: so many tasks side by side."""

    async def ask(task: int) -> None:
        for number in range(calls):
            await client.azure_cognitive.analyze_sentiment(SENTENCE.format(f"{task} - {number}"), "en")

    began = time.perf_counter()
    await asyncio.gather(*map(ask, range(SESSIONS)))
    return SESSIONS * calls / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=50.0, help="milliseconds the service takes")
    parser.add_argument("--calls", type=int, default=100, help="calls of one text")
    parser.add_argument("--one", action="store_true", help="calls of one text, and nothing else")
    options = parser.parse_args()
    with (
        EmbeddedPostgres.temporary() as postgres,
        service(options.latency / 1000) as endpoint,
        asyncio.Runner() as run,
    ):
        run.run(install_functions(postgres.conninfo))
        client = AsyncClient(**services(endpoint))
        with (
            server(postgres.conninfo, endpoint) as server_pid,
            psycopg.connect(postgres.conninfo, autocommit=True) as connection,
        ):
            one_at_a_time(connection, client, run, endpoint=endpoint, server=server_pid, count=options.calls)
            if options.one:
                run.run(client.close())
                return
            for name in ("analyze_sentiment", "create_embeddings"):
                in_sql, in_python = many_at_once(connection, client, run, name)
                print(f"{MANY:,} texts, {name}, median of 3: SQL {in_sql:.2f} s, Python {in_python:.2f} s")
            without, prefetch, update = update_rows(connection)
            print(
                f"UPDATE of {ROWS:,} rows: {without:.0f} s (from {SAMPLE} rows), "
                f"with prefetch {prefetch:.1f} + {update:.1f} s"
            )
            rate = many_sessions(postgres.conninfo, 40)
            print(
                f"{SESSIONS} sessions: {rate:.0f} calls/s; Python tasks: {run.run(many_tasks(client, 40)):.0f} calls/s"
            )
            in_sql, in_python = many_at_once(connection, client, run, "analyze_sentiment")
            print(f"{MANY:,} texts, analyze_sentiment, after all that: SQL {in_sql:.2f} s, Python {in_python:.2f} s")
        run.run(client.close())


if __name__ == "__main__":
    main()
