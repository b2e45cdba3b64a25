"""Code blocks of README.md and docs/, by page and language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(
    r"(?:^ *<!--\s*not run:\s*(?P<reason>.+?)\s*-->\s*?\n\s*)?"
    r"^(?P<indent> *)```(?P<language>\w+)\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A code block: where it stands, and why it is not run if it is not."""

    page: str
    line: int
    language: str
    source: str
    reason: str | None


def read_blocks(text: str, page: str) -> list[Block]:
    """Find the code blocks of one page."""
    return [
        Block(
            page,
            text.count("\n", 0, found.start("code")) + 1,
            found["language"],
            re.sub(rf"^{found['indent']}", "", found["code"], flags=re.MULTILINE),
            found["reason"],
        )
        for found in _FENCE.finditer(text)
    ]


def read_pages(*languages: str) -> dict[str, list[Block]]:
    """Find the blocks in these languages of every page that has any."""
    files = [ROOT / "README.md", *sorted(path for path in ROOT.glob("docs/**/*.md") if "_build" not in path.parts)]
    pages: dict[str, list[Block]] = {}
    for file in files:
        page = file.relative_to(ROOT).as_posix()
        blocks = [b for b in read_blocks(file.read_text(encoding="utf-8"), page) if b.language in languages]
        if blocks:
            pages[page] = blocks
    return pages


def join_toml(page: str, pages: dict[str, list[Block]]) -> str:
    """Write the ``pgazure.toml`` of a page: all its TOML together."""
    return "\n".join(block.source for block in pages.get(page, []))
