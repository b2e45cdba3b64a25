"""Errors beside rows: kept under the row's key and the step, tried again by themselves until they are parked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from pgazure.errors import InvalidSpecError
from pgazure.pipeline.storage.database import fetch_all, fetch_one
from pgazure.pipeline.storage.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

    from pgazure.pipeline.specification.spec import PipelineSpec
    from pgazure.pipeline.storage.layout import Key, Layout
    from pgazure.types import DocumentError

MAX_ATTEMPTS = 5
ERROR_CLASSES = ("record_temporary", "record_permanent", "pipeline_temporary", "pipeline_permanent")

# The step that an error names which concerns a row as a whole.
WHOLE_ROW = "*"

# Seconds until a row is tried again by itself, at most.
_LONGEST_BACKOFF = 60.0


@dataclass(frozen=True, slots=True)
class RowError:
    """An error beside a row.

    Attributes:
        pipeline: Name of the pipeline.
        step: The step that failed; ``*`` where the row ended its workers.
        key: The row's key, by column.
        error_class: ``record_temporary``, ``record_permanent``, ``pipeline_temporary`` or ``pipeline_permanent``.
        code: The service's code.
        message: What is wrong.
        request_id: The service's id of the request.
        attempts: How often it was tried.
        parked: Whether it is not tried again by itself.
        first_at: When it first failed.
        last_at: When it last failed.
    """

    pipeline: str
    step: str
    key: Mapping[str, str]
    error_class: str
    code: str
    message: str
    request_id: str | None
    attempts: int
    parked: bool
    first_at: datetime
    last_at: datetime


class RowErrors:
    """The errors beside the rows of one pipeline.

    Args:
        pipeline_id: Its number.
        layout: Its source.
    """

    def __init__(self, pipeline_id: int, layout: Layout) -> None:
        self._pipeline_id = pipeline_id
        self._layout = layout

    async def record(
        self,
        connection: AsyncConnection[Any],
        title: str,
        key: Key,
        error: DocumentError,
        work: bytes | None = None,
    ) -> float | None:
        """Keep an error beside its row; return in how many seconds to try again, ``None`` where it is parked.

        Args:
            connection: Inside the transaction that fences the row.
            title: The step, or :data:`WHOLE_ROW`.
            key: The row.
            error: What is wrong.
            work: Hash of all that the step has to do for the row.
        """
        parameters = {
            "pipeline_id": self._pipeline_id,
            "step": title,
            "key": self._spell(key),
            "class": "record_temporary" if error.retryable else "record_permanent",
            "code": error.code,
            "message": error.message,
            "request_id": error.request_id,
            "parked": not error.retryable,
            "input_hash": work,
            "max_attempts": MAX_ATTEMPTS,
        }
        kept = await fetch_one(connection, statement("error_record"), parameters)
        return None if kept.parked else min(2.0**kept.attempts, _LONGEST_BACKOFF)

    async def find_parked(self, connection: AsyncConnection[Any], title: str, work: Mapping[Key, bytes]) -> list[Key]:
        """Find the rows whose very work is parked, of those whose work on a step is given by its hash."""
        parameters = self._name(work) | {"step": title}
        rows = await fetch_all(connection, statement("errors_standing"), parameters)
        parked = {self._layout.read_key(row.key): row.input_hash for row in rows}
        return [key for key, digest in work.items() if parked.get(key) == digest]

    async def clear(self, connection: AsyncConnection[Any], key: Key, failed: Iterable[str]) -> None:
        """Forget the errors of a row but for those of the steps that have failed."""
        await connection.execute(statement("errors_clear"), self._name([key]) | {"failed": list(failed)})

    async def forget(self, connection: AsyncConnection[Any], keys: Iterable[Key]) -> None:
        """Forget every error of rows."""
        await connection.execute(statement("errors_forget"), self._name(keys))

    def _name(self, keys: Iterable[Key]) -> dict[str, Any]:
        return {"pipeline_id": self._pipeline_id, "keys": [self._spell(key) for key in keys]}

    def _spell(self, key: Key) -> Jsonb:
        return Jsonb(self._layout.spell_key(key))


async def list_errors(
    connection: AsyncConnection[Any],
    pipeline: PipelineSpec | None = None,
    *,
    step: str | None = None,
    error_class: str | None = None,
    code: str | None = None,
    limit: int,
) -> list[RowError]:
    """List errors beside rows, the latest first; filters that are ``None`` match everything.

    Raises:
        InvalidSpecError: The pipeline has no such step, or there is no such class.
    """
    parameters = _filter(pipeline, step, error_class, code) | {"limit": limit}
    return [RowError(*row) for row in await fetch_all(connection, statement("errors_list"), parameters)]


async def retry_errors(
    connection: AsyncConnection[Any],
    pipeline: PipelineSpec,
    layout: Layout,
    *,
    step: str | None = None,
    error_class: str | None = None,
    code: str | None = None,
    key: Mapping[str, Any] | None = None,
) -> int:
    """Queue rows with errors again; return how many rows.

    Raises:
        InvalidSpecError: The pipeline has no such step, there is no such class, or ``key`` does not name the key
            columns.
    """
    parameters = _filter(pipeline, step, error_class, code)
    row = None if key is None else Jsonb(layout.spell_key(layout.read_key(key)))
    return int((await fetch_one(connection, statement("retry_failed"), parameters | {"key": row})).rows)


def _filter(
    pipeline: PipelineSpec | None, step: str | None, error_class: str | None, code: str | None
) -> dict[str, str | None]:
    titles: Sequence[str] = [each.title for each in pipeline.steps] if pipeline is not None else []
    if pipeline is not None and step is not None and step not in {*titles, WHOLE_ROW}:
        msg = f"pipeline {pipeline.name} has no step {step}; it has: {', '.join(titles)}"
        raise InvalidSpecError(msg)
    if error_class is not None and error_class not in ERROR_CLASSES:
        msg = f"there is no class {error_class} of errors; there are: {', '.join(ERROR_CLASSES)}"
        raise InvalidSpecError(msg)
    name = None if pipeline is None else pipeline.name
    return {"pipeline": name, "step": step, "class": error_class, "code": code}
