"""Chat completions: the official clients work unchanged, and errors are the service's."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
import requests
from openai import APIStatusError, AsyncOpenAI, BadRequestError, NotFoundError, RateLimitError

from emulator import clients

if TYPE_CHECKING:
    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_current_temperature",
        "description": "Get the current temperature in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
CALCULATOR = {
    "type": "function",
    "function": {
        "name": "calculator",
        "description": "Perform mathematical calculations.",
        "parameters": {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]},
    },
}


def ask(server: Emulator, *said: Any, **options: Any) -> Any:
    messages = [{"role": "user", "content": one} if isinstance(one, str) else one for one in said]
    with clients.openai(server) as client:
        answer = client.chat.completions.create(**({"model": "gpt-4.1", "messages": messages} | options))
        return list(answer) if options.get("stream") else answer


def refusal(server: Emulator, *said: Any, **options: Any) -> APIStatusError:
    with pytest.raises(APIStatusError) as refused:
        ask(server, *said, **options)
    return refused.value


def test_an_answer_has_the_shape_of_the_service(emulator: Emulator) -> None:
    answer = ask(emulator, {"role": "system", "content": "You are helpful."}, "What is 15 * 8?", model="gpt-4o", seed=1)
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason, choice.message.role) == ("120", "stop", "assistant")
    assert answer.model == "gpt-4o-2024-11-20"
    assert answer.id.startswith("chatcmpl-")
    assert answer.prompt_filter_results[0]["content_filter_results"]["hate"] == {"filtered": False, "severity": "safe"}
    assert choice.content_filter_results["violence"]["severity"] == "safe"
    assert answer.usage.completion_tokens == 2
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 2


def test_tokens_of_the_prompt_are_counted_as_the_service_does(emulator: Emulator) -> None:
    # Counts of recorded answers of the service.
    assert ask(emulator, "Tell me a joke about opentelemetry", model="gpt-4.1-mini").usage.prompt_tokens == 16
    assert ask(emulator, "Count r's in strawberry", model="gpt-5-nano").usage.prompt_tokens == 11


async def test_the_asynchronous_clients_get_answers_on_both_routes(emulator: Emulator) -> None:
    options: Any = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Translate to Spanish: Good morning"}]}
    async with clients.async_openai(emulator) as client:
        dated = await client.chat.completions.create(**options)
        pieces = [chunk async for chunk in await client.chat.completions.create(**options, stream=True)]
    async with AsyncOpenAI(base_url=f"{emulator.endpoint}/openai/v1/", api_key=emulator.key) as client:
        current = await client.chat.completions.create(**options)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in pieces if chunk.choices)
    assert dated.choices[0].message.content == current.choices[0].message.content == text == "[es] Good morning"


def test_the_same_question_gets_the_same_answer(emulator: Emulator) -> None:
    said = "Summarize in one sentence: The room was clean. The host was kind. We would come again to this place."
    assert len({ask(emulator, said, temperature=1.5).choices[0].message.content for _ in range(3)}) == 1


def test_a_stream_begins_with_the_filter_and_ends_with_the_usage(emulator: Emulator) -> None:
    chunks = ask(emulator, "Say hello", stream=True, stream_options={"include_usage": True})
    first, role, *middle, last, usage = chunks
    assert (first.choices, first.id, first.created, first.object) == ([], "", 0, "")
    assert first.prompt_filter_results[0]["prompt_index"] == 0
    assert role.choices[0].delta.role == "assistant"
    assert role.choices[0].content_filter_results == {}
    assert "".join(chunk.choices[0].delta.content for chunk in middle) == "hello"
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.content is None
    assert usage.choices == []
    assert usage.usage == ask(emulator, "Say hello").usage
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_a_stream_is_written_as_events(emulator: Emulator) -> None:
    answer = requests.post(
        f"{emulator.endpoint}/openai/v1/chat/completions",
        json={"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hello"}], "stream": True},
        headers={"api-key": emulator.key},
        timeout=30,
    )
    events = answer.text.split("\n\n")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert all(event.startswith("data: {") for event in events[:-2])
    assert events[-2:] == ["data: [DONE]", ""]
    assert all("usage" not in json.loads(event[6:]) for event in events[:-2])


def test_signs_of_several_tokens_come_whole(emulator: Emulator) -> None:
    text = "Translate to French: 👩‍👩‍👧‍👧 日本語 ñ"
    pieces = [chunk.choices[0].delta.content or "" for chunk in ask(emulator, text, stream=True) if chunk.choices]
    assert "".join(pieces) == ask(emulator, text).choices[0].message.content == "[fr] 👩‍👩‍👧‍👧 日本語 ñ"
    assert not any("\ufffd" in piece for piece in pieces)


def test_a_limit_cuts_the_answer(emulator: Emulator) -> None:
    said = "Translate to French: one two three four five six"
    for name in ("max_tokens", "max_completion_tokens"):
        answer = ask(emulator, said, **{name: 5})
        assert (answer.choices[0].finish_reason, answer.usage.completion_tokens) == ("length", 5)
        assert "[fr] one two three".startswith(answer.choices[0].message.content)
    assert ask(emulator, said, stop=["three"]).choices[0].message.content == "[fr] one two "
    assert [one.index for one in ask(emulator, said, n=2).choices] == [0, 1]


def test_every_token_has_its_probability_and_as_many_alternatives_as_are_asked_for(emulator: Emulator) -> None:
    (choice,) = ask(emulator, "Translate to French: good day", logprobs=True, top_logprobs=5).choices
    tokens = choice.logprobs.content
    assert "".join(one.token for one in tokens) == choice.message.content
    assert b"".join(bytes(one.bytes) for one in tokens).decode() == choice.message.content
    assert [one.top_logprobs[0].token for one in tokens] == [one.token for one in tokens]
    for one in tokens:
        shown = [each.logprob for each in one.top_logprobs]
        assert len({each.token for each in one.top_logprobs}) == len(shown) == 5
        assert shown == sorted(shown, reverse=True)
        assert sum(math.exp(each) for each in shown) <= 1
    assert ask(emulator, "hi").choices[0].logprobs is None


def test_a_fitting_tool_is_called_and_its_result_used(emulator: Emulator) -> None:
    question = {"role": "user", "content": "What is the temperature in San Francisco?"}
    answer = ask(emulator, question, tools=[CALCULATOR, WEATHER])
    (choice,) = answer.choices
    (call,) = choice.message.tool_calls
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert (call.function.name, json.loads(call.function.arguments)) == (
        "get_current_temperature",
        {"city": "San Francisco"},
    )
    result = {"role": "tool", "tool_call_id": call.id, "content": "It is 15 degrees in San Francisco."}
    after = ask(emulator, question, choice.message.model_dump(exclude_none=True), result, tools=[CALCULATOR, WEATHER])
    assert after.choices[0].message.content == "It is 15 degrees in San Francisco."


def test_tool_calls_are_streamed_in_pieces(emulator: Emulator) -> None:
    chunks = ask(emulator, "Calculate what is 15 * 8", tools=[CALCULATOR], stream=True)
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    parts = [delta.tool_calls[0] for delta in deltas if delta.tool_calls]
    assert parts[0].function.name == "calculator"
    assert parts[0].id.startswith("call_")
    assert json.loads("".join(part.function.arguments for part in parts)) == {"expression": "15 * 8"}
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", None),
        ("auto", None),
        ("required", "get_current_temperature"),
        ({"type": "function", "function": {"name": "calculator"}}, "calculator"),
    ],
)
def test_the_choice_of_tools_is_obeyed(emulator: Emulator, choice: Any, called: str | None) -> None:
    message = ask(emulator, "Say hello", tools=[WEATHER, CALCULATOR], tool_choice=choice).choices[0].message
    assert (message.tool_calls[0].function.name if message.tool_calls else None) == called


def test_the_content_filter_refuses_its_word(emulator: Emulator, make_emulator: MakeEmulator) -> None:
    error = refusal(emulator, "Please TRIGGER-content-filter now")
    assert isinstance(error, BadRequestError)
    assert error.code == "content_filter"
    assert error.body["innererror"]["code"] == "ResponsibleAIPolicyViolation"  # type: ignore[index]
    assert error.body["innererror"]["content_filter_result"]["violence"] == {"filtered": True, "severity": "medium"}  # type: ignore[index]
    own = make_emulator(filter_word="xyzzy")
    assert refusal(own, "say xyzzy").code == "content_filter"
    assert ask(own, "trigger-content-filter").choices
    assert ask(make_emulator(filter_word=""), "trigger-content-filter").choices


@pytest.mark.parametrize(
    ("options", "param", "code"),
    [
        ({"model": "gpt-5-mini", "temperature": 0.2}, "temperature", "unsupported_value"),
        ({"model": "o3-mini", "top_p": 0.5}, "top_p", "unsupported_value"),
        ({"model": "o4-mini", "max_tokens": 50}, "max_tokens", "unsupported_parameter"),
        ({"model": "gpt-5", "logprobs": True}, "logprobs", "unsupported_parameter"),
        ({"temperature": 3}, "temperature", "decimal_above_max_value"),
        ({"temperature": -1}, "temperature", "decimal_below_min_value"),
        ({"max_tokens": 0}, "max_tokens", "integer_below_min_value"),
        ({"max_tokens": 10**6}, "max_tokens", "invalid_value"),
        ({"n": 0}, "n", "invalid_value"),
        ({"stop": ["a"] * 5}, "stop", "invalid_value"),
        ({"top_logprobs": 2}, "top_logprobs", None),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": [{"role": "user", "content": "x"}] * 2049}, "messages", "array_above_max_length"),
        ({"messages": [{"role": "boss", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]}, "messages.[0].role", None),
        ({"messages": [{"role": "user", "content": None}]}, "messages.[0].content", None),
        ({"tool_choice": "auto"}, "tool_choice", None),
        ({"tools": [WEATHER] * 129}, "tools", "array_above_max_length"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name", "invalid_value"),
        ({"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice", None),
        ({"stream_options": {"include_usage": True}}, "stream_options", None),
    ],
)
def test_parameters_that_the_service_refuses_are_refused(
    emulator: Emulator, options: dict[str, Any], param: str, code: str | None
) -> None:
    error = refusal(emulator, "hi", **options)
    assert (error.status_code, error.param, error.code) == (400, param, code)
    assert error.type == "invalid_request_error"


def test_strict_tools_need_strict_schemas(emulator: Emulator) -> None:
    tool = {"type": "function", "function": WEATHER["function"] | {"strict": True}}  # type: ignore[operator]
    error = refusal(emulator, "hi", tools=[tool])
    assert error.code == "invalid_function_parameters"
    assert error.param == "tools[0].function.parameters"
    assert "Invalid schema for function 'get_current_temperature': In context=()" in error.message


def test_reasoning_models_take_the_parameters_that_are_theirs(emulator: Emulator) -> None:
    answer = ask(emulator, "What is 3 + 4?", model="gpt-5-mini", temperature=1, max_completion_tokens=50)
    assert answer.choices[0].message.content == "7"
    assert ask(emulator, "hi", model="gpt-5-chat", temperature=0.2).choices


def test_a_prompt_longer_than_the_context_is_refused(emulator: Emulator) -> None:
    error = refusal(emulator, "hello " * 9000, model="gpt-4")
    assert (error.status_code, error.code, error.param) == (400, "context_length_exceeded", "messages")
    assert "maximum context length is 8192 tokens" in error.message
    error = refusal(emulator, "hello", model="gpt-4", max_tokens=8190)
    assert error.code == "context_length_exceeded"


def test_unknown_deployments_are_missed_only_where_there_is_a_list(
    emulator: Emulator, make_emulator: MakeEmulator
) -> None:
    server = make_emulator(deployments=["chat", "text-embedding-3-small"])
    assert ask(emulator, "hi", model="anything").choices
    assert ask(server, "hi", model="chat").choices
    error = refusal(server, "hi", model="other")
    assert isinstance(error, NotFoundError)
    assert error.code == "DeploymentNotFound"
    assert "content-type" not in error.response.headers
    with clients.openai(server) as client:
        assert client.embeddings.create(model="text-embedding-3-small", input="x").data
        with pytest.raises(NotFoundError):
            client.embeddings.create(model="other", input="x")


def test_an_embedding_model_does_not_chat(emulator: Emulator) -> None:
    assert refusal(emulator, "hi", model="text-embedding-3-small").code == "OperationNotSupported"


def test_the_answers_tokens_are_taken_from_the_quota(make_emulator: MakeEmulator) -> None:
    server = make_emulator(tpm=1200)  # forty at once
    said = "Translate to French: " + "word " * 60
    assert ask(server, said).usage.completion_tokens > 60
    error = refusal(server, "hi")
    assert isinstance(error, RateLimitError)
    assert "ChatCompletions_Create" in error.message
    # More than a refill of the prompt alone would take.
    assert float(error.response.headers["retry-after"]) > 3


def test_what_was_said_is_counted(emulator: Emulator) -> None:
    usage = [ask(emulator, "What is 3 + 4?").usage for _ in range(2)]
    counted = emulator.stats()["by_operation"]["ChatCompletions"]
    assert (counted["requests"], counted["items"], counted["repeats"]) == (2, 2, 1)
    assert counted["tokens"] == sum(one.total_tokens for one in usage)


def test_the_models_are_listed(emulator: Emulator) -> None:
    with clients.openai(emulator) as client:
        names = {one.id for one in client.models.list()}
        assert client.models.retrieve("gpt-4.1").id == "gpt-4.1"
        with pytest.raises(NotFoundError):
            client.models.retrieve("none")
    assert {"gpt-4.1", "gpt-4o", "gpt-5-mini", "text-embedding-3-small"} <= names


def test_the_completions_of_old_are_answered(emulator: Emulator) -> None:
    with clients.openai(emulator) as client:
        answer = client.completions.create(model="gpt-35-turbo", prompt=["Say hello", "What is 2 + 2?"], max_tokens=9)
        pieces = client.completions.create(
            model="gpt-35-turbo", prompt="Translate to French: good day to you", stream=True
        )
        text = "".join(choice.text for chunk in pieces for choice in chunk.choices)
        with pytest.raises(BadRequestError):
            client.completions.create(model="gpt-35-turbo", prompt=[])
    assert [(one.index, one.text, one.finish_reason) for one in answer.choices] == [
        (0, "hello", "stop"),
        (1, "4", "stop"),
    ]
    assert text == "[fr] good day to you"


def test_each_place_of_a_list_gets_a_call_of_its_own(emulator: Emulator) -> None:
    question = "What is the temperature in Paris, London and Tokyo?"
    (choice,) = ask(emulator, question, tools=[CALCULATOR, WEATHER]).choices
    cities = [json.loads(call.function.arguments)["city"] for call in choice.message.tool_calls]
    assert cities == ["Paris", "London", "Tokyo"]
    assert len({call.id for call in choice.message.tool_calls}) == 3
    pieces = ask(emulator, question, tools=[CALCULATOR, WEATHER], stream=True)
    calls = [call for piece in pieces for one in piece.choices for call in one.delta.tool_calls or ()]
    assert [call.index for call in calls if call.id] == [0, 1, 2]
    (alone,) = ask(emulator, question, tools=[CALCULATOR, WEATHER], parallel_tool_calls=False).choices
    assert len(alone.message.tool_calls) == 1


def test_different_tools_are_called_for_different_parts_of_a_question(emulator: Emulator) -> None:
    question = "What is the temperature in Rome and what does the calculator say to 12 * 3?"
    (choice,) = ask(emulator, question, tools=[CALCULATOR, WEATHER]).choices
    calls = {call.function.name: json.loads(call.function.arguments) for call in choice.message.tool_calls}
    assert calls == {"get_current_temperature": {"city": "Rome"}, "calculator": {"expression": "12 * 3"}}


def test_every_call_wants_its_result(emulator: Emulator) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "calculator", "arguments": "{}"}}
    said = [{"role": "user", "content": "?"}, {"role": "assistant", "content": None, "tool_calls": [call]}]
    error = refusal(emulator, *said)
    assert "did not have response messages: call_1" in error.message
    assert ask(emulator, *said, {"role": "tool", "tool_call_id": "call_1", "content": "42"}).choices


def test_functions_are_called_in_the_form_of_old(emulator: Emulator) -> None:
    functions = [WEATHER["function"]]
    question = "What is the temperature in Rome?"
    (choice,) = ask(emulator, question, functions=functions).choices
    assert (choice.finish_reason, choice.message.tool_calls) == ("function_call", None)
    assert json.loads(choice.message.function_call.arguments) == {"city": "Rome"}
    deltas = [one.delta for piece in ask(emulator, question, functions=functions, stream=True) for one in piece.choices]
    pieces = [delta.function_call.arguments for delta in deltas if delta.function_call]
    assert "".join(pieces) == choice.message.function_call.arguments


def test_two_limits_at_once_are_refused(emulator: Emulator) -> None:
    error = refusal(emulator, "hi", max_tokens=5, max_completion_tokens=5)
    assert error.code == "invalid_parameter_combination"


def test_thinking_is_counted_and_leaves_room_for_the_answer(emulator: Emulator) -> None:
    answer = ask(emulator, "What is 3 + 4?", model="o3-mini", reasoning_effort="low")
    assert answer.usage.completion_tokens_details.reasoning_tokens == 64
    assert answer.usage.completion_tokens > 64
    short = ask(emulator, "What is 3 + 4?", model="o3-mini", max_completion_tokens=200)
    assert short.usage.completion_tokens_details.reasoning_tokens == 64
    assert short.choices[0].message.content == "7"
    assert refusal(emulator, "hi", reasoning_effort="low").code == "unsupported_parameter"


def test_stored_answers_are_listed_shown_and_deleted(emulator: Emulator) -> None:
    with clients.openai(emulator) as client:
        kept = client.chat.completions.create(
            model="gpt-4.1", messages=[{"role": "user", "content": "Say hello"}], store=True, metadata={"run": "a"}
        )
        passing = client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Say hi"}])
    headers = {"api-key": emulator.key}
    url = f"{emulator.endpoint}/openai/v1/chat/completions"
    listed = requests.get(url, params={"metadata[run]": "a"}, headers=headers, timeout=30).json()
    assert [one["id"] for one in listed["data"]] == [kept.id]
    assert requests.get(f"{url}/{kept.id}", headers=headers, timeout=30).json()["choices"]
    said = requests.get(f"{url}/{kept.id}/messages", headers=headers, timeout=30).json()
    assert [one["content"] for one in said["data"]] == ["Say hello"]
    assert requests.get(f"{url}/{passing.id}", headers=headers, timeout=30).status_code == 404
    gone = requests.delete(f"{url}/{kept.id}", headers=headers, timeout=30).json()
    assert gone == {"id": kept.id, "object": "chat.completion.deleted", "deleted": True}
    assert requests.get(f"{url}/{kept.id}", headers=headers, timeout=30).status_code == 404
