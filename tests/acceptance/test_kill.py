"""A worker that is killed at any moment costs what it had in hand, and nothing else."""

from __future__ import annotations

import random
import signal
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_faults import serve_faults
from fix_pipeline import make_notes, notes, until, value

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    import psycopg

    from fix_emulator import MakeEmulator
    from fix_pipeline import OpenEngine, Start

ROWS = 400
BATCH_ROWS, CONCURRENCY = 20, 2
# A row is one text in each step that is billed.
IN_FLIGHT = BATCH_ROWS * CONCURRENCY


def steps() -> list:
    return [
        pl.detect_language(),
        pl.analyze_sentiment(),
        pl.recognize_pii_entities(),
        pl.chunk(),
        pl.embed("text-embedding-3-small", dimensions=8, input="redacted_text"),
    ]


BILLED = 4

COMPLETE = """
SELECT count(*) FROM notes n
JOIN notes_language USING (id) JOIN notes_sentiment USING (id) JOIN notes_pii p USING (id)
JOIN notes_embeddings e USING (id)
WHERE e.chunk_text = p.redacted_text AND length(p.redacted_text) = length(n.body) AND left(p.redacted_text, 9) = left(n.body, 9)
"""


async def kill_again_and_again(
    times: int,
    db: psycopg.Connection,
    make_emulator: MakeEmulator,
    open_engine: OpenEngine,
    start: Start,
    command: str = "run",
) -> None:
    slow = make_emulator(latency=0.03)
    make_notes(db, *[f"Story {n:03}: we walked along the river until it was dark." for n in range(ROWS)])
    chance = random.Random(times)
    killed = 0
    async with open_engine(slow.endpoint) as engine:
        await engine.apply(notes(*steps(), trigger="on_change"))
        arguments = (command, "notes", "--batch-rows", str(BATCH_ROWS), "--concurrency", str(CONCURRENCY))
        for _ in range(times):
            before = slow.stats()["requests"]
            moment = before + chance.randint(0, 24)
            async with start(slow.endpoint, *arguments) as process:
                await until(
                    lambda moment=moment, process=process: (
                        slow.stats()["requests"] >= moment
                        or process.returncode is not None
                        or (command == "worker" and value(db, "SELECT count(*) FROM pgazure.pending_notes") == 0)
                    )
                )
                if process.returncode is None:
                    process.kill()
                    killed += 1
                await process.wait()
            # Rows change while nobody runs, those in the hands of the dead worker too.
            db.execute("UPDATE notes SET body = left(body, -1) || '!' WHERE id %% %s = 0", [chance.randint(11, 40)])
        assert killed > times // 2, "most runs ended before they were killed"
        report = await engine.run("notes", batch_rows=BATCH_ROWS)
        # A batch that dies ten times over is set aside for somebody to look at; here nobody has to.
        if report.parked:
            await engine.retry("notes", step="*")
            report = await engine.run("notes", batch_rows=BATCH_ROWS)
        assert report.complete, report
    assert value(db, COMPLETE) == ROWS
    assert value(db, "SELECT count(*) FROM pgazure.queue_notes") == 0
    repeats = slow.stats()["repeats"]
    assert repeats <= killed * IN_FLIGHT * BILLED


async def test_a_killed_run_loses_nothing_and_the_next_one_goes_on_at_once(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine, start: Start
) -> None:
    await kill_again_and_again(8, db, make_emulator, open_engine, start)


@pytest.mark.slow
async def test_fifty_kills_lose_nothing(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine, start: Start
) -> None:
    await kill_again_and_again(50, db, make_emulator, open_engine, start)


@pytest.mark.slow
async def test_fifty_kills_of_a_worker_lose_nothing(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine, start: Start
) -> None:
    await kill_again_and_again(50, db, make_emulator, open_engine, start, "worker")


@pytest.mark.slow
async def test_a_row_that_ends_its_workers_takes_no_neighbour_along(
    engine: pl.Engine, db: psycopg.Connection, start: Start
) -> None:
    make_notes(db, *["deadly" if n == 7 else f"harmless {n}" for n in range(20)])
    await engine.apply(notes(pl.extract_key_phrases()))
    async with serve_faults() as faults:
        for _ in range(20):
            async with start(faults.endpoint, "run", "--concurrency", "1", "--json") as process:

                def end_worker(texts: list[str], process: Process = process) -> None:
                    if "deadly" in texts:
                        process.kill()

                faults.refuse = end_worker
                await process.communicate()
            if process.returncode != -signal.SIGKILL:
                break
    assert process.returncode == 1
    (error,) = await engine.errors()
    assert (error.key, error.code) == ({"id": "8"}, "WorkerLost")
    assert value(db, "SELECT count(*) FROM notes_key_phrases") == 19
