"""``python -m pgazure.emulator``."""

from __future__ import annotations

import sys
from argparse import SUPPRESS, ArgumentParser
from typing import Any

from pgazure.emulator.options import list_flags


def make_parser() -> ArgumentParser:
    """Make the parser of the options, as they are listed; their values stay texts."""
    parser = ArgumentParser("python -m pgazure.emulator", description="A local Azure AI endpoint.")
    for each in list_flags():
        shown = "" if each.default in (None, (), False, "") else f" (default: {each.default})"
        more: dict[str, Any] = {"dest": each.option, "help": each.help + shown}
        if each.is_switch:
            more |= {"action": "store_true", "default": SUPPRESS}
        elif each.is_list:
            more |= {"action": "append", "default": SUPPRESS}
        else:
            more |= {"default": each.default if each.option == "port" else SUPPRESS}
        parser.add_argument(each.flag, **more)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; say first where, and what to set."""
    parser = make_parser()
    settings = vars(parser.parse_args(arguments))
    from pgazure.emulator.command import run  # noqa: PLC0415  # a wrong option should not wait for the server

    try:
        run(settings)
    except (OSError, ValueError) as error:
        parser.exit(2, f"{parser.prog}: {error.strerror if isinstance(error, OSError) else error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
