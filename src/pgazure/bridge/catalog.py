"""The functions that a server answers: where each stands in the facade, and which of its arguments is the text."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pgazure.client import AsyncClient

# The extension's time limit where a call has none, in milliseconds.
_HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the extension.

    Attributes:
        name: Its name with its schema.
        subject: The argument that holds the text or texts.
        most: Texts of one request to the service; calls that wait at the same time share one.
        tunable: Whether it has arguments for retries, time allowed and errors.
        service: The service that answers, under the name that its settings have.
        required: Other arguments that a call cannot do without.
    """

    name: str
    subject: str = "text"
    most: int = 1
    tunable: bool = True
    service: str = "language"
    required: tuple[str, ...] = ()

    @property
    def schema(self) -> str:
        """The schema of the function, which is an attribute of the client too."""
        return self.name.partition(".")[0]

    def bind(self, client: AsyncClient) -> Callable[..., Awaitable[Any]]:
        """Give the method of the facade."""
        schema, _, method = self.name.partition(".")
        bound: Callable[..., Awaitable[Any]] = getattr(getattr(client, schema), method)
        return bound


FUNCTIONS = {
    function.name: function
    for function in (
        Function("azure_cognitive.analyze_sentiment", most=10),
        Function("azure_cognitive.detect_language", most=1_000),
        Function("azure_cognitive.extract_key_phrases", most=10),
        Function("azure_cognitive.linked_entities", most=5),
        Function("azure_cognitive.recognize_entities", most=5),
        Function("azure_cognitive.recognize_pii_entities", most=5),
        Function("azure_cognitive.summarize_abstractive", most=25),
        Function("azure_cognitive.summarize_extractive", most=25),
        Function("azure_cognitive.translate", most=1_000, service="translator", required=("target_language",)),
        Function("azure_openai.create_embeddings", "input", most=100, service="openai", required=("deployment_name",)),
        Function("azure_ai.generate", "prompt", tunable=False, service="openai"),
        Function("azure_ai.is_true", "statement", tunable=False, service="openai"),
        Function("azure_ai.extract", "document", tunable=False, service="openai", required=("data",)),
        Function("azure_ai.rank", "document_contents", tunable=False, service="rerank", required=("query",)),
        Function("azure_ml.invoke", "input_data", service="ml"),
        Function("azure_ml.inference", "input_data", service="ml"),
    )
}
"""By name with schema."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a session asks: a function, its options, one text or many.

    Attributes:
        function: What is called.
        options: Arguments for the facade, texts aside.
        subject: The text, or the list of texts.
        throws: Whether a text that fails is an error for the session.
        alias: Name of a registered model whose endpoint is to answer; ``None`` for the one of the settings.
        gives_vectors: Whether the session wants vectors as they are, and not as JSON.
    """

    function: Function
    options: dict[str, Any] = field(repr=False)
    subject: Any = field(repr=False)
    throws: bool
    alias: str | None = None
    gives_vectors: bool = False

    @property
    def is_list(self) -> bool:
        """Whether many texts are asked about."""
        return isinstance(self.subject, list) and self.function.schema != "azure_ml"

    @property
    def texts(self) -> list[Any]:
        """The texts, however many."""
        return self.subject if self.is_list else [self.subject]

    @property
    def kind(self) -> str | None:
        """What calls that can share a request have in common; ``None`` where this one shares none."""
        # Texts with languages of their own do not fit into one list with others, nor do documents to be ranked.
        shares = (
            len(self.texts) < self.function.most
            and not self.gives_vectors
            and not any(isinstance(self.options.get(name), list) for name in ("language", "source_language"))
        )
        if not shares:
            return None
        return json.dumps([self.function.name, self.alias, self.options], sort_keys=True)


def read_question(function: str, arguments: dict[str, Any]) -> Question:
    """Read a call as the SQL functions write it down.

    Raises:
        KeyError: There is no such function.
    """
    found = FUNCTIONS[function]
    options = {name: value for name, value in arguments.items() if value is not None}
    subject = options.pop(found.subject, None)
    throws = bool(options.pop("throw_on_error", True))
    alias = options.pop("alias", None)
    gives_vectors = options.pop("form", None) == "vectors"
    if found.tunable:
        options.setdefault("timeout_ms", _HOUR)
    # HorizonDB's name for the same argument.
    if found.name == "azure_openai.create_embeddings" and "model" in options:
        options["deployment_name"] = options.pop("model")
    # The facade says of a NULL what is wrong with it.
    for name in found.required:
        options.setdefault(name, None)
    return Question(found, options, subject, throws, alias, gives_vectors)
