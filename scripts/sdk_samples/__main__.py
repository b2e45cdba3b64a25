"""Run the samples, and print what came of them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from sdk_samples.catalogue import PACKAGES
from sdk_samples.programs import run_programs
from sdk_samples.report import Part, draw_table, write_details
from sdk_samples.sources import SourceError, fetch
from sdk_samples.stand import raise_stand
from sdk_samples.suites import run_suite


def main() -> int:
    """Run what the arguments choose; give 1 where something failed."""
    chosen = _read_arguments()
    parts: list[Part] = []
    with ExitStack() as opened:
        scratch = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="sdk-samples-")))
        folder = chosen.sources or scratch / "sources"
        folder.mkdir(parents=True, exist_ok=True)
        stand = opened.enter_context(raise_stand(scratch))
        for package in PACKAGES:
            if chosen.only and package.room not in chosen.only:
                continue
            try:
                source = fetch(package, folder)
            except SourceError as error:
                print(error, file=sys.stderr)
                return 2
            for scheme in chosen.scheme or ("http", "https"):
                environment = stand.environment(scheme)
                if chosen.what != "tests":
                    outcomes = run_programs(
                        package, source, environment, scheme, limit=chosen.limit, beside=chosen.beside
                    )
                    parts.append(Part(package, package.programs, scheme, outcomes))
                # They send tokens too, and name hosts of Azure: https is for all of them.
                if chosen.what != "programs" and scheme == "https":
                    outcomes = run_suite(
                        package, source, environment, scratch, limit=10 * chosen.limit, beside=chosen.beside
                    )
                    parts.append(Part(package, "tests", scheme, outcomes))
                if chosen.results is not None:
                    write_details(chosen.results, parts)
    print(draw_table(parts))
    return 1 if any(part.failed for part in parts) else 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sdk_samples", description=__doc__)
    parser.add_argument("--sources", type=Path, help="folder to keep the source distributions in")
    parser.add_argument("--results", type=Path, help="folder to write what failed to")
    parser.add_argument("--only", action="append", choices=("language", "translator", "openai"), help="one service")
    parser.add_argument("--what", choices=("programs", "tests"), help="only the samples, or only the test suites")
    parser.add_argument("--scheme", action="append", choices=("http", "https"), help="one scheme")
    parser.add_argument("--limit", type=float, default=90, help="seconds a program may take")
    parser.add_argument("--beside", type=int, default=4, help="programs that run at a time")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
