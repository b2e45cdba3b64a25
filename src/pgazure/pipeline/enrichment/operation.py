"""An operation: what a kind of step stores, how its work is divided, and the call that does it.

A unit is the smallest piece of work that is stored, hashed and paid for by
itself: a row for most steps, a row and a target language for ``translate``. Where
a step reads chunks, each chunk takes the place of the row.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pgazure.pipeline.enrichment.hashing import hash_input
from pgazure.pipeline.specification import spec
from pgazure.pipeline.storage.layout import Column
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pgazure.client import AsyncClient
    from pgazure.pipeline.specification.spec import Step

Place = tuple[Any, ...]
Values = tuple[Any, ...]

CHUNK_INDEX = Column("chunk_index", "integer")


class Unit(NamedTuple):
    """One piece of work.

    Attributes:
        place: Where its result stands within the row: ``()``, ``(target_language,)``, ``(chunk_index,)`` or both.
        text: The text to work on.
        language: Code of its language, where it is known.
        digest: Hash of all that decides the result.
    """

    place: Place
    text: str
    language: str | None
    digest: bytes


class Operation:
    """One kind of step, a unit per text that it reads.

    Attributes:
        parts: Columns that tell the results of one text apart.
        chunked: Whether a row has several texts, which are told apart by their number.
        columns: Columns of the result itself.
        billed: Whether a service does the work; otherwise it costs nothing and is never looked up.
        repeats: The column of the result that holds the unit's text again.
    """

    parts: tuple[Column, ...] = ()
    chunked = False
    billed = True
    repeats: str | None = None

    def __init__(  # noqa: PLR0917 - the table of operations reads better without names
        self,
        columns: Sequence[tuple[str, str]],
        method: str,
        unpack: Callable[[Any], Values],
        parameters: Sequence[str] = (),
        give: Callable[[Values], str | None] | None = None,
        schema: str = "azure_cognitive",
    ) -> None:
        self.columns = tuple(Column(name, kind) for name, kind in columns)
        self._schema = schema
        self._method = method
        self._unpack = unpack
        self._parameters = tuple(parameters)
        self._give = give

    @property
    def places(self) -> tuple[Column, ...]:
        """Columns that tell the results of one row apart."""
        return (CHUNK_INDEX, *self.parts) if self.chunked else self.parts

    def by_chunk(self) -> Self:
        """Return the same operation for a step that reads chunks."""
        operation = copy(self)
        operation.chunked = True
        return operation

    def value_columns(self, step: Step) -> tuple[Column, ...]:  # noqa: ARG002 - a step may decide a column's type
        """Columns of the result of this step."""
        return self.columns

    def units(self, step: Step, inputs: Mapping[int, str], language: str | None) -> list[Unit]:
        """Divide what a row gives to a step, by number, into units."""
        return [
            Unit((index, *part) if self.chunked else part, text, language, digest)
            for index, text in inputs.items()
            for part, digest in self.divide(step, text, language)
        ]

    def divide(self, step: Step, text: str, language: str | None) -> list[tuple[Place, bytes]]:
        """Name the parts of the work on one text, with the hash of each."""
        return [((), hash_input(step, text, language))]

    def parcels(self, step: Step, units: Sequence[Unit]) -> list[Sequence[Unit]]:  # noqa: ARG002
        """Divide work into the parts whose prices a budget reserves one by one."""
        return [units]

    async def call(self, client: AsyncClient, step: Step, units: Sequence[Unit]) -> list[Values | DocumentError]:
        """Have the units done; one entry per unit, in order.

        Raises:
            ServiceError: No unit can pass: a refused key, a missing deployment, no network.
        """
        function = getattr(getattr(client, self._schema), self._method)
        arguments = {name: getattr(step, name) for name in self._parameters}
        if isinstance(step, spec.LanguageStep):
            arguments["language"] = [unit.language for unit in units]
        results = await function([unit.text for unit in units], throw_on_error=False, **arguments)
        return [r if isinstance(r, DocumentError) else self._unpack(r) for r in results]

    def give(self, results: Sequence[tuple[Place, Values]]) -> dict[int, str]:
        """Texts that another step may read, by number, from the results of one row in order of place."""
        if self._give is None:
            return {}
        found = ((place[0] if self.chunked else 0, self._give(values)) for place, values in results)
        return {index: text for index, text in found if text and not text.isspace()}
