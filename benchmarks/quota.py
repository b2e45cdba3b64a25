"""How much of a quota is used, and how many requests are refused: 2,000 texts at 100 rows a second.

The server's bucket holds two seconds' worth of the quota and fills steadily. Neither Language nor Translator
says anything about the quota before it is used up, and Language does not say how long to wait then.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass

from pgazure import AsyncClient, RequestRecord, observe_requests
from pgazure.emulator import Emulator

ROWS_A_REQUEST = 10
BURST_SECONDS = 2

Send = "Callable[[AsyncClient, list[str]], Awaitable[list[Any]]]"


@dataclass(frozen=True)
class Outcome:
    """What came of the texts."""

    name: str
    texts: int
    answered: int
    requests: int
    refused: int
    seconds: float
    least_seconds: float

    @property
    def wasted(self) -> float:
        return self.refused / self.requests

    @property
    def used(self) -> float:
        return self.least_seconds / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.name:18} {self.answered:5,} of {self.texts:,} answered  {self.requests:4} requests  "
            f"{self.refused:3} refused ({self.wasted:5.1%})  {self.seconds:5.1f} s  {self.used:4.0%} of the quota used"
        )


async def run(name: str, send: Send, endpoint: str, texts: int, rpm: int) -> Outcome:
    """Send ``texts`` texts with one call and count what happened."""
    records: list[RequestRecord] = []
    settings = {
        "language_endpoint": endpoint,
        "language_key": "emulator",
        "translator_endpoint": endpoint,
        "translator_key": "emulator",
        "openai_endpoint": endpoint,
        "openai_key": "emulator",
    }
    async with AsyncClient(**settings) as client:
        started = time.perf_counter()
        with observe_requests(records.append):
            results = await send(client, [f"Room {number} was clean and quiet." for number in range(texts)])
        seconds = time.perf_counter() - started
    answered = sum(type(result).__name__ != "DocumentError" for result in results)
    allowed_at_once = rpm / 60 * BURST_SECONDS
    return Outcome(
        name=name,
        texts=texts,
        answered=answered,
        requests=len(records),
        refused=sum(record.status_code == 429 for record in records),  # noqa: PLR2004  too many requests
        seconds=seconds,
        least_seconds=max(0.0, texts / ROWS_A_REQUEST - allowed_at_once) / (rpm / 60),
    )


OPERATIONS: dict[str, Send] = {
    "analyze_sentiment": lambda client, texts: client.azure_cognitive.analyze_sentiment(
        texts, batch_size=ROWS_A_REQUEST, throw_on_error=False
    ),
    "translate": lambda client, texts: client.azure_cognitive.translate(
        texts, "de", batch_size=ROWS_A_REQUEST, throw_on_error=False
    ),
    "create_embeddings": lambda client, texts: client.azure_openai.create_embeddings(
        "text-embedding-3-small", texts, batch_size=ROWS_A_REQUEST, dimensions=8, throw_on_error=False
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operations", nargs="*", choices=[*OPERATIONS, []], metavar="operation")
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--rows-per-second", type=int, default=100)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds an answer takes")
    given = parser.parse_args()
    rpm = given.rows_per_second * 60 // ROWS_A_REQUEST
    for name in given.operations or OPERATIONS:
        with Emulator(rpm=rpm, latency=given.latency) as server:
            print(asyncio.run(run(name, OPERATIONS[name], server.endpoint, given.texts, rpm)), flush=True)


if __name__ == "__main__":
    main()
