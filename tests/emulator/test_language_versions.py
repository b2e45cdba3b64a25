"""Versions of the Language API: each knows its own kinds and parameters, and writes answers in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from pgazure.emulator import Emulator

VERSIONS = ["2022-05-01", "2022-10-01-preview", "2023-04-01", "2024-11-01", "2025-11-01", "2026-05-15-preview"]
NEWEST = "2026-05-15-preview"
PERSONAL = "My name is John Doe, write to john.doe@example.com or call 425-555-0123. John Doe's SSN is 123-45-6789."


def analyze(server: Emulator, kind: str, text: str, version: str = NEWEST, **parameters: Any) -> requests.Response:
    documents = [{"id": "1", "text": text, "language": parameters.pop("language", "en")}]
    if kind == "LanguageDetection":
        documents = [{"id": "1", "text": text}]
    return requests.post(
        f"{server.endpoint}/language/:analyze-text",
        params={"api-version": version},
        json={"kind": kind, "analysisInput": {"documents": documents}, "parameters": parameters},
        headers={"Ocp-Apim-Subscription-Key": server.key},
        timeout=30,
    )


def only(response: requests.Response) -> Any:
    assert response.status_code == requests.codes.ok, response.text
    (document,) = response.json()["results"]["documents"]
    return document


def redact(server: Emulator, *policies: dict[str, Any], text: str = PERSONAL, **parameters: Any) -> Any:
    if policies:
        parameters["redactionPolicies"] = list(policies)
    return only(analyze(server, "PiiEntityRecognition", text, stringIndexType="UnicodeCodePoint", **parameters))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_answers_every_kind_that_answers_at_once(emulator: Emulator, version: str) -> None:
    for kind in ("SentimentAnalysis", "LanguageDetection", "KeyPhraseExtraction", "EntityRecognition",
                 "PiiEntityRecognition", "EntityLinking"):  # fmt: skip
        answer = analyze(emulator, kind, "Microsoft was founded by Bill Gates.", version)
        assert answer.json()["kind"] == f"{kind}Results"
        assert only(answer)["warnings"] == []


def test_a_version_that_there_is_not_is_refused_with_those_that_there_are(emulator: Emulator) -> None:
    for version in ("2021-01-01", "v3.1", ""):
        error = analyze(emulator, "SentimentAnalysis", "Fine.", version).json()["error"]
        assert error["innererror"]["code"] == "InvalidParameterValue"
        assert f"'{version}'" in error["innererror"]["message"]
        assert all(known in error["innererror"]["message"] for known in VERSIONS)


def test_summaries_came_after_the_first_version(emulator: Emulator) -> None:
    def start(version: str) -> int:
        documents = [{"id": "1", "text": "The tram is late. The tram is red. The tram is new.", "language": "en"}]
        tasks = [{"kind": "ExtractiveSummarization", "taskName": "t"}]
        url = f"{emulator.endpoint}/language/analyze-text/jobs?api-version={version}"
        body = {"analysisInput": {"documents": documents}, "tasks": tasks}
        return requests.post(url, json=body, headers={"api-key": emulator.key}, timeout=30).status_code

    assert [start(version) for version in VERSIONS] == [400, 202, 202, 202, 202, 202]


def test_the_first_version_passes_over_what_it_does_not_know_and_later_ones_refuse_it(emulator: Emulator) -> None:
    policy = [{"policyKind": "entityMask"}]
    old = analyze(emulator, "PiiEntityRecognition", PERSONAL, "2022-05-01", redactionPolicies=policy)
    assert "********" in only(old)["redactedText"]
    for version in ("2022-10-01-preview", "2023-04-01", "2024-11-01", "2025-11-01"):
        error = analyze(emulator, "PiiEntityRecognition", PERSONAL, version, redactionPolicies=policy).json()["error"]
        assert "'redactionPolicies'" in error["innererror"]["message"]
        assert "piiCategories" in error["innererror"]["message"]


def test_later_versions_tell_more_of_an_entity(emulator: Emulator) -> None:
    text = "She is 5 years old and paid $90.00 in Seattle on May 3, 2024."
    before = only(analyze(emulator, "EntityRecognition", text, "2023-04-01"))["entities"]
    after = only(analyze(emulator, "EntityRecognition", text, "2024-11-01"))["entities"]
    assert all(entity.keys().isdisjoint({"type", "tags", "metadata"}) for entity in before)
    told = {entity["type"]: entity for entity in after}
    assert told["Age"]["metadata"] == {"metadataKind": "AgeMetadata", "unit": "Year", "value": 5.0}
    money = {"metadataKind": "CurrencyMetadata", "unit": "Dollar", "iso4217": "USD", "value": 90.0}
    assert told["Currency"]["metadata"] == money
    assert told["Date"]["metadata"]["dateValues"] == [{"timex": "2024-05-03", "value": "2024-05-03"}]
    assert [tag["name"] for tag in told["Currency"]["tags"]] == ["Numeric", "Currency"]
    assert {entity["category"] for entity in before} >= {"Quantity", "DateTime"}


def test_entities_are_chosen_by_type_or_tag(emulator: Emulator) -> None:
    text = "She is 5 years old and paid $90.00 in Seattle."

    def types(**parameters: Any) -> list[str]:
        found = only(analyze(emulator, "EntityRecognition", text, "2024-11-01", **parameters))["entities"]
        return [entity["type"] for entity in found]

    assert types(inclusionList=["Numeric"]) == ["Age", "Currency"]
    assert types(inclusionList=["Numeric"], exclusionList=["Age"]) == ["Currency"]
    assert "Number" in types(overlapPolicy={"policyKind": "allowOverlap"})
    kept = analyze(
        emulator, "EntityRecognition", text, "2024-11-01", inferenceOptions={"excludeNormalizedValues": True}
    )
    assert all("metadata" not in entity for entity in only(kept)["entities"])


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Hello there", "Latn"),
        ("Привет, как дела?", "Cyrl"),
        ("こんにちは世界", "Jpan"),
        ("你好，世界", "Hans"),
        ("नमस्ते दुनिया", "Deva"),
    ],
)
def test_later_versions_tell_the_script(emulator: Emulator, text: str, script: str) -> None:
    after = only(analyze(emulator, "LanguageDetection", text, "2024-11-01"))["detectedLanguage"]
    assert after["scriptIso15924Code"] == script
    before = only(analyze(emulator, "LanguageDetection", text, "2023-04-01"))["detectedLanguage"]
    assert list(before) == ["name", "iso6391Name", "confidenceScore"]


def test_the_language_may_be_left_to_the_service(emulator: Emulator) -> None:
    text = "Das Hotel war schmutzig und laut."
    answer = only(analyze(emulator, "SentimentAnalysis", text, language="auto"))
    assert (answer["sentiment"], answer["detectedLanguage"]["iso6391Name"]) == ("negative", "de")
    early = analyze(emulator, "SentimentAnalysis", text, "2023-04-01", language="auto").json()["results"]["errors"]
    assert early[0]["error"]["innererror"]["code"] == "UnsupportedLanguageCode"


def test_personal_data_becomes_the_name_of_its_category(emulator: Emulator) -> None:
    document = redact(emulator, {"policyKind": "entityMask"})
    assert document["redactedText"] == (
        "My name is [PERSON_1], write to [EMAIL_1] or call [PHONENUMBER_1]. [PERSON_1]'s SSN is "
        "[USSOCIALSECURITYNUMBER_1]."
    )
    for entity in document["entities"]:
        start, end = entity["maskOffset"], entity["maskOffset"] + entity["maskLength"]
        assert document["redactedText"][start:end] == entity["mask"]
        assert PERSONAL[entity["offset"] : entity["offset"] + entity["length"]] == entity["text"]


def test_nothing_is_redacted_where_nothing_is_to_be_masked(emulator: Emulator) -> None:
    document = redact(emulator, {"policyKind": "noMask"})
    assert "redactedText" not in document
    assert document["entities"]


def test_characters_of_choice_leave_some_of_the_text(emulator: Emulator) -> None:
    text = "My SSN is 123-45-6789."
    masked = [
        redact(emulator, {"policyKind": "characterMask"} | options, text=text)["redactedText"]
        for options in (
            {},
            {"redactionCharacter": "#"},
            {"unmaskLength": 4},
            {"unmaskLength": 3, "unmaskFromEnd": False},
        )
    ]
    assert masked == [
        "My SSN is ***********.",
        "My SSN is ###########.",
        "My SSN is *******6789.",
        "My SSN is 123********.",
    ]


def test_each_category_may_have_its_own_policy(emulator: Emulator) -> None:
    document = redact(
        emulator,
        {"policyKind": "entityMask", "isDefault": True},
        {"policyKind": "noMask", "entityTypes": ["Email"]},
        {"policyKind": "characterMask", "entityTypes": ["USSocialSecurityNumber"], "unmaskLength": 4},
        {"policyKind": "syntheticReplacement", "entityTypes": ["PhoneNumber"]},
    )
    text = document["redactedText"]
    assert text.startswith("My name is [PERSON_1], write to john.doe@example.com or call ")
    assert text.endswith("[PERSON_1]'s SSN is *******6789.")
    assert "425-555-0123" not in text
    assert "[PHONENUMBER" not in text


def test_a_substitute_is_the_same_every_time_and_keeps_the_form(emulator: Emulator) -> None:
    policy = {"policyKind": "syntheticReplacement"}
    first, second = (redact(emulator, policy)["redactedText"] for _ in range(2))
    assert first == second
    name = first.removeprefix("My name is ").partition(",")[0]
    assert name != "John Doe"
    assert first.count(name) == 2
    assert len(first.rpartition("SSN is ")[2]) == len("123-45-6789.")


def test_personal_data_may_be_passed_over(emulator: Emulator) -> None:
    def found(**parameters: Any) -> set[str]:
        return {entity["text"] for entity in redact(emulator, **parameters)["entities"]}

    everything = found()
    assert everything == {"John Doe", "john.doe@example.com", "425-555-0123", "123-45-6789"}
    assert found(excludePiiCategories=["Person", "Email"]) == {"425-555-0123", "123-45-6789"}
    assert found(valueExclusionPolicy={"excludedValues": ["john doe"]}) == everything - {"John Doe"}
    kept = {"caseSensitive": True, "excludedValues": ["john doe"]}
    assert found(valueExclusionPolicy=kept) == everything
    sure = {"default": 0.9, "overrides": [{"entity": "Email", "value": 0.1, "language": "en"}]}
    assert found(confidenceScoreThreshold=sure) == {"John Doe", "john.doe@example.com"}


def test_synonyms_and_lax_validation_find_more(emulator: Emulator) -> None:
    text = "My BANK is 123456789. Card 4111 1111 1111 1112."
    assert redact(emulator, text=text)["entities"] == []
    synonyms = [{"entityType": "USBankAccountNumber", "synonyms": [{"synonym": "BANK", "language": "en"}]}]
    (bank,) = redact(emulator, text=text, entitySynonyms=synonyms)["entities"]
    assert (bank["text"], bank["category"]) == ("123456789", "USBankAccountNumber")
    lax = redact(emulator, text=text, disableEntityValidation=True)["entities"]
    assert "CreditCardNumber" in {entity["category"] for entity in lax}


@pytest.mark.parametrize(
    "parameters",
    [
        {"redactionPolicies": "entityMask"},
        {"redactionPolicies": [{"policyKind": "paint"}]},
        {"redactionPolicies": [{"policyKind": "characterMask", "redactionCharacter": "x"}]},
        {"redactionPolicies": [{"isDefault": True}, {"isDefault": True}]},
        {"redactionPolicies": [{"policyKind": "characterMask", "unmaskLength": -1}]},
        {"redactionPolicies": [{"policyKind": "noMask", "entityTypes": "Person"}]},
        {"excludePiiCategories": "Person"},
        {"valueExclusionPolicy": ["John"]},
        {"confidenceScoreThreshold": {"default": 2}},
        {"confidenceScoreThreshold": {"default": 0.5, "overrides": [7]}},
        {"entitySynonyms": [7]},
        {"entitySynonyms": [{"entityType": "Person", "synonyms": ["name"]}]},
    ],
)
def test_options_of_redaction_that_make_no_sense_are_refused(emulator: Emulator, parameters: dict[str, Any]) -> None:
    answer = analyze(emulator, "PiiEntityRecognition", PERSONAL, **parameters)
    assert answer.status_code == requests.codes.bad_request
    assert answer.json()["error"]["innererror"]["code"] == "InvalidParameterValue"


def test_numbers_of_a_country_are_personal_where_its_language_is_spoken(emulator: Emulator) -> None:
    text = "CPF 111.444.777-35"
    english = only(analyze(emulator, "PiiEntityRecognition", text, "2023-04-01"))["entities"]
    asked = only(analyze(emulator, "PiiEntityRecognition", text, "2023-04-01", piiCategories=["BRCPFNumber"]))
    spoken = only(analyze(emulator, "PiiEntityRecognition", text, "2023-04-01", language="pt-BR"))
    assert english == []
    assert asked["redactedText"] == spoken["redactedText"] == "CPF **************"
