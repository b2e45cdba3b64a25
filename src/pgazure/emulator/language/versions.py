"""The versions of the Language API, and what each of them knows."""

from __future__ import annotations

from dataclasses import dataclass

_PATH = "/text/analytics/"
# v3 went before all dates; these are the days on which it became generally available.
_V3 = {"v3.0": "2020-06-01", "v3.1": "2021-07-01"}
_DATED = (
    "2022-05-01",
    "2022-10-01-preview",
    "2023-04-01",
    "2023-04-15-preview",
    "2023-11-15-preview",
    "2024-05-01",
    "2024-11-01",
    "2024-11-15-preview",
    "2025-05-15-preview",
    "2025-11-01",
    "2025-11-15-preview",
    "2026-05-01",
    "2026-05-15-preview",
)


@dataclass(frozen=True, slots=True)
class Span:
    """The versions that know something.

    Attributes:
        stable: The first version; ``None`` where only previews have it.
        preview: The first preview; that of ``stable`` where none is given.
        until: The last version; that too may be a preview.
    """

    stable: str | None = "2020-01-01"
    preview: str | None = None
    until: str = "9999"


ALWAYS = Span()
"""Known to every version."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the API.

    Attributes:
        name: As a request names it, in its path or as ``api-version``.
        date: Its day, by which versions are compared; v3 has one as well.
    """

    name: str
    date: str

    def knows(self, span: Span) -> bool:
        """Whether something of ``span`` is there."""
        first = (span.preview or span.stable) if self.date.endswith("-preview") else span.stable
        return first is not None and first <= self.date <= span.until

    @property
    def is_v3(self) -> bool:
        """Whether it has a path per operation, and answers without an envelope."""
        return self.name in _V3

    @property
    def has_region(self) -> bool:
        """Whether its answers name the region."""
        return self.date >= "2023-04-01"

    @property
    def has_fine_bill(self) -> bool:
        """Whether its bill tells the kinds of analysis apart."""
        return self.date >= "2023-04-01"

    @property
    def names_language(self) -> bool:
        """Whether the error about a language says which one it was."""
        return self.date >= "2022-10-01"

    @property
    def refuses_unknown(self) -> bool:
        """Whether a parameter that it does not know is an error, and is not passed over."""
        return self.date >= "2022-10-01"

    @property
    def lists_task_errors(self) -> bool:
        """Whether the refusal of a job says which of its tasks is wrong."""
        return self.date >= "2022-10-01"

    @property
    def updated(self) -> str:
        """Name of the time of a job's last change, whose spelling moved twice."""
        early = self.is_v3 or self.name == "2022-10-01-preview"
        return "lastUpdateDateTime" if early else "lastUpdatedDateTime"

    @property
    def invalid_document(self) -> str:
        """The message about documents."""
        return "Invalid document in request." if self.is_v3 else "Invalid Document in request."


VERSIONS = {name: Version(name, _V3.get(name, name)) for name in (*_V3, *_DATED)}
"""All versions, the oldest first."""
DATED = tuple(VERSIONS[name] for name in _DATED)
"""The versions that a request names as ``api-version``."""


def find_version(path: str, asked: str) -> Version | None:
    """Find the version of a request; ``None`` where it names none that there is.

    Args:
        path: The request's path.
        asked: Its ``api-version``, or an empty string.
    """
    before, old, rest = path.partition(_PATH)
    del before
    name = rest.partition("/")[0] if old else asked
    version = VERSIONS.get(name)
    return version if version is not None and version.is_v3 == bool(old) else None
