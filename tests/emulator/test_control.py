"""The server's own routes: health, faults, the last requests, a fresh start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator

SECRET_TEXT = "the patient Alice Example"


def ask(server: Emulator, path: str, method: str = "GET", **more: Any) -> requests.Response:
    return requests.request(method, server.endpoint + path, timeout=30, **more)


def detect(server: Emulator, text: str = SECRET_TEXT, query: str = "", **headers: str) -> requests.Response:
    body = {"kind": "LanguageDetection", "analysisInput": {"documents": [{"id": "1", "text": text}]}}
    path = f"/language/:analyze-text?api-version=2023-04-01{query}"
    return ask(server, path, "POST", json=body, headers=headers or {"api-key": server.key})


def test_health_needs_no_key_and_is_not_counted(emulator: Emulator) -> None:
    assert ask(emulator, "/__health").json() == {"status": "ok"}
    assert (emulator.stats()["requests"], emulator.requests()) == (0, [])


def test_faults_are_ordered_listed_and_cleared_over_http(emulator: Emulator) -> None:
    [placed] = ask(emulator, "/__faults", "POST", json={"kind": "error", "status": 503, "nth": 1}).json()["faults"]
    assert (placed["kind"], placed["status"], placed["seen"], placed["struck"]) == ("error", 503, 0, 0)
    more = ask(emulator, "/__faults", "POST", data="reset nth=9\nnan every=7\n").json()["faults"]
    assert [one["kind"] for one in more] == ["reset", "nan"]
    assert [detect(emulator).status_code for _ in range(2)] == [503, 200]
    listed = ask(emulator, "/__faults").json()["faults"]
    assert [(one["kind"], one["seen"], one["struck"]) for one in listed] == [
        ("error", 2, 1),
        ("reset", 2, 0),
        ("nan", 2, 0),
    ]
    assert listed == emulator.faults()
    assert ask(emulator, "/__faults", "DELETE").json() == {"faults": []}
    assert emulator.faults() == []


@pytest.mark.parametrize("body", ["", "what", '{"kind": "error", "status": 1}', "[1]", '{"x": 1}', '"latency secs=1"'])
def test_a_wrong_order_is_refused_with_a_reason_and_orders_nothing(emulator: Emulator, body: str) -> None:
    answer = ask(emulator, "/__faults", "POST", data=body)
    if body:
        assert answer.status_code == 400
        assert "fault" in answer.json()["error"]["message"]
    assert emulator.faults() == []


def test_the_last_requests_tell_everything_but_keys_and_texts(emulator: Emulator) -> None:
    emulator.order("error status=500 nth=2")
    first, second = detect(emulator, query="&subscription-key=hidden-in-query"), detect(emulator)
    wrong = detect(emulator, Authorization="Bearer very.secret.token")
    told = ask(emulator, "/__requests").json()["requests"]
    assert told == emulator.requests()
    assert [one["status"] for one in told] == [200, 500, 401]
    ids = [answer.headers.get("apim-request-id", "") for answer in (first, second, wrong)]
    assert [one["request_id"] for one in told] == ids
    assert all(ids[:2])
    assert [[fault["kind"] for fault in one["faults"]] for one in told] == [[], ["error"], []]
    [one, *_] = told
    assert (one["method"], one["path"], one["service"]) == ("POST", "/language/:analyze-text", "Language")
    assert (one["operations"], one["items"]) == (["LanguageDetection"], 1)
    assert one["query"].startswith("api-version=2023-04-01&subscription-key=***")
    assert one["ms"] > 0
    assert one["time"].endswith("Z")
    everything = ask(emulator, "/__requests").text
    for secret in (emulator.key + '"', "hidden-in-query", "very.secret.token", SECRET_TEXT):
        assert secret not in everything
    assert [each["status"] for each in ask(emulator, "/__requests?last=1").json()["requests"]] == [401]
    assert ask(emulator, "/__requests?last=x").status_code == 400


def test_texts_are_listed_only_where_that_was_asked_for(make_emulator: MakeEmulator) -> None:
    server = make_emulator(keep_bodies=True, journal=2)
    for text in ("one", SECRET_TEXT, "three"):
        detect(server, text)
    bodies = [one["body"] for one in server.requests()]
    assert len(bodies) == 2
    assert SECRET_TEXT in bodies[0]


def test_polls_and_lists_are_listed_too(emulator: Emulator) -> None:
    ask(emulator, "/languages?api-version=2026-06-06")
    assert [(one["service"], one["operations"]) for one in emulator.requests()] == [("Translator", ["Languages"])]


def test_a_reset_is_a_fresh_start(emulator: Emulator) -> None:
    emulator.order("error status=500")
    detect(emulator)
    assert ask(emulator, "/__reset", "POST").json() == {}
    assert (emulator.stats()["requests"], emulator.requests(), emulator.faults()) == (0, [], [])
    assert detect(emulator).status_code == 200


def test_what_is_still_under_way_is_counted_until_it_is_sent(emulator: Emulator) -> None:
    emulator.order("slow_body seconds=0.4")
    answers = [
        requests.post(
            f"{emulator.endpoint}/score", json=[1], headers={"api-key": emulator.key}, timeout=30, stream=True
        )
        for _ in range(3)
    ]
    for answer in answers:
        answer.content  # noqa: B018  # reads it
    assert emulator.stats()["most_in_flight"] == 3
    while any(not one["ms"] for one in emulator.requests()):
        # The last piece is on its way before its request is booked as ended.
        pass
    assert all(one["ms"] > 390 for one in emulator.requests())
