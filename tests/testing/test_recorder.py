"""What was recorded from a service is replayed without it, and no key is left in the cassette."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from contextlib import contextmanager

import pytest
from azure.ai.textanalytics import ExtractiveSummaryAction, TextAnalyticsClient
from azure.ai.textanalytics.aio import TextAnalyticsClient as AsyncTextAnalyticsClient
from azure.ai.translation.text import TextTranslationClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from openai import AsyncOpenAI, OpenAI

from pgazure import Client
from pgazure.emulator import Emulator
from pgazure.errors import ConfigurationError
from pgazure.testing import Cassette, CassetteError, Recorder

KEY = "a-key-that-no-cassette-may-hold"
LONG = "The hotel was quiet. Breakfast was good and the staff helped us. We would come again next summer. " * 3


@pytest.fixture(scope="module")
def service():
    with Emulator(key=KEY) as running:
        yield running


@pytest.fixture
def file(tmp_path):
    return tmp_path / "cassettes" / "one.json"


@pytest.fixture
def record(service, file):
    def start(mode="once", **options):
        endpoints = dict.fromkeys(("language", "translator", "openai"), service.endpoint)
        return Recorder(file, mode=mode, endpoints=endpoints, **options)

    return start


def language(recorder, key=KEY):
    return TextAnalyticsClient(
        recorder.endpoint("language"), AzureKeyCredential(key), retry_total=0, polling_interval=0
    )


def detect(recorder, texts, key=KEY):
    with language(recorder, key) as client:
        return [one.primary_language.iso6391_name for one in client.detect_language(texts)]


def summarize(recorder, key=KEY):
    with language(recorder, key) as client:
        poller = client.begin_analyze_actions([LONG] * 25, [ExtractiveSummaryAction(max_sentence_count=2)])
        return [[s.text for s in one.sentences] for [one] in poller.result()]


def translate(recorder, key=KEY):
    client = TextTranslationClient(endpoint=recorder.endpoint("translator"), credential=AzureKeyCredential(key))
    with client:
        return [one.translations[0].text for one in client.translate(body=["Good morning"], to_language=["de"])]


def chat(recorder, key=KEY):
    client = OpenAI(base_url=f"{recorder.endpoint('openai')}/openai/v1", api_key=key, max_retries=0)
    with client:
        vector = client.embeddings.create(model="text-embedding-3-small", input="quiet").data[0].embedding
        messages = [{"role": "user", "content": "Say hello to the world."}]
        stream = client.chat.completions.create(model="gpt-4.1", messages=messages, stream=True)
        return vector, [chunk.choices[0].delta.content for chunk in stream if chunk.choices]


@contextmanager
def own_service():
    with Emulator(key=KEY) as running:
        yield dict.fromkeys(("language", "translator", "openai"), running.endpoint)


def test_every_service_is_replayed_when_it_is_gone_and_no_key_is_kept(file):
    with own_service() as endpoints, Recorder(file, mode="once", endpoints=endpoints) as recorder:
        live = [f(recorder) for f in (lambda r: detect(r, ["Guten Morgen"]), summarize, translate, chat)]
    with Recorder(file, mode="once") as recorder:
        key = "another-key"
        again = [f(recorder, key) for f in (lambda r, k: detect(r, ["Guten Morgen"], k), summarize, translate, chat)]
        recorder.check()
        assert recorder.unplayed == []
    assert again == live
    written = file.read_text("utf-8")
    for secret in (KEY, b64encode(KEY.encode()).decode(), "Bearer", "127.0.0.1"):
        assert secret not in written
    assert "apim-request-id" in written


async def test_asynchronous_clients_are_recorded_and_replayed_too(record, file):
    async def ask(recorder):
        credential = AzureKeyCredential(KEY)
        async with AsyncTextAnalyticsClient(recorder.endpoint("language"), credential) as client:
            [one] = await client.extract_key_phrases(["The room was lovely."])
        base = f"{recorder.endpoint('openai')}/openai/v1"
        async with AsyncOpenAI(base_url=base, api_key=KEY, max_retries=0) as model:
            answer = await model.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Hi"}])
        return one.key_phrases, answer.model_dump()

    with record() as recorder:
        live = await ask(recorder)
    with Recorder(file) as recorder:
        assert await ask(recorder) == live


def test_the_client_of_pgazure_is_recorded_and_replayed(record, file):
    def ask(recorder):
        options = {f"{name}_endpoint": recorder.endpoint(name) for name in ("language", "translator", "openai")}
        keys = dict.fromkeys(("language_key", "translator_key", "openai_key"), KEY)
        with Client(**options, **keys) as client:
            return (
                client.azure_cognitive.analyze_sentiment(["Lovely room.", "Awful noise."], "en"),
                client.azure_cognitive.translate("Good morning", "de"),
                client.azure_cognitive.summarize_extractive(LONG, "en"),
                client.azure_openai.create_embeddings("text-embedding-3-small", "quiet").tolist(),
            )

    with record() as recorder:
        live = ask(recorder)
    with Recorder(file) as recorder:
        assert ask(recorder) == live


def test_a_request_that_was_not_recorded_is_told_with_what_differs_but_not_with_its_text(record, file):
    with record() as recorder:
        detect(recorder, ["Guten Morgen", "Bonjour"])
    with Recorder(file) as recorder:
        with pytest.raises(HttpResponseError, match=r"analysisInput\.documents\[1\]\.text is a text of 11") as refused:
            detect(recorder, ["Guten Morgen", "Buenos dias"])
        with pytest.raises(CassetteError, match="number 1") as told:
            recorder.check()
    for message in (str(refused.value), str(told.value)):
        assert "Buenos" not in message
        assert "Bonjour" not in message


def test_an_exchange_is_played_once_and_no_more(record, file):
    with record() as recorder:
        detect(recorder, ["Guten Morgen"])
    with Recorder(file) as recorder:
        assert detect(recorder, ["Guten Morgen"]) == ["de"]
        with pytest.raises(HttpResponseError, match="recorded once, and asked for once more"):
            detect(recorder, ["Guten Morgen"])


@pytest.mark.parametrize(("order", "allowed"), [("lenient", True), ("strict", False)])
def test_strict_order_refuses_what_comes_too_early(record, file, order, allowed):
    with record() as recorder:
        detect(recorder, ["Guten Morgen"])
        detect(recorder, ["Bonjour"])
    with Recorder(file, order=order) as recorder:
        if allowed:
            assert detect(recorder, ["Bonjour"]) == ["fr"]
        else:
            with pytest.raises(HttpResponseError, match="number 2, and came when number 1 should"):
                detect(recorder, ["Bonjour"])
        assert detect(recorder, ["Guten Morgen"]) == ["de"]


def test_new_records_only_what_is_missing_and_all_everything(record, file, service):
    with record() as recorder:
        detect(recorder, ["Guten Morgen"])
    service.reset()
    with record("new") as recorder:
        detect(recorder, ["Guten Morgen"])
        detect(recorder, ["Bonjour"])
    assert service.stats()["requests"] == 1
    assert len(Cassette.load(file).exchanges) == 2
    with record("all") as recorder:
        detect(recorder, ["Bonjour"])
    assert len(Cassette.load(file).exchanges) == 1


def test_once_replays_a_cassette_that_is_there(record, service):
    with record() as recorder:
        detect(recorder, ["Guten Morgen"])
    service.reset()
    with record("once") as recorder:
        detect(recorder, ["Guten Morgen"])
        with pytest.raises(HttpResponseError, match="was not recorded"):
            detect(recorder, ["Bonjour"])
    assert service.stats()["requests"] == 0


def test_a_program_that_fails_leaves_no_cassette(record, file):
    def fail():
        with record() as recorder:
            detect(recorder, ["Guten Morgen"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not file.exists()


def test_errors_of_a_service_are_replayed_as_they_were(record, file):
    for recorder in (record(), Recorder(file)):
        with recorder, pytest.raises(HttpResponseError) as refused:
            detect(recorder, ["Guten Morgen"], "a-wrong-key-of-somebody")
        assert refused.value.status_code == 401
    assert "a-wrong-key-of-somebody" not in file.read_text("utf-8")


def test_the_user_decides_which_texts_are_kept(record, file):
    def hide(text):
        return re.sub(r"[\w.]+@[\w.]+", "someone@example.com", text)

    with record(scrub_text=hide) as recorder:
        live = detect(recorder, ["Guten Morgen, schreiben Sie an anna.berg@firma.de"])
    assert "anna.berg" not in file.read_text("utf-8")
    with Recorder(file, scrub_text=hide) as recorder:
        assert detect(recorder, ["Guten Morgen, schreiben Sie an anna.berg@firma.de"]) == live


def test_polls_go_on_getting_the_last_answer(record, file):
    with record() as recorder, language(recorder) as client:
        poller = client.begin_extract_summary([LONG])
        poller.result()
    assert [one for one in recorder.recorded if one.method == "GET"]
    with Recorder(file, order="strict") as recorder, language(recorder) as client:
        poller = client.begin_extract_summary([LONG])
        poller.result()
        for _ in range(3):
            assert poller.status() == "succeeded"
            poller.polling_method().update_status()


@pytest.mark.parametrize(
    "endpoint",
    ["https://example.com", "http://thing.openai.azure.com", "https://openai.azure.com.example.com", "ftp://127.0.0.1"],
)
def test_a_key_is_handed_on_to_azure_and_this_machine_only(file, endpoint):
    with pytest.raises(ConfigurationError, match="this machine only"):
        Recorder(file, mode="all", endpoints={"openai": endpoint})


@pytest.mark.parametrize("options", [{"mode": "some"}, {"order": "random"}, {"mode": "all", "endpoints": {"x": "y"}}])
def test_wrong_options_are_told(file, options):
    with pytest.raises(ConfigurationError):
        Recorder(file, **options)


def test_a_missing_or_broken_cassette_is_told(file):
    with pytest.raises(CassetteError, match="there is no cassette"):
        Recorder(file).start()
    file.parent.mkdir()
    for text in ("{", "[]", '{"version": 99}', '{"version": 1, "exchanges": [{}], "paths": {}}'):
        file.write_text(text)
        with pytest.raises(CassetteError, match=r"one\.json"):
            Recorder(file).start()


def test_a_service_without_an_endpoint_is_told(service, file):
    with Recorder(file, mode="all", endpoints={"language": service.endpoint}) as recorder:
        with pytest.raises(HttpResponseError, match="no endpoint for translator"):
            translate(recorder)
        assert len(recorder.problems) == 1


def test_a_service_that_cannot_be_reached_is_told(file):
    with Emulator() as gone:
        endpoint = gone.endpoint
    with Recorder(file, mode="all", endpoints={"language": endpoint}) as recorder:
        with pytest.raises(HttpResponseError, match="could not be handed on") as refused:
            detect(recorder, ["Guten Morgen"])
        assert refused.value.status_code == 502
    assert not file.exists()


def test_a_cassette_is_json_that_can_be_reviewed(record, file):
    with record() as recorder:
        chat(recorder)
    read = json.loads(file.read_text("utf-8"))
    embedding, stream = read["exchanges"]
    assert embedding["request"]["content"]["json"]["model"] == "text-embedding-3-small"
    assert stream["response"]["content"]["events"][-1] == "data: [DONE]"
    assert all(event.startswith("data: ") for event in stream["response"]["content"]["events"])
