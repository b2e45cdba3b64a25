"""Templates: how the text of a row is made of its columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from string import Formatter
from typing import TYPE_CHECKING

from pgazure.errors import InvalidSpecError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Template:
    r"""A text with column names in braces, such as ``{title}\\n{body}``.

    A bare name without braces stands for that one column. Braces are doubled to
    stand for themselves. A NULL column counts as an empty text, and a row whose
    columns are all NULL or blank has no text.

    Attributes:
        parts: Pairs of a literal and the column after it (``None`` at the end).
    """

    parts: tuple[tuple[str, str | None], ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read a template.

        Raises:
            InvalidSpecError: It is empty, its braces do not match, or it asks for a format or an attribute.
        """
        if not text.strip():
            msg = "text is empty: name a column, or write a template such as '{title}\\n{body}'"
            raise InvalidSpecError(msg)
        if "{" not in text and "}" not in text:
            return cls((("", text.strip()),))
        parts: list[tuple[str, str | None]] = []
        try:
            for before, column, form, conversion in Formatter().parse(text):
                if form or conversion:
                    msg = f"text {text!r}: write column names only, without a format after ':' or '!'"
                    raise InvalidSpecError(msg)
                parts.append((before, column))
        except ValueError as error:
            msg = f"text {text!r}: {error}; double a brace to use it as a letter"
            raise InvalidSpecError(msg) from None
        template = cls(tuple(parts))
        if not template.columns or "" in template.columns:
            msg = f"text {text!r} names no column: write for instance '{{title}}\\n{{body}}'"
            raise InvalidSpecError(msg)
        return template

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Columns it reads, each once, in order of first use."""
        return tuple(dict.fromkeys(column for _, column in self.parts if column is not None))

    def render(self, values: Sequence[str | None]) -> str | None:
        """Make the text from the values of :attr:`columns`; ``None`` where none of them holds any."""
        if not any(value and not value.isspace() for value in values):
            return None
        by_column = dict(zip(self.columns, values, strict=True))
        return "".join(
            before + ((by_column[column] or "") if column is not None else "") for before, column in self.parts
        )
