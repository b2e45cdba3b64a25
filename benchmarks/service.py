"""An embeddings service that costs next to no CPU: prepared vectors after a set time, a quota, counters.

python benchmarks/service.py --latency 0.1 [--rpm 1200]    prints its URL
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import math
import time
from typing import Any

import numpy as np
from aiohttp import web

DIMENSIONS = 1536
# What the quota lets through at once when it has not been used for a while.
BURST_SECONDS = 2.0
VECTORS = [
    base64.b64encode((row / np.linalg.norm(row)).astype("<f4").tobytes()).decode()
    for row in np.random.default_rng(1).standard_normal((64, DIMENSIONS))
]


class Service:
    """Counts what it is asked, and refuses what is over its quota."""

    def __init__(self, latency: float, rpm: float) -> None:
        self._latency = latency
        self._rate = rpm / 60
        self._level = self._rate * BURST_SECONDS
        self._filled = time.monotonic()
        self.counts = dict.fromkeys(("requests", "refused", "texts", "distinct"), 0)
        self._seen: set[bytes] = set()

    async def embed(self, request: web.Request) -> web.Response:
        texts: list[str] = (await request.json())["input"]
        self.counts["requests"] += 1
        if (wait := self._charge()) > 0:
            self.counts["refused"] += 1
            headers = {"retry-after": str(math.ceil(wait)), "retry-after-ms": str(math.ceil(wait * 1000))}
            return web.json_response({"error": {"code": "429", "message": "slow down"}}, status=429, headers=headers)
        digests = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts]
        self._seen.update(digests)
        self.counts |= {"texts": self.counts["texts"] + len(texts), "distinct": len(self._seen)}
        await asyncio.sleep(self._latency)
        items = ",".join(
            f'{{"object":"embedding","index":{place},"embedding":"{VECTORS[digest[0] % len(VECTORS)]}"}}'
            for place, digest in enumerate(digests)
        )
        tokens = sum(map(len, texts)) // 4
        body = f'{{"object":"list","data":[{items}],"usage":{{"prompt_tokens":{tokens},"total_tokens":{tokens}}}}}'
        return web.Response(text=body, content_type="application/json")

    def _charge(self) -> float:
        if not self._rate:
            return 0.0
        now = time.monotonic()
        self._level = min(self._rate * BURST_SECONDS, self._level + (now - self._filled) * self._rate)
        self._filled = now
        if self._level < 1:
            return (1 - self._level) / self._rate
        self._level -= 1
        return 0.0

    async def stats(self, _: web.Request) -> web.Response:
        return web.json_response(self.counts)


async def serve(given: Any) -> None:
    service = Service(given.latency, given.rpm)
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/{route:.*}/embeddings", service.embed)
    app.router.add_get("/__stats", service.stats)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps(f"http://127.0.0.1:{runner.addresses[0][1]}"), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.1, help="seconds")
    parser.add_argument("--rpm", type=float, default=0, help="requests a minute; 0 for any number")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
