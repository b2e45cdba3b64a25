"""Places stay right when a text is cut: every offset still finds its words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgazure.flow.locating import (
    locate_parts,
    merge_healthcare,
    merge_linked_entities,
    merge_located_entities,
    merge_located_pii,
    merge_multi_label,
    merge_opinions,
    merge_single_label,
)
from pgazure.flow.splitting import Part, split_text
from pgazure.types import LinkedEntity, LinkedEntityMatch
from pgazure.types_language import (
    Assessment,
    Classification,
    HealthcareEntitiesResult,
    HealthcareEntity,
    HealthcareRelation,
    HealthcareRole,
    LocatedEntity,
    LocatedPiiResult,
    OpinionAnalysisResult,
    SentenceOpinions,
    Target,
)

texts = st.lists(
    st.sampled_from(["word", "Ünïcode", "e\u0301e\u0301", "👩‍👩‍👧‍👧", "한글", "\n\n", "  ", ". ", "x" * 30, "\t", "1"]),
    min_size=1,
    max_size=60,
).map("".join)


def find(text: str) -> list[LocatedEntity]:
    return [LocatedEntity(m[0], "Word", "", 1.0, m.start(), len(m[0])) for m in re.finditer(r"\S+", text)]


def concept(word: LocatedEntity) -> HealthcareEntity:
    return HealthcareEntity(word.text, "C", "", 1.0, word.offset, word.length, None, None, [])


def opinion(text: str) -> OpinionAnalysisResult:
    words = find(text)
    said = [
        Assessment(w.text, "positive", 1.0, 0.0, is_negated=False, offset=w.offset, length=w.length) for w in words[-1:]
    ]
    targets = [Target(w.text, "positive", 1.0, 0.0, w.offset, w.length, said) for w in words]
    sentence = SentenceOpinions(text, "positive", 1.0, 0.0, 0.0, 0, len(text), targets)
    return OpinionAnalysisResult("positive", 1.0, 0.0, 0.0, [sentence])


@settings(max_examples=150, deadline=None)
@given(texts, st.integers(3, 40))
def test_every_place_finds_its_words_in_the_whole_text(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    if not parts:
        return
    assert [text[start : start + len(part.text)] for start, part in zip(locate_parts(parts), parts, strict=True)] == [
        part.text for part in parts
    ]
    found = [find(part.text) for part in parts]
    words = merge_located_entities(parts, found)
    assert [text[w.offset : w.offset + w.length] for w in words] == [w.text for one in found for w in one]
    assert [w.offset for w in words] == sorted({w.offset for w in words})

    masked = merge_located_pii(
        parts, [LocatedPiiResult("*" * len(p.text), f) for p, f in zip(parts, found, strict=True)]
    )
    assert masked.entities == words
    assert len(masked.redacted_text) == len(text)
    assert all(set(masked.redacted_text[w.offset : w.offset + w.length]) == {"*"} for w in words)

    whole = merge_opinions(parts, [opinion(part.text) for part in parts])
    for sentence in whole.sentences:
        assert text[sentence.offset : sentence.offset + sentence.length] == sentence.text
        for thing in (*sentence.targets, *(said for target in sentence.targets for said in target.assessments)):
            assert text[thing.offset : thing.offset + thing.length] == thing.text

    health = merge_healthcare(
        parts,
        [
            HealthcareEntitiesResult(
                [concept(w) for w in f], [HealthcareRelation("R", 1.0, [HealthcareRole("r", concept(w)) for w in f])]
            )
            for f in found
        ],
    )
    assert [text[e.offset : e.offset + e.length] for e in health.entities] == [w.text for w in words]
    assert [role.entity for relation in health.relations for role in relation.roles] == health.entities


PARTS = [Part("x" * 30, "", "\n"), Part("y" * 10, " ", "")]


def test_a_linked_entity_is_kept_once_with_all_its_matches() -> None:
    def link(name: str, *matches: str) -> LinkedEntity:
        said = [LinkedEntityMatch(match, 0.9) for match in matches]
        return LinkedEntity(name, name, "en", "Wikipedia", "https://example.org", said, "b")

    merged = merge_linked_entities(PARTS, [[link("Rome", "Rome"), link("Nile", "Nile")], [link("Rome", "the city")]])
    assert merged == [link("Rome", "Rome", "the city"), link("Nile", "Nile")]


def test_scores_of_opinions_are_weighed_by_length() -> None:
    good = OpinionAnalysisResult("positive", 1.0, 0.0, 0.0, [])
    plain = OpinionAnalysisResult("neutral", 0.0, 1.0, 0.0, [])
    assert merge_opinions(PARTS, [good, plain]) == OpinionAnalysisResult("positive", 0.75, 0.25, 0.0, [])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(("A", 0.8), ("B", 1.0), ("A", 0.6)), (("A", 0.2), ("B", 1.0), ("B", 0.25)), (("A", 0.8), ("A", 0.4), ("A", 0.7))],
)
def test_the_class_of_most_of_the_text_wins(
    first: tuple[str, float], second: tuple[str, float], expected: tuple[str, float]
) -> None:
    merged = merge_single_label(PARTS, [Classification(*first), Classification(*second)])
    assert (merged.category, merged.confidence_score) == expected


def test_a_class_of_any_part_is_one_of_the_text() -> None:
    merged = merge_multi_label(
        PARTS, [[Classification("A", 0.5), Classification("B", 0.9)], [Classification("A", 0.8)]]
    )
    assert merged == [Classification("A", 0.8), Classification("B", 0.9)]
