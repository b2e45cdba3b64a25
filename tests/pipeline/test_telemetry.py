"""What a run does can be watched: metrics, spans and a log, without a text and without a key."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from opentelemetry import metrics as otel_metrics
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import pgazure.pipeline as pl
from fix_pipeline import make_notes, notes, until
from pgazure.errors import ConfigurationError
from pgazure.pipeline.observation import metrics
from pgazure.pipeline.observation.metrics import INSTRUMENTS, serve_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg
    from opentelemetry.sdk.trace import ReadableSpan

    from fix_pipeline import OpenEngine, Start
    from pgazure.emulator import Emulator

TEXT = "A secret garden behind the wall."


class WatchedSpans(InMemorySpanExporter):
    """Keeps the spans of the test that watches: the provider stays with the process, and so with all later tests."""

    watching = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return super().export(spans) if self.watching else SpanExportResult.SUCCESS


@pytest.fixture(scope="session")
def application() -> Iterator[tuple[WatchedSpans, InMemoryMetricReader]]:
    """OpenTelemetry as an application sets it up, once a process."""
    spans, reader = WatchedSpans(), InMemoryMetricReader()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(provider)
    meters = MeterProvider([reader])
    otel_metrics.set_meter_provider(meters)
    yield spans, reader
    meters.shutdown()
    provider.shutdown()


@pytest.fixture
def watched(
    application: tuple[WatchedSpans, InMemoryMetricReader],
) -> Iterator[tuple[WatchedSpans, InMemoryMetricReader]]:
    spans, reader = application
    spans.clear()
    spans.watching = True
    yield spans, reader
    spans.watching = False


async def test_a_run_is_a_span_with_batches_steps_and_requests_in_it(
    engine: pl.Engine, db: psycopg.Connection, watched: tuple[WatchedSpans, InMemoryMetricReader]
) -> None:
    spans, reader = watched
    make_notes(db, TEXT, "Two.")
    await engine.apply(notes(pl.analyze_sentiment()))
    report = await engine.run("notes")
    found = {span.name: span for span in spans.get_finished_spans()}
    run, batch, step, request = (found[f"pgazure.{name}"] for name in ("run", "batch", "step", "request"))
    parents = [each.parent.span_id if each.parent else None for each in (run, batch, step, request)]
    assert parents == [None, *(each.context.span_id for each in (run, batch, step))]
    about: Any = request.attributes
    assert (about["pgazure.pipeline"], about["pgazure.operation"]) == ("notes", "analyze_sentiment")
    assert (about["pgazure.texts"], about["pgazure.units"]) == (2, 2)
    assert about["http.response.status_code"] == 200
    assert run.start_time <= request.start_time < request.end_time <= run.end_time  # type: ignore[operator]
    data: Any = json.loads(reader.get_metrics_data().to_json())  # type: ignore[union-attr]
    kept = {
        each["name"]: each["data"]["data_points"]
        for scope in data["resource_metrics"][0]["scope_metrics"]
        for each in scope["metrics"]
    }
    assert sum(point["value"] for point in kept["pgazure.rows_settled"]) >= 2
    assert sum(point["value"] for point in kept["pgazure.spend_usd"]) >= float(report.price)
    written = json.dumps(data) + "".join(span.to_json() for span in spans.get_finished_spans())
    assert "garden" not in written
    assert "emulator" not in written.replace("emulator.", "")


async def test_an_error_is_named_in_its_span_and_not_repeated(
    open_engine: OpenEngine,
    db: psycopg.Connection,
    emulator: Emulator,
    watched: tuple[WatchedSpans, InMemoryMetricReader],
    caplog: pytest.LogCaptureFixture,
) -> None:
    spans, _ = watched
    make_notes(db, TEXT)
    async with open_engine(emulator.endpoint, "k3y-nobody-may-see") as engine:
        await engine.init()
        await engine.apply(notes(pl.analyze_sentiment()))
        with caplog.at_level(logging.INFO, "pgazure"):
            await engine.run("notes")
    named = {span.name: (span.attributes or {}).get("error.type") for span in spans.get_finished_spans()}
    assert (named["pgazure.request"], named["pgazure.run"]) == ("401", None)
    assert str(named["pgazure.step"]).endswith("Error")
    assert not [event for span in spans.get_finished_spans() for event in span.events]
    told = {record.getMessage(): vars(record) for record in caplog.records}
    assert told["step halted"]["code"] == "401"
    assert (told["run ended"]["outcome"], told["run ended"]["pipeline"]) == ("halted", "notes")
    everything = "".join(span.to_json() for span in spans.get_finished_spans()) + str([vars(r) for r in caplog.records])
    assert "k3y" not in everything
    assert "garden" not in everything


async def test_prometheus_reads_what_was_counted_and_how_pipelines_stand(
    engine: pl.Engine, db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "READ_EVERY", 0.1)
    make_notes(db, TEXT, "Two.", None)
    await engine.apply(notes(pl.analyze_sentiment()))
    async with serve_metrics(engine.status, 0) as port:
        await engine.run("notes")

        def read() -> str:
            with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                return str(answer.read().decode())

        await until(lambda: 'pgazure_coverage_ratio{pipeline="notes"}' in read())
        page = read()
        assert 'pgazure_rows_settled_total{pipeline="notes"} 3.0' in page
        assert 'pgazure_billed_units_total{pipeline="notes",step="analyze_sentiment",unit="text record"} 2.0' in page
        assert 'outcome="ok"' in page
        assert 'pgazure_source_rows{pipeline="notes"} 3.0' in page
        db.execute("DELETE FROM pgazure.pipeline")
        await until(lambda: 'pgazure_coverage_ratio{pipeline="notes"}' not in read())
        with pytest.raises(ConfigurationError, match="metrics cannot be served on"):
            async with serve_metrics(engine.status, port):
                pass
    with pytest.raises(OSError, match="refused"):
        read()
    assert metrics._served == []


def test_instruments_are_named_as_prometheus_wants_them() -> None:
    names = [each.name for each in INSTRUMENTS]
    assert len(set(names)) == len(names)
    assert all(name.startswith("pgazure_") for name in names)
    assert all(each.name.endswith("_total") == (each.kind == "counter") for each in INSTRUMENTS)


def test_without_the_extras_everything_works_and_asking_for_metrics_says_what_is_missing() -> None:
    program = """
import sys
sys.modules["opentelemetry"] = sys.modules["prometheus_client"] = None
import asyncio
from pgazure.pipeline.observation.metrics import ROWS, record, serve_metrics
from pgazure.pipeline.observation.telemetry import Telemetry
record(ROWS, 1, pipeline="notes")
with Telemetry("notes", 1).span("run"):
    print("worked")
async def serve():
    async with serve_metrics(None, 0): pass
asyncio.run(serve())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "worked\n"
    assert "pip install 'pgazure[metrics]'" in done.stderr


async def test_the_log_of_a_run_is_json_without_texts(
    start: Start, engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, TEXT, "Two.")
    await engine.apply(notes(pl.analyze_sentiment()))
    async with start(emulator.endpoint, "--log-format", "json", "run", "notes") as process:
        _, err = await process.communicate()
    lines = [json.loads(line) for line in err.decode().splitlines()]
    assert {line["message"] for line in lines} >= {"run began", "progress", "run ended"}
    ended = next(line for line in lines if line["message"] == "run ended")
    assert (ended["pipeline"], ended["rows"], ended["outcome"], ended["level"]) == ("notes", 2, "finished", "info")
    assert "garden" not in err.decode()
    async with start(emulator.endpoint, "--log-format", "json", "run", "nope") as process:
        _, err = await process.communicate()
    (line,) = [json.loads(line) for line in err.decode().splitlines()]
    assert (line["level"], "there is no pipeline nope" in line["message"]) == ("error", True)


async def test_a_worker_serves_its_metrics(
    start: Start, engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, TEXT)
    await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
    async with start(emulator.endpoint, "worker", "--metrics-port", "0") as process:
        assert process.stderr is not None
        said = (await process.stderr.readline()).decode()
        address = said.removeprefix("metrics on ").strip()
        assert address.startswith("http://127.0.0.1:")

        def read() -> str:
            with urlopen(address) as answer:
                return str(answer.read().decode())

        await until(lambda: 'pgazure_rows_settled_total{pipeline="notes"} 1.0' in read())
        process.terminate()
        await process.wait()
