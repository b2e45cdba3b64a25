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
    events = ask(emulator, "Translate to French: good day", stream=True)
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
    (call,) = answer.output
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
