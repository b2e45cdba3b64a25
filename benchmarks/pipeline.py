"""Pipelines beside a bare asyncio script that does the same job, by turns in one run; and what capture costs.

python benchmarks/pipeline.py                   all parts
python benchmarks/pipeline.py speed capture     some of them
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

import pgazure.pipeline as pl
from pgazure.embedded import EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
PGAZURE = Path(sys.executable).with_name("pgazure")
DEPLOYMENT = "text-embedding-3-small"
LATENCY = 0.1
WORDS = (
    "room", "quiet", "staff", "garden", "bill", "wrong", "twice", "river", "above", "early", "late", "clean", "loud",
    "again", "never", "asked", "paid",
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    seconds: float
    cpu: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:6.2f} s  {self.cpu:6.2f} s CPU  {self.megabytes:5.0f} MB"


def measure(command: list[str], **variables: str) -> Cost:
    """Run a command to its end."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=os.environ | variables, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Cost(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


@contextmanager
def service(**options: float) -> Iterator[str]:
    """An embeddings service in a process of its own."""
    arguments = [f"--{name}={value}" for name, value in ({"latency": LATENCY} | options).items()]
    command = [sys.executable, str(HERE / "service.py"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def read_stats(endpoint: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{endpoint}/__stats") as answer:
        return json.load(answer)


class Bench:
    """A database of its own, and tables of notes in it."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.db = psycopg.connect(conninfo, autocommit=True)
        self.db.execute("CREATE EXTENSION vector")

    def fill(self, rows: int, *, distinct: float = 1.0) -> None:
        """Make the notes anew: some 60 words each, as many of them different as asked for."""
        chance = random.Random(1)
        self.db.execute("DROP SCHEMA IF EXISTS pgazure CASCADE")
        self.db.execute("DROP TABLE IF EXISTS notes, notes_bare, notes_embeddings CASCADE")
        self.db.execute("CREATE TABLE notes (id bigint PRIMARY KEY, body text)")
        kinds = max(1, int(rows * distinct))
        bodies = [f"Case {n}: " + " ".join(chance.choices(WORDS, k=60)) for n in range(kinds)]
        with self.db.cursor().copy("COPY notes FROM STDIN") as copy:
            for number in range(rows):
                copy.write_row((number, bodies[number % kinds]))
        self.db.execute("ANALYZE notes")
        self.db.execute("CHECKPOINT")

    def apply(self, *steps: Any) -> None:
        """Make a pipeline over the notes."""

        async def work() -> None:
            async with pl.Engine(self.conninfo) as engine:
                await engine.init()
                source = pl.table_source("public.notes", text="body")
                await engine.apply(pl.Pipeline("notes", source=source, steps=list(steps) or [pl.embed(DEPLOYMENT)]))

        asyncio.run(work())

    def run(self, endpoint: str, *arguments: str) -> Cost:
        """``pgazure run``, as a user starts it."""
        variables = {"PGAZURE_DSN": self.conninfo, "AZURE_OPENAI_ENDPOINT": endpoint, "AZURE_OPENAI_API_KEY": "a-key"}
        return measure([str(PGAZURE), "run", "notes", "--json", *arguments], **variables)

    def backend_cpu(self) -> float:
        """Seconds that the server process of our session has worked."""
        fields = Path(f"/proc/{self.db.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def count(self, table: str) -> int:
        row = self.db.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*table.split(".")))).fetchone()
        assert row is not None
        return row[0]


def speed(bench: Bench, given: argparse.Namespace) -> None:
    """Rows a second and CPU time, process start to process end."""
    costs: dict[str, list[Cost]] = {"bare": [], "pgazure": []}
    with service() as endpoint:
        for _ in range(given.rounds):
            bench.fill(given.rows)
            costs["bare"].append(measure([sys.executable, str(HERE / "bare.py"), bench.conninfo, endpoint]))
            assert bench.count("notes_bare") == given.rows
            bench.fill(given.rows)
            bench.apply()
            costs["pgazure"].append(bench.run(endpoint))
            assert bench.count("notes_embeddings") == given.rows
    for name, each in costs.items():
        rate = given.rows / statistics.median(cost.seconds for cost in each)
        print(f"  {name:8} {rate:7,.0f} rows/s   " + "   ".join(map(str, each)))
    for what in ("seconds", "cpu"):
        ours, bare = (statistics.median(getattr(c, what) for c in costs[name]) for name in ("pgazure", "bare"))
        print(f"  {what}: pgazure needs {ours / bare:.2f} of the bare script")


def repeats(bench: Bench, given: argparse.Namespace) -> None:
    """Rows of which every other text is a repetition."""
    seconds = {}
    for distinct in (1.0, 0.5):
        # Few requests under way, so that the service's time decides, as it does under a quota.
        with service() as endpoint:
            bench.fill(given.rows, distinct=distinct)
            bench.apply()
            seconds[distinct] = bench.run(endpoint, "--batch-rows", "32", "--concurrency", "2").seconds
            stats = read_stats(endpoint)
        assert stats["texts"] == stats["distinct"] == int(given.rows * distinct), stats
        assert bench.count("notes_embeddings") == given.rows
    print(
        f"  all different {seconds[1.0]:.1f} s, half of them {seconds[0.5]:.1f} s: {seconds[1.0] / seconds[0.5]:.2f} x"
    )


def capture(bench: Bench, given: argparse.Namespace) -> None:
    """A bulk INSERT of 100,000 rows of 400 characters, with one step and with six, and without a pipeline."""
    insert = (
        "INSERT INTO notes SELECT n, repeat(md5(n::text), 12) || md5((n + 1)::text)::char(16)"
        " FROM generate_series(1, 100000) AS n"
    )
    embeds = [pl.embed(f"model-{n}", dimensions=8, name=f"e{n}", table=f"notes_e{n}") for n in range(6)]
    makers: dict[str, Callable[[], None]] = {
        "no pipeline": lambda: None,
        "1 step": lambda: bench.apply(embeds[0]),
        "6 steps": lambda: bench.apply(*embeds),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in makers}
    for _ in range(given.rounds * 3):
        for name, make in makers.items():
            bench.db.execute("DROP TABLE IF EXISTS notes_e0, notes_e1, notes_e2, notes_e3, notes_e4, notes_e5 CASCADE")
            bench.fill(0)
            make()
            bench.db.execute("CHECKPOINT")
            started, worked = time.perf_counter(), bench.backend_cpu()
            bench.db.execute(insert)
            seconds[name].append((time.perf_counter() - started, bench.backend_cpu() - worked))
    # The least of each: whatever else the machine does only adds to them.
    least = {name: [min(column) for column in zip(*each, strict=True)] for name, each in seconds.items()}
    for name, (wall, cpu) in least.items():
        wall_before, cpu_before = least["no pipeline"]
        print(
            f"  {name:12} {wall:.3f} s {wall / wall_before - 1:+4.0%}   "
            f"{cpu:.3f} s of the server's CPU {cpu / cpu_before - 1:+4.0%}"
        )


def storm(bench: Bench, given: argparse.Namespace) -> None:
    """A quota of half the speed that the run would have without one."""
    arguments = ("--batch-rows", "16", "--concurrency", "8")
    rows = min(given.rows, 10_000)
    with service() as endpoint:
        bench.fill(rows)
        bench.apply()
        free = bench.run(endpoint, *arguments).seconds
        requests = read_stats(endpoint)["requests"]
    rate = requests / free / 2
    with service(rpm=rate * 60) as endpoint:
        bench.fill(rows)
        bench.apply()
        bench.run(endpoint, *arguments)
        stats = read_stats(endpoint)
    first, last = bench.db.execute(
        "SELECT min(started_at), max(started_at) FROM pgazure.ledger WHERE status_code = 200"
    ).fetchone() or (None, None)
    # The bucket is full at first: what it holds then is not earned by waiting.
    seconds = (last - first).total_seconds()
    used = (stats["requests"] - stats["refused"] - rate * 2.0) / (rate * seconds)
    print(
        f"  {rate:.1f} requests/s allowed: {used:.1%} of the quota used, "
        f"{stats['refused']} of {stats['requests']} requests refused ({stats['refused'] / stats['requests']:.1%})"
    )


def memory(bench: Bench, given: argparse.Namespace) -> None:
    """Peak memory of runs over few and many rows, with a step that sends nothing."""
    peaks = {}
    for rows in (10_000, given.many):
        bench.fill(0)
        bench.db.execute("DROP TABLE IF EXISTS notes_chunks CASCADE")
        bench.db.execute("INSERT INTO notes SELECT n, 'Tiny note ' || n FROM generate_series(1, %s) AS n", [rows])
        bench.db.execute("ANALYZE notes")
        bench.apply(pl.chunk())
        cost = bench.run("http://127.0.0.1:9")
        assert bench.count("notes_chunks") == rows
        peaks[rows] = cost.megabytes
        print(f"  {rows:9,} rows {cost}  {rows / cost.seconds:7,.0f} rows/s", flush=True)
    print(f"  {given.many:,} rows peak at {peaks[given.many] / peaks[10_000]:.2f} of 10,000")


def plan(bench: Bench, _: argparse.Namespace) -> None:
    """What the plan says beside what the ledger holds after the run, on the sample files."""
    from pgazure import AsyncClient  # noqa: PLC0415
    from pgazure.emulator import Emulator  # noqa: PLC0415

    async def work(file: Path, endpoint: str) -> list[str]:
        with file.open(encoding="utf-8", newline="") as opened:
            header, *rows = csv.reader(opened)
        bench.fill(0)
        with bench.db.cursor().copy("COPY notes FROM STDIN") as copy:
            for number, row in enumerate(rows):
                copy.write_row((number, "\n".join(row)))
        settings = {f"{name}_endpoint": endpoint for name in ("language", "translator", "openai")}
        keys = dict.fromkeys(("language_key", "translator_key", "openai_key"), "emulator")
        steps = [pl.analyze_sentiment(), pl.translate(["de", "es"]), pl.chunk(chunk_size=64), pl.embed(DEPLOYMENT)]
        async with AsyncClient(**settings, **keys) as client, pl.Engine(bench.conninfo, client=client) as engine:
            await engine.init()
            await engine.apply(pl.Pipeline("notes", source=pl.table_source("notes", text="body"), steps=steps))
            planned = {step.step: step.units for step in (await engine.plan("notes")).steps if step.unit}
            report = await engine.run("notes")
        return [
            f"  {file.name:14} {len(rows):4} rows of {len(header)}  {s.step:18} planned {planned[s.step]:6,} "
            f"{s.charge.unit}s, ledger {s.charge.units:6,}  {planned[s.step] / s.charge.units - 1:+.1%}"
            for s in report.steps
        ]

    with Emulator() as emulator:
        for file in sorted(Path(str(files("pgazure.samples"))).glob("*.csv")):
            bench.db.execute("DROP TABLE IF EXISTS notes_sentiment, notes_translations, notes_chunks CASCADE")
            print("\n".join(asyncio.run(work(file, emulator.endpoint))))


PARTS: dict[str, Callable[[Bench, argparse.Namespace], None]] = {
    "speed": speed,
    "repeats": repeats,
    "capture": capture,
    "storm": storm,
    "plan": plan,
    "memory": memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000, help="rows of the longer run for its memory")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    settings = {"shared_buffers": "512MB", "max_wal_size": "8GB", "checkpoint_timeout": "1h"}
    with EmbeddedPostgres.temporary(durable=True, settings=settings) as server:
        bench = Bench(server.conninfo)
        for name in given.parts or PARTS:
            print(f"{name}: {(PARTS[name].__doc__ or '').strip()}", flush=True)
            PARTS[name](bench, given)


if __name__ == "__main__":
    main()
