"""Specifications: what a pipeline reads, which steps it takes, what it may cost.

One validated model behind every spelling. Steps carry the names of the
extension's functions, their parameters the names of the functions' arguments.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from hashlib import blake2b
from typing import Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from pgazure.errors import InvalidSpecError
from pgazure.pipeline.template import Template

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,39}")
_BUDGET = re.compile(r"(?P<amount>\d+(?:\.\d+)?) USD/(?P<period>run|day)")

KNOWN_DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _checked_name(value: str, what: str) -> str:
    if not _NAME.fullmatch(value):
        msg = f"{what} {value!r}: use a lower-case letter or _ first, then letters, digits or _, 40 at most"
        raise ValueError(msg)
    return value


class Source(_Model):
    """A table and how the text of a row is made of its columns; see :func:`table_source`."""

    table: str = Field(min_length=1)
    text: str

    @field_validator("text")
    @classmethod
    def _parse(cls, value: str) -> str:
        try:
            Template.parse(value)
        except InvalidSpecError as error:
            raise ValueError(str(error)) from None
        return value

    @property
    def template(self) -> Template:
        """The parsed template."""
        return Template.parse(self.text)


class Step(_Model):
    """What every step has.

    Attributes:
        name: Name of the step within its pipeline; the operation's where none is given.
        table: Name of the result table; ``<pipeline>_<what>`` where none is given.
        input: What the step reads: ``text`` (the source's template) or what another step gives:
            ``redacted_text``, ``extractive_summary``, ``abstractive_summary``, ``chunk_text``.
    """

    operation: ClassVar[str]
    result: ClassVar[str]
    gives: ClassVar[str | None] = None

    name: str = ""
    table: str | None = None
    input: str | None = None

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        return value and _checked_name(value, "step name")

    @field_validator("table")
    @classmethod
    def _check_table(cls, value: str | None) -> str | None:
        return value if value is None else _checked_name(value, "result table")

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

    @cached_property
    def signature(self) -> bytes:
        """A hash of all that decides the result besides the text: operation, parameters, model."""
        decisive = self.model_dump(mode="json", exclude={"name", "table", "input"} | self._not_decisive)
        return blake2b(
            json.dumps([self.operation, self.model_name, decisive], sort_keys=True).encode(), digest_size=16
        ).digest()

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


class Chunk(Step):
    """Split a text into overlapping pieces of at most ``chunk_size`` tokens, at sentence borders where it can be."""

    operation = "chunk"
    result = "chunks"
    gives = "chunk_text"

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
    _not_decisive: ClassVar[set[str]] = {"model"}

    model: str = Field(min_length=1)
    dimensions: int | None = Field(None, ge=1, le=16_000)

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.dimensions is None and self.model not in KNOWN_DIMENSIONS:
            msg = f"the dimensions of deployment {self.model!r} are not known: write dimensions = …"
            raise ValueError(msg)
        return self

    @property
    def model_name(self) -> str:
        """The deployment that answers."""
        return self.model

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return self.dimensions or KNOWN_DIMENSIONS[self.model]

    @property
    def requested_dimensions(self) -> int | None:
        """Length to ask the service for; ``None`` where it is the model's own, since not every model takes one."""
        return None if self.width == KNOWN_DIMENSIONS.get(self.model) else self.width


STEPS: dict[str, type[Step]] = {
    kind.operation: kind
    for kind in (
        DetectLanguage,
        AnalyzeSentiment,
        ExtractKeyPhrases,
        RecognizeEntities,
        RecognizePiiEntities,
        Translate,
        SummarizeExtractive,
        SummarizeAbstractive,
        Chunk,
        Embed,
    )
}


class Budget(_Model):
    """What a pipeline may cost at list price, written ``5 USD/day`` or ``2.50 USD/run``."""

    amount: Decimal
    period: Literal["run", "day"]

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read a budget.

        Raises:
            ValueError: It is not of that form.
        """
        found = _BUDGET.fullmatch(text.strip())
        if not found:
            msg = f"budget {text!r}: write an amount and a period, such as '5 USD/day' or '2.50 USD/run'"
            raise ValueError(msg)
        return cls.model_validate({"amount": found["amount"], "period": found["period"]})

    def __str__(self) -> str:
        return f"{self.amount} USD/{self.period}"


class PipelineSpec(_Model):
    """A whole pipeline; :func:`pgazure.pipeline.Pipeline` makes one."""

    name: str
    source: Source
    steps: tuple[SerializeAsAny[Step], ...] = Field(min_length=1)
    trigger: Literal["manual", "on_change"] = "manual"
    budget: Budget | None = None

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        return _checked_name(value, "pipeline name")

    @field_validator("trigger", mode="before")
    @classmethod
    def _check_trigger(cls, value: Any) -> Any:
        if value not in {"manual", "on_change"}:
            msg = f"trigger {value!r}: write 'manual' or 'on_change'; for a timetable call `pgazure run` from cron"
            raise ValueError(msg)
        return value

    @field_validator("budget", mode="before")
    @classmethod
    def _read_budget(cls, value: Any) -> Any:
        return Budget.parse(value) if isinstance(value, str) else value

    @field_serializer("budget")
    def _write_budget(self, value: Budget | None) -> str | None:
        return None if value is None else str(value)

    @field_validator("steps", mode="before")
    @classmethod
    def _read_steps(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            msg = "steps must be a list"
            raise ValueError(msg)  # noqa: TRY004 - pydantic turns ValueError into its own error
        return tuple(_read_step(position, item) for position, item in enumerate(value, 1))

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        titles = [step.title for step in self.steps]
        if twice := sorted({title for title in titles if titles.count(title) > 1}):
            msg = f"two steps are named {', '.join(twice)}: give each a name of its own"
            raise ValueError(msg)
        for giver in ("detect_language", "chunk"):
            if sum(step.operation == giver for step in self.steps) > 1:
                msg = f"a pipeline has at most one {giver} step"
                raise ValueError(msg)
        tables = [self.result_table(step) for step in self.steps]
        if twice := sorted({table for table in tables if tables.count(table) > 1}):
            msg = f"two steps write to {', '.join(twice)}: give one of them a table of its own with table = …"
            raise ValueError(msg)
        gives = [step.gives for step in self.steps if step.gives]
        for step in self.steps:
            self._check_input(step, gives)
        try:
            TopologicalSorter(self.dependencies).prepare()
        except CycleError as error:
            msg = f"steps read each other in a circle: {' → '.join(error.args[1])}"
            raise ValueError(msg) from None
        return self

    def _check_input(self, step: Step, gives: list[str]) -> None:
        reads = self.input_of(step)
        if reads == "text":
            return
        if reads == "chunk_text" and step.operation != "embed":
            msg = f"step {step.title} cannot read chunk_text: only embed works on chunks"
            raise ValueError(msg)
        if reads == "language" or reads not in {kind.gives for kind in STEPS.values()}:
            known = ", ".join(sorted({kind.gives for kind in STEPS.values() if kind.gives} - {"language"}))
            msg = f"step {step.title} reads {reads!r}; it can read text, {known}"
            raise ValueError(msg)
        if gives.count(reads) != 1:
            giver = next(kind.operation for kind in STEPS.values() if kind.gives == reads)
            msg = f"step {step.title} reads {reads}: the pipeline needs exactly one {giver} step for it"
            raise ValueError(msg)

    def input_of(self, step: Step) -> str:
        """What a step reads in this pipeline.

        Where there is a ``chunk`` step, ``embed`` reads its chunks, and an input named
        on ``embed`` alone is what gets chunked.
        """
        chunk = next((s for s in self.steps if s.operation == "chunk"), None)
        if step.operation == "embed" and chunk is not None:
            return step.reads if chunk.input and step.input else "chunk_text"
        if step.operation == "chunk" and step.input is None:
            named = {s.input for s in self.steps if s.operation == "embed" and s.input not in {None, "chunk_text"}}
            if len(named) > 1:
                msg = "the embed steps name different inputs: say on chunk which it splits, with input = …"
                raise ValueError(msg)
            return named.pop() or "text" if named else "text"
        return step.reads

    @cached_property
    def dependencies(self) -> dict[str, set[str]]:
        """Titles of the steps that each step waits for."""
        giver = {step.gives: step.title for step in self.steps if step.gives}
        found: dict[str, set[str]] = {}
        for step in self.steps:
            waits = {giver[reads]} if (reads := self.input_of(step)) in giver else set()
            if isinstance(step, LanguageStep) and step.language is None and "language" in giver:
                waits.add(giver["language"])
            found[step.title] = waits
        return found

    @cached_property
    def stages(self) -> list[list[Step]]:
        """The steps in an order that works: those of one stage can run side by side."""
        by_title = {step.title: step for step in self.steps}
        sorter = TopologicalSorter(self.dependencies)
        sorter.prepare()
        stages: list[list[Step]] = []
        while sorter.is_active():
            ready = sorter.get_ready()
            sorter.done(*ready)
            stages.append([by_title[title] for title in by_title if title in ready])
        return stages

    def result_table(self, step: Step) -> str:
        """Name of the table that a step writes to."""
        return step.table or f"{self.name}_{step.result}"

    def to_json(self) -> dict[str, Any]:
        """Spell the specification as it is kept in the database and in ``pgazure.toml``."""
        spelled = self.model_dump(mode="json", exclude={"steps", "name"}, exclude_none=True)
        return spelled | {"steps": [step.to_json() for step in self.steps]}


def _read_step(position: int, item: Any) -> Step:
    if isinstance(item, Step):
        return item
    if not isinstance(item, dict) or len(item) != 1:
        msg = f"step {position} must be one table with one operation, such as analyze_sentiment = {{}}"
        raise ValueError(msg)
    ((operation, parameters),) = item.items()
    if operation not in STEPS:
        msg = f"step {position}: there is no operation {operation!r}; there are: {', '.join(STEPS)}"
        raise ValueError(msg)
    try:
        return STEPS[operation].model_validate(parameters)
    except ValidationError as error:
        msg = f"step {position} ({operation}): {explain(error)}"
        raise ValueError(msg) from None


def explain(error: ValidationError) -> str:
    """Say what a validation error says, without the input."""
    return "; ".join(
        f"{'.'.join(map(str, e['loc']))}: {e['msg']}".removeprefix(": ").replace("Value error, ", "")
        for e in error.errors(include_input=False, include_url=False)
    )


def read_spec(name: str, spelled: Any) -> PipelineSpec:
    """Validate a specification spelled as in ``pgazure.toml``.

    Raises:
        InvalidSpecError: It is wrong; the message says where.
    """
    if not isinstance(spelled, dict):
        msg = f"pipeline {name}: expected a table with source and steps"
        raise InvalidSpecError(msg)
    try:
        return PipelineSpec.model_validate(spelled | {"name": name})
    except ValidationError as error:
        msg = f"pipeline {name}: {explain(error)}"
        raise InvalidSpecError(msg) from None
