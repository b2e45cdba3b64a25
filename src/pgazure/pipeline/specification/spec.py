"""Specifications: what a pipeline reads, which steps it takes, what it may cost.

One validated model behind every spelling. Steps carry the names of the
extension's functions, their parameters the names of the functions' arguments.
"""

from __future__ import annotations

from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import (
    Field,
    SerializeAsAny,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from pgazure.errors import InvalidSpecError
from pgazure.pipeline.specification.budget import Budget, read_budgets
from pgazure.pipeline.specification.filters import Condition, read_conditions
from pgazure.pipeline.specification.function_step import Call
from pgazure.pipeline.specification.model_steps import Extract, Generate, Invoke, IsTrue, Rank, TemplateStep
from pgazure.pipeline.specification.privacy import find_way_around
from pgazure.pipeline.specification.schedule import NOT_SCHEDULED, Schedule
from pgazure.pipeline.specification.steps import (
    KNOWN_DIMENSIONS,
    AnalyzeOpinions,
    AnalyzeSentiment,
    Chunk,
    ClassifyMultiLabel,
    ClassifySingleLabel,
    CustomStep,
    DetectLanguage,
    Embed,
    ExtractKeyPhrases,
    LanguageStep,
    LinkedEntities,
    RecognizeCustomEntities,
    RecognizeEntities,
    RecognizeHealthcareEntities,
    RecognizePiiEntities,
    SpecModel,
    Step,
    SummarizeAbstractive,
    SummarizeExtractive,
    Translate,
    Transliterate,
    checked_name,
)
from pgazure.pipeline.specification.template import Template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "KNOWN_DIMENSIONS",
    "STEPS",
    "AnalyzeOpinions",
    "AnalyzeSentiment",
    "Budget",
    "Call",
    "Chunk",
    "ClassifyMultiLabel",
    "ClassifySingleLabel",
    "CustomStep",
    "DetectLanguage",
    "Embed",
    "Extract",
    "ExtractKeyPhrases",
    "Generate",
    "Invoke",
    "IsTrue",
    "LanguageStep",
    "LinkedEntities",
    "PipelineSpec",
    "Rank",
    "RecognizeCustomEntities",
    "RecognizeEntities",
    "RecognizeHealthcareEntities",
    "RecognizePiiEntities",
    "Source",
    "Step",
    "SummarizeAbstractive",
    "SummarizeExtractive",
    "Translate",
    "Transliterate",
    "explain",
    "read_spec",
]


class Source(SpecModel):
    """A table or view and how the text of a row is made of its columns; see :func:`table_source`."""

    table: str = Field(min_length=1)
    text: str
    where: tuple[Condition, ...] = ()
    key: tuple[str, ...] = ()
    incremental_column: str | None = Field(None, min_length=1)
    replicated: bool = False

    @field_validator("where", mode="before")
    @classmethod
    def _read_where(cls, value: Any) -> Any:
        return read_conditions(value)

    @field_validator("key", mode="before")
    @classmethod
    def _read_key(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _polled(self) -> Self:
        if self.incremental_column and self.replicated:
            msg = "replicated is about triggers, and a source with incremental_column has none: leave one of them out"
            raise ValueError(msg)
        if self.key and not self.incremental_column:
            msg = "key is for sources that are polled: name the incremental_column too, or leave key out"
            raise ValueError(msg)
        if len(set(self.key)) < len(self.key):
            msg = "name each key column once"
            raise ValueError(msg)
        return self

    @field_validator("text")
    @classmethod
    def _parse(cls, value: str) -> str:
        try:
            Template.parse(value)
        except InvalidSpecError as error:
            raise ValueError(str(error)) from None
        return value

    @cached_property
    def template(self) -> Template:
        """The parsed template."""
        return Template.parse(self.text)


STEPS: dict[str, type[Step]] = {
    kind.operation: kind
    for kind in (
        DetectLanguage,
        AnalyzeSentiment,
        ExtractKeyPhrases,
        RecognizeEntities,
        RecognizePiiEntities,
        LinkedEntities,
        Translate,
        Transliterate,
        SummarizeExtractive,
        SummarizeAbstractive,
        AnalyzeOpinions,
        RecognizeHealthcareEntities,
        RecognizeCustomEntities,
        ClassifySingleLabel,
        ClassifyMultiLabel,
        Chunk,
        Embed,
        Generate,
        Extract,
        IsTrue,
        Rank,
        Invoke,
        Call,
    )
}


class PipelineSpec(SpecModel):
    """A whole pipeline; :func:`pgazure.pipeline.Pipeline` makes one."""

    name: str
    source: Source
    steps: tuple[SerializeAsAny[Step], ...] = Field(min_length=1)
    trigger: str = "manual"
    budget: tuple[Budget, ...] = ()
    sees: Literal["redacted"] | None = None
    retention_days: int = Field(30, ge=0, le=36_500)

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        return checked_name(value, "pipeline name")

    @field_validator("trigger", mode="before")
    @classmethod
    def _check_trigger(cls, value: Any) -> Any:
        if value not in NOT_SCHEDULED:
            Schedule(str(value))
        return value

    @field_validator("budget", mode="before")
    @classmethod
    def _read_budget(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            value = ", ".join(map(str, value)) or None
        if value is None or isinstance(value, str):
            return () if value is None else read_budgets(value)
        msg = f"write it as text, such as '5 USD/day', not as {type(value).__name__}"
        raise ValueError(msg)

    @field_serializer("budget")
    def _write_budget(self, value: tuple[Budget, ...]) -> str | None:
        return ", ".join(map(str, value)) or None

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
        if way := find_way_around(self):
            raise ValueError(way)
        return self

    def _check_input(self, step: Step, gives: list[str]) -> None:
        reads = self.input_of(step)
        if reads == "text":
            return
        if reads == "language" or reads not in {kind.gives for kind in STEPS.values()}:
            known = ", ".join(sorted({kind.gives for kind in STEPS.values() if kind.gives} - {"language"}))
            msg = f"step {step.title} reads {reads!r}; it can read text, {known}"
            raise ValueError(msg)
        if any(isinstance(each, Generate) and each.json_schema and reads == each.gives for each in self.steps):
            msg = f"step {step.title} reads {reads}: generate has a json_schema, so it gives no {reads}"
            raise ValueError(msg)
        if gives.count(reads) != 1:
            giver = next(kind.operation for kind in STEPS.values() if kind.gives == reads)
            msg = f"step {step.title} reads {reads}: the pipeline needs exactly one {giver} step for it"
            raise ValueError(msg)
        if self._is_of_chunks(reads) and (why := _refuse_chunks(step)):
            msg = f"step {step.title} cannot read {reads}, which is of chunks: {why}"
            raise ValueError(msg)

    def with_steps(self, steps: Sequence[Step]) -> Self:
        """Return the same pipeline with other steps, checked anew.

        Raises:
            InvalidSpecError: They do not fit together.
        """
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        try:
            return self.model_validate(fields | {"steps": tuple(steps)})
        except ValidationError as error:
            msg = f"pipeline {self.name}: {explain(error)}"
            raise InvalidSpecError(msg) from None

    def input_of(self, step: Step) -> str:
        """What a step reads in this pipeline.

        Where there is a ``chunk`` step, ``embed`` reads its chunks, and an input named
        on ``embed`` alone is what gets chunked, unless it is made of chunks itself.
        """
        chunk = next((s for s in self.steps if s.operation == "chunk"), None)
        if step.operation == "embed" and chunk is not None:
            return step.reads if step.input and (chunk.input or self._is_of_chunks(step.input)) else "chunk_text"
        if step.operation == "chunk" and step.input is None:
            named = {s.input for s in self.steps if s.operation == "embed" and s.input}
            named = {name for name in named if not self._is_of_chunks(name)}
            if len(named) > 1:
                msg = "the embed steps name different inputs: say on chunk which it splits, with input = …"
                raise ValueError(msg)
            return named.pop() or "text" if named else "text"
        return step.reads

    def reads_chunks(self, step: Step) -> bool:
        """Whether a step reads chunks, or what another step has made of each of them."""
        return self._is_of_chunks(self.input_of(step))

    def _is_of_chunks(self, reads: str) -> bool:
        passed: set[str] = set()
        while reads not in passed:
            if reads == "chunk_text":
                return True
            passed.add(reads)
            reads = next((step.reads for step in self.steps if step.gives == reads), "text")
        return False

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

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Columns of the source that are read, each once: those of the template first."""
        read = [*self.source.template.columns, *(name for step in self.steps for name in step.columns)]
        return tuple(dict.fromkeys([*read, *(condition.column for condition in self.source.where)]))

    def render(self, values: Sequence[str | None]) -> str | None:
        """Make the text of a row from the values of :attr:`columns`."""
        template = self.source.template
        return template.render(values[: len(template.columns)])

    def compose(self, step: Step, inputs: Mapping[int, str], values: Sequence[str | None]) -> dict[int, str]:
        """Make the texts that a step works on, by number, of what it reads and of the values of :attr:`columns`."""
        # Most steps take what they read as it is, and this is done for every row.
        columns = dict(zip(self.columns, values, strict=True)) if isinstance(step, TemplateStep | Invoke) else {}
        given = inputs if step.reads_input else {0: ""}
        return {index: text for index, each in given.items() if (text := step.compose(each, columns)) is not None}

    def result_table(self, step: Step) -> str:
        """Name of the table that a step writes to."""
        return step.table or f"{self.name}_{step.result}"

    def to_json(self) -> dict[str, Any]:
        """Spell the specification as it is kept in the database and in ``pgazure.toml``."""
        spelled = self.model_dump(mode="json", exclude={"steps", "name", "source"}, exclude_none=True)
        spelled = {name: value for name, value in spelled.items() if value is not None}
        spelled["source"] = self.source.model_dump(mode="json", exclude_defaults=True)
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


def _refuse_chunks(step: Step) -> str | None:
    """Say why a step has no use for chunks; ``None`` where it has."""
    if step.operation == "chunk":
        return "it is what they are made by"
    if step.operation == "detect_language":
        return "a row has one language, which the steps that read its chunks take as well"
    if not step.reads_input:
        return "put {input} where the chunk is to stand, or leave input out"
    if isinstance(step, Call) and "chunk_index" in step.returns:
        return "column chunk_index holds their numbers, call yours otherwise"
    return None


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
