"""A local server that speaks the wire protocols of Azure AI Language, Translator and Azure OpenAI.

The official SDK clients talk to it unchanged. Answers come from small real models and are
deterministic; translation is pseudo-translation and is marked as such. The server shares no
code with the rest of pgazure, so that it can disagree with it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgazure.emulator.options import Options as Options
    from pgazure.emulator.server import Emulator as Emulator
    from pgazure.emulator.server import serve as serve

__all__ = ["Emulator", "Options", "serve"]

_HOMES = {"Emulator": "server", "Options": "options", "serve": "server"}
_NEEDED = (
    "anyascii",
    "langcodes",
    "orjson",
    "phonenumbers",
    "py3langid",
    "starlette",
    "uvicorn",
    "vaderSentiment",
    "yake",
)


def __getattr__(name: str) -> Any:
    """Load what is asked for: whoever wants the options only, as the command line does, need not wait for a server."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    if missing := [needed for needed in _NEEDED if find_spec(needed) is None]:
        message = f"the emulator needs {', '.join(missing)}: pip install 'pgazure[emulator]'"
        raise ImportError(message)
    return getattr(import_module(f"pgazure.emulator.{_HOMES[name]}"), name)
