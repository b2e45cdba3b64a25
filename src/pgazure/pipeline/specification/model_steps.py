"""Steps that ask a model of the user's choice: chat models, rerankers, endpoints and functions of their own.

What they are asked is a template. ``{input}`` stands for what the step reads,
any other name in braces for a column of the source.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from pgazure.errors import ConfigurationError, InvalidSpecError
from pgazure.flow.json_schema import read_wrapper
from pgazure.flow.labels import read_labels
from pgazure.pipeline.specification.steps import Step
from pgazure.pipeline.specification.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

INPUT = "input"

CHAT_MODEL = "gpt-4.1"
RERANK_MODEL = "Cohere-rerank-v3.5"

LONGEST_TEXT = 1_024
LONGEST_ANSWER = 4_096
_SHORTEST_CAP = 16

# The model is hashed by its name, and a limit cuts answers off, which makes them errors.
_ASIDE = {"model", "max_tokens"}


def _read_template(value: str, what: str) -> Template:
    if "{" not in value:
        msg = f"{what} says the same of every row: put '{{input}}', or columns, in braces into it"
        raise ValueError(msg)
    try:
        return Template.parse(value)
    except InvalidSpecError as error:
        msg = str(error).replace("text", what, 1)
        raise ValueError(msg) from None


class TemplateStep(Step):
    """A step that puts what it reads into a template of its own."""

    template_field: ClassVar[str] = "prompt"

    @cached_property
    def template(self) -> Template:
        """The parsed template."""
        return Template.parse(getattr(self, self.template_field))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the template names."""
        return tuple(name for name in self.template.columns if name != INPUT)

    @property
    def reads_input(self) -> bool:
        """Whether the template holds ``{input}``."""
        return INPUT in self.template.columns

    def compose(self, text: str, columns: Mapping[str, str | None]) -> str | None:
        """Fill the template."""
        return self.template.render([text if name == INPUT else columns[name] for name in self.template.columns])


class ChatStep(Step):
    """A step that a chat model answers.

    Attributes:
        model: Name of the deployment.
        max_tokens: Most tokens of an answer, those that the model reasons with included; what a budget reserves for
            it. An answer that is cut off there is an error of its row.
    """

    _not_decisive: ClassVar[set[str]] = _ASIDE

    model: str = Field(CHAT_MODEL, min_length=1)
    max_tokens: int = Field(LONGEST_ANSWER, ge=_SHORTEST_CAP)

    @property
    def model_name(self) -> str:
        """The deployment that answers."""
        return self.model


class Generate(TemplateStep, ChatStep):
    """Mirrors ``azure_ai.generate``."""

    operation = "generate"
    result = "generated"
    gives = "generated_text"
    # The texts that are sent are hashed, so the template decides nothing by itself.
    _not_decisive: ClassVar[set[str]] = {*_ASIDE, "prompt"}

    prompt: str = "{input}"
    system_prompt: str = Field("You are a helpful assistant.", min_length=1)
    json_schema: dict[str, Any] | None = None
    max_tokens: int = Field(LONGEST_TEXT, ge=_SHORTEST_CAP)

    @field_validator("prompt")
    @classmethod
    def _parse(cls, value: str) -> str:
        _read_template(value, "prompt")
        return value

    @field_validator("json_schema", mode="before")
    @classmethod
    def _read_schema(cls, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                msg = "it is not valid JSON"
                raise ValueError(msg) from None
        try:
            read_wrapper(value)
        except (ConfigurationError, TypeError) as error:
            raise ValueError(str(error)) from None
        return value


class Extract(ChatStep):
    """Mirrors ``azure_ai.extract``."""

    operation = "extract"
    result = "extracted"

    data: tuple[str, ...] = Field(min_length=1)

    @field_validator("data", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("data")
    @classmethod
    def _present(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            read_labels(list(value))
        except ConfigurationError as error:
            raise ValueError(str(error)) from None
        return value


class IsTrue(TemplateStep, ChatStep):
    """Mirrors ``azure_ai.is_true``."""

    operation = "is_true"
    result = "is_true"
    template_field = "statement"
    _not_decisive: ClassVar[set[str]] = {*_ASIDE, "statement"}

    statement: str

    @field_validator("statement")
    @classmethod
    def _parse(cls, value: str) -> str:
        _read_template(value, "statement")
        return value


class Rank(ChatStep):
    """Mirrors ``azure_ai.rank``, with every row scored against one query."""

    operation = "rank"
    result = "rank"

    query: str = Field(min_length=1)
    model: str = Field(RERANK_MODEL, min_length=1)


class Invoke(Step):
    """Mirrors ``azure_ml.invoke``."""

    operation = "invoke"
    result = "invoked"
    # What is sent is hashed whole.
    _not_decisive: ClassVar[set[str]] = {"input_data", "deployment_name"}

    input_data: Any = None
    deployment_name: str | None = Field(None, min_length=1)

    @field_validator("input_data", mode="before")
    @classmethod
    def _read_json(cls, value: Any) -> Any:
        if isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:
                msg = "a body that is a text must be JSON"
                raise ValueError(msg) from None
        return value

    @field_validator("input_data")
    @classmethod
    def _templates(cls, value: Any) -> Any:
        if value is None:
            return None
        found: list[Template] = []
        _map_texts(value, lambda text: found.append(_read_template(text, "input_data")) if "{" in text else None)
        if not found:
            msg = "it is the same for every row: put '{input}' or columns in braces into one of its texts"
            raise ValueError(msg)
        return value

    @property
    def _body(self) -> Any:
        return {"input_data": ["{input}"]} if self.input_data is None else self.input_data

    @cached_property
    def _templates_in(self) -> tuple[Template, ...]:
        found: list[Template] = []
        _map_texts(self._body, lambda text: found.append(Template.parse(text)) if "{" in text else None)
        return tuple(found)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the body names."""
        names = (name for template in self._templates_in for name in template.columns)
        return tuple(dict.fromkeys(name for name in names if name != INPUT))

    @property
    def reads_input(self) -> bool:
        """Whether the body holds ``{input}``."""
        return any(INPUT in template.columns for template in self._templates_in)

    def compose(self, text: str, columns: Mapping[str, str | None]) -> str | None:
        """Write the request's body, as JSON."""
        if not self.reads_input and not any((columns[name] or "").strip() for name in self.columns):
            return None
        given = {**columns, INPUT: text}

        def fill(text: str) -> str:
            if "{" not in text:
                return text
            template = Template.parse(text)
            return template.render([given[name] for name in template.columns]) or ""

        return json.dumps(_map_texts(self._body, fill), ensure_ascii=False)

    @property
    def model_name(self) -> str:
        """The deployment that answers."""
        return self.deployment_name or "azure-ml"


def _map_texts(value: Any, change: Callable[[str], Any]) -> Any:
    match value:
        case str():
            return change(value)
        case dict():
            return {name: _map_texts(each, change) for name, each in value.items()}
        case list() | tuple():
            return [_map_texts(each, change) for each in value]
        case _:
            return value
