"""Errors come in many shapes, from services and gateways; each becomes one class with status, code and request id."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fix_faults import Status
from pgazure import (
    AuthenticationError,
    ContentFilterError,
    DeploymentNotFoundError,
    HttpStatusError,
    InvalidRequestError,
    RateLimitError,
    ServiceUnavailableError,
)

if TYPE_CHECKING:
    from fix_facade import Facade
    from fix_faults import FaultServer

DENIED = "Access denied due to invalid subscription key or wrong API endpoint."
INNER = {"code": "InvalidDocumentBatch", "message": "Batch request contains too many records."}
# Status, body, class, code.
SHAPES: dict[str, tuple[int, Any, type[HttpStatusError], str]] = {
    "401": (401, {"error": {"code": "401", "message": DENIED}}, AuthenticationError, "401"),
    "401 without an error": (401, {"statusCode": 401, "message": "Unauthorized."}, AuthenticationError, "401"),
    "403 by the network": (
        403,
        {"error": {"code": "403", "message": "Virtual Network rules."}},
        AuthenticationError,
        "403",
    ),
    "404": (404, {"error": {"code": "404", "message": "Resource not found"}}, DeploymentNotFoundError, "404"),
    "408": (
        408,
        {"error": {"code": "Timeout", "message": "The operation was timeout."}},
        ServiceUnavailableError,
        "Timeout",
    ),
    "429": (429, {"error": {"code": "429", "message": "Rate limit is exceeded."}}, RateLimitError, "429"),
    "400 with an inner error": (
        400,
        {"error": {"code": "InvalidRequest", "message": "no", "innererror": INNER}},
        InvalidRequestError,
        "InvalidDocumentBatch",
    ),
    "400 with details": (
        400,
        {
            "error": {
                "code": "InvalidRequest",
                "message": "no",
                "details": [{"code": "InvalidRequest", "message": "no"}],
            }
        },
        InvalidRequestError,
        "InvalidRequest",
    ),
    "400 with a number": (400, {"error": {"code": 400036, "message": "no"}}, InvalidRequestError, "400036"),
    "413": (
        413,
        {"error": {"code": "InvalidRequest", "message": "no", "innererror": INNER}},
        InvalidRequestError,
        "InvalidDocumentBatch",
    ),
    "422": (422, {"detail": "no"}, InvalidRequestError, "422"),
    "500 without a body": (500, None, ServiceUnavailableError, "500"),
    "500 with a word": (500, '"broken"', ServiceUnavailableError, "500"),
    "500 with a list": (500, "[1, 2]", ServiceUnavailableError, "500"),
    "501": (501, None, ServiceUnavailableError, "501"),
    "302": (302, None, HttpStatusError, "302"),
    "418": (418, {"error": "teapot"}, HttpStatusError, "418"),
}
CALLS: dict[str, tuple[Any, ...]] = {
    "extract_key_phrases": ("a text",),
    "summarize_abstractive": ("a text",),
    "translate": ("a text", "de"),
    "create_embeddings": ("embedder", "a text"),
}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
@pytest.mark.parametrize("shape", SHAPES)
async def test_every_shape_is_read(facade: Facade, faults: FaultServer, shape: str, content_type: str) -> None:
    status, body, kind, code = SHAPES[shape]
    client = facade.open(faults.endpoint, max_attempts=1)
    for method, arguments in CALLS.items():
        faults.posts.append(Status(status, {"apim-request-id": "an-id"}, body, content_type))
        with pytest.raises(HttpStatusError if status >= 400 else Exception) as caught:
            await getattr(client, method)(*arguments)
        error = caught.value
        found = (error.status_code, error.code, error.request_id, error.attempts)
        assert found == (status, code, "an-id", 1), method
        assert isinstance(error, kind) or status < 400
        assert "a text" not in str(error)


async def test_nothing_is_written_on_the_screen_of_a_script(
    facade: Facade, faults: FaultServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # As it is where nobody has set up logging.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    client = facade.open(faults.endpoint)
    for method, arguments in CALLS.items():
        faults.posts.append(Status(502, body="<html>bad gateway</html>", content_type="text/html"))
        await getattr(client, method)(*arguments)
    assert capsys.readouterr() == ("", "")


STATUSES = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: AuthenticationError,
    404: DeploymentNotFoundError,
    408: ServiceUnavailableError,
    429: RateLimitError,
    500: ServiceUnavailableError,
    503: ServiceUnavailableError,
}


@pytest.fixture
def noted() -> dict[str, Any]:
    """Exchanges that ended badly, by the names of their files."""
    folder = os.environ.get("PGAZURE_WIRE", "")
    if not folder:
        pytest.skip("PGAZURE_WIRE names no folder of noted exchanges")
    files = Path(folder).glob("aoai.error.*.json")
    return {file.name: json.loads(file.read_text())["exchanges"][0] for file in files}


async def test_every_noted_error_of_azure_openai_is_read(
    facade: Facade, faults: FaultServer, noted: dict[str, Any]
) -> None:
    assert len(noted) >= 9
    client = facade.open(faults.endpoint, max_attempts=1)
    for name, exchange in noted.items():
        faults.posts.append(Status(exchange["status"], exchange["response_headers"], exchange["response"]))
        with pytest.raises(STATUSES[exchange["status"]]) as caught:
            await client.create_embeddings("embedder", "a text")
        assert isinstance(caught.value, ContentFilterError) is ("content_filter" in name)
        assert caught.value.status_code == exchange["status"]
