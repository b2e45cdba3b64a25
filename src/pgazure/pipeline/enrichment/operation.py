"""An operation: what a kind of step stores, how its work is divided, and the call that does it.

A unit is the smallest piece of work that is stored, hashed and paid for by
itself: a row for most steps, a row and a target language for ``translate``, a
chunk for ``embed``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pgazure.pipeline.enrichment.hashing import hash_input
from pgazure.pipeline.specification import spec
from pgazure.pipeline.storage.layout import Column
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgazure.client import AsyncClient
    from pgazure.pipeline.specification.spec import Step

Values = tuple[Any, ...]


class Unit(NamedTuple):
    """One piece of work.

    Attributes:
        place: Where its result stands within the row: ``()``, ``(target_language,)`` or ``(chunk_index,)``.
        text: The text to work on.
        language: Code of its language, where it is known.
        digest: Hash of all that decides the result.
    """

    place: tuple[Any, ...]
    text: str
    language: str | None
    digest: bytes


class Operation:
    """One kind of step, a unit per row.

    Attributes:
        places: Columns that tell the results of one row apart.
        columns: Columns of the result itself.
        billed: Whether a service does the work; otherwise it costs nothing and is never looked up.
        repeats: The column of the result that holds the unit's text again.
    """

    places: tuple[Column, ...] = ()
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

    def value_columns(self, step: Step) -> tuple[Column, ...]:  # noqa: ARG002 - a step may decide a column's type
        """Columns of the result of this step."""
        return self.columns

    def units(self, step: Step, inputs: Sequence[str], language: str | None) -> list[Unit]:
        """Divide what a row gives to a step into units."""
        return [Unit((), text, language, hash_input(step, text, language)) for text in inputs]

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

    def give(self, results: Sequence[tuple[tuple[Any, ...], Values]]) -> list[str]:
        """Texts that another step may read, from the results of one row in order of place."""
        if self._give is None:
            return []
        return [text for _, values in results if (text := self._give(values)) and not text.isspace()]
