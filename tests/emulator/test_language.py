"""Azure AI Language: the official clients work unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from emulator import clients

if TYPE_CHECKING:
    from pgazure.emulator import Emulator

REVIEWS = ["The food was great but the service was terrible.", "Bill Gates founded Microsoft in Redmond."]


def post(server: Emulator, body: Any, *, version: str = "2023-04-01", **headers: str) -> requests.Response:
    url = f"{server.endpoint}/language/:analyze-text?api-version={version}"
    headers = {"Ocp-Apim-Subscription-Key": server.key, "Content-Type": "application/json"} | headers
    data = body if isinstance(body, bytes) else None
    return requests.post(url, data=data, json=None if data else body, headers=headers, timeout=30)


def ask(server: Emulator, kind: str, *texts: str, **parameters: Any) -> dict[str, Any]:
    documents = [{"id": str(number), "text": text} for number, text in enumerate(texts)]
    body = {"kind": kind, "analysisInput": {"documents": documents}, "parameters": parameters}
    results: dict[str, Any] = post(server, body).json()["results"]
    return results


def test_every_synchronous_method_of_the_sdk_is_answered(emulator: Emulator) -> None:
    with clients.language(emulator) as client:
        sentiment = client.analyze_sentiment(REVIEWS, show_opinion_mining=True, show_stats=True)
        languages = client.detect_language([*REVIEWS, "Das Zimmer war sehr schön."])
        phrases = client.extract_key_phrases(REVIEWS)
        entities = client.recognize_entities(REVIEWS)
        personal = client.recognize_pii_entities(["Mail jane@contoso.com or call 425-555-0100."])
    assert not any(result.is_error for result in (*sentiment, *languages, *phrases, *entities, *personal))
    assert sentiment[0].statistics.character_count == len(REVIEWS[0])
    assert [one.primary_language.iso6391_name for one in languages] == ["en", "en", "de"]
    assert "Microsoft" in phrases[1].key_phrases
    assert {(one.text, one.category) for one in entities[1].entities} == {
        ("Bill Gates", "Person"),
        ("Microsoft", "Organization"),
        ("Redmond", "Location"),
    }
    assert personal[0].redacted_text == "Mail **************** or call ************."


async def test_every_asynchronous_method_of_the_sdk_is_answered(emulator: Emulator) -> None:
    async with clients.async_language(emulator) as client:
        sentiment = await client.analyze_sentiment(REVIEWS)
        languages = await client.detect_language(REVIEWS)
        phrases = await client.extract_key_phrases(REVIEWS)
        entities = await client.recognize_entities(REVIEWS)
        personal = await client.recognize_pii_entities(REVIEWS)
    assert not any(result.is_error for result in (*sentiment, *languages, *phrases, *entities, *personal))


def test_the_older_version_of_the_api_is_answered(emulator: Emulator) -> None:
    with clients.language(emulator, api_version="2022-05-01") as client:
        assert client.analyze_sentiment(["Lovely!"])[0].sentiment == "positive"


def test_opinions_point_at_their_assessments(emulator: Emulator) -> None:
    with clients.language(emulator) as client:
        texts = [
            "",
            "Hello there. The food and service is not good.",
            "It was a lovely hotel, but the toilet was dirty.",
        ]
        _, second, third = client.analyze_sentiment(texts, show_opinion_mining=True)
    opinions = second.sentences[1].mined_opinions
    assert [(one.target.text, [a.text for a in one.assessments]) for one in opinions] == [
        ("food", ["good"]),
        ("service", ["good"]),
    ]
    assert all(one.assessments[0].is_negated and one.target.sentiment == "negative" for one in opinions)
    assert [(one.target.text, one.target.sentiment) for one in third.sentences[0].mined_opinions] == [
        ("hotel", "positive"),
        ("toilet", "negative"),
    ]


def test_references_count_documents_without_the_failed_ones(emulator: Emulator) -> None:
    documents = ask(emulator, "SentimentAnalysis", "Fine. Good food.", "", "Nice room.", opinionMining=True)[
        "documents"
    ]
    references = [
        relation["ref"]
        for document in documents
        for sentence in document["sentences"]
        for target in sentence["targets"]
        for relation in target["relations"]
    ]
    assert references == ["#/documents/0/sentences/1/assessments/0", "#/documents/1/sentences/0/assessments/0"]


def test_lists_of_opinions_are_there_only_when_asked_for(emulator: Emulator) -> None:
    asked = ask(emulator, "SentimentAnalysis", "It rained.", opinionMining=True)["documents"][0]["sentences"][0]
    silent = ask(emulator, "SentimentAnalysis", "It rained.")["documents"][0]["sentences"][0]
    assert asked["targets"] == asked["assessments"] == []
    assert silent.keys().isdisjoint({"targets", "assessments"})


def test_scores_have_two_decimals_and_nearly_add_up(emulator: Emulator) -> None:
    texts = ["Good room. Bad bed. It is a house.", "I like it. I do not like it.", "Fine, I guess.", "Meh!"]
    for document in ask(emulator, "SentimentAnalysis", *texts)["documents"]:
        for scores in (document["confidenceScores"], *(one["confidenceScores"] for one in document["sentences"])):
            assert all(round(score, 2) == score for score in scores.values())
            assert sum(scores.values()) == pytest.approx(1, abs=0.021)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The room was lovely. The staff was rude.", "mixed"),
        ("The room was lovely. The train left at eight.", "positive"),
        ("The staff was rude. The train left at eight.", "negative"),
        ("The train left at eight.", "neutral"),
    ],
)
def test_the_document_is_judged_by_its_sentences(emulator: Emulator, text: str, label: str) -> None:
    document = ask(emulator, "SentimentAnalysis", text)["documents"][0]
    assert document["sentiment"] == label
    assert "".join(sentence["text"] for sentence in document["sentences"]) == text


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        ("SentimentAnalysis", 10),
        ("KeyPhraseExtraction", 10),
        ("EntityRecognition", 5),
        ("PiiEntityRecognition", 5),
        ("LanguageDetection", 1000),
    ],
)
def test_one_document_too_many_refuses_the_request(emulator: Emulator, kind: str, limit: int) -> None:
    def send(count: int) -> requests.Response:
        documents = [{"id": str(number), "text": "ok"} for number in range(count)]
        return post(emulator, {"kind": kind, "analysisInput": {"documents": documents}})

    assert send(limit).status_code == 200
    refused = send(limit + 1)
    assert refused.status_code == 400
    assert refused.json()["error"]["innererror"] == {
        "code": "InvalidDocumentBatch",
        "message": f"Batch request contains too many records. Max {limit} records are permitted.",
    }


def test_size_is_counted_in_text_elements(emulator: Emulator) -> None:
    family = "👩‍👩‍👧‍👧"
    results = ask(emulator, "SentimentAnalysis", "a" * 5120, "a" * 5121, family * 5120, family * 5121)
    assert [one["id"] for one in results["documents"]] == ["0", "2"]
    assert [one["id"] for one in results["errors"]] == ["1", "3"]
    assert "5120 text elements" in results["errors"][0]["error"]["innererror"]["message"]


def test_errors_stand_beside_results_by_id(emulator: Emulator) -> None:
    documents: list[Any] = [
        {"id": "7", "text": "", "language": "en"},
        {"id": "3", "text": "Hola", "language": "Spanish"},
        {"id": "9", "text": "All is well.", "language": "en"},
    ]
    with clients.language(emulator) as client:
        first, second, third = client.recognize_entities(documents)
    assert (first.id, first.error.code) == ("7", "InvalidDocument")
    assert (second.id, second.error.code) == ("3", "UnsupportedLanguageCode")
    assert third.id == "9"


def test_a_country_hint_is_two_letters(emulator: Emulator) -> None:
    with clients.language(emulator) as client:
        assert client.detect_language(["hello"], country_hint="United States")[0].error.code == "InvalidCountryHint"
        assert client.detect_language(["hello"], country_hint="none")[0].primary_language.iso6391_name == "en"


def test_a_text_without_language_is_unknown(emulator: Emulator) -> None:
    with clients.language(emulator) as client:
        for result in client.detect_language([":)", "123 456", "..."]):
            language = result.primary_language
            assert (language.name, language.iso6391_name, language.confidence_score) == ("(Unknown)", "(Unknown)", 0.0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{not json", "InvalidRequestBodyFormat"),
        (b"[]", "InvalidRequestBodyFormat"),
        ({"kind": "EntityRecognition", "analysisInput": {"documents": []}}, "MissingInputDocuments"),
        ({"kind": "EntityRecognition"}, "MissingInputDocuments"),
        (
            {"kind": "EntityRecognition", "analysisInput": {"documents": [{"id": 1, "text": "x"}]}},
            "InvalidRequestBodyFormat",
        ),
        ({"kind": "EntityRecognition", "analysisInput": {"documents": [{"text": "x"}]}}, "InvalidDocument"),
        ({"kind": "Astrology", "analysisInput": {"documents": [{"id": "1", "text": "x"}]}}, "InvalidParameterValue"),
        ({"kind": ["x"], "analysisInput": {"documents": [{"id": "1", "text": "x"}]}}, "InvalidParameterValue"),
        (
            {
                "kind": "EntityRecognition",
                "analysisInput": {"documents": [{"id": "1", "text": "x"}]},
                "parameters": {"stringIndexType": "Bytes"},
            },
            "InvalidParameterValue",
        ),
        (
            {
                "kind": "PiiEntityRecognition",
                "analysisInput": {"documents": [{"id": "1", "text": "x"}]},
                "parameters": {"piiCategories": ["ShoeSize"]},
            },
            "InvalidParameterValue",
        ),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(emulator: Emulator, body: Any, code: str) -> None:
    answer = post(emulator, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "InvalidRequest"
    assert answer.json()["error"]["innererror"]["code"] == code


def test_an_unknown_version_of_the_api_is_refused(emulator: Emulator) -> None:
    body = {"kind": "EntityRecognition", "analysisInput": {"documents": [{"id": "1", "text": "x"}]}}
    assert post(emulator, body, version="1999-01-01").status_code == 400


def test_offsets_are_in_the_unit_asked_for(emulator: Emulator) -> None:
    text = "👩‍👩‍👧‍👧 e\u0301 SSN: 859-98-0987"
    for unit, prefix in (
        ("UnicodeCodePoint", len(text.partition("859")[0])),
        ("Utf16CodeUnit", len(text.partition("859")[0].encode("utf-16-le")) // 2),
        ("TextElements_v8", len("F e SSN: ")),
    ):
        entity = ask(emulator, "PiiEntityRecognition", text, stringIndexType=unit)["documents"][0]["entities"][0]
        assert (entity["offset"], entity["length"]) == (prefix, 11)
    default = ask(emulator, "PiiEntityRecognition", text)["documents"][0]["entities"][0]
    assert default["offset"] == len("F e SSN: ")


def test_categories_limit_entities_and_redaction_and_win_over_the_domain(emulator: Emulator) -> None:
    text = "I am Jane Doe, manager at Microsoft, jane@contoso.com."
    with clients.language(emulator) as client:
        everything = client.recognize_pii_entities([text])[0]
        mail = client.recognize_pii_entities([text], categories_filter=["Email"])[0]
        health = client.recognize_pii_entities([text], domain_filter="phi")[0]
        both = client.recognize_pii_entities([text], categories_filter=["Organization"], domain_filter="phi")[0]
    assert everything.redacted_text == "I am ********, ******* at *********, ****************."
    assert mail.redacted_text == "I am Jane Doe, manager at Microsoft, ****************."
    assert health.redacted_text == "I am ********, manager at *********, ****************."
    assert both.redacted_text == "I am Jane Doe, manager at *********, jane@contoso.com."


def test_the_bill_counts_documents_that_succeeded(emulator: Emulator) -> None:
    documents = [{"id": "1", "text": "a" * 1001}, {"id": "2", "text": ""}, {"id": "3", "text": "b"}]
    body = {"kind": "SentimentAnalysis", "analysisInput": {"documents": documents}}
    newer, older = post(emulator, body), post(emulator, body, version="2022-05-01")
    assert newer.headers["csp-billing-usage"] == (
        "CognitiveServices.TextAnalytics.Language.Text.Sentiment=3,CognitiveServices.TextAnalytics.TextRecords=3"
    )
    assert older.headers["csp-billing-usage"].startswith("CognitiveServices.TextAnalytics.BatchScoring=3,")
    body["analysisInput"]["documents"] = [{"id": "1", "text": ""}]
    assert "csp-billing-usage" not in post(emulator, body).headers


@pytest.mark.parametrize("header", ["Ocp-Apim-Subscription-Key", "api-key", "Authorization"])
def test_a_key_opens_in_any_header_and_a_wrong_one_in_none(emulator: Emulator, header: str) -> None:
    url = f"{emulator.endpoint}/language/:analyze-text?api-version=2023-04-01"
    body = {"kind": "LanguageDetection", "analysisInput": {"documents": [{"id": "1", "text": "hello"}]}}
    prefix = "Bearer " if header == "Authorization" else ""
    assert requests.post(url, json=body, headers={header: prefix + emulator.key}, timeout=30).status_code == 200
    refused = requests.post(url, json=body, headers={header: f"{prefix}wrong"}, timeout=30)
    assert refused.status_code == 401
    assert len(refused.content) == 224
    assert refused.headers["Content-Type"] == "application/json"


def test_the_sdk_raises_what_it_raises_for_the_service(emulator: Emulator) -> None:
    with clients.language(emulator, key="wrong") as client, pytest.raises(ClientAuthenticationError) as denied:
        client.analyze_sentiment(["x"])
    assert denied.value.status_code == 401
    with clients.language(emulator) as client, pytest.raises(HttpResponseError) as refused:
        client.analyze_sentiment(["x"], model_version="bad")
    assert refused.value.error is not None
    assert refused.value.error.code == "ModelVersionIncorrect"


def test_the_same_request_gets_the_same_answer(emulator: Emulator, make_emulator: Any) -> None:
    other = make_emulator()
    for kind in ("SentimentAnalysis", "KeyPhraseExtraction", "EntityRecognition", "PiiEntityRecognition"):
        assert ask(emulator, kind, *REVIEWS) == ask(other, kind, *REVIEWS) == ask(emulator, kind, *REVIEWS)


def test_a_body_of_more_than_a_megabyte_is_refused(emulator: Emulator) -> None:
    documents = [{"id": str(number), "text": "a" * 5000} for number in range(220)]
    answer = post(emulator, {"kind": "LanguageDetection", "analysisInput": {"documents": documents}})
    assert answer.status_code == 413
    assert answer.json()["error"]["innererror"]["code"] == "InvalidDocumentBatch"


def test_the_region_of_a_language_is_passed_over(emulator: Emulator) -> None:
    with clients.language(emulator) as client:
        (english,) = client.analyze_sentiment(["The room was wonderful."], language="en-US")
        (unknown,) = client.analyze_sentiment(["The room was wonderful."], language="xx-US")
    assert english.sentiment == "positive"
    assert unknown.error.code == "UnsupportedLanguageCode"
