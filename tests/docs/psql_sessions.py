"""Sessions of psql in the documentation: statements with what psql printed for them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

_PROMPT = re.compile(r"^\w+=> (?P<first>.*(?:\n\w+-> .*)*)\n?(?P<printed>(?:(?!\w+=> ).*(?:\n|$))*)", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """A statement of a session and what is printed for it."""

    statement: str
    printed: str


def read_entries(source: str) -> list[Entry]:
    """Find the statements of a block in the language ``psql``."""
    return [
        Entry(re.sub(r"\n\w+-> ", "\n", found["first"]), _trim(found["printed"])) for found in _PROMPT.finditer(source)
    ]


def ask(psql: str, conninfo: str, statement: str) -> str:
    """Give what psql prints for a statement."""
    command = [psql, "-X", "-d", conninfo, "-v", "SHOW_CONTEXT=never"]
    done = subprocess.run(
        command,
        input=statement + "\n",
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "LC_ALL": "C.UTF-8"},
    )
    return _trim(done.stderr + done.stdout)


def _trim(printed: str) -> str:
    return "\n".join(line.rstrip() for line in printed.splitlines()).strip("\n")
