"""What the table of failures says of pgazure is so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from weather import TEXTS, WEATHERS, Weather, judge, name_error, unused_endpoint

from fix_faults import Hang
from pgazure import BatchError, PgAzureError

if TYPE_CHECKING:
    from fix_facade import Facade
    from fix_faults import FaultServer


async def call(client: Any, weather: Weather) -> list[Any]:
    arguments: dict[str, tuple[Any, ...]] = {
        "translate": (TEXTS, "de"),
        "create_embeddings": ("embedder", TEXTS),
    }
    function = getattr(client, weather.operation)
    results: list[Any] = await function(*arguments.get(weather.operation, (TEXTS,)), **weather.options)
    return results


@pytest.mark.parametrize("weather", WEATHERS, ids=[weather.name for weather in WEATHERS])
async def test_the_outcome_is_as_documented(facade: Facade, faults: FaultServer, weather: Weather) -> None:
    weather.arrange(faults)
    hangs = [fault for fault in faults.posts if isinstance(fault, Hang)]
    client = facade.open(await unused_endpoint() if weather.down else faults.endpoint)
    try:
        outcome = judge(weather.operation, await call(client, weather))
    except BatchError as error:
        outcome = judge(weather.operation, error.results)
    except PgAzureError as error:
        outcome = name_error(error)
    for hang in hangs:
        hang.release.set()
    assert outcome == weather.outcome
    assert len(faults.sent) == weather.requests
