"""Results of the parts of a text, put together."""

from __future__ import annotations

import pytest

from pgazure.flow.merging import (
    merge_entities,
    merge_key_phrases,
    merge_languages,
    merge_pii,
    merge_sentences,
    merge_sentiments,
    merge_summaries,
    merge_translations,
)
from pgazure.flow.splitting import Part
from pgazure.types import (
    DetectedLanguage,
    Entity,
    LanguageDetectionResult,
    PiiEntityRecognitionResult,
    Sentence,
    SentimentAnalysisResult,
    TranslatedTextResult,
    Translation,
    TransliteratedText,
)

PARTS = [Part("x" * 30, "", "\n"), Part("y" * 10, " ", "")]


def sentiment(label: str, *scores: float) -> SentimentAnalysisResult:
    return SentimentAnalysisResult(label, *scores)


def test_scores_are_weighed_by_length() -> None:
    merged = merge_sentiments(PARTS, [sentiment("positive", 1.0, 0.0, 0.0), sentiment("neutral", 0.0, 1.0, 0.0)])
    assert merged == sentiment("positive", 0.75, 0.25, 0.0)


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        (("positive", "negative"), "mixed"),
        (("mixed", "neutral"), "mixed"),
        (("neutral", "negative"), "negative"),
        (("neutral", "positive"), "positive"),
        (("neutral", "neutral"), "neutral"),
    ],
)
def test_labels_join_as_those_of_sentences_do(labels: tuple[str, str], label: str) -> None:
    assert merge_sentiments(PARTS, [sentiment(each, 0.3, 0.3, 0.4) for each in labels]).sentiment == label


def test_the_language_of_most_of_the_text_wins() -> None:
    english, french = LanguageDetectionResult("English", "en", 1.0), LanguageDetectionResult("French", "fr", 1.0)
    assert merge_languages(PARTS, [french, english]) == LanguageDetectionResult("French", "fr", 0.75)
    assert merge_languages(PARTS, [english, english]) == english


def test_phrases_and_entities_stand_once_in_order_of_mention() -> None:
    assert merge_key_phrases(PARTS, [["b", "a"], ["a", "c"]]) == ["b", "a", "c"]
    first, again, other = (
        Entity("A", "Person", "", 0.9),
        Entity("A", "Person", "", 0.5),
        Entity("A", "Location", "", 0.5),
    )
    assert merge_entities(PARTS, [[first], [again, other]]) == [first, other]


def test_redacted_parts_join_with_the_space_between_them() -> None:
    entity = Entity("yyy", "Person", "", 0.9)
    merged = merge_pii(
        PARTS, [PiiEntityRecognitionResult("x" * 30, []), PiiEntityRecognitionResult("*" * 10, [entity, entity])]
    )
    assert merged.redacted_text == "x" * 30 + "\n " + "*" * 10
    assert merged.entities == [entity, entity]


def test_translations_join_language_by_language() -> None:
    def result(word: str, language: str) -> TranslatedTextResult:
        translations = [
            Translation("de", f"{word}-de"),
            Translation("ja", f"{word}-ja", TransliteratedText("Latn", word)),
        ]
        return TranslatedTextResult(translations, DetectedLanguage(language, 0.8))

    merged = merge_translations(PARTS, [result("a", "en"), result("b", "fr")])
    assert merged.translations == [
        Translation("de", "a-de\n b-de"),
        Translation("ja", "a-ja\n b-ja", TransliteratedText("Latn", "a-ja\n b-ja")),
    ]
    assert merged.detected_language == DetectedLanguage("en", 0.6)
    known = [TranslatedTextResult([Translation("de", word)]) for word in "ab"]
    assert merge_translations(PARTS, known).detected_language is None


def test_the_best_sentences_are_chosen_across_parts() -> None:
    parts = [[Sentence("a", 0.5), Sentence("b", 1.0)], [Sentence("c", 0.9), Sentence("d", 0.1)]]
    assert [s.text for s in merge_sentences(parts, 3, "offset")] == ["a", "b", "c"]
    assert [s.text for s in merge_sentences(parts, 3, "rank")] == ["b", "c", "a"]
    assert [s.text for s in merge_sentences(parts, 9, "offset")] == ["a", "b", "c", "d"]


def test_summaries_follow_each_other() -> None:
    assert merge_summaries(PARTS, [["a"], ["b", "c"]]) == ["a", "b", "c"]
