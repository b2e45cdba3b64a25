"""Programs: run as they are, each in a process of its own, and judged by what they print."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sdk_samples.catalogue import Package

# The samples print an error of a document, or of a request, and end as if nothing was.
_ERRORS = re.compile(
    r"Traceback \(most recent call last\)|\ban error with code\b|^Error Code:|DocumentError\(|errors occurred",
    re.MULTILINE | re.IGNORECASE,
)
# For a program that only defines functions: each of them is what its reader would call.
_CALL_ALL = """
import runpy, sys, traceback
failed = 0
for name, value in runpy.run_path(sys.argv[1]).items():
    if getattr(getattr(value, "__code__", None), "co_filename", None) == sys.argv[1]:
        try:
            value()
        except Exception:
            traceback.print_exc()
            failed += 1
            print("FUNCTION", name, "FAILED", flush=True)
sys.exit(failed)
"""
_TAIL = 15


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a program.

    Attributes:
        program: Its path in the source distribution's folder of programs.
        passed: Whether it did what it is for; ``None`` where it was not run.
        reason: Why not: the last lines, or why it was not run.
    """

    program: str
    passed: bool | None
    reason: str = ""


def run_programs(
    package: Package, source: Path, environment: Mapping[str, str], scheme: str, *, limit: float, beside: int
) -> list[Outcome]:
    """Run every program of a package.

    Args:
        package: The package.
        source: Its unpacked source.
        environment: What the programs read.
        scheme: ``http`` or ``https``.
        limit: Seconds that a program may take.
        beside: Programs that run at a time.
    """
    folder = source / package.programs
    programs = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))
    paths = [*(source / path for path in package.paths), *(() if package.installed else (source,))]
    environment = {**environment, **package.environment, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    with ThreadPoolExecutor(beside) as pool:
        run = partial(_run, package, folder, environment, scheme, limit)
        return list(pool.map(run, programs))


def _run(  # noqa: PLR0917  bound one after the other
    package: Package, folder: Path, environment: Mapping[str, str], scheme: str, limit: float, program: str
) -> Outcome:
    if reason := package.reason_outside(program, scheme):
        return Outcome(program, None, reason)
    path = folder / program
    command = [sys.executable, str(path)]
    if _only_defines(path):
        command = [sys.executable, "-c", _CALL_ALL, str(path)]
        paths = os.pathsep.join([str(path.parent), environment["PYTHONPATH"]])
        environment = {**environment, **package.environment, "PYTHONPATH": paths}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            timeout=limit,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        printed = (error.output or b"").decode("utf-8", "replace")
        return Outcome(program, passed=False, reason=f"{_end(printed)}\nnot done after {limit:g} s")
    found = _ERRORS.search(done.stdout)
    if done.returncode == 0 and found is None:
        return Outcome(program, passed=True)
    shown = done.stdout[found.start() :] if found and done.returncode == 0 else done.stdout
    return Outcome(program, passed=False, reason=f"exit code {done.returncode}\n{_end(shown)}")


def _only_defines(path: Path) -> bool:
    tree = ast.parse(path.read_text("utf-8"))
    acts = any(isinstance(node, ast.If | ast.For | ast.With) or _is_call(node) for node in tree.body)
    return not acts and any(isinstance(node, ast.FunctionDef) for node in tree.body)


def _is_call(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def _end(printed: str) -> str:
    return "\n".join(line[:300] for line in printed.strip().splitlines()[-_TAIL:])
