"""Several workers on one queue, and what they need of memory."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import add_notes, column, make_notes, notes, until, value

if TYPE_CHECKING:
    import psycopg

    from fix_emulator import MakeEmulator
    from fix_pipeline import OpenEngine, Start
    from pgazure.emulator import Emulator


async def test_two_processes_share_the_work_and_pay_once(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine, start: Start
) -> None:
    slow = make_emulator(latency=0.05)
    make_notes(db, *[f"Every note, this is number {n}, has words of its own." for n in range(300)])
    async with open_engine(slow.endpoint) as engine:
        await engine.apply(notes(pl.detect_language(), pl.analyze_sentiment(), pl.embed("text-embedding-3-small")))
    arguments = ("run", "notes", "--batch-rows", "10", "--concurrency", "1", "--json")
    # The second one starts when the first is at work, and both have far to go.
    async with start(slow.endpoint, *arguments) as one:
        await until(lambda: slow.stats()["requests"] > 0)
        async with start(slow.endpoint, *arguments) as other:
            outputs = await asyncio.gather(one.communicate(), other.communicate())
    reports = [json.loads(out)[0] for out, _ in outputs]
    assert sum(report["rows"] for report in reports) == 300
    assert min(report["rows"] for report in reports) > 30, "one of them did nearly everything"
    assert slow.stats()["repeats"] == 0
    for table in ("language", "sentiment", "embeddings"):
        assert value(db, f"SELECT count(*) FROM notes_{table}") == 300
    assert value(db, "SELECT count(*) FROM pgazure.queue_notes") == 0


async def test_two_workers_share_a_pipeline_and_stop_when_they_are_told_to(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine, start: Start
) -> None:
    slow = make_emulator(latency=0.05)
    make_notes(db)
    async with open_engine(slow.endpoint) as engine:
        await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
    arguments = ("worker", "--batch-rows", "10", "--concurrency", "1")
    async with start(slow.endpoint, *arguments) as one, start(slow.endpoint, *arguments) as other:
        await until(lambda: value(db, "SELECT count(*) FROM pgazure.worker") == 2)
        add_notes(db, *[f"Every note, this is number {n}, has words of its own." for n in range(200)])
        await until(lambda: value(db, "SELECT count(*) FROM notes_sentiment") == 200)
        for process in (one, other):
            process.send_signal(signal.SIGTERM)
        outputs = await asyncio.gather(one.communicate(), other.communicate())
    assert (one.returncode, other.returncode) == (0, 0), outputs
    assert slow.stats()["repeats"] == 0
    shares = column(db, "SELECT sum(rows) FROM pgazure.run GROUP BY started_at IS NULL")
    assert sum(shares) == 200
    assert value(db, "SELECT count(*) FROM pgazure.run WHERE rows > 0") >= 2, "one of them did everything"
    assert value(db, "SELECT count(*) FROM pgazure.worker") == 0


@pytest.mark.slow
async def test_two_workers_use_up_a_quota_together(
    db: psycopg.Connection, make_emulator: MakeEmulator, open_engine: OpenEngine, start: Start
) -> None:
    per_second, burst = 20, 2
    tight = make_emulator(rpm=per_second * 60, latency=0.05)
    make_notes(db)
    async with open_engine(tight.endpoint) as engine:
        await engine.apply(notes(pl.analyze_sentiment()))
    db.execute("INSERT INTO notes (id, body) SELECT n, 'Room ' || n || ' was clean.' FROM generate_series(1, 12000) n")
    arguments = ("run", "notes", "--batch-rows", "100", "--json")
    async with start(tight.endpoint, *arguments) as one, start(tight.endpoint, *arguments) as other:
        await asyncio.gather(one.communicate(), other.communicate())
    stats = tight.stats()
    assert value(db, "SELECT count(*) FROM notes_sentiment") == 12_000
    took = "SELECT extract(epoch FROM max(started_at) - min(started_at))::float8 FROM pgazure.ledger"
    allowed = per_second * (value(db, took) + burst)
    assert (stats["requests"] - stats["throttled"]) / allowed >= 0.97, stats
    assert stats["throttled"] / stats["requests"] <= 0.02, stats
    assert await engine_errors(open_engine, tight.endpoint) == []


async def engine_errors(open_engine: OpenEngine, endpoint: str) -> list[pl.RowError]:
    async with open_engine(endpoint) as engine:
        return await engine.errors()


def read_status(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text(encoding="utf-8")


async def peak_of_run(db: psycopg.Connection, engine: pl.Engine, endpoint: str, start: Start, rows: int) -> int:
    """Kilobytes that a run of so many rows needs at most."""
    db.execute("TRUNCATE notes CASCADE")
    db.execute("INSERT INTO notes (id, body) SELECT n, 'Tiny note ' || n FROM generate_series(1, %s) AS n", [rows])
    peak = 0
    async with start(endpoint, "run", "notes", "--json") as process:
        output = asyncio.create_task(process.communicate())
        while not output.done():
            try:
                status = read_status(process.pid)
            except (FileNotFoundError, ProcessLookupError):
                break
            found = re.search(r"VmHWM:\s+(\d+) kB", status)
            peak = max(peak, int(found[1]) if found else 0)
            await asyncio.wait([output], timeout=0.02)
        out, err = await output
    assert process.returncode == 0, err
    assert json.loads(out)[0]["rows"] == rows
    return peak


async def compare(db: psycopg.Connection, engine: pl.Engine, endpoint: str, start: Start, few: int, many: int) -> None:
    make_notes(db)
    await engine.apply(notes(pl.chunk()))
    small = await peak_of_run(db, engine, endpoint, start, few)
    large = await peak_of_run(db, engine, endpoint, start, many)
    assert large <= small * 1.10, f"{few} rows took {small} kB, {many} rows {large} kB"


linux_only = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


@linux_only
async def test_memory_does_not_grow_with_the_rows_that_wait(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator, start: Start
) -> None:
    await compare(db, engine, emulator.endpoint, start, 1_000, 10_000)


@linux_only
async def test_a_worker_needs_less_than_150_megabytes(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator, start: Start
) -> None:
    make_notes(db)
    await engine.apply(notes(pl.analyze_sentiment(), pl.embed("small", dimensions=1536), trigger="on_change"))
    async with start(emulator.endpoint, "worker") as process:
        await until(lambda: value(db, "SELECT count(*) FROM pgazure.worker") == 1)
        db.execute("INSERT INTO notes (id, body) SELECT n, 'Note ' || n FROM generate_series(1, 2000) AS n")
        await until(lambda: value(db, "SELECT count(*) FROM notes_embeddings") == 2000, 60)
        found = re.search(r"VmHWM:\s+(\d+) kB", read_status(process.pid))
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert found is not None
    assert int(found[1]) < 150_000


@linux_only
@pytest.mark.slow
async def test_memory_does_not_grow_with_very_many_rows(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator, start: Start
) -> None:
    await compare(db, engine, emulator.endpoint, start, 10_000, 100_000)
