"""The SDKs' own test suites: unchanged, with the endpoint and key of the emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from sdk_samples.programs import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sdk_samples.catalogue import Package

_SHIM = Path(__file__).with_name("shim")
_LINES = 12


def run_suite(
    package: Package, source: Path, environment: Mapping[str, str], scratch: Path, *, limit: float, beside: int
) -> list[Outcome]:
    """Run the tests of a package.

    Args:
        package: The package.
        source: Its unpacked source.
        environment: What the tests read.
        scratch: Folder to write to.
        limit: Seconds that all of it may take.
        beside: Processes that run tests side by side.

    Raises:
        RuntimeError: Not even a report came of it.
    """
    report = scratch / f"{source.name}.xml"
    tests = source / "tests"
    paths = [_SHIM, *(() if package.installed else (source,))]
    environment = {
        **environment,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "SDK_SUITE_ENDPOINT": "https://samples.cognitiveservices.azure.com",
        "SDK_SUITE_GLOBAL_ENDPOINT": "https://api.cognitive.microsofttranslator.com",
        "SDK_SUITE_KEY": environment["AZURE_LANGUAGE_KEY"],
        "TEST_API_BASE_URL": environment["OPENAI_BASE_URL"],
    }
    plugins = ["-p", "devtools_testutils.fixtures", "-p", "no:randomly", "-p", "no:cacheprovider"]
    # The warnings are the SDKs' own matter, and so are the markers.
    settings = ["-o", "asyncio_mode=auto", "-o", "addopts=", "-o", "filterwarnings=", "-W", "ignore"]
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-n", str(beside), *plugins, *settings]
    chosen = [str(source / path) for path in package.suite] or [str(tests)]
    left_out = [f"--deselect={name}" for name in package.suite_outside]
    try:
        done = subprocess.run(
            [*command, *left_out, f"--junitxml={report}", *chosen],
            cwd=source if package.suite else tests,
            env=environment,
            timeout=limit,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return [Outcome("the whole suite", passed=False, reason=f"not done after {limit:g} s")]
    if not report.is_file():
        message = f"the tests of {package.title} could not be run:\n{done.stdout[-2000:]}"
        raise RuntimeError(message)
    outside = [Outcome(name, None, reason) for name, reason in package.suite_outside.items()]
    return [*(_read(case) for case in ET.parse(report).iter("testcase")), *outside]  # noqa: S314  made here


def _read(case: ET.Element) -> Outcome:
    name = f"{case.get('classname', '').rpartition('tests.')[2]}::{case.get('name')}"
    for kind in ("failure", "error"):
        if (found := case.find(kind)) is not None:
            lines = [line for line in (found.text or "").strip().splitlines() if line.strip()]
            return Outcome(name, passed=False, reason="\n".join(line[:300] for line in lines[-_LINES:]))
    if (skipped := case.find("skipped")) is not None:
        return Outcome(name, None, f"skipped by the suite: {(skipped.get('message') or '').strip()[:80]}")
    return Outcome(name, passed=True)
