"""The Python of README.md and docs/ runs as it stands there."""

from __future__ import annotations

import ast
import asyncio
import inspect
from typing import TYPE_CHECKING

import pytest
from markdown_blocks import ROOT, Block, join_toml, read_blocks, read_pages

if TYPE_CHECKING:
    from types import CodeType

PAGES = read_pages("python")
TOML = read_pages("toml")


def compiled(snippet: Block) -> CodeType:
    # Blank lines before it make a traceback point into the page.
    padded = "\n" * (snippet.line - 1) + snippet.source
    path = str(ROOT / snippet.page)
    return compile(padded, path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def run_page(snippets: list[Block]) -> None:
    names = {"__name__": "__main__"}
    with asyncio.Runner() as runner:
        for snippet in snippets:
            code = compiled(snippet)
            if snippet.reason:
                continue
            if code.co_flags & inspect.CO_COROUTINE:
                runner.run(eval(code, names))
            else:
                exec(code, names)


def test_there_are_snippets():
    assert PAGES


@pytest.mark.parametrize("page", PAGES)
def test_every_snippet_compiles(page):
    for snippet in PAGES[page]:
        compiled(snippet)


@pytest.mark.parametrize("page", [page for page, snippets in PAGES.items() if not all(s.reason for s in snippets)])
def test_snippets_of_a_page_run_in_one_session(page, emulator, conninfo, tmp_path, monkeypatch):
    settings = {
        "AZURE_LANGUAGE_ENDPOINT": emulator.endpoint,
        "AZURE_LANGUAGE_KEY": emulator.key,
        "AZURE_TEXT_TRANSLATION_ENDPOINT": emulator.endpoint,
        "AZURE_TEXT_TRANSLATION_APIKEY": emulator.key,
        "AZURE_OPENAI_ENDPOINT": emulator.endpoint,
        "AZURE_OPENAI_API_KEY": emulator.key,
        "PGAZURE_DSN": conninfo,
    }
    for name in ("AZURE_TEXT_TRANSLATION_REGION", "AZURE_TEXT_TRANSLATION_RESOURCE_ID", "OPENAI_API_VERSION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    if page in TOML:
        (tmp_path / "pgazure.toml").write_text(join_toml(page, TOML), encoding="utf-8")
    run_page(PAGES[page])


def test_a_snippet_keeps_its_line_its_indentation_and_its_reason():
    text = "# Page\n\n<!-- not run: needs a subscription -->\n```python\none = 1\n```\n\n- item\n\n  ```python\n  if True:\n      two = 2\n  ```\n"
    first, second = read_blocks(text, "page.md")
    assert (first.line, first.source, first.reason) == (5, "one = 1\n", "needs a subscription")
    assert (second.line, second.source, second.reason) == (11, "if True:\n    two = 2\n", None)


def test_a_reason_belongs_to_the_block_that_follows_it_only():
    text = "<!-- not run: slow -->\nwords\n\n```python\none = 1\n```\n"
    assert [snippet.reason for snippet in read_blocks(text, "page.md")] == [None]


def test_a_broken_snippet_fails_where_it_stands():
    with pytest.raises(ZeroDivisionError) as broken:
        run_page(
            read_blocks(
                "text\n\n```python\nx = 0\n```\n\n```python\nawait __import__('asyncio').sleep(0)\n1 / x\n```\n",
                "page.md",
            )
        )
    assert broken.traceback[-1].lineno + 1 == 9
    assert str(broken.traceback[-1].path).endswith("page.md")
    with pytest.raises(SyntaxError):
        run_page(read_blocks("```python\nif:\n```\n", "page.md"))
    with pytest.raises(SyntaxError):
        run_page(read_blocks("<!-- not run: why -->\n```python\nif:\n```\n", "page.md"))
