"""Whatever is sent to the newer routes, the answer is one of their protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.noise import ANY, mostly, send

if TYPE_CHECKING:
    from pgazure.emulator import Emulator

TEXT = st.text(max_size=60) | st.sampled_from(
    [
        "Is <document>3 < 4</document> true?",
        "Summarize: a. b. c.",
        "What is 2 ** 9 / 0?",
        "((((1+1",
        '{"query": "x", "documents": ["a", 1, {"text": "b"}]}',
        "Translate to zz: x",
        "<documents><document index='a'>x</document></documents><query></query>",
        "Paris is in ",
        ": ",
        "9999999999999999999999 is prime",
        "May 99, 2024; 31.02.2024; 1,2,3.4.5",
    ]
)
WORD = st.sampled_from(
    ["type", "properties", "items", "enum", "anyOf", "$ref", "pattern", "minItems", "required", "format"]
)
SCHEMA = st.dictionaries(WORD, ANY, max_size=3) | st.just({"type": "object", "properties": {"a": {"type": "array"}}})
TOOL = st.fixed_dictionaries(
    {
        "type": mostly(st.just("function")),
        "function": mostly(st.fixed_dictionaries({"name": mostly(st.just("f")), "parameters": mostly(SCHEMA)})),
        "name": mostly(st.just("f")),
        "parameters": mostly(SCHEMA),
    }
)
MESSAGE = st.fixed_dictionaries(
    {"role": mostly(st.sampled_from(["user", "system", "assistant", "tool"])), "content": mostly(TEXT)}
)
OPTIONS: dict[str, Any] = {
    "temperature": mostly(st.just(1)),
    "tools": mostly(st.lists(TOOL, max_size=2)),
    "tool_choice": mostly(st.sampled_from(["auto", "none", "required"])),
    "stream": st.booleans(),
}
CHAT = st.fixed_dictionaries(
    {"model": mostly(st.just("gpt-4.1")), "messages": mostly(st.lists(MESSAGE, max_size=3))},
    optional=OPTIONS
    | {
        "max_tokens": mostly(st.integers(1, 30)),
        "n": mostly(st.just(2)),
        "stop": mostly(st.just(["."])),
        "logprobs": ANY,
        "top_logprobs": ANY,
        "stream_options": ANY,
        "response_format": mostly(
            st.fixed_dictionaries(
                {"type": mostly(st.just("json_schema"))},
                optional={
                    "json_schema": mostly(
                        st.fixed_dictionaries(
                            {"name": mostly(st.just("x")), "schema": mostly(SCHEMA)}, optional={"strict": ANY}
                        )
                    )
                },
            )
        ),
    },
)
RESPONSE = st.fixed_dictionaries(
    {"model": mostly(st.just("gpt-4.1")), "input": mostly(TEXT | st.lists(MESSAGE, max_size=3))},
    optional=OPTIONS
    | {
        "instructions": mostly(TEXT),
        "max_output_tokens": mostly(st.integers(16, 30)),
        "previous_response_id": ANY,
        "text": mostly(st.fixed_dictionaries({"format": ANY})),
        "metadata": ANY,
    },
)
COMPLETION = st.fixed_dictionaries(
    {"model": mostly(st.just("d")), "prompt": mostly(TEXT)}, optional={"max_tokens": ANY}
)
RERANK = st.fixed_dictionaries(
    {"query": mostly(TEXT), "documents": mostly(st.lists(TEXT | st.fixed_dictionaries({"text": TEXT}), max_size=3))},
    optional={"top_n": mostly(st.just(1)), "rank_fields": ANY, "model": ANY, "return_documents": ANY},
)
TRANSLITERATION = st.fixed_dictionaries(
    {"inputs": mostly(st.lists(st.fixed_dictionaries({"text": mostly(TEXT)}), max_size=2))}
)
DOCUMENTS = st.lists(st.fixed_dictionaries({"id": st.uuids().map(str), "text": mostly(TEXT)}), max_size=2)
CUSTOM = st.fixed_dictionaries(
    {}, optional={"projectName": mostly(st.just("p")), "deploymentName": mostly(st.just("d"))}
)
JOB = st.fixed_dictionaries(
    {
        "analysisInput": mostly(st.fixed_dictionaries({"documents": mostly(DOCUMENTS)})),
        "tasks": mostly(
            st.lists(
                st.fixed_dictionaries(
                    {
                        "kind": st.sampled_from(
                            [
                                "Healthcare",
                                "EntityLinking",
                                "CustomEntityRecognition",
                                "CustomSingleLabelClassification",
                            ]
                        ),
                        "parameters": mostly(CUSTOM),
                    }
                ),
                max_size=2,
            )
        ),
    }
)
TURN = st.fixed_dictionaries(
    {"id": mostly(st.just("1")), "text": mostly(TEXT)}, optional={"role": ANY, "participantId": ANY}
)
TALK = st.fixed_dictionaries(
    {
        "analysisInput": mostly(
            st.fixed_dictionaries(
                {
                    "conversations": mostly(
                        st.lists(
                            st.fixed_dictionaries(
                                {"id": mostly(st.just("c")), "conversationItems": mostly(st.lists(TURN, max_size=3))},
                                optional={"language": ANY, "modality": ANY},
                            ),
                            max_size=1,
                        )
                    )
                }
            )
        ),
        "tasks": mostly(
            st.lists(
                st.fixed_dictionaries(
                    {
                        "kind": mostly(st.just("ConversationalSummarizationTask")),
                        "parameters": mostly(
                            st.fixed_dictionaries(
                                {"summaryAspects": mostly(st.just(["issue", "resolution", "recap", "chapterTitle"]))}
                            )
                        ),
                    }
                ),
                max_size=2,
            )
        ),
    }
)
LANGUAGE = "/language/analyze-{}/jobs?api-version=2023-04-01"
REQUEST = st.one_of(
    st.tuples(st.just("/openai/v1/chat/completions"), mostly(CHAT)),
    st.tuples(st.just("/openai/v1/responses"), mostly(RESPONSE)),
    st.tuples(st.just("/openai/v1/completions"), mostly(COMPLETION)),
    st.tuples(st.just("/v2/rerank"), mostly(RERANK)),
    st.tuples(st.just("/v1/rerank"), mostly(RERANK)),
    st.tuples(st.just("/score"), ANY),
    st.tuples(
        st.just("/transliterate?api-version=2026-06-06&language=ru&fromScript=Cyrl&toScript=Latn"),
        mostly(TRANSLITERATION),
    ),
    st.tuples(st.just(LANGUAGE.format("text")), mostly(JOB)),
    st.tuples(st.just(LANGUAGE.format("conversations")), mostly(TALK)),
)


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(request=REQUEST)
def test_no_request_breaks_the_newer_routes(emulator_server: Emulator, request: tuple[str, Any]) -> None:
    answer = send(emulator_server, *request)
    if answer.status_code >= 400:
        assert answer.json().keys() & {"error", "message"}
    if answer.status_code == 202:
        # A job that breaks would never end.
        polled = requests.get(
            answer.headers["operation-location"], headers={"api-key": emulator_server.key}, timeout=30
        ).json()
        assert polled["status"] == "succeeded"
