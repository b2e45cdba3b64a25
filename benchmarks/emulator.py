"""What the emulator costs: requests per second, CPU time, start, memory; beside a bare server that sends fixed bodies.

Both run in processes of their own, by turns in one run. Texts differ from request to request, so that no
cache answers in the models' place.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "emulator"
SIDE_BY_SIDE = 8
TICK = os.sysconf("SC_CLK_TCK")
WORDS = ("room", "clean", "quiet", "staff", "found", "lost", "luggage", "breakfast", "cold", "lovely", "noisy", "kind")
# Answers all posts with as many bytes as it is told.
BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

async def answer(request):
    await request.body()
    return Response(b" " * int(request.query_params.get("size", 0)), media_type="application/json")

app = Starlette(routes=[Route("/__health", answer), Route("/fixed", answer, methods=["POST"])])
uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False, loop="asyncio")
"""


def sentence(number: int) -> str:
    """A text that no other number has."""
    return " ".join(WORDS[(number * 7 + place * (number % 11 + 1)) % len(WORDS)] for place in range(12)) + f" {number}."


def documents(number: int) -> Any:
    texts = [{"id": str(place), "language": "en", "text": sentence(number * 10 + place)} for place in range(10)]
    return {"kind": "SentimentAnalysis", "analysisInput": {"documents": texts}}


def inputs(number: int) -> Any:
    texts = [sentence(number * 16 + place) for place in range(16)]
    return {"model": "text-embedding-3-small", "encoding_format": "base64", "input": texts}


WORKLOADS: dict[str, tuple[str, Callable[[int], Any]]] = {
    "sentiment, 10 documents": ("/language/:analyze-text?api-version=2023-04-01", documents),
    "embeddings, 16 x 1536 base64": ("/openai/v1/embeddings", inputs),
    "chat": (
        "/openai/v1/chat/completions",
        lambda number: {"model": "gpt-4.1", "messages": [{"role": "user", "content": sentence(number)}]},
    ),
    "translate": (
        "/translate?api-version=2026-06-06",
        lambda number: {"inputs": [{"text": sentence(number), "language": "en", "targets": [{"language": "de"}]}]},
    ),
}


class Server:
    """A server process and what it has used."""

    def __init__(self, command: list[str], port: int) -> None:
        started = time.perf_counter()
        self.process = subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL)
        self.endpoint = f"http://127.0.0.1:{port}"
        asyncio.run(self._wait())
        self.start = time.perf_counter() - started

    async def _wait(self) -> None:
        async with aiohttp.ClientSession() as session:
            while self.process.poll() is None:
                try:
                    async with session.get(f"{self.endpoint}/__health") as answer:
                        if answer.ok:
                            return
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.005)
        sys.exit("the server ended before it answered")

    def cpu(self) -> float:
        """Seconds of CPU used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self) -> int:
        """Megabytes in memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) // 1024

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()


async def load(server: Server, path: str, bodies: list[Any]) -> tuple[float, float, int]:
    """Send requests side by side; return requests per second, CPU milliseconds of each, and bytes of an answer."""
    size = 0
    pending = iter(bodies)
    async with aiohttp.ClientSession(headers={"api-key": KEY}) as session:

        async def send() -> None:
            nonlocal size
            for body in pending:
                async with session.post(server.endpoint + path, json=body) as answer:
                    size = len(await answer.read())
                    if not answer.ok:
                        sys.exit(f"{path} answered {answer.status}")

        cpu, started = server.cpu(), time.perf_counter()
        await asyncio.gather(*(send() for _ in range(SIDE_BY_SIDE)))
        elapsed = time.perf_counter() - started
    return len(bodies) / elapsed, (server.cpu() - cpu) / len(bodies) * 1_000, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400, help="requests of each workload and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=18_765)
    given = parser.parse_args()
    emulator = [sys.executable, "-m", "pgazure.emulator", "--port"]
    starts = []
    for _ in range(given.rounds):
        server = Server(emulator, given.port)
        starts.append(server.start)
        server.end()
    server, bare = Server(emulator, given.port), Server([sys.executable, "-c", BARE], given.port + 1)
    memory = server.memory()
    print(f"{'':30} {'req/s':>8} {'CPU ms':>8} {'bytes':>8} {'bare req/s':>11} {'CPU ms':>8} {'CPU ratio':>10}")
    try:
        number = 0
        for name, (path, write) in WORKLOADS.items():
            asyncio.run(load(server, path, [write(-1 - place) for place in range(8)]))
            ours, theirs, size = [], [], 0
            for _ in range(given.rounds):
                bodies = [write(number + place) for place in range(given.requests)]
                number += given.requests
                rate, cost, size = asyncio.run(load(server, path, bodies))
                ours.append((rate, cost))
                theirs.append(asyncio.run(load(bare, f"/fixed?size={size}", bodies))[:2])
            (rate, cost), (bare_rate, bare_cost) = (
                tuple(map(statistics.median, zip(*rounds, strict=True))) for rounds in (ours, theirs)
            )
            print(f"{name:30} {rate:8.0f} {cost:8.2f} {size:8}", end=" ")
            print(f"{bare_rate:11.0f} {bare_cost:8.2f} {cost / bare_cost:10.1f}", flush=True)
        print(f"start to the first answer: {statistics.median(starts):.2f} s; bare {bare.start:.2f} s")
        print(f"memory: {memory} MB after the start, {server.memory()} MB after the load; bare {bare.memory()} MB")
    finally:
        server.end()
        bare.end()


if __name__ == "__main__":
    main()
