"""Which errors are tried again, when, and how long is waited."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgazure.errors import (
    AuthenticationError,
    ContentFilterError,
    DeploymentNotFoundError,
    HttpStatusError,
    InvalidRequestError,
    RateLimitError,
    ServiceError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceTimeoutError,
    ServiceUnavailableError,
)
from pgazure.flow.retry import LONGEST_WAIT, back_off, blames_a_text, is_retryable, read_retry_after

NOW = 1_767_225_600.0


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (RateLimitError("", status_code=429), True),
        (RateLimitError("", status_code=429, retry_after=119), True),
        (RateLimitError("", status_code=403, retry_after=1_296_000), False),
        (ServiceUnavailableError("", status_code=408), True),
        (ServiceUnavailableError("", status_code=500), True),
        (ServiceUnavailableError("", status_code=501), False),
        (ServiceUnavailableError("", status_code=503, retry_after=600), False),
        (ServiceRequestError(""), True),
        (ServiceResponseError("", code="ConnectionBroken"), True),
        (ServiceResponseError("", code="WrongDimensions"), False),
        (ServiceTimeoutError(""), False),
        (InvalidRequestError("", status_code=400), False),
        (InvalidRequestError("", status_code=400, retry_after=1), False),
        (ContentFilterError("", status_code=400), False),
        (AuthenticationError("", status_code=401), False),
        (DeploymentNotFoundError("", status_code=404), False),
        (HttpStatusError("", status_code=409), False),
    ],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'status_code', value)}",
)
def test_only_what_may_pass_is_tried_again(error: ServiceError, again: bool) -> None:
    assert is_retryable(error) is again


def test_only_a_refusal_of_the_text_makes_the_others_worth_trying() -> None:
    assert blames_a_text(InvalidRequestError("", code="InvalidDocument"))
    assert blames_a_text(ContentFilterError("", code="content_filter"))
    assert not blames_a_text(InvalidRequestError("", code="ModelVersionIncorrect"))
    assert not blames_a_text(InvalidRequestError("", code="400036"))
    assert not blames_a_text(ServiceUnavailableError("", status_code=503))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 1_000), st.floats(0, 10), st.floats(0, 0.999), st.none() | st.floats(0, LONGEST_WAIT))
def test_a_wait_is_bounded_and_never_shorter_than_asked(
    attempt: int, base: float, chance: float, retry_after: float | None
) -> None:
    wait = back_off(attempt, base, chance, retry_after)
    assert 0 <= wait <= LONGEST_WAIT
    assert wait >= (retry_after or 0)


def test_waits_double_and_part() -> None:
    assert [back_off(attempt, 1, 0) for attempt in range(1, 7)] == [1, 2, 4, 8, 16, 30]
    assert back_off(2, 1, 0.5) == 2.25


@pytest.mark.parametrize(
    ("seconds", "milliseconds", "wait"),
    [
        (None, None, None),
        ("3", None, 3),
        ("1.5", None, 1.5),
        (None, "250", 0.25),
        ("1", "0", 1),
        ("0", "4000", 4),
        ("Thu, 01 Jan 2026 00:00:10 GMT", None, 10),
        ("Thu, 01 Jan 2020 00:00:00 GMT", None, 0),
        ("soon", None, None),
        ("soon", "100", 0.1),
        ("-5", None, None),
        ("nan", "inf", None),
    ],
)
def test_the_longer_of_both_headers_counts(seconds: str | None, milliseconds: str | None, wait: float | None) -> None:
    assert read_retry_after(seconds, milliseconds, NOW) == wait
