"""CPU time of a request: the bare SDKs beside pgazure, by turns in one run, the server in another process."""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openai
from azure.ai.textanalytics.aio import TextAnalyticsClient
from azure.ai.translation.text.aio import TextTranslationClient
from azure.core.credentials import AzureKeyCredential

from pgazure import AsyncClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from multiprocessing.connection import Connection

ROOT = Path(__file__).resolve().parents[1]
KEY = "a-key"
SIDE_BY_SIDE = 8
DIMENSIONS = 1536
SENTENCE = "Room {} was clean and quiet, and the staff found our lost luggage within the hour."
# Texts in one request.
SIZES = {"extract_key_phrases": 10, "translate": 10, "create_embeddings": 16}


def serve(ready: Connection) -> None:
    """Answer until the other end is closed."""
    sys.path.insert(0, str(ROOT / "tests"))
    from fix_faults import serve_faults  # noqa: PLC0415  the path is known only here

    async def run() -> None:
        async with serve_faults() as server:
            ready.send(server.endpoint)
            await asyncio.to_thread(ready.poll, None)

    asyncio.run(run())


async def side_by_side(batches: list[list[str]], send: Callable[[list[str]], Awaitable[Any]]) -> None:
    """Send all batches, a few at a time."""
    room = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(batch: list[str]) -> None:
        async with room:
            await send(batch)

    await asyncio.gather(*map(one, batches))


class Bare:
    """The SDKs as their documentation uses them."""

    def __init__(self, endpoint: str) -> None:
        key = AzureKeyCredential(KEY)
        self.language = TextAnalyticsClient(endpoint, key)
        self.translator = TextTranslationClient(endpoint=endpoint, credential=key)
        self.openai = openai.AsyncOpenAI(base_url=f"{endpoint}/openai/v1/", api_key=KEY)

    async def run(self, operation: str, texts: list[str]) -> None:
        """Send ``texts`` in full requests."""
        size = SIZES[operation]
        send = {"extract_key_phrases": self.phrases, "translate": self.translate, "create_embeddings": self.embed}
        await side_by_side([texts[at : at + size] for at in range(0, len(texts), size)], send[operation])

    async def phrases(self, texts: list[str]) -> list[list[str]]:
        return [document.key_phrases for document in await self.language.extract_key_phrases(texts)]

    async def translate(self, texts: list[str]) -> list[str]:
        found = await self.translator.translate(body=texts, to_language=["de"])
        return [item.translations[0].text for item in found]

    async def embed(self, texts: list[str]) -> list[list[float]]:
        found = await self.openai.embeddings.create(model="embedder", input=texts, dimensions=DIMENSIONS)
        return [item.embedding for item in found.data]

    async def close(self) -> None:
        """Close the connections."""
        await self.language.close()
        await self.translator.close()
        await self.openai.close()


class Facade:
    """pgazure, with one call for everything."""

    def __init__(self, endpoint: str) -> None:
        settings = {f"{service}_endpoint": endpoint for service in ("language", "translator", "openai")}
        keys = dict.fromkeys(("language_key", "translator_key", "openai_key"), KEY)
        self.client = AsyncClient(**settings, **keys, max_concurrency=SIDE_BY_SIDE)

    async def run(self, operation: str, texts: list[str]) -> None:
        """Send ``texts``; the facade fills the requests."""
        size = SIZES[operation]
        if operation == "create_embeddings":
            await self.client.azure_openai.create_embeddings("embedder", texts, batch_size=size, dimensions=DIMENSIONS)
        elif operation == "translate":
            await self.client.azure_cognitive.translate(texts, "de", batch_size=size)
        else:
            await self.client.azure_cognitive.extract_key_phrases(texts, batch_size=size)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()


async def measure(endpoint: str, requests: int, rounds: int) -> None:
    """Print the CPU milliseconds of a request for each operation."""
    both: tuple[Bare | Facade, Bare | Facade] = (Bare(endpoint), Facade(endpoint))
    print(f"{'CPU ms a request':22} {'bare SDK':>9} {'pgazure':>9} {'ratio':>6}")
    for operation, size in SIZES.items():
        texts = [SENTENCE.format(number) for number in range(requests * size)]
        spent: tuple[list[float], list[float]] = ([], [])
        for number in range(rounds + 1):
            for side, times in zip(both, spent, strict=True):
                started = time.process_time()
                await side.run(operation, texts)
                # The first round opens connections and imports what is imported late.
                if number:
                    times.append((time.process_time() - started) * 1000 / requests)
        bare, ours = map(statistics.median, spent)
        print(f"{operation:22} {bare:9.2f} {ours:9.2f} {ours / bare:6.2f}", flush=True)
    for side in both:
        await side.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200, help="requests in a round")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        asyncio.run(measure(here.recv(), given.requests, given.rounds))
    finally:
        here.send(None)
        server.join()


if __name__ == "__main__":
    main()
