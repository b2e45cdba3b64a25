"""What a function of the user's own may return fits its column, or is an error before it is written."""

from __future__ import annotations

import pytest

from pgazure.pipeline.specification.values import fits


@pytest.mark.parametrize(
    ("value", "fitting"),
    [
        ({"a": ["é", 1.5, None]}, True),
        ({"path": r"\u0000 in six letters"}, True),
        ({"path": "a NUL: \x00"}, False),
        ({"path": "a backslash and a NUL: \\\x00"}, False),
        ({"half": "\ud800"}, False),
        ({"number": float("nan")}, False),
        (object(), False),
    ],
)
def test_json_is_what_postgres_can_hold(value: object, fitting: bool) -> None:
    assert fits(value, "jsonb") is fitting
