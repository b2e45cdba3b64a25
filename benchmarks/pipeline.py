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
import tempfile
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
    # Modules are compiled once, as those of an installed package are, wherever this checkout lies.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    kept["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "pgazure-bytecode")
    started = time.perf_counter()
    process = subprocess.Popen(command, env=kept | variables, stdout=subprocess.DEVNULL)
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

    def write_table(self, *steps: Any, before: str = "") -> None:
        """Make the notes anew, empty or filled, with a pipeline of these steps over them, if any."""
        names = sql.SQL(", ").join(sql.Identifier(f"notes_e{n}") for n in range(6))
        self.db.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(names))
        self.fill(0)
        self.db.execute("ALTER TABLE notes ADD COLUMN stars integer")
        if before:
            self.db.execute(before)
        if steps:
            self.apply(*steps)
            # The rows that there are do not count: apply has queued them.
            self.db.execute("TRUNCATE pgazure.queue_notes")
        self.db.execute("VACUUM ANALYZE notes")
        self.db.execute("CHECKPOINT")

    def timed(self, write: Callable[[], Any]) -> tuple[float, float]:
        """Seconds that a write takes, and that the server process of our session works for it."""
        started, worked = time.perf_counter(), self.backend_cpu()
        write()
        return time.perf_counter() - started, self.backend_cpu() - worked

    def backend_cpu(self) -> float:
        """Seconds that the server process of our session has worked."""
        # Nanoseconds, where /proc/<pid>/stat counts hundredths of a second.
        return int(Path(f"/proc/{self.db.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9

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
    """Writes of 100,000 rows of 400 characters, and of single rows, with and without a pipeline, by turns."""
    _compare_inserts(bench, given.rounds * 3)
    _compare_writes(bench, given.rounds)


BULK = (
    "INSERT INTO notes (id, body) SELECT n, repeat(md5(n::text), 12) || md5((n + 1)::text)::char(16)"
    " FROM generate_series(1, 100000) AS n"
)


def _compare_inserts(bench: Bench, rounds: int) -> None:
    """The figure to hold: a bulk INSERT, whatever the number of steps."""
    steps = [pl.embed(f"model-{n}", dimensions=8, name=f"e{n}", table=f"notes_e{n}") for n in range(6)]
    kinds = {"no pipeline": 0, "1 step": 1, "6 steps": 6}
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    for turn in range(rounds):
        for name in list(kinds)[:: 1 if turn % 2 else -1]:
            bench.write_table(*steps[: kinds[name]])
            took[name].append(bench.timed(lambda: bench.db.execute(BULK)))
    print(_compare("INSERT of 100,000 rows", took, "no pipeline"))


def _compare_writes(bench: Bench, rounds: int) -> None:
    """Other writes, with a pipeline of one step and without."""
    db = bench.db

    def copy() -> None:
        with db.cursor().copy("COPY notes (id, body) FROM STDIN") as opened:
            opened.write(lines)

    def insert_singly() -> None:
        for number in range(1000):
            db.execute("INSERT INTO notes (id, body) VALUES (%s, 'A short note.')", [number], prepare=True)

    def insert_together() -> None:
        with db.transaction():
            insert_singly()

    writes: dict[str, tuple[str, Callable[[], Any]]] = {
        "COPY of 100,000 rows": ("", copy),
        "1,000 INSERTs of a row, 1 transaction": ("", insert_together),
        "1,000 INSERTs of a row, 1,000 transactions": ("", insert_singly),
        "UPDATE of 100,000 rows, watched column": (BULK, lambda: db.execute("UPDATE notes SET body = body || '.'")),
        "UPDATE of 100,000 rows, another column": (BULK, lambda: db.execute("UPDATE notes SET stars = 5")),
        "DELETE of 100,000 rows": (BULK, lambda: db.execute("DELETE FROM notes")),
    }
    lines = b"".join(b"%d\t%b\n" % (number, b"x" * 400) for number in range(100_000))
    for title, (before, write) in writes.items():
        took: dict[str, list[tuple[float, float]]] = {"no pipeline": [], "1 step": []}
        for turn in range(rounds):
            for name in list(took)[:: 1 if turn % 2 else -1]:
                bench.write_table(
                    *([] if name == "no pipeline" else [pl.embed(DEPLOYMENT, dimensions=8)]), before=before
                )
                took[name].append(bench.timed(write))
        print(_compare(title, took, "no pipeline"), flush=True)


def _compare(title: str, took: dict[str, list[tuple[float, float]]], base: str) -> str:
    """Ratios of medians, with the least and the most that a round had beside the base's median."""
    lines = [f"  {title}"]
    middle = [statistics.median(column) for column in zip(*took[base], strict=True)]
    for name, each in took.items():
        shown = []
        for what, column, of in zip(("elapsed", "server CPU"), zip(*each, strict=True), middle, strict=True):
            ratios = [value / of - 1 for value in (statistics.median(column), min(column), max(column))]
            shown.append("{:.3f} s {} {:+4.0%} ({:+.0%} to {:+.0%})".format(statistics.median(column), what, *ratios))
        lines.append(f"    {name:12} " + "   ".join(shown))
    return "\n".join(lines)


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
        chunk = pl.chunk(chunk_size=64, overlap=16)
        steps = [pl.analyze_sentiment(), pl.translate(["de", "es"]), chunk, pl.embed(DEPLOYMENT)]
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
