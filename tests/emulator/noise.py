"""Requests of which most make sense, and come far, and the rest could be anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pgazure.emulator import Emulator

ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(good, good, good, ANY)


def send(server: Emulator, path: str, body: Any) -> requests.Response:
    """Send a request whose answer has to be one of the protocol: no failure of the server, and none of the client's."""
    headers = {"api-key": server.key, "Content-Type": "application/json"}
    answer = requests.post(server.endpoint + path, data=json.dumps(body), headers=headers, timeout=30)
    assert answer.status_code in {200, 202, 400, 413}, answer.text
    return answer
