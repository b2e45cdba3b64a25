"""The word lists beside this module: text files with sections."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_SECTION = re.compile(r"\[([\w ]+)\]")


@cache
def read_table(table: str) -> dict[str, str]:
    """Sections of a word list by name, each as it is written."""
    text = files("pgazure.emulator.models").joinpath("tables", f"{table}.txt").read_text(encoding="utf-8")
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if header := _SECTION.fullmatch(line):
            lines = sections.setdefault(header[1], [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return {name: "\n".join(lines) for name, lines in sections.items()}


@cache
def words(table: str, section: str) -> frozenset[str]:
    """Words of a section; none where there is no such section."""
    return frozenset(read_table(table).get(section, "").split())


@cache
def names(table: str, section: str) -> frozenset[str]:
    """Entries of a section whose entries may have several words and are parted by bars."""
    return frozenset(" ".join(name.split()) for name in read_table(table)[section].split("|"))


@cache
def pairs(table: str, section: str) -> dict[str, str]:
    """Entries of a section of the form ``name=value``."""
    return dict(entry.split("=", 1) for entry in read_table(table)[section].split())
