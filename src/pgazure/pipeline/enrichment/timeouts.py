"""Timeouts: who is to blame where a text has no answer when its time is up."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pgazure.client.gate import Lane, current_office, describe_closure
from pgazure.flow.sharing import Failure
from pgazure.pipeline.enrichment.circuit import CircuitOffice
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.flow.observe import RequestRecord

# The client's code for texts whose time was up.
_TIMEOUT = "Timeout"


async def weigh_timeouts(
    results: Sequence[Any], requests: Sequence[RequestRecord], *, suspect: bool = False
) -> Sequence[Any]:
    """Find out why texts have no answer.

    Texts that have waited for their turn until the end are throttled. Where requests were under way and none was
    answered, by this worker or another one, the service is too slow for anybody. Otherwise it is the text; and so it
    is where a text has failed before and is sent by itself, for there may be nobody left to be answered.

    Args:
        results: What came of each text.
        requests: Those that were sent for them.
        suspect: Whether they have failed before.

    Raises:
        CircuitOpenError: Nobody is answered.
    """
    late = sum(_is_late(result) for result in results)
    if not late:
        return results
    silent = [request for request in requests if request.error_code is not None]
    if sum(request.items for request in silent) < late:
        status, msg = HTTPStatus.TOO_MANY_REQUESTS.value, "it has waited for its turn until the time was up"
        throttled = DocumentError(_TIMEOUT, msg, status_code=status, retryable=True)
        return [throttled if _is_late(result) else result for result in results]
    office = current_office()
    if not suspect and len(silent) == len(requests) and isinstance(office, CircuitOffice):
        first = min(silent, key=lambda request: request.started_at)
        lane = Lane(first.endpoint, first.deployment or "", first.operation)
        message = next(result.message for result in results if _is_late(result))
        seconds = (datetime.now(UTC) - first.started_at).total_seconds()
        closure = await office.fail(
            lane, Failure(seconds, permanent=False, certain=False, code=_TIMEOUT, message=message)
        )
        if closure is not None:
            raise describe_closure(closure, lane)
    return results


def _is_late(result: Any) -> bool:
    return isinstance(result, DocumentError) and result.code == _TIMEOUT
