"""Reading what services say, whatever its form."""

from __future__ import annotations

from typing import Any

import pytest

from pgazure.errors import (
    AuthenticationError,
    ContentFilterError,
    DeploymentNotFoundError,
    HttpStatusError,
    InvalidRequestError,
    RateLimitError,
    ServiceResponseError,
    ServiceUnavailableError,
)
from pgazure.services.errors import describe_status, read_error, withhold_texts
from pgazure.services.exchange import Document, find_pause, find_request_id, match_by_id, read_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("6", 6),
        ("0.5", 0.5),
        ("6s", 6),
        ("120ms", 0.12),
        ("1m30s", 90),
        ("1h", 3600),
        ("soon", None),
        ("1m30", None),
        ("-1", None),
        ("s", None),
    ],
)
def test_durations_of_rate_headers_are_read(text: str | None, seconds: float | None) -> None:
    assert read_duration(text) == seconds


def test_a_quota_used_up_asks_for_a_pause_and_an_odd_number_does_not() -> None:
    used_up = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "4"}
    assert find_pause(used_up) == 4
    assert find_pause({**used_up, "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "9s"}) == 9
    assert find_pause({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "4"}) is None
    assert find_pause({"x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "0"}) is None
    assert find_pause({"x-ratelimit-remaining-requests": "0"}) is None


def test_the_id_of_the_gateway_comes_first() -> None:
    assert find_request_id({"x-request-id": "b", "apim-request-id": "a"}) == "a"
    assert find_request_id({"x-requestid": "TRAN.1"}) == "TRAN.1"
    assert find_request_id({}) is None


def test_results_are_put_in_order_by_id() -> None:
    assert match_by_id([("1", "b"), ("0", "a")], 2, service="s", operation="o") == ["a", "b"]
    for wrong in (
        [("0", "a")],
        [("0", "a"), ("0", "b")],
        [("0", "a"), ("2", "b")],
        [("0", "a"), ("1", "b"), ("1", "c")],
    ):
        with pytest.raises(ServiceResponseError, match="documents"):
            match_by_id(wrong, 2, service="s", operation="o")


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (None, None, None),
        ([], None, None),
        ("text", None, None),
        ({"error": "broken"}, None, "broken"),
        ({"error": {"code": "429", "message": "slow"}}, "429", "slow"),
        ({"error": {"code": 400036, "message": "bad"}}, "400036", "bad"),
        ({"error": {"code": "A", "message": "a", "innererror": {"code": "B", "message": "b"}}}, "B", "b"),
        ({"error": {"code": "InternalServerError", "message": "a", "innerError": None}}, "InternalServerError", "a"),
        ({"statusCode": 401, "message": "Unauthorized."}, None, "Unauthorized."),
        (
            {"error": {"type": "invalid_request_error", "code": None, "message": "long"}},
            "invalid_request_error",
            "long",
        ),
        ({"error": {"code": None, "param": "dimensions", "message": "no"}}, "WrongParameter", "no"),
        (
            {"error": {"code": "content_filter", "param": "prompt", "message": "no", "innererror": {"code": "R"}}},
            "content_filter",
            "no",
        ),
    ],
)
def test_the_innermost_reason_is_found(body: Any, code: str | None, message: str | None) -> None:
    assert read_error(body) == (code, message)


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (401, {}, None, AuthenticationError),
        (403, {}, None, AuthenticationError),
        (403, {"Retry-After": "1296000"}, None, RateLimitError),
        (403, {}, {"error": {"code": 403001, "message": "free quota"}}, RateLimitError),
        (404, {}, None, DeploymentNotFoundError),
        (400, {}, None, InvalidRequestError),
        (400, {}, {"error": {"code": "content_filter", "message": "x"}}, ContentFilterError),
        (413, {}, None, InvalidRequestError),
        (422, {}, None, InvalidRequestError),
        (429, {}, None, RateLimitError),
        (408, {}, None, ServiceUnavailableError),
        (500, {}, None, ServiceUnavailableError),
        (504, {}, None, ServiceUnavailableError),
        (409, {}, None, HttpStatusError),
        (200, {}, None, ServiceResponseError),
    ],
)
def test_each_status_has_its_error(status: int, headers: dict[str, str], body: Any, kind: type[Exception]) -> None:
    error = describe_status(status, headers, body, service="translator", operation="translate")
    assert type(error) is kind
    assert error.status_code == status
    assert (error.service, error.operation) == ("translator", "translate")


def test_a_message_that_repeats_a_text_is_left_out_and_a_long_one_cut() -> None:
    documents = [Document("a secret that is long enough"), Document("hi")]
    assert withhold_texts("cannot read: a secret that is long enough", documents) is None
    assert withhold_texts("hi is too short", documents) == "hi is too short"
    assert len(withhold_texts("x" * 5_000, documents) or "") < 500


def test_a_document_does_not_show_its_text() -> None:
    assert "secret" not in repr(Document("a secret"))
