"""What both commands do: serve, and say what to set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.emulator import Options, serve
from pgazure.emulator.environment import write_exports, write_file
from pgazure.emulator.options import DEFAULT_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(settings: Mapping[str, Any]) -> None:
    """Serve until SIGTERM or Ctrl-C; say first where, and what to set.

    Args:
        settings: Options; texts are read as a command line writes them.

    Raises:
        ValueError: An option cannot be used.
        OSError: The address cannot be listened on, or a file cannot be written.
    """
    options = Options.from_settings(settings)

    def announce(endpoint: str, variables: Mapping[str, str]) -> None:
        if options.env_file is not None:
            write_file(options.env_file, variables)
        # A key of one's own is not printed: whoever chose it knows it.
        hidden = None if options.key == DEFAULT_KEY else options.key
        print(f"Azure AI emulator at {endpoint}\n{write_exports(variables, hidden)}", end="", flush=True)  # noqa: T201

    serve(options, announce)
