"""Entity linking, health, custom models, conversations: the official client works unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.ai.language.conversations import ConversationAnalysisClient
from azure.core.credentials import AzureKeyCredential

from emulator import clients

if TYPE_CHECKING:
    from pathlib import Path

    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator

FOUNDED = "Microsoft was founded by Bill Gates and Paul Allen"
HEALTH = [
    "Patient does not suffer from high blood pressure.",
    "",
    "Prescribed 100mg ibuprofen, taken twice daily.",
    "Possible pneumonia. Her mother had asthma. If fever develops, call the doctor. No cough but severe headache.",
]
RULES = """
[[entities]]
category = "dish"
pattern = "pizza|soup"

[[classes]]
category = "Food"
pattern = "pizza|soup"

[[classes]]
category = "Music"
pattern = "playlist|song"

[[classes]]
category = "Secret"
pattern = "."
project = "another"
"""


def test_known_things_are_linked_where_they_stand(emulator: Emulator) -> None:
    text = f"🙂 {FOUNDED}. Microsoft is in Redmond."
    with clients.language(emulator) as client:
        (found,) = client.recognize_linked_entities([text])
    names = {one.name: one for one in found.entities}
    assert {"Microsoft", "Bill Gates", "Paul Allen"} <= set(names)
    microsoft = names["Microsoft"]
    assert microsoft.url == "https://en.wikipedia.org/wiki/Microsoft"
    assert (microsoft.data_source, microsoft.data_source_entity_id, microsoft.language) == (
        "Wikipedia",
        "Microsoft",
        "en",
    )
    assert [one.offset for one in microsoft.matches] == [2, 54]
    for entity in found.entities:
        for match in entity.matches:
            assert text[match.offset : match.offset + match.length] == match.text
    assert len({one.bing_entity_search_api_id for one in found.entities}) == len(found.entities)


def test_linking_has_its_own_limits(emulator: Emulator) -> None:
    with clients.language(emulator) as client:
        with pytest.raises(Exception, match="Max 5 records are permitted"):
            client.recognize_linked_entities(["x"] * 6)
        (german,) = client.recognize_linked_entities(["Microsoft"], language="de")
    assert german.error.code == "UnsupportedLanguageCode"


def test_drugs_complaints_and_what_belongs_to_them_are_found(emulator: Emulator) -> None:
    with clients.language(emulator) as client:
        found = list(client.begin_analyze_healthcare_entities(HEALTH).result())
    pressure, empty, drug, others = found
    (entity,) = pressure.entities
    assert (entity.text, entity.category, entity.normalized_text) == (
        "high blood pressure",
        "SymptomOrSign",
        "Hypertensive disease",
    )
    assert (entity.assertion.certainty, entity.data_sources[0].entity_id) == ("negative", "C0020538")
    assert empty.error.code == "InvalidDocument"
    assert [(one.text, one.category) for one in drug.entities] == [
        ("100mg", "Dosage"),
        ("ibuprofen", "MedicationName"),
        ("twice daily", "Frequency"),
    ]
    assert [
        (relation.relation_type, [(role.name, role.entity.text) for role in relation.roles])
        for relation in drug.entity_relations
    ] == [
        ("DosageOfMedication", [("Dosage", "100mg"), ("Medication", "ibuprofen")]),
        ("FrequencyOfMedication", [("Medication", "ibuprofen"), ("Frequency", "twice daily")]),
    ]
    said = {one.text: one.assertion for one in others.entities}
    assert said["pneumonia"].certainty == "positivePossible"
    assert said["asthma"].association == "other"
    assert said["fever"].conditionality == "hypothetical"
    assert said["cough"].certainty == "negative"
    assert said["headache"] is None


def test_a_job_too_large_is_too_large_before_it_has_too_many_documents(emulator: Emulator) -> None:
    documents = [{"id": str(place), "text": "word " * 260, "language": "en"} for place in range(100)]
    body = {"analysisInput": {"documents": documents}, "tasks": [{"kind": "Healthcare"}]}
    url = f"{emulator.endpoint}/language/analyze-text/jobs?api-version=2022-05-01"
    answer = requests.post(url, json=body, headers={"Ocp-Apim-Subscription-Key": emulator.key}, timeout=30)
    assert answer.status_code == 413


async def test_the_asynchronous_client_is_served(emulator: Emulator) -> None:
    async with clients.async_language(emulator) as client:
        linked = await client.recognize_linked_entities([FOUNDED])
        job = await client.begin_analyze_healthcare_entities(["He takes aspirin daily."])
        health = [one async for one in await job.result()]
    assert [one.name for one in linked[0].entities] == ["Microsoft", "Bill Gates", "Paul Allen"]
    assert [one.text for one in health[0].entities] == ["aspirin", "daily"]


def test_custom_models_answer_by_rule(make_emulator: MakeEmulator, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(RULES, encoding="utf-8")
    texts = ["The pizza was fine, the soup was cold. A song played.", "Nothing"]
    names: dict[str, Any] = {"project_name": "p", "deployment_name": "d"}
    with clients.language(make_emulator(rules=file)) as client:
        entities = list(client.begin_recognize_custom_entities(texts, **names).result())
        single = list(client.begin_single_label_classify(texts, **names).result())
        multiple = list(client.begin_multi_label_classify(texts, **names).result())
    assert [(one.text, one.category, one.offset) for one in entities[0].entities] == [
        ("pizza", "dish", 4),
        ("soup", "dish", 24),
    ]
    assert [one.classifications[0].category for one in single] == ["Food", "Other"]
    assert [[one.category for one in result.classifications] for result in multiple] == [["Food", "Music"], []]


def test_without_rules_custom_models_know_what_everybody_knows(emulator: Emulator) -> None:
    names: dict[str, Any] = {"project_name": "p", "deployment_name": "d"}
    with clients.language(emulator) as client:
        (entities,) = client.begin_recognize_custom_entities([FOUNDED], **names).result()
        (single,) = client.begin_single_label_classify([FOUNDED], **names).result()
        with pytest.raises(Exception, match=r"validation errors|projectName"):
            client.begin_single_label_classify([FOUNDED], project_name="", deployment_name="d").result()
    assert ("Bill Gates", "Person") in [(one.text, one.category) for one in entities.entities]
    assert [(one.category, one.confidence_score) for one in single.classifications] == [("Other", 0.0)]


def test_the_job_names_project_and_deployment(emulator: Emulator) -> None:
    task = {"kind": "CustomSingleLabelClassification", "parameters": {"projectName": "p", "deploymentName": "d"}}
    given = {"documents": [{"id": "0", "text": "x", "language": "en"}]}
    job = run(emulator, "text", {"analysisInput": given, "tasks": [task]})
    results = job["tasks"]["items"][0]["results"]
    assert (results["projectName"], results["deploymentName"]) == ("p", "d")
    assert "modelVersion" not in results


TALK = [
    ("1", "Agent", "Hello, how can I help you?"),
    ("2", "Customer", "How do I upgrade Office? I am getting error messages the whole day."),
    ("3", "Agent", "Press the upgrade button please. Then sign in and follow the instructions."),
    ("4", "Customer", "Thank you."),
]


def run(server: Emulator, what: str, body: Any, version: str = "2023-04-01") -> Any:
    url = f"{server.endpoint}/language/analyze-{what}/jobs?api-version={version}"
    headers = {"Ocp-Apim-Subscription-Key": server.key}
    started = requests.post(url, json=body, headers=headers, timeout=30)
    assert started.status_code == 202, started.text
    assert f"/language/analyze-{what}/jobs/" in started.headers["operation-location"]
    return clients.finish(server, started.headers["operation-location"])


def talk(**changes: Any) -> dict[str, Any]:
    items = [
        {"id": name, "role": role, "participantId": f"{role}_1", "text": text, "modality": "text"}
        for name, role, text in TALK
    ]
    return {"id": "c1", "language": "en", "modality": "text", "conversationItems": items} | changes


def summarize(server: Emulator, *aspects: str) -> Any:
    tasks = [
        {
            "taskName": f"{aspect} task",
            "kind": "ConversationalSummarizationTask",
            "parameters": {"summaryAspects": [aspect]},
        }
        for aspect in aspects
    ]
    body = {"displayName": "talk", "analysisInput": {"conversations": [talk()]}, "tasks": tasks}
    return run(server, "conversations", body)


def test_a_conversation_is_summed_up_by_aspects(emulator: Emulator) -> None:
    job = summarize(emulator, "issue", "resolution", "chapterTitle", "narrative", "recap")
    assert (job["status"], job["displayName"], job["tasks"]["completed"]) == ("succeeded", "talk", 5)
    summaries = {}
    for item in job["tasks"]["items"]:
        assert item["kind"] == "conversationalSummarizationResults"
        (conversation,) = item["results"]["conversations"]
        assert conversation["id"] == "c1"
        for one in conversation["summaries"]:
            summaries[one["aspect"]] = one
    assert summaries["issue"]["text"] == f"Customer: {TALK[1][2]}"
    assert summaries["issue"]["contexts"] == [{"conversationItemId": "2", "offset": 0, "length": len(TALK[1][2])}]
    assert summaries["resolution"]["text"].startswith("Agent: Press the upgrade button")
    assert set(summaries) == {"issue", "resolution", "chapterTitle", "narrative", "recap"}
    assert "upgrade" in summaries["narrative"]["text"]
    assert all(one["text"] for one in summaries.values())


@pytest.mark.parametrize(
    ("conversations", "task"),
    [
        ([], {"kind": "ConversationalSummarizationTask", "parameters": {"summaryAspects": ["issue"]}}),
        (
            [talk(), talk(id="c2")],
            {"kind": "ConversationalSummarizationTask", "parameters": {"summaryAspects": ["issue"]}},
        ),
        (
            [talk(conversationItems=[])],
            {"kind": "ConversationalSummarizationTask", "parameters": {"summaryAspects": ["issue"]}},
        ),
        (
            [talk(modality="smoke")],
            {"kind": "ConversationalSummarizationTask", "parameters": {"summaryAspects": ["issue"]}},
        ),
        ([talk()], {"kind": "Other"}),
        ([talk()], {"kind": "ConversationalSummarizationTask", "parameters": {"summaryAspects": ["mood"]}}),
        ([talk()], {"kind": "ConversationalSummarizationTask", "parameters": {}}),
    ],
)
def test_conversations_that_are_not_valid_are_refused(emulator: Emulator, conversations: Any, task: Any) -> None:
    url = f"{emulator.endpoint}/language/analyze-conversations/jobs?api-version=2023-04-01"
    body = {"analysisInput": {"conversations": conversations}, "tasks": [task]}
    answer = requests.post(url, json=body, headers={"Ocp-Apim-Subscription-Key": emulator.key}, timeout=30)
    assert answer.status_code == 400
    assert answer.json()["error"]["innererror"]["code"]


def test_targets_and_assessments_of_opinions_stand_where_they_say(emulator: Emulator) -> None:
    text = "The food was great but the service was terrible."
    with clients.language(emulator) as client:
        (found,) = client.analyze_sentiment([text], show_opinion_mining=True)
    mined = found.sentences[0].mined_opinions
    pairs = [(one.target.text, one.target.sentiment, one.assessments[0].text) for one in mined]
    assert pairs == [("food", "positive", "great"), ("service", "negative", "terrible")]
    assert all(text[one.target.offset :].startswith(one.target.text) for one in mined)


def redact_talk(server: Emulator, *items: dict[str, Any], modality: str = "text", **parameters: Any) -> list[Any]:
    said = [{"id": str(place), "participantId": "Customer_1"} | item for place, item in enumerate(items)]
    given = {"id": "c1", "language": "en", "modality": modality, "conversationItems": said}
    tasks = [{"taskName": "pii", "kind": "ConversationalPIITask", "parameters": parameters}]
    body = {"analysisInput": {"conversations": [given]}, "tasks": tasks}
    job = run(server, "conversations", body, "2025-11-15-preview")
    (task,) = job["tasks"]["items"]
    assert task["kind"] == "conversationalPIIResults"
    listed: list[Any] = task["results"]["conversations"][0]["conversationItems"]
    return listed


def test_personal_data_of_a_conversation_is_masked_where_it_stands(emulator: Emulator) -> None:
    name, phone = redact_talk(
        emulator, {"text": "My name is John Doe."}, {"text": "Call 425-555-0123."}, stringIndexType="UnicodeCodePoint"
    )
    assert name["redactedContent"] == {"text": "My name is ********."}
    (entity,) = name["entities"]
    assert (entity["text"], entity["category"], entity["offset"], entity["length"]) == ("John Doe", "Person", 11, 8)
    assert (phone["redactedContent"]["text"], phone["entities"][0]["category"]) == ("Call ************.", "Phone")


def test_every_form_of_a_transcript_is_redacted_and_the_sound_too(emulator: Emulator) -> None:
    forms = {"text": "I am John Doe.", "itn": "i am john doe", "maskedItn": "i am john doe", "lexical": "i am john doe"}
    timings = [{"word": word, "offset": place, "duration": 1} for place, word in enumerate(["i", "am", "john", "doe"])]
    item = {**forms, "wordLevelTimings": timings}
    (heard,) = redact_talk(emulator, item, modality="transcript", redactAudioTiming=True, redactionSource="lexical")
    content = heard["redactedContent"]
    assert [content[name] for name in forms] == ["I am ********.", *["i am ********"] * 3]
    assert content["audioTimings"] == [{"offset": 2, "duration": 1}, {"offset": 3, "duration": 1}]
    assert [entity["text"] for entity in heard["entities"]] == ["john doe"]


def test_personal_data_of_a_conversation_may_become_its_category(emulator: Emulator) -> None:
    said = {"text": "My name is John Doe, call 425-555-0123."}
    (masked,) = redact_talk(emulator, said, piiCategories=["Person"], redactionPolicies=[{"policyKind": "entityMask"}])
    assert masked["redactedContent"]["text"] == "My name is [PERSON_1], call 425-555-0123."
    assert [entity["mask"] for entity in masked["entities"]] == ["[PERSON_1]"]


INTENTS = """
[[intents]]
category = "Send"
pattern = "send|email"
project = "mail"

[[intents]]
category = "Delete"
pattern = "delete|remove"
project = "mail"

[[intents]]
category = "ChitChat"
pattern = "how are you"
project = "flow"
target = "QuestionAnswering"
answer = "Fine, thanks."

[[intents]]
category = "Mail"
pattern = "email"
project = "flow"
target = "Conversation"
"""


def understand(server: Emulator, text: str, project: str, **parameters: str) -> Any:
    item = {"participantId": "1", "id": "1", "modality": "text", "language": "en", "text": text}
    task = {
        "kind": "Conversation",
        "analysisInput": {"conversationItem": item},
        "parameters": {"projectName": project, "deploymentName": "d", "stringIndexType": "UnicodeCodePoint"}
        | parameters,
    }
    with ConversationAnalysisClient(server.endpoint, AzureKeyCredential(server.key)) as client:
        answer: Any = client.analyze_conversation(task=task)
    assert answer["kind"] == "ConversationResult"
    return answer["result"]["prediction"]


def test_intents_are_told_by_rule(make_emulator: MakeEmulator, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(INTENTS, encoding="utf-8")
    server = make_emulator(rules=file)
    text = "Send an email to Carol, and remove the old one"
    asked = understand(server, text, "mail")
    assert (asked["topIntent"], asked["projectKind"]) == ("Send", "Conversation")
    assert [intent["category"] for intent in asked["intents"]] == ["Send", "Delete", "None"]
    assert sum(intent["confidenceScore"] for intent in asked["intents"]) == pytest.approx(1, abs=0.02)
    (carol,) = [one for one in asked["entities"] if one["category"] == "Person"]
    assert text[carol["offset"] : carol["offset"] + carol["length"]] == "Carol"
    assert understand(server, "Play music", "mail")["topIntent"] == "None"
    assert understand(server, text, "another")["topIntent"] == "None"


def test_a_workflow_hands_what_is_said_to_its_projects(make_emulator: MakeEmulator, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(INTENTS, encoding="utf-8")
    server = make_emulator(rules=file)
    chat = understand(server, "How are you?", "flow")
    assert (chat["projectKind"], chat["topIntent"]) == ("Orchestration", "ChitChat")
    assert chat["intents"]["ChitChat"]["result"]["answers"][0]["answer"] == "Fine, thanks."
    assert chat["intents"]["None"]["targetProjectKind"] == "NonLinked"
    direct = understand(server, "How are you?", "flow", directTarget="Mail")
    assert direct["topIntent"] == "Mail"
    assert direct["intents"]["Mail"]["result"]["prediction"]["topIntent"] == "Mail"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "Conversation"},
        {"kind": "Conversation", "analysisInput": {"conversationItem": {"text": " "}}},
        {"kind": "Conversation", "analysisInput": {"conversationItem": {"text": "Hi"}}, "parameters": {}},
        {"kind": "ConversationalAI", "analysisInput": {}},
    ],
)
def test_what_is_no_utterance_is_refused(emulator: Emulator, body: dict[str, Any]) -> None:
    url = f"{emulator.endpoint}/language/:analyze-conversations?api-version=2023-04-01"
    answer = requests.post(url, json=body, headers={"api-key": emulator.key}, timeout=30)
    assert answer.status_code == 400
    assert answer.json()["error"]["innererror"]["code"] == "InvalidParameterValue"


def test_a_job_is_cancelled_when_its_time_is_up(make_emulator: MakeEmulator) -> None:
    server = make_emulator(job_time=60)
    body = {
        "cancelAfter": 0.01,
        "analysisInput": {"documents": [{"id": "1", "text": "Fine.", "language": "en"}]},
        "tasks": [{"taskName": "t", "kind": "SentimentAnalysis"}],
    }
    job = run(server, "text", body, "2026-05-15-preview")
    assert (job["status"], job["tasks"]["items"][0]["status"]) == ("cancelled", "cancelled")
