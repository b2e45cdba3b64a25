"""A chat model in the place of the services, for the functions of ``azure_cognitive``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pgazure.client.azure_cognitive import AsyncAzureCognitive
from pgazure.flow.packing import Capacity

if TYPE_CHECKING:
    from pgazure.client.connections import Connections
    from pgazure.client.execution import Call, Executor, Operation
    from pgazure.services.language_model import LanguageModel

R = TypeVar("R")


class _ModelConnections:
    """Gives the chat model where Language or Translator is asked for."""

    def __init__(self, connections: Connections, model: str) -> None:
        self._connections = connections
        self._model = model

    def language(self) -> LanguageModel:
        from pgazure.services.language_model import LanguageModel  # noqa: PLC0415  not needed without a chat model

        return LanguageModel(self._connections.openai(), self._model)

    translator = language


class _ModelExecutor:
    """Runs the operations of Language and Translator as those of a deployment, one document a request.

    Documents that share a request could tell the model what to say of each other.
    """

    def __init__(self, executor: Executor, model: str) -> None:
        self._executor = executor
        self._model = model

    async def run(self, operation: Operation[R], text: Any, language: Any, call: Call, **options: Any) -> Any:
        asked = replace(
            operation, service="openai", deployment=self._model, capacity=Capacity(1), targets=1, careful=False
        )
        return await self._executor.run(asked, text, language, call, **options)


def answer_with_model(connections: Connections, executor: Executor, model: str) -> AsyncAzureCognitive:
    """Give the functions of ``azure_cognitive``, answered by the chat model of a deployment."""
    return AsyncAzureCognitive(
        cast("Connections", _ModelConnections(connections, model)), cast("Executor", _ModelExecutor(executor, model))
    )
