"""Every recorded request to the Language service gets an answer of the recorded shape; what differs is listed here."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
import requests

from emulator.shapes import Comparison, Exchange, compare, compare_headers, find_folder, read_exchanges, send

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from pgazure.emulator import Emulator

RECORDINGS = find_folder("PGAZURE_RECORDINGS")
WIRE = find_folder("PGAZURE_WIRE")
# Lists whose length depends on what a model finds, and names that come and go with what it finds.
FILLED = {
    "entities", "sentences", "keyPhrases", "targets", "assessments", "relations", "matches", "links", "class",
    "summaries", "contexts", "items", "entityRecognitionTasks", "entityLinkingTasks", "entityRecognitionPiiTasks",
    "keyPhraseExtractionTasks", "sentimentAnalysisTasks",
}  # fmt: skip
FOUND = {"subcategory", "assertion", "name", "links", "conditionality", "certainty", "association"}
# One proxy before some regions adds headers of its own, and the region itself was told by some before it was by all.
PROXY = {"x-http2-stream-id", "date"}
TASKS = ("entityRecognitionTasks", "entityLinkingTasks", "entityRecognitionPiiTasks", "keyPhraseExtractionTasks",
         "sentimentAnalysisTasks")  # fmt: skip
PROGRESS = {*TASKS, "nextLink", "@nextLink"}
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LISTING = re.compile(r"(?:Supported|Possible) \w+(?: are)?:? .*")
ENDS = {"succeeded", "cancelled", "partiallyCompleted", "failed"}
WAIT = 30
BAD_REQUEST, SERVER_ERROR = 400, 500

_MODEL = "a small model judges what leaves room for doubt: emoticons, one word, an understatement"
_AUTUMN = "the preview of October 2022 changed while it was recorded; the emulator speaks as most of its answers do"
_HEALTH = "in 2022 health texts were English alone; the emulator takes the languages of today in every version"
ACCEPTED: dict[str, tuple[int, str]] = {
    "header x-ms-region is missing": (12, _AUTUMN),
    "$.lastUpdateDateTime is too many": (2, _AUTUMN),
    "$.lastUpdatedDateTime is missing": (2, _AUTUMN),
    "inner error message \"Job task: 'NamedEntityRecognition-0' failed with validation errors: ['Invalid parameter in "
    "request']\", not \"Job task: 'PersonallyIdentifiableInformation-2' failed with validation errors: ['Invalid "
    "parameter in request']\"": (1, "the service checks tasks side by side and tells whichever is first"),
    "$.displayName is too many": (2, "v3.1 wrote NA in 2021 and left it out a year later; most recordings have it"),
    "document error message 'Invalid document in request.', not 'Invalid Document in request.'": (
        2,
        "v3.1 wrote a small letter in 2021 and a capital one a year later; most recordings have the small one",
    ),
    "documents differ": (1, _HEALTH),
    "$.tasks.items[].results.documents[].relations is too many": (1, _HEALTH),
    "$.tasks.items[].results.documents[].fhirBundle is missing": (2, "there are no FHIR bundles"),
    "status 400, not 200": (1, "DynamicClassification was in one preview and is gone"),
    "language es, not en": (6, "the service takes one Spanish sentence for English, as its country hint says"),
    "sentiment positive, not neutral": (6, _MODEL),
    "sentiment negative, not neutral": (5, _MODEL),
    "sentiment neutral, not negative": (3, _MODEL),
    "sentiment neutral, not positive": (3, _MODEL),
    "sentiment mixed, not positive": (2, _MODEL),
    "sentiment negative, not positive": (1, _MODEL),
}
"""Differences that are known, how many exchanges show each, and why it is left so."""
MATCHING, COMPARED, SKIPPED = 672, 717, 8
WIRED = 73


@dataclass(frozen=True)
class Stage:
    """Two servers: jobs are done at once on one, and never on the other."""

    quick: Emulator
    slow: Emulator
    session: requests.Session

    def send(self, server: Emulator, exchange: Exchange) -> requests.Response:
        answer: requests.Response = send(server.endpoint, server.key, exchange, session=self.session)
        return answer


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    from pgazure.emulator import Emulator

    with Emulator() as quick, Emulator(job_time=3600) as slow, requests.Session() as session:
        yield Stage(quick, slow, session)


@cache
def files(folder: Path, pattern: str) -> list[list[Exchange]]:
    return [read_exchanges(path) for path in sorted(folder.glob(pattern))]


def differ(exchange: Exchange, answer: requests.Response, optional: Collection[str] = ()) -> Iterator[str]:
    """List how an answer differs from the recorded one: status, headers, structure, and values that are determined."""
    if answer.status_code != exchange.status:
        yield f"status {answer.status_code}, not {exchange.status}"
        return
    yield from compare_headers(answer.headers, exchange.headers, ignored=PROXY)
    given, recorded = (answer.json() if answer.content else None), exchange.answer
    if given is None or recorded is None:
        if given != recorded:
            yield "only one side has a body"
        return
    yield from compare(given, recorded, filled=FILLED, optional={*FOUND, *optional})
    if exchange.status >= BAD_REQUEST:
        yield from differ_in_errors(given["error"], recorded["error"])
        return
    bills = [headers.get("csp-billing-usage") for headers in (answer.headers, exchange.headers)]
    if bills[0] != bills[1]:
        yield "the bill differs"


def differ_in_errors(given: Any, recorded: Any) -> Iterator[str]:
    """List differing codes and messages; lists of languages and versions change from month to month."""
    for name in ("code", "message"):
        values = [LISTING.sub("", ID.sub("<id>", str(side.get(name)))) for side in (given, recorded)]
        if values[0] != values[1]:
            yield f"error {name} {values[0]!r}, not {values[1]!r}"
    if "innererror" in given and "innererror" in recorded:
        yield from (f"inner {line}" for line in differ_in_errors(given["innererror"], recorded["innererror"]))


def differ_in_results(given: Any, recorded: Any, texts: dict[str, str]) -> Iterator[str]:
    """List differences in what was found: ids, errors, sizes, and where a text leaves no doubt, what it says."""
    if [one["id"] for one in given["documents"]] != [one["id"] for one in recorded["documents"]]:
        yield "documents differ"
        return
    if [one["id"] for one in given["errors"]] != [one["id"] for one in recorded["errors"]]:
        yield "failed documents differ"
        return
    for one, other in zip(given["errors"], recorded["errors"], strict=True):
        yield from (f"document {line}" for line in differ_in_errors(one["error"], other["error"]))
    if given.get("statistics") != recorded.get("statistics"):
        yield "statistics differ"
    for one, other in zip(given["documents"], recorded["documents"], strict=True):
        if one.get("statistics") != other.get("statistics"):
            yield "statistics of a document differ"
        if [w["code"] for w in one["warnings"]] != [w["code"] for w in other["warnings"]]:
            yield "warnings differ"
        yield from differ_in_values(one, other)
        yield from check_spans(one, texts[one["id"]])


def differ_in_values(given: Any, recorded: Any) -> Iterator[str]:
    if given.get("sentiment") != recorded.get("sentiment"):
        yield f"sentiment {given.get('sentiment')}, not {recorded.get('sentiment')}"
    if given.get("redactedText") != recorded.get("redactedText"):
        yield "redacted text differs"
    found = [(side.get("detectedLanguage") or {}).get("iso6391Name") for side in (given, recorded)]
    if found[0] != found[1]:
        yield f"language {found[0]}, not {found[1]}"


def check_spans(document: Any, text: str) -> Iterator[str]:
    """Check that offsets and lengths slice the text, and that redaction masks the entities and nothing else."""
    parts = [*document.get("sentences", []), *document.get("entities", [])]
    parts += [match for entity in document.get("entities", []) for match in entity.get("matches", [])]
    for sentence in document.get("sentences", []):
        parts += [*sentence.get("targets", []), *sentence.get("assessments", [])]
    for part in parts:
        if "offset" in part and text[part["offset"] : part["offset"] + part["length"]] != part["text"]:
            yield "an offset does not slice the text"
    if "redactedText" in document:
        expected = list(text)
        for part in document["entities"]:
            start, end = part["offset"], part["offset"] + part["length"]
            expected[start:end] = "*" * (end - start)
        if document["redactedText"] != "".join(expected):
            yield "the redacted text is not the text with its entities masked"


def list_results(answer: Any) -> dict[str, Any]:
    """The results in an answer of any version, by task."""
    if "documents" in answer:
        return {"": answer}
    if "results" in answer:
        return {"": answer["results"]}
    tasks = answer.get("tasks", {})
    listed = [*tasks.get("items", [])]
    for group in TASKS:
        listed += tasks.get(group, [])
    return {task["taskName"]: task["results"] for task in listed if "results" in task}


def texts_of(body: Any) -> dict[str, str]:
    documents = (body.get("analysisInput") or body)["documents"]
    return {str(one["id"]): one["text"] for one in documents}


def differ_with_results(
    exchange: Exchange, answer: requests.Response, body: Any, optional: Collection[str] = ()
) -> list[str]:
    lines = list(differ(exchange, answer, optional))
    if exchange.answer and answer.content and answer.status_code == exchange.status == requests.codes.ok:
        given, recorded = list_results(answer.json()), list_results(exchange.answer)
        if exchange.answer.get("status", "succeeded") in ENDS and given.keys() != recorded.keys():
            lines.append("tasks differ")
        for name in given.keys() & recorded.keys():
            lines += differ_in_results(given[name], recorded[name], texts_of(body))
    return lines


def play(stage: Stage, exchanges: list[Exchange], compared: Comparison, skipped: Counter[str]) -> None:
    """Send what a file recorded: a request, or a job with its polls."""
    running: dict[str, str] = {}
    body: Any = None
    for exchange in exchanges:
        if exchange.path.startswith("/text/analytics/v3.2"):
            skipped["a preview of v3 that was never released"] += 1
        elif exchange.method == "POST" and not exchange.path.endswith(":cancel"):
            body = exchange.body
            answer = stage.send(stage.quick, exchange)
            lines = list(differ_with_results(exchange, answer, body))
            if answer.status_code == requests.codes.accepted:
                running = {"quick": answer.headers["operation-location"]}
                running["slow"] = stage.send(stage.slow, exchange).headers["operation-location"]
                if shape_of(running["quick"]) != shape_of(exchange.headers.get("operation-location", "")):
                    lines.append("operation-location has another form")
            compared.add(exchange.name, lines)
        elif not running or shape_of(running["quick"]).partition("?")[0] not in shape_of("//h" + exchange.path):
            skipped["a poll of a job whose start was not recorded"] += 1
        elif exchange.status >= SERVER_ERROR or exchange.status == requests.codes.timeout:
            skipped["a passing failure of the service"] += 1
        else:
            compared.add(exchange.name, list(follow(stage, exchange, running, body)))


def shape_of(url: str) -> str:
    return ID.sub("<id>", "/".join(url.split("/")[3:]))


def follow(stage: Stage, exchange: Exchange, running: dict[str, str], body: Any) -> Iterator[str]:
    """Send a poll or a cancellation, to the server whose job stands where the recorded one did."""
    status = (exchange.answer or {}).get("status")
    over = (status in ENDS and status != "cancelled") or exchange.status == requests.codes.bad_request
    server = stage.quick if over else stage.slow
    name = ID.search(running["quick" if over else "slow"])
    assert name is not None
    asked = replace(exchange, path=ID.sub(name.group(), exchange.path))
    answer = stage.send(server, asked)
    deadline = monotonic() + WAIT
    while over and exchange.method == "GET" and answer.json().get("status") not in ENDS and monotonic() < deadline:
        answer = stage.send(server, asked)
    # How far a job had come is not to be told from its request.
    yield from differ_with_results(exchange, answer, body, optional=() if over else PROGRESS)
    if over and exchange.status == requests.codes.ok:
        links = [side.get("nextLink", side.get("@nextLink", "")) for side in (answer.json(), exchange.answer)]
        if links[0].partition("?")[2] != links[1].partition("?")[2]:
            yield "the next link differs"
        counts = [{k: v for k, v in side.get("tasks", {}).items() if k in {"completed", "failed", "inProgress", "total"}}
                  for side in (answer.json(), exchange.answer)]  # fmt: skip
        if counts[0] != counts[1]:
            yield "counts of tasks differ"


@pytest.mark.skipif(RECORDINGS is None, reason="PGAZURE_RECORDINGS does not name the folder of recordings")
def test_recorded_requests_get_answers_of_the_recorded_shape(stage: Stage) -> None:
    assert RECORDINGS is not None
    compared, skipped = Comparison(), Counter[str]()
    for exchanges in files(RECORDINGS, "language/*.json"):
        play(stage, exchanges, compared, skipped)
    report = compared.report()
    assert compared.counts == {line: count for line, (count, _) in ACCEPTED.items()}, report
    assert len(compared.matching) == MATCHING, report
    assert len(compared.matching) + len(compared.differing) == COMPARED, report
    assert skipped.total() == SKIPPED, skipped


@pytest.mark.skipif(WIRE is None, reason="PGAZURE_WIRE does not name the folder of requests")
def test_requests_of_every_client_are_answered_in_full(stage: Stage) -> None:
    """The requests are those of the SDKs, and only they: what answered them was not the service."""
    assert WIRE is not None
    seen = 0
    for exchanges in files(WIRE, "language.*.json"):
        place = ""
        for exchange in exchanges:
            started = ID.search(place)
            asked = replace(exchange, path=ID.sub(started.group(), exchange.path)) if started else exchange
            answer = stage.send(stage.quick, asked)
            # Jobs are over here before anybody can cancel them.
            over = exchange.path.endswith(":cancel")
            assert answer.status_code == (requests.codes.bad_request if over else exchange.status), exchange.name
            place = answer.headers.get("operation-location", place)
            if exchange.method == "GET":
                assert answer.json()["status"] == "succeeded", exchange.name
            for results in list_results(answer.json() if answer.ok and answer.content else {}).values():
                assert results.get("documents") or results.get("conversations") or results["errors"], exchange.name
            seen += 1
    assert seen == WIRED
