"""Whatever is sent, the answer is one of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.noise import ANY, mostly, send

if TYPE_CHECKING:
    from pgazure.emulator import Emulator

TEXT = st.text(max_size=60)
KIND = st.sampled_from(
    ["SentimentAnalysis", "LanguageDetection", "KeyPhraseExtraction", "EntityRecognition", "PiiEntityRecognition"]
)
DOCUMENT = st.fixed_dictionaries(
    {"id": mostly(st.uuids().map(str)), "text": mostly(TEXT)},
    optional={"language": mostly(st.sampled_from(["en", "es", "ja", "xx", ""])), "countryHint": mostly(st.just("US"))},
)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "modelVersion": mostly(st.just("latest")),
        "stringIndexType": mostly(st.sampled_from(["UnicodeCodePoint", "Utf16CodeUnit", "TextElements_v8"])),
        "opinionMining": mostly(st.booleans()),
        "piiCategories": mostly(st.just(["Email"])),
        "domain": mostly(st.just("phi")),
        "sentenceCount": mostly(st.integers(1, 3)),
        "sortBy": mostly(st.just("Rank")),
    },
)
INPUT = st.fixed_dictionaries({"documents": mostly(st.lists(DOCUMENT, max_size=4))})
ANALYSIS = st.fixed_dictionaries(
    {"kind": mostly(KIND), "analysisInput": mostly(INPUT), "parameters": mostly(PARAMETERS)}
)
TASK = st.fixed_dictionaries(
    {"kind": mostly(st.sampled_from(["ExtractiveSummarization", "AbstractiveSummarization", "SentimentAnalysis"]))},
    optional={"parameters": mostly(PARAMETERS), "taskName": ANY},
)
JOB = st.fixed_dictionaries(
    {"analysisInput": mostly(INPUT), "tasks": mostly(st.lists(TASK, max_size=3))}, optional={"displayName": ANY}
)
TARGET = st.fixed_dictionaries({"language": mostly(st.sampled_from(["es", "de"]))}, optional={"script": ANY})
TRANSLATION = st.fixed_dictionaries(
    {
        "inputs": mostly(
            st.lists(
                st.fixed_dictionaries(
                    {"text": mostly(TEXT), "targets": mostly(st.lists(TARGET, max_size=2))},
                    optional={
                        "language": mostly(st.just("en")),
                        "textType": mostly(st.sampled_from(["Plain", "Html"])),
                    },
                ),
                max_size=3,
            )
        )
    }
)
EMBEDDING = st.fixed_dictionaries(
    {"model": mostly(st.just("m")), "input": mostly(st.lists(TEXT, max_size=3))},
    optional={"dimensions": mostly(st.integers(1, 9)), "encoding_format": mostly(st.just("base64"))},
)
LANGUAGE = "/language/:analyze-text?api-version=2023-04-01"
REQUEST = st.one_of(
    st.tuples(st.just(LANGUAGE), mostly(ANALYSIS)),
    st.tuples(st.just("/language/analyze-text/jobs?api-version=2023-04-01"), mostly(JOB)),
    st.tuples(st.just("/translate?api-version=2026-06-06"), mostly(TRANSLATION)),
    st.tuples(st.just("/openai/v1/embeddings"), mostly(EMBEDDING)),
)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(request=REQUEST)
def test_no_request_breaks_the_server(emulator_server: Emulator, request: tuple[str, Any]) -> None:
    path, body = request
    answer = send(emulator_server, path, body)
    if answer.status_code >= 400:
        assert set(answer.json()) == {"error"}
    elif path == LANGUAGE:
        check_spans(body, answer.json()["results"])


def check_spans(body: dict[str, Any], results: dict[str, Any]) -> None:
    if body["parameters"] is None or body["parameters"].get("stringIndexType") != "UnicodeCodePoint":
        return
    texts = {one["id"]: one["text"] for one in body["analysisInput"]["documents"]}
    for document in results["documents"]:
        for part in [*document.get("entities", []), *document.get("sentences", [])]:
            assert texts[document["id"]][part["offset"] : part["offset"] + part["length"]] == part["text"]
