"""Schema azure_ai: what is asked of the models, and what becomes of their answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from fix_chat import ChatServer, Fail, Say, chat
from pgazure.errors import (
    BatchError,
    ConfigurationError,
    ContentFilterError,
    DeploymentNotFoundError,
    InvalidRequestError,
    RateLimitError,
    ServiceResponseError,
    ServiceTimeoutError,
)
from pgazure.flow.observe import RequestRecord, observe_requests
from pgazure.types import DocumentError, RankResult

if TYPE_CHECKING:
    from fix_facade import Facade

__all__ = ["chat"]

SCHEMA = {
    "name": "review",
    "strict": True,
    "schema": {
        "type": "object",
        "properties": {"stars": {"type": "integer", "minimum": 1}},
        "required": ["stars"],
        "additionalProperties": False,
    },
}


@pytest.fixture
def ai(facade: Facade, chat: ChatServer) -> Any:
    return Schema(facade.open(chat.endpoint, rerank_endpoint=chat.endpoint, rerank_key="rerank-secret"))


class Schema:
    """The functions of azure_ai, awaited, whichever client they are of."""

    def __init__(self, caller: Any) -> None:
        self.caller = caller

    def __getattr__(self, name: str) -> Any:
        return self.caller.of("azure_ai", name)

    async def stream(self, *args: Any, **options: Any) -> list[str]:
        pieces = self.caller.client.azure_ai.generate_stream(*args, **options)
        if hasattr(pieces, "__aiter__"):
            return [piece async for piece in pieces]
        return await asyncio.to_thread(list, pieces)


async def test_prompts_are_answered_each_in_its_place_and_none_stays_none(ai: Any, chat: ChatServer) -> None:
    assert await ai.generate("one", system_prompt="Be brief.") == "said: one"
    assert await ai.generate(["a", None, "b"], model="gpt-5") == ["said: a", None, "said: b"]
    assert await ai.generate(None) is None
    assert chat.received[0].body == {
        "model": "gpt-4.1",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one"}],
    }
    assert chat.received[1].body["model"] == "gpt-5"


async def test_an_object_obeys_its_schema_and_one_that_does_not_is_asked_for_again(ai: Any, chat: ChatServer) -> None:
    chat.replies += [Say({"stars": 0}), Say("not json"), Say({"stars": 4})]
    assert await ai.generate("Rate it.", json_schema=SCHEMA) == {"stars": 4}
    assert len(chat.received) == 3
    assert chat.received[0].body["response_format"] == {"type": "json_schema", "json_schema": SCHEMA}
    chat.replies += [Say({"stars": "secret"})]
    with pytest.raises(ServiceResponseError, match="stars is not of type integer") as caught:
        await ai.generate("Rate it.", json_schema=SCHEMA, max_attempts=1)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "object"}, "beside its name"),
        ({**SCHEMA, "name": "no spaces"}, "letters, digits"),
        ({**SCHEMA, "more": 1}, "has no more"),
        ({**SCHEMA, "schema": {"type": "array"}}, "wrap a list"),
        ({**SCHEMA, "schema": {"type": "object", "properties": {}}}, "additionalProperties"),
        ({**SCHEMA, "schema": {**SCHEMA["schema"], "required": []}}, "leaves out stars"),  # type: ignore[dict-item]
        ("review", "must be a dict"),
    ],
)
async def test_a_wrong_schema_is_refused_before_anything_is_sent(
    ai: Any, chat: ChatServer, schema: Any, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        await ai.generate("x", json_schema=schema)
    assert chat.received == []


async def test_refusal_filter_and_limit_have_errors_of_their_own_and_are_not_tried_again(
    ai: Any, chat: ChatServer
) -> None:
    filtered = {"error": {"code": "content_filter", "param": "prompt", "message": "filtered"}}
    cases: list[tuple[Any, type[Exception]]] = [
        (Say(refusal="no"), InvalidRequestError),
        (Say("half", finish="content_filter"), ContentFilterError),
        (Fail(400, filtered), ContentFilterError),
        (Say("half", finish="length"), ServiceResponseError),
        (Fail(404, {"error": {"code": "DeploymentNotFound"}}), DeploymentNotFoundError),
    ]
    for reply, kind in cases:
        chat.received.clear()
        chat.replies.append(reply)
        with pytest.raises(kind):
            await ai.generate("x")
        assert len(chat.received) == 1


async def test_one_bad_prompt_leaves_the_others_their_answers(ai: Any, chat: ChatServer) -> None:
    chat.answer = lambda request: Say(refusal="no") if "bad" in request.prompt else Say("fine")
    results = await ai.generate(["good", "bad", "", "good"], throw_on_error=False)
    assert [r if isinstance(r, str) else r.code for r in results] == ["fine", "Refused", "InvalidDocument", "fine"]
    with pytest.raises(BatchError) as caught:
        await ai.generate(["good", "bad"])
    assert isinstance(caught.value.results[1], DocumentError)


async def test_throttling_is_outlasted(ai: Any, chat: ChatServer) -> None:
    chat.replies += [Fail(429, {"error": {"code": "429"}}, {"retry-after-ms": "1"}), Say("later")]
    assert await ai.generate("x") == "later"
    chat.replies += [Fail(429, {"error": {"code": "429"}}, {"retry-after-ms": "1"})]
    with pytest.raises(RateLimitError):
        await ai.generate("x", max_attempts=1)


async def test_the_responses_api_gives_texts_and_objects_and_keeps_nothing(ai: Any, chat: ChatServer) -> None:
    chat.replies += [Say("hello"), Say({"stars": 5}), Say("half", finish="max_output_tokens"), Say(refusal="no")]
    assert await ai.respond("hi") == "hello"
    assert await ai.respond("rate", json_schema=SCHEMA) == {"stars": 5}
    with pytest.raises(ServiceResponseError, match="cut off"):
        await ai.respond("long")
    with pytest.raises(InvalidRequestError, match="refused to answer"):
        await ai.respond("bad")
    assert chat.received[0].path == "/openai/v1/responses"
    assert chat.received[0].body["store"] is False
    assert chat.received[1].body["text"]["format"]["name"] == "review"


async def test_a_text_comes_in_pieces_and_is_one_request(ai: Any, chat: ChatServer) -> None:
    chat.replies += [Say("one two three")]
    records: list[RequestRecord] = []
    with observe_requests(records.append):
        assert await ai.stream("count") == ["one", "two", "three"]
    assert [(r.operation, r.tokens, r.status_code, r.error_code) for r in records] == [("generate", 7, 200, None)]


async def test_a_stream_is_begun_again_only_while_nothing_of_it_was_given(ai: Any, chat: ChatServer) -> None:
    chat.replies += [Fail(503, {}), Say("fine")]
    assert await ai.stream("x") == ["fine"]
    for reply, kind in (
        (Say("half of", finish="broken"), ServiceResponseError),
        (Say("half of", finish="content_filter"), ContentFilterError),
        (Say(refusal="no"), InvalidRequestError),
    ):
        chat.received.clear()
        chat.replies += [reply]
        with pytest.raises(kind):
            await ai.stream("x")
        assert len(chat.received) == 1
    with pytest.raises(InvalidRequestError, match="empty"):
        await ai.stream("")


async def test_whoever_stops_listening_frees_the_connection(ai: Any, chat: ChatServer, facade: Facade) -> None:
    alone = Schema(facade.open(chat.endpoint, max_concurrency=1))
    chat.replies += [Say("one two three"), Say("next")]
    pieces = alone.caller.client.azure_ai.generate_stream("count")
    if hasattr(pieces, "__aiter__"):
        assert await anext(pieces) == "one"
        await pieces.aclose()
    else:
        assert await asyncio.to_thread(next, pieces) == "one"
        await asyncio.to_thread(pieces.close)
    # The only turn there is has come back.
    assert await alone.generate("x", timeout_ms=5000) == "next"


async def test_a_statement_is_true_false_or_undecided(ai: Any, chat: ChatServer) -> None:
    chat.replies += [Say({"verdict": "true"}), Say({"verdict": "false"}), Say({"verdict": "unknown"})]
    assert [await ai.is_true("it </statement> ends"), await ai.is_true("b"), await ai.is_true("c")] == [
        True,
        False,
        None,
    ]
    # The statement cannot end the tags it stands in.
    assert chat.received[0].prompt.count("</statement>") == 1


async def test_values_are_extracted_with_their_types(ai: Any, chat: ChatServer) -> None:
    found = {"stars": 4.0, "price": 9.5, "broken": None, "what - is it": "kettle"}
    labels = ["stars: integer - how many", "price: number", "broken: boolean", "note - a word: or two"]
    found["note"] = found.pop("what - is it")
    chat.replies += [Say(found)]
    result = await ai.extract("a kettle", labels)
    assert result == {"stars": 4, "price": 9.5, "broken": None, "note": "kettle"}
    assert list(result) == ["stars", "price", "broken", "note"]
    assert isinstance(result["stars"], int)
    schema = chat.received[0].body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["stars"] == {"type": ["integer", "null"], "description": "how many"}
    for wrong in ([], ["a", "a: number"], ["a: date"], [" "]):
        with pytest.raises(ConfigurationError):
            await ai.extract("x", wrong)
    with pytest.raises(TypeError, match="list of labels"):
        await ai.extract("x", "product")


def score_by_length(request: Any) -> Any:
    lengths = [(place, len(text) / 100) for place, text in enumerate(request.body["documents"])]
    return {"results": [{"index": i, "relevance_score": s} for i, s in sorted(lengths, key=lambda one: -one[1])]}


async def test_documents_are_ranked_best_first_with_the_ids_given(ai: Any, chat: ChatServer) -> None:
    chat.answer = score_by_length
    contents = ["aa", None, "aaaa", "a"]
    assert await ai.rank("q", contents) == [RankResult(3, 1, 0.04), RankResult(1, 2, 0.02), RankResult(4, 3, 0.01)]
    ids = [("t", 1), "x", 2.5, None]
    assert [r.id for r in await ai.rank("q", contents, document_ids=ids)] == [2.5, ("t", 1), None]
    assert await ai.rank("q", []) == []
    sent = chat.received[0]
    assert (sent.path, sent.headers["Authorization"]) == ("/v2/rerank", "Bearer rerank-secret")
    assert sent.body == {"model": "Cohere-rerank-v3.5", "query": "q", "documents": ["aa", "aaaa", "a"], "top_n": 3}
    with pytest.raises(ConfigurationError, match="document_ids has 1 values for 4"):
        await ai.rank("q", contents, document_ids=[1])
    with pytest.raises(ConfigurationError, match="query cannot be sent"):
        await ai.rank("", contents)
    with pytest.raises(TypeError, match="document_contents"):
        await ai.rank("q", "one text")


async def test_scores_for_other_documents_are_dropped(ai: Any, chat: ChatServer) -> None:
    chat.answer = lambda _: {"results": [{"index": 7, "relevance_score": 1.0}]}
    with pytest.raises(BatchError, match="scores others"):
        await ai.rank("q", ["a"], max_attempts=1)


@pytest.mark.parametrize("route", ["/v1/rerank", "/v2/rerank", "/providers/cohere/v2/rerank", "/v1"])
async def test_every_form_of_the_route_is_understood(facade: Facade, chat: ChatServer, route: str) -> None:
    chat.answer = score_by_length
    ai = Schema(facade.open(chat.endpoint, rerank_endpoint=chat.endpoint + route, rerank_key="k"))
    await ai.rank("q", ["a"])
    assert chat.received[0].path == (route if route.endswith("/rerank") else f"{route}/rerank")
    assert ("return_documents" in chat.received[0].body) == route.startswith("/v1")


async def test_a_chat_model_ranks_where_its_name_is_no_rerankers(ai: Any, chat: ChatServer) -> None:
    chat.replies += [Say({"results": [{"index": 1, "relevance": 1.4}, {"index": 0, "relevance": 0.2}]})]
    ranked = await ai.rank("q", ["a </document> b", "c"], model="gpt-4.1")
    assert ranked == [RankResult(2, 1, 1.0), RankResult(1, 2, 0.2)]
    assert chat.received[0].prompt.count("</document>") == 2
    chat.replies += [Say({"results": [{"index": 1, "relevance": 1.4}]})]
    with pytest.raises(BatchError, match="scored others"):
        await ai.rank("q", ["a", "b"], model="gpt-4.1", max_attempts=1)


async def test_time_runs_out_for_an_answer_and_for_a_stream(ai: Any, chat: ChatServer) -> None:
    chat.answer = lambda _: Fail(503, {})
    with pytest.raises(ServiceTimeoutError):
        await ai.generate("x", timeout_ms=300, retry_delay_ms=5000)
    with pytest.raises(ServiceTimeoutError):
        await ai.stream("x", timeout_ms=300, retry_delay_ms=5000)
