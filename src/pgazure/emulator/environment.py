"""The environment variables that send the SDKs' clients here."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from pgazure.emulator.identity import TOKEN_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgazure.emulator.certificates import Authority

_REGION = "local"
_API_VERSION = "2024-10-21"
# By service: what stands before _ENDPOINT and the name of the key, what its address ends in, and the key's name.
_SERVICES = (
    ("AZURE_LANGUAGE", "", "KEY"),
    ("AZURE_TEXT_ANALYTICS", "", "KEY"),
    ("AZURE_CONVERSATIONS", "", "KEY"),
    ("AZURE_TEXT_TRANSLATION", "", "APIKEY"),
    ("AZURE_OPENAI", "", "API_KEY"),
    ("AZURE_RERANK", "", "KEY"),
    ("AZURE_ML_SCORING", "/score", "KEY"),
)
_PLAIN = re.compile(r"[\w./:@%+=,-]*")


def list_variables(endpoint: str, key: str, authority: Authority | None = None) -> dict[str, str]:
    """List the variables that SDKs, ``DefaultAzureCredential`` and TLS libraries read.

    Args:
        endpoint: URL of the server.
        key: What opens it.
        authority: Who signed its certificate, where it speaks TLS.
    """
    listed: dict[str, str] = {}
    for service, path, name in _SERVICES:
        listed |= {f"{service}_ENDPOINT": endpoint + path, f"{service}_{name}": key}
    listed |= {
        "AZURE_TEXT_TRANSLATION_REGION": _REGION,
        "OPENAI_API_VERSION": _API_VERSION,
        "OPENAI_BASE_URL": f"{endpoint}/openai/v1",
        "OPENAI_API_KEY": key,
        "IDENTITY_ENDPOINT": endpoint + TOKEN_PATH,
        "IDENTITY_HEADER": key,
    }
    if authority is not None:
        listed |= {
            "SSL_CERT_FILE": str(authority.bundle),
            "REQUESTS_CA_BUNDLE": str(authority.bundle),
            "NODE_EXTRA_CA_CERTS": str(authority.file),
        }
    return listed


def write_exports(variables: Mapping[str, str], hidden: str | None = None) -> str:
    """Write variables as a shell sets them; a value that is ``hidden`` stays so."""
    shown = ((name, "..." if value == hidden else quote(value)) for name, value in variables.items())
    return "".join(f"export {name}={value}\n" for name, value in shown)


def write_file(file: str | Path, variables: Mapping[str, str]) -> None:
    """Write variables to a file that nobody else may read, all at once: one ``NAME=value`` to a line.

    Raises:
        OSError: It cannot be written.
    """
    path = Path(file).absolute()
    lines = (f"{name}={value if _PLAIN.fullmatch(value) else quote(value)}\n" for name, value in variables.items())
    try:
        with NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as written:
            written.writelines(lines)
        Path(written.name).replace(path)
    except OSError as error:
        message = f"the file {path} cannot be written: {error.strerror}"
        raise OSError(error.errno, message) from error
