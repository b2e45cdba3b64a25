"""What goes beyond the extension: results, places, arguments on the wire, errors, for both clients."""

from __future__ import annotations

import inspect
import typing
from typing import TYPE_CHECKING, Any

import pytest

from fix_facade import KEY
from fix_faults import Edit, Status
from pgazure.client.azure_language import AsyncAzureLanguage
from pgazure.client.azure_translator import AsyncAzureTranslator
from pgazure.client.sync.azure_language import AzureLanguage
from pgazure.client.sync.azure_translator import AzureTranslator
from pgazure.errors import (
    BatchError,
    ConfigurationError,
    InvalidRequestError,
    ServiceResponseError,
    ServiceTimeoutError,
    ServiceUnavailableError,
)
from pgazure.flow.observe import RequestRecord, observe_requests
from pgazure.types import DocumentError, LinkedEntity, LinkedEntityMatch, TransliteratedText
from pgazure.types_language import (
    Assessment,
    Classification,
    ConversationItem,
    ConversationSummary,
    HealthcareAssertion,
    HealthcareDataSource,
    HealthcareEntitiesResult,
    HealthcareEntity,
    HealthcareRelation,
    HealthcareRole,
    LocatedEntity,
    LocatedPiiResult,
    OpinionAnalysisResult,
    Script,
    SentenceOpinions,
    SourceScript,
    SupportedLanguages,
    Target,
    TranslationLanguage,
    TransliterationLanguage,
)

if TYPE_CHECKING:
    from fix_faults import FaultServer

TEXT = "food was great"
LENGTH = len(TEXT)
MODEL = {"project_name": "project", "deployment_name": "deployment"}
FOOD = HealthcareEntity("food", "SymptomOrSign", "", 0.9, 0, 4, "n", None, [HealthcareDataSource("UMLS", "C1")])
GREAT = HealthcareEntity("great", "SymptomOrSign", "", 0.9, 9, 5, "n", HealthcareAssertion(None, "negative", None), [])
PERSON = LocatedEntity(TEXT, "Person", "", 0.9, 0, LENGTH)
SAID = Assessment("great", "positive", 1.0, 0.0, is_negated=False, offset=9, length=5)
RESULTS: dict[str, tuple[dict[str, Any], Any]] = {
    "analyze_opinions": (
        {},
        OpinionAnalysisResult(
            "positive",
            1.0,
            0.0,
            0.0,
            [
                SentenceOpinions(
                    TEXT, "positive", 1.0, 0.0, 0.0, 0, LENGTH, [Target("food", "positive", 1.0, 0.0, 0, 4, [SAID])]
                )
            ],
        ),
    ),
    "recognize_entities": ({}, [PERSON]),
    "recognize_pii_entities": ({}, LocatedPiiResult("*" * LENGTH, [PERSON])),
    "recognize_healthcare_entities": (
        {},
        HealthcareEntitiesResult(
            [FOOD, GREAT],
            [
                HealthcareRelation(
                    "Abbreviation", 0.8, [HealthcareRole("FullTerm", FOOD), HealthcareRole("AbbreviatedTerm", GREAT)]
                )
            ],
        ),
    ),
    "recognize_custom_entities": (MODEL, [LocatedEntity("food", "Own", "", 0.9, 0, 4)]),
    "classify_single_label": (MODEL, Classification("food", 0.9)),
    "classify_multi_label": (MODEL, [Classification("food", 0.9), Classification("great", 0.9)]),
}
TALK = [ConversationItem("it is broken", "1", "Customer"), ConversationItem("it is mended", "2", "Agent")]
TWINS: list[tuple[type, type]] = [(AsyncAzureLanguage, AzureLanguage), (AsyncAzureTranslator, AzureTranslator)]


def parameters_sent(faults: FaultServer) -> Any:
    body = faults.sent[-1].body
    return body["parameters"] if "parameters" in body else body["tasks"][0]["parameters"]


@pytest.mark.parametrize("method", RESULTS)
async def test_one_text_gives_one_result_and_many_give_a_list(client: Any, method: str) -> None:
    options, result = RESULTS[method]
    function = client.of("azure_language", method)
    assert await function(TEXT, **options) == result
    assert await function([TEXT, None, TEXT], "en", **options) == [result, None, result]
    assert await function([], **options) == []
    assert await function(None, **options) is None


async def test_linked_entities_come_as_the_extension_gives_them(client: Any, faults: FaultServer) -> None:
    entity = LinkedEntity(
        "food", "food", "en", "Wikipedia", "https://example.org", [LinkedEntityMatch("food", 0.9)], "b"
    )
    assert await client.linked_entities(TEXT) == [entity]
    assert await client.linked_entities([TEXT, None], ["en", "de"], disable_service_logs=True) == [[entity], None]
    assert faults.sent[-1].body["kind"] == "EntityLinking"
    assert parameters_sent(faults)["loggingOptOut"] is True
    await client.linked_entities([TEXT] * 11)
    assert sorted(len(r.body["analysisInput"]["documents"]) for r in faults.sent[-3:]) == [1, 5, 5]


async def test_an_entity_of_a_long_text_is_linked_once(client: Any, faults: FaultServer) -> None:
    (entity,) = await client.linked_entities("Rome fell. " * 2_000)
    assert len(entity.matches) == sum(len(r.body["analysisInput"]["documents"]) for r in faults.sent) > 3


@pytest.mark.parametrize(
    "method", ["analyze_opinions", "recognize_entities", "recognize_pii_entities", "recognize_custom_entities"]
)
async def test_places_in_a_long_text_are_those_of_the_whole_text(client: Any, method: str) -> None:
    text = "  " + "One 👩‍👩‍👧‍👧 sentence e\u0301nds.\n\n" * 8_000
    options, _ = RESULTS[method]
    result = await client.of("azure_language", method)(text, **options)
    if method == "analyze_opinions":
        things = [t for s in result.sentences for t in (s, *s.targets, *s.targets[0].assessments)]
    else:
        things = result.entities if method == "recognize_pii_entities" else result
    assert len(things) > 1
    assert [text[t.offset : t.offset + t.length] for t in things] == [t.text for t in things]
    assert things[-1].offset > len(text) / 3


async def test_arguments_reach_the_service(client: Any, faults: FaultServer) -> None:
    await client.of("azure_language", "analyze_opinions")(TEXT, "de", disable_service_logs=True)
    assert {"opinionMining": True, "loggingOptOut": True}.items() <= parameters_sent(faults).items()
    assert faults.sent[-1].body["analysisInput"]["documents"][0]["language"] == "de"
    await client.of("azure_language", "recognize_pii_entities")(TEXT, domain="PHI", categories=["PhoneNumber", "Email"])
    wanted = {"domain": "phi", "piiCategories": ["PhoneNumber", "Email"], "loggingOptOut": True}
    assert wanted.items() <= parameters_sent(faults).items()
    await client.of("azure_language", "recognize_pii_entities")(TEXT, categories="Email", disable_service_logs=False)
    assert parameters_sent(faults)["piiCategories"] == ["Email"]
    await client.of("azure_language", "classify_multi_label")(TEXT, **MODEL)
    assert {"projectName": "project", "deploymentName": "deployment"}.items() <= parameters_sent(faults).items()
    await client.of("azure_language", "recognize_healthcare_entities")(TEXT)
    assert parameters_sent(faults)["loggingOptOut"] is True


async def test_a_document_that_is_refused_stands_beside_the_others(client: Any, faults: FaultServer) -> None:
    def refuse_second(answer: Any) -> Any:
        found = answer["results"]["documents"]
        error = {"code": "InvalidArgument", "innererror": {"code": "InvalidDocument", "message": "no"}}
        results = {**answer["results"], "documents": found[:1], "errors": [{"id": "1", "error": error}]}
        return {**answer, "results": results}

    faults.posts.append(Edit(refuse_second))
    with pytest.raises(BatchError) as caught:
        await client.of("azure_language", "analyze_opinions")([TEXT, "other"])
    assert caught.value.results[0] == RESULTS["analyze_opinions"][1]
    assert caught.value.results[1].code == "InvalidDocument"


async def test_an_opinion_that_points_nowhere_drops_the_answer(client: Any, faults: FaultServer) -> None:
    def mislead(answer: Any) -> Any:
        target = answer["results"]["documents"][0]["sentences"][0]["targets"][0]
        target["relations"][0]["ref"] = "#/documents/0/sentences/0/assessments/7"
        return answer

    faults.posts.append(Edit(mislead))
    with pytest.raises(ServiceResponseError, match="not what the service documents"):
        await client.of("azure_language", "analyze_opinions")(TEXT, max_attempts=1)


async def test_a_model_without_a_name_is_refused_before_anything_is_sent(client: Any, faults: FaultServer) -> None:
    function = client.of("azure_language", "classify_single_label")
    with pytest.raises(ConfigurationError, match="project_name must not be empty"):
        await function(TEXT, project_name=" ", deployment_name="d")
    with pytest.raises(TypeError, match="deployment_name must be a str"):
        await function(TEXT, project_name="p", deployment_name=None)
    with pytest.raises(ConfigurationError, match="categories must hold at least one name"):
        await client.of("azure_language", "recognize_pii_entities")(TEXT, categories=[])
    assert faults.received == []


async def test_a_conversation_is_summed_up_under_every_aspect(client: Any, faults: FaultServer) -> None:
    summarize = client.of("azure_language", "summarize_conversation")
    said = "2 turns, then it is mended"
    both = [ConversationSummary("issue", said), ConversationSummary("resolution", said)]
    assert await summarize(TALK) == both
    assert faults.sent[-1].body["analysisInput"]["conversations"] == [
        {
            "id": "0",
            "language": "en",
            "modality": "text",
            "conversationItems": [
                {
                    "id": "0",
                    "participantId": "1",
                    "text": "it is broken",
                    "modality": "text",
                    "role": "Customer",
                },
                {"id": "1", "participantId": "2", "text": "it is mended", "modality": "text", "role": "Agent"},
            ],
        }
    ]
    assert [t["parameters"]["summaryAspects"] for t in faults.sent[-1].body["tasks"]] == [["issue"], ["resolution"]]
    assert await summarize([TALK, TALK[:1]], ["en", "de"], aspects="CHAPTERTITLE") == [
        [ConversationSummary("chapterTitle", said)],
        [ConversationSummary("chapterTitle", "1 turns, then it is broken")],
    ]
    sent = [r.body["analysisInput"]["conversations"][0]["language"] for r in faults.sent[-2:]]
    assert sorted(sent) == ["de", "en"]


async def test_a_conversation_is_counted_by_what_was_said(client: Any) -> None:
    records: list[RequestRecord] = []
    with observe_requests(records.append):
        await client.of("azure_language", "summarize_conversation")(TALK)
    assert [(r.service, r.operation, r.items, r.characters, r.status_code) for r in records] == [
        ("language", "summarize_conversation", 1, 25, 202)
    ]


async def test_a_conversation_that_is_none_is_refused(client: Any, faults: FaultServer) -> None:
    summarize = client.of("azure_language", "summarize_conversation")
    for wrong in ("a text", ["a text"], [{"text": "a"}], [TALK, "a text"], [TALK, ["a text"]]):
        with pytest.raises(TypeError, match="conversation"):
            await summarize(wrong)
    with pytest.raises(ConfigurationError, match="aspects must be one of issue"):
        await summarize(TALK, aspects=["issue", "mood"])
    with pytest.raises(InvalidRequestError, match="empty"):
        await summarize([])
    with pytest.raises(InvalidRequestError, match="more than 125,000 characters"):
        await summarize([ConversationItem("word " * 30_000, "1")])
    assert faults.received == []


async def test_a_conversation_that_the_service_refuses_is_an_error_without_its_words(
    client: Any, faults: FaultServer
) -> None:
    def refuse(state: Any) -> Any:
        error = {"code": "InvalidArgument", "innererror": {"code": "InvalidDocument", "message": "it is broken: no"}}
        item = {
            "taskName": "issue",
            "status": "succeeded",
            "results": {"conversations": [], "errors": [{"id": "0", "error": error}]},
        }
        return {**state, "status": "succeeded", "tasks": {**state["tasks"], "items": [item]}}

    summarize = client.of("azure_language", "summarize_conversation")
    faults.polls.append(Edit(refuse))
    refused = await summarize(TALK, aspects="issue", throw_on_error=False)
    assert isinstance(refused, DocumentError)
    assert refused.code == "InvalidDocument"
    assert "broken" not in refused.message

    faults.polls.append(
        Edit(lambda state: {**state, "status": "failed", "errors": [{"code": "Broken", "message": "x"}]})
    )
    with pytest.raises(ServiceUnavailableError, match="could not finish the job"):
        await summarize(TALK, max_attempts=1)
    for ended in ("cancelled", "canceled"):
        faults.polls.append(Edit(lambda state, ended=ended: {**state, "status": ended}))
        with pytest.raises(ServiceResponseError, match="cancelled at the service"):
            await summarize(TALK, max_attempts=1)
    faults.polls.append(Edit(lambda state: {**state, "status": "partiallyCompleted"}))
    with pytest.raises(ServiceResponseError, match="no summary of the aspect issue"):
        await summarize(TALK, max_attempts=1)


async def test_a_conversation_survives_a_failing_poll(client: Any, faults: FaultServer) -> None:
    faults.polls.extend([Status(500), Status(504, body="upstream", content_type="text/plain")])
    assert len(await client.of("azure_language", "summarize_conversation")(TALK, max_attempts=1)) == 2


async def test_a_text_is_written_in_another_script(client: Any, faults: FaultServer) -> None:
    transliterate = client.of("azure_translator", "transliterate")
    assert await transliterate("sama", "ja", "Jpan", "Latn") == TransliteratedText("Latn", "SAMA")
    assert await transliterate(["a", None, "b"], "ja", from_script="Jpan", to_script="Latn") == [
        TransliteratedText("Latn", "A"),
        None,
        TransliteratedText("Latn", "B"),
    ]
    wanted = {"language": "ja", "fromScript": "Jpan", "toScript": "Latn"}
    assert wanted.items() <= dict(faults.sent[-1].query).items()
    text = "a long line of words.\n" * 500
    assert (await transliterate(text, "ja", "Jpan", "Latn")).text == text.upper()
    with pytest.raises(ConfigurationError, match="to_script must not be empty"):
        await transliterate("a", "ja", "Jpan", "")


async def test_an_answer_for_another_number_of_texts_is_dropped(client: Any, faults: FaultServer) -> None:
    faults.posts.append(Edit(lambda answer: {"value": answer["value"][:1]}))
    with pytest.raises(BatchError) as caught:
        await client.of("azure_translator", "transliterate")(["a", "b"], "ja", "Jpan", "Latn", max_attempts=1)
    assert {error.code for error in caught.value.results} == {"WrongTransliterationCount"}


async def test_languages_are_listed_and_retried_like_everything(client: Any, faults: FaultServer) -> None:
    latin = Script("Latn", "Latin", "Latin", "ltr")
    japanese = TransliterationLanguage(
        "Japanese", "日本語", [SourceScript(Script("Jpan", "Latin", "Latin", "ltr"), [latin])]
    )
    german = TranslationLanguage("German", "Deutsch", "ltr", ["general"])
    languages = client.of("azure_translator", "supported_languages")
    faults.polls.extend([Status(503), Status(429)])
    records: list[RequestRecord] = []
    with observe_requests(records.append):
        assert await languages(language="es") == SupportedLanguages({"de": german}, {"ja": japanese}, ["general"])
    assert {name.lower(): value for name, value in faults.received[-1].headers.items()}["accept-language"] == "es"
    assert [(r.operation, r.items, r.characters, r.status_code) for r in records] == [
        ("supported_languages", 0, 0, status) for status in (503, 429, 200)
    ]
    assert await languages(scope=["transliteration", "models"]) == SupportedLanguages({}, {"ja": japanese}, ["general"])
    assert faults.received[-1].query["scope"] == "transliteration,models"
    with pytest.raises(ConfigurationError, match="scope must be one of translation"):
        await languages(scope="dictionary")
    faults.polls.append(Status(500))
    with pytest.raises(ServiceUnavailableError) as caught:
        await languages(max_attempts=1)
    assert KEY not in str(caught.value)
    faults.polls.extend([Status(503, headers={"Retry-After": "60"})])
    with pytest.raises(ServiceTimeoutError):
        await languages(timeout_ms=200)


@pytest.mark.parametrize(("written", "generated"), TWINS)
def test_both_clients_have_the_same_methods_overloads_and_words(written: type, generated: type) -> None:
    names = [name for name, _ in inspect.getmembers(written, inspect.isfunction) if not name.startswith("_")]
    assert names == [name for name, _ in inspect.getmembers(generated, inspect.isfunction) if not name.startswith("_")]
    for name in names:
        there, here = getattr(written, name), getattr(generated, name)
        assert inspect.signature(there) == inspect.signature(here)
        assert inspect.getdoc(there) == inspect.getdoc(here)
        assert [inspect.signature(o) for o in typing.get_overloads(there)] == [
            inspect.signature(o) for o in typing.get_overloads(here)
        ]
        words = inspect.getdoc(there) or ""
        for argument in list(inspect.signature(there).parameters)[1:]:
            assert f"    {argument}: " in words
        assert "Returns:" in words
        assert "Raises:" in words
