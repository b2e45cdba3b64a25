"""Keys, tokens and texts stay where they belong."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from fix_facade import KEY, arguments
from fix_faults import Raw, Reset, Status
from pgazure.client import AsyncClient, Client
from pgazure.config import load_settings
from pgazure.errors import ConfigurationError, PgAzureError, ServiceError

if TYPE_CHECKING:
    from fix_faults import FaultServer

TEXT = "Mr Whistleblower lives at 12 Hidden Lane."
METHODS: dict[str, tuple[Any, ...]] = {
    "analyze_sentiment": (TEXT,),
    "translate": (TEXT, "de"),
    "create_embeddings": ("embedder", TEXT),
    "summarize_extractive": (TEXT,),
}


def assert_silent(said: str) -> None:
    assert KEY not in said
    assert "Whistleblower" not in said
    assert "Hidden Lane" not in said


@pytest.mark.parametrize("method", METHODS)
async def test_the_logs_hold_no_key_and_no_text(
    client: Any, faults: FaultServer, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    # Everything any library has to say, requests of the SDKs included.
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "openai")
    caplog.set_level(logging.DEBUG, "azure")
    await getattr(client, method)(*METHODS[method])
    faults.posts.extend([Status(400, body={"error": {"code": "InvalidRequest", "message": f"cannot read {TEXT}"}})])
    with pytest.raises(ServiceError):
        await getattr(client, method)(*METHODS[method])
    faults.posts.extend([Reset(), Status(500, body={"error": {"code": "x", "message": TEXT}}), Raw(b"{}")])
    await getattr(client, method)(*METHODS[method])
    formatter = logging.Formatter("%(message)s %(args)s")
    assert caplog.records
    for record in caplog.records:
        assert_silent(formatter.format(record))
        assert_silent(str(record.__dict__))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "fault",
    [
        Status(401, body={"error": {"code": "401", "message": f"bad key {KEY}"}}),
        Status(400, body={"error": {"code": "InvalidRequest", "message": f"cannot read {TEXT}"}}),
        Status(500, body=TEXT, content_type="text/plain"),
        Raw(TEXT.encode()),
        Reset(),
    ],
    ids=["401", "400", "500", "no-json", "reset"],
)
async def test_errors_hold_no_key_and_no_text(client: Any, faults: FaultServer, method: str, fault: Any) -> None:
    faults.posts.append(fault)
    with pytest.raises(PgAzureError) as caught:
        await getattr(client, method)(*METHODS[method], max_attempts=1)
    error = caught.value
    assert_silent(f"{error} {error!r} {vars(error)}")
    assert_silent("".join(traceback.format_exception(error)))
    assert_silent(pickle.dumps(error).decode("latin1"))
    faults.posts.append(fault)
    if not isinstance(fault, Status) or fault.code != 401:
        (_, result) = (None, await getattr(client, method)(*METHODS[method], max_attempts=1, throw_on_error=False))
        assert_silent(repr(result))


def test_errors_pickle_with_everything_they_know() -> None:
    error = ServiceError(
        "what happened", service="language", operation="analyze_sentiment", attempts=3, retry_after=1.5
    )
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize("kind", [AsyncClient, Client])
def test_a_client_shows_and_pickles_no_key(kind: Any) -> None:
    client = kind(**arguments("http://127.0.0.1:1"))
    assert_silent(f"{client} {client!r} {vars(client)}")
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(client)


def test_settings_show_and_pickle_no_key() -> None:
    settings = load_settings(language_endpoint="http://127.0.0.1:1", language_key=KEY)
    for holder in (settings, settings.language):
        assert_silent(f"{holder} {holder!r}")
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(holder)
    assert copy.copy(settings).language.key == settings.language.key


def test_a_wrong_setting_is_named_without_its_value() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(language_endpoint=f"http://user:{KEY}@127.0.0.1:1").language  # noqa: B018
    assert_silent(str(caught.value))


async def test_a_redirect_does_not_take_the_key_elsewhere(client: Any, faults: FaultServer) -> None:
    for method, arguments_ in METHODS.items():
        faults.received.clear()
        faults.posts.append(Status(307, {"Location": f"{faults.endpoint.replace('127.0.0.1', 'localhost')}/stolen"}))
        with pytest.raises(ServiceError):
            await getattr(client, method)(*arguments_, max_attempts=1)
        assert [request.path for request in faults.received if request.path == "/stolen"] == []
