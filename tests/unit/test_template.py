"""How the text of a row is made of its columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgazure.errors import InvalidSpecError
from pgazure.pipeline.specification.template import Template


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("body", ("body",)),
        ("  Guest's review %s ", ("Guest's review %s",)),
        ("{title}\n{body}", ("title", "body")),
        ("{body}, once more: {body}", ("body",)),
        ("{{{body}}}", ("body",)),
        ("{two words} {a.b} {c[0]}", ("two words", "a.b", "c[0]")),
    ],
)
def test_columns_are_named_once_in_order(text: str, columns: tuple[str, ...]) -> None:
    assert Template.parse(text).columns == columns


def test_a_text_is_made_of_letters_and_columns() -> None:
    template = Template.parse("{{{title}}}: {body}{title}")
    assert template.render(["T", "b"]) == "{T}: bT"
    assert template.render(["T", None]) == "{T}: T"


@pytest.mark.parametrize("values", [[None, None], ["", None], [" \n\t", "\u2003"]])
def test_a_row_with_nothing_to_say_has_no_text(values: list[str | None]) -> None:
    assert Template.parse("Title: {a}. {b}").render(values) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "text is empty"),
        ("  \n", "text is empty"),
        ("{", "double a brace"),
        ("}", "double a brace"),
        ("{title", "double a brace"),
        ("{}", "names no column"),
        ("{{no column}}", "names no column"),
        ("{title:>10}", "without a format"),
        ("{title!r}", "without a format"),
    ],
)
def test_a_template_that_cannot_be_read_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InvalidSpecError, match=complaint):
        Template.parse(text)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_values_go_in_as_they_are(values: list[str]) -> None:
    template = Template.parse("|".join(f"{{c{n}}}" for n in range(len(values))))
    text = template.render(values)
    assert text is None or text == "|".join(values)
    assert (text is None) == all(not value or value.isspace() for value in values)
