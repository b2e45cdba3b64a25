"""What goes beyond the extension, before the local Azure endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pgazure.types_language import ConversationItem

if TYPE_CHECKING:
    from fix_facade import Facade
    from pgazure.emulator import Emulator

EMULATOR_KEYS = {"language_key": "emulator", "translator_key": "emulator", "openai_key": "emulator"}
REVIEW = "We stayed in Rome with Anna Smith. The breakfast was delicious but the room was dirty."


@pytest.fixture
def client(facade: Facade, emulator: Emulator) -> Any:
    return facade.open(emulator.endpoint, **EMULATOR_KEYS)


async def test_entities_are_linked_to_their_pages(client: Any) -> None:
    linked = await client.linked_entities([REVIEW, "Nothing."])
    assert [entity.url for entity in linked[0] if entity.name == "Rome"] == ["https://en.wikipedia.org/wiki/Rome"]
    assert linked[1] == []


async def test_opinions_tell_what_was_good_and_what_was_not(client: Any) -> None:
    result = await client.of("azure_language", "analyze_opinions")(REVIEW)
    targets = {target.text: target for sentence in result.sentences for target in sentence.targets}
    assert (targets["breakfast"].sentiment, targets["room"].sentiment) == ("positive", "negative")
    for target in targets.values():
        for thing in (target, *target.assessments):
            assert REVIEW[thing.offset : thing.offset + thing.length] == thing.text


async def test_entities_and_personal_data_have_places(client: Any) -> None:
    entities = await client.of("azure_language", "recognize_entities")(REVIEW)
    text = "Call 555-123-4567 or write to anna@example.com."
    personal = await client.of("azure_language", "recognize_pii_entities")(text, categories=["Email"])
    assert entities
    assert [entity.category for entity in personal.entities] == ["Email"]
    assert "555-123-4567" in personal.redacted_text
    for source, found in ((REVIEW, entities), (text, personal.entities)):
        assert [source[e.offset : e.offset + e.length] for e in found] == [e.text for e in found]


async def test_medical_concepts_are_related(client: Any) -> None:
    text = "Patient takes 100mg ibuprofen twice daily for fever."
    result = await client.of("azure_language", "recognize_healthcare_entities")(text)
    assert {"100mg", "ibuprofen"} <= {entity.text for entity in result.entities}
    relations = {r.relation_type: [role.entity.text for role in r.roles] for r in result.relations}
    assert set(relations["DosageOfMedication"]) == {"100mg", "ibuprofen"}


async def test_a_conversation_is_summed_up(client: Any) -> None:
    turns = [
        ConversationItem("My printer is broken and prints only blank pages.", "1", "Customer"),
        ConversationItem("Please change the cartridge. That solves it.", "2", "Agent"),
    ]
    summaries = await client.of("azure_language", "summarize_conversation")(turns)
    assert [summary.aspect for summary in summaries] == ["issue", "resolution"]
    assert all(summary.text for summary in summaries)


async def test_scripts_are_listed_and_changed(client: Any) -> None:
    languages = await client.of("azure_translator", "supported_languages")()
    assert "de" in languages.translation
    scripts = {source.script.code: source for source in languages.transliteration["ru"].scripts}
    assert "Latn" in [script.code for script in scripts["Cyrl"].to_scripts]
    written = await client.of("azure_translator", "transliterate")(["Москва", "Волга"], "ru", "Cyrl", "Latn")
    assert [result.script for result in written] == ["Latn", "Latn"]
    assert all(result.text.isascii() for result in written)
