"""Metrics: what a process counts while it works, for OpenTelemetry and Prometheus.

Each instrument is described once and kept by every meter that is there:
OpenTelemetry's where ``opentelemetry-api`` is installed, and Prometheus' where
:func:`serve_metrics` was called.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

import psycopg

from pgazure.errors import ConfigurationError, PgAzureError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from pgazure.pipeline.observation.monitoring import PipelineStatus

# How often the figures of the database are read for those who watch (seconds).
READ_EVERY = 15.0


@dataclass(frozen=True, slots=True)
class Instrument:
    """Something that is measured.

    Attributes:
        name: Its name, with Prometheus' unit at the end.
        kind: A ``counter`` only grows, a ``gauge`` stands somewhere, a ``histogram`` keeps how values spread.
        description: What it says.
        labels: What tells its series apart.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    description: str
    labels: tuple[str, ...] = ("pipeline",)


_STEP = ("pipeline", "step")
_REQUEST = ("pipeline", "step", "service", "operation", "outcome")

ROWS = Instrument("pgazure_rows_settled_total", "counter", "Rows taken off the queue.")
REQUESTS = Instrument("pgazure_requests_total", "counter", "Requests sent: ok, throttled or failed.", _REQUEST)
SECONDS = Instrument(
    "pgazure_request_duration_seconds", "histogram", "Time until the outcome of a request was known.", _REQUEST
)
TEXTS = Instrument("pgazure_texts_total", "counter", "Texts in the requests sent.", _STEP)
UNITS = Instrument("pgazure_billed_units_total", "counter", "Units billed.", (*_STEP, "unit"))
SPEND = Instrument("pgazure_spend_usd_total", "counter", "What requests cost, in USD at list price.", _STEP)

# Read from the database: they say how a pipeline stands, whoever works on it.
_GAUGES: tuple[tuple[Instrument, Callable[[PipelineStatus], float]], ...] = tuple(
    (Instrument(f"pgazure_{name}", "gauge", description), read)
    for name, description, read in (
        ("source_rows", "Rows of the source.", lambda s: s.source_rows),
        ("pending_rows", "Rows that wait or are worked on.", lambda s: s.pending),
        ("oldest_pending_seconds", "How long the oldest of them has waited.", lambda s: s.lag or 0.0),
        ("stale_rows", "Rows that wait and have results of before.", lambda s: s.stale),
        ("coverage_ratio", "Share of the rows that neither wait nor have failed.", lambda s: s.coverage),
        ("failed_rows", "Rows with an error.", lambda s: s.failed),
        ("parked_rows", "Rows with an error that is not tried again by itself.", lambda s: s.parked),
        ("halted_steps", "Steps that stand still.", lambda s: len(s.halted)),
        ("runs", "Runs at work.", lambda s: s.runs),
        ("rows_per_second", "Rows settled a second by the runs at work.", lambda s: s.rate or 0.0),
        ("spend_today_usd", "What this UTC day has cost, in USD at list price.", lambda s: float(s.spent_today)),
    )
)

INSTRUMENTS: tuple[Instrument, ...] = (
    *(ROWS, REQUESTS, SECONDS, TEXTS, UNITS, SPEND),
    *(instrument for instrument, _ in _GAUGES),
)


class _OpenTelemetry:
    """Hands on to OpenTelemetry, which drops it unless the process has set it up."""

    def __init__(self, metrics: Any) -> None:
        meter = metrics.get_meter("pgazure", version("pgazure"))
        make = {"counter": meter.create_counter, "gauge": meter.create_gauge, "histogram": meter.create_histogram}
        self._record = {}
        for instrument in INSTRUMENTS:
            # OpenTelemetry writes dots, and the kind and unit are no part of the name.
            name = instrument.name.removesuffix("_total").replace("_", ".", 1)
            made = make[instrument.kind](name, description=instrument.description)
            self._record[instrument.name] = (
                made.add if instrument.kind == "counter" else made.set if instrument.kind == "gauge" else made.record
            )

    def record(self, instrument: Instrument, value: float, labels: Mapping[str, str]) -> None:
        self._record[instrument.name](value, labels)


class _Prometheus:
    """Keeps everything in a registry that Prometheus reads."""

    def __init__(self, prometheus: Any, registry: Any) -> None:
        kinds = {"counter": prometheus.Counter, "gauge": prometheus.Gauge, "histogram": prometheus.Histogram}
        act = {"counter": "inc", "gauge": "set", "histogram": "observe"}
        self._kept = {
            each.name: (kinds[each.kind](each.name, each.description, each.labels, registry=registry), act[each.kind])
            for each in INSTRUMENTS
        }

    def record(self, instrument: Instrument, value: float, labels: Mapping[str, str]) -> None:
        kept, act = self._kept[instrument.name]
        getattr(kept.labels(**labels), act)(value)

    def forget(self, pipeline: str) -> None:
        """Drop the gauges of a pipeline that is gone."""
        for instrument, _ in _GAUGES:
            self._kept[instrument.name][0].remove(pipeline)


@cache
def _open_telemetry() -> _OpenTelemetry | None:
    try:
        from opentelemetry import metrics  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return _OpenTelemetry(metrics)


_served: list[_Prometheus] = []


def record(instrument: Instrument, value: float, **labels: str) -> None:
    """Hand a value to every meter of this process."""
    if (meter := _open_telemetry()) is not None:
        meter.record(instrument, value, labels)
    for each in _served:
        each.record(instrument, value, labels)


@asynccontextmanager
async def serve_metrics(
    read: Callable[[], Awaitable[Sequence[PipelineStatus]]], port: int, address: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """Serve the metrics of this process, and how every pipeline stands, to Prometheus; yield the port.

    Args:
        read: Says how every pipeline stands; it is asked every 15 seconds.
        port: Port to listen on; 0 takes a free one.
        address: Address to listen on.

    Raises:
        ConfigurationError: ``prometheus-client`` is not installed, or the port is taken.
    """
    try:
        import prometheus_client as prometheus  # noqa: PLC0415 - an extra
    except ImportError:
        msg = "metrics need prometheus-client: pip install 'pgazure[metrics]'"
        raise ConfigurationError(msg) from None
    registry = prometheus.CollectorRegistry()
    meter = _Prometheus(prometheus, registry)
    try:
        server, thread = prometheus.start_http_server(port, address, registry)
    except OSError as error:
        msg = f"metrics cannot be served on {address}:{port}: {error.strerror}; choose another port"
        raise ConfigurationError(msg) from None
    _served.append(meter)
    reader = asyncio.create_task(_read_gauges(read, meter))
    try:
        yield server.server_port
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        _served.remove(meter)
        server.shutdown()
        server.server_close()
        thread.join()


async def _read_gauges(read: Callable[[], Awaitable[Sequence[PipelineStatus]]], meter: _Prometheus) -> None:
    known: set[str] = set()
    while True:
        # A database that is away for a while ends nothing here: the work itself will say so.
        with suppress(PgAzureError, psycopg.Error):
            statuses = await read()
            for status in statuses:
                for instrument, measure in _GAUGES:
                    record(instrument, measure(status), pipeline=status.pipeline)
            there = {status.pipeline for status in statuses}
            for gone in known - there:
                meter.forget(gone)
            known = there
        await asyncio.sleep(READ_EVERY)
