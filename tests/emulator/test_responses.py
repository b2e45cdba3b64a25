"""The Responses API: the official clients work unchanged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI
from pydantic import BaseModel

from emulator import clients

if TYPE_CHECKING:
    from pgazure.emulator import Emulator

WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "Gets current weather for a location",
    "parameters": {
        "type": "object",
        "properties": {"latitude": {"type": "string"}, "longitude": {"type": "string"}},
        "required": ["latitude", "longitude"],
        "additionalProperties": False,
    },
    "strict": True,
}
QUESTION = "What's the weather at 52.5200, 13.4050?"


class Purchase(BaseModel):
    product: str
    price: float


def ask(server: Emulator, given: Any, **options: Any) -> Any:
    with OpenAI(base_url=f"{server.endpoint}/openai/v1/", api_key=server.key, max_retries=0) as client:
        answer = client.responses.create(**({"model": "gpt-5-mini", "input": given} | options))
        return list(answer) if options.get("stream") else answer


def test_an_answer_has_the_shape_of_the_service(emulator: Emulator) -> None:
    answer = ask(emulator, "What is 2 + 2?", instructions="Be brief.", metadata={"a": "b"})
    assert (answer.output_text, answer.status, answer.model) == ("4", "completed", "gpt-5-mini")
    assert (answer.instructions, answer.metadata, answer.error) == ("Be brief.", {"a": "b"}, None)
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer.usage.input_tokens_details.cached_tokens == 0
    assert [one["source_type"] for one in answer.content_filters] == ["prompt", "completion"]


async def test_the_asynchronous_clients_get_answers_on_both_routes(emulator: Emulator) -> None:
    async with clients.async_openai(emulator) as client:
        dated = await client.responses.create(model="gpt-4.1", input="Say hello")
    async with AsyncOpenAI(base_url=f"{emulator.endpoint}/openai/v1/", api_key=emulator.key) as client:
        current = await client.responses.create(model="gpt-4.1", input="Say hello")
        stream = await client.responses.create(model="gpt-4.1", input="Say hello", stream=True)
        last = [event async for event in stream][-1]
    assert dated.output_text == current.output_text == last.response.output_text == "hello"


def test_a_stream_has_the_events_of_the_service_in_order(emulator: Emulator) -> None:
    events = ask(emulator, "Translate to French: good day", model="gpt-4.1", stream=True)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type.removeprefix("response.") for event in events]
    assert list(dict.fromkeys(kinds)) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert events[0].response.output == []
    assert events[0].response.usage is None
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == events[-1].response.output_text == "[fr] good day"


def test_structured_output_is_parsed(emulator: Emulator) -> None:
    with OpenAI(base_url=f"{emulator.endpoint}/openai/v1/", api_key=emulator.key) as client:
        answer = client.responses.parse(
            model="gpt-4.1", input="Extract: <document>I bought the desk lamp for $20.</document>", text_format=Purchase
        )
    assert answer.output_parsed == Purchase(product="desk lamp", price=20)


def test_schemas_that_are_not_strict_are_refused(emulator: Emulator) -> None:
    form = {"type": "json_schema", "name": "x", "strict": True, "schema": {"type": "object", "properties": {}}}
    with pytest.raises(BadRequestError) as refused:
        ask(emulator, "x", text={"format": form})
    assert refused.value.param == "text.format.schema"
    assert "'additionalProperties' is required" in refused.value.message


def test_tools_are_called_and_their_results_used(emulator: Emulator) -> None:
    answer = ask(emulator, QUESTION, tools=[WEATHER])
    thought, call = answer.output
    assert (thought.type, thought.summary, thought.encrypted_content) == ("reasoning", [], None)
    assert (call.type, call.name, call.status) == ("function_call", "weather", "completed")
    assert json.loads(call.arguments) == {"latitude": "52.5200", "longitude": "13.4050"}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "15 degrees"}
    said = [{"role": "user", "content": QUESTION}, call.model_dump(exclude_none=True), result]
    assert ask(emulator, said, tools=[WEATHER]).output_text == "15 degrees"
    assert ask(emulator, [result], previous_response_id=answer.id, tools=[WEATHER]).output_text == "15 degrees"
    events = ask(emulator, QUESTION, tools=[WEATHER], stream=True)
    pieces = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    assert "".join(pieces) == call.arguments


def test_an_answer_can_be_gone_on_from_shown_and_deleted(emulator: Emulator) -> None:
    with OpenAI(base_url=f"{emulator.endpoint}/openai/v1/", api_key=emulator.key, max_retries=0) as client:
        first = client.responses.create(model="gpt-4.1", input="Hello there, I am new here.")
        second = client.responses.create(model="gpt-4.1", input="What is 3 + 4?", previous_response_id=first.id)
        assert second.usage is not None
        assert first.usage is not None
        assert second.output_text == "7"
        assert second.usage.input_tokens > first.usage.input_tokens
        assert client.responses.retrieve(first.id).output_text == first.output_text
        client.responses.delete(first.id)
        with pytest.raises(NotFoundError):
            client.responses.retrieve(first.id)
        with pytest.raises(BadRequestError) as refused:
            client.responses.create(model="gpt-4.1", input="x", previous_response_id=first.id)
        assert refused.value.code == "previous_response_not_found"
        unkept = client.responses.create(model="gpt-4.1", input="x", store=False)
        with pytest.raises(NotFoundError):
            client.responses.retrieve(unkept.id)


def test_a_limit_leaves_the_answer_incomplete(emulator: Emulator) -> None:
    said = "Translate to French: " + "word " * 40
    answer = ask(emulator, said, max_output_tokens=16)
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert answer.usage.output_tokens == 16
    assert ask(emulator, said, max_output_tokens=16, stream=True)[-1].type == "response.incomplete"


@pytest.mark.parametrize(
    ("options", "param", "code"),
    [
        ({"max_output_tokens": 5}, "max_output_tokens", "integer_below_min_value"),
        ({"temperature": 0.2}, "temperature", "unsupported_value"),
        ({"input": 5}, "input", "invalid_type"),
        ({"input": [{"role": "boss", "content": "x"}]}, "input[0]", "invalid_value"),
        ({"text": {"format": {"type": "json_object"}}}, "input", None),
        ({"tools": [{"type": "telepathy"}]}, "tools[0].type", "invalid_value"),
        ({"input": "trigger-content-filter"}, "prompt", "content_filter"),
    ],
)
def test_requests_that_the_service_refuses_are_refused(
    emulator: Emulator, options: dict[str, Any], param: str, code: str | None
) -> None:
    with pytest.raises(BadRequestError) as refused:
        ask(emulator, "hi", **options)
    assert (refused.value.param, refused.value.code) == (param, code)


def open_client(server: Emulator) -> Any:
    return OpenAI(base_url=f"{server.endpoint}/openai/v1/", api_key=server.key, max_retries=0)


def test_work_in_the_background_is_queued_then_done(emulator: Emulator) -> None:
    with open_client(emulator) as client:
        begun = client.responses.create(model="gpt-4.1", input="What is 2 + 3?", background=True)
        assert (begun.status, begun.output, begun.usage) == ("queued", [], None)
        done = client.responses.retrieve(begun.id)
        assert (done.status, done.output_text) == ("completed", "5")
        assert client.responses.cancel(begun.id).status == "completed"
        given_up = client.responses.create(model="gpt-4.1", input="What is 2 + 3?", background=True)
        assert client.responses.cancel(given_up.id).status == "cancelled"
        assert client.responses.retrieve(given_up.id).output == []
        at_once = client.responses.create(model="gpt-4.1", input="hi")
        with pytest.raises(BadRequestError, match="Cannot cancel a synchronous response"):
            client.responses.cancel(at_once.id)
        with pytest.raises(BadRequestError, match="must be stored"):
            client.responses.create(model="gpt-4.1", input="hi", background=True, store=False)


def test_a_stream_that_broke_off_is_gone_on_with(emulator: Emulator) -> None:
    with open_client(emulator) as client:
        events = list(client.responses.create(model="gpt-4.1", input="Say hello", background=True, stream=True))
        again = list(client.responses.retrieve(events[0].response.id, stream=True, starting_after=3))
    assert [event.type for event in events[:3]] == ["response.created", "response.queued", "response.in_progress"]
    assert again == events[4:]


def test_what_was_asked_is_listed_a_page_at_a_time(emulator: Emulator) -> None:
    said = [{"role": "user", "content": f"Number {number}"} for number in range(5)]
    with open_client(emulator) as client:
        answer = client.responses.create(model="gpt-4.1", input=said)
        page = client.responses.input_items.list(answer.id, limit=2)
        assert [item.content[0].text for item in page.data] == ["Number 4", "Number 3"]
        assert [item.content[0].text for item in page] == [f"Number {number}" for number in (4, 3, 2, 1, 0)]
        first = client.responses.input_items.list(answer.id, limit=1, order="asc")
        assert first.data[0].content[0].text == "Number 0"


def test_tokens_are_counted_without_an_answer(emulator: Emulator) -> None:
    with open_client(emulator) as client:
        counted = client.responses.input_tokens.count(model="gpt-4.1", input="What is 2 + 3?")
        usage = client.responses.create(model="gpt-4.1", input="What is 2 + 3?").usage
    assert usage is not None
    assert counted.input_tokens == usage.input_tokens


def test_calls_and_their_results_have_to_match(emulator: Emulator) -> None:
    call = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "call_2", "output": "15"}
    with pytest.raises(BadRequestError, match="No tool output found for function call call_1"):
        ask(emulator, [call])
    with pytest.raises(BadRequestError, match="No tool call found for function call output with call_id call_2"):
        ask(emulator, [call, result])
    asked = ask(emulator, QUESTION, tools=[WEATHER])
    with pytest.raises(BadRequestError, match="No tool output found"):
        ask(emulator, "And now?", previous_response_id=asked.id, tools=[WEATHER])


def test_several_tools_are_called_at_once_unless_that_is_forbidden(emulator: Emulator) -> None:
    tool = WEATHER | {"parameters": {"type": "object", "properties": {"city": {"type": "string"}}}, "strict": False}
    question = "What is the weather in Paris, London and Tokyo?"
    asked = ask(emulator, question, model="gpt-4.1", tools=[tool])
    assert [json.loads(call.arguments)["city"] for call in asked.output] == ["Paris", "London", "Tokyo"]
    assert len(ask(emulator, question, model="gpt-4.1", tools=[tool], parallel_tool_calls=False).output) == 1


def test_probabilities_come_where_they_are_included(emulator: Emulator) -> None:
    include = ["message.output_text.logprobs"]
    answer = ask(emulator, "Say hello", model="gpt-4.1", include=include, top_logprobs=3)
    (weighed,) = answer.output[0].content[0].logprobs
    assert (weighed.token, len(weighed.top_logprobs)) == ("hello", 3)
    assert ask(emulator, "Say hello", model="gpt-4.1").output[0].content[0].logprobs == []


def test_thinking_is_sealed_and_counted(emulator: Emulator) -> None:
    hard = ask(emulator, "hi", reasoning={"effort": "high"}, include=["reasoning.encrypted_content"])
    assert hard.output[0].type == "reasoning"
    assert hard.output[0].encrypted_content.startswith("gAAAAA")
    assert hard.usage.output_tokens > hard.usage.output_tokens_details.reasoning_tokens == 256
    assert ask(emulator, "hi", reasoning={"effort": "minimal"}).output[0].type == "message"
    with pytest.raises(BadRequestError, match=r"'reasoning\.effort' is not supported with this model"):
        ask(emulator, "hi", model="gpt-4.1", reasoning={"effort": "low"})


def test_the_oldest_is_left_out_where_a_conversation_may_be_shortened(emulator: Emulator) -> None:
    said = [{"role": "user", "content": "word " * 9000}, {"role": "user", "content": "Say hello"}]
    with pytest.raises(BadRequestError, match="maximum context length"):
        ask(emulator, said, model="gpt-4")
    assert ask(emulator, said, model="gpt-4", truncation="auto").output_text == "hello"
