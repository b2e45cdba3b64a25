"""Reading what a caller passes: one text or many, one language or one each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar, overload

from pgazure.errors import ConfigurationError
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

T_co = TypeVar("T_co", covariant=True)
Id = TypeVar("Id")


class SequenceOf(Protocol[T_co]):
    """A list, a tuple or the like; a single ``str``, which is a sequence of letters, is none."""

    @overload
    def __getitem__(self, index: int, /) -> T_co: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[T_co]: ...
    def __contains__(self, value: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[T_co]: ...


# Sequences of numbers, which nobody means.
_NO_LISTS: tuple[type, ...] = (bytes, bytearray, memoryview)

Texts: TypeAlias = SequenceOf[str]
"""Many texts."""

SomeTexts: TypeAlias = SequenceOf[str | None]
"""Many texts, some of them missing."""

Name: TypeAlias = str | None
"""A name (a language, a script), where it is known."""

Names: TypeAlias = str | SequenceOf[str | None] | None
"""One name for all texts, or one for each."""

Raising: TypeAlias = Literal[True]
"""``throw_on_error`` as it is by default: a result is never an error."""


def read_texts(value: Any, name: str) -> tuple[list[str | None], bool]:
    """Read one text or many; say also whether it was one.

    Raises:
        TypeError: ``value`` is neither, or an element is no text.
    """
    if value is None or isinstance(value, str):
        return [value], True
    return _read_sequence(value, name), False


def read_choice(value: Any, count: int, name: str) -> list[str | None]:
    """Read one value for all of ``count`` texts, or one for each.

    Raises:
        TypeError: ``value`` is neither, or an element is no text.
        ConfigurationError: There are more or fewer values than texts, or one cannot be sent.
    """
    if value is None or isinstance(value, str):
        return [check_characters(value, name) if value else value] * count
    values = _read_sequence(value, name)
    if len(values) != count:
        msg = f"{name} has {len(values)} values for {count} texts: give one for all, or one for each"
        raise ConfigurationError(msg)
    return [check_characters(one, name) if one else one for one in values]


def read_ids(value: Any, count: int) -> list[Any]:
    """Read an id for each of ``count`` documents; without any they are numbered from 1.

    Raises:
        TypeError: ``value`` is no sequence.
        ConfigurationError: There are more or fewer ids than documents.
    """
    if value is None:
        return list(range(1, count + 1))
    if isinstance(value, str | bytes | bytearray) or not hasattr(value, "__getitem__"):
        msg = f"document_ids must be a list, not {type(value).__name__}"
        raise TypeError(msg)
    ids = list(value)
    if len(ids) != count:
        msg = f"document_ids has {len(ids)} values for {count} documents: give one for each"
        raise ConfigurationError(msg)
    return ids


def read_names(value: Any, name: str) -> list[str]:
    """Read one name or several; there must be one at least.

    Raises:
        TypeError: ``value`` is neither.
        ConfigurationError: There is none, or one is empty or cannot be sent.
    """
    values = [value] if isinstance(value, str) else _read_sequence(value, name)
    names = [check_characters(item, name) for item in values if item]
    if not names or len(names) < len(values):
        msg = f"{name} must hold at least one name, and none may be empty"
        raise ConfigurationError(msg)
    return names


def _read_sequence(value: Any, name: str) -> list[str | None]:
    if isinstance(value, _NO_LISTS) or not isinstance(value, Sequence):
        msg = f"{name} must be a str or a list of str, not {type(value).__name__}"
        raise TypeError(msg)
    values: list[Any] = list(value)
    for place, item in enumerate(values):
        if not (item is None or isinstance(item, str)):
            msg = f"{name}[{place}] must be a str or None, not {type(item).__name__}"
            raise TypeError(msg)
    return values


def check_count(value: Any, name: str, *, least: int = 1) -> int:
    """Check a number of things.

    Raises:
        TypeError: ``value`` is no whole number.
        ConfigurationError: It is below ``least``.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"{name} must be a whole number, not {type(value).__name__}"
        raise TypeError(msg)
    if value < least:
        msg = f"{name} must be at least {least}, not {value}"
        raise ConfigurationError(msg)
    return value


def check_name(value: Any, name: str) -> str:
    """Check a name that the service knows.

    Raises:
        TypeError: ``value`` is no text.
        ConfigurationError: It is empty, or cannot be sent.
    """
    if not isinstance(value, str):
        msg = f"{name} must be a str, not {type(value).__name__}"
        raise TypeError(msg)
    if not value.strip():
        msg = f"{name} must not be empty"
        raise ConfigurationError(msg)
    return check_characters(value, name)


def check_characters(value: str, name: str) -> str:
    """Check a text that goes along with others, or says what to do with them.

    Raises:
        ConfigurationError: It cannot be sent.
    """
    if fault := find_fault(value):
        msg = f"{name} cannot be sent: {fault.message}"
        raise ConfigurationError(msg)
    return value


def check_option(value: Any, name: str, options: tuple[str, ...]) -> str:
    """Find ``value`` among ``options``, in any case.

    Raises:
        TypeError: ``value`` is no text.
        ConfigurationError: It is none of them.
    """
    if not isinstance(value, str):
        msg = f"{name} must be a str, not {type(value).__name__}"
        raise TypeError(msg)
    for option in options:
        if option.lower() == value.lower():
            return option
    msg = f"{name} must be one of {', '.join(options)}"
    raise ConfigurationError(msg)


def find_fault(text: str) -> DocumentError | None:
    """Find what keeps a text from being sent at all."""
    if not text:
        return DocumentError("InvalidDocument", "the text is empty")
    if "\x00" in text:
        return DocumentError("InvalidDocument", "the text contains NUL (U+0000); remove it")
    try:
        text.encode()
    except UnicodeEncodeError:
        return DocumentError("InvalidDocument", "the text contains half of a surrogate pair, which is no character")
    return None
