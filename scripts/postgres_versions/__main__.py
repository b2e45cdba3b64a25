"""Run tests and demonstration on several major versions of PostgreSQL, and print what came of them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from postgres_versions.servers import ServerError, fetch_server
from postgres_versions.trials import TESTS, Trial, try_server

VERSIONS = ("14", "15", "16", "17")
"""The newest one is what the test suite itself runs on."""


def main() -> int:
    """Run what the arguments choose; give 1 where something failed or could not be tried."""
    chosen = _read_arguments()
    trials: list[Trial] = []
    missing: list[str] = []
    with ExitStack() as opened:
        scratch = opened.enter_context(tempfile.TemporaryDirectory(prefix="postgres-versions-"))
        folder = (chosen.folder or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        # Run by root, the server has an account of its own, which has to reach its programs.
        folder.chmod(0o755)
        programs = [each.resolve() for each in chosen.programs]
        for major in chosen.version or () if programs else chosen.version or VERSIONS:
            try:
                programs.append(fetch_server(major, folder))
            except ServerError as error:
                missing.append(f"PostgreSQL {major} was not tried: {error}")
        for each in programs:
            trials.append(try_server(each, chosen.tests or TESTS, limit=chosen.limit))
            print(_tell(trials[-1]), flush=True)
    if missing:
        print("\n".join(missing), file=sys.stderr)
    return 1 if missing or not all(trial.is_passed for trial in trials) else 0


def _tell(trial: Trial) -> str:
    outcome = "passed" if trial.is_passed else "FAILED"
    parts = f"demonstration {trial.demonstration}, tests {trial.tests}"
    return f"PostgreSQL {trial.version}: {outcome}; {parts} ({trial.seconds:.0f} s)"


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="postgres_versions", description=__doc__)
    parser.add_argument("version", nargs="*", help=f"major versions to fetch; else {' '.join(VERSIONS)}")
    parser.add_argument("--programs", action="append", default=[], type=Path, help="folder of a server's programs")
    parser.add_argument("--folder", type=Path, help="folder to keep what is fetched in")
    parser.add_argument("--tests", action="append", help=f"tests to run; else {' '.join(TESTS)}")
    parser.add_argument("--limit", type=float, default=900, help="seconds that the tests of a version may take")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
