"""Operations of the steps that ask a model of the user's choice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgazure.client.ranking import is_reranker
from pgazure.errors import BatchError
from pgazure.pipeline.enrichment.operation import Operation, Unit, Values
from pgazure.pipeline.specification import spec
from pgazure.pipeline.specification.values import fits
from pgazure.pipeline.storage.layout import Column
from pgazure.services.chat import limit_answers
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pgazure.client import AsyncClient
    from pgazure.pipeline.specification.spec import Step


# Fewer texts than a chat model is asked to rank at once, so that a parcel is a request.
_RANKED_AT_ONCE, _CHARACTERS_AT_ONCE = 50, 100_000


class ChatOperation(Operation):
    """What a chat model answers: a request for each text, which may cost as much as the longest answer."""

    def parcels(self, step: Step, units: Sequence[Unit]) -> list[Sequence[Unit]]:  # noqa: ARG002
        """Make a parcel of each request."""
        return [(unit,) for unit in units]


class Generation(ChatOperation):
    """A text or, with a schema, an object for each prompt."""

    def __init__(self) -> None:
        super().__init__([], "", tuple, give=lambda values: values[0] if isinstance(values[0], str) else None)

    def value_columns(self, step: Step) -> tuple[Column, ...]:
        """Name the columns of what the step stores."""
        assert isinstance(step, spec.Generate)
        return (Column("generated_text", "text") if step.json_schema is None else Column("generated", "jsonb"),)

    async def call(self, client: AsyncClient, step: Step, units: Sequence[Unit]) -> list[Values | DocumentError]:
        """Have the texts written."""
        assert isinstance(step, spec.Generate)
        options: dict[str, Any] = {} if step.json_schema is None else {"json_schema": step.json_schema}
        with limit_answers(step.max_tokens):
            results = await client.azure_ai.generate(
                [unit.text for unit in units],
                model=step.model,
                system_prompt=step.system_prompt,
                throw_on_error=False,
                **options,
            )
        return [_value(result) for result in results]


class Extraction(ChatOperation):
    """The values found in each text, by label."""

    def __init__(self) -> None:
        super().__init__([("extracted", "jsonb")], "", tuple)

    async def call(self, client: AsyncClient, step: Step, units: Sequence[Unit]) -> list[Values | DocumentError]:
        """Have the values found."""
        assert isinstance(step, spec.Extract)
        texts = [unit.text for unit in units]
        with limit_answers(step.max_tokens):
            results = await client.azure_ai.extract(texts, list(step.data), model=step.model, throw_on_error=False)
        return [_value(result) for result in results]


class Truth(ChatOperation):
    """Whether each statement is true; NULL where the model cannot tell."""

    def __init__(self) -> None:
        super().__init__([("is_true", "boolean")], "", tuple)

    async def call(self, client: AsyncClient, step: Step, units: Sequence[Unit]) -> list[Values | DocumentError]:
        """Have the statements judged."""
        assert isinstance(step, spec.IsTrue)
        texts = [unit.text for unit in units]
        with limit_answers(step.max_tokens):
            results = await client.azure_ai.is_true(texts, model=step.model, throw_on_error=False)
        return [_value(result) for result in results]


class Ranking(ChatOperation):
    """How much each text has to do with the step's query."""

    def __init__(self) -> None:
        super().__init__([("rank_score", "double precision")], "", tuple)

    def parcels(self, step: Step, units: Sequence[Unit]) -> list[Sequence[Unit]]:
        """Make a parcel of each request; a reranker is billed by searches, whose price is known beforehand."""
        assert isinstance(step, spec.Rank)
        if is_reranker(step.model):
            return [units]
        parcels: list[list[Unit]] = []
        characters = 0
        for unit in units:
            characters += len(unit.text)
            if not parcels or len(parcels[-1]) == _RANKED_AT_ONCE or characters > _CHARACTERS_AT_ONCE:
                parcels.append([])
                characters = len(unit.text)
            parcels[-1].append(unit)
        return list(parcels)

    async def call(self, client: AsyncClient, step: Step, units: Sequence[Unit]) -> list[Values | DocumentError]:
        """Have the texts scored."""
        assert isinstance(step, spec.Rank)
        try:
            with limit_answers(step.max_tokens):
                ranked = await client.azure_ai.rank(step.query, [unit.text for unit in units], model=step.model)
        except BatchError as error:
            return [_value(result) for result in error.results]
        scores = {result.id: result.score for result in ranked}
        return [(scores[number],) for number in range(1, len(units) + 1)]


class Invocation(Operation):
    """What an endpoint answers to each body."""

    def __init__(self) -> None:
        super().__init__([("result", "jsonb")], "", tuple)

    async def call(self, client: AsyncClient, step: Step, units: Sequence[Unit]) -> list[Values | DocumentError]:
        """Send the bodies side by side."""
        assert isinstance(step, spec.Invoke)
        return await asyncio.gather(*(self._ask(client, step, unit) for unit in units))

    async def _ask(self, client: AsyncClient, step: spec.Invoke, unit: Unit) -> Values | DocumentError:
        return _value(
            await client.azure_ml.invoke(
                json.loads(unit.text), deployment_name=step.deployment_name, throw_on_error=False
            )
        )


class Calling(Operation):
    """What a function of the user's own returns for each text."""

    def __init__(self) -> None:
        super().__init__([], "", tuple)

    def value_columns(self, step: Step) -> tuple[Column, ...]:
        """Name the columns of what the step stores."""
        assert isinstance(step, spec.Call)
        return tuple(Column(name, kind) for name, kind in step.returns.items())

    async def call(self, client: AsyncClient, step: Step, units: Sequence[Unit]) -> list[Values | DocumentError]:  # noqa: ARG002
        """Call the function, so many times at once."""
        assert isinstance(step, spec.Call)
        function, slots = step.find(), asyncio.Semaphore(step.concurrency)
        return await asyncio.gather(*(_call(function, step, unit, slots) for unit in units))


async def _call(
    function: Callable[[str], Awaitable[Any]], step: spec.Call, unit: Unit, slots: asyncio.Semaphore
) -> Values | DocumentError:
    async with slots:
        try:
            returned = await function(unit.text)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the trouble of this text alone
            # Its message may hold the text.
            msg = f"{step.function} raised {type(error).__name__}"
            return DocumentError(type(error).__name__, msg, retryable=True)
    names = list(step.returns)
    if len(names) == 1 and not (isinstance(returned, Mapping) and set(returned) == set(names)):
        returned = {names[0]: returned}
    if not isinstance(returned, Mapping) or set(returned) != set(names):
        msg = f"{step.function} must return a mapping with the keys {', '.join(names)}, not {type(returned).__name__}"
        return DocumentError("WrongReturn", msg)
    for name, kind in step.returns.items():
        if not fits(returned[name], kind):
            msg = f"{step.function}: column {name} takes {kind}, and it returned a {type(returned[name]).__name__}"
            return DocumentError("WrongReturn", msg + " that does not fit")
    return tuple(returned[name] for name in names)


def _value(result: Any) -> Values | DocumentError:
    return result if isinstance(result, DocumentError) else (result,)
