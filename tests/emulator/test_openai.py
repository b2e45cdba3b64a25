"""Azure OpenAI embeddings: the official clients work unchanged."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import requests
from openai import AsyncOpenAI, AuthenticationError, BadRequestError, OpenAI

from emulator import clients

if TYPE_CHECKING:
    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator

SMALL = "text-embedding-3-small"


def post(server: Emulator, **body: Any) -> requests.Response:
    url = f"{server.endpoint}/openai/v1/embeddings"
    return requests.post(url, json={"model": SMALL} | body, headers={"api-key": server.key}, timeout=30)


def vectors(server: Emulator, *texts: str, **options: Any) -> Any:
    with clients.openai(server) as client:
        answer = client.embeddings.create(**({"model": SMALL, "input": list(texts)} | options))
    return np.array([one.embedding for one in answer.data])


@pytest.mark.parametrize(
    ("deployment", "size"),
    [(SMALL, 1536), ("my-own-name", 1536), ("text-embedding-3-large", 3072), ("text-embedding-ada-002", 1536)],
)
def test_the_deployment_names_the_model(emulator: Emulator, deployment: str, size: int) -> None:
    with clients.openai(emulator) as client:
        answer = client.embeddings.create(model=deployment, input="hello world")
    assert len(answer.data[0].embedding) == size
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 2
    assert answer.model == (deployment if deployment.startswith("text-") else SMALL)


async def test_the_asynchronous_clients_get_vectors_on_both_routes(emulator: Emulator) -> None:
    async with clients.async_openai(emulator) as client:
        dated = await client.embeddings.create(model=SMALL, input=["a", "b"])
    async with AsyncOpenAI(base_url=f"{emulator.endpoint}/openai/v1/", api_key=emulator.key) as client:
        current = await client.embeddings.create(model=SMALL, input=["a", "b"])
    assert [one.index for one in dated.data] == [0, 1]
    assert dated.data == current.data


def test_base64_and_floats_are_the_same_numbers(emulator: Emulator) -> None:
    coded = post(emulator, input="hello", encoding_format="base64").json()["data"][0]["embedding"]
    plain = post(emulator, input="hello", encoding_format="float").json()["data"][0]["embedding"]
    default = post(emulator, input="hello").json()["data"][0]["embedding"]
    assert len(coded) == 8192
    assert np.frombuffer(base64.b64decode(coded), "<f4").tolist() == pytest.approx(plain, rel=1e-6)
    assert default == plain


def test_shorter_vectors_are_the_beginning_of_the_longer_made_one_long_again(emulator: Emulator) -> None:
    whole, short = vectors(emulator, "a quiet room")[0], vectors(emulator, "a quiet room", dimensions=256)[0]
    head = whole[:256] / np.linalg.norm(whole[:256])
    assert np.linalg.norm(whole) == pytest.approx(1, abs=1e-6)
    assert np.linalg.norm(short) == pytest.approx(1, abs=1e-6)
    assert short == pytest.approx(head, abs=1e-6)


@pytest.mark.parametrize("size", [1, 4, 100, 1536])
@pytest.mark.parametrize("text", ["hello", "!", "🙂", "日本語", " ", "the"])
def test_any_text_has_a_vector_of_any_size(emulator: Emulator, text: str, size: int) -> None:
    vector = vectors(emulator, text, dimensions=size)[0]
    assert vector.shape == (size,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_similar_texts_lie_near_each_other(emulator: Emulator) -> None:
    texts = ["near transit", "bus stop close by", "the bed was comfortable", "a great kitchen and a garden"]
    for size in (1536, 256):
        query, *others = vectors(emulator, *texts, dimensions=size)
        near, *far = (float(query @ other) for other in others)
        assert near > 0.5
        assert max(far) < 0.2
    one, other = vectors(emulator, "The cat sat on the mat.", "A cat was sitting on a mat.")
    assert one @ other > 0.5


def test_tokens_stand_for_their_text(emulator: Emulator) -> None:
    tokens = [15339, 1917]  # "hello world"
    text, single = vectors(emulator, "hello world")[0], vectors(emulator, input=tokens)[0]
    pair = vectors(emulator, input=[tokens, tokens])
    assert (single == text).all()
    assert (pair == text).all()
    assert post(emulator, input=[tokens, tokens]).json()["usage"]["prompt_tokens"] == 4


@pytest.mark.parametrize(
    "given", [None, [], "", ["a", ""], [[]], ["a", 1], [-1], [True], {"a": 1}, [[10**9]], 5, ["x"] * 2049]
)
def test_input_that_cannot_be_embedded_is_refused(emulator: Emulator, given: Any) -> None:
    answer = post(emulator, input=given)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_text_may_have_8192_tokens_and_no_more(emulator: Emulator) -> None:
    word = " hello"
    assert post(emulator, input=word * 8192).json()["usage"]["prompt_tokens"] == 8192
    refused = post(emulator, input=["fine", word * 8193])
    assert refused.status_code == 400
    assert (
        "maximum context length is 8192 tokens, however you requested 8193 tokens" in refused.json()["error"]["message"]
    )


def test_2048_inputs_are_answered_in_their_order(emulator: Emulator) -> None:
    texts = [f"text {number}" for number in range(2048)]
    found = vectors(emulator, *texts, dimensions=64)
    assert found.shape == (2048, 64)
    assert (found[2047] == vectors(emulator, "text 2047", dimensions=64)[0]).all()


@pytest.mark.parametrize(
    ("model", "size"), [("text-embedding-ada-002", 256), (SMALL, 1537), (SMALL, 0), (SMALL, True), (SMALL, "9")]
)
def test_dimensions_that_the_model_has_not_are_refused(emulator: Emulator, model: str, size: Any) -> None:
    answer = post(emulator, model=model, input="x", dimensions=size)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "dimensions"


def test_the_sdk_raises_what_it_raises_for_the_service(emulator: Emulator) -> None:
    with clients.openai(emulator) as client, pytest.raises(BadRequestError):
        client.embeddings.create(model=SMALL, input=[])
    with clients.openai(emulator, key="wrong") as client, pytest.raises(AuthenticationError) as denied:
        client.embeddings.create(model=SMALL, input="x")
    assert denied.value.code == "401"


def test_a_deployment_needs_a_version_and_the_current_route_a_model(emulator: Emulator) -> None:
    headers = {"api-key": emulator.key}
    url = f"{emulator.endpoint}/openai/deployments/d/embeddings"
    assert requests.post(url, json={"input": "x"}, headers=headers, timeout=30).status_code == 404
    url = f"{emulator.endpoint}/openai/v1/embeddings"
    assert requests.post(url, json={"input": "x"}, headers=headers, timeout=30).status_code == 400


def test_answers_say_how_much_of_the_quota_is_left(make_emulator: MakeEmulator) -> None:
    server = make_emulator(rpm=600, tpm=6000)
    headers = post(server, input="hello world").headers
    assert headers["x-ratelimit-limit-requests"] == "600"
    assert headers["x-ratelimit-limit-tokens"] == "6000"
    assert headers["x-ratelimit-remaining-requests"] == "19"
    assert headers["x-ratelimit-remaining-tokens"] == "198"


def test_tokens_of_entra_id_are_let_in_only_where_that_was_asked_for(
    emulator: Emulator, make_emulator: MakeEmulator
) -> None:
    trusting = make_emulator(accept_any_token=True)
    for server, status in ((emulator, 401), (trusting, 200)):
        url = f"{server.endpoint}/openai/v1/embeddings"
        headers = {"Authorization": "Bearer eyJ0eXAi"}
        answer = requests.post(url, json={"model": SMALL, "input": "x"}, headers=headers, timeout=30)
        assert answer.status_code == status
    with OpenAI(base_url=f"{trusting.endpoint}/openai/v1/", api_key="any") as client:
        assert client.embeddings.create(model=SMALL, input="x").data
