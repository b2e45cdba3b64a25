"""Results that go beyond the ``azure_ai`` extension: places in the text, opinions, health, custom models, scripts.

An ``offset`` counts the code points before the words and ``length`` those of
the words, so that ``text[offset : offset + length]`` gives them again. That
holds for texts that had to be cut, too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is said of a target.

    Attributes:
        text: The words as they stand in the input.
        sentiment: ``positive``, ``negative`` or ``mixed``.
        positive_score: Confidence between 0 and 1.
        negative_score: Confidence between 0 and 1.
        is_negated: Whether the words are negated, as in "not good".
        offset: Code points before the words.
        length: Code points of the words.
    """

    text: str
    sentiment: str
    positive_score: float
    negative_score: float
    is_negated: bool
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Target:
    """What an opinion is about.

    Attributes:
        text: The words as they stand in the input.
        sentiment: ``positive``, ``negative`` or ``mixed``.
        positive_score: Confidence between 0 and 1.
        negative_score: Confidence between 0 and 1.
        offset: Code points before the words.
        length: Code points of the words.
        assessments: What is said of it; targets may share one.
    """

    text: str
    sentiment: str
    positive_score: float
    negative_score: float
    offset: int
    length: int
    assessments: list[Assessment]


@dataclass(frozen=True, slots=True)
class SentenceOpinions:
    """A sentence, its sentiment, and the opinions in it.

    Attributes:
        text: The sentence as it stands in the input.
        sentiment: ``positive``, ``negative`` or ``neutral``.
        positive_score: Confidence between 0 and 1.
        neutral_score: Confidence between 0 and 1.
        negative_score: Confidence between 0 and 1.
        offset: Code points before the sentence.
        length: Code points of the sentence.
        targets: What it gives an opinion of; empty where it gives none.
    """

    text: str
    sentiment: str
    positive_score: float
    neutral_score: float
    negative_score: float
    offset: int
    length: int
    targets: list[Target]


@dataclass(frozen=True, slots=True)
class OpinionAnalysisResult:
    """The sentiment of a text, and sentence by sentence what it is about.

    Attributes:
        sentiment: ``positive``, ``negative``, ``neutral`` or ``mixed``.
        positive_score: Confidence between 0 and 1.
        neutral_score: Confidence between 0 and 1.
        negative_score: Confidence between 0 and 1.
        sentences: All sentences in text order.
    """

    sentiment: str
    positive_score: float
    neutral_score: float
    negative_score: float
    sentences: list[SentenceOpinions]


@dataclass(frozen=True, slots=True)
class LocatedEntity:
    """An entity and its place in the text.

    Attributes:
        text: The words as they stand in the input.
        category: E.g. ``Person``, ``Location``, ``DateTime``, or one of a custom model.
        subcategory: Finer category; an empty string where the service gives none.
        confidence_score: Confidence between 0 and 1.
        offset: Code points before the words.
        length: Code points of the words.
    """

    text: str
    category: str
    subcategory: str
    confidence_score: float
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class LocatedPiiResult:
    """A text with its personal data masked, and where they stand.

    Attributes:
        redacted_text: The input with one ``*`` per code point of each entity.
        entities: What was redacted, in text order; empty where there is nothing.
    """

    redacted_text: str
    entities: list[LocatedEntity]


@dataclass(frozen=True, slots=True)
class HealthcareDataSource:
    """The entry of a medical vocabulary.

    Attributes:
        name: The vocabulary, e.g. ``UMLS``.
        entity_id: The entry's id there.
    """

    name: str
    entity_id: str


@dataclass(frozen=True, slots=True)
class HealthcareAssertion:
    """How certain, and of whom, a medical statement is; ``None`` where the text leaves it open.

    Attributes:
        conditionality: ``hypothetical`` or ``conditional``.
        certainty: ``positive``, ``positivePossible``, ``neutralPossible``, ``negativePossible`` or ``negative``.
        association: ``subject`` or ``other``.
    """

    conditionality: str | None
    certainty: str | None
    association: str | None


@dataclass(frozen=True, slots=True)
class HealthcareEntity:
    """A medical concept in the text.

    Attributes:
        text: The words as they stand in the input.
        category: E.g. ``MedicationName``, ``Dosage``, ``SymptomOrSign``.
        subcategory: Finer category; an empty string where the service gives none.
        confidence_score: Confidence between 0 and 1.
        offset: Code points before the words.
        length: Code points of the words.
        normalized_text: The concept's usual name, where it is known.
        assertion: What the text asserts of it, where it does.
        data_sources: Where medical vocabularies list it.
    """

    text: str
    category: str
    subcategory: str
    confidence_score: float
    offset: int
    length: int
    normalized_text: str | None
    assertion: HealthcareAssertion | None
    data_sources: list[HealthcareDataSource]


@dataclass(frozen=True, slots=True)
class HealthcareRole:
    """The part an entity plays in a relation.

    Attributes:
        name: E.g. ``Dosage`` or ``Medication``.
        entity: The entity, one of the same result.
    """

    name: str
    entity: HealthcareEntity


@dataclass(frozen=True, slots=True)
class HealthcareRelation:
    """What connects medical concepts.

    Attributes:
        relation_type: E.g. ``DosageOfMedication``.
        confidence_score: Confidence between 0 and 1, where the service gives it.
        roles: Who takes part.
    """

    relation_type: str
    confidence_score: float | None
    roles: list[HealthcareRole]


@dataclass(frozen=True, slots=True)
class HealthcareEntitiesResult:
    """The medical concepts of a text and what connects them.

    Attributes:
        entities: The concepts in text order.
        relations: Their relations; those across the cuts of an over-long text are not found.
    """

    entities: list[HealthcareEntity]
    relations: list[HealthcareRelation]


@dataclass(frozen=True, slots=True)
class Classification:
    """A class that a custom model gives a text.

    Attributes:
        category: The class.
        confidence_score: Confidence between 0 and 1.
    """

    category: str
    confidence_score: float


@dataclass(frozen=True, slots=True)
class ConversationItem:
    """One turn of a conversation, to be summed up.

    Attributes:
        text: What was said.
        participant_id: Who said it; the same for all turns of one speaker.
        role: ``Agent`` or ``Customer``, which ``issue`` and ``resolution`` need; ``None`` elsewhere.
    """

    text: str
    participant_id: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A summary of a conversation under one aspect.

    Attributes:
        aspect: ``issue``, ``resolution``, ``chapterTitle``, ``narrative`` or ``recap``.
        text: The summary.
    """

    aspect: str
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """A script.

    Attributes:
        code: E.g. ``Latn``.
        name: Its name in the language asked for.
        native_name: Its name in the language itself.
        direction: ``ltr`` or ``rtl``.
    """

    code: str
    name: str
    native_name: str
    direction: str


@dataclass(frozen=True, slots=True)
class SourceScript:
    """A script and what it can be turned into.

    Attributes:
        script: The script.
        to_scripts: Those it can be transliterated to.
    """

    script: Script
    to_scripts: list[Script]


@dataclass(frozen=True, slots=True)
class TranslationLanguage:
    """A language that texts are translated from and into.

    Attributes:
        name: Its name in the language asked for.
        native_name: Its name in itself.
        direction: ``ltr`` or ``rtl``.
        models: What can translate it, e.g. ``general``.
    """

    name: str
    native_name: str
    direction: str
    models: list[str]


@dataclass(frozen=True, slots=True)
class TransliterationLanguage:
    """A language that is written in several scripts.

    Attributes:
        name: Its name in the language asked for.
        native_name: Its name in itself.
        scripts: Its scripts.
    """

    name: str
    native_name: str
    scripts: list[SourceScript]


@dataclass(frozen=True, slots=True)
class SupportedLanguages:
    """What Translator can do; a group that was not asked for is empty.

    Attributes:
        translation: Languages by code.
        transliteration: Languages by code.
        models: Names of the models that translate.
    """

    translation: dict[str, TranslationLanguage]
    transliteration: dict[str, TransliterationLanguage]
    models: list[str]
