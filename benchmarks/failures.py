"""What the bare SDKs and pgazure make of the same failures, side by side; writes the table of docs/explanation.

python benchmarks/failures.py            write the table anew
python benchmarks/failures.py --check    compare instead, times aside
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openai
from azure.ai.textanalytics.aio import TextAnalyticsClient
from azure.ai.translation.text.aio import TextTranslationClient
from azure.core.credentials import AzureKeyCredential

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "fault")]

from weather import EMBED, PHRASES, TEXTS, TRANSLATE, WEATHERS, Weather, judge, name_error, unused_endpoint  # noqa: E402

from fix_faults import Hang, serve_faults  # noqa: E402
from pgazure import AsyncClient, BatchError, PgAzureError  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PAGE = ROOT / "docs" / "explanation" / "failures.md"
BEGIN, END = "<!-- table: python benchmarks/failures.py -->", "<!-- end of table -->"
KEY = "a-key"
LONGEST = 20.0


async def ask_bare(endpoint: str, weather: Weather) -> list[Any]:
    """Use the SDK as its documentation does."""
    if weather.operation == EMBED:
        async with openai.AsyncOpenAI(base_url=f"{endpoint}/openai/v1/", api_key=KEY) as client:
            answer = await client.embeddings.create(model="embedder", input=TEXTS)
            return [item.embedding for item in answer.data]
    if weather.operation == TRANSLATE:
        async with TextTranslationClient(endpoint=endpoint, credential=AzureKeyCredential(KEY)) as client:
            return list(await client.translate(body=TEXTS, to_language=["de"]))
    async with TextAnalyticsClient(endpoint, AzureKeyCredential(KEY)) as client:
        if weather.operation == PHRASES:
            return [document.key_phrases for document in await client.extract_key_phrases(TEXTS)]
        poller = await client.begin_abstract_summary(TEXTS)
        return [document.summaries[0].text async for document in await poller.result()]


async def ask_pgazure(endpoint: str, weather: Weather) -> list[Any]:
    """Use the facade as its documentation does."""
    settings = {f"{service}_endpoint": endpoint for service in ("language", "translator", "openai")}
    keys = dict.fromkeys(("language_key", "translator_key", "openai_key"), KEY)
    arguments: dict[str, tuple[Any, ...]] = {TRANSLATE: (TEXTS, "de"), EMBED: ("embedder", TEXTS)}
    async with AsyncClient(**settings, **keys) as client:
        schema = client.azure_openai if weather.operation == EMBED else client.azure_cognitive
        function = getattr(schema, weather.operation)
        results: list[Any] = await function(*arguments.get(weather.operation, (TEXTS,)), **weather.options)
        return results


async def measure(ask: Callable[[str, Weather], Awaitable[list[Any]]], weather: Weather) -> tuple[str, int, float]:
    """Give outcome, requests and seconds."""
    async with serve_faults() as server:
        weather.arrange(server)
        hangs = [fault for fault in server.posts if isinstance(fault, Hang)]
        started = time.perf_counter()
        outcome = await find_outcome(ask, await unused_endpoint() if weather.down else server.endpoint, weather)
        seconds = time.perf_counter() - started
        for hang in hangs:
            hang.release.set()
        return outcome, len(server.sent), seconds


async def find_outcome(ask: Callable[[str, Weather], Awaitable[list[Any]]], endpoint: str, weather: Weather) -> str:
    """Say what came of the texts."""
    try:
        return judge(weather.operation, await asyncio.wait_for(ask(endpoint, weather), LONGEST))
    except BatchError as error:
        return judge(weather.operation, error.results)
    except TimeoutError:
        return f"still waiting after {LONGEST:.0f} s"
    except PgAzureError as error:
        return name_error(error)
    except Exception as error:  # noqa: BLE001  whatever the SDKs let out is the outcome
        status = getattr(error, "status_code", None)
        return f"{type(error).__name__} {status or ''}".strip()


async def make_table() -> list[str]:
    """Run every weather twice, few at a time, so that one does not slow down the others."""
    room = asyncio.Semaphore(4)

    async def line(weather: Weather) -> str:
        async with room:
            cells = []
            for ask in (ask_bare, ask_pgazure):
                outcome, requests, seconds = await measure(ask, weather)
                cells.append(f"{outcome} | {requests} | {seconds:.1f}")
        return f"| {weather.name} | `{weather.operation}` | {' | '.join(cells)} |"

    head = "| what happens | call | bare SDK | requests | s | pgazure | requests | s |"
    return [head, "|---|---|---|---|---|---|---|---|", *await asyncio.gather(*map(line, WEATHERS))]


def forget_times(table: str) -> str:
    return re.sub(r"\| [0-9.]+ (?=\|)", "| ", re.sub(r"after \d+ s", "after", table))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    # The SDKs log what they cannot read, with a traceback each.
    logging.disable()
    table = "\n".join(asyncio.run(make_table()))
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    old, after = rest.split(END)
    if check:
        if forget_times(old.strip()) == forget_times(table):
            return 0
        print(f"{PAGE.relative_to(ROOT)} is out of date; run: python benchmarks/failures.py", file=sys.stderr)
        return 1
    PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
