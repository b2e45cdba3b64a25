"""Putting the results of a text's parts together, as if the text had been sent whole."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from pgazure.types import (
    DetectedLanguage,
    Entity,
    LanguageDetectionResult,
    PiiEntityRecognitionResult,
    Sentence,
    SentimentAnalysisResult,
    TranslatedTextResult,
    TransliteratedText,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.flow.splitting import Part


def merge_sentiments(parts: Sequence[Part], results: Sequence[SentimentAnalysisResult]) -> SentimentAnalysisResult:
    """Weigh the scores by length; praise in one part and blame in another is ``mixed``."""
    weights = [len(part.text) for part in parts]
    total = sum(weights)

    def mean(scores: list[float]) -> float:
        return round(sum(score * weight for score, weight in zip(scores, weights, strict=True)) / total, 2)

    labels = {result.sentiment for result in results}
    if "mixed" in labels or {"positive", "negative"} <= labels:
        sentiment = "mixed"
    else:
        sentiment = next((label for label in ("positive", "negative") if label in labels), "neutral")
    return SentimentAnalysisResult(
        sentiment=sentiment,
        positive_score=mean([result.positive_score for result in results]),
        neutral_score=mean([result.neutral_score for result in results]),
        negative_score=mean([result.negative_score for result in results]),
    )


def merge_languages(parts: Sequence[Part], results: Sequence[LanguageDetectionResult]) -> LanguageDetectionResult:
    """Choose the language that most of the text is in; its confidence counts for its share only."""
    shares: dict[str, float] = defaultdict(float)
    for part, result in zip(parts, results, strict=True):
        shares[result.iso6391_name] += result.confidence_score * len(part.text)
    best = max(shares, key=lambda name: shares[name])
    chosen = next(result for result in results if result.iso6391_name == best)
    return replace(chosen, confidence_score=round(shares[best] / sum(len(part.text) for part in parts), 2))


def merge_key_phrases(_parts: Sequence[Part], results: Sequence[list[str]]) -> list[str]:
    """Keep each phrase once, in the order of first mention."""
    return list(dict.fromkeys(phrase for result in results for phrase in result))


def merge_entities(_parts: Sequence[Part], results: Sequence[list[Entity]]) -> list[Entity]:
    """Keep each entity once, in the order of first mention."""
    seen: dict[tuple[str, str, str], Entity] = {}
    for result in results:
        for entity in result:
            seen.setdefault((entity.text, entity.category, entity.subcategory), entity)
    return list(seen.values())


def merge_pii(parts: Sequence[Part], results: Sequence[PiiEntityRecognitionResult]) -> PiiEntityRecognitionResult:
    """Join the redacted parts with the white space between them; every entity stays, as each hides its own place."""
    redacted = [part.lead + result.redacted_text + part.trail for part, result in zip(parts, results, strict=True)]
    return PiiEntityRecognitionResult("".join(redacted), [entity for result in results for entity in result.entities])


def merge_translations(parts: Sequence[Part], results: Sequence[TranslatedTextResult]) -> TranslatedTextResult:
    """Join the translations of each language with the white space between the parts."""
    translations = []
    for index, first in enumerate(results[0].translations):
        pieces = [result.translations[index] for result in results]
        text = "".join(part.lead + piece.text + part.trail for part, piece in zip(parts, pieces, strict=True))
        script = first.transliteration
        translations.append(replace(first, text=text, transliteration=script and replace(script, text=text)))
    return TranslatedTextResult(translations, _merge_detected(parts, results))


def merge_transliterations(parts: Sequence[Part], results: Sequence[TransliteratedText]) -> TransliteratedText:
    """Join the parts with the white space between them."""
    text = "".join(part.lead + result.text + part.trail for part, result in zip(parts, results, strict=True))
    return TransliteratedText(results[0].script, text)


def _merge_detected(parts: Sequence[Part], results: Sequence[TranslatedTextResult]) -> DetectedLanguage | None:
    shares: dict[str, float] = defaultdict(float)
    for part, result in zip(parts, results, strict=True):
        if result.detected_language is not None:
            shares[result.detected_language.language] += result.detected_language.score * len(part.text)
    if not shares:
        return None
    best = max(shares, key=lambda name: shares[name])
    return DetectedLanguage(best, round(shares[best] / sum(len(part.text) for part in parts), 2))


def merge_sentences(results: Sequence[list[Sentence]], sentence_count: int, sort_by: str) -> list[Sentence]:
    """Choose the best sentences of all parts, then order them by ``"rank"`` or as they stand in the text."""
    sentences = [sentence for result in results for sentence in result]
    by_rank = sorted(range(len(sentences)), key=lambda place: -sentences[place].rank_score)[:sentence_count]
    return [sentences[place] for place in (by_rank if sort_by == "rank" else sorted(by_rank))]


def merge_summaries(_parts: Sequence[Part], results: Sequence[list[str]]) -> list[str]:
    """Give the summaries of the parts one after the other."""
    return [summary for result in results for summary in result]
