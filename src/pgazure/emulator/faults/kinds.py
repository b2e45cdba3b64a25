"""Faults on order: what there is, and when it strikes; one model for the command line, files and HTTP."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from pgazure.emulator.durations import read_duration
from pgazure.emulator.settings_file import read_settings_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Self

_EMPTY_LIST = "a file of faults has a list named fault"


def _as_seconds(value: Any) -> Any:
    return read_duration(value) if isinstance(value, str) else value


def _as_list(value: Any) -> Any:
    if isinstance(value, str):
        return [one.strip() for one in value.split(",") if one.strip()]
    return [value] if isinstance(value, int) else value


Seconds = Annotated[NonNegativeFloat, BeforeValidator(_as_seconds)]


class Fault(BaseModel):
    """What every fault has: the requests that it is about.

    Attributes:
        operation: Names of operations as ``GET /__stats`` has them, of services or of deployments; every request where
            none is given.
        only: Names that it can be about at all; empty where it can be about any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    only: ClassVar[frozenset[str]] = frozenset()

    operation: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    """Operations as `GET /__stats` names them, services, or deployments; without it every request."""

    @classmethod
    def name(cls) -> str:
        """What its kind is called."""
        return str(cls.model_fields["kind"].default)


class Timed(Fault):
    """What every fault has that strikes now and then."""

    nth: Annotated[tuple[PositiveInt, ...], BeforeValidator(_as_list)] = ()
    """Strike the n-th of these requests, counted from the order; several numbers with commas."""
    every: PositiveInt | None = None
    """Strike every n-th of these requests."""
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    """Strike this share of these requests, the same ones each time."""
    seed: int = 0
    """What the share, and whatever else is left to chance, is drawn with."""
    times: PositiveInt | None = None
    """Strike so many times, and no more."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if sum((bool(self.nth), self.every is not None, self.share is not None)) > 1:
            message = "choose one of nth, every and share"
            raise ValueError(message)
        return self


class Latency(Timed):
    """The answer takes longer."""

    kind: Literal["latency"] = "latency"
    seconds: Seconds = 0.0
    """Least time of the answer."""
    per_item: Seconds = 0.0
    """More for each text."""
    spread: Seconds = 0.0
    """More by chance, up to this."""


class Limit(Fault):
    """A quota of its own for some operations: over it a 429 as the service sends it."""

    kind: Literal["quota"] = "quota"
    rpm: PositiveFloat | None = None
    """Requests a minute."""
    tpm: PositiveFloat | None = None
    """Tokens a minute."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.rpm is None and self.tpm is None:
            message = "a quota has rpm or tpm, or both"
            raise ValueError(message)
        return self


class Failure(Timed):
    """An error status instead of an answer, with the body and headers of the service; no text is counted."""

    kind: Literal["error"] = "error"
    status: Annotated[int, Field(ge=400, le=599)] = 500
    """HTTP status."""
    retry_after: Seconds | None = None
    """What `Retry-After` says; with a 403, that the free quota is used up."""
    retry_after_ms: PositiveInt | None = None
    """What `retry-after-ms` says."""
    bare: bool = False
    """Leave out every header that says when to come again, or how much is left."""
    headers: dict[str, str] = Field(default_factory=dict)
    """More headers."""
    body: Any = None
    """Another body: a text is sent as text, anything else as JSON."""

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, value: dict[str, str]) -> dict[str, str]:
        for name, content in value.items():
            if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not re.fullmatch(r"[\x20-\x7e]*", content):
                message = f"{name!r} is no header that can be sent"
                raise ValueError(message)
        return value


class Reset(Timed):
    """The work is done and counted, and the connection is reset before the answer."""

    kind: Literal["reset"] = "reset"


class HalfBody(Timed):
    """The answer breaks off: its connection is closed in the middle."""

    kind: Literal["half_body"] = "half_body"
    share_sent: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """How much of it is sent."""


class SlowBody(Timed):
    """The answer comes in pieces: headers at once, the rest over some time."""

    kind: Literal["slow_body"] = "slow_body"
    seconds: Seconds = 1.0
    """Time from the first piece to the last."""
    pieces: Annotated[int, Field(ge=2, le=10_000)] = 10
    """Pieces, where the answer is no stream that has its own."""


class InvalidJson(Timed):
    """The answer is whole and is not JSON: its last bracket is missing, of a stream the last event's."""

    kind: Literal["invalid_json"] = "invalid_json"


class Missing(Timed):
    """Parts of the answer are missing: documents, translations, vectors, choices, ranks."""

    kind: Literal["missing_document"] = "missing_document"
    count: PositiveInt = 1
    """How many, from the end."""


class Doubled(Timed):
    """The first part of the answer is there twice: a document, a translation, a vector, a choice, a rank."""

    kind: Literal["doubled_document"] = "doubled_document"


class WrongVectors(Timed):
    """There are more or fewer vectors than texts, or numbers in them."""

    only: ClassVar[frozenset[str]] = frozenset({"embeddings"})

    kind: Literal["wrong_vector_count"] = "wrong_vector_count"
    by: int = -1
    """How many vectors more, or less."""
    numbers_by: int = 0
    """How many numbers more, or less, each vector has."""


class NotANumber(Timed):
    """A number in the answer is NaN: the first that has a fraction, or the first of the first vector."""

    kind: Literal["nan"] = "nan"


class Filtered(Timed):
    """The content filter refuses prompts, those that hold a pattern or all."""

    only: ClassVar[frozenset[str]] = frozenset({"openai"})

    kind: Literal["content_filter"] = "content_filter"
    pattern: str = ""
    """Regular expression, whatever the case; only prompts that hold it are counted and struck."""

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            message = f"it is no regular expression: {error}"
            raise ValueError(message) from error
        return value


class FailedJob(Timed):
    """A job ends in failure; jobs are counted when they are started."""

    kind: Literal["failed_job"] = "failed_job"
    task: Annotated[int, Field(ge=0)] | None = None
    """Only this task of it fails, counted from 0; without it the whole job."""


class ExpiredJob(Timed):
    """A job is no longer known when it is asked for; jobs are counted when they are started."""

    kind: Literal["expired_job"] = "expired_job"
    polls: Annotated[int, Field(ge=0)] = 0
    """How often it is still answered."""


KINDS: tuple[type[Fault], ...] = (
    Latency,
    Limit,
    Failure,
    Reset,
    HalfBody,
    SlowBody,
    InvalidJson,
    Missing,
    Doubled,
    WrongVectors,
    NotANumber,
    Filtered,
    FailedJob,
    ExpiredJob,
)
"""Every kind of fault."""

_ANY: Any = Annotated[Union[KINDS], Field(discriminator="kind")]  # noqa: UP007  # of a tuple
_READER: TypeAdapter[Any] = TypeAdapter(_ANY)


def read_fault(given: str | Mapping[str, Any] | Fault, where: str = "fault") -> Fault:
    """Read one fault.

    Args:
        given: A mapping, or a text as a command line has it: the kind, then ``name=value`` for what it takes, such as
            ``error status=429 every=3 operation=Embeddings``.
        where: Where it stands, for the message.

    Raises:
        ValueError: It is not one; the message says what is wrong.
    """
    if isinstance(given, Fault):
        return given
    read = _read_words(given, where) if isinstance(given, str) else given
    try:
        fault: Fault = _READER.validate_python(read)
    except ValidationError as error:
        raise ValueError("; ".join(_complain(where, each) for each in error.errors(include_url=False))) from None
    return fault


def read_faults(given: Any, where: str = "fault") -> list[Fault]:
    """Read one fault, a list of them, or an object with such a list named ``fault``.

    Raises:
        ValueError: One of them is none; the message says which, and what is wrong.
    """
    if isinstance(given, dict) and "kind" not in given:
        if given.keys() != {"fault"}:
            message = f"{where}: a fault has a kind, one of {', '.join(_list_names())}; {_EMPTY_LIST}"
            raise ValueError(message)
        given = given["fault"]
    if not isinstance(given, list):
        given = [given]
    if not all(isinstance(one, dict | str) for one in given):
        message = f"{where}: a fault is an object with a kind, one of {', '.join(_list_names())}"
        raise ValueError(message)
    return [read_fault(one, f"{where} {place + 1}" if len(given) > 1 else where) for place, one in enumerate(given)]


def load_faults(file: str | Path) -> list[Fault]:
    """Read a file of faults: TOML with ``[[fault]]`` tables, or JSON where its name ends so.

    Raises:
        ValueError: It cannot be read, or a fault in it is none.
    """
    given = read_settings_file(file, "file of faults")
    return read_faults(given, f"{file}: fault")


def _read_words(text: str, where: str) -> dict[str, Any]:
    try:
        kind, *rest = shlex.split(text) or [""]
    except ValueError as error:
        message = f"{where}: {text!r} has a quotation mark that is not closed"
        raise ValueError(message) from error
    read: dict[str, Any] = {"kind": kind}
    for word in rest:
        name, sign, value = word.partition("=")
        if not sign:
            message = f"{where}: {word!r} has no value: write name=value, such as status=429"
            raise ValueError(message)
        # What is no text by itself is written as JSON: headers, a body.
        read[name] = json.loads(value) if value[:1] in {"{", "["} and _is_json(value) else value
    return read


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _list_names() -> Sequence[str]:
    return [kind.name() for kind in KINDS]


def _complain(where: str, error: Any) -> str:
    if error["type"].startswith("union_tag"):
        return f"{where}: the kind is one of {', '.join(_list_names())}"
    place = ".".join(str(part) for part in error["loc"][1:])
    said = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        kind = next(one for one in KINDS if one.name() == error["loc"][0])
        said = (
            f"there is no such setting: {error['loc'][0]} has {', '.join(sorted(kind.model_fields.keys() - {'kind'}))}"
        )
    return f"{where}: {place}: {said}" if place else f"{where}: {said}"
