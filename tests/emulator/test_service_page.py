"""The unit and the container file of the documentation are ones that work."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest

from pgazure.emulator.__main__ import make_parser

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "run-the-emulator-as-a-service.md"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_the_unit_is_one_that_systemd_accepts(tmp_path: Path) -> None:
    unit = tmp_path / "pgazure-emulator.service"
    # The path of this interpreter may hold a space, which a unit would have to escape.
    command = tmp_path / "pgazure"
    command.symlink_to(sys.executable)
    unit.write_text(block("ini").replace("/opt/pgazure/bin/pgazure", str(command)))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    complaints = [line for line in done.stderr.splitlines() if unit.name in line]
    assert complaints == []


def test_both_files_give_options_that_there_are() -> None:
    found = re.search(r"^ExecStart=(.*)$", block("ini"), re.MULTILINE)
    entry = re.search(r"^ENTRYPOINT (.*)$", block("dockerfile"), re.MULTILINE)
    assert found is not None
    assert entry is not None
    for command in (shlex.split(found[1]), json.loads(entry[1])):
        assert Path(command[0]).name == "pgazure"
        assert command[1] == "emulator"
        make_parser().parse_args(command[2:])


def test_what_is_installed_has_the_extra_that_is_named() -> None:
    named = set(re.findall(r"pip install (?:--[\w-]+ )*'pgazure\[(\w+)\]'", PAGE.read_text(encoding="utf-8")))
    assert named == {"emulator"}
    assert named <= set(metadata("pgazure").get_all("Provides-Extra") or [])
