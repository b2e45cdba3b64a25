"""CPU time of a request: the bare SDKs beside pgazure, by turns in one run, the server in another process."""

from __future__ import annotations

import argparse
import asyncio
import base64
import functools
import json
import multiprocessing
import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import openai
from aiohttp import web
from azure.ai.textanalytics.aio import TextAnalyticsClient
from azure.ai.translation.text.aio import TextTranslationClient
from azure.core.credentials import AzureKeyCredential

from pgazure import AsyncClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from multiprocessing.connection import Connection

KEY = "a-key"
SIDE_BY_SIDE = 8
DIMENSIONS = 1536
SENTENCE = "Room {} was clean and quiet, and the staff found our lost luggage within the hour."
# Texts in one request.
SIZES = {"extract_key_phrases": 10, "analyze_sentiment": 10, "translate": 10, "create_embeddings": 16}
# Sentences of a text, each with scores of its own.
SENTENCES = 3


@functools.cache
def answer(what: str, count: int) -> bytes:
    """Make the answer to ``count`` texts, once."""
    scores = {"positive": 0.93, "neutral": 0.05, "negative": 0.02}
    mood = {"sentiment": "positive", "confidenceScores": scores}
    size = len(SENTENCE) + 1
    sentences = [{**mood, "offset": size * n, "length": size, "text": SENTENCE} for n in range(SENTENCES)]
    vector = base64.b64encode(np.linspace(-1, 1, DIMENSIONS, dtype="<f4").tobytes()).decode()
    found: dict[str, dict[str, Any]] = {
        "KeyPhraseExtraction": {"keyPhrases": ["lost luggage", "staff", "hour", "Room"]},
        "SentimentAnalysis": {**mood, "sentences": sentences},
        "translate": {
            "detectedLanguage": {"language": "en", "score": 1.0},
            "translations": [{"language": "de", "text": SENTENCE}],
        },
        "embeddings": {"object": "embedding", "embedding": vector},
    }
    if what == "translate":
        body: Any = {"value": [found[what]] * count}
    elif what == "embeddings":
        data = [{**found[what], "index": place} for place in range(count)]
        usage = {"prompt_tokens": count, "total_tokens": count}
        body = {"object": "list", "model": "local", "data": data, "usage": usage}
    else:
        documents = [{"id": str(place), "warnings": [], **found[what]} for place in range(count)]
        body = {"kind": f"{what}Results", "results": {"documents": documents, "errors": [], "modelVersion": "local"}}
    return json.dumps(body).encode()


def serve(ready: Connection) -> None:
    """Answer until the other end is closed."""

    async def respond(request: web.Request) -> web.Response:
        asked = await request.json()
        if "kind" in asked:
            body = answer(asked["kind"], len(asked["analysisInput"]["documents"]))
        elif "inputs" in asked:
            body = answer("translate", len(asked["inputs"]))
        else:
            body = answer("embeddings", len(asked["input"]))
        return web.Response(body=body, content_type="application/json")

    async def run() -> None:
        app = web.Application(client_max_size=8 * 2**20)
        app.router.add_route("*", "/{path:.*}", respond)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
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
        batches = [texts[at : at + size] for at in range(0, len(texts), size)]
        await side_by_side(batches, getattr(self, operation))

    async def extract_key_phrases(self, texts: list[str]) -> list[list[str]]:
        return [document.key_phrases for document in await self.language.extract_key_phrases(texts)]

    async def analyze_sentiment(self, texts: list[str]) -> list[str]:
        return [document.sentiment for document in await self.language.analyze_sentiment(texts)]

    async def translate(self, texts: list[str]) -> list[str]:
        found = await self.translator.translate(body=texts, to_language=["de"])
        return [item.translations[0].text for item in found]

    async def create_embeddings(self, texts: list[str]) -> list[list[float]]:
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
            await getattr(self.client.azure_cognitive, operation)(texts, batch_size=size)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()


async def measure(endpoint: str, requests: int, rounds: int) -> None:
    """Print the CPU milliseconds of a request for each operation."""
    both: tuple[Bare | Facade, Bare | Facade] = (Bare(endpoint), Facade(endpoint))
    print(f"{'CPU ms a request':22} {'bare SDK':>9} {'pgazure':>9} {'ratio':>6}")
    for operation, size in SIZES.items():
        texts = [" ".join([SENTENCE.format(number)] * SENTENCES) for number in range(requests * size)]
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
