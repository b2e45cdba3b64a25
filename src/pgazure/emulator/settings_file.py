"""Files of settings: TOML, or JSON where their name ends so."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any


def read_settings_file(file: str | Path, what: str) -> Any:
    """Read a file; ``what`` is what messages call it, such as ``rule file``.

    Raises:
        ValueError: It cannot be read, or is neither TOML nor JSON.
    """
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        message = f"the {what} {path} cannot be read: {error.strerror}"
        raise ValueError(message) from error
    except ValueError as error:
        message = f"the {what} {path} is neither TOML nor JSON: {error}"
        raise ValueError(message) from error
