"""What the programs are run against: the emulator in processes of its own, over http and over https."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sdk_samples.catalogue import PROJECTS
from sdk_samples.front import make_authority, serve_front

if TYPE_CHECKING:
    from collections.abc import Iterator

# The key that the tests of openai have in their code.
_KEY = "My API Key"
_RULES = Path(__file__).with_name("rules.json")
_KEPT = ("PATH", "HOME", "LANG", "SYSTEMROOT", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Stand:
    """The running services.

    Attributes:
        variables: For ``http`` and ``https``, what the emulator says to set.
        proxy: URL of the proxy that answers for Azure's hosts.
        trusted: File of the certificates to trust.
    """

    variables: dict[str, dict[str, str]]
    proxy: str
    trusted: Path

    def environment(self, scheme: str) -> dict[str, str]:
        """Make the environment of a program that is to use ``http`` or ``https``, and nothing of this process's."""
        return {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            **self.variables[scheme],
            **PROJECTS,
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), self.proxy),
            **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1"),
            **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(self.trusted)),
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }


@contextmanager
def raise_stand(folder: Path) -> Iterator[Stand]:
    """Start the emulator for both schemes, and the proxy before it; stop all of them afterwards."""
    authority, context = make_authority(folder)
    with ExitStack() as running:
        plain = running.enter_context(_emulator(folder / "http.env"))
        secure = running.enter_context(
            _emulator(folder / "https.env", "--https", "--certificates", str(folder / "certificates"))
        )
        trusted = folder / "trusted.pem"
        trusted.write_bytes(Path(secure["SSL_CERT_FILE"]).read_bytes() + b"\n" + authority.read_bytes())
        port = urlsplit(plain["AZURE_LANGUAGE_ENDPOINT"]).port
        assert port is not None
        proxy = running.enter_context(serve_front(port, context))
        yield Stand({"http": plain, "https": secure}, proxy, trusted)


@contextmanager
def _emulator(env_file: Path, *options: str) -> Iterator[dict[str, str]]:
    command = [str(Path(sys.executable).with_name("pgazure")), "emulator", "--port", "0", "--rules", str(_RULES)]
    environment = {**os.environ, "PGAZURE_EMULATOR_KEY": _KEY}
    # A job takes a moment, as everywhere: some programs cancel one.
    options = ("--job-time", "500ms", "--env-file", str(env_file), *options)
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            if " at http" not in (line := process.stdout.readline()):
                message = f"the emulator did not start: {line.strip()}"
                raise RuntimeError(message)
            # What else it prints is little, and fits into the pipe.
            yield _read(env_file)
        finally:
            process.terminate()


def _read(env_file: Path) -> dict[str, str]:
    assignments = (line.partition("=") for line in env_file.read_text("utf-8").splitlines())
    return {name: shlex.split(value)[0] if value else "" for name, _, value in assignments}
