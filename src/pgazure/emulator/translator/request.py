"""What a request to Translator says, in either of its two forms.

Version 3.0 has its options in the query and a list as its body; the versions after it have an object with ``inputs``.
Names of parameters and members are the same in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pgazure.emulator.translator.refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgazure.emulator.call import Call

T = TypeVar("T")

FIRST = "3.0"
LATER = ("2025-10-01-preview", "2026-06-06")
VERSIONS = (FIRST, *LATER)


def read_version(call: Call) -> str:
    """Read the version that is asked for: in the query, or in the path of a custom domain."""
    asked = Query(call).one("api-version") or call.request.path_params.get("version", "")
    return str(asked).removeprefix("v")


def check_version(call: Call, versions: Sequence[str] = VERSIONS) -> str:
    """Read the version that is asked for.

    Raises:
        Refusal: It is none of ``versions``.
    """
    version = read_version(call)
    if version not in versions:
        raise refuse(400021)
    return version


class Query:
    """The parameters of a request.

    Args:
        call: The request.
    """

    def __init__(self, call: Call) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in call.request.query_params.multi_items():
            self._values.setdefault(name.lower(), []).append(value)

    def all(self, name: str) -> list[str]:
        """Every value of a parameter."""
        return self._values.get(name.lower(), [])

    def one(self, name: str) -> str | None:
        """The first value of a parameter; ``None`` where it is missing or empty."""
        return next(iter(self.all(name)), None) or None

    def flag(self, name: str, *, default: bool) -> bool:
        """A parameter that is true or false.

        Raises:
            Refusal: It is neither.
        """
        value = self.one(name)
        return default if value is None else choose(value, {"true": True, "false": False})


def choose(value: object, choices: Mapping[str, T], code: int = 400042) -> T:
    """Find what a word means, in any case.

    Raises:
        Refusal: It is none of ``choices``.
    """
    if not isinstance(value, str) or value.lower() not in choices:
        raise refuse(code)
    return choices[value.lower()]


def read_elements(call: Call, most: int) -> list[dict[str, Any]]:
    """Read the elements of the body, with their members' names in lower case; ``null`` is what is not there.

    Args:
        call: The request.
        most: How many elements there may be.

    Raises:
        Refusal: The body is of another form, or has no element, or too many.
    """
    if "json" not in call.request.headers.get("content-type", "").lower():
        raise refuse(415000)
    given = call.body if read_version(call) == FIRST else _member(call.body, "inputs")
    if not isinstance(given, list):
        raise refuse(400074)
    if not given:
        raise refuse(400005)
    if len(given) > most:
        raise refuse(400072)
    return [lower_names(element, 400020) for element in given]


def lower_names(element: object, code: int) -> dict[str, Any]:
    """Write the names of an object's members in lower case, and leave out those that are ``null``.

    Raises:
        Refusal: It is no object.
    """
    if not isinstance(element, dict):
        raise refuse(code)
    return {str(name).lower(): value for name, value in element.items() if value is not None}


def read_text(element: Mapping[str, Any], longest: int, name: str = "text", missing: int = 400005) -> str:
    """Read a text of an element.

    Args:
        element: The element.
        longest: Characters that it may have.
        name: The member that holds it.
        missing: Code of the refusal where it is not there.

    Raises:
        Refusal: It is missing, or too long.
    """
    text = element.get(name)
    if not isinstance(text, str):
        raise refuse(missing)
    if len(text) > longest:
        raise refuse(400050)
    return text


def _member(body: object, name: str) -> object:
    return lower_names(body, 400074).get(name)
