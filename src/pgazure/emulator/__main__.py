"""``python -m pgazure.emulator``."""

from __future__ import annotations

import argparse
import re
import sys

from pgazure.emulator import serve
from pgazure.emulator.app import FILTER_WORD

_UNITS = {"": 1.0, "s": 1.0, "ms": 0.001}


def read_duration(text: str) -> float:
    """Read ``50ms``, ``0.5s`` or ``2`` as seconds.

    Raises:
        argparse.ArgumentTypeError: It is none of these.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|)", text.strip())
    if match is None:
        message = f"{text} is not a duration: write 50ms or 0.5s"
        raise argparse.ArgumentTypeError(message)
    return float(match[1]) * _UNITS[match[2]]


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; print the endpoint first."""
    parser = argparse.ArgumentParser("python -m pgazure.emulator", description="A local Azure AI endpoint.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any that is free)")
    parser.add_argument("--key", default="emulator", help="key that opens every route (default: %(default)s)")
    parser.add_argument("--latency", type=read_duration, default=0.0, help="least time of an answer, e.g. 50ms")
    parser.add_argument("--rpm", type=float, help="requests per minute and operation")
    parser.add_argument("--tpm", type=float, help="tokens per minute and deployment")
    parser.add_argument("--job-time", type=read_duration, default=0.0, help="least time of a job, e.g. 2s")
    parser.add_argument("--accept-any-token", action="store_true", help="let in every bearer token")
    parser.add_argument(
        "--deployment", dest="deployments", action="append", default=[], help="a deployment; any without"
    )
    parser.add_argument(
        "--filter-word", default=FILTER_WORD, help="what the content filter refuses (default: %(default)s)"
    )
    parser.add_argument("--rules", help="TOML or JSON file: answers of scoring endpoints and custom models")
    given = parser.parse_args(arguments)
    try:
        serve(**vars(given), on_ready=lambda endpoint: print(endpoint, flush=True))  # noqa: T201  # its only output
    except (OSError, ValueError) as error:
        parser.exit(1, f"{parser.prog}: {error.strerror if isinstance(error, OSError) else error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
