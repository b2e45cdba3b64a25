"""A local server that speaks the wire protocols of Azure AI Language, Translator and Azure OpenAI.

The official SDK clients talk to it unchanged. Answers come from small real models and are
deterministic; translation is pseudo-translation and is marked as such. The server shares no
code with the rest of pgazure, so that it can disagree with it.
"""

from __future__ import annotations

from importlib.util import find_spec

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

if _missing := [name for name in _NEEDED if find_spec(name) is None]:
    _message = f"the emulator needs {', '.join(_missing)}: pip install 'pgazure[emulator]'"
    raise ImportError(_message)

from pgazure.emulator.server import Emulator, serve  # noqa: E402  # only after the check for what it needs

__all__ = ["Emulator", "serve"]
