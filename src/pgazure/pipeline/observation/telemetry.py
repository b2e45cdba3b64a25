"""Telemetry of a run: spans for OpenTelemetry, values for the meters, lines for the log. Never a text or a key."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pgazure.pipeline.observation import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.flow.observe import RequestRecord
    from pgazure.pipeline.enrichment.prices import Charge

_log = logging.getLogger(__name__)


@cache
def _find_tracer() -> Any:
    try:
        from opentelemetry import trace  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return trace.get_tracer("pgazure", version("pgazure"))


class Telemetry:
    """What one run tells those who watch it.

    Args:
        pipeline: Name of the pipeline.
        run_id: The run.
    """

    def __init__(self, pipeline: str, run_id: int) -> None:
        self._pipeline = pipeline
        self._about: dict[str, str | int] = {"pipeline": pipeline, "run_id": run_id}

    @contextmanager
    def span(self, name: str, **attributes: str | int) -> Iterator[None]:
        """Put what happens meanwhile into a span ``pgazure.<name>``; an exception is named there, not repeated."""
        tracer = _find_tracer()
        if tracer is None:
            yield
            return
        about = {f"pgazure.{key}": value for key, value in (self._about | attributes).items()}
        with tracer.start_as_current_span(
            f"pgazure.{name}", attributes=about, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                raise

    def tell(self, event: str, *, level: int = logging.INFO, **facts: object) -> None:
        """Write a line of the log."""
        _log.log(level, event, extra=self._about | facts)

    def settled(self, rows: int) -> None:
        """Count rows that came off the queue."""
        metrics.record(metrics.ROWS, rows, pipeline=self._pipeline)

    def request(self, step: str, record: RequestRecord, charge: Charge) -> None:
        """Take a request down."""
        failed = record.error_code is not None or record.status_code is None
        outcome = "throttled" if record.status_code == HTTPStatus.TOO_MANY_REQUESTS else "failed" if failed else "ok"
        place = {"pipeline": self._pipeline, "step": step}
        labels = {**place, "service": record.service, "operation": record.operation, "outcome": outcome}
        metrics.record(metrics.REQUESTS, 1, **labels)
        metrics.record(metrics.SECONDS, record.duration_ms / 1000, **labels)
        metrics.record(metrics.TEXTS, record.items, **place)
        if charge.units:
            metrics.record(metrics.UNITS, charge.units, **place, unit=charge.unit)
            metrics.record(metrics.SPEND, float(charge.price), **place)
        if (tracer := _find_tracer()) is not None:
            ended_at = record.started_at + timedelta(milliseconds=record.duration_ms)
            about: dict[str, str | int | float] = {
                **{f"pgazure.{key}": value for key, value in (self._about | {"step": step}).items()},
                "pgazure.service": record.service,
                "pgazure.operation": record.operation,
                "pgazure.texts": record.items,
                "pgazure.units": charge.units,
                "pgazure.price_usd": float(charge.price),
                "pgazure.attempt": record.attempt,
                "server.address": record.endpoint,
            }
            optional = {
                "http.response.status_code": record.status_code,
                "az.service_request_id": record.request_id,
                "error.type": record.error_code,
            }
            about |= {key: value for key, value in optional.items() if value is not None}
            nanoseconds = int(record.started_at.timestamp() * 1e9)
            span = tracer.start_span("pgazure.request", attributes=about, start_time=nanoseconds)
            span.end(end_time=int(ended_at.timestamp() * 1e9))
