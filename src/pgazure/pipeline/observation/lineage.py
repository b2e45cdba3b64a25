"""Lineage: which text of a row, known by its hash, went to which endpoint and when.

Every result names the call that made it, and the ledger the requests of each
call. A result that was copied from an equal text names the call that the
other text was sent with. Both go with the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from pgazure.pipeline.storage.database import fetch_all
from pgazure.pipeline.storage.statements import identifier, statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg import AsyncConnection

    from pgazure.pipeline.storage.layout import Layout


@dataclass(frozen=True, slots=True)
class Passage:
    """One text on its way to a service.

    Attributes:
        step: The step that had it sent.
        input_hash: Hash of the text and of what was asked about it; ``None`` for a text that came to nothing.
        stands: Whether the result stands beside the row; otherwise it is kept of a text that was replaced, or an error.
        service: The service; ``None`` for work done here.
        operation: What was called.
        endpoint: Where it went.
        model: What answered.
        sent_at: When the first request of the call left.
        requests: Requests of the call; one of them held the text, or a part of it each.
        request_ids: The service's ids of them.
        error: The service's code, where it came to nothing.
    """

    step: str
    input_hash: str | None
    stands: bool
    service: str | None
    operation: str | None
    endpoint: str | None
    model: str
    sent_at: datetime | None
    requests: int
    request_ids: tuple[str, ...]
    error: str | None = None


async def read_lineage(
    connection: AsyncConnection[Any], pipeline_id: int, layout: Layout, key: Mapping[str, str]
) -> list[Passage]:
    """Follow the texts of one row of a source, those that were replaced included.

    Raises:
        InvalidSpecError: ``key`` does not name the key columns.
    """
    row = layout.read_key(key)
    results: list[tuple[Any, Any]] = []
    for table in await fetch_all(connection, statement("lineage_tables"), {"pipeline_id": pipeline_id}):
        query = statement(
            "lineage_results",
            table=identifier(table.schema, table.table),
            items=layout.items,
            result_is_item=layout.match_item("r"),
        )
        found = await fetch_all(connection, query, layout.parameters([row]))
        results.extend((table, each) for each in found)
    calls = {each.call_id for _, each in results if each.call_id is not None}
    sent: dict[Any, list[Any]] = {}
    for call in await fetch_all(connection, statement("lineage_calls"), {"calls": list(calls)}):
        sent.setdefault(call.call_id, []).append(call)
    passages = [
        passage for table, result in results for passage in _follow(table, result, sent.get(result.call_id, []))
    ]
    spelled = Jsonb(layout.spell_key(row))
    errors = await fetch_all(connection, statement("lineage_errors"), {"pipeline_id": pipeline_id, "key": spelled})
    return passages + [
        Passage(
            step=error.step,
            input_hash=None,
            stands=False,
            service=error.service,
            operation=error.operation,
            endpoint=error.endpoint,
            model=error.model,
            sent_at=error.sent_at,
            requests=1,
            request_ids=(error.request_id,),
            error=error.code,
        )
        for error in errors
    ]


def _follow(table: Any, result: Any, calls: list[Any]) -> list[Passage]:
    if not calls:
        # Done here, or the ledger does not hold its requests any more.
        return [Passage(table.step, result.input_hash, not table.past, None, None, None, result.model, None, 0, ())]
    return [
        Passage(
            table.step,
            result.input_hash,
            not table.past,
            call.service,
            call.operation,
            call.endpoint,
            result.model,
            call.sent_at,
            call.requests,
            tuple(call.request_ids),
        )
        for call in calls
    ]
