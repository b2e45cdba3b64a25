"""What an error means for the request that met it: try again, when, or look for the text to blame."""

from __future__ import annotations

from dataclasses import dataclass

from pgazure.errors import (
    InvalidRequestError,
    RateLimitError,
    ServiceError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceUnavailableError,
)

LONGEST_WAIT = 120.0
"""Seconds; a service that asks for more (an exhausted free quota asks for days) is not waited for."""

_LONGEST_BACK_OFF = 30.0

_NOT_IMPLEMENTED = 501

WRONG_DIMENSIONS = "WrongDimensions"
"""Code of an answer whose vectors have another length than was asked for: asking again costs and changes nothing."""

TOO_LONG = "AnswerTooLong"
"""Code of an answer that was cut off at the model's limit: the next one would be too."""

WRONG_PARAMETER = "WrongParameter"
"""Code for a request that is refused for its parameters, whatever the text."""

# A request refused for one of these would be refused with any other text too.
_BLAMES_PARAMETERS = {
    WRONG_PARAMETER,
    "ModelVersionIncorrect",
    "InvalidParameterValue",
    "UnsupportedLanguageCode",
    "InvalidCountryHint",
    "MissingInputRecords",
    "EmptyRequest",
    "400003",
    "400018",
    "400019",
    "400020",
    "400021",
    "400023",
    "400035",
    "400036",
}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long to try.

    Attributes:
        max_attempts: Times a request is sent at most, 1 or more.
        retry_delay_ms: Milliseconds before the second attempt; doubles with each further one.
        timeout_ms: Milliseconds for the whole call, waiting and polling included.
    """

    max_attempts: int = 5
    retry_delay_ms: float = 1000
    timeout_ms: float = 600_000


def is_retryable(error: ServiceError) -> bool:
    """Tell whether the same request may succeed later."""
    if isinstance(error, RateLimitError):
        return error.retry_after is None or error.retry_after <= LONGEST_WAIT
    if isinstance(error, ServiceUnavailableError):
        return error.status_code != _NOT_IMPLEMENTED and (error.retry_after or 0.0) <= LONGEST_WAIT
    if isinstance(error, ServiceResponseError):
        return error.code not in {WRONG_DIMENSIONS, TOO_LONG}
    return isinstance(error, ServiceRequestError)


def blames_a_text(error: ServiceError) -> bool:
    """Tell whether a request was refused for one of its texts, so that the others may pass without it."""
    return isinstance(error, InvalidRequestError) and error.code not in _BLAMES_PARAMETERS


def back_off(attempt: int, base: float, chance: float, retry_after: float | None = None) -> float:
    """Compute the seconds to wait after a failed attempt.

    Args:
        attempt: 1 after the first failure.
        base: Seconds of the first wait; doubles with each attempt, up to 30 seconds.
        chance: A random number in [0, 1): up to a quarter of the wait is added, so that clients part.
        retry_after: What the service asked for; never waited less.
    """
    own = min(base * 2.0 ** min(attempt - 1, 16), _LONGEST_BACK_OFF)
    wanted = max(own, retry_after) if retry_after is not None else own
    return min(wanted * (1 + chance / 4), max(LONGEST_WAIT, wanted))


def read_retry_after(seconds: str | None, milliseconds: str | None, now: float) -> float | None:
    """Read what a service asks to wait, in seconds; the longer where both headers are there.

    Args:
        seconds: ``Retry-After``: seconds or an HTTP date.
        milliseconds: ``retry-after-ms``.
        now: Seconds since the epoch, for a date.
    """
    waits = []
    if milliseconds is not None and (number := _read_number(milliseconds)) is not None:
        waits.append(number / 1000)
    if seconds is not None:
        number = _read_number(seconds)
        if number is None:
            number = _read_date(seconds, now)
        if number is not None:
            waits.append(number)
    return max(0.0, *waits) if waits else None


def _read_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _read_date(text: str, now: float) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  a rare header, a slow import

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
