"""Steps: what can be done with the text of a row, each with its parameters and their limits.

They carry the names of the extension's functions, their parameters the names
of the functions' arguments.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,39}")

KNOWN_DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}

# The longest vectors that pgvector puts into an HNSW index.
HNSW_DIMENSIONS = {"vector": 2_000, "halfvec": 4_000}


class SpecModel(BaseModel):
    """A part of a specification: nothing unknown in it, and it does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def checked_name(value: str, what: str) -> str:
    """Return a name of a pipeline, step or result table, or raise ``ValueError``."""
    if not _NAME.fullmatch(value):
        msg = f"{what} {value!r}: use a lower-case letter or _ first, then letters, digits or _, 40 at most"
        raise ValueError(msg)
    return value


class Step(SpecModel):
    """What every step has.

    Attributes:
        name: Name of the step within its pipeline; the operation's where none is given.
        table: Name of the result table; ``<pipeline>_<what>`` where none is given.
        input: What the step reads: ``text`` (the source's template) or what another step gives:
            ``redacted_text``, ``extractive_summary``, ``abstractive_summary``; from ``chunk_text``, and from
            what is made of it, it has a result per chunk.
        sees: ``redacted`` refuses a pipeline in which text reaches the step unredacted.
    """

    operation: ClassVar[str]
    result: ClassVar[str]
    gives: ClassVar[str | None] = None

    _answerer: tuple[str, ...] = ()

    name: str = ""
    table: str | None = None
    input: str | None = None
    sees: Literal["redacted"] | None = None

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        return value and checked_name(value, "step name")

    @field_validator("table")
    @classmethod
    def _check_table(cls, value: str | None) -> str | None:
        return value if value is None else checked_name(value, "result table")

    @property
    def title(self) -> str:
        """The step's name, the operation's where it has none of its own."""
        return self.name or self.operation

    @property
    def reads(self) -> str:
        """What the step reads."""
        return self.input or "text"

    @property
    def model_name(self) -> str:
        """The model that answers, as the result rows name it."""
        return "azure-ai-language"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the source that the step reads besides its input."""
        return ()

    @property
    def reads_input(self) -> bool:
        """Whether what the step works on holds what it reads, and not columns alone."""
        return True

    def compose(self, text: str, columns: Mapping[str, str | None]) -> str | None:  # noqa: ARG002
        """Make the text to work on of one that the step reads and of the source's columns."""
        return text

    @cached_property
    def signature(self) -> bytes:
        """A hash of all that decides the result besides the text: operation, parameters, model."""
        return blake2b(
            json.dumps([self.operation, self.model_name, self._decisive(), *self._answerer], sort_keys=True).encode(),
            digest_size=16,
        ).digest()

    def answered_by(self, *answerer: str) -> Self:
        """Return the same step whose results are told from those of any other ``answerer``."""
        copy = type(self).model_validate({name: getattr(self, name) for name in type(self).model_fields})
        copy._answerer = answerer  # noqa: SLF001 - of the same class
        return copy

    def _decisive(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"name", "table", "input", "sees"} | self._not_decisive)

    _not_decisive: ClassVar[set[str]] = set()

    def to_json(self) -> dict[str, Any]:
        """Spell the step as in ``pgazure.toml``: ``{operation: {parameters}}``."""
        return {self.operation: self.model_dump(mode="json", exclude_defaults=True)}


class LanguageStep(Step):
    """A step that wants to know the language of its text.

    Attributes:
        language: Code of the language of every row. Without it the step takes the row's language
            from a ``detect_language`` step of the pipeline, else the service's default.
    """

    language: str | None = None

    _not_decisive: ClassVar[set[str]] = {"language"}


class DetectLanguage(Step):
    """Mirrors ``azure_cognitive.detect_language``."""

    operation = "detect_language"
    result = "language"
    gives = "language"


class AnalyzeSentiment(LanguageStep):
    """Mirrors ``azure_cognitive.analyze_sentiment``."""

    operation = "analyze_sentiment"
    result = "sentiment"


class ExtractKeyPhrases(LanguageStep):
    """Mirrors ``azure_cognitive.extract_key_phrases``."""

    operation = "extract_key_phrases"
    result = "key_phrases"


class RecognizeEntities(LanguageStep):
    """Mirrors ``azure_cognitive.recognize_entities``."""

    operation = "recognize_entities"
    result = "entities"


class RecognizePiiEntities(LanguageStep):
    """Mirrors ``azure_cognitive.recognize_pii_entities``."""

    operation = "recognize_pii_entities"
    result = "pii"
    gives = "redacted_text"

    domain: Literal["none", "phi"] = "none"


class LinkedEntities(LanguageStep):
    """Mirrors ``azure_cognitive.linked_entities``."""

    operation = "linked_entities"
    result = "linked_entities"


class Translate(Step):
    """Mirrors ``azure_cognitive.translate``."""

    operation = "translate"
    result = "translations"
    _not_decisive: ClassVar[set[str]] = {"target_language"}

    target_language: tuple[str, ...] = Field(min_length=1)
    source_language: str | None = None
    text_type: Literal["Plain", "Html"] = "Plain"
    profanity_action: Literal["NoAction", "Marked", "Deleted"] = "NoAction"

    @field_validator("target_language", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("target_language")
    @classmethod
    def _distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value) or not all(code.strip() for code in value):
            msg = "name each target language once, by its code"
            raise ValueError(msg)
        return value

    @property
    def model_name(self) -> str:
        """The model that answers."""
        return "azure-ai-translator"


class Transliterate(Step):
    """The service's `transliterate`, as ``client.azure_translator.transliterate``."""

    operation = "transliterate"
    result = "transliterations"
    gives = "transliteration"

    language: str = Field(min_length=1)
    from_script: str = Field(min_length=1)
    to_script: str = Field(min_length=1)

    @property
    def model_name(self) -> str:
        """The model that answers."""
        return "azure-ai-translator"


class SummarizeExtractive(LanguageStep):
    """Mirrors ``azure_cognitive.summarize_extractive``."""

    operation = "summarize_extractive"
    result = "extractive_summary"
    gives = "extractive_summary"

    sentence_count: int = Field(3, ge=1, le=20)
    sort_by: Literal["offset", "rank"] = "offset"


class SummarizeAbstractive(LanguageStep):
    """Mirrors ``azure_cognitive.summarize_abstractive``."""

    operation = "summarize_abstractive"
    result = "abstractive_summary"
    gives = "abstractive_summary"

    sentence_count: int = Field(3, ge=1, le=20)


class AnalyzeOpinions(LanguageStep):
    """As ``client.azure_language.analyze_opinions``: sentiment with what is praised and blamed."""

    operation = "analyze_opinions"
    result = "opinions"


class RecognizeHealthcareEntities(LanguageStep):
    """As ``client.azure_language.recognize_healthcare_entities``: medical concepts and what connects them."""

    operation = "recognize_healthcare_entities"
    result = "healthcare"


class CustomStep(LanguageStep):
    """A step that asks a model of your own in Azure AI Language.

    Attributes:
        project_name: Project of the model.
        deployment_name: Its deployment.
    """

    project_name: str = Field(min_length=1)
    deployment_name: str = Field(min_length=1)

    @property
    def model_name(self) -> str:
        """The model that answers."""
        return f"{self.project_name}/{self.deployment_name}"


class RecognizeCustomEntities(CustomStep):
    """As ``client.azure_language.recognize_custom_entities``."""

    operation = "recognize_custom_entities"
    result = "custom_entities"


class ClassifySingleLabel(CustomStep):
    """As ``client.azure_language.classify_single_label``."""

    operation = "classify_single_label"
    result = "class"


class ClassifyMultiLabel(CustomStep):
    """As ``client.azure_language.classify_multi_label``."""

    operation = "classify_multi_label"
    result = "classes"


class Chunk(Step):
    """Split a text into overlapping pieces of at most ``chunk_size`` tokens.

    Attributes:
        method: ``recursive`` cuts at the largest borders that fit (paragraphs, sentences, words), ``markdown`` at
            those of Markdown, ``sentence`` at ends of sentences only, ``token`` after every ``chunk_size`` tokens.
        chunk_size: Most tokens of a piece.
        overlap: Tokens that neighbouring pieces share at most.
    """

    operation = "chunk"
    result = "chunks"
    gives = "chunk_text"

    method: Literal["recursive", "sentence", "token", "markdown"] = "recursive"
    chunk_size: int = Field(512, ge=16, le=8191)
    overlap: int = Field(64, ge=0)

    @model_validator(mode="after")
    def _smaller(self) -> Self:
        if self.overlap >= self.chunk_size:
            msg = "overlap must be smaller than chunk_size"
            raise ValueError(msg)
        return self

    @property
    def model_name(self) -> str:
        """The tokenizer that counts."""
        return "cl100k_base"


class Embed(Step):
    """Mirrors ``azure_openai.create_embeddings``."""

    operation = "embed"
    result = "embeddings"
    _not_decisive: ClassVar[set[str]] = {"model", "storage", "index"}

    model: str = Field(min_length=1)
    dimensions: int | None = Field(None, ge=1, le=16_000)
    storage: Literal["vector", "halfvec"] | None = None
    index: Literal["hnsw", "none"] | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.dimensions is None and self.model not in KNOWN_DIMENSIONS:
            msg = f"the dimensions of deployment {self.model!r} are not known: write dimensions = …"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _indexable(self) -> Self:
        if self.index == "hnsw" and not self._fits_index:
            msg = (
                f"an hnsw index takes a {self.vector_type} of up to {HNSW_DIMENSIONS[self.vector_type]:,} dimensions: "
                "write index = 'none', ask for fewer dimensions"
                + ("" if self.vector_type == "halfvec" else ", or leave storage out")
            )
            raise ValueError(msg)
        return self

    def _decisive(self) -> dict[str, Any]:
        # Rounded vectors must not be taken for whole ones.
        return super()._decisive() | ({"storage": "halfvec"} if self.vector_type == "halfvec" else {})

    @property
    def model_name(self) -> str:
        """The deployment that answers."""
        return self.model

    @property
    def vector_type(self) -> str:
        """Type of the vectors: in half precision where whole ones would be too long for an index."""
        return self.storage or ("halfvec" if self.width > HNSW_DIMENSIONS["vector"] else "vector")

    @property
    def indexed(self) -> bool:
        """Whether the vectors have an HNSW index."""
        return self._fits_index if self.index is None else self.index == "hnsw"

    @property
    def _fits_index(self) -> bool:
        return self.width <= HNSW_DIMENSIONS[self.vector_type]

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return self.dimensions or KNOWN_DIMENSIONS[self.model]

    @property
    def requested_dimensions(self) -> int | None:
        """Length to ask the service for; ``None`` where it is the model's own, since not every model takes one."""
        return None if self.width == KNOWN_DIMENSIONS.get(self.model) else self.width
