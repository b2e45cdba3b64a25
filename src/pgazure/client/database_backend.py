"""The functions of the facade as SQL, where the extension is installed.

A method of the facade checks its arguments, describes an operation and hands
it to an executor. Here the executor is a database: it calls the function of
the same name with the same arguments.
"""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pgazure.client.execution import conclude, describe_timeout, first_error
from pgazure.client.extension_settings import check_key
from pgazure.client.inputs import find_fault, read_choice, read_texts
from pgazure.errors import (
    AuthenticationError,
    ConfigurationError,
    DeploymentNotFoundError,
    ServiceError,
    ServiceResponseError,
)
from pgazure.services.database_errors import SERVICE, describe_common_fault, read_raised
from pgazure.services.database_functions import FUNCTIONS, SETTINGS, read_result, write_arguments
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pgazure.client.backend import Schema
    from pgazure.client.execution import Call, Operation
    from pgazure.flow.retry import RetryPolicy
    from pgazure.services.database import Database, Rows
    from pgazure.services.database_functions import Function

    S = TypeVar("S", bound=Schema)

# One statement holds no more texts than this: its result is held in memory at both ends.
_TEXTS_A_STATEMENT = 1_000

_TUNING = {"batch_size", "timeout_ms", "throw_on_error", "max_attempts", "retry_delay_ms"}


class DatabaseBackend:
    """Runs the functions in a database.

    Args:
        database: Where they are.
        policy: Retries and time allowed where a call does not say otherwise.
    """

    def __init__(self, database: Database, policy: RetryPolicy) -> None:
        self._database = database
        self._policy = policy

    def bind(self, kind: type[S]) -> S:
        """Give the functions of a schema; those that the extension does not have refuse to be called."""
        schema = kind.__module__.rpartition(".")[2]
        methods = {
            name: self._translate(schema, method)
            for name, method in vars(kind).items()
            if inspect.isfunction(method) and not name.startswith("_")
        }
        made: Any = type(kind.__name__, (kind,), methods)
        bound: S = object.__new__(made)
        return bound

    async def close(self) -> None:
        """Close the connections that are not the caller's."""
        await self._database.close()

    def _translate(self, schema: str, method: Callable[..., Any]) -> Callable[..., Any]:
        name, signature = method.__name__, inspect.signature(method)

        def read(*args: Any, **options: Any) -> dict[str, Any]:
            given = signature.bind(*args, **options)
            given.apply_defaults()
            return {parameter: value for parameter, value in given.arguments.items() if parameter != "self"}

        @wraps(method)
        async def run(*args: Any, **options: Any) -> Any:
            values = read(*args, **options)
            statement = _Statement(self._database, self._policy, schema, FUNCTIONS[schema][name], values)
            checked = type(args[0]).__mro__[1](_Elsewhere(), statement)
            return await method(checked, **values)

        @wraps(method)
        async def set_or_get(*args: Any, **options: Any) -> Any:
            values = read(*args, **options)
            if "key" in values:
                check_key(values["key"])
            arguments = write_arguments(values)
            rows = await self._database.call(schema, name, arguments, form="call_plain_function", texts=_texts(values))
            return rows.values[0] or None

        @wraps(method)
        def refuse(*_args: Any, **_options: Any) -> NoReturn:
            msg = f'{schema}.{name} is no function of the extension azure_ai; use a client with backend="services"'
            raise ConfigurationError(msg)

        if name in FUNCTIONS.get(schema, ()):
            return run
        return set_or_get if name in SETTINGS.get(schema, ()) else refuse


class _Elsewhere:
    """Stands for the services, which a database reaches by itself, while an operation is described."""

    endpoint = ""

    def __getattr__(self, _name: str) -> Any:
        return self

    def __call__(self, *_args: Any, **_options: Any) -> Any:
        return self


@dataclass(frozen=True, slots=True)
class _Statement:
    """Runs one call of the facade: the executor of the database."""

    database: Database
    policy: RetryPolicy
    schema: str
    function: Function
    values: Mapping[str, Any]

    async def run(
        self,
        operation: Operation[Any],
        text: Any,
        language: Any,
        call: Call,
        *,
        names: tuple[str, str] = ("text", "language"),
    ) -> Any:
        """Run ``operation`` for one text or many, as :meth:`pgazure.client.execution.Executor.run` does."""
        operation = replace(operation, service=SERVICE)
        texts, single = read_texts(text, names[0])
        languages = read_choice(language, len(texts), names[1])
        policy = call.policy(self.policy)
        outcomes: list[Any] = [None if text is None else find_fault(text) for text in texts]
        places = [place for place, text in enumerate(texts) if text is not None and outcomes[place] is None]
        deadline = asyncio.timeout(policy.timeout_ms / 1000)
        try:
            async with deadline, asyncio.TaskGroup() as group:
                for some in self._divide(places, languages, single=single):
                    portion = _Portion(
                        statement=self,
                        name=operation.name,
                        parameter=names[0],
                        places=some,
                        texts=[found for place in some if (found := texts[place]) is not None],
                        languages=[languages[place] for place in some],
                        scalar=single or self.function.array is None,
                    )
                    group.create_task(portion.settle(call, policy, outcomes))
        except TimeoutError:
            if not deadline.expired():
                raise
            error = describe_timeout(operation, policy)
            if call.throw_on_error:
                raise error from None
            for place in places:
                outcomes[place] = error if outcomes[place] is None else outcomes[place]
        except BaseExceptionGroup as failed:
            raise first_error(failed) from None
        return conclude(operation, outcomes, single=single, throw=call.throw_on_error)

    def _divide(
        self, places: Sequence[int], languages: Sequence[str | None], *, single: bool
    ) -> Iterator[Sequence[int]]:
        """Divide texts into those of one statement each."""
        alike: dict[str | None, list[int]] = {}
        for place in places:
            shared = None if self.function.each_in_array else languages[place]
            alike.setdefault(shared, []).append(place)
        most = 1 if single or self.function.array is None else _TEXTS_A_STATEMENT
        for group in alike.values():
            for start in range(0, len(group), most):
                yield group[start : start + most]


@dataclass(frozen=True, slots=True)
class _Portion:
    """The texts of one statement."""

    statement: _Statement
    name: str
    parameter: str
    places: Sequence[int]
    texts: list[str]
    languages: list[str | None]
    scalar: bool

    async def settle(self, call: Call, policy: RetryPolicy, outcomes: list[Any]) -> None:
        """Put the outcomes of the texts in their places.

        Raises:
            AuthenticationError: No text can pass.
            DeploymentNotFoundError: No text can pass.
        """
        try:
            # An exception would undo the results of all texts for the sake of one.
            rows = await self._call(policy, throw=self.scalar and call.throw_on_error)
            found = self._read(rows)
            if common := describe_common_fault(self.name, found):
                raise common
        except (AuthenticationError, DeploymentNotFoundError):
            raise
        except ServiceError as error:
            found = [error] * len(self.places)
        for place, outcome in zip(self.places, found, strict=True):
            outcomes[place] = outcome

    async def _call(self, policy: RetryPolicy, *, throw: bool) -> Rows:
        statement, function = self.statement, self.statement.function
        values: dict[str, Any] = {n: v for n, v in statement.values.items() if n not in _TUNING}
        if function.tunable:
            values |= {
                "timeout_ms": int(policy.timeout_ms),
                "throw_on_error": throw,
                "max_attempts": policy.max_attempts,
                "retry_delay_ms": int(policy.retry_delay_ms),
            }
            if not self.scalar and "batch_size" in statement.values:
                values["batch_size"] = statement.values["batch_size"]
        values[self.parameter] = self.texts[0] if self.scalar else self.texts
        if function.each:
            given = statement.values.get(function.each)
            shared = self.scalar or not function.each_in_array
            values[function.each] = self.languages[0] if shared else _keep(given, self.languages)
        if "document_ids" in values:
            values["document_ids"] = list(range(len(self.texts)))
        return await statement.database.call(
            statement.schema,
            self.name,
            write_arguments(values),
            form=function.scalar if self.scalar else function.array or function.scalar,
            texts=self.texts,
        )

    def _read(self, rows: Rows) -> list[Any]:
        values = _by_id(rows.values) if self.name == "rank" else rows.values
        if len(values) != len(self.places):
            msg = (
                f"{SERVICE} {self.name}: {len(self.places)} texts were sent and {len(values)} rows came; they "
                "cannot be assigned to the texts and are dropped"
            )
            raise ServiceResponseError(msg, service=SERVICE, operation=self.name, code="WrongRowCount")
        missing = [place for place, value in enumerate(values) if value is None]
        raised = [fault for warning in rows.warnings if (fault := read_raised(warning, self.texts)) is not None]
        # One warning for each text that failed, in their order, or one for all of them.
        said = raised * len(missing) if len(raised) == 1 else raised
        faults = {}
        if len(said) == len(missing):
            faults = {place: fault for place, (_, fault) in zip(missing, said, strict=True)}
        return [
            read_result(self.statement.function.result, value)
            if value is not None
            else self._explain(faults.get(place))
            for place, value in enumerate(values)
        ]

    def _explain(self, fault: DocumentError | None) -> DocumentError | None:
        if fault is not None or self.statement.function.nullable:
            return fault
        return DocumentError("NoResult", "the function gave no result for the text; the database's log may say why")


def _keep(given: Any, languages: Sequence[str | None]) -> Any:
    return given if given is None or isinstance(given, str) else list(languages)


def _by_id(rows: Sequence[Any]) -> list[Any]:
    # Rows of id, rank and score, the best first.
    scores = {int(row_id): score for row_id, _, score in (tuple(row.values()) for row in rows)}
    return [scores[number] for number in sorted(scores)]


def _texts(values: Mapping[str, Any]) -> list[str]:
    return [value for value in values.values() if isinstance(value, str)]
