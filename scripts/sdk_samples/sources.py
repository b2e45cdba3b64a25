"""Source distributions: fetched from the package index and unpacked."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sdk_samples.catalogue import Package


class SourceError(Exception):
    """A source distribution could not be had."""


def fetch(package: Package, folder: Path) -> Path:
    """Give the unpacked source of a package, fetched unless ``folder`` has it from before.

    Raises:
        SourceError: The package index cannot be reached, or does not have it.
    """
    place = folder / package.title.replace(" ", "-")
    if not place.is_dir():
        unpacked = folder / f".{place.name}"
        _unpack(_download(package, folder / "archives"), unpacked)
        [root] = [entry for entry in unpacked.iterdir() if entry.is_dir()]
        root.rename(place)
        unpacked.rmdir()
    return place


def _download(package: Package, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if not (found := _find(package, folder)):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        wanted = f"{package.name}=={package.version}"
        done = subprocess.run([*command, "--dest", folder, wanted], check=False, capture_output=True, text=True)
        if done.returncode or not (found := _find(package, folder)):
            message = f"the source of {package.title} could not be downloaded:\n{done.stderr.strip()}"
            raise SourceError(message)
    return found


def _find(package: Package, folder: Path) -> Path | None:
    written = {f"{name}-{package.version}" for name in (package.name, package.name.replace("-", "_"))}
    archives = [path for path in folder.iterdir() if path.name.removesuffix(".zip").removesuffix(".tar.gz") in written]
    return next(iter(archives), None)


def _unpack(archive: Path, folder: Path) -> None:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)  # noqa: S202  a zip file is never unpacked outside of the folder
    else:
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
